"""What two versions of a pack make of one file, and what a pack makes of its examples, compared field by field.

A difference is a path and a count; the values on both sides are given only where the caller asks for them, as they
are of the file. The two readings go side by side: memory does not grow with the file while its records come in one
order, and records that only one side has are held by their number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import zip_longest
from typing import Any

from mappings.incident import Incident, Rejected
from mappings.incident_json import to_json
from mappings.packs.pack import Pack
from mappings.packs.source import Input

#: What of a record is compared: all of it but the account of its reading.
_COMPARED = tuple(one.name for one in fields(Incident) if one.name != "reading")
_PLACE = re.compile(r"\[\d+\]")
#: How many changed records are listed; all are counted.
LISTED = 100
#: Records of one side that wait for the other's before they count as missing there.
_WAITING = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """A field that differs. `old` and `new` are None where a side lacks it, and where values were not asked for."""

    path: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordChange:
    """A record that differs: its row (from 1, the header not counted) and the fields; `number` only with values."""

    row: int
    fields: tuple[FieldChange, ...]
    number: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two readings of a file. `paths` is a field (items of a list together) -> records in which it differs.

    `issues` is (rule, path) -> records that have it more (positive) or less in the new reading. `changes` are the first
    `LISTED`. `only_old` and `only_new` count records that one side alone makes; a rejected row is none.
    """

    records: int
    changed: int
    only_old: int
    only_new: int
    rejected_old: int
    rejected_new: int
    paths: Mapping[str, int]
    issues: Mapping[tuple[str, str], int]
    changes: tuple[RecordChange, ...]

    @property
    def same(self) -> bool:
        """Whether the two make the same records of the file. Issues may differ."""
        return not (self.changed or self.only_old or self.only_new or self.rejected_old != self.rejected_new)


def outcomes(pack: Pack, data: Input) -> list[Any]:
    """What a pack makes of an example, as its expected file has it: records, and rejected rows with their issues."""
    return [
        {"rejected": [issue.to_fhir() for issue in one.issues]} if isinstance(one, Rejected) else to_json(one)
        for one in pack.read(data)
    ]


def differing(old: Any, new: Any) -> tuple[FieldChange, ...]:
    """The fields in which two JSON values differ, with the values."""
    before, after = dict(_leaves(old, "")), dict(_leaves(new, ""))
    return tuple(
        FieldChange(path=path, old=before.get(path), new=after.get(path))
        for path in dict.fromkeys((*before, *after))
        if before.get(path) != after.get(path) or (path in before) != (path in after)
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{place}]")
    else:
        yield path, value


def compare(old: Pack, new: Pack, before: Input, after: Input, *, values: bool = False) -> Comparison:
    """What changes from `old` to `new`; `before` and `after` are the same file, opened twice.

    Records are paired by event number and case number; with values each change carries both sides. Raises nothing on
    any bytes.
    """
    sides = (_Side(), _Side())
    total = _Total(values)
    for pair in zip_longest(old.read(before), new.read(after)):
        for side, one in zip(sides, pair, strict=True):
            if one is not None:
                side.take(one)
        _meet(sides, total)
    left = [sum(map(len, side.waiting.values())) + side.missed for side in sides]
    return Comparison(
        records=total.records,
        changed=total.changed,
        only_old=left[0],
        only_new=left[1],
        rejected_old=sides[0].rejected,
        rejected_new=sides[1].rejected,
        paths=dict(total.paths.most_common()),
        issues={key: n for key, n in sorted(total.issues.items(), key=lambda item: (-abs(item[1]), item[0])) if n},
        changes=tuple(total.changes),
    )


class _Side:
    """The records of one reading that have not met their other, by number, with their rows."""

    def __init__(self) -> None:
        self.row = self.rejected = self.missed = 0
        self.waiting: dict[tuple[str | None, str | None], list[tuple[int, Incident]]] = {}
        self.fresh: tuple[str | None, str | None] | None = None

    def take(self, one: Incident | Rejected) -> None:
        self.row += 1
        self.fresh = None
        if isinstance(one, Rejected):
            self.rejected += 1
            return
        self.fresh = (one.number, one.case_number)
        if len(self.waiting) >= _WAITING and self.fresh not in self.waiting:
            self.missed += len(self.waiting.pop(next(iter(self.waiting))))
        self.waiting.setdefault(self.fresh, []).append((self.row, one))


def _meet(sides: tuple[_Side, _Side], total: _Total) -> None:
    """Compare what has come on both sides."""
    old, new = sides
    for key in {old.fresh, new.fresh} - {None}:
        assert key is not None
        while key in old.waiting and key in new.waiting:
            row, one = old.waiting[key].pop(0)
            _, other = new.waiting[key].pop(0)
            for side in sides:
                if not side.waiting[key]:
                    del side.waiting[key]
            total.add(row, one, other)


class _Total:
    def __init__(self, values: bool) -> None:
        self.values = values
        self.records = self.changed = 0
        self.paths: Counter[str] = Counter()
        self.issues: Counter[tuple[str, str]] = Counter()
        self.changes: list[RecordChange] = []

    def add(self, row: int, old: Incident, new: Incident) -> None:
        self.records += 1
        if old.reading.issues != new.reading.issues:
            self.issues.update({(issue.rule, issue.path) for issue in new.reading.issues})
            self.issues.subtract({(issue.rule, issue.path) for issue in old.reading.issues})
        if all(getattr(old, name) == getattr(new, name) for name in _COMPARED):
            return
        found = differing(to_json(old), to_json(new))
        if not found:
            return
        self.changed += 1
        self.paths.update([*dict.fromkeys(_PLACE.sub("[]", change.path) for change in found)])
        if len(self.changes) < LISTED:
            shown = found if self.values else tuple(FieldChange(path=change.path) for change in found)
            number = (old.number or old.case_number) if self.values else None
            self.changes.append(RecordChange(row=row, fields=shown, number=number))
