"""The verbs of a pack compiled to closures: a row -> a text, a time, a code.

`from const join width zero_pad strip normalise regex fn when table datetime date after`. There is no expression
language; what verbs cannot say is a registered function (`mappings.packs.functions`). A closure never raises on a row:
what it cannot read is an issue with the column, never the cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mappings.found import Rule
from mappings.incident import DateTime
from mappings.packs import functions, paths
from mappings.packs.formats import Row
from mappings.packs.load import Spec
from mappings.packs.tables import Entry, Miss
from profiles.issue import Issue

UNMAPPED = Rule("read.unmapped-code", "warning", "not-found", "a code that the agency's table does not have")
UNDATED = Rule(
    "read.undated-code", "warning", "not-found", "a code that the agency's table has for other days, or no day is known"
)
AMBIGUOUS_CODE = Rule("read.ambiguous-code", "warning", "multiple-matches", "patterns that disagree match this id")
NOT_ONE = Rule("read.not-one-value", "warning", "structure", "one text is expected here, not an object or a list")
NO_MATCH = Rule("read.no-match", "warning", "value", "the text does not have the form that the pack's regex expects")
WIDTH = Rule(
    "read.width", "warning", "value", "the text is shorter or longer than the pack expects: zeros before it may be lost"
)
FUNCTION_FAILED = Rule("read.function-failed", "warning", "exception", "the pack's registered function failed")

#: Verbs that give a text; each kind of field adds its own.
TEXT_VERBS = ("from", "const", "join", "width", "zero_pad", "strip", "normalise", "regex", "fn", "when")
#: What `when` asks of a column.
CONDITIONS = ("not_empty", "equals", "in", "not_in", "matches")
#: What `normalise` does.
NORMALISE = ("spaces", "upper", "lower", "digits")
MISSES: dict[Miss, Rule] = {"unmapped": UNMAPPED, "undated": UNDATED, "ambiguous": AMBIGUOUS_CODE}


_NO_TIMES: dict[str, DateTime] = {}


class Notes:
    """What is found in one row. `day` is the incident's, for tables with validity."""

    __slots__ = ("day", "filled", "issues", "place", "refers", "shape", "times", "twice")

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.day: str | None = None
        #: The place of the item in hand in its list.
        self.place = 0
        #: The incident's stages, for units' times that are told as durations after them.
        self.times = _NO_TIMES
        #: Stage times that come twice: (stage, column, first, second, the pack's rule for them).
        self.twice: list[tuple[str, str, DateTime, DateTime, str]] = []
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
    #: What is read of each row of a group; None where the pack groups no rows.
    each_row: paths.Known | None = None
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

    def place(self, spec: Spec) -> int | None:
        """The place of a column's cell in a row; None where rows are not cells."""
        if self.columns is None or self.pieces:
            return None
        return self.columns.index(spec.text())

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
    """A compiled text: its closure, its source path, and whether it is a constant.

    `place` is the cell's place where the text is one column as it stands, for closures that all rows come by.
    """

    get: Get
    path: str
    constant: bool = False
    cells: tuple[Get, ...] = field(default=(), repr=False)
    place: int | None = None


def text(keys: dict[str, Spec], at: Spec, scope: Scope) -> Text:
    """The text that `from` or `const` and the verbs beside them give. PackError on what they cannot mean."""
    if ("from" in keys) == ("const" in keys):
        at.fail("expected `from` or `const`, one of them", "pack.missing-key")
    if "const" in keys:
        for verb in TEXT_VERBS[2:-1]:
            if verb in keys:
                keys[verb].fail("expected no such key beside const", "pack.unknown-key")
        value = keys["const"].text()
        return Text(get=lambda row, notes: value, path="", constant=True)
    cells = [scope.cell(spec) for spec in keys["from"].items()]
    if not cells:
        keys["from"].fail("expected a column")
    path = ",".join(where for _, where in cells)
    for verb, change in (("zero_pad", _zero_pad), ("width", _width)):
        if verb in keys:
            cells = _each_width(cells, keys[verb], [spec.text() for spec in keys["from"].items()], change)
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
            get = _then(get, _NORMAL[how.one_of(NORMALISE)])
    if "regex" in keys:
        get = _regex(get, keys["regex"], path)
    if "fn" in keys:
        get = _call(get, keys["fn"], path)
    bare = len(cells) == 1 and not keys.keys() & set(TEXT_VERBS[2:-1])
    place = scope.place(keys["from"].items()[0]) if bare else None
    return Text(get=get, path=path, cells=tuple(one for one, _ in cells), place=place)


def _each_width(
    cells: list[tuple[Get, str]], spec: Spec, columns: list[str], change: Callable[[Get, int, str], Get]
) -> list[tuple[Get, str]]:
    """The cells with a width (`4`, or `{column: 4}` where there are several) looked after, before they are joined."""
    if spec.is_text:
        if len(columns) > 1:
            spec.fail("expected `{column: number}`: `from` has several columns")
        widths = {columns[0]: spec.count(1, 100)}
    else:
        widths = {}
        for column, given in spec.mapping().items():
            if column not in columns:
                given.fail("expected a column of `from`: " + ", ".join(columns), "pack.column")
            widths[column] = given.count(1, 100)
    return [
        (change(get, widths[column], path), path) if column in widths else (get, path)
        for column, (get, path) in zip(columns, cells, strict=True)
    ]


def _zero_pad(get: Get, width: int, path: str) -> Get:
    def padded(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        return value.zfill(width) if value is not None and value.isascii() and value.isdigit() else value

    return padded


def _width(get: Get, width: int, path: str) -> Get:
    wrong = issue(WIDTH, path)

    def measured(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        if value is not None and len(value) != width:
            notes.issues.append(wrong)
        return value

    return measured


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
    pattern = _pattern(spec)
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


def _pattern(spec: Spec) -> re.Pattern[str]:
    try:
        return re.compile(spec.text())
    except re.error:
        spec.fail("expected a regular expression")


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
    """`when`: every column named meets its condition (not_empty, equals, in, not_in, matches)."""
    tests: list[Test] = []
    for column, wanted in spec.mapping().items():
        # A mapping's key is a place as well: its errors stand on its own line.
        cell, _ = scope.cell(Spec(column, wanted.file, wanted.line, wanted.key))
        keys = wanted.mapping(CONDITIONS)
        if len(keys) != 1:
            wanted.fail("expected one of: " + ", ".join(CONDITIONS), "pack.missing-key")
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
    if "matches" in keys:
        match = _pattern(keys["matches"]).fullmatch
        return lambda row: (text := cell(row, quiet)) is not None and match(text) is not None
    if "not_in" in keys:
        # Nothing is not known to be another: an empty column meets no condition but not_empty.
        others = frozenset(keys["not_in"].texts())
        return lambda row: (text := cell(row, quiet)) is not None and text not in others
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
