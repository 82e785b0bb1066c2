"""The committed tables are what the sources give, and every invariant of R4 is held or named with its reason."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from profiles import generate
from profiles.definitions import r4, resource_types
from profiles.invariants import IN_PASSING, INVARIANTS, NOT_HELD, invariant
from profiles.primitives import FORMS, PRIMITIVES


def constraints() -> Iterator[tuple[str, str]]:
    for name, structure in r4()["types"].items():
        for key in structure.get("constraints", ()):
            yield name, key
        for element in structure["elements"]:
            for key in element.get("constraints", ()):
                yield f"{name}.{element['name']}", key


def test_committed_tables_are_those_of_the_sources() -> None:
    assert orjson.loads(gzip.decompress(generate.GENERATED.read_bytes())) == generate.tables()


def test_all_r4_resources_are_there() -> None:
    assert len(resource_types()) == 146
    assert {"Encounter", "Task", "MessageHeader", "Bundle", "Parameters", "Binary"} <= resource_types()
    assert "SubscriptionStatus" not in resource_types()  # R4B


def test_every_type_named_in_the_tables_is_defined() -> None:
    types = r4()["types"]
    for structure in types.values():
        for element in structure["elements"]:
            for kind in element["types"]:
                assert kind["code"] in types or kind["code"] in PRIMITIVES
                assert set(kind.get("targets", ())) <= resource_types()


def test_extensions_of_r4_and_us_core_are_there() -> None:
    extensions = r4()["extensions"]
    assert len(extensions) == 404
    race = extensions["http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"]["parts"]
    assert {name: (p["min"], p.get("max")) for name, p in race.items()} == {
        "ombCategory": (0, 6),
        "detailed": (0, None),
        "text": (1, 1),
    }


def test_every_primitive_of_r4_has_a_check() -> None:
    assert set(r4()["primitives"]) <= set(PRIMITIVES)


def test_every_cardinality_is_one_or_many() -> None:
    """`check` tells a single value from an array, and counts nothing else: R4 has no other maximum."""
    elements = [e for t in r4()["types"].values() for e in t["elements"]]
    assert {e.get("max") for e in elements} == {1, None}
    assert {e["min"] for e in elements} == {0, 1}


def bindings(value: Any) -> Iterator[str]:
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from bindings(item)
    if isinstance(value, dict) and isinstance(value.get("binding"), str):
        yield value["binding"]


def test_every_required_binding_has_codes_or_a_reason() -> None:
    bound = {*bindings(r4()["types"]), *bindings(r4()["extensions"])}
    assert bound - set(r4()["valuesets"]) == set(generate.NOT_ENUMERABLE)
    assert set(FORMS) <= set(generate.NOT_ENUMERABLE)
    assert all(codes for systems in r4()["valuesets"].values() for codes in systems.values())


def test_required_codes_are_complete() -> None:
    """Task.status and Encounter.status in full: tables scraped from short texts end in `+`."""
    sets = r4()["valuesets"]
    assert len(sets["http://hl7.org/fhir/ValueSet/task-status"]["http://hl7.org/fhir/task-status"]) == 12
    assert len(sets["http://hl7.org/fhir/ValueSet/encounter-status"]["http://hl7.org/fhir/encounter-status"]) == 9


def test_every_invariant_of_r4_is_held_or_has_a_reason() -> None:
    for place, key in constraints():
        unheld = key in NOT_HELD or any(key.startswith(p) for p in NOT_HELD if p.endswith("-"))
        held = invariant(place, key) is not None or key in IN_PASSING
        # keys such as sdf-0 are a warning about the name, which is held
        assert held or unheld or (place.startswith("TestReport") and key == "inv-1"), (place, key)


def test_every_invariant_we_hold_is_one_of_r4() -> None:
    places, keys = set(constraints()), {key for _, key in constraints()}
    for place, key in INVARIANTS:
        assert key in keys if place == "*" else (place, key) in places, (place, key)


def test_a_binding_that_cannot_be_expanded_stops_generation() -> None:
    terminology = generate.Terminology(
        [{"resourceType": "ValueSet", "url": "v", "compose": {"include": [{"system": "s", "filter": []}]}}]
    )
    with pytest.raises(LookupError):
        terminology.expand("v")
