"""`table` and its kin: columns compiled to codes, to words of a closed list, to numbers."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from mappings.found import Rule
from mappings.incident import Coded
from mappings.packs.damage import ERROR, damage
from mappings.packs.formats import Row
from mappings.packs.load import Spec
from mappings.packs.tables import Entry, Table, UnitTable
from mappings.packs.verbs import MISSES, TEXT_VERBS, UNMAPPED, Get, Make, Notes, Scope, Text, issue, text
from profiles.issue import Issue

BAD_NUMBER = Rule("read.bad-number", "warning", "value", "a number is expected here: the field is left unknown")

#: How many different codes a field remembers before it starts again.
_REMEMBERED = 20_000

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
    seen: dict[tuple[str, str | None, str | None], tuple[Coded | None, tuple[Issue, ...], Entry | None]] = {}

    def look_up(code: str, given: str | None, day: str | None) -> tuple[Coded | None, tuple[Issue, ...], Entry | None]:
        found = None if table is None else table.find(code, day)
        if table is not None and isinstance(found, Entry):
            value = Coded(code=code, system=table.system, text=given or found.text, mapped=found.mapped)
            return value, (), found if found.refers_to else None
        spoilt = damage(code)
        missed: tuple[Issue, ...] = () if spoilt is None else (issue(spoilt, made.path),)
        if spoilt is ERROR:
            return None if given is None else Coded(text=given), missed, None
        if table is not None and isinstance(found, str) and table.queue:
            missed = (issue(MISSES[found], made.path), *missed)
        return Coded(code=code, system=system if table is None else table.system, text=given), missed, None

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
        if missed:
            notes.issues += missed
        if refers is not None:
            notes.refers.append(refers)
        return value

    first = made.place
    if dated or first is None:
        return make, ",".join(paths_read)
    # Cells as they stand, without a table of several days: what they mean is looked up by the cells themselves.
    second = first if "text" not in keys else scope.place(keys["text"])
    assert second is not None
    known: dict[tuple[str, str], tuple[Coded | None, tuple[Issue, ...], Entry | None]] = {}

    def quick(row: Row, notes: Notes) -> Coded | None:
        cells = (row[first], row[second])
        hit = known.get(cells)
        if hit is None:
            if len(known) > _REMEMBERED:
                known.clear()
            code = get(row, notes)
            given = label(row, notes) if label is not None else None
            if code is None:
                hit = (None if given is None else Coded(text=given)), (), None
            else:
                hit = look_up(code, given, None)
            known[cells] = hit
        value, missed, refers = hit
        if missed:
            notes.issues += missed
        if refers is not None:
            notes.refers.append(refers)
        return value

    return quick, ",".join(paths_read)


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
                notes.issues.append(issue(MISSES[found], made.path))
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
