"""Codes that only a terminology server could check: the list, and the definitions that are made of it for the run.

`codes-elsewhere.json` has a row a code: its system, which has no definition here (LOINC, SNOMED CT, ICD-10-CM, CDC
race), the value sets that it is in by a rule that cannot be carried out here, and why we say so. A code of these
systems that is not listed is found fault with; a row that nothing uses fails the check.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

FILE = Path(__file__).parent / "codes-elsewhere.json"


def listed(file: Path = FILE) -> list[Json]:
    """The rows. Raises ValueError for one without a reason."""
    rows: list[Json] = json.loads(file.read_text())
    if any(not row["reason"].strip() for row in rows):
        raise ValueError("a code has no reason")
    return rows


def completed(definitions: Iterable[Json], rows: list[Json]) -> Iterator[Json]:
    """The definitions, with a fragment of each listed system, and value sets that name the listed codes one by one.

    Where a value set takes concepts of such a system by a filter, it takes those that are listed as in it; one that
    nobody here has (VSAC's) is made of them. Everything else stays as it is.
    """
    systems = {row["system"] for row in rows}
    missing = {url for row in rows for url in row["in"]}
    for definition in definitions:
        if definition["resourceType"] == "ValueSet":
            missing.discard(definition["url"])
            yield _enumerated(definition, rows, systems)
        else:
            yield definition
    for system in sorted(systems):
        codes = [{"code": row["code"]} for row in rows if row["system"] == system]
        yield {
            "resourceType": "CodeSystem",
            "url": system,
            "status": "active",
            "caseSensitive": True,
            "content": "fragment",
            "concept": codes,
        }
    for url in sorted(missing):
        yield {"resourceType": "ValueSet", "url": url, "status": "active", "compose": {"include": _of(url, rows)}}


def _enumerated(value_set: Json, rows: list[Json], systems: set[str]) -> Json:
    includes = value_set.get("compose", {}).get("include", [])
    if not any("filter" in one and one.get("system") in systems for one in includes):
        return value_set
    made = copy.deepcopy(value_set)
    kept = [one for one in includes if "filter" not in one or one.get("system") not in systems]
    made["compose"]["include"] = kept + _of(value_set["url"], rows)
    if not made["compose"]["include"]:
        del made["compose"]
    return made


def _of(url: str, rows: list[Json]) -> list[Json]:
    found: dict[str, list[Json]] = {}
    for row in rows:
        if url in row["in"]:
            found.setdefault(row["system"], []).append({"code": row["code"]})
    return [{"system": system, "concept": concepts} for system, concepts in found.items()]


def stale(rows: list[Json], resources: Iterable[Json]) -> list[str]:
    """What is wrong with the list: the codes in it that none of these resources has."""
    used: set[tuple[str, str]] = set()
    for resource in resources:
        used.update(_codes(resource))
    return [
        f"stale entry of {FILE.name}: {row['system']} {row['code']}"
        for row in rows
        if (row["system"], row["code"]) not in used
    ]


def _codes(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("system"), str) and isinstance(value.get("code"), str):
            yield value["system"], value["code"]
        for held in value.values():
            yield from _codes(held)
    elif isinstance(value, list):
        for held in value:
            yield from _codes(held)
