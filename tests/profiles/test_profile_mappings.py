"""The mappings of our profiles are true: each path of the record, each EIDO member, each v2 field they name is there.

What is tested is the package, which a test of its own compares with the Shorthand it is compiled from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mappings.schema import published_schema

_PACKAGE = Path(str(resources.files("profiles"))) / "package"
_CAD = Path(str(resources.files("mappings"))) / "cad"
_TARGETS = {
    "incident": "https://warmhandoff.org/fhir/incident",
    "cad": "https://warmhandoff.org/fhir/pack",
    "eido": "urn:nena:eido",
    "hl7v2": "http://hl7.org/v2",
}
#: The segments of REF^I12 that `mappings.hl7v2.referral` writes.
_SEGMENTS = frozenset(("MSH", "RF1", "PRD", "CTD", "PID", "NK1", "DG1", "OBR", "OBX", "NTE", "PV1", "PV2", "ZSL"))
#: Answers of the center, which a few elements of the loop come from.
_ANSWERED = frozenset(("MSA", "RRI^I12", "SCH"))
_NONE = "none"


class Row(NamedTuple):
    """One mapping of one element."""

    profile: str
    element: str
    identity: str
    path: str


@cache
def _definitions() -> tuple[dict[str, Any], ...]:
    found = (json.loads(file.read_bytes()) for file in sorted(_PACKAGE.glob("StructureDefinition-*.json")))
    return tuple(found)


def _rows(identity: str) -> Iterator[Row]:
    for definition in _definitions():
        for element in definition["differential"]["element"]:
            for mapping in element.get("mapping", ()):
                if mapping["identity"] == identity:
                    yield Row(definition["id"], element["id"], identity, mapping["map"])


def _paths(identity: str) -> set[str]:
    """Each path that a mapping names: one element may list several, with commas; `none` and words in brackets name
    no path."""
    rows = [row.path for row in _rows(identity)]
    assert rows, f"no profile is mapped to {identity}"
    paths = {part.strip() for path in rows if not re.fullmatch(r"\(.*\)", path) for part in path.split(",")}
    return paths - {_NONE}


@cache
def _schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(published_schema())
    return found


def _alternatives(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        yield from _alternatives(_schema()["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    elif "anyOf" in schema and "properties" not in schema:
        for one in schema["anyOf"]:
            yield from _alternatives(one)
    else:
        yield schema


def _is_in_the_record(path: str) -> bool:
    """Whether `path` leads through the Incident's schema, with `[]` for each array on the way (its end may be one)."""
    here = [_schema()]
    steps = path.split(".")
    for n, step in enumerate(steps):
        name, many = step.removesuffix("[]"), step.endswith("[]")
        below = [one["properties"][name] for one in here if name in one.get("properties", {})]
        here = [found for one in below for found in _alternatives(one)]
        if many:
            here = [found for one in here if one.get("type") == "array" for found in _alternatives(one["items"])]
        elif n < len(steps) - 1 and any(one.get("type") == "array" for one in here):
            return False
        if not here:
            return False
    return True


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("number", True),
        ("timeline.received", True),
        ("persons[].names[].family", True),
        ("contacts[].hold.grounds[]", True),
        ("contacts[].hold.grounds", True),
        ("persons.names", False),
        ("number[]", False),
        ("contacts[].disposition.nothing", False),
        ("subject", False),
    ],
)
def test_a_path_is_followed_through_the_schema(path: str, there: bool) -> None:
    assert _is_in_the_record(path) is there


def test_each_path_of_the_record_exists() -> None:
    assert {path for path in _paths("incident") if not _is_in_the_record(path)} == set()


def test_each_eido_name_is_one_that_the_reader_reads() -> None:
    source = "\n".join(file.read_text() for file in sorted(_CAD.glob("*.py")))
    named = {name for path in _paths("eido") for name in re.findall(r"[A-Za-z]+", path)} - {"id"}
    assert {name for name in named if f'"{name}"' not in source} == set()


def test_each_v2_place_is_in_a_segment_that_is_written() -> None:
    place = re.compile(r"([A-Z][A-Z0-9]{2})(-\d+(\.\d+)?)?")
    wrong = {path for path in _paths("hl7v2") if not (found := place.fullmatch(path)) or found[1] not in _SEGMENTS}
    assert {path for path in wrong if path.partition("-")[0] not in _ANSWERED} == set()


def test_each_source_is_declared_by_its_own_uri() -> None:
    wrong = []
    for definition in _definitions():
        ours = {one["identity"]: one.get("uri") for one in definition.get("mapping", ()) if one["identity"] in _TARGETS}
        wrong += [(definition["id"], name) for name, uri in ours.items() if uri != _TARGETS[name]]
    assert wrong == []


def _unmapped(definition: dict[str, Any], identity: str) -> Iterator[str]:
    """Must-support elements for which nothing is said: not of themselves, not of a slice or an element they are in
    whose source is none."""
    said: dict[str, set[str]] = {}
    for element in definition["differential"]["element"]:
        for mapping in element.get("mapping", ()):
            if mapping["identity"] == identity:
                said.setdefault(element["id"], set()).add(mapping["map"])
    for element in definition["snapshot"]["element"]:
        name = element["id"]
        above = [name[: match.start()] for match in re.finditer(r"\.", name)]
        told = name in said or any(said.get(one) == {_NONE} or (":" in one and one in said) for one in above)
        if element.get("mustSupport") and "." in name and not told:
            yield f"{definition['id']}: {name}"


@pytest.mark.parametrize("identity", sorted(_TARGETS))
@pytest.mark.parametrize(
    "profile",
    [
        "coresponse-patient",
        "coresponse-related-person",
        "field-contact-encounter",
        "incident-encounter",
        "coresponse-location",
        "agency-organization",
        "center-organization",
        "coresponse-practitioner",
        "officer-role",
        "clinician-role",
    ],
)
def test_each_must_support_element_says_where_it_is_from(profile: str, identity: str) -> None:
    definition = json.loads((_PACKAGE / f"StructureDefinition-{profile}.json").read_bytes())
    assert list(_unmapped(definition, identity)) == []
