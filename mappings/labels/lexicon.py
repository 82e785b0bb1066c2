"""The words of the lexicon in a form that a text is compared with in one pass: terms by their words, first word first.

Data: `data/lexicon.csv` (ours). A row of class `nothing` is a term that only looks like another ("drug store").
Column `when`: `capitals`, an acronym that is another word in small letters; `word`, the same, and in a text all in
capitals it cannot be told from that word ("on the MAT"); `used`, a street name that is an everyday word ("ice"), which
counts only beside a word of use or another substance.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, NamedTuple

SpanClass = Literal["disorder", "treatment", "use", "intoxication", "exposure"]
Grade = Literal["certain", "possible"]
When = Literal["", "capitals", "word", "used", "name"]
#: Words of a text, each to the places of what follows; "" leads to what ends here.
Tree = dict[str, Any]

WORD: Final = re.compile(r"[a-z0-9]+")
_WORDS = WORD.findall
#: "{his}" in a term stands for each of these.
_OWNERS: Final = ("his", "her", "their", "my", "the", "a", "our")


class Term(NamedTuple):
    """What a term means. `kind` None is a term that means nothing and only keeps others from being seen in it."""

    kind: SpanClass | None
    labels: tuple[str, ...]
    grade: Grade
    when: When


class Lexicon(NamedTuple):
    """Terms as a tree of words, and a word of each of them, the least common (a text with none of these has no
    term), and all their words."""

    tree: Tree
    key_words: frozenset[str]
    all_words: frozenset[str]


#: Every ASCII character to what it is in a word, in small letters; all others end one.
_TO_WORDS: Final = {code: (chr(code).lower() if chr(code).isalnum() else " ") for code in range(128)}


def words(text: str) -> list[str]:
    """The words of a text in small letters, as `[a-z0-9]+` finds them, several times as fast where it is ASCII."""
    if text.isascii():
        return text.translate(_TO_WORDS).split()
    return _WORDS(text.lower())


def plant(tree: Tree, phrase: str, value: object) -> None:
    """Put a phrase into a tree of words; what it leads to is a list, for phrases that differ in case only."""
    node = tree
    for word in _WORDS(phrase.lower()):
        node = node.setdefault(word, {})
    if node is not tree:
        node.setdefault("", []).append(value)


@cache
def _common() -> frozenset[str]:
    """Words that every narrative has: a term is known by another of its words, where it has one."""
    text = (files("mappings.labels") / "data" / "common_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def _key(phrase: str) -> str:
    """The word of a phrase that says most: not one that every narrative has, if it can be; then the longest."""
    common = _common()
    words: list[str] = _WORDS(phrase.lower())
    return max(words, key=lambda word: (word not in common and word.removesuffix("s") not in common, len(word)))


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of our data files."""
    text = (files("mappings.labels") / "data" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))


def _written(term: str) -> Iterable[str]:
    return [term.replace("{his}", owner) for owner in _OWNERS] if "{his}" in term else [term]


def _regular(term: str) -> bool:
    """Whether the last word takes an s: not an acronym, a number or a short one ("si", "sis")."""
    last = term[-4:]
    return len(last) == 4 and last.isalpha() and last.islower() and last[-1] != "s"


def _build(
    programs: Iterable[tuple[str, tuple[str, ...]]], street_names: Iterable[tuple[str, tuple[str, ...]]]
) -> Lexicon:
    tree: Tree = {}
    keys: set[str] = set()
    known: set[str] = set()

    def put(phrase: str, term: Term) -> None:
        plant(tree, phrase, term)
        if term.kind is not None:
            keys.add(_key(phrase))
            known.update(_WORDS(phrase.lower()))

    for row in rows("lexicon.csv"):
        kind, when = row["class"], row["when"]
        term = Term(
            None if kind == "nothing" else kind,  # type: ignore[arg-type]
            tuple(row["labels"].split()),
            row["grade"],  # type: ignore[arg-type]
            when,  # type: ignore[arg-type]
        )
        for written in row["terms"].split("|"):
            for one in _written(written):
                put(one, term)
                # The regular plural of the last word, so that the data need not repeat it.
                if term.kind is not None and when == "" and _regular(one):
                    put(one + "s", term)
    for name, labels in programs:
        put(name, Term("treatment", labels, "certain", "name"))
    for name, labels in street_names:
        put(name, Term("use", labels, "possible", ""))
    return Lexicon(tree, frozenset(keys), frozenset(known))


@cache
def default() -> Lexicon:
    """The shipped lexicon, read and compiled once."""
    return _build((), ())


def lexicon(
    *, programs: Mapping[str, Sequence[str]] | None = None, street_names: Mapping[str, Sequence[str]] | None = None
) -> Lexicon:
    """The shipped lexicon with a deployment's own names: programs (a treatment there) and street names (a use).

    Each name leads to its sensitivity codes (`{"Larkrise House": ("SUD", "OPIOIDUD")}`). A program's name counts only
    when it is written with a capital. Raises ValueError for a name without a letter or a digit, or without codes.
    Compiling costs what reading the lexicon costs: keep what it returns.
    """
    given = [(programs or {}), (street_names or {})]
    for names in given:
        for name, labels in names.items():
            if not _WORDS(name.lower()):
                raise ValueError("a name in the text settings has no letter or digit")
            if not labels:
                raise ValueError("a name in the text settings has no sensitivity code")
    if not any(given):
        return default()
    folded = [tuple((name, tuple(labels)) for name, labels in names.items()) for names in given]
    return _build(folded[0], folded[1])
