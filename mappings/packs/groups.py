"""Rows that are one incident together: one row a unit, say. `source: {group: <column>, within: <rows>}`.

The rows of a group are gathered while they come at most `within` rows apart (1: one after the other). When none has
come for that long the group is given, as one row: of each column that tells of the incident the first value that is
not empty; the rows themselves are for `each_row`. A group's key that comes again later makes another record, with an
issue, which merging puts to the first. Groups come in the order in which they end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mappings.found import Rule
from mappings.incident import Rejected
from mappings.packs.source import Place, Row
from profiles.issue import Issue

AGAIN = Rule(
    "read.group-again", "warning", "duplicate", "rows of this record stood elsewhere in the file, too far from these"
)
DIFFERS = Rule(
    "read.group-differs", "warning", "conflict", "the rows of one record differ in this column: the first value is kept"
)

#: A group has no more rows than this: memory stays small.
_MOST = 10_000
#: How many groups that were given are remembered, to know one that comes again.
_REMEMBERED = 100_000


class Grouped(list[str]):
    """The cells of a group, as those of one row; `rows` are its rows, `issues` what gathering them found."""

    __slots__ = ("issues", "rows")

    def __init__(self, rows: list[Row]) -> None:
        super().__init__(rows[0])
        self.rows = rows
        self.issues: list[Issue] = []


def grouped(
    rows: Iterable[tuple[int, Row | Rejected]], key: int, within: int, shared: tuple[tuple[int, str], ...], at: Place
) -> Iterator[tuple[int, Row | Rejected]]:
    """Groups with the index of their first row; rejected rows, and rows without a key, as they are.

    `key` is the place of the column whose equal values make a group; `shared` are the places and names of the columns
    that tell of the incident and not of a row.
    """
    # key -> (index, line, rows), in the order of the last row seen
    open_: dict[str, tuple[int, int, list[Row]]] = {}
    seen_at: dict[str, int] = {}
    given: dict[str, None] = {}
    now = 0

    def close(name: str) -> tuple[int, Grouped]:
        index, at.line, members = open_.pop(name)
        del seen_at[name]
        made = _made(members, shared)
        if name in given:
            made.issues.append(_issue(AGAIN, shared, key))
        elif len(given) >= _REMEMBERED:
            del given[next(iter(given))]
        given[name] = None
        return index, made

    for index, row in rows:
        now += 1
        line = at.line
        if type(row) is Rejected:
            yield index, row
            continue
        cells: list[str] = row  # type: ignore[assignment]
        name = cells[key].strip()
        if not name:
            yield index, Grouped([row])
            continue
        while open_ and now - seen_at[oldest := next(iter(open_))] > within:
            yield close(oldest)
        if name in open_ and len(open_[name][2]) >= _MOST:
            yield close(name)
        first, began, members = open_.pop(name, (index, line, []))
        members.append(row)
        open_[name] = (first, began, members)
        seen_at.pop(name, None)
        seen_at[name] = now
    while open_:
        yield close(next(iter(open_)))


def _made(members: list[Row], shared: tuple[tuple[int, str], ...]) -> Grouped:
    made = Grouped(members)
    if len(members) == 1:
        return made
    for place, column in shared:
        values = dict.fromkeys(text for one in members if (text := one[place].strip()))
        if values:
            made[place] = next(iter(values))
            if len(values) > 1:
                made.issues.append(_issue(DIFFERS, ((place, column),), place))
    return made


def _issue(rule: Rule, shared: tuple[tuple[int, str], ...], place: int) -> Issue:
    path = next((column for at, column in shared if at == place), "")
    return Issue(severity=rule.severity, code=rule.code, rule=rule.rule, path=path, text=rule.text)
