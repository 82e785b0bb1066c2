"""The committed table of profiles is what the definitions give, and every constraint of ours is held or explained."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from profiles import CANONICAL, expansions, generate_profiles
from profiles.definitions import profile_tables, r4, resource_types
from profiles.generate import Terminology
from profiles.primitives import PRIMITIVES
from profiles.profile_check import profile
from profiles.profile_invariants import INVARIANTS, NOT_HELD

Json = dict[str, Any]

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


def walk(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(item)


def test_committed_table_is_that_of_the_definitions() -> None:
    committed = orjson.loads(gzip.decompress(generate_profiles.GENERATED.read_bytes()))
    assert committed == orjson.loads(orjson.dumps(generate_profiles.tables()))


def test_profiles_of_all_packages_are_there() -> None:
    known = profile_tables()["profiles"]
    count = {v: sum(k.startswith(_US_CORE) and k.endswith(f"|{v}") for k in known) for v in ("6.1.0", "7.0.0")}
    assert count == {"6.1.0": 49, "7.0.0": 52}
    assert sum("/sdoh-clinicalcare/" in key for key in known) == 22
    assert profile_tables()["default"][f"{_US_CORE}us-core-patient"].endswith("|6.1.0")  # our minimum
    # what only 7.0.0 has is meant without a version too
    assert profile_tables()["default"][f"{_US_CORE}us-core-average-blood-pressure"].endswith("|7.0.0")


def test_every_profile_compiles_and_is_of_an_r4_resource() -> None:
    for key, row in profile_tables()["profiles"].items():
        assert row["type"] in resource_types()
        assert profile(key).type == row["type"]
        assert set(row["derives"]) <= set(profile_tables()["profiles"]), key


def test_every_constraint_is_held_or_has_a_reason() -> None:
    for key, row in profile_tables()["profiles"].items():
        for node in walk(row["root"]):
            for place, constraint in node.get("constraints", ()):
                unheld = any(constraint == n or (n.endswith("-") and constraint.startswith(n)) for n in NOT_HELD)
                assert ((place, constraint) in INVARIANTS) != unheld, (key, place, constraint)


def test_every_invariant_we_hold_is_one_of_a_profile() -> None:
    places = {
        tuple(c)
        for row in profile_tables()["profiles"].values()
        for node in walk(row["root"])
        for c in node.get("constraints", ())
    }
    assert set(INVARIANTS) <= places


def test_none_of_our_constraints_is_left_out() -> None:
    assert not any(key.startswith("wh-") for key in NOT_HELD)


def test_every_value_set_has_codes_and_every_open_system_a_reason() -> None:
    bound = {n["binding"] for row in profile_tables()["profiles"].values() for n in walk(row["root"]) if "binding" in n}
    tables = profile_tables()["valuesets"]
    assert bound <= set(tables) | set(r4()["valuesets"])
    for url, systems in tables.items():
        assert systems, url
        for system, codes in systems.items():
            assert codes or (codes is None and system in expansions.OPEN_SYSTEMS), (url, system)


def test_targets_are_types_of_resources() -> None:
    for key, row in profile_tables()["profiles"].items():
        for node in walk(row["root"]):
            assert set(node.get("targets", ())) <= resource_types(), key
            assert set(node.get("resources", ())) <= resource_types(), key


def test_slices_that_cannot_be_decided_demand_nothing() -> None:
    """Each is by what a reference resolves to, or by codes that the sources do not hold; none has a minimum."""
    names = {name for listed in profile_tables()["undecided"].values() for name in listed}
    assert names == {
        "Condition.evidence.detail:SupportedDetail",
        "Goal.addresses:SupportedAddresses",
        "Goal.outcomeReference:SupportedOutcomeReference",
        "Observation.component:DetailedEthnicity",
        "Observation.component:DetailedRace",
        "Observation.component:EthnicityDescription",
        "Observation.component:Race",
        "Observation.component:RaceDescription",
        "Observation.derivedFrom:SupportedDerivedFrom",
        "Observation.hasMember:SupportedHasMember",
        "Procedure.basedOn:SupportedBasedOn",
        "Procedure.reasonReference:SupportedReasonReference",
        "ServiceRequest.basedOn:SupportedBasedOn",
        "ServiceRequest.reasonReference:SupportedReasonReference",
        "ServiceRequest.supportingInfo:SupportedSupportingInfo",
        "Task.partOf:SupportedPartOf",
    }
    for row in profile_tables()["profiles"].values():
        for node in walk(row["root"]):
            for part in node.get("slices", ()):
                assert "match" in part or "keys" in part or "min" not in part
                assert "match" in part or "keys" in part or "closed" not in node


def test_nothing_is_asked_of_extensions_of_primitive_choices() -> None:
    """Which `profile_check` would pass over: no profile asks it."""
    for key, row in profile_tables()["profiles"].items():
        for node in walk(row["root"]):
            for element in (e for e in node.get("elements", ()) if "choice" in e):
                for part in (element, *element.get("slices", ())):
                    keys = part.get("keys") or element.get("types") or element["choice"]
                    if not any(element["choice"][k] in PRIMITIVES for k in keys):
                        continue
                    names = {e["name"] for e in part.get("value", {}).get("elements", ()) if set(e) - {"name", "ms"}}
                    assert "extension" not in names, (key, element["name"])


def test_extensions_of_ds4p_gravity_and_ours_are_there() -> None:
    extensions = profile_tables()["extensions"]
    display = extensions["http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-display"]
    assert display == {"types": [{"code": "Annotation"}], "value": 1}
    assert sum("/sdoh-clinicalcare/" in url for url in extensions) == 3
    assert any(url.startswith(CANONICAL) for url in extensions)


def test_a_system_that_is_not_whole_stops_generation() -> None:
    value_set = {"resourceType": "ValueSet", "url": "v", "compose": {"include": [{"system": "s"}]}}
    bound = expansions.Bound({"p": Terminology([value_set])})
    with pytest.raises(LookupError):
        bound("v", expansions.Package("p", "1", "1"))
    with pytest.raises(KeyError):
        bound("w", expansions.Package("p", "1", "1"))
