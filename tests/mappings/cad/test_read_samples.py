"""Every case under samples/eido and samples/incident is read to the record that stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from mappings.incident import Rejected
from mappings.incident_json import agency_from_json, read_incident, to_json
from tests.samples.cases import records

SAMPLES = Path(__file__).parents[3] / "samples"
SOURCES = ("eido", "incident")
CASES = [case.parent for source in SOURCES for case in sorted(SAMPLES.glob(f"{source}/*/case.json"))]


def read_case(case: Path) -> Any:
    """The case's records in JSON: one, or an array where there are several."""
    settings = orjson.loads((case / "case.json").read_bytes())
    agency = None
    if "agency" in settings:
        agency = agency_from_json((SAMPLES / "agencies" / f"{settings['agency']}.json").read_bytes())
    found = [
        {"rejected": [issue.to_fhir() for issue in one.issues]} if isinstance(one, Rejected) else to_json(one)
        for one in records(case, settings, agency)
    ]
    return found[0] if len(found) == 1 else found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_sample_is_read_as_expected(case: Path, update_samples: bool) -> None:
    got = read_case(case)
    expected = case / "expected.incident.json"
    if update_samples:
        expected.write_bytes(orjson.dumps(got, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert expected.exists(), "no expected record yet: run pytest --update-samples and review the diff"
    assert got == orjson.loads(expected.read_bytes())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_expected_record_reads_back_as_itself(case: Path) -> None:
    """The record's JSON form is itself a source: what any reader made can be posted."""
    record = (case / "expected.incident.json").read_bytes()
    (again,) = read_incident(record)
    assert not isinstance(again, Rejected)
    assert to_json(again) == orjson.loads(record)


def test_every_case_says_what_it_shows() -> None:
    assert len(CASES) >= 15
    for case in CASES:
        assert (case / "note.md").read_text().strip(), case


def test_a_source_of_every_kind_of_trouble_is_among_the_samples() -> None:
    """The EIDO samples meet each rule of the reader that a well-formed document can meet."""
    rules = set()
    for case in CASES:
        if case.parent.name == "eido":
            settings = orjson.loads((case / "case.json").read_bytes())
            agency = agency_from_json((SAMPLES / "agencies" / f"{settings['agency']}.json").read_bytes())
            for one in records(case, settings, agency):
                assert not isinstance(one, Rejected)
                rules |= {issue.rule for issue in one.reading.issues}
    assert rules >= {
        "eido.active-content",
        "eido.alternate-value",
        "eido.age-unit",
        "eido.circular-reference",
        "eido.dangling-reference",
        "eido.duplicate-id",
        "eido.empty-note",
        "eido.placeholder-name",
        "eido.several-locations",
        "eido.several-report-numbers",
        "eido.unchecked-token",
        "eido.unknown-role",
        "eido.unknown-token",
        "pidf.retention-expiry",
        "pidf.shape-as-circle",
        "read.ambiguous-time",
        "read.bad-time",
        "read.missing-hour",
        "read.out-of-order",
        "translate.unmapped-code",
    }
