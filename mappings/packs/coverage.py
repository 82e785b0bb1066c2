"""How much of a file a pack covers: columns used, dropped and unused; rows and codes mapped, by count and by volume.

A file is read once, row by row, as `Pack.read` does; memory grows with the number of codes, not of rows. What is
printed stays in the caller's custody: codes are listed, cells of persons, places and texts never are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from mappings.incident import Coded, Incident, Reading, Rejected, Timeline
from mappings.packs.column_profiles import CONTACT
from mappings.packs.column_roles import PRIVATE, words
from mappings.packs.groups import Grouped
from mappings.packs.lint import columns_read, dropped_columns, table_uses
from mappings.packs.load import Spec, load_yaml, read_text
from mappings.packs.pack import Pack
from mappings.packs.source import Input, Layout
from mappings.packs.tables import Entry, Miss, Table, UnitEntry, UnitTable, normal

#: More codes than this of one table are counted and not listed.
MOST_CODES = 5_000
_BLOCK = 1_024
#: A text longer than this may be no code: it is counted, never listed.
_LONGEST = 60
#: Words of a column whose cells are a person's but few and closed: a table of them is of codes.
_CLOSED = frozenset(("ethnicity", "gender", "place", "race", "sex"))

Use = Literal["used", "dropped", "unused", "not in the pack", "not in the file"]
#: `mapped`: to a code, value or unit of ours. `known`: in the table, which maps it to nothing. `unmapped`: not there.
State = Literal["mapped", "known", "unmapped"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnCoverage:
    """A column (or the path of a member), what the pack does with it, and on how many rows it holds something.

    `rule` is of a dropped one: `pack.drop`, or the class of criminal justice information.
    """

    name: str
    use: Use
    rows: int
    rule: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeCoverage:
    """A code in the spelling that came first, on how many rows it stands, and what its table has for it."""

    code: str
    rows: int
    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class TableCoverage:
    """The codes of one table that the file holds, most frequent first; `unlisted` ones are counted in `counts` alone.

    `counts` is state -> (different codes, rows that hold one). A row with two codes of a table counts for both.
    """

    name: str
    codes: tuple[CodeCoverage, ...]
    unlisted: int
    counts: Mapping[State, tuple[int, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """All of it. `rejected` and `issues` are rule -> rows. `issues` has the path beside the rule."""

    pack: str
    version: str
    rows: int
    incidents: int
    rejected: Mapping[str, int]
    columns: tuple[ColumnCoverage, ...]
    tables: tuple[TableCoverage, ...]
    issues: Mapping[tuple[str, str], int]
    functions: tuple[str, ...]


class _Tally:
    """What was looked up in the row in hand, and in all rows."""

    def __init__(self) -> None:
        self.touched: set[tuple[str, str]] = set()
        self.rows: Counter[tuple[str, str]] = Counter()
        self.spelled: dict[tuple[str, str], str] = {}
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}

    def key(self, table: str, cell: str) -> tuple[str, str]:
        """The table and the code in the form in which codes are compared."""
        found = self._keys.get((table, cell))
        if found is None:
            if len(self._keys) > 50_000:
                self._keys.clear()
            found = self._keys[table, cell] = (table, normal(cell))
        return found

    def touch(self, table: str, cell: str) -> None:
        """The row in hand has this code."""
        key = self.key(table, cell)
        self.touched.add(key)
        if key not in self.spelled:
            self.spelled[key] = cell

    def row_ends(self, counts: bool) -> None:
        """Count what the row had, unless it was rejected."""
        if counts:
            self.rows.update(self.touched)
        self.touched.clear()


class _CountedTable(Table):
    """A table that tells which cells are looked up in it. Its system is its name, so that codes are known by it."""

    __slots__ = ("_tally",)
    _tally: _Tally

    def find(self, cell: str, day: str | None) -> Entry | Miss:
        """The line for this cell."""
        self._tally.touch(self.name, cell)
        return Table.find(self, cell, day)


class _CountedUnits(UnitTable):
    """The same of a table of units."""

    __slots__ = ("_tally",)
    _tally: _Tally

    def find(self, cell: str, day: str | None) -> UnitEntry | Miss:
        """The line for this unit."""
        self._tally.touch(self.name, cell)
        return UnitTable.find(self, cell, day)


def _counted(name: str, table: Table | UnitTable, tally: _Tally) -> Table | UnitTable:
    values = {one.name: getattr(table, one.name) for one in fields(table)}
    made: Table | UnitTable
    if isinstance(table, Table):
        made = _CountedTable(**{**values, "name": name, "system": name})
    else:
        made = _CountedUnits(**{**values, "name": name})
    object.__setattr__(made, "_tally", tally)
    return made


class _CountingPack(Pack):
    """The pack compiled over tables that count. What it makes is for counting only: its codes' systems are names."""

    def __init__(self, pack: Pack, tally: _Tally) -> None:
        super().__init__(pack._folder)
        self.tables = {name: _counted(name, table, tally) for name, table in self.tables.items()}
        self.__dict__.pop("_readers", None)


def coverage(pack: Pack, data: Input) -> Coverage:
    """How much of `data` the pack covers. Raises nothing on any bytes, and what a file itself raises on reading."""
    tally = _Tally()
    counting = _CountingPack(pack, tally)
    plain = {name: table for name, table in pack.tables.items() if isinstance(table, Table)}
    filled: Counter[str] = Counter()
    paths: dict[int, list[Any]] = {}
    unused: Counter[tuple[str, ...]] = Counter()
    dropped: Counter[tuple[str, str]] = Counter()
    rejected: Counter[str] = Counter()
    issues: Counter[tuple[str, str]] = Counter()
    layout = Layout()
    incidents = 0

    given = counting.rows(data)
    make: Any = None
    while block := list(islice(given, _BLOCK)):
        for index, line, at, row in block:
            if make is None or at is not layout:
                make, layout = counting.maker(at), at
            one = row if type(row) is Rejected else make(index, line, row)
            if type(one) is Rejected:
                rejected[one.issues[0].rule] += 1
                tally.row_ends(False)
                continue
            incidents += 1
            assert isinstance(one, Incident)
            reading = one.reading
            for table, code in _codes(one, plain):
                tally.touch(table, code)
            tally.row_ends(True)
            # Rows of one shape share their account of paths: it is spelled out once, at the end.
            paths.setdefault(id(reading.paths), [reading.paths, 0])[1] += 1
            unused[reading.unused] += 1
            dropped.update((gated.path, gated.rule) for gated in reading.dropped)
            issues.update({(issue.rule, issue.path) for issue in reading.issues})
        if pack.source.tabular:
            _fill(filled, pack.source.columns, [row for *_, row in block if type(row) is not Rejected])
    root = load_yaml(read_text(pack._folder, "pack.yaml"), "pack.yaml")
    return Coverage(
        pack=pack.id,
        version=pack.version,
        rows=incidents + rejected.total(),
        incidents=incidents,
        rejected=dict(sorted(rejected.items(), key=lambda item: (-item[1], item[0]))),
        columns=(
            _of_table(pack, root, layout, filled, incidents)
            if pack.source.tabular
            else _of_document(paths.values(), unused, dropped)
        ),
        tables=_tables(pack, root, tally),
        issues=dict(sorted(issues.items(), key=lambda item: (-item[1], item[0]))),
        functions=pack.functions,
    )


def _fill(filled: Counter[str], columns: tuple[str, ...], rows: list[Any]) -> None:
    """Count the cells that hold something, by column."""
    flat = [cells for row in rows for cells in (row.rows if isinstance(row, Grouped) else (row,))]
    for name, cells in zip(columns, zip(*flat, strict=True), strict=False):
        filled[name] += len(cells) - cells.count("")


@lru_cache(maxsize=64)
def _members(cls: type) -> tuple[str, ...]:
    """The members of a part of a record that may hold codes; none of what is no part."""
    if cls in (Reading, Timeline) or not is_dataclass(cls):
        return ()
    return tuple(one.name for one in fields(cls))


def _codes(value: Any, tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    """The codes in a record that a table was asked for: those whose system is a table's name."""
    if type(value) is Coded:
        if value.system is not None and value.code is not None and value.system in tables:
            yield value.system, value.code
    elif type(value) is tuple:
        for item in value:
            yield from _codes(item, tables)
    else:
        kind: Any = type(value)
        for name in _members(kind):
            inner = getattr(value, name)
            if inner is not None and type(inner) is not str and inner != ():
                yield from _codes(inner, tables)


def _of_table(pack: Pack, root: Spec, layout: Layout, filled: Counter[str], rows: int) -> tuple[ColumnCoverage, ...]:
    read, gated = columns_read(root) | {pack.source.group}, dropped_columns(root)
    found = []
    for name in pack.source.columns:
        use: Use = "unused"
        if name in layout.absent:
            use = "not in the file"
        elif name in gated:
            use = "dropped"
        elif name in read:
            use = "used"
        found.append(ColumnCoverage(name=name, use=use, rows=filled[name], rule=gated.get(name)))
    found += [ColumnCoverage(name=name, use="not in the pack", rows=rows) for name in layout.extra]
    return tuple(found)


def _of_document(
    paths: Iterable[list[Any]], unused: Counter[tuple[str, ...]], dropped: Counter[tuple[str, str]]
) -> tuple[ColumnCoverage, ...]:
    """Of members: which were read where they held something, items of a list together."""
    used: Counter[str] = Counter()
    for where, rows in paths:
        used.update(
            dict.fromkeys((re.sub(r"\[\d+\]", "[]", p) for path in where.values() for p in path.split(",")), rows)
        )
    idle: Counter[str] = Counter()
    for names, rows in unused.items():
        idle.update(dict.fromkeys(names, rows))
    found = [ColumnCoverage(name=name, use="used", rows=rows) for name, rows in used.items() if name]
    found += [ColumnCoverage(name=name, use="dropped", rows=rows, rule=rule) for (name, rule), rows in dropped.items()]
    return (*found, *(ColumnCoverage(name=name, use="unused", rows=rows) for name, rows in idle.items()))


def _tables(pack: Pack, root: Spec, tally: _Tally) -> tuple[TableCoverage, ...]:
    uses = table_uses(root)
    found = []
    for name, table in pack.tables.items():
        quiet = any(PRIVATE & set(words(column)) - _CLOSED for column in uses.get(name, ()))
        counts: dict[State, tuple[int, int]] = {"mapped": (0, 0), "known": (0, 0), "unmapped": (0, 0)}
        codes: list[CodeCoverage] = []
        state_of = _states(table)
        unlisted = 0
        for (of, key), rows in sorted(tally.rows.items(), key=lambda item: (-item[1], item[0])):
            if of != name:
                continue
            code = tally.spelled[of, key]
            state = state_of(code)
            different, volume = counts[state]
            counts[state] = (different + 1, volume + rows)
            if len(codes) >= MOST_CODES or (
                state == "unmapped" and (quiet or len(code) > _LONGEST or CONTACT.search(code))
            ):
                unlisted += 1
            else:
                codes.append(CodeCoverage(code=code, rows=rows, state=state))
        found.append(TableCoverage(name=name, codes=tuple(codes), unlisted=unlisted, counts=counts))
    return tuple(found)


def _states(table: Table | UnitTable) -> Callable[[str], State]:
    """What the table has for a code, on any day."""
    if isinstance(table, UnitTable):

        def of_unit(code: str) -> State:
            unit = table.find(code, None)
            if isinstance(unit, UnitEntry):
                return "mapped" if unit.crew or unit.employer else "known"
            return "unmapped" if unit == "unmapped" else "known"

        return of_unit
    there: dict[str, State] = {}
    for entry in table.entries:
        key = normal(entry.code)
        if entry.mapped or entry.value is not None:
            there[key] = "mapped"
        else:
            there.setdefault(key, "known")
    return lambda code: there.get(normal(code), "unmapped")
