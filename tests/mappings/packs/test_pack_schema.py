"""The JSON Schema of pack.yaml: it takes what the compiler takes, and is the committed one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator

import mappings
from mappings.packs import shipped_packs
from mappings.packs.schema import pack_schema

PACKS = Path(mappings.__file__).parent / "packs"
VALIDATOR = Draft202012Validator(pack_schema())
GOOD = """
pack: {id: test-cad, version: 1, agency: {id: test-pd, tz: America/Denver}}
source: {format: csv, columns: [event, a, b], skip: 1, group: event, within: 3}
incident:
  event_number: {from: event, zero_pad: 6, width: {event: 6}}
  type_final: {from: a, table: nature}
  priority: P9
  received: {from: [a, b], datetime: ["%m/%d/%Y%H%M", excel], unknown_time: "0000", dst: later}
  dispatched: {from: a, after: received, unit: seconds, when: {b: {not_in: [X]}}}
  units: {each_row: {id: {from: a}, table: unit, on_scene: {from: b, datetime: iso}}}
  place: {text: {from: a}, latitude: {from: b}}
  persons: [{roles: [subject], birth_date: {from: a, date: iso}, names: [{text: {from: b}}]}]
  narratives: {from: a, kind: cad-note, origin: dispatcher}
  numbers: {from: a, split: ",", for_each: {kind: cad, value: {from: .}}}
"""


def test_the_committed_schema_is_the_one_that_is_made() -> None:
    committed = (Path(mappings.__file__).parent / "schemas" / "pack.schema.json").read_bytes()
    assert orjson.loads(committed) == orjson.loads(orjson.dumps(pack_schema()))
    Draft202012Validator.check_schema(pack_schema())


def errors(document: Any) -> list[str]:
    return [error.json_path for error in VALIDATOR.iter_errors(document)]


@pytest.mark.parametrize("name", shipped_packs())
def test_shipped_packs_are_valid(name: str) -> None:
    assert errors(yaml.safe_load((PACKS / name / "pack.yaml").read_text())) == []


def test_each_kind_of_value_is_valid() -> None:
    assert errors(yaml.safe_load(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("format: csv", "format: ods"),
        ("skip: 1", "sheet: x"),
        ("columns: [event, a, b]", "colums: [event, a, b]"),
        ("from: event,", "form: event,"),
        ("dst: later", "dst: sometimes"),
        ("after: received", "after: lunch"),
        ("not_in", "unless"),
        ("roles: [subject]", "roles: [suspicious]"),
        ("event_number", "encounter"),
        ("tz: America/Denver", "zone: America/Denver"),
    ],
)
def test_what_the_compiler_refuses_is_not_valid(old: str, new: str) -> None:
    assert old in GOOD
    assert errors(yaml.safe_load(GOOD.replace(old, new))) != []
