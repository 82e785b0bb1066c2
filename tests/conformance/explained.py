"""The list of warnings that have a reason. One that is not in it fails the gate; so does an entry nothing needs.

An entry names a validator, a place and a text, and explains what is exactly that: `*` alone stands for what may differ.
Places are told without indexes and without the Bundle or Parameters that a resource stands in. A row of the file makes
an entry of each place in `at` and each word in `each`, which stands for `{each}` in the text; or `each` says the words
by place. Every one of them has to be needed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

FILE = Path(__file__).parent / "explained-warnings.json"

#: What an entry explains. Only of our definitions, in which the engine looks further than it can, is it an error.
Level = Literal["warning", "error"]
LEVELS: tuple[Level, ...] = ("warning", "error")

_URN = re.compile(r"urn:uuid:[0-9a-f-]{36}")
_INDEX = re.compile(r"\[\d+\]")
#: A resource as an entry or a parameter: it stands for itself, wherever it is.
_WITHIN = re.compile(r".*\.resource\.ofType\((\w+)\)")
_EACH = "{each}"


def general(text: str) -> str:
    """A warning's text without what differs from one resource to the next: ids and indexes."""
    return _INDEX.sub("", _URN.sub("urn:uuid:(id)", text))


def place(at: str) -> str:
    """A warning's place without indexes, from the resource on that it is in."""
    return _WITHIN.sub(r"\1", general(at))


@dataclass(slots=True)
class Explained:
    """One entry: which warning of which validator, by patterns of its place and text, and why it is right."""

    validator: str
    at: str
    text: str
    reason: str
    level: Level = "warning"
    seen: int = field(default=0)

    def matches(self, at: str, text: str) -> bool:
        """Whether this warning is the one explained."""
        return _is(self.at, place(at)) and _is(self.text, general(text))


def _is(pattern: str, said: str) -> bool:
    first, *more = pattern.split("*")
    if not more:
        return said == pattern
    if not said.startswith(first) or not said.endswith(more[-1]):
        return False
    return re.fullmatch(".*".join(map(re.escape, (first, *more))), said, re.DOTALL) is not None


def load(validator: str, file: Path = FILE, *, level: Level = "warning") -> list[Explained]:
    """The entries of one validator. Raises ValueError for one without a reason, or of any place and any text."""
    entries = [one for row in json.loads(file.read_text()) for one in _entries(row)]
    if any(not entry.reason.strip() for entry in entries):
        raise ValueError("an explained warning has no reason")
    if any(not entry.text.partition("*")[0].strip() for entry in entries):
        raise ValueError("an explained warning is not named by its text")
    return [entry for entry in entries if (entry.validator, entry.level) == (validator, level)]


def _entries(row: dict[str, Any]) -> Iterator[Explained]:
    places, each = row.get("at", []), row.get("each", [""])
    if not isinstance(each, dict):
        each = dict.fromkeys([places] if isinstance(places, str) else places, each)
    told = {key: value for key, value in row.items() if key not in ("at", "each")}
    for at, words in each.items():
        for word in words:
            yield Explained(**{**told, "at": at, "text": told["text"].replace(_EACH, word)})


def unexplained(warnings: Iterable[tuple[str, str]], entries: list[Explained]) -> list[str]:
    """What is wrong: each distinct (place, text) that no entry explains or several do, and each needless entry."""
    wrong: list[str] = []
    for (at, text), times in Counter((place(at), general(text)) for at, text in warnings).items():
        found = [one for one in entries if one.matches(at, text)]
        for entry in found:
            entry.seen += times
        if len(found) != 1:
            said = "unexplained warning" if not found else "warning with more than one explanation"
            wrong.append(f"{said} at {at}: {text}")
    return wrong + [f"stale entry of {FILE.name}: {entry.at}: {entry.text}" for entry in entries if not entry.seen]


def explained(warnings: Iterable[tuple[str, str]], entries: list[Explained]) -> int:
    """How many of the warnings an entry explains."""
    said = Counter((place(at), general(text)) for at, text in warnings)
    return sum(times for each, times in said.items() if any(entry.matches(*each) for entry in entries))
