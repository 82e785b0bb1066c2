"""Every sample of a shipped pack, and every example inside a pack, is read to the record that stands beside it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import orjson
import pytest

from mappings.incident import Agency, Rejected
from mappings.incident_json import agency_from_json, read_incident, to_json
from mappings.packs import Pack, load_pack, shipped_packs

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "samples"
CASES = sorted(case for pack in shipped_packs() for case in SAMPLES.glob(f"{pack}/*") if (case / "case.json").exists())
EXAMPLES = [(pack, given, expected) for pack in shipped_packs() for given, expected in load_pack(pack).examples]


def as_json(pack: Pack, data: bytes, agency: Agency | None = None) -> list[Any]:
    return [
        {"rejected": [issue.to_fhir() for issue in one.issues]} if isinstance(one, Rejected) else to_json(one)
        for one in pack.read(data, agency)
    ]


def read_case(case: Path) -> list[Any]:
    settings = orjson.loads((case / "case.json").read_bytes())
    agency = None
    if "agency" in settings:
        agency = agency_from_json((SAMPLES / "agencies" / f"{settings['agency']}.json").read_bytes())
    (given,) = case.glob("input.*")
    return as_json(load_pack(settings["source"]), given.read_bytes(), agency)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_pack_sample_is_read_as_expected(case: Path, request: pytest.FixtureRequest) -> None:
    found = read_case(case)
    got = found[0] if len(found) == 1 else found
    expected = case / "expected.incident.json"
    if request.config.getoption("--update-samples", default=False):
        expected.write_bytes(orjson.dumps(got, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert expected.exists(), "no expected record yet: run pytest --update-samples and review the diff"
    assert got == orjson.loads(expected.read_bytes())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_what_a_pack_made_can_be_posted_as_incident(case: Path) -> None:
    for made in read_case(case):
        if "rejected" not in made:
            (again,) = read_incident(orjson.dumps(made))
            assert not isinstance(again, Rejected)
            assert to_json(again) == made


@pytest.mark.parametrize(("name", "given", "expected"), EXAMPLES)
def test_example_of_a_pack(name: str, given: str, expected: str, request: pytest.FixtureRequest) -> None:
    folder = ROOT / "mappings" / "packs" / name
    got = as_json(load_pack(name), (folder / given).read_bytes())
    if request.config.getoption("--update-samples", default=False):
        (folder / expected).write_bytes(orjson.dumps(got, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    assert got == orjson.loads((folder / expected).read_bytes())


def test_each_shipped_pack_has_samples_and_examples_and_a_readme() -> None:
    assert len(CASES) >= 8
    assert len(shipped_packs()) >= 12
    for name in shipped_packs():
        assert any(case.parent.name == name for case in CASES)
        assert load_pack(name).examples
        assert (ROOT / "mappings" / "packs" / name / "README.md").read_text().startswith(f"# {name}\n")
    for case in CASES:
        assert (case / "note.md").read_text().strip(), case


def test_a_shipped_pack_crosses_to_another_process() -> None:
    pack = load_pack("new-orleans-cad")
    assert pickle.loads(pickle.dumps(pack)).id == "new-orleans-cad"
