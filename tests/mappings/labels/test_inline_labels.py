"""Labels on the elements themselves (S24): which element a label is for, said as DS4P has it."""

from __future__ import annotations

import copy
from typing import Any

from mappings.labels import Origin, label
from mappings.labels.inline import with_inline
from profiles.check import check
from profiles.issue import stops

CENTER = Origin(reference="Organization/mhc", role="covered-entity")
URL = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/1"},
    "code": {
        "coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F10.20"}],
        "text": "Alcohol use disorder",
    },
    "note": [{"text": "Strong odor of alcohol."}, {"text": "He has an opioid use disorder."}],
    "text": {"status": "additional", "div": '<div xmlns="http://www.w3.org/1999/xhtml">schizophrenia</div>'},
}


def codes(element: dict[str, Any]) -> set[str]:
    return {one["valueCoding"]["code"] for one in element.get("extension", ()) if one["url"] == URL}


def test_s24_each_certain_sensitivity_stands_on_its_element() -> None:
    before = copy.deepcopy(CONDITION)
    found = with_inline(label(CONDITION, origin=CENTER)).resource
    assert before == CONDITION
    assert codes(found["code"]["coding"][0]) == {"SUD", "ETHUD"}
    assert codes(found["code"]["_text"]) == {"SUD", "ETHUD"}
    assert "_text" not in found["note"][0]  # only possible: nobody has looked yet
    assert codes(found["note"][1]["_text"]) == {"SUD", "OPIOIDUD"}
    assert codes(found["text"]) == {"PSY"}  # a div takes no extension
    marks = {coding["code"] for coding in found["meta"]["security"]}
    assert marks == {"R", "SUD", "ETHUD", "OPIOIDUD", "PSY", "PROCESSINLINELABEL"}
    assert not stops(check(found))


def test_doing_it_again_changes_nothing() -> None:
    once = with_inline(label(CONDITION, origin=CENTER)).resource
    assert with_inline(label(once, origin=CENTER)).resource == once


def test_a_bundle_says_it_too() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "urn:uuid:6a7a1c3e-4f43-4c6e-9d0f-2b0a4a1f9c12", "resource": {"resourceType": "Patient"}},
            {"fullUrl": "urn:uuid:6a7a1c3e-4f43-4c6e-9d0f-2b0a4a1f9c13", "resource": CONDITION},
        ],
    }
    found = with_inline(label(bundle, origin=CENTER)).resource
    said = [
        "PROCESSINLINELABEL" in {coding["code"] for coding in one["meta"]["security"]}
        for one in (found, *(entry["resource"] for entry in found["entry"]))
    ]
    assert said == [True, False, True]


def test_what_has_no_label_is_left_as_it_is() -> None:
    labelled = label({"resourceType": "Patient"}, origin=None)
    assert with_inline(labelled).resource == labelled.resource
