"""What the independent validator is given to check by: published profiles and ours, as StructureDefinitions."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from profiles.generate import SOURCES, packed
from profiles.package_file import artefacts

Json = dict[str, Any]

#: The release that our profiles are derived from, and the one that they are checked against as well.
US_CORE = ("6.1.0", "7.0.0")

_GRAVITY = "sdoh-clinicalcare-3.0.0.tgz"
_DS4P = "ds4p-1.0.0.tgz"

#: What the validator cannot read of the definitions: `{"url", "slices"}` for slices left out, `{"url", "why"}` for a
#: definition that it cannot load at all. What is not listed fails, and so does what is not so any more.
NOT_READ = Path(__file__).parent / "not-read.json"


@cache
def definitions(us_core: str) -> list[Json]:
    """The StructureDefinitions of DS4P, Gravity SDOHCC, this release of US Core, and our package, in that order.

    DS4P is published without snapshots; its extensions get theirs here.
    """
    found = [_with_snapshot(one) for one in _package(_DS4P)]
    found += _package(_GRAVITY) + _package(f"us-core-{us_core}.tgz")
    return found + [one for one in artefacts().values() if one["resourceType"] == "StructureDefinition"]


def _package(file: str) -> list[Json]:
    with tarfile.open(SOURCES / file) as archive:
        members = sorted(archive.getmembers(), key=lambda member: member.name)
        files = [
            archive.extractfile(member)
            for member in members
            if Path(member.name).name.startswith("StructureDefinition-") and member.name.endswith(".json")
            if "/example/" not in member.name
        ]
        return [json.loads(file.read()) for file in files if file is not None]


def _with_snapshot(extension: Json) -> Json:
    """An extension of one value with its differential laid over R4's Extension. Nothing else is needed here."""
    elements = {one["id"]: dict(one) for one in _extension()}
    for change in extension["differential"]["element"]:
        at = change["id"]
        if at.startswith("Extension.value"):
            at = "Extension.value[x]"
        under = elements[at]
        held = [*under.get("constraint", ()), *change.get("constraint", ())]
        elements[at] = {**under, **change, "id": at, "path": at, **({"constraint": held} if held else {})}
    return {**extension, "snapshot": {"element": list(elements.values())}}


@cache
def _extension() -> list[Json]:
    types = packed("r4-profiles-types.json.gz")
    found: list[Json] = next(one for one in types if one.get("id") == "Extension")["snapshot"]["element"]
    return found


def not_read() -> list[Json]:
    """The list that the run is held to."""
    listed: list[Json] = json.loads(NOT_READ.read_text())
    return listed


def differently(found: list[Json]) -> list[str]:
    """How what the validator did not read differs from the list."""
    listed = not_read()
    wrong = [f"not read by the validator, and not listed so: {row}" for row in found if row not in listed]
    return wrong + [f"stale entry of {NOT_READ.name}: {row}" for row in listed if row not in found]


def artefact_counts() -> Counter[str]:
    """How many of each kind our package has; extensions apart from profiles."""
    return Counter(
        "Extension" if one.get("type") == "Extension" else "Profile" if "snapshot" in one else one["resourceType"]
        for one in artefacts().values()
    )
