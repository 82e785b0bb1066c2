"""The Bundle of one referral that the HL7 v2 tests write, and hl7apy's own check of what they wrote."""

from __future__ import annotations

import base64
from typing import Any

from hl7apy.parser import parse_message

from mappings.hl7v2.codec import Message
from mappings.partner import Partner

PARTNER = Partner(
    form="hl7v2",
    sending_application="HUB^1.2.3^ISO",
    sending_facility="CITY",
    receiving_application="EHR",
    receiving_facility="CMHC",
    notice="nte",
    scope="nte",
    labels=(),
)
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
DISPLAY = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-display"
NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
NARRATIVE = "Line one | with ^ & ~ \\ marks.\nLine two."


def coded(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def ref(name: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{name}"}


def label(code: str) -> dict[str, Any]:
    return {"security": [{"system": ACT, "code": code}]}


def resources() -> list[dict[str, Any]]:
    patient, encounter = {"subject": ref("patient")}, {"encounter": ref("encounter")}
    return [
        {
            "resourceType": "Task",
            "id": "task",
            "identifier": [{"system": "urn:oid:1.2.3.9", "value": "REF-1", "assigner": {"display": "CITY"}}],
            "status": "requested",
            "intent": "order",
            "priority": "stat",
            "focus": ref("request"),
            "for": ref("patient"),
            "owner": ref("center"),
            "restriction": {"period": {"end": "2026-01-15T23:00:00-06:00"}},
            "note": [{"text": "Ring the front door."}],
        },
        {
            "resourceType": "ServiceRequest",
            "id": "request",
            "status": "active",
            "intent": "order",
            "priority": "stat",
            "code": {"text": "Crisis follow-up"},
            "subject": ref("patient"),
            **encounter,
            "authoredOn": "2026-01-14T23:02:11-06:00",
            "requester": ref("role"),
            "performer": [ref("center")],
            "reasonCode": [coded("http://hl7.org/fhir/sid/icd-10-cm", "R45.851", "Suicidal ideations")],
            "orderDetail": [{"text": "Do not contact at home"}],
        },
        {
            "resourceType": "Patient",
            "id": "patient",
            "meta": label("MH"),
            "identifier": [
                {
                    "system": "urn:oid:1.2.3.4",
                    "value": "MPI-77",
                    "assigner": {"display": "CITYPD"},
                    "type": coded("http://terminology.hl7.org/CodeSystem/v2-0203", "PI", "Patient internal identifier"),
                }
            ],
            "name": [
                {"use": "official", "family": "Zwindelmark", "given": ["Jo", "Ann"]},
                {"use": "nickname", "given": ["Jojo"]},
            ],
            "gender": "female",
            "birthDate": "1989-04",
            "telecom": [
                {"system": "phone", "value": "+1 555 0101 222", "use": "mobile"},
                {"system": "email", "value": "jo@example.org", "use": "home"},
                {"system": "phone", "value": "+1 555 0101 223", "use": "work"},
            ],
            "address": [
                {
                    "use": "home",
                    "line": ["1 Sample St", "Apt 3"],
                    "city": "Millbrook",
                    "state": "WI",
                    "postalCode": "53000",
                }
            ],
            "communication": [{"language": coded("urn:ietf:bcp:47", "es", "Spanish")}],
            "maritalStatus": coded("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "S", "Never Married"),
            "extension": [
                {
                    "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
                    "extension": [
                        {
                            "url": "ombCategory",
                            "valueCoding": {
                                "system": "urn:oid:2.16.840.1.113883.6.238",
                                "code": "2106-3",
                                "display": "White",
                            },
                        },
                        {"url": "text", "valueString": "White"},
                    ],
                }
            ],
            "contact": [
                {
                    "relationship": [coded("http://terminology.hl7.org/CodeSystem/v2-0131", "N", "Next-of-Kin")],
                    "name": {"family": "Zwindelmark", "given": ["Mo"]},
                    "telecom": [{"system": "phone", "value": "+1 555 0101 224", "use": "home"}],
                }
            ],
        },
        {
            "resourceType": "Encounter",
            "id": "encounter",
            "status": "finished",
            "class": {"system": ACT, "code": "FLD"},
            **patient,
            "identifier": [{"system": "urn:oid:1.2.3.5", "value": "CAD-417"}],
            "period": {"start": "2026-01-14T22:18:30-06:00"},
            "reasonCode": [{"text": "Welfare check"}],
            "location": [{"location": ref("place")}],
            "serviceProvider": ref("police"),
        },
        {"resourceType": "Location", "id": "place", "name": "Riverside park"},
        {"resourceType": "Organization", "id": "police", "name": "City Police"},
        {
            "resourceType": "Organization",
            "id": "center",
            "name": "Lakeshore Center",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1992799992"}],
            "telecom": [{"system": "phone", "value": "+1 555 0101 900", "use": "work"}],
            "contact": [
                {
                    "purpose": coded("http://terminology.hl7.org/CodeSystem/contactentity-type", "ADMIN", "Admin"),
                    "name": {"text": "Intake desk"},
                }
            ],
        },
        {
            "resourceType": "PractitionerRole",
            "id": "role",
            "practitioner": ref("clinician"),
            "organization": ref("police"),
        },
        {
            "resourceType": "Practitioner",
            "id": "clinician",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
            "name": [{"family": "Hollenbrisk", "given": ["Casey"], "suffix": ["LCSW"]}],
        },
        {
            "resourceType": "Condition",
            "id": "condition",
            "meta": label("MH"),
            "code": coded("http://hl7.org/fhir/sid/icd-10-cm", "F32.A", "Depression, unspecified"),
            **patient,
            "recordedDate": "2026-01-14",
            "asserter": ref("clinician"),
        },
        {
            "resourceType": "Observation",
            "id": "panel",
            "status": "final",
            "code": coded("http://loinc.org", "93373-9", "Screener"),
            **patient,
            "effectiveDateTime": "2026-01-14T22:29:00-06:00",
            "hasMember": [ref("item-1"), ref("item-2")],
        },
        {
            "resourceType": "Observation",
            "id": "item-1",
            "status": "final",
            "code": coded("http://loinc.org", "93374-7", "Risk"),
            **patient,
            "valueCodeableConcept": {"text": "moderate"},
            "performer": [ref("role")],
            "note": [{"text": "Asked twice."}],
        },
        {
            "resourceType": "Observation",
            "id": "item-2",
            "status": "final",
            "code": coded("urn:x", "score", "Score"),
            **patient,
            "valueQuantity": {"value": 7, "unit": "points"},
        },
        {
            "resourceType": "Observation",
            "id": "weapon",
            "status": "final",
            "code": coded("urn:x", "weapon", "Weapon"),
            **patient,
            "valueBoolean": False,
        },
        {
            "resourceType": "DocumentReference",
            "id": "narrative",
            "status": "current",
            "meta": label("SUD"),
            "type": coded("http://loinc.org", "34109-9", "Note"),
            **patient,
            "date": "2026-01-14T22:30:00-06:00",
            "author": [ref("role")],
            "content": [
                {
                    "attachment": {
                        "contentType": "text/plain; charset=utf-8",
                        "data": base64.b64encode(NARRATIVE.encode()).decode(),
                    }
                }
            ],
        },
        {
            "resourceType": "Flag",
            "id": "flag",
            "status": "active",
            "category": [coded("http://terminology.hl7.org/CodeSystem/flag-category", "safety", "Safety")],
            "code": {"text": "Dog on the premises"},
            **patient,
        },
    ]


def bundle(made: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "id": "9d4a2a34-0000-8000-8000-000000000001",
        "type": "collection",
        "timestamp": "2026-01-14T23:02:12-06:00",
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in (made or resources())],
    }


def changed(kind: str, **values: Any) -> dict[str, Any]:
    """The Bundle with elements of the first resource of a type replaced, or removed by None."""
    made = resources()
    one = next(resource for resource in made if resource["resourceType"] == kind)
    one.update(values)
    for key in [key for key, value in values.items() if value is None]:
        del one[key]
    return bundle(made)


def without(*ids: str) -> dict[str, Any]:
    return bundle([one for one in resources() if one["id"] not in ids])


def consented(**of_bundle: Any) -> dict[str, Any]:
    made = resources()
    made.append(
        {
            "resourceType": "Consent",
            "id": "consent",
            "status": "active",
            "identifier": [{"value": "CF-9"}],
            "patient": ref("patient"),
            "dateTime": "2026-01-14",
            "policy": [{"uri": "https://www.ecfr.gov/current/title-42/section-2.31"}],
            "provision": {
                "type": "permit",
                "period": {"end": "2027-01-14"},
                "purpose": [{"code": "TREAT"}],
                "actor": [{"role": coded("urn:x", "IRCP", "recipient"), "reference": ref("center")}],
                "provision": [{"type": "deny", "securityLabel": [{"code": "HIV"}]}],
            },
        }
    )
    given = bundle(made)
    given["meta"] = {"extension": [{"url": DISPLAY, "valueAnnotation": {"text": NOTICE}}]}
    given.update(of_bundle)
    return given


def assert_conformant(message: Message) -> None:
    """hl7apy's own check of the version's structure, and that it looked at every segment (it drops some silently)."""
    text = message.data.decode(message.encoding)
    read = parse_message(text)
    assert len(read.to_er7().strip("\r").split("\r")) == len(text.strip("\r").split("\r"))
    assert read.validate()
