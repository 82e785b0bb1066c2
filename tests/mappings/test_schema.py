"""The published JSON Schema is the dataclasses', and every sample of the `incident` source meets it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from mappings.schema import incident_schema, published_schema, schema_bytes

SAMPLES = Path(__file__).parents[2] / "samples"
VALIDATOR = Draft202012Validator(incident_schema())


def test_the_committed_schema_is_current() -> None:
    assert published_schema() == schema_bytes(), "regenerate mappings/schemas/incident.schema.json (schema_bytes)"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(incident_schema())


@pytest.mark.parametrize("case", sorted((SAMPLES / "incident").iterdir()), ids=lambda case: case.name)
def test_every_input_meets_it(case: Path) -> None:
    data = (case / "input.json").read_bytes()
    assert [error.json_path for error in VALIDATOR.iter_errors(orjson.loads(data))] == []


@pytest.mark.parametrize(
    "record", sorted(SAMPLES.glob("*/*/expected.incident.json")), ids=lambda path: path.parent.name
)
def test_every_record_that_a_reader_made_meets_it(record: Path) -> None:
    made = orjson.loads(record.read_bytes())
    for one in made if isinstance(made, list) else [made]:
        if "rejected" not in one:
            assert [error.json_path for error in VALIDATOR.iter_errors(one)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"agency": "a"},
        {"agency": "", "number": "1"},
        {"agency": "a", "number": "1", "colour": "red"},
        {"agency": "a", "number": "1", "persons": [{"slot": "1", "roles": ["patient"]}]},
        {"agency": "a", "number": "1", "timeline": {"received": "yesterday"}},
        {"agency": "a", "number": "1", "contacts": [{"consents": [{"recipients": [{"class_": "x"}]}]}]},
        {"agency": "a", "number": "1", "reading": {}},
    ],
)
def test_what_the_reader_would_not_take_whole_does_not_meet_it(wrong: dict[str, object]) -> None:
    assert not VALIDATOR.is_valid(wrong)
