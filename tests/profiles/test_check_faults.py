"""One planted fault each: `check` finds it by its rule, at its place, and finds nothing else."""

# ruff: noqa: E501 - the table keeps one fault a row

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

import profiles.check as profiles_check
from profiles.issue import Issue

Json = dict[str, Any]


def check(resource: Any) -> list[Issue]:
    """The check's issues but for that the profile which the Patient claims is nobody's."""
    return [issue for issue in profiles_check.check(resource) if issue.rule != "check.profile-unknown"]


PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"lastUpdated": "2025-03-04T22:41:07.120-07:00", "profile": ["http://example.org/p|1"]},
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>A person</p></div>'},
    "identifier": [{"system": "https://agency.example/person", "value": "1", "period": {"start": "2024-01-01"}}],
    "name": [{"use": "official", "given": ["A", "B"]}],
    "telecom": [{"system": "phone", "value": "1"}],
    "gender": "female",
    "birthDate": "1980-03-13",
    "multipleBirthInteger": 2,
    "contact": [{"name": {"text": "A"}}],
    "managingOrganization": {"reference": "Organization/o1"},
    "extension": [{"url": "https://agency.example/x", "valueString": "y"}],
}
ENCOUNTER: Json = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "FLD"},
    "subject": {"reference": "Patient/p1"},
    "period": {"start": "2025-03-04T21:00:00Z", "end": "2025-03-04T22:00:00Z"},
    "statusHistory": [{"status": "planned", "period": {"start": "2025-03-04"}}],
}
OBSERVATION: Json = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "93373-9"}]},
    "effectiveDateTime": "2025-03-04T21:00:00Z",
    "valueQuantity": {"value": 3, "system": "http://unitsofmeasure.org", "code": "1"},
    "component": [{"code": {"coding": [{"system": "http://loinc.org", "code": "93267-3"}]}, "valueBoolean": True}],
    "referenceRange": [{"low": {"value": 1}, "high": {"value": 6}}],
}
REQUEST: Json = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "intent": "order",
    "code": {"text": "Crisis follow-up"},
    "orderDetail": [{"text": "Call first"}],
    "subject": {"reference": "Patient/p1", "type": "Patient"},
    "occurrenceTiming": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
}
TASK: Json = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "authoredOn": "2025-03-04T21:00:00Z",
    "lastModified": "2025-03-04T22:00:00+00:00",
    "input": [{"type": {"text": "note"}, "valueString": "x"}],
}
CONSENT: Json = {
    "resourceType": "Consent",
    "status": "active",
    "scope": {"text": "privacy"},
    "category": [{"text": "disclosure"}],
    "policyRule": {"text": "2.31"},
    "provision": {"type": "permit", "period": {"start": "2025-01-01", "end": "2026-01-01"}},
}
CONDITION: Json = {
    "resourceType": "Condition",
    "clinicalStatus": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
    },
    "subject": {"reference": "Patient/p1"},
}
ORGANIZATION: Json = {
    "resourceType": "Organization",
    "name": "Center",
    "address": [{"use": "work", "city": "Denver"}],
    "telecom": [{"system": "phone", "value": "1", "use": "work"}],
}
QUESTIONNAIRE: Json = {
    "resourceType": "Questionnaire",
    "status": "active",
    "item": [
        {
            "linkId": "1",
            "type": "group",
            "item": [{"linkId": "1.1", "type": "choice", "answerOption": [{"valueString": "a"}]}],
        }
    ],
}
RESPONSE: Json = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "item": [{"linkId": "1", "item": [{"linkId": "1.1", "answer": [{"valueBoolean": True}]}]}],
}
DOCUMENT: Json = {
    "resourceType": "DocumentReference",
    "status": "current",
    "date": "2025-03-04T22:41:00Z",
    "content": [{"attachment": {"contentType": "text/plain", "data": "aGVsbG8="}}],
}
CONTAINING: Json = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "x"},
    "contained": [{"resourceType": "Patient", "id": "p", "name": [{"text": "A"}]}],
    "subject": {"reference": "#p"},
}
TRANSACTION: Json = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000001",
            "resource": {"resourceType": "Patient", "name": [{"text": "A"}]},
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "fullUrl": "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000002",
            "resource": {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"code": "FLD"},
                "subject": {"reference": "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000001"},
            },
            "request": {"method": "POST", "url": "Encounter"},
        },
    ],
}
MESSAGE: Json = {
    "resourceType": "Bundle",
    "type": "message",
    "entry": [
        {
            "fullUrl": "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000003",
            "resource": {
                "resourceType": "MessageHeader",
                "eventUri": "https://agency.example/event",
                "source": {"endpoint": "https://hub.example"},
            },
        }
    ],
}
RIGHT = {
    "Patient": PATIENT,
    "Encounter": ENCOUNTER,
    "Observation": OBSERVATION,
    "ServiceRequest": REQUEST,
    "Task": TASK,
    "Consent": CONSENT,
    "Condition": CONDITION,
    "Organization": ORGANIZATION,
    "Questionnaire": QUESTIONNAIRE,
    "QuestionnaireResponse": RESPONSE,
    "DocumentReference": DOCUMENT,
    "containing": CONTAINING,
    "transaction": TRANSACTION,
    "message": MESSAGE,
}

GONE = object()
DEFINED = "http://hl7.org/fhir/StructureDefinition/"
RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'

# which right resource, where in it, what is planted there, the rule, the place
FAULTS: list[tuple[str, str, Any, str, str]] = [
    # unknown elements
    ("Patient", "colour", "red", "check.unknown-element", "Patient.colour"),
    ("Patient", "name.0.middle", "X", "check.unknown-element", "Patient.name[0].middle"),
    ("Encounter", "class.coding", [{"code": "FLD"}], "check.unknown-element", "Encounter.class.coding"),
    ("Encounter", "_period", {"id": "a"}, "check.unknown-element", "Encounter._period"),
    ("Patient", "Surname As Key", "x", "check.unknown-element", "Patient"),
    ("Encounter", "actualPeriod", {"start": "2025"}, "check.unknown-element", "Encounter.actualPeriod"),
    # missing
    ("Encounter", "status", GONE, "check.missing", "Encounter.status"),
    ("Encounter", "statusHistory.0.period", GONE, "check.missing", "Encounter.statusHistory[0].period"),
    ("Consent", "category", GONE, "check.missing", "Consent.category"),
    ("Task", "input.0.valueString", GONE, "check.missing", "Task.input[0].value"),
    ("Patient", "extension.0.url", GONE, "check.missing", "Patient.extension[0].url"),
    ("transaction", "entry.1.resource.status", GONE, "check.missing", "Bundle.entry[1].resource.status"),
    # cardinality and JSON types
    ("Encounter", "status", ["finished"], "check.too-many", "Encounter.status"),
    ("Encounter", "class", [{"code": "FLD"}], "check.too-many", "Encounter.class"),
    ("Patient", "name", {"text": "A"}, "check.type", "Patient.name"),
    ("Patient", "name.0.given", "A", "check.type", "Patient.name[0].given"),
    ("Patient", "birthDate", 1980, "check.type", "Patient.birthDate"),
    ("Patient", "active", "true", "check.type", "Patient.active"),
    ("Patient", "multipleBirthInteger", 2.5, "check.type", "Patient.multipleBirth.ofType(integer)"),
    ("Patient", "multipleBirthInteger", True, "check.type", "Patient.multipleBirth.ofType(integer)"),
    ("Observation", "valueQuantity.value", "3", "check.type", "Observation.value.ofType(Quantity).value"),
    ("Encounter", "period", "2025-03-04", "check.type", "Encounter.period"),
    # formats
    ("Patient", "id", "has space", "check.format", "Patient.id"),
    ("Patient", "id", "x" * 65, "check.format", "Patient.id"),
    ("Patient", "meta.profile.0", "http://a b", "check.format", "Patient.meta.profile[0]"),
    ("Encounter", "class.code", " FLD", "check.format", "Encounter.class.code"),
    ("DocumentReference", "content.0.attachment.data", "abc", "check.format", "DocumentReference.content[0].attachment.data"),
    ("Patient", "name.0.given.1", "a\x07b", "check.format", "Patient.name[0].given[1]"),
    ("Patient", "contact.0.name.text", "x" * 1048577, "check.length", "Patient.contact[0].name.text"),
    ("Patient", "contact.0.name.text", "a\ud800", "check.format", "Patient.contact[0].name.text"),
    ("Encounter", "class.code", "a\ud800", "check.format", "Encounter.class.code"),
    ("Observation", "valueQuantity.value", float("inf"), "check.format", "Observation.value.ofType(Quantity).value"),
    ("Observation", "referenceRange.0.high.value", 10**5000, "check.format", "Observation.referenceRange[0].high.value"),
    ("Task", "restriction", {"repetitions": 0}, "check.format", "Task.restriction.repetitions"),
    # dates
    ("Patient", "birthDate", "1980-13-03", "check.date", "Patient.birthDate"),
    ("Patient", "birthDate", "2023-02-30", "check.date", "Patient.birthDate"),
    ("Patient", "birthDate", "1900-02-29", "check.date", "Patient.birthDate"),
    ("Patient", "birthDate", "1980-3-13", "check.date", "Patient.birthDate"),
    ("Patient", "birthDate", "1980-03-13T10:00:00Z", "check.date", "Patient.birthDate"),
    ("Encounter", "period.start", "2025-03-04T21:00:00", "check.date", "Encounter.period.start"),
    ("Encounter", "period.start", "2025-03-04T24:00:00Z", "check.date", "Encounter.period.start"),
    ("Encounter", "period.start", "2025-02-29T21:00:00Z", "check.date", "Encounter.period.start"),
    ("DocumentReference", "date", "2025-03-04", "check.date", "DocumentReference.date"),
    # codes
    ("Encounter", "status", "bogus", "check.code", "Encounter.status"),
    ("Patient", "gender", "F", "check.code", "Patient.gender"),
    ("Consent", "provision.type", "allow", "check.code", "Consent.provision.type"),
    ("Condition", "clinicalStatus.coding.0.code", "gone", "check.code", "Condition.clinicalStatus"),
    ("Condition", "clinicalStatus.coding.0.system", "http://other", "check.code", "Condition.clinicalStatus"),
    ("Patient", "contact.0.gender", "Female", "check.code", "Patient.contact[0].gender"),
    ("DocumentReference", "content.0.attachment.contentType", "plain text", "check.code", "DocumentReference.content[0].attachment.contentType"),
    # references
    ("Encounter", "subject.reference", "Practitioner/x", "check.target", "Encounter.subject"),
    ("Encounter", "subject.reference", "https://ehr.example/fhir/Location/x", "check.target", "Encounter.subject"),
    ("ServiceRequest", "subject.type", "Practitioner", "check.target", "ServiceRequest.subject"),
    ("ServiceRequest", "subject.reference", "Group/g", "check.target", "ServiceRequest.subject"),
    ("transaction", "entry.0.resource", {"resourceType": "Organization", "name": "A"}, "check.target", "Bundle.entry[1].resource.subject"),
    ("transaction", "entry.1.resource.subject.reference", "urn:uuid:0192f0c1-7a3e-8c51-9d00-00000000000f", "check.unresolved", "Bundle.entry[1].resource.subject"),
    ("Encounter", "subject.reference", "p1", "check.reference", "Encounter.subject"),
    ("Encounter", "subject.reference", "Person-of-interest/p1", "check.reference", "Encounter.subject"),
    ("containing", "subject.reference", "#other", "check.invariant.ref-1", "Observation.subject"),
    # empty, null, choice
    ("Patient", "name", [], "check.empty", "Patient.name"),
    ("Patient", "name.0.given", [], "check.empty", "Patient.name[0].given"),
    ("Patient", "name.0", {}, "check.empty", "Patient.name[0]"),
    ("Patient", "name.0", {"id": "a"}, "check.empty", "Patient.name[0]"),
    ("Patient", "contact.0.name.text", "", "check.empty", "Patient.contact[0].name.text"),
    ("Patient", "contact.0.name.text", "  ", "check.empty", "Patient.contact[0].name.text"),
    ("Patient", "_birthDate", {}, "check.empty", "Patient.birthDate"),
    ("Patient", "_maritalStatus", {}, "check.unknown-element", "Patient._maritalStatus"),
    ("Patient", "_deceasedBoolean", {"id": "a"}, "check.empty", "Patient.deceased.ofType(boolean)"),
    ("Patient", "gender", None, "check.null", "Patient.gender"),
    ("Patient", "name.0.given", ["A", None], "check.null", "Patient.name[0].given[1]"),
    ("Patient", "name", [None], "check.null", "Patient.name[0]"),
    ("Patient", "name.0._given", [None, None, None], "check.alignment", "Patient.name[0].given[2]"),
    ("Observation", "valueString", "x", "check.choice", "Observation.value.ofType(Quantity)"),
    ("Observation", "_effectiveInstant", {"extension": [{"url": "http://x", "valueCode": "y"}]}, "check.choice", "Observation.effective.ofType(dateTime)"),
    # resource types
    ("transaction", "entry.1.resource.resourceType", "Visit", "check.resource-type", "Bundle.entry[1].resource"),
    ("containing", "contained.0.resourceType", GONE, "check.resource-type", "Observation.contained[0]"),
    # narratives
    ("Patient", "text.div", f"<div {XHTML}><p>A</div>", "check.xhtml", "Patient.text.div"),
    ("Patient", "text.div", "<div><p>A</p></div>", "check.xhtml", "Patient.text.div"),
    ("Patient", "text.div", f"<div {XHTML}><script>x()</script></div>", "check.xhtml", "Patient.text.div"),
    ("Patient", "text.div", f'<div {XHTML}><p onclick="x()">A</p></div>', "check.xhtml", "Patient.text.div"),
    ("Patient", "text.div", f'<div {XHTML}><a href=" java\tscript:x()">A</a></div>', "check.xhtml", "Patient.text.div"),
    ("Patient", "text.div", f"<div {XHTML}> </div>", "check.xhtml", "Patient.text.div"),
    ("Patient", "text.div", f'<!DOCTYPE d [<!ENTITY e "x">]><div {XHTML}>&e;</div>', "check.xhtml", "Patient.text.div"),
    # extensions that R4 and US Core define
    ("Patient", "extension.0", {"url": DEFINED + "patient-birthTime", "valueString": "noon"}, "check.extension", "Patient.extension[0].value"),
    ("Patient", "extension.0", {"url": DEFINED + "data-absent-reason", "valueCode": "maybe"}, "check.code", "Patient.extension[0].value.ofType(code)"),
    ("Patient", "extension.0", {"url": DEFINED + "patient-nationality", "valueString": "US"}, "check.extension", "Patient.extension[0].value"),
    ("Patient", "extension.0", {"url": RACE, "extension": [{"url": "detailed", "valueCoding": {"code": "x"}}]}, "check.missing", "Patient.extension[0].extension"),
    ("Patient", "extension.0", {"url": RACE, "extension": [{"url": "text", "valueString": "A"}, {"url": "text", "valueString": "B"}]}, "check.extension", "Patient.extension[0].extension[1]"),
    ("Patient", "extension.0", {"url": RACE, "extension": [{"url": "text", "valueCode": "A"}]}, "check.extension", "Patient.extension[0].extension[0].value"),
    ("Patient", "extension.0", {"url": RACE, "extension": [{"url": "text", "valueString": "A"}, {"url": "colour", "valueString": "B"}]}, "check.extension", "Patient.extension[0].extension[1]"),
    # invariants
    ("Patient", "extension.0.extension", [{"url": "x", "valueCode": "y"}], "check.invariant.ext-1", "Patient.extension[0]"),
    ("Encounter", "period.end", "2025-03-04T20:59:59Z", "check.invariant.per-1", "Encounter.period"),
    ("Encounter", "period.end", "2025-03-04T21:30:00+02:00", "check.invariant.per-1", "Encounter.period"),
    ("Patient", "identifier.0.period.end", "2023", "check.invariant.per-1", "Patient.identifier[0].period"),
    ("Patient", "contact.0", {"gender": "male"}, "check.invariant.pat-1", "Patient.contact[0]"),
    ("Patient", "telecom.0.system", GONE, "check.invariant.cpt-2", "Patient.telecom[0]"),
    ("Consent", "policyRule", GONE, "check.invariant.ppc-1", "Consent"),
    ("ServiceRequest", "code", GONE, "check.invariant.prr-1", "ServiceRequest"),
    ("ServiceRequest", "occurrenceTiming.repeat.periodUnit", GONE, "check.invariant.tim-2", "ServiceRequest.occurrence.ofType(Timing).repeat"),
    ("Task", "lastModified", "2025-03-04T20:00:00Z", "check.invariant.inv-1", "Task"),
    ("Condition", "abatementString", "gone", "check.invariant.con-4", "Condition"),
    ("Condition", "verificationStatus", {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]}, "check.invariant.con-5", "Condition"),
    ("Observation", "dataAbsentReason", {"text": "asked"}, "check.invariant.obs-6", "Observation"),
    ("Observation", "component.0.code.coding.0.code", "93373-9", "check.invariant.obs-7", "Observation"),
    ("Observation", "referenceRange.0", {"type": {"text": "x"}}, "check.invariant.obs-3", "Observation.referenceRange[0]"),
    ("Observation", "valueQuantity.system", GONE, "check.invariant.qty-3", "Observation.value.ofType(Quantity)"),
    ("Observation", "referenceRange.0.low.comparator", "<", "check.invariant.sqty-1", "Observation.referenceRange[0].low"),
    ("Organization", "name", GONE, "check.invariant.org-1", "Organization"),
    ("Organization", "address.0.use", "home", "check.invariant.org-2", "Organization.address[0]"),
    ("Organization", "telecom.0.use", "home", "check.invariant.org-3", "Organization.telecom[0]"),
    ("Questionnaire", "item.0.item.0.linkId", "1", "check.invariant.que-2", "Questionnaire"),
    ("Questionnaire", "item.0.item.0.type", "boolean", "check.invariant.que-5", "Questionnaire.item[0].item[0]"),
    ("QuestionnaireResponse", "item.0.answer", [{"valueBoolean": True}], "check.invariant.qrs-1", "QuestionnaireResponse.item[0]"),
    ("DocumentReference", "content.0.attachment.contentType", GONE, "check.invariant.att-1", "DocumentReference.content[0].attachment"),
    ("containing", "contained.0.contained", [{"resourceType": "Patient", "id": "q", "link": [{"other": {"reference": "#"}, "type": "refer"}]}], "check.invariant.dom-2", "Observation"),
    ("containing", "subject", GONE, "check.invariant.dom-3", "Observation"),
    ("containing", "contained.0.meta", {"versionId": "1"}, "check.invariant.dom-4", "Observation"),
    ("containing", "contained.0.meta", {"security": [{"code": "R"}]}, "check.invariant.dom-5", "Observation"),
    ("transaction", "total", 2, "check.invariant.bdl-1", "Bundle"),
    ("transaction", "entry.0.search", {"mode": "match"}, "check.invariant.bdl-2", "Bundle"),
    ("transaction", "entry.0.request", GONE, "check.invariant.bdl-3", "Bundle"),
    ("transaction", "entry.0.response", {"status": "201"}, "check.invariant.bdl-4", "Bundle"),
    ("message", "entry.1", {"fullUrl": "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000009"}, "check.invariant.bdl-5", "Bundle.entry[1]"),
    ("transaction", "entry.1.fullUrl", "https://ehr.example/Encounter/1/_history/2", "check.invariant.bdl-8", "Bundle.entry[1]"),
    ("message", "entry.0.resource", {"resourceType": "Patient", "gender": "male"}, "check.invariant.bdl-12", "Bundle"),
    ("message", "type", "document", "check.invariant.bdl-11", "Bundle"),
]  # fmt: skip

# a fault of these breaks more than one rule by its nature
WITH = {
    ("message", "check.invariant.bdl-11"): {"check.invariant.bdl-9", "check.invariant.bdl-10"},
    ("containing", "check.invariant.dom-2"): set(),
    ("containing", "check.invariant.ref-1"): {"check.invariant.dom-3"},
    ("containing", "check.resource-type"): set(),
}


def planted(resource: Json, place: str, value: Any) -> Json:
    """A copy of the resource with the value at the place (dots, numbers for array items), or without it."""
    copied: Any = copy.deepcopy(resource)
    holder: Any = copied
    *way, last = place.split(".")
    for step in way:
        holder = holder[int(step)] if step.isdigit() else holder[step]
    if value is GONE:
        del holder[last]
    elif isinstance(holder, list):
        holder[int(last) : int(last) + 1] = [value]
    else:
        holder[last] = value
    return copied


@pytest.mark.parametrize("name", RIGHT)
def test_the_resources_are_right_before_the_fault(name: str) -> None:
    assert check(RIGHT[name]) == []


@pytest.mark.parametrize(
    ("name", "place", "value", "rule", "path"), FAULTS, ids=lambda v: ascii(v)[:40] if isinstance(v, str) else "value"
)
def test_planted_fault(name: str, place: str, value: Any, rule: str, path: str) -> None:
    issues = check(planted(RIGHT[name], place, value))
    assert (rule, path) in [(i.rule, i.path) for i in issues]
    assert {i.rule for i in issues} - {rule} <= WITH.get((name, rule), set())
    assert all(i.severity in ("error", "warning") for i in issues)


def test_fault_table_is_long_enough() -> None:
    assert len(FAULTS) >= 100
    assert len({rule for _, _, _, rule, _ in FAULTS}) >= 45


def test_several_faults_are_all_said_in_document_order() -> None:
    broken = planted(planted(planted(PATIENT, "gender", "F"), "birthDate", "2023-02-30"), "contact.0", {"gender": "x"})
    assert [(i.rule, i.path) for i in check(broken)] == [
        ("check.code", "Patient.gender"),
        ("check.date", "Patient.birthDate"),
        ("check.code", "Patient.contact[0].gender"),
        ("check.invariant.pat-1", "Patient.contact[0]"),
    ]


@pytest.mark.parametrize(
    "value", [None, [], "x", 3, {}, {"resourceType": 7}, {"resourceType": "Visit"}, {"resourceType": "Resource"}]
)
def test_what_is_no_resource(value: Any) -> None:
    issues = check(value)
    assert [i.path for i in issues] == ["Resource"]


def test_issues_carry_no_value() -> None:
    secret = "Zanzibrand"
    for place in ("gender", "birthDate", "id", "managingOrganization.reference", "text.div", "resourceType", secret):
        for issue in check(planted(PATIENT, place, secret)):
            assert secret not in f"{issue.path} {issue.text} {issue.rule}"


def test_nesting_beyond_what_can_be_checked_is_an_issue() -> None:
    item: Json = {"linkId": "x"}
    for n in range(5000):
        item = {"linkId": f"{n}", "item": [item]}
    issues = check({"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item]})
    assert [i.rule for i in issues] == ["check.depth"]
    assert check(RESPONSE) == []


class TestPrimitiveExtensions:
    ABSENT: ClassVar[Json] = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }

    def test_an_extension_stands_for_a_required_value(self) -> None:
        assert check(planted(planted(ENCOUNTER, "status", GONE), "_status", self.ABSENT)) == []

    def test_an_extension_stands_for_a_null_in_an_array(self) -> None:
        patient = planted(planted(PATIENT, "name.0.given", [None, "B"]), "name.0._given", [self.ABSENT, None])
        assert check(patient) == []

    def test_an_array_of_extensions_may_stand_alone(self) -> None:
        assert check(planted(planted(PATIENT, "name.0.given", GONE), "name.0._given", [self.ABSENT])) == []

    def test_an_id_belongs_to_a_value(self) -> None:
        assert check(planted(PATIENT, "_gender", {"id": "g"})) == []

    def test_faults_inside_are_placed_at_the_value(self) -> None:
        issues = check(planted(PATIENT, "_birthDate", {"extension": [{"valueCode": "x"}]}))
        assert [(i.rule, i.path) for i in issues] == [("check.missing", "Patient.birthDate.extension[0].url")]


class TestPeriods:
    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2025-03", "2025-03-04"),  # cannot be told
            ("2025-03-04", "2025-03-04T00:00:00Z"),
            ("2025-03-04T23:00:00-07:00", "2025-03-05T06:30:00Z"),
            ("2025-03-04T10:00:00Z", "2025-03-04T10:00:00.5Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("9999", "9999-12-31"),
            ("0001-01-01", "0001"),
        ],
    )
    def test_not_certainly_reversed(self, start: str, end: str) -> None:
        assert check(planted(ENCOUNTER, "period", {"start": start, "end": end})) == []

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2025-04", "2025-03"),
            ("2025-03-06", "2025-03-04T10:00:00Z"),
            ("2025-03-04T10:00:00.5Z", "2025-03-04T10:00:00Z"),
        ],
    )
    def test_certainly_reversed(self, start: str, end: str) -> None:
        issues = check(planted(ENCOUNTER, "period", {"start": start, "end": end}))
        assert [i.rule for i in issues] == ["check.invariant.per-1"]


def test_threads_may_meet_a_type_at_once() -> None:
    """Compiling is under a lock; nobody sees a table that is half filled."""
    profiles_check._resources.clear()
    profiles_check._types.clear()
    with ThreadPoolExecutor(8) as pool:
        assert all(issues == [] for issues in pool.map(check, [*RIGHT.values()] * 20))


def test_a_narrative_nested_deeply_is_parsed_without_harm() -> None:
    div = f"<div {XHTML}>" + "<p>" * 100_000 + "x" + "</p>" * 100_000 + "</div>"
    assert check(planted(PATIENT, "text.div", div)) == []
