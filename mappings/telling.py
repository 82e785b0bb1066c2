"""What one source says of an incident: a record with who tells it, as merging takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from mappings.incident import Incident
from mappings.record import record
from mappings.source_paths import source_path

#: What sort of record it is: it says who is believed for what.
Kind = Literal["cad", "report", "contact"]


@record
class Telling:
    """What one source says of an incident. `source` is its unique name; `arrived` orders versions without a time."""

    incident: Incident
    kind: Kind
    source: str
    arrived: tuple[int, ...] = ()

    @property
    def owner(self) -> str:
        """Whose record it is."""
        return self.incident.organization or self.incident.agency

    @property
    def key(self) -> str:
        """What its ids are made of when it stands alone."""
        return self.incident.key or ""


def place(one: Telling) -> Callable[[str], str]:
    """How a field's place in this telling is told: the source's name and its own path."""
    paths = one.incident.reading.paths
    return lambda path: f"{one.source}: {source_path(paths, path)}"


def inside(one: Telling, part: str) -> Callable[[str], str]:
    """As `place`, for the fields of one part of the record."""
    at = place(one)
    return lambda name: at(f"{part}.{name}")
