"""The exports of a stored Consent: what IHE PCF and HL7 FAST ask for and forbid, and nothing let go by leaving out."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from mappings.fhir.consent import PART2_ELEMENTS
from mappings.fhir.consent_export import PCF_LABELS, export_consent
from mappings.fhir.systems import CONSENT_SCOPE

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ROLE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
BESIDE = [
    {"resourceType": "Patient", "id": "p", "identifier": [
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "000-00-0000"},
        {"system": "https://records.example.org/mrn", "value": "M-1"}]},
    {"resourceType": "Organization", "id": "otp", "identifier": [
        {"system": "https://warmhandoff.org/fhir/sid/organization", "value": "otp"},
        {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}]},
    {"resourceType": "Organization", "id": "mhc", "identifier": [
        {"system": "https://warmhandoff.org/fhir/sid/organization", "value": "mhc"}]},
]  # fmt: skip


def stored(**provision: Any) -> dict[str, Any]:
    """A single consent as the hub keeps one."""
    return {
        "resourceType": "Consent",
        "id": "c",
        "meta": {
            "profile": ["https://warmhandoff.org/fhir/StructureDefinition/part2-consent"],
            "versionId": "3",
            "security": [{"system": ACT, "code": "42CFRPart2"}],
        },
        "extension": [
            {"url": PART2_ELEMENTS, "extension": [{"url": "revocationStatement", "valueBoolean": True}]},
        ],
        "identifier": [
            {"system": "https://warmhandoff.org/fhir/sid/consent", "value": "7"},
            {"system": "https://warmhandoff.org/fhir/sid/resource", "value": "c"},
        ],
        "status": "active",
        "scope": {"coding": [{"system": CONSENT_SCOPE, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "urn:uuid:p"},
        "dateTime": "2026-11-21T12:00:00Z",
        "performer": [{"reference": "urn:uuid:p"}],
        "organization": [{"reference": "urn:uuid:otp"}],
        "sourceReference": {"reference": "urn:uuid:d"},
        "policy": [{"authority": "https://example.org", "uri": "https://www.ecfr.gov/current/title-42/section-2.31"}],
        "policyRule": {"text": "x"},
        "provision": {
            "type": "permit",
            "period": {"end": "2027-11-21"},
            "actor": [{"role": ROLE, "reference": {"reference": "urn:uuid:mhc"}}],
            "purpose": [{"system": REASON, "code": code} for code in ("TREAT", "HPAYMT", "HOPERAT")],
            **provision,
        },
    }  # fmt: skip


def labels(*codes: str) -> list[dict[str, str]]:
    return [{"system": ACT, "code": code} for code in codes]


def rules(consent: dict[str, Any], profile: Any) -> list[tuple[str, str]]:
    return [(one.rule, one.path) for one in export_consent(consent, profile, beside=BESIDE).issues]


@pytest.mark.parametrize(
    ("provision", "level"),
    [
        ({}, "Basic"),
        ({"purpose": [{"system": REASON, "code": "HRESCH"}]}, "Intermediate"),
        ({"dataPeriod": {"start": "2026-01-01"}}, "Intermediate"),
        ({"provision": [{"type": "deny", "purpose": [{"system": REASON, "code": "HPAYMT"}]}]}, "Intermediate"),
        ({"securityLabel": labels("SUD")}, "Advanced"),
        ({"provision": [{"type": "deny", "securityLabel": labels("HIV")}]}, "Advanced"),
    ],
)
def test_pcf_claims_the_least_profile_that_has_room(provision: dict[str, Any], level: str) -> None:
    made = export_consent(stored(**provision), "pcf").consent
    assert made is not None
    assert made["meta"]["profile"] == [f"https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consent{level}"]


def test_pcf_has_what_it_asks_for_and_nothing_that_it_forbids() -> None:
    """IHE PCF 1.1.0: organization 1..*, source 1..1, policy.uri 1..1; authority, policyRule, verification 0..0."""
    made = export_consent(stored(securityLabel=labels("SUD", "MH", "HIV")) | {"verification": [{}]}, "pcf").consent
    assert made is not None
    assert made["organization"] == [{"reference": "urn:uuid:otp"}]
    assert made["policy"] == [{"uri": "https://www.ecfr.gov/current/title-42/section-2.31"}]
    assert "policyRule" not in made
    assert "verification" not in made
    assert [one["code"] for one in made["provision"]["securityLabel"]] == ["ETH", "PSY", "HIV"]
    assert {(one["system"], one["code"]) for one in made["provision"]["securityLabel"]} <= PCF_LABELS
    assert made["extension"] == stored()["extension"]  # the elements of 2.31 stay: the profile is open to them


def test_fast_names_everybody_by_identifier_and_has_no_organization() -> None:
    """FAST Consent 1.0.0: organization 0..0, controller and grantee as R5's extensions, identifiers of their own."""
    made = export_consent(stored(), "fast", beside=BESIDE).consent
    assert made is not None
    assert "organization" not in made
    assert made["meta"] == {
        "profile": ["http://hl7.org/fhir/us/consent-management/StructureDefinition/FASTConsent"],
        "security": [{"system": ACT, "code": "42CFRPart2"}],
    }
    by = {one["url"].rpartition(".")[2]: one.get("valueReference") for one in made["extension"]}
    npi = {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}}
    center = {"identifier": {"system": "https://warmhandoff.org/fhir/sid/organization", "value": "mhc"}}
    assert (by["controller"], by["manager"], by["grantee"]) == (npi, npi, center)
    assert made["provision"]["actor"][0]["reference"] == center
    assert made["patient"] == {"identifier": {"system": "https://records.example.org/mrn", "value": "M-1"}}
    assert len(made["identifier"]) == 1
    assert "urn:uuid:" not in json.dumps({**made, "sourceReference": None})
    assert "us-ssn" not in json.dumps(made)


@pytest.mark.parametrize("profile", ["pcf", "fast"])
@pytest.mark.parametrize(
    ("without", "path"),
    [
        ("organization", "Consent.organization"),
        ("sourceReference", "Consent.source"),
        ("performer", "Consent.performer"),
        ("dateTime", "Consent.dateTime"),
        ("policy", "Consent.policy.uri"),
        ("scope", "Consent.scope"),
        ("patient", "Consent.patient"),
    ],
)
def test_what_the_form_lacks_is_not_made_up(profile: Any, without: str, path: str) -> None:
    consent = stored()
    consent.pop(without)
    made = export_consent(consent, profile, beside=BESIDE)
    assert made.consent is None
    assert ("consent.export-missing", path) in rules(consent, profile)


@pytest.mark.parametrize(
    ("provision", "profile", "rule"),
    [
        # S45: a deny that could not name its label would be about nothing
        ({"provision": [{"type": "deny", "securityLabel": labels("PSYTHPN")}]}, "pcf", "consent.export-label"),
        ({"securityLabel": labels("PSYTHPN")}, "pcf", "consent.export-label"),
        ({"actor": []}, "pcf", "consent.export-recipient"),
        ({"actor": []}, "fast", "consent.export-recipient"),
        ({"actor": [{"role": ROLE, "reference": {"display": "the center"}}]}, "pcf", "consent.export-recipient"),
        ({"class": [{"code": "Observation"}]}, "pcf", "consent.export-limit"),
        ({"code": [{"text": "x"}]}, "pcf", "consent.export-limit"),
        ({"provision": [{"type": "deny", "provision": [{"type": "permit"}]}]}, "pcf", "consent.export-depth"),
        ({"provision": [{"type": "deny", "provision": [{"type": "permit"}]}]}, "fast", "consent.export-depth"),
        ({"actor": [{"role": {"coding": [{"code": "CST"}]}, "reference": {"reference": "x/otp"}}]}, "pcf",
         "consent.export-discloser"),
        ({"actor": [{"role": ROLE, "reference": {"reference": "urn:uuid:stranger"}}]}, "fast",
         "consent.export-identifier"),
    ],
)  # fmt: skip
def test_no_export_lets_more_go_than_the_form(provision: dict[str, Any], profile: Any, rule: str) -> None:
    made = export_consent(stored(**provision), profile, beside=BESIDE)
    assert made.consent is None
    assert rule in [one.rule for one in made.issues if one.severity == "error"]


def test_an_export_that_lets_less_go_says_so() -> None:
    made = export_consent(stored(securityLabel=labels("SUD", "PSYTHPN")), "pcf")
    assert made.consent is not None
    assert [one.rule for one in made.issues] == ["consent.export-less"]
    assert made.consent["provision"]["securityLabel"] == labels("ETH")


def test_an_event_ends_it_and_whoever_gets_it_has_to_be_told() -> None:
    consent = stored(period={})
    consent["extension"][0]["extension"].append({"url": "expiryEvent", "valueString": "when I leave"})
    made = export_consent(consent, "pcf")
    assert made.consent is not None
    assert [one.rule for one in made.issues] == ["consent.export-event"]


@pytest.mark.parametrize("profile", ["pcf", "fast"])
def test_an_export_changes_nothing_of_what_is_stored(profile: Any) -> None:
    consent = stored(securityLabel=labels("SUD"))
    before = deepcopy(consent)
    assert export_consent(consent, profile, beside=BESIDE) == export_consent(consent, profile, beside=BESIDE)
    assert consent == before


@pytest.mark.parametrize("profile", ["pcf", "fast"])
def test_a_revoked_consent_is_exported_as_one(profile: Any) -> None:
    made = export_consent(stored() | {"status": "inactive"}, profile, beside=BESIDE).consent
    assert made is not None
    assert made["status"] == "inactive"
