"""The codes of a record that nobody has mapped: what a reviewer has to add to the agency's table.

A code is unmapped as `translate` has it: the source's own code, no published one, with nothing beside it. Words
without a code are words; there is nothing that a table could map by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from mappings.fhir.draft import published
from mappings.incident import Coded, Incident
from mappings.record import record
from mappings.source_paths import source_path


@record
class Unmapped:
    """One code as it stands in a record: `field` is its path without numbers (`units[].status`).

    `code` None: a code that reading looked up for something else than a code (a role, a sort of unit), and did not
    find; the record has no place for it, and `field` is its place in the source.
    """

    field: str
    code: str | None = None
    system: str | None = None
    text: str | None = None


def unmapped(incident: Incident) -> Iterator[Unmapped]:
    """Every unmapped code of a record, as often as it stands there."""
    paths = incident.reading.paths
    named: set[str] = set()
    for path, coded in _in(incident, ""):
        named |= {path, source_path(paths, path)}
        yield Unmapped(field=_NUMBER.sub("[]", path), code=coded.code, system=coded.system, text=coded.text)
    for issue in incident.reading.issues:
        if issue.rule.endswith(".unmapped-code") and issue.path not in named:
            yield Unmapped(field=_NUMBER.sub("[]", issue.path))


_NUMBER = re.compile(r"\[[0-9]+\]")


def _in(value: Any, path: str) -> Iterator[tuple[str, Coded]]:
    if isinstance(value, Coded):
        if value.code and not value.mapped and not (value.system and published(value.system)):
            yield path, value
    elif isinstance(value, tuple):
        for n, each in enumerate(value):
            if not isinstance(each, str):
                yield from _in(each, f"{path}[{n}]")
    elif is_dataclass(value) and not isinstance(value, type):
        for name in _parts(value.__class__):
            inner = getattr(value, name)
            if inner is not None and inner.__class__ is not str:
                yield from _in(inner, f"{path}.{name}" if path else name)


@lru_cache(maxsize=64)
def _parts(cls: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cls) if each.name != "reading")
