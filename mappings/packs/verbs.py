"""The verbs of a pack compiled to closures: a row -> a text, a time, a code.

`from const join strip normalise regex fn when table datetime date`. There is no expression language; what verbs
cannot say is a registered function (`mappings.packs.functions`). A closure never raises on a row: what it cannot read
is an issue with the column, never the cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from mappings.found import AMBIGUOUS_TIME, BAD_TIME, MISSING_HOUR, NO_ZONE, Rule
from mappings.incident import Coded, DateTime
from mappings.packs import functions, paths
from mappings.packs.formats import Row
from mappings.packs.load import Spec
from mappings.packs.stamps import Format, FormatError, Stamp, compile_format, date_reader, stamp_reader
from mappings.packs.tables import Entry, Miss, Table, UnitTable
from mappings.times import zone
from profiles.issue import Issue

UNMAPPED = Rule("read.unmapped-code", "warning", "not-found", "a code that the agency's table does not have")
UNDATED = Rule(
    "read.undated-code", "warning", "not-found", "a code that the agency's table has for other days, or no day is known"
)
AMBIGUOUS_CODE = Rule("read.ambiguous-code", "warning", "multiple-matches", "patterns that disagree match this id")
NOT_ONE = Rule("read.not-one-value", "warning", "structure", "one text is expected here, not an object or a list")
NO_MATCH = Rule("read.no-match", "warning", "value", "the text does not have the form that the pack's regex expects")
BAD_NUMBER = Rule("read.bad-number", "warning", "value", "a number is expected here: the field is left unknown")
FUNCTION_FAILED = Rule("read.function-failed", "warning", "exception", "the pack's registered function failed")

#: Verbs that give a text; each kind of field adds its own.
TEXT_VERBS = ("from", "const", "join", "strip", "normalise", "regex", "fn", "when")
_NORMALISE = ("spaces", "upper", "lower", "digits")
_MISSES: dict[Miss, Rule] = {"unmapped": UNMAPPED, "undated": UNDATED, "ambiguous": AMBIGUOUS_CODE}
_TROUBLES = {"bad": BAD_TIME, "no-zone": NO_ZONE, "missing": MISSING_HOUR, "ambiguous": AMBIGUOUS_TIME}
#: How many different codes a field remembers before it starts again.
_REMEMBERED = 20_000


class Notes:
    """What is found in one row. `day` is the incident's, for tables with validity."""

    __slots__ = ("day", "filled", "issues", "place", "refers", "shape", "twice")

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.day: str | None = None
        #: The place of the item in hand in its list.
        self.place = 0
        #: Stage times that come twice: (stage, column, first, second).
        self.twice: list[tuple[str, str, DateTime, DateTime]] = []
        #: Disposition lines that name a center.
        self.refers: list[Entry] = []
        #: Which parts of each group the row fills; with `shape` it says what the row looks like.
        self.filled: list[tuple[str, ...]] = []
        #: Repeated fields with the places in the source that their items came from.
        self.shape: list[tuple[str, tuple[int, ...]]] = []


Get: TypeAlias = Callable[[Row, Notes], "str | None"]
Make: TypeAlias = Callable[[Row, Notes], Any]
Test: TypeAlias = Callable[[Row], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Where paths start: the row, or an item of a repeated group. `columns` None is an object.

    `known` collects what is read. `prefix` spells an item's paths from the row (`units[].`).
    """

    columns: tuple[str, ...] | None
    known: paths.Known
    empty: frozenset[str] = frozenset()
    prefix: str = ""
    #: Items are texts (pieces of a split cell): `.` is the only path.
    pieces: bool = False
    steps: tuple[paths.Step, ...] = ()

    def raw(self, spec: Spec) -> tuple[Callable[[Row], Any], str]:
        """What stands at the path, as it is, with the path as issues spell it. PackError `pack.column`."""
        text = spec.text()
        if self.pieces:
            if text != ".":
                spec.fail("expected `.`, the piece itself: a piece of a split text has no columns", "pack.column")
            return (lambda row: row), self.prefix
        if self.columns is not None:
            if text not in self.columns:
                spec.fail("unknown column; expected one of: " + ", ".join(self.columns), "pack.column")
            self.known.add((text,))
            place = self.columns.index(text)
            return (lambda row: row[place]), text
        steps = paths.parse(text)
        if steps is None:
            spec.fail("expected a path such as a.b[0].c", "pack.column")
        self.known.add((*self.steps, *steps))
        return paths.reader(steps), self.prefix if text == "." else self._join(text)

    def _join(self, text: str) -> str:
        return f"{self.prefix}.{text}" if self.prefix else text

    def cell(self, spec: Spec) -> tuple[Get, str]:
        """The text at the path, without outer spaces; empty and the pack's markers for empty are None."""
        get, path = self.raw(spec)
        empty = self.empty
        if self.columns is not None and not self.pieces:
            place = self.columns.index(spec.text())
            if not empty:
                return (lambda row, notes: row[place].strip() or None), path

            def from_cell(row: Row, notes: Notes) -> str | None:
                text: str = row[place].strip()
                return text if text and text not in empty else None

            return from_cell, path
        wrong = issue(NOT_ONE, path)

        def from_object(row: Row, notes: Notes) -> str | None:
            value = get(row)
            if type(value) is list and len(value) == 1:
                value = value[0]
            if type(value) is dict and "#text" in value:
                value = value["#text"]
            if value is None:
                return None
            text = as_text(value)
            if text is None:
                if value:
                    notes.issues.append(wrong)
                return None
            text = text.strip()
            return text if text and text not in empty else None

        return from_object, path


def issue(rule: Rule, path: str) -> Issue:
    """The finding of a rule at a place; made once, when the pack is compiled."""
    return Issue(severity=rule.severity, code=rule.code, rule=rule.rule, path=path, text=rule.text)


def as_text(value: Any) -> str | None:
    """A JSON scalar as text; None for what is none."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int or type(value) is float:
        return str(value)
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A compiled text: its closure, its source path, and whether it is a constant."""

    get: Get
    path: str
    constant: bool = False
    cells: tuple[Get, ...] = field(default=(), repr=False)


def text(keys: dict[str, Spec], at: Spec, scope: Scope) -> Text:
    """The text that `from` or `const` and the verbs beside them give. PackError on what they cannot mean."""
    if ("from" in keys) == ("const" in keys):
        at.fail("expected `from` or `const`, one of them", "pack.missing-key")
    if "const" in keys:
        for verb in ("join", "strip", "normalise", "regex", "fn"):
            if verb in keys:
                keys[verb].fail("expected no such key beside const", "pack.unknown-key")
        value = keys["const"].text()
        return Text(get=lambda row, notes: value, path="", constant=True)
    cells = [scope.cell(spec) for spec in keys["from"].items()]
    if not cells:
        keys["from"].fail("expected a column")
    path = ",".join(where for _, where in cells)
    get = cells[0][0]
    if len(cells) > 1:
        joint = keys["join"].scalar() if "join" in keys else " "
        gets = tuple(one for one, _ in cells)

        def joined(row: Row, notes: Notes) -> str | None:
            return joint.join(part for one in gets if (part := one(row, notes)) is not None) or None

        get = joined
    elif "join" in keys:
        keys["join"].fail("expected more than one column in `from` beside join", "pack.unknown-key")
    if "strip" in keys:
        get = _then(get, _strip(keys["strip"].text()))
    if "normalise" in keys:
        for how in keys["normalise"].items():
            get = _then(get, _NORMAL[how.one_of(_NORMALISE)])
    if "regex" in keys:
        get = _regex(get, keys["regex"], path)
    if "fn" in keys:
        get = _call(get, keys["fn"], path)
    return Text(get=get, path=path, cells=tuple(one for one, _ in cells))


def _then(get: Get, change: Callable[[str], str | None]) -> Get:
    def changed(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        return None if value is None else change(value) or None

    return changed


def _strip(characters: str) -> Callable[[str], str]:
    return lambda value: value.strip(characters + " \t\r\n")


_NORMAL: dict[str, Callable[[str], str]] = {
    "spaces": lambda value: " ".join(value.split()),
    "upper": str.upper,
    "lower": str.lower,
    "digits": lambda value: "".join(c for c in value if c in "0123456789"),
}


def _regex(get: Get, spec: Spec, path: str) -> Get:
    try:
        pattern = re.compile(spec.text())
    except re.error:
        spec.fail("expected a regular expression")
    if pattern.groups != 1 or len(pattern.groupindex) != 1:
        spec.fail("expected one group, and it named: (?P<value>…)")
    match = pattern.search
    wrong = issue(NO_MATCH, path)

    def matched(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        if value is None:
            return None
        found = match(value)
        if found is None:
            notes.issues.append(wrong)
            return None
        return (found[1] or "").strip() or None

    return matched


def _call(get: Get, spec: Spec, path: str) -> Get:
    name = spec.text()
    function = functions.registered(name)
    if function is None:
        listed = ", ".join(functions.names())
        spec.fail("expected the name of a registered function (package.module:name): " + listed, "pack.function")
    failed = issue(FUNCTION_FAILED, path)

    def called(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        if value is None:
            return None
        try:
            return function(value) or None
        except Exception:  # noqa: BLE001  a stranger's function; its error may quote the cell, so it goes no further
            notes.issues.append(failed)
            return None

    return called


def condition(spec: Spec, scope: Scope) -> Test:
    """`when`: every column named meets its condition (not_empty, equals, in)."""
    tests: list[Test] = []
    for column, wanted in spec.mapping().items():
        # A mapping's key is a place as well: its errors stand on its own line.
        cell, _ = scope.cell(Spec(column, wanted.file, wanted.line, wanted.key))
        keys = wanted.mapping(("not_empty", "equals", "in"))
        if len(keys) != 1:
            wanted.fail("expected one of: not_empty, equals, in", "pack.missing-key")
        tests.append(_test(cell, keys))
    if not tests:
        spec.fail("expected a column with its condition", "pack.missing-key")
    if len(tests) == 1:
        return tests[0]
    return lambda row: all(test(row) for test in tests)


def _test(cell: Get, keys: dict[str, Spec]) -> Test:
    quiet = Notes()  # what is wrong with a cell is said where it is read
    if "not_empty" in keys:
        filled = keys["not_empty"].flag()
        return lambda row: (cell(row, quiet) is not None) is filled
    wanted = frozenset(keys["equals"].texts() if "equals" in keys else keys["in"].texts())
    if "equals" in keys:
        keys["equals"].text()
    return lambda row: cell(row, quiet) in wanted


def only_when(make: Make, test: Test | None) -> Make:
    """`make` where the condition holds, else None."""
    if test is None:
        return make
    holds = test
    return lambda row, notes: make(row, notes) if holds(row) else None


# --- times

TIME_VERBS = (*TEXT_VERBS, "datetime", "unknown_time", "unknown_date", "zone")
DATE_VERBS = (*TEXT_VERBS, "date", "unknown_date")


def _formats(spec: Spec) -> tuple[Format, ...]:
    made = []
    for item in spec.items():
        try:
            made.append(compile_format(item.text()))
        except FormatError as error:
            item.fail(str(error), "pack.format")
    return tuple(made)


def _unknown_dates(keys: dict[str, Spec], formats: tuple[Format, ...]) -> frozenset[str]:
    if "unknown_date" not in keys:
        return frozenset()
    given = [item.scalar() for item in keys["unknown_date"].items()]
    parts = (one.date_only or one.parts for one in formats)
    days = {f"{p[0]}-{p[1]}-{p[2]}" for read in parts for marker in given if (p := read(marker)) is not None}
    return frozenset(given) | days


def date(keys: dict[str, Spec], at: Spec, scope: Scope) -> Text:
    """A date as `YYYY-MM-DD`."""
    if "const" in keys:
        keys["const"].fail("expected `from`: a date is never constant", "pack.unknown-key")
    if "date" not in keys:
        at.fail("expected `date: <format>`", "pack.missing-key")
    formats = _formats(keys["date"])
    made = text({k: v for k, v in keys.items() if k in TEXT_VERBS}, at, scope)
    unknown = _unknown_dates(keys, formats)
    read = date_reader(formats)
    wrong = issue(BAD_TIME, made.path)
    get = made.get

    def dated(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        if value is None or value in unknown:
            return None
        found = read(value)
        if found is None:
            notes.issues.append(wrong)
        return None if found in unknown else found

    return Text(get=dated, path=made.path)


def time(keys: dict[str, Spec], at: Spec, scope: Scope, local_zone: ZoneInfo | None, stage: str = "") -> Text:
    """A FHIR dateTime at the agency's zone. `stage` names a stage of the timeline, which may settle a repeated hour.

    Several columns are put together without a space (`date` and `time` as `%m%d%Y%H%M%S`), unless `join` says
    otherwise. An empty last column is an unknown time of day.
    """
    if "const" in keys:
        keys["const"].fail("expected `from`: a time is never constant", "pack.unknown-key")
    if "datetime" not in keys:
        at.fail("expected `datetime: <format>`", "pack.missing-key")
    formats = _formats(keys["datetime"])
    if "zone" in keys:
        local_zone = zone(keys["zone"].text())
        if local_zone is None:
            keys["zone"].fail("expected an IANA zone such as America/Denver, or UTC")
    markers = [item.scalar() for item in keys["unknown_time"].items()] if "unknown_time" in keys else []
    for marker in markers:
        if marker and re.fullmatch(r"\d\d:?\d\d(:?\d\d)?", marker) is None and len(keys["from"].items()) == 1:
            keys["unknown_time"].fail("expected a time of day (000000, 00:00), or columns of date and time apart")
    digits = frozenset((marker.replace(":", "") + "0000")[:6] for marker in markers if marker[:2].isdigit())
    read = stamp_reader(formats, local_zone, digits, _unknown_dates(keys, formats))
    verbs = {k: v for k, v in keys.items() if k in TEXT_VERBS}
    if len(keys.get("from", at).items()) > 1 and "join" not in verbs and "from" in keys:
        verbs["join"] = Spec("", at.file, at.line, at.key)
    made = text(verbs, at, scope)
    whole = made.get
    path = made.path
    rules = {trouble: issue(rule, path) for trouble, rule in _TROUBLES.items()}

    def note(found: Stamp, notes: Notes) -> DateTime | None:
        value, trouble, second = found
        if trouble is not None:
            if stage and second is not None and value is not None:
                notes.twice.append((stage, path, value, second))
            else:
                notes.issues.append(rules[trouble])
        return value

    if len(made.cells) > 1:
        raw = frozenset(markers)
        *day_cells, clock = made.cells
        day = date_reader(tuple(Format("", one.date_only, False, None) for one in formats if one.date_only))
        joint = verbs["join"].scalar()
        unknown = _unknown_dates(keys, formats)

        def apart(row: Row, notes: Notes) -> DateTime | None:
            clock_text = clock(row, notes)
            if clock_text is not None and clock_text not in raw:
                value = whole(row, notes)
                return note(read(value), notes) if value is not None else None
            day_text = joint.join(part for one in day_cells if (part := one(row, notes)) is not None)
            if not day_text or day_text in unknown:
                return None
            found = day(day_text)
            if found is None:
                notes.issues.append(rules["bad"])
            return None if found in unknown else found

        return Text(get=apart, path=path)

    def single(row: Row, notes: Notes) -> DateTime | None:
        value = whole(row, notes)
        if value is None:
            return None
        found = read(value)
        return found[0] if found[1] is None else note(found, notes)

    return Text(get=single, path=path)


# --- codes

CODED_VERBS = (*TEXT_VERBS, "table", "text", "system")
VALUE_VERBS = (*TEXT_VERBS, "table")

Tables: TypeAlias = dict[str, Table | UnitTable]


def code_table(spec: Spec, tables: Tables) -> Table:
    """The code or value table of this name. PackError `pack.no-table`."""
    found = tables.get(spec.text())
    if not isinstance(found, Table):
        listed = ", ".join(name for name, one in tables.items() if isinstance(one, Table)) or "(none)"
        spec.fail("expected a table of codes declared under tables: " + listed, "pack.no-table")
    return found


def unit_table(spec: Spec, tables: Tables) -> UnitTable:
    """The unit table of this name. PackError `pack.no-table`."""
    found = tables.get(spec.text())
    if not isinstance(found, UnitTable):
        listed = ", ".join(name for name, one in tables.items() if isinstance(one, UnitTable)) or "(none)"
        spec.fail("expected a table of units declared under tables: " + listed, "pack.no-table")
    return found


def coded(keys: dict[str, Spec], at: Spec, scope: Scope, tables: Tables) -> tuple[Make, str]:
    """A Coded with its path: the source's code and text beside what the table maps it to.

    Equal cells share one object. A code that the table does not have keeps its code and text, with an issue.
    """
    label: Get | None = None
    paths_read: list[str] = []
    if "text" in keys:
        label, where = scope.cell(keys["text"])
        paths_read.append(where)
    verbs = {k: v for k, v in keys.items() if k in TEXT_VERBS}
    if label is not None and "from" not in verbs and "const" not in verbs:
        for verb in keys:
            if verb not in ("text", "when"):
                keys[verb].fail("expected `from` beside it", "pack.missing-key")
        only_text = label

        def texted(row: Row, notes: Notes) -> Coded | None:
            value = only_text(row, notes)
            return None if value is None else Coded(text=value)

        return texted, paths_read[0]
    made = text(verbs, at, scope)
    if made.path:
        paths_read.insert(0, made.path)
    table = code_table(keys["table"], tables) if "table" in keys else None
    if table is not None and "system" in keys:
        keys["system"].fail("expected no such key beside table: the table has its system", "pack.unknown-key")
    system = keys["system"].text() if "system" in keys else None
    get = made.get
    dated = table is not None and table.dated
    seen: dict[tuple[str, str | None, str | None], tuple[Coded, Issue | None, Entry | None]] = {}

    def look_up(code: str, given: str | None, day: str | None) -> tuple[Coded, Issue | None, Entry | None]:
        if table is None:
            return Coded(code=code, system=system, text=given), None, None
        found = table.find(code, day)
        if isinstance(found, str):
            miss = issue(_MISSES[found], made.path) if table.queue else None
            return Coded(code=code, system=table.system, text=given), miss, None
        value = Coded(code=code, system=table.system, text=given or found.text, mapped=found.mapped)
        return value, None, found if found.refers_to else None

    def make(row: Row, notes: Notes) -> Coded | None:
        code = get(row, notes)
        given = label(row, notes) if label is not None else None
        if code is None:
            return None if given is None else Coded(text=given)
        key = (code, given, notes.day if dated else None)
        hit = seen.get(key)
        if hit is None:
            if len(seen) > _REMEMBERED:
                seen.clear()
            hit = seen[key] = look_up(*key)
        value, missed, refers = hit
        if missed is not None:
            notes.issues.append(missed)
        if refers is not None:
            notes.refers.append(refers)
        return value

    return make, ",".join(paths_read)


def value(keys: dict[str, Spec], at: Spec, scope: Scope, tables: Tables, choices: tuple[str, ...] = ()) -> Text:
    """A text, through a table's `value` column if one is named; with `choices`, one of them or nothing.

    Without a table a cell counts as a choice when it is spelled like one, case aside.
    """
    made = text({k: v for k, v in keys.items() if k in TEXT_VERBS}, at, scope)
    if made.constant:
        if "table" in keys:
            keys["table"].fail("expected no such key beside const", "pack.unknown-key")
        if choices:
            keys["const"].one_of(choices)
        return made
    if "table" not in keys:
        return Text(get=_chosen(made, choices), path=made.path) if choices else made
    table = code_table(keys["table"], tables)
    if "value" not in table.columns:
        keys["table"].fail(f"expected a column `value` in {table.file}", "pack.no-table")
    for entry in table.entries:
        if choices and entry.value is not None and entry.value not in choices:
            listed = ", ".join(choices)
            keys["table"].fail(f"expected in {table.file} line {entry.line}, column value, one of: {listed}")
    get = made.get

    def looked_up(row: Row, notes: Notes) -> str | None:
        cell = get(row, notes)
        if cell is None:
            return None
        found = table.find(cell, notes.day)
        if isinstance(found, str):
            if table.queue:
                notes.issues.append(issue(_MISSES[found], made.path))
            return None
        return found.value

    return Text(get=looked_up, path=made.path)


def _chosen(made: Text, choices: tuple[str, ...]) -> Get:
    folded = {choice.casefold(): choice for choice in choices}
    wrong = issue(UNMAPPED, made.path)
    get = made.get

    def chosen(row: Row, notes: Notes) -> str | None:
        cell = get(row, notes)
        if cell is None:
            return None
        found = folded.get(cell.casefold())
        if found is None:
            notes.issues.append(wrong)
        return found

    return chosen


def number(made: Text, whole: bool, low: float | None, high: float | None, out_of_range: Rule) -> Get:
    """A text as a number, within bounds outside of which it cannot be true."""
    wrong, outside = issue(BAD_NUMBER, made.path), issue(out_of_range, made.path)
    pattern = re.compile(r"[+-]?\d{1,15}\Z" if whole else r"[+-]?\d{1,15}(?:\.\d{0,15})?\Z", re.ASCII)
    get = made.get

    def counted(row: Row, notes: Notes) -> Any:
        cell = get(row, notes)
        if cell is None:
            return None
        if pattern.match(cell) is None:
            notes.issues.append(wrong)
            return None
        found = int(cell) if whole else float(cell)
        if (low is not None and found < low) or (high is not None and found > high):
            notes.issues.append(outside)
            return None
        return found

    return counted
