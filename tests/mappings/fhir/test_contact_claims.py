"""What of a contact claims its profiles, and what does not: a resource claims a profile only when it meets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.codes import FIELD_DISPOSITION
from mappings.fhir.profile import PARENT
from mappings.fhir.translate import translate
from mappings.incident import (
    Agency,
    Code,
    Coded,
    Contact,
    Identifier,
    Incident,
    Name,
    Organization,
    Person,
    Place,
    Referral,
    Staff,
    Telecom,
    Timeline,
)
from profiles.check import check

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
DIRECTORY = (
    Organization(id="example-pd", name="Example Police", kind="agency", telecoms=(Telecom(value="+1 555 0100 901"),)),
    Organization(id="center-a", name="Center A", kind="center", telecoms=(Telecom(value="+1 555 0100 902"),)),
    Organization(id="quiet-b", name="Quiet B", kind="center"),
    Organization(id="clinic-c", name="Clinic C", telecoms=(Telecom(value="+1 555 0100 903"),)),
)
AGENCY = Agency(id="example-pd", name="Example Police", posture="law-enforcement", organizations=DIRECTORY)
OFFICER = Staff(id="7", role="officer", organization="example-pd")
CLINICIAN = Staff(id="c1", name=Name(text="C. One"), role="clinician", organization="center-a")
PERSON = Person(slot="p", roles=("subject",), names=(Name(family="Pellwhistle", given=("Ida",)),))
CONTACT = Contact(person="p", organization="center-a", clinician=CLINICIAN, officer=OFFICER)
INCIDENT = Incident(
    agency="example-pd",
    number="1",
    timeline=Timeline(received="2026-01-14T23:00:00-07:00"),
    place=Place(line="212 Linden Court"),
    persons=(PERSON,),
    contacts=(CONTACT,),
)
ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
OURS = "https://warmhandoff.org/fhir/StructureDefinition/"


def _made(incident: Incident) -> list[dict[str, Any]]:
    bundle = translate(incident, agency=AGENCY, now=NOW).bundle
    assert [issue for issue in check(bundle) if issue.severity in ("error", "fatal")] == []
    return [entry["resource"] for entry in bundle["entry"]]


def _one(incident: Incident, kind: str) -> dict[str, Any]:
    (found,) = [resource for resource in _made(incident) if resource["resourceType"] == kind]
    return found


def _claims(resource: dict[str, Any]) -> list[str]:
    found: list[str] = resource.get("meta", {}).get("profile", [])
    return found


def _both(profile: str) -> list[str]:
    parent = PARENT[profile]
    return [OURS + profile] if parent is None else [OURS + profile, parent]


def _contact(**changes: Any) -> Incident:
    return replace(INCIDENT, contacts=(replace(CONTACT, **changes),))


def _person(**changes: Any) -> Incident:
    return replace(INCIDENT, persons=(replace(PERSON, **changes),))


# --- Patient and RelatedPerson


@pytest.mark.parametrize(
    "incident",
    [
        INCIDENT,
        _person(unknown=True, names=()),
        _person(names=(Name(text="the Captain", use="nickname"),)),
        _person(identifiers=(Identifier(value="88", assigner="center-a", kind="client"),)),
        _person(identifiers=(Identifier(value="urn:uuid:0b1d4a2e-7d7f-4c0e-8f0e-2f1f3a4b5c6d"),)),
    ],
    ids=["named", "unknown", "alias as one text", "client number", "urn"],
)
def test_a_patient_claims_its_profile(incident: Incident) -> None:
    assert _claims(_one(incident, "Patient")) == _both("coresponse-patient")


def test_a_patient_with_an_identifier_of_no_system_claims_none_and_neither_does_the_encounter() -> None:
    incident = _person(identifiers=(Identifier(value="88"),))
    assert _claims(_one(incident, "Patient")) == []
    assert _claims(_one(incident, "Encounter")) == []


def test_a_person_nobody_could_name_has_an_absent_name_and_no_text_is_taken_apart() -> None:
    assert _one(_person(names=()), "Patient")["name"] == [ABSENT]
    alias = _one(_person(names=(Name(text="the Captain"),)), "Patient")["name"]
    assert alias == [{"text": "the Captain", "_family": ABSENT}]


@pytest.mark.parametrize(
    ("sex", "gender"),
    [
        (None, "unknown"),
        (Coded(text="f"), "unknown"),
        (Coded(code="F", mapped=(Code(system="http://hl7.org/fhir/administrative-gender", code="female"),)), "female"),
    ],
)
def test_a_gender_that_nobody_said_is_unknown(sex: Coded | None, gender: str) -> None:
    assert _one(_person(sex=sex), "Patient")["gender"] == gender


def test_an_interpreter_stands_on_the_patient_and_the_language_is_the_one_to_speak() -> None:
    patient = _one(_person(languages=(Coded(text="English"),), interpreter=Coded(text="Somali")), "Patient")
    needed = {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": True}
    assert needed in patient["extension"]
    assert patient["communication"] == [
        {"language": {"text": "English"}},
        {"language": {"text": "Somali"}, "preferred": True},
    ]


def test_a_related_person_is_active_and_claims_what_its_patient_claims() -> None:
    caller = Person(slot="c", roles=("caller",), relationship="daughter")
    related = _one(replace(INCIDENT, persons=(PERSON, caller)), "RelatedPerson")
    assert related["active"] is True
    assert _claims(related) == _both("coresponse-related-person")
    unassigned = replace(PERSON, identifiers=(Identifier(value="88"),))
    assert _claims(_one(replace(INCIDENT, persons=(unassigned, caller)), "RelatedPerson")) == []


# --- Location and Organization


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (Place(line="212 Linden Court", city="Riverton"), "212 Linden Court"),
        (Place(text="the boathouse", line="1 Pier Road"), "the boathouse"),
        (Place(beat="4"), None),
        (Place(latitude=39.7, longitude=-104.9), None),
        (Place(city="Riverton"), None),
    ],
)
def test_a_place_claims_its_profile_by_the_name_that_it_has(place: Place, name: str | None) -> None:
    location = _one(replace(INCIDENT, place=place), "Location")
    assert location.get("name") == name
    assert ("_name" in location) == (name is None)  # one of the two: US Core asks for a name, or why there is none
    assert _claims(location) == (_both("coresponse-location") if name else [])


@pytest.mark.parametrize(
    ("organization", "claims"),
    [
        ("example-pd", _both("agency-organization")),
        ("center-a", _both("center-organization")),
        ("clinic-c", [PARENT["center-organization"]]),
        ("not-listed", []),
    ],
)
def test_an_organization_claims_what_the_directory_calls_it(organization: str, claims: list[str]) -> None:
    made = [one for one in _made(_contact(organization=organization)) if one["resourceType"] == "Organization"]
    (found,) = [one for one in made if one["identifier"][0]["value"] == organization]
    assert _claims(found) == claims
    assert found.get("active", False) is bool(claims)


def test_the_directory_completes_what_a_record_says_of_an_organization() -> None:
    told = Organization(id="center-a", kind="center")
    made = [one for one in _made(replace(INCIDENT, organizations=(told,))) if one["resourceType"] == "Organization"]
    (center,) = [one for one in made if one["identifier"][0]["value"] == "center-a"]
    assert center["name"] == "Center A"
    assert center["telecom"] == [{"system": "phone", "value": "+1 555 0100 902"}]


# --- Practitioner and PractitionerRole


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (None, {"_family": ABSENT}),
        (Name(text="Sgt. M."), {"text": "Sgt. M.", "_family": ABSENT}),
        (Name(given=("Oda",)), {"given": ["Oda"], "_family": ABSENT}),
        (Name(family="Marrowbeck"), {"family": "Marrowbeck"}),
    ],
)
def test_whoever_has_a_number_is_a_practitioner_and_a_name_not_given_is_absent(
    name: Name | None, written: dict[str, Any]
) -> None:
    practitioner = _one(_contact(clinician=None, officer=replace(OFFICER, name=name)), "Practitioner")
    assert practitioner["name"] == [written]
    assert _claims(practitioner) == _both("coresponse-practitioner")


@pytest.mark.parametrize(
    ("staff", "claims"),
    [
        (OFFICER, _both("officer-role")),
        (replace(OFFICER, role="clinician", organization="center-a"), _both("clinician-role")),
        (replace(OFFICER, role="peer", organization="center-a"), [PARENT["officer-role"]]),
        (replace(OFFICER, organization="clinic-c"), _both("officer-role")),
        (replace(OFFICER, organization="quiet-b"), []),
        (replace(OFFICER, organization="not-listed"), []),
        (replace(OFFICER, organization=None), []),
        (replace(OFFICER, identifiers=(Identifier(value="9"),)), []),
    ],
    ids=["officer", "clinician", "peer", "elsewhere", "no telecom", "unlisted", "no employer", "number of no system"],
)
def test_a_role_claims_its_profile_where_it_can_be_reached(staff: Staff, claims: list[str]) -> None:
    incident = _contact(clinician=None, officer=staff)
    assert _claims(_one(incident, "PractitionerRole")) == claims
    # Who takes part must meet US Core for the Encounter to meet it.
    assert _claims(_one(incident, "Encounter")) == (_both("field-contact-encounter") if claims else [])


def test_a_role_is_reached_through_its_employer() -> None:
    role = _one(_contact(clinician=None), "PractitionerRole")
    assert role["telecom"] == [{"system": "phone", "value": "+1 555 0100 901"}]


# --- Encounter


def _ended(code: str) -> Coded:
    return Coded(code="x", mapped=(Code(system=FIELD_DISPOSITION, code=code),))


@pytest.mark.parametrize(
    ("incident", "claims"),
    [
        (INCIDENT, _both("field-contact-encounter")),
        (replace(INCIDENT, contacts=()), _both("field-contact-encounter")),
        (replace(INCIDENT, contacts=(), persons=()), _both("incident-encounter")),
        (_contact(disposition=_ended("gone-on-arrival")), _both("incident-encounter")),
        (_contact(person=None), _both("field-contact-encounter")),
        (_contact(organization="not-listed"), []),
        (_contact(organization=None), _both("field-contact-encounter")),
        (replace(INCIDENT, numbers=(Identifier(value="urn:x:1"),)), _both("field-contact-encounter")),
        (replace(INCIDENT, numbers=(Identifier(value="77"),)), []),
        (_contact(disposition=_ended("not-of-the-list")), []),
    ],
    ids=[
        "contact",
        "call about somebody",
        "call",
        "gone",
        "contact beside a subject",
        "unlisted provider",
        "no provider",
        "urn",
        "number of no system",
        "unknown disposition",
    ],
)
def test_an_encounter_claims_its_profile(incident: Incident, claims: list[str]) -> None:
    made = [resource for resource in _made(incident) if resource["resourceType"] == "Encounter"]
    assert _claims(next((one for one in made if "subject" in one), made[0])) == claims


@pytest.mark.parametrize(
    ("changes", "coded"),
    [
        ({"follow_up": "a visit tomorrow"}, True),
        ({"referrals": (Referral(organization="center-a"),)}, True),
        ({}, False),
        ({"follow_up": "a visit tomorrow", "clinician": None}, False),
        ({"referrals": (Referral(organization="center-a"),), "disposition": _ended("declined")}, False),
        ({"follow_up": "look again", "disposition": _ended("unable-to-locate")}, False),
    ],
)
def test_an_encounter_has_a_code_only_where_all_of_it_is_true(changes: dict[str, Any], coded: bool) -> None:
    (kind,) = _one(_contact(**changes), "Encounter")["type"]
    assert kind["text"] == "Field contact"
    assert kind.get("coding", []) == ([{"system": "http://snomed.info/sct", "code": "5694008"}] if coded else [])


@pytest.mark.parametrize(
    ("mode", "text"),
    [("home", "Contact at home"), ("phone", "Contact by telephone"), ("video", "Contact by video")],
)
def test_an_encounters_type_says_how_they_met(mode: str, text: str) -> None:
    assert _one(_contact(mode=mode), "Encounter")["type"] == [{"text": text}]


def test_a_call_alone_is_a_call() -> None:
    assert _one(replace(INCIDENT, contacts=(), persons=()), "Encounter")["type"] == [{"text": "Call for service"}]


def test_an_incident_tracking_id_is_of_the_system_of_uris() -> None:
    incident = replace(INCIDENT, numbers=(Identifier(value="urn:emergency:uid:incidentid:1:x", kind="tracking"),))
    assert _one(incident, "Encounter")["identifier"][-1] == {
        "type": {"text": "tracking"},
        "system": "urn:ietf:rfc:3986",
        "value": "urn:emergency:uid:incidentid:1:x",
    }
