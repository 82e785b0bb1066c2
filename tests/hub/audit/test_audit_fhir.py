"""Audited events as FHIR AuditEvents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from hub.audit import Event, to_fhir
from mappings.fhir.profile import claim
from profiles.check import check

VALUES: dict[str, Any] = {
    "who": "nurse",
    "action": "R",
    "kind": "document.view",
    "entity_type": "DocumentReference",
    "entity_id": "0b0e5f64-6f6c-8f00-9b8e-000000000001",
    "at": datetime(2026, 3, 29, 1, 0, 0, 123456, tzinfo=UTC),
    "source": "hub",
}


@pytest.mark.parametrize("action", ["C", "R", "U", "D", "E"])
@pytest.mark.parametrize(
    "more", [{}, {"patient_id": "p1", "purpose": "TREAT", "detail": ("law.part2",), "outcome": "4"}]
)
def test_every_event_is_a_valid_audit_event(action: str, more: dict[str, Any]) -> None:
    AuditEvent.model_validate(to_fhir(Event(**(VALUES | {"action": action} | more))))


def test_a_view_of_a_patients_document() -> None:
    made = to_fhir(Event(**VALUES, patient_id="p1", purpose="TREAT", detail=("law.part2",), custody="center"))
    assert made["type"]["code"] == "rest"
    assert [coding["code"] for coding in made["subtype"]] == ["read", "document.view"]
    assert made["recorded"] == "2026-03-29T01:00:00.123Z"
    assert made["outcome"] == "0"
    assert made["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    assert made["agent"][0]["who"]["identifier"]["value"] == "nurse"
    assert made["source"]["observer"]["identifier"]["value"] == "hub"
    document, patient = made["entity"]
    assert document["what"]["reference"] == "DocumentReference/0b0e5f64-6f6c-8f00-9b8e-000000000001"
    assert document["detail"] == [{"type": "rule", "valueString": "law.part2"}]
    assert patient["what"]["reference"] == "Patient/p1"
    assert patient["role"]["code"] == "1"


def test_what_is_no_rest_interaction_and_no_resource() -> None:
    made = to_fhir(Event(**(VALUES | {"action": "E", "entity_type": "hold", "entity_id": "7"})))
    assert made["type"]["code"] == "110100"
    assert [coding["code"] for coding in made["subtype"]] == ["document.view"]
    assert made["entity"][0]["what"]["identifier"]["value"] == "7"
    assert "purposeOfEvent" not in made


@pytest.mark.parametrize(
    ("more", "profile"),
    [
        ({}, "hub-audit-event"),
        ({"action": "E", "kind": "disclosure", "patient_id": "p1", "purpose": "TREAT"}, "disclosure-audit-event"),
        # Without whom it was about, or what for, it is an event like another.
        ({"action": "E", "kind": "disclosure", "purpose": "TREAT"}, "hub-audit-event"),
        ({"action": "E", "kind": "disclosure", "patient_id": "p1"}, "hub-audit-event"),
        ({"action": "C", "kind": "hold.rejected", "entity_type": "hold", "detail": ("law.part2",)}, "hub-audit-event"),
    ],
)
def test_an_event_claims_the_profile_that_it_meets(more: dict[str, Any], profile: str) -> None:
    made = to_fhir(Event(**(VALUES | more)))
    assert made["meta"] == claim(profile)
    assert [issue for issue in check(made) if issue.severity in ("error", "fatal")] == []


@pytest.mark.parametrize(
    ("purpose", "system"),
    [
        ("TREAT", "http://terminology.hl7.org/CodeSystem/v3-ActReason"),
        ("outcome-feedback", "https://warmhandoff.org/fhir/CodeSystem/police-purpose-of-use"),
    ],
)
def test_a_purpose_stands_under_its_own_code_system(purpose: str, system: str) -> None:
    made = to_fhir(Event(**VALUES, purpose=purpose))
    assert made["purposeOfEvent"] == [{"coding": [{"system": system, "code": purpose}]}]
