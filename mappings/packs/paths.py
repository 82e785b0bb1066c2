"""Paths into a JSON or XML row (`a.b[0].c`), and the account of which of its fields something reads.

A list where one value is meant counts as that value when it has one item: XML does not tell one from several.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from mappings.found import under
from mappings.packs.formats import DEEPEST

#: A step of a path: a member's name, the place in a list, or ANY.
Step: TypeAlias = str | int

#: Every item of a list (`parties[].ssn`), in `drop` and `cjis`.
ANY = "[]"

_STEP = re.compile(r"([^.\[\]]+)((?:\[\d*\])*)\Z")
_PLACE = re.compile(r"\[(\d*)\]")


def parse(text: str, *, lists: bool = False) -> tuple[Step, ...] | None:
    """The steps of a path, or None when it is not one. `.` is the row itself. `lists` allows `[]`."""
    if text == ".":
        return ()
    steps: list[Step] = []
    for part in text.split("."):
        match = _STEP.match(part)
        if match is None:
            return None
        steps.append(match[1])
        for place in _PLACE.findall(match[2]):
            if not place and not lists:
                return None
            steps.append(int(place) if place else ANY)
    return tuple(steps)


def reader(steps: tuple[Step, ...]) -> Callable[[Any], Any]:
    """What stands at the path in a row, or None."""
    if len(steps) == 1 and isinstance(steps[0], str):
        name = steps[0]
        return lambda row: row.get(name) if type(row) is dict else None

    def read(row: Any) -> Any:
        for step in steps:
            if type(step) is int:
                if type(row) is list:
                    row = row[step] if step < len(row) else None
                elif step:
                    return None
            else:
                if type(row) is list and len(row) == 1:
                    row = row[0]
                if type(row) is not dict:
                    # Several where one was meant: the caller says so.
                    return row if type(row) is list and row else None
                row = row.get(step)
        return row

    return read


def count(row: Any, steps: tuple[Step, ...]) -> int:
    """How many values stand at the path; null and empty ones do not count. The values are not looked at further."""
    for n, step in enumerate(steps):
        if type(row) is list and step != ANY and type(step) is not int:
            return sum(count(item, steps[n:]) for item in row)
        if step == ANY:
            return sum(count(item, steps[n + 1 :]) for item in (row if type(row) is list else [row]))
        if type(step) is int:
            row = (row[step] if step < len(row) else None) if type(row) is list else (None if step else row)
        elif type(row) is dict:
            row = row.get(step)
        else:
            return 0
    return 0 if row is None or row in ("", [], {}) else 1


class Known:
    """The paths that something reads (`value`: the scalar there), or that are accounted for whole."""

    __slots__ = ("kids", "value", "whole")

    def __init__(self) -> None:
        self.value = False
        self.whole = False
        self.kids: dict[Step, Known] = {}

    def add(self, steps: tuple[Step, ...], *, whole: bool = False) -> None:
        """The path is read; `whole` with everything below it."""
        at = self
        for step in steps:
            at = at.kids.setdefault(step, Known())
        at.value = True
        at.whole = at.whole or whole


def unused(row: Any, known: Known) -> tuple[str, ...]:
    """The fields of this row that nothing reads, each once, items of a list together (`units[].note`)."""
    found: dict[str, None] = {}
    _unused(row, known, "", found, 0)
    return tuple(found)


def _unused(value: Any, known: Known | None, path: str, found: dict[str, None], depth: int) -> None:
    if value is None or value in ("", [], {}) or (known is not None and known.whole):
        return
    if depth > DEEPEST or known is None:
        found[path] = None
        return
    if type(value) is list:
        for n, item in enumerate(value):
            at = known.kids.get(ANY) or known.kids.get(n)
            if at is None and len(value) == 1:
                at = known
            _unused(item, at, f"{path}[]", found, depth + 1)
    elif type(value) is dict:
        # One item where a list may be: XML with a single child.
        one = known.kids.get(ANY) or known.kids.get(0)
        if one is not None:
            _unused(value, one, path, found, depth + 1)
            return
        for name, item in value.items():
            at = known.kids.get(name)
            if at is None and name == "#text" and known.value:
                continue
            _unused(item, at, under(path, name), found, depth + 1)
    elif not known.value and ANY not in known.kids and 0 not in known.kids:
        found[path] = None
