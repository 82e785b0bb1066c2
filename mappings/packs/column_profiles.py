"""The columns of a file while it is read: what is counted of each, and of columns of codes alone what stands there.

Memory grows with the number of codes, not of rows. Columns that look private are counted and nothing of them is held.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.packs.column_roles import TIMES, Role, is_private
from mappings.packs.damage import damage
from mappings.packs.suggest import Target
from mappings.packs.time_guess import TimeTrial

#: More different cells than this are not an agency's codes.
MOST_CODES = 5_000
#: Rows whose numbers are held, to see whether one number comes on several rows.
_NUMBERED = 50_000
#: A code or its words are not longer than this.
_LONGEST = 120
#: A telephone or an address of e-mail: where one stands, cells are no codes.
CONTACT = re.compile(r"@\w|(?<!\d)(?:(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ])?\d{3}[-.]\d{4}(?!\d)")

#: Fields of codes, with the system of ours that suggestions are made in, and the name of their table.
CODED: dict[str, tuple[str, Target | None]] = {
    "type_initial": ("type", "apco"),
    "type_final": ("type", "apco"),
    "disposition": ("disposition", "field_disposition"),
    "priority": ("priority", None),
    "received_by": ("received-by", None),
    "units": ("unit", None),
}


@dataclass(slots=True)
class ColumnProfile:
    """One column while the file is read."""

    name: str
    role: Role | None
    private: bool
    trial: TimeTrial | None
    codes: Counter[str] | None
    numbers: set[str] | None
    filled: int = 0
    characters: int = 0
    longest: int = 0
    contacts: int = 0
    repeated: int = 0
    damaged: Counter[str] = field(default_factory=Counter)

    def take(self, cells: Iterable[str]) -> None:
        counts: Counter[str] = Counter(cells)
        counts.pop("", None)
        if not counts:
            return
        self.filled += counts.total()
        if self.trial is not None:
            self.trial.take([stripped for cell in counts if (stripped := cell.strip())])
        if self.codes is not None:
            self._codes(counts, self.codes)
        if self.numbers is not None:
            self._numbers(counts, self.numbers)

    def _codes(self, counts: Counter[str], codes: Counter[str]) -> None:
        for cell, n in counts.items():
            code = cell.strip()
            if not code:
                self.filled -= n
                continue
            self.longest = max(self.longest, len(code))
            self.characters += len(code) * n
            if code not in codes:
                self.contacts += CONTACT.search(code) is not None
                spoilt = damage(code)
                if spoilt is not None:
                    self.damaged[spoilt.text] += 1
            codes[code] += n
        if len(codes) > MOST_CODES or self.longest > _LONGEST or self.contacts:
            # Not codes: what was seen is forgotten.
            self.codes, self.private = None, True

    def _numbers(self, counts: Counter[str], numbers: set[str]) -> None:
        for cell, n in counts.items():
            self.repeated += n - 1 + (cell in numbers)
            spoilt = damage(cell.strip())
            if spoilt is not None:
                self.damaged[spoilt.text] += n
        if len(numbers) < _NUMBERED:
            numbers.update(counts)


class ColumnProfiles:
    """The columns of the file, as they come: those of a table at once, an object's members when they are first met."""

    def __init__(self, columns: Sequence[str], role: Callable[[str], Role | None], named: bool) -> None:
        self.named = named
        self._role = role
        self.all: dict[str, ColumnProfile] = {}
        self.lists: dict[str, None] = {}
        self.rows = 0
        self.texts: dict[str, dict[str, str]] = {}
        self._pairs: list[tuple[str, str]] = []
        for name in columns:
            self._new(name)
        self._pair()

    def _new(self, name: str) -> ColumnProfile:
        role = self._role(name) if self.named else None
        private = is_private(name) if self.named else False
        timed = role is None or role.field in TIMES
        coded = role is not None and role.field in CODED and not private
        numbered = role is not None and role.field in ("event_number", "case_number")
        made = self.all[name] = ColumnProfile(
            name=name,
            role=role,
            private=private,
            trial=TimeTrial(epochs=role is not None) if timed and not private else None,
            codes=Counter() if coded else None,
            numbers=set() if numbered else None,
        )
        return made

    def _pair(self) -> None:
        """Each column of codes with the column of its words."""
        words = {p.role.field: n for n, p in self.all.items() if p.role is not None and p.role.part == "text"}
        self._pairs = [
            (name, words[p.role.field])
            for name, p in self.all.items()
            if p.role is not None and p.role.part == "code" and p.role.field in words
        ]

    def cells(self, rows: list[list[str]]) -> None:
        """Some rows of a table."""
        self.rows += len(rows)
        self._columns(dict(zip(self.all, zip(*rows, strict=True), strict=True)))

    def objects(self, rows: list[dict[str, Any]]) -> None:
        """Some rows of a document: a member's path is its column. Members of lists are named, not looked at."""
        self.rows += len(rows)
        flat = [_flat(row, self.lists) for row in rows]
        names = dict.fromkeys(name for row in flat for name in row)
        for name in names:
            if name not in self.all:
                self._new(name)
        self._pair()
        self._columns({name: [row.get(name, "") for row in flat] for name in names})

    def _columns(self, columns: dict[str, Sequence[str]]) -> None:
        for name, cells in columns.items():
            self.all[name].take(cells)
        for code, words in self._pairs:
            if code in columns and words in columns and self.all[words].codes is not None:
                said = self.texts.setdefault(code, {})
                for cell, text in dict(zip(columns[code], columns[words], strict=True)).items():
                    if text and len(said) <= MOST_CODES:
                        said.setdefault(cell.strip(), text.strip())


def _flat(row: dict[str, Any], lists: dict[str, None], path: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in row.items():
        at = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            found |= _flat(value, lists, at)
        elif isinstance(value, list):
            lists[at] = None
        elif value is not None:
            found[at] = value if isinstance(value, str) else str(value)
    return found
