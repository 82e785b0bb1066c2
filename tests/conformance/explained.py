"""The list of warnings that have a reason. One that is not in it fails the gate; so does an entry nothing needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).parent / "explained-warnings.json"

_URN = re.compile(r"urn:uuid:[0-9a-f-]{36}")
_INDEX = re.compile(r"\[\d+\]")


def general(text: str) -> str:
    """A warning's text or place without what differs from one resource to the next: ids and indexes."""
    return _INDEX.sub("", _URN.sub("urn:uuid:(id)", text))


@dataclass(slots=True)
class Explained:
    """One entry: which warning of which validator, by patterns (`*`) of its place and text, and why it is right."""

    validator: str
    at: str
    text: str
    reason: str
    seen: int = field(default=0)

    def matches(self, at: str, text: str) -> bool:
        """Whether this warning is the one explained."""
        return fnmatchcase(general(at), self.at) and fnmatchcase(general(text), self.text)


def load(validator: str, file: Path = FILE) -> list[Explained]:
    """The entries of one validator. Raises ValueError for one without a reason."""
    entries = [Explained(**entry) for entry in json.loads(file.read_text())]
    if any(not entry.reason.strip() for entry in entries):
        raise ValueError("an explained warning has no reason")
    return [entry for entry in entries if entry.validator == validator]


def unexplained(warnings: Iterable[tuple[str, str]], entries: list[Explained]) -> list[str]:
    """What is wrong: each distinct (place, text) that no entry explains, and each entry that explained nothing."""
    wrong: dict[str, None] = {}
    for at, text in warnings:
        entry = next((one for one in entries if one.matches(at, text)), None)
        if entry is None:
            wrong[f"unexplained warning at {general(at)}: {general(text)}"] = None
        else:
            entry.seen += 1
    stale = [f"stale entry of {FILE.name}: {entry.at}: {entry.text}" for entry in entries if not entry.seen]
    return [*wrong, *stale]
