"""Every sample case, whole: the Bundle and the account that its input becomes, compared with what is on disk.

A case is `samples/<source>/<case>/` with `case.json` (`source`, `now`, optional `agency`, and for EIDO `join` and
`registry`; for HL7 v2 `partner` and `zone`) and `input.*`.
`expected.bundle.json` and `expected.issues.json` hold one value, or an array when the input holds several incidents;
what could not be read stands in the array as its issues alone. `--update-samples` rewrites both.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class

from mappings import Agency, Rejected, Translation, translate
from mappings.fhir.references import references
from mappings.fhir.referral import referral_packages
from mappings.incident_json import agency_from_json
from mappings.packs import load_pack
from profiles.check import check
from tests.samples.cases import is_message, message_translation, records

SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples"
CASES = sorted(
    path.parent for path in SAMPLES.glob("*/*/case.json") if any(each.stem == "input" for each in path.parent.iterdir())
)


def _agency(told: dict[str, Any]) -> Agency:
    if "agency" in told:
        return agency_from_json((SAMPLES / "agencies" / f"{told['agency']}.json").read_bytes())
    return load_pack(told["source"]).agency


def _translated(case: Path) -> list[Translation | Rejected]:
    told = json.loads((case / "case.json").read_text())
    if is_message(told):
        return [message_translation(case, told)]
    agency = _agency(told)
    now = datetime.fromisoformat(told["now"])
    return [
        one if isinstance(one, Rejected) else translate(one, agency=agency, now=now)
        for one in records(case, told, agency)
    ]


def _one_or_many(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.name}/{case.name}" for case in CASES])
def test_a_sample_becomes_what_is_expected(case: Path, update_samples: bool) -> None:
    made = _translated(case)
    bundles = [one.bundle for one in made if isinstance(one, Translation)]
    accounts = [
        one.account() if isinstance(one, Translation) else {"issues": [issue.to_fhir() for issue in one.issues]}
        for one in made
    ]
    for name, values in (("expected.bundle.json", bundles), ("expected.issues.json", accounts)):
        file = case / name
        # Through JSON and back: what is compared is what a receiver would read.
        value = orjson.loads(orjson.dumps(_one_or_many(values)))
        if update_samples:
            file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
        assert value == json.loads(file.read_text())


@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.name}/{case.name}" for case in CASES])
def test_a_sample_is_right_fhir(case: Path) -> None:
    for one in _translated(case):
        if isinstance(one, Rejected):
            continue
        assert [issue for issue in check(one.bundle) if issue.severity in ("error", "fatal")] == []
        entries = one.bundle.get("entry", [])
        urls = {entry["fullUrl"] for entry in entries}
        for entry in entries:
            resource = entry["resource"]
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)
            assert set(references(resource)) <= urls
        for package in referral_packages(one.bundle, one.origins):
            assert [issue for issue in check(package.bundle) if issue.severity in ("error", "fatal")] == []
            inside = {entry["fullUrl"] for entry in package.bundle["entry"]}
            assert set(references(package.bundle["entry"])) <= inside


def test_there_are_samples() -> None:
    assert len(CASES) >= 20
