"""Code tables: CSV files that a coordinator edits in a spreadsheet, read into look-ups.

Three kinds, by what their columns hold: codes (an agency's code and what it maps to), values (a code and the word of
ours it means) and units (an id or pattern and who rides in it). A look-up normalises case, punctuation and runs of
spaces on both sides; it never looks inside a longer text, so SUPPLEMENTAL is not MENTAL. What is not in the table is
not mapped.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import translate as glob
from typing import Literal, get_args

from mappings.apco import apco_codes
from mappings.codes import APCO, FIELD_DISPOSITION, FIELD_DISPOSITIONS
from mappings.incident import Code, Staff, StaffRole
from mappings.packs.load import Folder, Spec, fail, read_text

_SPACES = re.compile(r"\s+")
_LONE_DOT = re.compile(r"(?<!\d)\.|\.(?!\d)")  # 10.96 is not 1096
_SEPARATOR = re.compile(r"[/\\,;:_()&\"\[\]\s]+")
_INNER_DASH = re.compile(r"(?<=\w)\s*-\s*(?=\w)")

UnitKind = Literal["officer", "clinician", "co-responder", "paramedic", "peer", "unknown"]

_TABLE_KEYS = ("file", "system", "unmapped", "targets")
#: Who looked at a line and when; `review: true` is a suggestion, which maps nothing until a person takes it.
REVIEW_COLUMNS = ("review", "reviewed_by", "reviewed_on")
_CODE_COLUMNS = ("code", "text", "group", "value", "refers_to", "valid_from", "valid_to", "note", *REVIEW_COLUMNS)
_UNIT_COLUMNS = (
    *("id", "pattern", "name", "kind", "role", "employer", "valid_from", "valid_to", "note"),
    *REVIEW_COLUMNS,
)


def _field_disposition(code: str) -> tuple[Code, ...]:
    display = FIELD_DISPOSITIONS.get(code)
    return (Code(system=FIELD_DISPOSITION, code=code, display=display),) if display else ()


#: The published systems a table maps to by a column's name, each with the look-up of its codes.
TARGETS: Mapping[str, tuple[str, Callable[[str], tuple[Code, ...]]]] = {
    "apco": (APCO, apco_codes),
    "field_disposition": (FIELD_DISPOSITION, _field_disposition),
}

#: How many different cells a look-up remembers before it starts again.
_REMEMBERED = 20_000


def normal(text: str) -> str:
    """The form in which codes are compared: `E.D.P.` is `edp`, `Unable  to locate/left` is `unable to locate left`.

    A dot or dash between digits, and signs such as + and *, stay: they tell codes apart.
    """
    # Separators first: what a dash or a dot stands between must be what it stands between in the end.
    folded = _SEPARATOR.sub(" ", text.casefold().replace("'", "").replace("’", ""))
    folded = _LONE_DOT.sub("", folded)
    folded = _INNER_DASH.sub(lambda m: "-" if _between_digits(folded, m) else " ", folded)
    return _SPACES.sub(" ", folded).strip() or text.strip()


def _between_digits(text: str, match: re.Match[str]) -> bool:
    return match.group() == "-" and text[match.start() - 1].isdigit() and text[match.end()].isdigit()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of a table. `coded` has the table's own code and text; the source's code replaces its spelling.

    `valid_from` and `valid_to` are dates, both inclusive; empty is open.
    """

    line: int
    code: str
    text: str | None = None
    mapped: tuple[Code, ...] = ()
    value: str | None = None
    group: str | None = None
    refers_to: str | None = None
    valid_from: str = ""
    valid_to: str = ""

    def holds(self, day: str) -> bool:
        """Whether this line is valid on `day` (YYYY-MM-DD)."""
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_to or day <= self.valid_to)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitEntry:
    """A line of a unit table: who rides in the unit, and whose record they write."""

    line: int
    id: str
    name: str | None = None
    kind: UnitKind = "unknown"
    crew: tuple[Staff, ...] = ()
    employer: str | None = None
    valid_from: str = ""
    valid_to: str = ""
    matches: Callable[[str], object] | None = None

    def holds(self, day: str) -> bool:
        """Whether this line is valid on `day` (YYYY-MM-DD)."""
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_to or day <= self.valid_to)


#: Why a look-up has no answer: the code is not there, or it is there only for other (or unknown) days.
Miss = Literal["unmapped", "undated", "ambiguous"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A code or value table. `queue` says that a code that is not in it is an issue.

    `columns` are the columns its file has. `dated` says whether any line is bound to days.
    """

    name: str
    file: str
    system: str | None
    queue: bool
    columns: tuple[str, ...]
    entries: tuple[Entry, ...]
    dated: bool
    _by_normal: Mapping[str, tuple[Entry, ...]] = field(repr=False)
    _seen: dict[str, tuple[Entry, ...]] = field(default_factory=dict, repr=False, compare=False)

    def find(self, cell: str, day: str | None) -> Entry | Miss:
        """The line for this cell on this day. A cell is looked up whole."""
        found = self._seen.get(cell)
        if found is None:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            found = self._seen[cell] = self._by_normal.get(normal(cell), ())
        if not found:
            return "unmapped"
        if not self.dated:
            return found[0]
        return _on_day(found, day)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitTable:
    """A table of units: exact ids first, then patterns (`?C*`) on the whole id, as written or in its normal form."""

    name: str
    file: str
    queue: bool
    columns: tuple[str, ...]
    entries: tuple[UnitEntry, ...]
    dated: bool
    _by_normal: Mapping[str, tuple[UnitEntry, ...]] = field(repr=False)
    _patterns: tuple[UnitEntry, ...] = field(repr=False)
    _seen: dict[str, tuple[UnitEntry, ...]] = field(default_factory=dict, repr=False, compare=False)

    def find(self, cell: str, day: str | None) -> UnitEntry | Miss:
        """The line for this unit on this day; `ambiguous` when patterns that disagree match it."""
        found = self._seen.get(cell)
        if found is None:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            key = normal(cell)
            found = self._by_normal.get(key, ())
            if not found:
                # The normal form of `2-C1` has a space for its dash; a pattern is written like the id.
                forms = (key, cell.strip().casefold())
                found = tuple(
                    entry for entry in self._patterns if entry.matches is not None and any(map(entry.matches, forms))
                )
            self._seen[cell] = found
        if not found:
            return "unmapped"
        if self.dated:
            kept = tuple(entry for entry in found if day is not None and entry.holds(day))
            if not kept:
                undated = tuple(entry for entry in found if not entry.valid_from and not entry.valid_to)
                if not undated:
                    return "undated"
                kept = undated
            found = kept
        first = found[0]
        if any((e.kind, e.crew, e.employer) != (first.kind, first.crew, first.employer) for e in found[1:]):
            return "ambiguous"
        return first


def _on_day(found: tuple[Entry, ...], day: str | None) -> Entry | Miss:
    if day is None:
        only = found[0]
        return only if len(found) == 1 and not only.valid_from and not only.valid_to else "undated"
    for entry in found:
        if entry.holds(day):
            return entry
    return "undated"


def load_table(spec: Spec, name: str, folder: Folder) -> Table | UnitTable:
    """The table that `tables.<name>` declares. PackError names the CSV's line and column."""
    keys = spec.mapping(_TABLE_KEYS, required=("file",))
    file = keys["file"].text()
    text = read_text(folder, file, at=keys["file"])
    system = keys["system"].text() if "system" in keys else None
    queue = keys["unmapped"].one_of(("queue", "keep")) == "queue" if "unmapped" in keys else True
    own: dict[str, str] = {}
    if "targets" in keys:
        for column, target in keys["targets"].mapping().items():
            if column in TARGETS or column in _CODE_COLUMNS:
                target.fail("expected a column name of your own; this one has a meaning already")
            own[column] = target.text()
    rows, columns = _rows(text, file)
    if "id" in columns or "pattern" in columns:
        for given in ("system", "targets"):
            if given in keys:
                keys[given].fail("expected no such key: a table of units maps to no code system", "pack.unknown-key")
        return _unit_table(name, file, queue, columns, rows)
    allowed = (*_CODE_COLUMNS, *TARGETS, *own)
    _check_columns(file, columns, allowed, ("code",))
    for column in own:
        if column not in columns:
            keys["targets"].fail(f"expected a column `{column}` in {file}")
    entries = []
    for line, row in rows:
        mapped: list[Code] = []
        for column, (uri, codes) in TARGETS.items():
            target_code = row.get(column, "")
            if target_code:
                known = codes(target_code)
                if not known:
                    fail("pack.table", f"expected a code of {uri}, or nothing", file=file, line=line, key=column)
                mapped += known
        mapped += [Code(system=uri, code=row[column]) for column, uri in own.items() if row.get(column)]
        if row.get("refers_to") and row.get("field_disposition") != "referred":
            # A center counts as a decision to refer only beside `referred` (design, section 5).
            expected = "expected field_disposition `referred` where refers_to names a center"
            fail("pack.table", expected, file=file, line=line, key="refers_to")
        valid_from, valid_to = _validity(row, file, line)
        if _waits(row, file, line):
            continue
        entries.append(
            Entry(
                line=line,
                code=row["code"],
                text=row.get("text") or None,
                mapped=tuple(mapped),
                value=row.get("value") or None,
                group=row.get("group") or None,
                refers_to=row.get("refers_to") or None,
                valid_from=valid_from,
                valid_to=valid_to,
            )
        )
    by_normal: dict[str, tuple[Entry, ...]] = {}
    for entry in entries:
        key = normal(entry.code)
        _check_unique(entry, by_normal.get(key, ()), file, "code")
        by_normal[key] = (*by_normal.get(key, ()), entry)
    return Table(
        name=name,
        file=file,
        system=system,
        queue=queue,
        columns=columns,
        entries=tuple(entries),
        dated=any(e.valid_from or e.valid_to for e in entries),
        _by_normal=by_normal,
    )


def _unit_table(
    name: str, file: str, queue: bool, columns: tuple[str, ...], rows: list[tuple[int, dict[str, str]]]
) -> UnitTable:
    _check_columns(file, columns, _UNIT_COLUMNS, ())
    by_normal: dict[str, tuple[UnitEntry, ...]] = {}
    patterns: list[UnitEntry] = []
    for line, row in rows:
        unit_id, pattern = row.get("id", ""), row.get("pattern", "")
        if bool(unit_id) == bool(pattern):
            fail("pack.table", "expected an id or a pattern", file=file, line=line, key="id")
        kind = row.get("kind", "")
        role = row.get("role", "")
        if kind and kind not in get_args(UnitKind):
            fail("pack.table", _listed(get_args(UnitKind)), file=file, line=line, key="kind")
        if role and role not in get_args(StaffRole):
            fail("pack.table", _listed(get_args(StaffRole)), file=file, line=line, key="role")
        employer = row.get("employer") or None
        valid_from, valid_to = _validity(row, file, line)
        if _waits(row, file, line):
            continue
        entry = UnitEntry(
            line=line,
            id=unit_id or pattern,
            name=row.get("name") or None,
            kind=kind or (role if role in get_args(UnitKind) else "unknown"),  # type: ignore[arg-type]
            crew=(Staff(role=role, organization=employer),) if role else (),  # type: ignore[arg-type]
            employer=employer,
            valid_from=valid_from,
            valid_to=valid_to,
            # Patterns match the whole id, as it is written or in the normal form in which ids are compared.
            matches=re.compile(glob(pattern.casefold())).match if pattern else None,
        )
        if pattern:
            patterns.append(entry)
        else:
            key = normal(unit_id)
            _check_unique(entry, by_normal.get(key, ()), file, "id")
            by_normal[key] = (*by_normal.get(key, ()), entry)
    entries = (*(entry for several in by_normal.values() for entry in several), *patterns)
    return UnitTable(
        name=name,
        file=file,
        queue=queue,
        columns=columns,
        entries=entries,
        dated=any(e.valid_from or e.valid_to for e in entries),
        _by_normal=by_normal,
        _patterns=tuple(patterns),
    )


def _rows(text: str, file: str) -> tuple[list[tuple[int, dict[str, str]]], tuple[str, ...]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        if not header:
            fail("pack.table", "expected a header line", file=file, line=1)
        columns = tuple(cell.strip() for cell in header)
        if len(set(columns)) != len(columns) or "" in columns:
            fail("pack.table", "expected each column named once", file=file, line=1)
        rows = []
        line = reader.line_num + 1
        for row in reader:
            start, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(columns):
                fail("pack.table", f"expected {len(columns)} columns", file=file, line=start)
            cells = {column: cell.strip() for column, cell in zip(columns, row, strict=True)}
            if "code" in cells and not cells["code"]:
                fail("pack.table", "expected a code", file=file, line=start, key="code")
            rows.append((start, cells))
    except csv.Error:
        fail("pack.table", "expected CSV; a quote is wrong here", file=file, line=reader.line_num)
    return rows, columns


def _check_columns(file: str, columns: tuple[str, ...], allowed: tuple[str, ...], required: tuple[str, ...]) -> None:
    for column in columns:
        if column not in allowed:
            fail("pack.table", _listed(allowed), file=file, line=1, key=column)
    for column in required:
        if column not in columns:
            fail("pack.table", f"expected a column `{column}`", file=file, line=1, key=column)


def _waits(row: dict[str, str], file: str, line: int) -> bool:
    """Whether this line is a suggestion that nobody has taken: its code is as unmapped as one that is not there."""
    if row.get("review", "") not in ("", "true", "false"):
        fail("pack.table", "expected true, false or nothing", file=file, line=line, key="review")
    return row.get("review") == "true"


def _validity(row: dict[str, str], file: str, line: int) -> tuple[str, str]:
    for column in ("valid_from", "valid_to", "reviewed_on"):
        if row.get(column):
            try:
                right = date.fromisoformat(row[column]).isoformat() == row[column]
            except ValueError:
                right = False
            if not right:
                fail("pack.table", "expected a date as YYYY-MM-DD", file=file, line=line, key=column)
    valid_from, valid_to = row.get("valid_from", ""), row.get("valid_to", "")
    if valid_from and valid_to and valid_to < valid_from:
        fail("pack.table", "expected valid_to not before valid_from", file=file, line=line, key="valid_to")
    return valid_from, valid_to


def _check_unique(entry: Entry | UnitEntry, others: tuple[Entry | UnitEntry, ...], file: str, key: str) -> None:
    for other in others:
        apart = (entry.valid_to and other.valid_from and entry.valid_to < other.valid_from) or (
            other.valid_to and entry.valid_from and other.valid_to < entry.valid_from
        )
        if not apart:
            expected = f"expected each {key} once (case, punctuation and spaces do not count); line {other.line} has it"
            fail("pack.table", expected, file=file, line=entry.line, key=key)


def _listed(choices: tuple[str, ...]) -> str:
    return "expected one of: " + ", ".join(choices)
