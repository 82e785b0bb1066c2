"""How a sample case is read: as its `case.json` says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mappings import Agency, Incident, Rejected, read
from mappings.cad.registries import registries_of
from mappings.cad.versions import read_joined


def input_of(case: Path) -> bytes:
    """The bytes of a case's `input.*`."""
    return next(path for path in sorted(case.iterdir()) if path.stem == "input").read_bytes()


def records(case: Path, told: dict[str, Any], agency: Agency | None) -> Iterator[Incident | Rejected]:
    """The records of a case. `join`: its documents are joined first. `registry`: a file of registries beside it."""
    registries = registries_of((case / told["registry"]).read_bytes()) if "registry" in told else None
    if told.get("join"):
        return read_joined([input_of(case)], agency, registries)
    return read(input_of(case), told["source"], agency, registries=registries)
