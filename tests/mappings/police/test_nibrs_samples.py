"""Every case under samples/nibrs is read to the record that stands beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
import orjson
import pytest

from mappings import translate
from mappings.incident import Agency, Incident, Rejected
from mappings.incident_json import agency_from_json, read_incident, to_json
from mappings.police.element import prefixed
from mappings.police.nibrs import read_nibrs

SAMPLES = Path(__file__).parents[3] / "samples"
CASES = sorted(path.parent for path in SAMPLES.glob("nibrs/*/input.xml"))
OF_THE_FBI = [case for case in CASES if case.name.startswith("fbi-")]


def agency_of(case: Path) -> Agency:
    told = json.loads((case / "case.json").read_text())
    return agency_from_json((SAMPLES / "agencies" / f"{told['agency']}.json").read_bytes())


def read(case: Path) -> list[Incident | Rejected]:
    return list(read_nibrs((case / "input.xml").read_bytes(), agency_of(case)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_report_is_read_as_expected(case: Path, update_samples: bool) -> None:
    got: list[Any] = [
        {"rejected": [issue.to_fhir() for issue in one.issues]} if isinstance(one, Rejected) else to_json(one)
        for one in read(case)
    ]
    value = got[0] if len(got) == 1 else got
    expected = case / "expected.incident.json"
    if update_samples:
        expected.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert value == orjson.loads(expected.read_bytes())


def test_the_fbi_has_seven_samples() -> None:
    assert len(OF_THE_FBI) == 7
    assert not [one for case in OF_THE_FBI for one in read(case) if isinstance(one, Rejected)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_record_reads_back_as_itself(case: Path) -> None:
    for one in read(case):
        if isinstance(one, Incident):
            (again,) = read_incident(orjson.dumps(to_json(one)))
            assert again == one


def leaves(element: Element, path: str) -> Iterator[str]:
    """The XPath of every value, without positions."""
    if (element.text or "").strip():
        yield path
    for child in element:
        if isinstance(child.tag, str):
            yield from leaves(child, f"{path}/{prefixed(child.tag)}")


@pytest.mark.parametrize("case", [case for case in CASES if case.name != "several-reports"], ids=lambda case: case.name)
def test_what_is_not_unused_is_read(case: Path) -> None:
    """Each value is listed as unused or dropped, or changing it changes the record or what was found."""
    data = (case / "input.xml").read_bytes()
    agency = agency_of(case)
    (one,) = read_nibrs(data, agency)
    assert isinstance(one, Incident)
    told = [*one.reading.unused, *(gated.path for gated in one.reading.dropped)]
    told += [issue.path for issue in one.reading.issues]
    plain = {"".join(part.partition("[")[0] + "/" for part in path.split("/")) for path in told}
    root = defusedxml.ElementTree.fromstring(data)
    silent = {
        # The join itself, the gist of who is a person, and codes that say "unknown" or "not so".
        "j:VictimCategoryCode", "cjis:IncidentReportDateIndicator", "j:SubjectSequenceNumberText",
        "j:ArrestSequenceID", "j:VictimSequenceNumberText", "cjis:MessageImplementationVersion",
        "nibrs:NIBRSReportCategoryCode", "nibrs:ReportActionCategoryCode", "j:PersonEthnicityCode",
        "j:PersonRaceNDExCode",
    }  # fmt: skip
    for report in root.iter():
        if not isinstance(report.tag, str) or prefixed(report.tag) not in ("nibrs:Report", "cjis:MessageMetadata"):
            continue
        for path in leaves(report, prefixed(report.tag)):
            if any(f"{path}/".startswith(known) for known in plain) or path.rpartition("/")[2] in silent:
                continue
            assert _matters(report, path.split("/")[1:], root, one, agency), path


def _matters(report: Element, steps: list[str], root: Element, one: Incident, agency: Agency) -> bool:
    import xml.etree.ElementTree as tree

    here = [report]
    for step in steps:
        here = [child for parent in here for child in parent if prefixed(child.tag) == step]
    for element in here:
        before, element.text = element.text, "7"
        (other,) = read_nibrs(tree.tostring(root), agency)
        element.text = before
        if other != one or (isinstance(other, Incident) and other.reading.issues != one.reading.issues):
            return True
    return False


def test_a_correction_keeps_its_ids() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    ids = []
    for name in ("officer-activity-09", "correction"):
        case = SAMPLES / "nibrs" / name
        (one,) = read(case)
        assert isinstance(one, Incident)
        made = translate(one, agency=agency_of(case), now=now)
        kept = ("Patient", "Encounter")
        ids.append(
            [e["resource"]["id"] for e in made.bundle["entry"] if e["resource"]["resourceType"] in kept]
            + [one.key, one.persons[1].slot]
        )
        ids[-1].append(one.version != "")
    assert ids[0] == ids[1]


def test_a_deletion_marks_the_encounter_of_the_report() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    made = {}
    for name in ("fbi-group-b-arrest", "fbi-group-b-arrest-delete"):
        (one,) = read(SAMPLES / "nibrs" / name)
        assert isinstance(one, Incident)
        bundle = translate(one, agency=agency_of(SAMPLES / "nibrs" / name), now=now).bundle
        (made[name],) = (e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Encounter")
    first, then = made.values()
    assert first["id"] == then["id"]
    assert (first["status"], then["status"]) == ("unknown", "entered-in-error")


def test_nothing_of_a_crime_becomes_a_patient() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for case in OF_THE_FBI:
        for one in read(case):
            assert isinstance(one, Incident)
            bundle = translate(one, agency=agency_of(case), now=now).bundle
            kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
            assert not kinds & {"Patient", "RelatedPerson", "Observation", "Condition"}
