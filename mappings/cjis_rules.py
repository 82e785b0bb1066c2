"""The search of the CJIS gate: which passages of a text its patterns (`mappings.cjis_patterns`) hit.

Each pattern is tried only on a text that has the beginning of one of its words. Does not decide what becomes of a text
that is hit: the gate in translation and the release do.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mappings.cjis_patterns import PATTERNS

#: Each rule's patterns, in order.
_RULES: Final = tuple(
    (rule, tuple(re.compile("|".join(many), re.IGNORECASE) for _, many in groups)) for rule, groups in PATTERNS
)
#: How much of a word's beginning says which patterns to try; a shorter word of the table is a whole one.
_LETTERS: Final = 4


def _tried() -> dict[str, tuple[tuple[int, int], ...]]:
    """The patterns (rule, place) that a word's beginning, or a short whole word, makes worth trying."""
    found: dict[str, list[tuple[int, int]]] = {}
    for rule, (_, groups) in enumerate(PATTERNS):
        for place, (words, _) in enumerate(groups):
            for begins in {word[:_LETTERS] for word in words.split("|")}:
                found.setdefault(begins, []).append((rule, place))
    return {begins: tuple(places) for begins, places in found.items()}


_TRIED: Final = _tried()
_WORDS: Final = re.compile(r"[a-z0-9]+")
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """What a rule hits: from `start` to `end` of the text as `plain` has it."""

    rule: str
    start: int
    end: int


def plain(text: str) -> str:
    """The text as the rules read it: white space as single spaces, look-alike letters plain, unseen ones gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return _SPACES.sub(" ", text)


def criminal_justice_passages(text: str) -> tuple[Passage, ...]:
    """Each passage that a rule hits, by rule and then by place; empty for a text that may go on."""
    read = plain(text)
    tried = {
        place
        for begins in {word[:_LETTERS] for word in _WORDS.findall(read.casefold())} & _TRIED.keys()
        for place in _TRIED[begins]
    }
    if not tried:
        return ()
    spans: dict[int, set[tuple[int, int]]] = {}
    for rule, place in tried:
        for hit in _RULES[rule][1][place].finditer(read):
            spans.setdefault(rule, set()).add(hit.span())
    found: list[Passage] = []
    for rule in sorted(spans):
        end = -1
        for start, stop in sorted(spans[rule]):
            if start >= end:  # two patterns of a rule over one place are one passage
                found.append(Passage(rule=_RULES[rule][0], start=start, end=stop))
                end = stop
    return tuple(found)


@lru_cache(maxsize=4096)
def criminal_justice_rules(text: str) -> tuple[tuple[str, int], ...]:
    """The rules that `text` hits, each with how often; empty for a text that may go on. Line breaks are spaces."""
    counted: dict[str, int] = {}
    for one in criminal_justice_passages(text):
        counted[one.rule] = counted.get(one.rule, 0) + 1
    return tuple(counted.items())
