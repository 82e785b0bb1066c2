"""The account of many records: how often each thing was found. Its size does not grow with the number of records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mappings.incident import Gated
from mappings.translation import Translation
from profiles.issue import Issue

_PLACE = re.compile(r"\[\d+\]")
#: Different places of one kind that are counted apart.
_MOST = 10_000


class Tally:
    """Counts by rule and path, the places of a list taken together (`persons[].names`). Holds no value of a record."""

    __slots__ = ("dropped", "held", "issues", "texts", "unused")

    def __init__(self) -> None:
        #: (rule, path) -> how often
        self.issues: dict[tuple[str, str], int] = {}
        #: rule -> (severity, FHIR issue type, words)
        self.texts: dict[str, tuple[str, str, str]] = {}
        self.unused: dict[tuple[str, str], int] = {}
        self.dropped: dict[tuple[str, str], int] = {}
        self.held: dict[tuple[str, str], int] = {}

    @property
    def found(self) -> int:
        """How many issues there are."""
        return sum(self.issues.values())

    def take(self, translation: Translation) -> None:
        """Counts what a translation says of its record."""
        if translation.issues:
            self.take_issues(translation.issues)
        for path in translation.unused:
            _count(self.unused, ("", path))
        for gated in translation.dropped:
            self._gated(self.dropped, gated)
        for gated in translation.held:
            self._gated(self.held, gated)

    def take_issues(self, issues: Iterable[Issue]) -> None:
        """Counts issues that belong to no translation: those of a rejected row."""
        for issue in issues:
            if issue.rule not in self.texts:
                self.texts[issue.rule] = (issue.severity, issue.code, issue.text)
            _count(self.issues, (issue.rule, issue.path))

    def _gated(self, to: dict[tuple[str, str], int], gated: Gated) -> None:
        _count(to, (gated.rule, gated.path), gated.count)

    def folded(self) -> Tally:
        """The same with the places of lists taken together."""
        made = Tally()
        made.add(self)
        return made

    def add(self, other: Tally) -> None:
        """Adds another account to this one."""
        for rule, text in other.texts.items():
            self.texts.setdefault(rule, text)
        for name in ("issues", "unused", "dropped", "held"):
            to = getattr(self, name)
            for (rule, path), count in getattr(other, name).items():
                key = (rule, _PLACE.sub("[]", path) if "[" in path else path)
                _count(to, key if key in to or len(to) < _MOST else (rule, "*"), count)

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """The account as JSON, in a fixed order."""
        return {
            "issues": [
                dict(zip(("severity", "code", "text"), self.texts[rule], strict=True))
                | {"rule": rule, "path": path, "count": count}
                for (rule, path), count in sorted(self.issues.items())
            ],
            "unused": [{"path": path, "count": count} for (_, path), count in sorted(self.unused.items())],
            **{
                name: [
                    {"path": path, "rule": rule, "count": count}
                    for (rule, path), count in sorted(getattr(self, name).items())
                ]
                for name in ("dropped", "held")
            },
        }

    @classmethod
    def from_json(cls, made: dict[str, list[dict[str, Any]]]) -> Tally:
        """An account that `to_json` wrote."""
        tally = cls()
        for row in made["issues"]:
            tally.texts[row["rule"]] = (row["severity"], row["code"], row["text"])
            tally.issues[row["rule"], row["path"]] = row["count"]
        for row in made["unused"]:
            tally.unused["", row["path"]] = row["count"]
        for name in ("dropped", "held"):
            getattr(tally, name).update({(row["rule"], row["path"]): row["count"] for row in made[name]})
        return tally


def _count(to: dict[tuple[str, str], int], key: tuple[str, str], more: int = 1) -> None:
    to[key] = to.get(key, 0) + more
