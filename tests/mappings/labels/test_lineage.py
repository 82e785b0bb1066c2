"""Origin through copies (S06): a Provenance carries the label of origin to what was made from a Part 2 record."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.incident import Role
from mappings.labels import Origin, label, label_bundle

CENTER = Origin(reference="Organization/mhc", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
PART2 = "42CFRPart2"
ASTHMA = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "J45.40"}]}


def entry(number: str, **more: Any) -> dict[str, Any]:
    resource = {"resourceType": "Condition", "id": number, "code": ASTHMA, **more}
    return {"fullUrl": f"urn:uuid:{number}", "resource": resource}


def provenance(about: str, **more: Any) -> dict[str, Any]:
    resource = {"resourceType": "Provenance", "target": [{"reference": about}], "agent": [{"who": {"display": "x"}}]}
    return {"fullUrl": f"urn:uuid:p-{about[-1]}", "resource": {**resource, **more}}


def restricted(entries: list[dict[str, Any]], origins: list[Origin | None], **more: Any) -> list[bool]:
    found = label_bundle({"resourceType": "Bundle", "type": "collection", "entry": entries}, origins, **more)
    return [
        any(coding["code"] == PART2 for coding in one["resource"]["meta"]["security"])
        for one in found.resource["entry"]
    ]


def source(reference: str, role: str = "source") -> dict[str, Any]:
    return {"entity": [{"role": role, "what": {"reference": reference}}]}


@pytest.mark.parametrize("role", ["source", "derivation", "revision", "quotation", "removal"])
def test_s06_a_copy_of_a_part_2_record_is_one(role: str) -> None:
    entries = [entry("1"), entry("2"), provenance("urn:uuid:2", **source("urn:uuid:1", role))]
    assert restricted(entries, [PROGRAM, CENTER, CENTER]) == [True, True, True]
    assert restricted(entries, [CENTER, CENTER, CENTER]) == [False, False, False]


def test_s06_by_the_label_that_the_source_came_with() -> None:
    kept = {"meta": {"security": [{"code": PART2}]}}
    entries = [entry("1", **kept), entry("2"), provenance("Condition/2", **source("Condition/1/_history/3"))]
    assert restricted(entries, [CENTER] * 3) == [True, True, True]


def test_through_several_copies_in_any_order() -> None:
    entries = [
        provenance("urn:uuid:3", **source("urn:uuid:2")),
        entry("3"),
        provenance("urn:uuid:2", **source("urn:uuid:1")),
        entry("2"),
        entry("1"),
        entry("4"),
    ]
    assert restricted(entries, [CENTER] * 4 + [PROGRAM, CENTER]) == [True, True, True, True, True, False]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("part2-program", True),
        ("lawful-holder", True),
        ("qso", True),
        ("covered-entity", False),
        ("law-enforcement", False),
        ("intermediary", False),
    ],
)
@pytest.mark.parametrize("key", ["who", "onBehalfOf"])
def test_by_an_agent_with_a_declared_posture(role: Role, expected: bool, key: str) -> None:
    agent = {"who": {"display": "x"}, key: {"reference": "Organization/otp"}}
    entries = [entry("1"), provenance("urn:uuid:1", agent=[agent])]
    assert restricted(entries, [CENTER] * 2, postures={"Organization/otp": role}) == [expected, expected]


def test_by_an_agent_of_the_organization_and_of_the_entity() -> None:
    known: dict[str, Role] = {"urn:ids|otp-7": "part2-program"}
    organization = {"resourceType": "Organization", "id": "o", "identifier": [{"system": "urn:ids", "value": "otp-7"}]}
    worker = {"resourceType": "PractitionerRole", "id": "r", "organization": {"reference": "Organization/o"}}
    people = [{"resource": organization}, {"resource": worker}]
    agents = [{"who": {"reference": "PractitionerRole/r"}}]
    said = [
        provenance("urn:uuid:1", agent=agents),
        provenance("urn:uuid:1", entity=[{"role": "source", "agent": agents}]),
    ]
    for one in said:
        assert restricted([*people, entry("1"), one], [CENTER] * 4, postures=known) == [False, False, True, True]
    by_identifier = [{"who": {"identifier": {"system": "urn:ids", "value": "otp-7"}}}]
    assert restricted([entry("1"), provenance("urn:uuid:1", agent=by_identifier)], [CENTER] * 2, postures=known)[0]


def test_who_only_received_it_says_nothing_about_where_it_came_from() -> None:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
    entries = [
        entry("1"),
        provenance("urn:uuid:1", agent=[{"type": kind, "who": {"reference": "Organization/otp"}}]),
    ]
    assert restricted(entries, [CENTER] * 2, postures={"Organization/otp": "part2-program"}) == [False, False]


def test_a_provenance_takes_nothing_away() -> None:
    entries = [entry("1"), provenance("urn:uuid:1", agent=[{"who": {"reference": "Organization/pd"}}])]
    assert restricted(entries, [PROGRAM, PROGRAM], postures={"Organization/pd": "law-enforcement"}) == [True, True]


def test_the_reason_is_told_and_the_label_says_that_it_is_derived() -> None:
    entries = [entry("1"), entry("2"), provenance("urn:uuid:2", **source("urn:uuid:1"))]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    found = label_bundle(bundle, [PROGRAM, CENTER, CENTER])
    (row,) = [row for row in found.labels if row.code == PART2 and row.path == "Bundle.entry[1].resource"]
    assert "Provenance" in row.because and row.grade == "certain"
    coding = next(one for one in found.resource["entry"][1]["resource"]["meta"]["security"] if one["code"] == PART2)
    artifact = next(one for one in coding["extension"] if one["url"].endswith("related-artifact"))
    assert artifact["valueRelatedArtifact"]["type"] == "documentation"
    assert label(found.resource, origin=CENTER).resource == found.resource


@pytest.mark.parametrize(
    "broken", [{"target": "x"}, {"target": [None, {"reference": 7}]}, {"agent": {}}, {"entity": [7]}]
)
def test_a_broken_provenance_is_read_as_far_as_it_goes(broken: dict[str, Any]) -> None:
    entries = [entry("1"), provenance("urn:uuid:1", **broken)]
    assert restricted(entries, [PROGRAM, CENTER]) == [True, False]
