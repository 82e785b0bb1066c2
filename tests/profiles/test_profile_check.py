"""Each rule of profiles, by one planted fault a case in a resource that is right by the profile it claims."""

# ruff: noqa: E501 - the table keeps one fault a row

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import profiles
from profiles import rules
from profiles.check import check, meets, profile_issues
from profiles.profile_check import known, profile, used
from profiles.profile_invariants import INVARIANTS

Json = dict[str, Any]

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-"
OURS = f"{profiles.CANONICAL}/StructureDefinition/"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
GONE = object()


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def pressure(code: str, value: int) -> Json:
    quantity = {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    return {"code": coded("http://loinc.org", code), "valueQuantity": quantity}


RIGHT: dict[str, Json] = {
    "patient": {
        "resourceType": "Patient",
        "meta": {"profile": [f"{US_CORE}patient"]},
        "extension": [
            {
                "url": f"{US_CORE}race",
                "extension": [{"url": "text", "valueString": "Unknown"}],
            }
        ],
        "identifier": [{"system": "https://agency.example/person", "value": "1"}],
        "name": [{"given": ["A"]}],
        "telecom": [{"system": "phone", "value": "1"}],
        "gender": "unknown",
    },
    "encounter": {
        "resourceType": "Encounter",
        "meta": {"profile": [f"{US_CORE}encounter|6.1.0"]},
        "status": "finished",
        "class": {"system": f"{TERMINOLOGY}v3-ActCode", "code": "FLD"},
        "type": [{"text": "Welfare check"}],
        "subject": {"reference": "Patient/1"},
    },
    "pressure": {
        "resourceType": "Observation",
        "meta": {"profile": [f"{US_CORE}blood-pressure"]},
        "status": "final",
        "category": [coded(f"{TERMINOLOGY}observation-category", "vital-signs")],
        "code": coded("http://loinc.org", "85354-9"),
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2025-03-04",
        "component": [pressure("8480-6", 120), pressure("8462-4", 80)],
    },
    "smoking": {
        "resourceType": "Observation",
        "meta": {"profile": [f"{US_CORE}smokingstatus"]},
        "status": "final",
        "category": [coded(f"{TERMINOLOGY}observation-category", "social-history")],
        "code": coded("http://loinc.org", "72166-2"),
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2025-03-04",
        "valueCodeableConcept": coded("http://snomed.info/sct", "266919005"),
    },
    "lab": {
        "resourceType": "Observation",
        "meta": {"profile": [f"{US_CORE}observation-lab"]},
        "status": "final",
        "category": [coded(f"{TERMINOLOGY}observation-category", "laboratory")],
        "code": coded("http://loinc.org", "5778-6"),
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2025-03-04",
        "valueCodeableConcept": coded("http://snomed.info/sct", "371244009"),
    },
    "practitioner": {
        "resourceType": "Practitioner",
        "meta": {"profile": [f"{US_CORE}practitioner"]},
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
        "name": [{"family": "Sorrelwick"}],
    },
    "role": {
        "resourceType": "PractitionerRole",
        "meta": {"profile": [f"{US_CORE}practitionerrole"]},
        "organization": {"reference": "Organization/1"},
        "telecom": [{"system": "phone", "value": "1"}],
    },
    "document": {
        "resourceType": "DocumentReference",
        "meta": {"profile": [f"{US_CORE}documentreference"]},
        "status": "current",
        "type": coded("http://loinc.org", "34109-9"),
        "category": [{"text": "Report"}],
        "subject": {"reference": "Patient/1"},
        "content": [{"attachment": {"contentType": "text/plain", "data": "QQ=="}}],
    },
    "answers": {
        "resourceType": "QuestionnaireResponse",
        "meta": {"profile": [f"{US_CORE}questionnaireresponse"]},
        "questionnaire": "http://example.org/q",
        "status": "completed",
        "subject": {"reference": "Patient/1"},
        "authored": "2025-03-04",
        "item": [{"linkId": "1", "item": [{"linkId": "1.1", "answer": [{"valueBoolean": True}]}]}],
    },
    "provenance": {
        "resourceType": "Provenance",
        "meta": {"profile": [f"{US_CORE}provenance"]},
        "target": [{"reference": "Encounter/1"}],
        "recorded": "2025-03-04T22:41:07-07:00",
        "agent": [
            {
                "type": coded(f"{TERMINOLOGY}provenance-participant-type", "author"),
                "who": {"reference": "Practitioner/1"},
                "onBehalfOf": {"reference": "Organization/1"},
            },
        ],
    },
    "task": {
        "resourceType": "Task",
        "meta": {"profile": [f"{SDOHCC}TaskForReferralManagement"]},
        "status": "requested",
        "statusReason": {"text": "Asked for"},
        "intent": "order",
        "code": coded("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
        "focus": {"reference": "ServiceRequest/1"},
        "for": {"reference": "Patient/1"},
        "authoredOn": "2025-03-04",
        "requester": {"reference": "Organization/1"},
    },
    "request": {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [f"{SDOHCC}ServiceRequest"]},
        "status": "active",
        "intent": "order",
        "code": coded("http://snomed.info/sct", "306226009"),
        "subject": {"reference": "Patient/1"},
        "authoredOn": "2025-03-04",
    },
    "sdoh consent": {
        "resourceType": "Consent",
        "meta": {"profile": [f"{SDOHCC}Consent"]},
        "status": "active",
        "scope": coded(f"{TERMINOLOGY}consentscope", "patient-privacy"),
        "category": [coded(f"{TERMINOLOGY}v3-ActCode", "IDSCL")],
        "patient": {"reference": "Patient/1"},
        "dateTime": "2025-03-04",
        "organization": [{"reference": "Organization/1"}],
        "sourceAttachment": {"contentType": "text/plain", "data": "QQ=="},
        "policyRule": {"text": "A rule"},
    },
}

#: The resource, the place (dotted), what to put there (GONE: nothing), the rule, the path.
FAULTS: list[tuple[str, str, Any, str, str]] = [
    ("patient", "name", GONE, "check.profile-missing", "Patient.name"),
    ("patient", "identifier.0.system", GONE, "check.profile-missing", "Patient.identifier[0].system"),
    ("patient", "telecom.0.value", GONE, "check.profile-missing", "Patient.telecom[0].value"),
    ("patient", "name.0", {"text": "A"}, "check.invariant.us-core-6", "Patient.name[0]"),
    ("patient", "extension.1", {"url": f"{US_CORE}birthsex", "valueCode": "zz"}, "", ""),  # VSAC codes are not known
    ("patient", "extension.1", "SAME", "check.slice-too-many", "Patient.extension[1]"),
    ("patient", "resourceType", "Practitioner", "check.profile-resource", "Practitioner"),
    ("patient", "meta.profile.1", f"{OURS}no-such-profile", "check.profile-unknown", "Patient.meta.profile[1]"),
    ("patient", "meta.profile.1", "http://example.org/p", "check.profile-unknown", "Patient.meta.profile[1]"),
    ("patient", "meta.profile.0", f"{US_CORE}patient|5.0.1", "check.profile-unknown", "Patient.meta.profile[0]"),
    ("patient", "extension.1", {"url": f"{OURS}no-such", "valueCode": "a"}, "check.extension-unknown", "Patient.extension[1]"),
    ("encounter", "type", GONE, "check.profile-missing", "Encounter.type"),
    ("encounter", "subject", GONE, "check.profile-missing", "Encounter.subject"),
    ("encounter", "subject.reference", "Group/1", "check.profile-target", "Encounter.subject"),
    ("encounter", "identifier", [{"value": "1"}], "check.profile-missing", "Encounter.identifier[0].system"),
    ("pressure", "category.0", coded(f"{TERMINOLOGY}observation-category", "survey"), "check.slice-missing", "Observation.category"),
    ("pressure", "category.1", "SAME", "check.slice-too-many", "Observation.category[1]"),
    ("pressure", "code", coded("http://loinc.org", "85354-8"), "check.profile-value", "Observation.code"),
    ("pressure", "component.0", GONE, "check.slice-missing", "Observation.component"),
    ("pressure", "component.2", "SAME", "check.slice-too-many", "Observation.component[2]"),
    ("pressure", "component.0.valueQuantity", GONE, "check.invariant.vs-3", "Observation.component[0]"),
    ("pressure", "component.0.valueQuantity.code", "kPa", "check.profile-value", "Observation.component[0].value.ofType(Quantity).code"),
    ("pressure", "component.0.valueQuantity.unit", GONE, "check.profile-missing", "Observation.component[0].value.ofType(Quantity).unit"),
    ("pressure", "effectiveDateTime", "2025-03", "check.invariant.vs-1", "Observation.effective.ofType(dateTime)"),
    ("pressure", "effectiveDateTime", GONE, "check.profile-missing", "Observation.effective"),
    ("pressure", "subject.reference", "Group/1", "check.profile-target", "Observation.subject"),
    ("smoking", "status", "preliminary", "check.profile-code", "Observation.status"),
    ("smoking", "effectiveDateTime", "TO:effectiveInstant", "check.profile-type", "Observation.effective.ofType(instant)"),
    ("lab", "valueCodeableConcept", coded("http://loinc.org", "LA6576-8"), "check.invariant.us-core-4", "Observation.value.ofType(CodeableConcept)"),
    ("lab", "valueCodeableConcept", GONE, "check.invariant.us-core-2", "Observation"),
    ("practitioner", "name.0.family", GONE, "check.profile-missing", "Practitioner.name[0].family"),
    ("practitioner", "identifier.0.value", "123456789", "check.invariant.us-core-16", "Practitioner.identifier[0]"),
    ("practitioner", "identifier.0.value", "1234567890", "check.invariant.us-core-17", "Practitioner.identifier[0]"),
    ("role", "organization", GONE, "check.invariant.us-core-13", "PractitionerRole"),
    ("role", "telecom", GONE, "check.invariant.pd-1", "PractitionerRole"),
    ("document", "category", GONE, "check.profile-missing", "DocumentReference.category"),
    ("document", "type", coded("http://example.org", "1"), "check.profile-code", "DocumentReference.type"),
    ("document", "content.0.attachment.data", GONE, "check.invariant.us-core-6", "DocumentReference.content[0].attachment"),
    ("document", "subject.reference", "Device/1", "check.profile-target", "DocumentReference.subject"),
    ("answers", "questionnaire", GONE, "check.profile-missing", "QuestionnaireResponse.questionnaire"),
    ("answers", "item.0.item.1", "SAME", "check.invariant.sdcqr-2", "QuestionnaireResponse"),
    ("answers", "subject", GONE, "check.invariant.sdcqr-1", "QuestionnaireResponse"),
    ("provenance", "agent.0.onBehalfOf", GONE, "check.invariant.provenance-1", "Provenance.agent[0]"),
    ("provenance", "agent.0.who.reference", "HealthcareService/1", "check.target", "Provenance.agent[0].who"),
    ("task", "status", "ready", "check.profile-code", "Task.status"),
    ("task", "statusReason", coded("http://example.org", "1"), "check.profile-missing", "Task.statusReason.text"),
    ("task", "intent", "plan", "check.profile-value", "Task.intent"),
    ("task", "code", coded("http://hl7.org/fhir/CodeSystem/task-code", "approve"), "check.profile-value", "Task.code"),
    ("task", "focus.reference", "Task/1", "check.profile-target", "Task.focus"),
    ("task", "requester.reference", "Patient/1", "check.profile-target", "Task.requester"),
    ("task", "authoredOn", GONE, "check.profile-missing", "Task.authoredOn"),
    ("request", "code", coded("http://example.org", "1"), "check.profile-code", "ServiceRequest.code"),
    ("request", "code", {"text": "Follow-up"}, "check.profile-code", "ServiceRequest.code"),
    ("request", "specimen", [{"reference": "Specimen/1"}], "check.profile-prohibited", "ServiceRequest.specimen"),
    ("request", "bodySite", [{"text": "Arm"}], "check.profile-prohibited", "ServiceRequest.bodySite"),
    ("sdoh consent", "category.0", coded(f"{TERMINOLOGY}v3-ActCode", "RSDID"), "check.slice-missing", "Consent.category"),
    ("sdoh consent", "sourceAttachment", GONE, "check.profile-missing", "Consent.source"),
]  # fmt: skip


def planted(resource: Json, place: str, value: Any) -> Json:
    result = copy.deepcopy(resource)
    *steps, last = [int(p) if p.isdigit() else p for p in place.split(".")]
    at: Any = result
    for step in steps:
        at = at[step]
    if value is GONE:
        del at[last]
    elif isinstance(last, int) and last == len(at):
        at.append(copy.deepcopy(at[0]) if value == "SAME" else value)
    elif isinstance(value, str) and value.startswith("TO:"):
        at[value.removeprefix("TO:")] = "2025-03-04T22:41:07Z"
        del at[last]
    else:
        at[last] = value
    return result


@pytest.mark.parametrize("name", RIGHT)
def test_the_resources_are_right_before_the_fault(name: str) -> None:
    assert check(RIGHT[name]) == []
    assert used(RIGHT[name])


@pytest.mark.parametrize(
    ("name", "place", "value", "rule", "path"), FAULTS, ids=lambda v: ascii(v)[:40] if isinstance(v, str) else "value"
)
def test_planted_fault(name: str, place: str, value: Any, rule: str, path: str) -> None:
    found = [(i.rule, i.path) for i in check(planted(RIGHT[name], place, value))]
    assert ((rule, path) in found) if rule else found == []
    assert len(found) <= 2


def test_every_rule_of_profiles_is_planted() -> None:
    planted_here = {rule for _, _, _, rule, _ in FAULTS}
    others = {"check.must-support", "check.profile-too-many", "check.slice-closed"}  # below
    assert {rule.rule for rule in rules.OF_PROFILES} <= planted_here | others


# --- claims -------------------------------------------------------------------------------------------------------


def test_a_version_selects_the_profile() -> None:
    assert known(f"{US_CORE}patient") == f"{US_CORE}patient|6.1.0"
    assert known(f"{US_CORE}patient|7.0.0") == f"{US_CORE}patient|7.0.0"
    assert known(f"{US_CORE}patient|8.0.0") is None
    assert known("http://example.org/p") is None
    race = planted(RIGHT["encounter"], "meta.profile.0", f"{US_CORE}encounter|7.0.0")
    assert check(race) == []


def test_a_claim_of_ours_that_is_not_known_is_an_error_and_anothers_is_not() -> None:
    severity = {
        url: [i.severity for i in check(planted(RIGHT["patient"], "meta.profile.1", url))]
        for url in (f"{OURS}none", "http://example.org/p")
    }
    assert severity == {f"{OURS}none": ["error"], "http://example.org/p": ["information"]}


def test_each_profile_is_checked_once() -> None:
    """A parent whose demands the claimed profile holds is not checked again."""
    resource = planted(RIGHT["pressure"], "meta.profile.1", f"{US_CORE}vital-signs")
    resource = planted(resource, "meta.profile.2", f"{US_CORE}blood-pressure|6.1.0")
    assert used(resource) == [f"{US_CORE}blood-pressure|6.1.0", f"{US_CORE}vital-signs|6.1.0"]
    assert profile(f"{US_CORE}blood-pressure|6.1.0").derives == {f"{US_CORE}vital-signs|6.1.0"}
    assert [(i.rule, i.path) for i in check(planted(resource, "subject", GONE))] == [
        ("check.profile-missing", "Observation.subject")
    ]


def test_entries_and_contained_resources_are_checked_in_place() -> None:
    wrong = planted(RIGHT["patient"], "name", GONE)
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": RIGHT["task"]}, {"resource": wrong}],
    }
    assert [(i.rule, i.path) for i in check(bundle)] == [("check.profile-missing", "Bundle.entry[1].resource.name")]
    holder = planted(RIGHT["encounter"], "contained", [{**wrong, "id": "p"}])
    holder = planted(holder, "subject.reference", "#p")
    assert [(i.rule, i.path) for i in check(holder)] == [("check.profile-missing", "Encounter.contained[0].name")]


def test_the_reference_of_an_extension_points_to_a_type_that_its_definition_allows() -> None:
    def asserted(reference: str) -> list[tuple[str, str]]:
        url = f"{SDOHCC}ExtensionConditionAsserter"
        extension = [{"url": url, "valueReference": {"reference": reference}}]
        return [
            (i.rule, i.path) for i in check({"resourceType": "Basic", "code": {"text": "A"}, "extension": extension})
        ]

    assert asserted("Device/1") == asserted("http://example.org/1") == []
    assert asserted("Location/1") == [("check.target", "Basic.extension[0].value.ofType(Reference)")]


def test_a_target_is_known_by_the_bundle() -> None:
    def bundle(subject: Json) -> Json:
        encounter = planted(RIGHT["encounter"], "subject.reference", "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000001")
        entry = [
            {"fullUrl": "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000001", "resource": subject},
            {"fullUrl": "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000002", "resource": encounter},
        ]
        return {"resourceType": "Bundle", "type": "collection", "entry": entry}

    group = {"resourceType": "Group", "type": "person", "actual": True}
    assert check(bundle(RIGHT["patient"])) == []
    assert [(i.rule, i.path) for i in check(bundle(group))] == [
        ("check.profile-target", "Bundle.entry[1].resource.subject")
    ]


# --- one profile --------------------------------------------------------------------------------------------------


def test_meets_looks_at_the_profile_and_at_r4_but_at_no_claim() -> None:
    unclaimed = planted(RIGHT["patient"], "meta.profile.0", f"{OURS}none")
    assert meets(unclaimed, f"{US_CORE}patient")
    assert not meets(planted(unclaimed, "name", GONE), f"{US_CORE}patient")
    assert not meets(planted(unclaimed, "gender", "none"), f"{US_CORE}patient")  # base R4
    assert not meets(RIGHT["encounter"], f"{US_CORE}patient")
    # a warning is no reason not to claim
    other = planted(RIGHT["lab"], "valueCodeableConcept", coded("http://loinc.org", "LA6576-8"))
    assert [i.severity for i in check(other)] == ["warning"]
    assert meets(other, f"{US_CORE}observation-lab")


def test_profile_issues_are_those_of_the_profile_alone() -> None:
    resource = planted(planted(RIGHT["patient"], "gender", "none"), "name", GONE)
    assert [(i.rule, i.path) for i in profile_issues(resource, f"{US_CORE}patient|6.1.0")] == [
        ("check.profile-missing", "Patient.name")
    ]
    assert [i.rule for i in profile_issues([], f"{US_CORE}patient")] == ["check.resource-type"]  # type: ignore[arg-type]


@pytest.mark.parametrize("canonical", ["", "http://example.org/p", f"{OURS}none", f"{US_CORE}patient|1"])
def test_a_profile_that_is_not_known_is_a_lookup_error(canonical: str) -> None:
    with pytest.raises(LookupError):
        meets(RIGHT["patient"], canonical)
    with pytest.raises(LookupError):
        profile_issues(RIGHT["patient"], canonical)


# --- must-support -------------------------------------------------------------------------------------------------


def absent(resource: Json) -> list[str]:
    issues = check(resource, must_support=True)
    assert {(i.rule, i.severity) for i in issues} <= {("check.must-support", "warning")}
    return [issue.path for issue in issues]


def test_absent_must_support_elements_are_named_once_and_only_on_demand() -> None:
    patient = RIGHT["patient"]
    assert check(patient) == []
    assert absent(patient) == [
        "Patient.name[0].family",
        "Patient.telecom[0].use",
        "Patient.birthDate",
        "Patient.address",
    ]


def test_an_element_is_absent_only_if_no_value_of_its_parent_has_it() -> None:
    patient = planted(RIGHT["patient"], "name.1", {"family": "Sorrelwick"})
    assert not [p for p in absent(patient) if p.startswith("Patient.name")]
    assert "Patient.name[0].family" in absent(RIGHT["patient"])


def test_nothing_is_said_below_an_absent_parent() -> None:
    assert [p for p in absent(RIGHT["patient"]) if p.startswith("Patient.address")] == ["Patient.address"]


def test_must_support_of_a_bundles_entries() -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": RIGHT["patient"]}]}
    assert "Bundle.entry[0].resource.birthDate" in absent(bundle)


# --- any value ----------------------------------------------------------------------------------------------------

_NAMES = [
    "coding",
    "code",
    "system",
    "extension",
    "url",
    "reference",
    "item",
    "linkId",
    "answer",
    "type",
    "value",
    "meta",
    "profile",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(value: Any, at: str = "") -> list[str]:
    found = [at] if at else []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in parts:
        found += places(item, f"{at}.{key}".lstrip("."))
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_value_of_any_shape_raises(data: st.DataObject) -> None:
    resource = RIGHT[data.draw(st.sampled_from(sorted(RIGHT)))]
    place = data.draw(st.sampled_from(places(resource)))
    for issue in check(planted(resource, place, data.draw(_JSON)), must_support=True):
        assert issue.path.startswith((resource["resourceType"], "Resource"))


def test_many_claims_cost_no_more_than_one() -> None:
    resource = planted(RIGHT["patient"], "meta.profile", [f"{US_CORE}patient"] * 2000)
    start = time.perf_counter()
    assert check(resource) == []
    assert time.perf_counter() - start < 0.5


def test_every_invariant_has_fixed_words() -> None:
    for (_, key), held in INVARIANTS.items():
        assert held.rule.rule == f"check.invariant.{key}"
        assert held.rule.text and not held.rule.text.endswith(".")
