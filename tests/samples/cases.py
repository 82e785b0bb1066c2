"""How a sample case is read: as its `case.json` says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mappings import GENERIC, Agency, Incident, Partner, Rejected, Translation, read, translate_v2
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


def is_message(told: dict[str, Any]) -> bool:
    """Whether a case is an HL7 v2 message, which becomes resources without an Incident between."""
    return bool(told["source"] == "hl7v2")


def message_translation(case: Path, told: dict[str, Any]) -> Translation:
    """The translation of a case that is an HL7 v2 message. `partner`: whose it is; `zone`: that of local times."""
    return translate_v2(
        input_of(case),
        partner=Partner(id=told["partner"]) if "partner" in told else GENERIC,
        zone=ZoneInfo(told["zone"]) if "zone" in told else None,
        now=datetime.fromisoformat(told["now"]),
    )
