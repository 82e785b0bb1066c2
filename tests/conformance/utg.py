"""Code systems of HL7 Terminology, as the validator can read them: newer than those that R4 holds."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from profiles.generate import SOURCES

Json = dict[str, Any]

_FHIR = "{http://hl7.org/fhir}"


def code_systems() -> Iterator[Json]:
    """The code systems of `profiles/sources/utg.tgz`: codes, displays, and each code below all that it is subsumed by.

    HL7 Terminology says that as properties; R4's value sets ask for it as a tree.
    """
    with tarfile.open(SOURCES / "utg.tgz") as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            file = archive.extractfile(member) if Path(member.name).suffix == ".xml" else None
            if file is not None:
                yield _code_system(ElementTree.parse(file).getroot())


def _code_system(root: ElementTree.Element) -> Json:
    displays: dict[str, str] = {}
    below: dict[str, list[str]] = {}

    def read(concept: ElementTree.Element, parents: list[str]) -> None:
        code = _value(concept, "code")
        displays[code] = _value(concept, "display")
        for said in concept.findall(f"{_FHIR}property"):
            if _value(said, "code") == "subsumedBy":
                parents = [*parents, _value(said, "valueCode")]
        for parent in parents or [""]:
            below.setdefault(parent, []).append(code)
        for child in concept.findall(f"{_FHIR}concept"):
            read(child, [code])

    for concept in root.findall(f"{_FHIR}concept"):
        read(concept, [])

    def tree(code: str) -> Json:
        made: Json = {"code": code, **({"display": displays[code]} if displays[code] else {})}
        return {**made, "concept": [tree(child) for child in below[code]]} if code in below else made

    return {
        "resourceType": "CodeSystem",
        "url": _value(root, "url"),
        "version": _value(root, "version"),
        "status": "active",
        "caseSensitive": True,
        "content": "complete",
        "concept": [tree(code) for code in below[""]],
    }


def _value(element: ElementTree.Element, name: str) -> str:
    found = element.find(f"{_FHIR}{name}")
    return "" if found is None else found.attrib.get("value", "")


def value_sets() -> Iterator[Json]:
    """HL7 Terminology's value set of policies (v3-ActPolicyType), which R4 does not hold and DS4P's basis is bound to.

    It is what v3-ActCode has below `_ActPolicyType`, and is made of that.
    """
    below = {"property": "concept", "op": "is-a", "value": "_ActPolicyType"}
    system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    yield {
        "resourceType": "ValueSet",
        "url": "http://terminology.hl7.org/ValueSet/v3-ActPolicyType",
        "status": "active",
        "compose": {"include": [{"system": system, "filter": [below]}]},
    }
