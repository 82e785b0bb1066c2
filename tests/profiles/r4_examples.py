"""The official examples of R4 (npm `hl7.fhir.r4.examples` 4.0.1), read out of the package; which of them are wrong."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

_NO_BASE = ({"check.missing"}, "SearchParameter.base is 1..*; these have none")
_NO_TEXT = ({"check.xhtml"}, "txt-2: the div holds nothing but white space")
_NBSP = ({"check.format"}, "a code that ends in a no-break space, left by a wrong character set")
_NO_NAME = (
    {"check.missing", "check.reference"},
    "name and status are 1..1; one reference's id has more than 64 characters",
)

_TARGET = {"check.target"}

#: Those that are wrong by R4 itself: the rules that find it, and what is wrong.
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


def r4_examples(package: Path | str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name, resource) of each of the 5,306."""
    with tarfile.open(package) as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            content = archive.extractfile(member)
            if content is not None and name.endswith(".json") and name not in ("package.json", ".index.json"):
                yield name, orjson.loads(content.read())
