"""Wherever it stands: elements, contained resources, extensions, references, attachments, addresses, tags, markup."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mappings.labels import Origin, label, label_bundle

CENTER = Origin(reference="Organization/mhc", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
OUD = {"system": ICD, "code": "F11.20"}
CONCEPT = {"coding": [OUD]}
SNOMED = "191816009"


def marks(resource: dict[str, Any]) -> set[str]:
    return {coding["code"] for coding in resource["meta"]["security"]} - {"R", "N", "V"}


def told(resource: dict[str, Any]) -> set[str]:
    return {row.code for row in label(resource, origin=CENTER).labels} - {"R", "V"}


def attached(kind: str | None, data: bytes | str, **more: Any) -> dict[str, Any]:
    raw = data.encode() if isinstance(data, str) else data
    attachment = {"data": base64.b64encode(raw).decode(), **more}
    if kind is not None:
        attachment["contentType"] = kind
    return {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": attachment}]}


CDA = '<ClinicalDocument><value code="F11.20" codeSystem="2.16.840.1.113883.6.90"/></ClinicalDocument>'
FHIR = json.dumps({"resourceType": "Condition", "code": CONCEPT})
V2 = "MSH|^~\\&|A|B\rDG1|1||F11.20^Dependence^I10C\r"
WORDS = "He has an opioid use disorder."

PLACES: dict[str, dict[str, Any]] = {
    "coding": {"resourceType": "Condition", "code": CONCEPT},
    "second coding": {"resourceType": "Condition", "code": {"coding": [{"system": "urn:local", "code": "7"}, OUD]}},
    "value": {"resourceType": "Observation", "valueCodeableConcept": CONCEPT},
    "component": {
        "resourceType": "Observation",
        "component": [{"code": {"text": "x"}, "valueCodeableConcept": CONCEPT}],
    },
    "extension": {"resourceType": "Patient", "extension": [{"url": "urn:x", "valueCoding": OUD}]},
    "nested extension": {
        "resourceType": "Patient",
        "extension": [{"url": "urn:x", "extension": [{"url": "y", "extension": [{"url": "z", "valueCoding": OUD}]}]}],
    },
    "modifier extension": {
        "resourceType": "Patient",
        "modifierExtension": [{"url": "urn:x", "valueCodeableConcept": CONCEPT}],
    },
    "extension of a primitive": {
        "resourceType": "Patient",
        "_birthDate": {"extension": [{"url": "u", "valueCoding": OUD}]},
    },
    "extension in a datatype": {
        "resourceType": "Patient",
        "name": [{"family": "Quendaro", "extension": [{"url": "u", "valueCoding": OUD}]}],
    },
    "contained": {
        "resourceType": "Encounter",
        "contained": [{"resourceType": "Condition", "id": "c", "code": CONCEPT}],
    },
    "contained in parameters": {
        "resourceType": "Parameters",
        "parameter": [{"name": "r", "resource": {"resourceType": "Condition", "code": CONCEPT}}],
    },
    "identifier": {"resourceType": "Condition", "identifier": [{"system": ICD, "value": "F11.20"}]},
    "quantity": {"resourceType": "Observation", "valueQuantity": {"value": 1, "system": ICD, "code": "F11.20"}},
    "tag": {"resourceType": "Patient", "meta": {"tag": [OUD]}},
    "extension of meta": {"resourceType": "Patient", "meta": {"extension": [{"url": "urn:x", "valueCoding": OUD}]}},
    "reference with a query": {
        "resourceType": "Encounter",
        "reasonReference": [{"reference": f"Condition?code={ICD}|F11.20"}],
    },
    "reference with an escaped query": {
        "resourceType": "Encounter",
        "reasonReference": [{"reference": "Condition?code=ICD10CM%7CF11.20"}],
    },
    "criteria": {"resourceType": "Subscription", "criteria": f"Condition?code={ICD}|F11.20"},
    "a SNOMED CT address": {
        "resourceType": "Basic",
        "extension": [{"url": "u", "valueUri": f"http://snomed.info/id/{SNOMED}"}],
    },
    "an expression": {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": f"{SNOMED}:246112005=24484000"}]},
    },
    "an edition": {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "http://snomed.info/sct/731000124108", "code": SNOMED}]},
    },
    "display": {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "urn:local", "code": "7", "display": "Opioid use disorder"}]},
    },
    "display of a reference": {
        "resourceType": "Encounter",
        "reasonReference": [{"reference": "Condition/1", "display": "Opioid use disorder"}],
    },
    "note": {"resourceType": "Condition", "note": [{"text": WORDS}]},
    "narrative": {"resourceType": "Condition", "text": {"status": "additional", "div": f"<div>{WORDS}</div>"}},
    "a word with tags in it": {
        "resourceType": "Condition",
        "text": {"status": "additional", "div": "<div>opi<b>oid</b> use dis<i>order</i></div>"},
    },
    "entities": {
        "resourceType": "Condition",
        "text": {"status": "additional", "div": "<div>&#111;pioid use disorder</div>"},
    },
    "an attribute": {
        "resourceType": "Condition",
        "text": {"status": "additional", "div": '<div><img src="#a" alt="opioid use disorder"/></div>'},
    },
    "a comment": {
        "resourceType": "Condition",
        "text": {"status": "additional", "div": "<div><!-- opioid use disorder --></div>"},
    },
    "text attachment": attached("text/plain", WORDS),
    "attachment without a type": attached(None, WORDS),
    "attachment of a wrong type": attached("application/pdf", WORDS),
    "attachment in UTF-16": attached("text/plain", WORDS.encode("utf-16")),
    "rtf": attached("application/rtf", "{\\rtf1\\ansi He has an opioid use disorder.}"),
    "fhir in an attachment": attached("application/fhir+json", FHIR),
    "cda in an attachment": attached("application/xml", CDA),
    "v2 in an attachment": attached("x-application/hl7-v2+er7", V2),
    "binary": {
        "resourceType": "Binary",
        "contentType": "text/plain",
        "data": base64.b64encode(WORDS.encode()).decode(),
    },
    "an address with its data": {
        "resourceType": "DocumentReference",
        "content": [{"attachment": {"url": "data:text/plain;base64," + base64.b64encode(WORDS.encode()).decode()}}],
    },
    "a title": {"resourceType": "DocumentReference", "content": [{"attachment": {"title": "Opioid use disorder"}}]},
    "wide letters": {
        "resourceType": "Condition",
        "code": {"coding": [{"system": ICD, "code": "\uff26\uff11\uff11.20"}]},
    },
    "letters nobody sees": {"resourceType": "Condition", "code": {"coding": [{"system": ICD, "code": "F1\u200b1.20"}]}},
    "a system in the code": {"resourceType": "Condition", "code": {"coding": [{"code": "ICD10CM:F11.20"}]}},
    "a code with a blank": {"resourceType": "Condition", "code": {"coding": [{"system": ICD, "code": " F11 20 "}]}},
}


@pytest.mark.parametrize("name", PLACES)
def test_wherever_it_stands_it_is_labelled(name: str) -> None:
    found = label(PLACES[name], origin=CENTER)
    assert "SUD" in marks(found.resource), name
    assert all(row.path.startswith(PLACES[name]["resourceType"]) or row.path == "meta" for row in found.labels)


#: What has no system, or is a hint: possible at most, so it is for a person to look at.
HINTS: dict[str, dict[str, Any]] = {
    "code in prose": {"resourceType": "Condition", "note": [{"text": "Dx F11.20, see chart."}]},
    "code alone": {"resourceType": "Condition", "code": {"text": "F11.20"}},
    "code of HCPCS in prose": {"resourceType": "Claim", "item": [{"productOrService": {"text": "billed H0020"}}]},
    "code datatype": {"resourceType": "Basic", "extension": [{"url": "u", "valueCode": "F11.20"}]},
    "linkId": {"resourceType": "QuestionnaireResponse", "item": [{"linkId": "/72109-2"}]},
    "query without a system": {
        "resourceType": "Encounter",
        "reasonReference": [{"reference": "Condition?code=F11.20"}],
    },
    "profile": {
        "resourceType": "Condition",
        "meta": {"profile": ["http://example.org/StructureDefinition/opioid-use-disorder"]},
    },
}


@pytest.mark.parametrize("name", HINTS)
def test_a_hint_is_possible_and_no_more(name: str) -> None:
    found = label(HINTS[name], origin=CENTER)
    assert marks(found.resource) == set()
    assert "SUD" in {row.code for row in found.labels if row.grade == "possible"}


@pytest.mark.parametrize(
    "resource",
    [
        attached("image/png", b"\x89PNG\r\n\x1a\n\x00\x00"),
        attached("application/pdf", b"%PDF-1.7\n\x00 opioid use disorder"),
        attached("application/octet-stream", bytes(range(256))),
    ],
)
def test_s18_what_cannot_be_read_is_labelled_by_origin_alone(resource: dict[str, Any]) -> None:
    assert marks(label(resource, origin=PROGRAM).resource) == {"42CFRPart2"}
    assert marks(label(resource, origin=None).resource) == {"origin-unknown"}
    assert marks(label(resource, origin=CENTER).resource) == set()


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:uuid:{index}", "resource": one} for index, one in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **more}


ORGANIZATION = {
    "resourceType": "Organization",
    "id": "otp",
    "identifier": [{"system": "urn:ids", "value": "7"}],
    "name": "Riverside Methadone Clinic",
}


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "urn:uuid:0"},
        {"reference": "Organization/otp"},
        {"reference": "https://ehr.example.org/fhir/Organization/otp/_history/2"},
        {"identifier": {"system": "urn:ids", "value": "7"}},
    ],
)
def test_a_reference_tells_what_the_organization_it_names_tells(reference: dict[str, Any]) -> None:
    found = label_bundle(
        bundle(ORGANIZATION, {"resourceType": "Encounter", "serviceProvider": reference}), [CENTER] * 2
    )
    assert "SUD" in marks(found.resource["entry"][1]["resource"])
    assert any(row.path == "Bundle.entry[1].resource.serviceProvider" for row in found.labels)


def test_a_role_in_an_organization_tells_what_the_organization_tells() -> None:
    role = {"resourceType": "PractitionerRole", "id": "r", "organization": {"reference": "Organization/otp"}}
    task = {"resourceType": "Task", "owner": {"reference": "PractitionerRole/r"}}
    found = label_bundle(bundle(task, role, ORGANIZATION), [CENTER] * 3)
    assert all("SUD" in marks(entry["resource"]) for entry in found.resource["entry"])


def test_a_medicine_by_reference() -> None:
    medicine = {"resourceType": "Medication", "id": "m", "code": {"coding": [{"system": "RXNORM", "code": "1010604"}]}}
    request = {"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/m"}}
    found = label_bundle(bundle(request, medicine), [CENTER] * 2)
    assert marks(found.resource["entry"][0]["resource"]) == {"SUD", "OPIOIDUD"}


def test_a_reference_to_a_person_or_a_finding_tells_nothing_by_itself() -> None:
    condition = {"resourceType": "Condition", "id": "c", "code": CONCEPT, "subject": {"reference": "Patient/p"}}
    patient = {"resourceType": "Patient", "id": "p"}
    encounter = {"resourceType": "Encounter", "reasonReference": [{"reference": "Condition/c"}]}
    found = label_bundle(bundle(condition, patient, encounter), [CENTER] * 3)
    assert [bool(marks(entry["resource"])) for entry in found.resource["entry"]] == [True, False, False]


def test_what_the_bundle_says_itself_is_in_its_own_labels() -> None:
    entry = {"request": {"method": "GET", "url": f"Condition?code={ICD}|F11.20"}}
    made = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [entry],
        "link": [{"relation": "self", "url": f"x?code={ICD}|B20"}],
    }
    found = label_bundle(made, [])
    assert marks(found.resource) == {"SUD", "OPIOIDUD", "HIV"}
    assert {row.path for row in found.labels if row.code == "SUD"} == {"Bundle.entry[0].request.url"}


def test_a_bundle_in_a_bundle_has_its_places_from_the_outside() -> None:
    found = label(bundle(bundle({"resourceType": "Condition", "code": CONCEPT})), origin=CENTER)
    assert "SUD" in marks(found.resource)
    assert any(row.path == "Bundle.entry[0].resource.entry[0].resource.code.coding[0]" for row in found.labels)


@pytest.mark.parametrize(
    ("security", "rule"),
    [
        ([{"code": "N"}, {"code": "R"}], "label.two-levels"),
        ([{"code": "N"}], "label.raised"),
        ([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "R"}], "label.wrong-system"),
        ([{"code": "NORDSLCD"}], "label.no-code"),
        ([{"code": "NOREDISCLOSEWOCON"}], "label.no-code"),
        ([{"code": "42CFRPart2"}], "label.law-without-origin"),
        ([{"code": "PROCESSINLINELABEL"}], "label.no-inline"),
    ],
)
def test_labels_that_do_not_agree_are_reported_and_kept(security: list[dict[str, str]], rule: str) -> None:
    resource = {"resourceType": "Condition", "meta": {"security": security}, "code": CONCEPT}
    found = label(resource, origin=CENTER)
    assert rule in {issue.rule for issue in found.issues}
    kept = {coding["code"] for coding in security} - {"N", "R"}
    assert kept <= {coding["code"] for coding in found.resource["meta"]["security"]}
    assert all(issue.path.startswith("Condition.meta.security") for issue in found.issues)


def test_labels_as_we_make_them_are_no_conflict() -> None:
    for resource in PLACES.values():
        once = label(resource, origin=CENTER).resource
        again = label(once, origin=CENTER)
        assert again.resource == once
        assert again.issues == ()


@pytest.mark.parametrize(
    "shape",
    [
        {"meta": 7},
        {"meta": {"security": 7}},
        {"meta": {"security": [7, {"code": 7}]}},
        {"contained": 7},
        {"contained": [7]},
        {"extension": {"url": 7}},
        {"code": 7},
        {"meta": {"tag": 7, "profile": 7}},
        {"identifier": 7},
    ],
)
def test_a_shape_that_is_no_fhir_is_read_as_far_as_it_goes(shape: dict[str, Any]) -> None:
    resource = {"resourceType": "Condition", "note": [{"text": WORDS}], **shape}
    assert "SUD" in told(resource)
    assert "SUD" in {row.code for row in label(bundle(resource), origin=CENTER).labels}


def test_every_label_says_why_as_ds4p_has_it() -> None:
    found = label(PLACES["coding"], origin=PROGRAM).resource
    for coding in found["meta"]["security"]:
        parts = {one["url"].rpartition("extension-sec-label-")[2]: one for one in coding["extension"]}
        if coding["code"] != "R":
            assert set(parts) == {"basis", "classifier", "related-artifact"}
            artifact = parts["related-artifact"]["valueRelatedArtifact"]
            assert artifact["label"] and "policy" in artifact["display"]
    sud = next(one for one in found["meta"]["security"] if one["code"] == "SUD")
    assert "F11" in sud["extension"][2]["valueRelatedArtifact"]["label"]


def test_what_a_part_says_of_its_quality_is_not_said_of_the_whole() -> None:
    url = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
    said = [{"url": url, "valueCoding": {"system": system, "code": code}} for code in ("PATRPT", "UNCERTREL")]
    found = label({"resourceType": "Patient", "birthDate": "1990", "_birthDate": {"extension": said}}, origin=CENTER)
    assert marks(found.resource) == {"PROCESSINLINELABEL"}


def test_deep_nesting_is_no_hiding_place() -> None:
    node: dict[str, Any] = {"url": "u", "valueCoding": OUD}
    for _ in range(150):
        node = {"url": "u", "extension": [node]}
    assert "SUD" in told({"resourceType": "Patient", "extension": [node]})
