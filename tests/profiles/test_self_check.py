"""The package's check of itself: the shipped one has no fault, and each kind of fault is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from profiles.examples import Example, examples
from profiles.package_file import artefacts
from profiles.self_check import self_check

Json = dict[str, Any]
Package = tuple[dict[str, Json], list[Example]]


def test_the_shipped_package_has_no_fault() -> None:
    rows = self_check(artefacts(), examples())
    assert [fault for row in rows for fault in row.faults] == []
    assert all(row.count for row in rows)
    assert len(rows) == 9


def wrong_status(package: Package) -> None:
    package[0]["CodeSystem-contact-mode"]["status"] = "banana"


def wrong_url(package: Package) -> None:
    package[0]["CodeSystem-contact-mode"]["id"] = "contact-modes"


def wrong_version(package: Package) -> None:
    package[0]["ValueSet-contact-modes"]["version"] = "9"


def no_description(package: Package) -> None:
    del package[0]["SearchParameter-task-respond-by"]["description"]


def gone_extension(package: Package) -> None:
    del package[0]["StructureDefinition-call-times"]


def unknown_base(package: Package) -> None:
    package[0]["StructureDefinition-caution-flag"]["baseDefinition"] = "http://hl7.org/fhir/StructureDefinition/Banner"


def unknown_publisher(package: Package) -> None:
    package[0]["StructureDefinition-caution-flag"]["baseDefinition"] = "https://example.org/Flag"


def no_such_event(package: Package) -> None:
    package[0]["MessageDefinition-referral-submit"]["eventCoding"]["code"] = "referral-send"


def no_such_mapped_code(package: Package) -> None:
    maps = [one for one in package[0].values() if one["resourceType"] == "ConceptMap"]
    ours = next(g for one in maps for g in one["group"] if g["source"] in _complete(package))
    ours["element"][0]["code"] = "no-such-code"


def no_such_listed_code(package: Package) -> None:
    part = {"system": "https://warmhandoff.org/fhir/CodeSystem/contact-mode", "concept": [{"code": "by-pigeon"}]}
    package[0]["ValueSet-contact-modes"]["compose"]["include"].append(part)


def lost_concept(package: Package) -> None:
    package[0]["CodeSystem-contact-mode"]["concept"].pop()


def no_source(package: Package) -> None:
    for element in package[0]["StructureDefinition-caution-flag"]["snapshot"]["element"]:
        element.pop("mapping", None)


def false_claim(package: Package) -> None:
    for entry in package[1][0].resource["entry"]:
        if entry["resource"]["resourceType"] == "Task":
            del entry["resource"]["businessStatus"]


def not_whole(package: Package) -> None:
    entry = package[1][0].resource["entry"][0]["resource"]
    entry["extension"] = [{"url": "https://warmhandoff.org/fhir/StructureDefinition/none", "valueString": "x"}]


def no_example(package: Package) -> None:
    package[1][:] = [example for example in package[1] if example.form != "answer"]


FAULTS: list[tuple[Callable[[Package], None], str, str]] = [
    (wrong_status, "definitions are right FHIR R4", "CodeSystem.status"),
    (wrong_url, "files, ids and urls agree", "its url is not its type and id"),
    (wrong_version, "files, ids and urls agree", "version"),
    (no_description, "files, ids and urls agree", "no description"),
    (gone_extension, "what is referred to is there", "StructureDefinition/call-times"),
    (unknown_base, "what is referred to is there", "StructureDefinition/Banner"),
    (unknown_publisher, "what is referred to is there", "https://example.org/Flag"),
    (no_such_event, "codes of ours exist", "referral-send"),
    (no_such_mapped_code, "codes of ours exist", "no-such-code"),
    (no_such_listed_code, "codes of ours exist", "by-pigeon"),
    (lost_concept, "codes of ours exist", "its count is not"),
    (no_source, "must-support elements have a source", "StructureDefinition-caution-flag: Flag."),
    (false_claim, "examples hold what they claim", "resource.businessStatus"),
    (false_claim, "examples by themselves hold it too", "Task.businessStatus"),
    (not_whole, "examples name what is there", "StructureDefinition/none"),
    (no_example, "profiles have an example", "answer-message: no example claims it"),
]


@pytest.mark.parametrize(("plant", "row", "words"), FAULTS, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_fault_is_found(plant: Callable[[Package], None], row: str, words: str) -> None:
    few = [example for example in examples() if example.sample == "incident/story-1-contact#1"]
    package = (
        copy.deepcopy(artefacts()),
        [replace(example, resource=copy.deepcopy(example.resource)) for example in few],
    )
    plant(package)
    found = {one.name: one.faults for one in self_check(package[0], tuple(package[1]))}
    assert any(words in fault for fault in found[row]), found[row]


def _complete(package: Package) -> set[str]:
    return {one["url"] for one in package[0].values() if one.get("content") == "complete"}
