"""The 5,306 official examples of R4 (npm `hl7.fhir.r4.examples` 4.0.1): no false errors over 140 resource types.

They are not in the repository. Run with the package at hand:

    npm pack hl7.fhir.r4.examples@4.0.1
    R4_EXAMPLES=hl7.fhir.r4.examples-4.0.1.tgz pytest -m proof tests/profiles/test_check_r4_examples.py

27 of them are wrong by R4 itself; each stands here with what is wrong in it, and must stay found.
"""

from __future__ import annotations

import os
import tarfile

import orjson
import pytest

from profiles.check import check

PACKAGE = os.environ.get("R4_EXAMPLES", "")

_NO_BASE = ({"check.missing"}, "SearchParameter.base is 1..*; these have none")
_NO_TEXT = ({"check.xhtml"}, "txt-2: the div holds nothing but white space")
_NBSP = ({"check.format"}, "a code that ends in a no-break space, left by a wrong character set")
_NO_NAME = (
    {"check.missing", "check.reference"},
    "name and status are 1..1; one reference's id has more than 64 characters",
)

_TARGET = {"check.target"}

WRONG: dict[str, tuple[set[str], str]] = {
    "ActivityDefinition-blood-tubes-supply.json": _NO_TEXT,
    "ActivityDefinition-heart-valve-replacement.json": _NO_TEXT,
    "Bundle-dataelements.json": ({"check.invariant.bdl-7"}, "a fullUrl three times"),
    "Bundle-hla-1.json": (
        {"check.extension"},
        "a part `uri` of hla-genotyping-results-glstring, which has text and url",
    ),
    "Bundle-v2-valuesets.json": _NBSP,
    "CodeSystem-v2-0550.json": _NBSP,
    "DeviceMetric-example.json": (_TARGET, "parent is a Reference(Device); this is a DeviceDefinition"),
    "DeviceUseStatement-example.json": (_TARGET, "reasonReference does not take a Procedure"),
    "EventDefinition-example.json": _NO_TEXT,
    "ImplementationGuide-fhir.json": _NO_NAME,
    "MedicationRequest-medrx0301.json": (_TARGET, "dispenseRequest.performer is a Reference(Organization)"),
    "Observation-clinical-gender.json": (_TARGET, "performer does not take an Encounter"),
    "Observation-example-genetics-brcapat.json": (
        {"check.extension", "check.missing"},
        "us-core-ethnicity has parts and no value",
    ),
    "Questionnaire-qs1.json": ({"check.missing"}, "item.linkId is 1..1; 32 items have none"),
    "Questionnaire-zika-virus-exposure-assessment.json": _NO_TEXT,
    "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json": (
        {"check.format"},
        "an id of more than 64 characters",
    ),
    "ig-r4.json": _NO_NAME,
} | {
    f"SearchParameter-{kind.lower()}-extensions-{kind}-{name}.json": _NO_BASE
    for kind in ("CodeSystem", "ValueSet")
    for name in ("author", "effective", "end", "keyword", "workflow")
}


@pytest.mark.proof
@pytest.mark.skipif(not PACKAGE, reason="R4_EXAMPLES names no package")
def test_r4_examples() -> None:
    wrong: dict[str, set[str]] = {}
    types: set[str] = set()
    count = 0
    with tarfile.open(PACKAGE) as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            content = archive.extractfile(member)
            if content is None or not name.endswith(".json") or name in ("package.json", ".index.json"):
                continue
            resource = orjson.loads(content.read())
            types.add(resource["resourceType"])
            count += 1
            errors = {issue.rule for issue in check(resource) if issue.severity == "error"}
            if errors:
                wrong[name] = errors
    assert wrong == {name: rules for name, (rules, _) in WRONG.items()}
    assert (count, len(types)) == (5306, 140)
