"""`handoff validate`: names the profiles used, resource by resource, and checks by them and by the one asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app

Json = dict[str, Any]

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
BASE = "checked against FHIR R4 4.0.1 (base definition), by profiles.check and fhir.resources R4B"
PATIENT: Json = {
    "resourceType": "Patient",
    "meta": {"profile": [f"{US_CORE}patient"]},
    "identifier": [{"system": "https://agency.example/person", "value": "1"}],
    "name": [{"family": "Bramblewick", "given": ["A"]}],
    "telecom": [{"system": "phone", "value": "1", "use": "home"}],
    "gender": "unknown",
    "birthDate": "1980",
    "address": [{"line": ["A"], "city": "B", "state": "CO", "postalCode": "80000"}],
}


def validate(tmp_path: Path, *values: Json, options: tuple[str, ...] = ()) -> tuple[int, list[Json]]:
    """The exit code and each line's issues."""
    file = tmp_path / "in.json"
    file.write_text("\n".join(json.dumps(value) for value in values))
    result = CliRunner().invoke(app, ["validate", *options, str(file)])
    return result.exit_code, [json.loads(line)["issue"] for line in result.stdout.splitlines()]


def rules(issues: Any) -> list[tuple[str, str, str]]:
    return [
        (i["severity"], i["details"]["coding"][0]["code"], i.get("expression", [""])[0])
        for i in issues
        if i["details"]["coding"][0]["code"] != "validate.profile"
    ]


def named(issues: Any) -> list[tuple[str, str]]:
    return [
        (i["expression"][0], i["details"]["text"])
        for i in issues
        if i["details"]["coding"][0]["code"] == "validate.profile"
    ]


def test_it_names_the_profiles_that_it_used(tmp_path: Path) -> None:
    code, (issues,) = validate(tmp_path, PATIENT)
    assert (code, rules(issues)) == (0, [])
    assert named(issues) == [("Patient", BASE), ("Patient", f"checked against {US_CORE}patient|6.1.0")]


def test_each_entry_of_a_bundle_with_its_own(tmp_path: Path) -> None:
    wrong = {key: value for key, value in PATIENT.items() if key != "name"}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}, {"resource": wrong}]}
    code, (issues,) = validate(tmp_path, bundle)
    assert named(issues)[1:] == [
        (f"Bundle.entry[{index}].resource", f"checked against {US_CORE}patient|6.1.0") for index in (0, 1)
    ]
    assert code == 1
    assert ("error", "check.profile-missing", "Bundle.entry[1].resource.name") in rules(issues)


def test_absent_must_support_elements_are_warnings(tmp_path: Path) -> None:
    without = {key: value for key, value in PATIENT.items() if key != "birthDate"}
    code, (issues,) = validate(tmp_path, without)
    assert (code, rules(issues)) == (0, [("warning", "check.must-support", "Patient.birthDate")])


def test_a_profile_that_nobody_claims_can_be_asked_for(tmp_path: Path) -> None:
    unclaimed = {key: value for key, value in PATIENT.items() if key not in ("meta", "name")}
    assert validate(tmp_path, unclaimed)[0] == 0
    code, (issues,) = validate(tmp_path, unclaimed, options=("--profile", f"{US_CORE}patient|7.0.0"))
    assert code == 1
    assert named(issues)[1:] == [("Patient", f"checked against {US_CORE}patient|7.0.0")]
    assert ("error", "check.profile-missing", "Patient.name") in rules(issues)


def test_of_a_bundle_the_entries_that_the_profile_is_about(tmp_path: Path) -> None:
    unclaimed = {key: value for key, value in PATIENT.items() if key not in ("meta", "name")}
    other = {"resourceType": "Basic", "code": {"text": "A"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": other}, {"resource": unclaimed}]}
    code, (issues,) = validate(tmp_path, bundle, options=("--profile", f"{US_CORE}patient"))
    assert code == 1
    assert named(issues)[1:] == [("Bundle.entry[1].resource", f"checked against {US_CORE}patient|6.1.0")]
    assert ("error", "check.profile-missing", "Bundle.entry[1].resource.name") in rules(issues)


def test_a_resource_of_another_type_does_not_meet_it(tmp_path: Path) -> None:
    code, (issues,) = validate(
        tmp_path, {"resourceType": "Basic", "code": {"text": "A"}}, options=("--profile", f"{US_CORE}patient")
    )
    assert (code, rules(issues)) == (1, [("error", "check.profile-resource", "Basic")])


def test_what_is_claimed_and_asked_for_is_said_once(tmp_path: Path) -> None:
    wrong = {key: value for key, value in PATIENT.items() if key != "name"}
    _, (issues,) = validate(tmp_path, wrong, options=("--profile", f"{US_CORE}patient"))
    said = [rule for rule in rules(issues) if rule[1].startswith("check.profile")]
    assert said == [("error", "check.profile-missing", "Patient.name")]
    assert len(named(issues)) == 2


@pytest.mark.parametrize("canonical", ["http://example.org/p", f"{US_CORE}patient|1.0.0", ""])
def test_a_profile_that_is_not_known_is_a_usage_error(tmp_path: Path, canonical: str) -> None:
    assert validate(tmp_path, PATIENT, options=("--profile", canonical)) == (2, [])


def test_lines_are_answered_one_by_one(tmp_path: Path) -> None:
    code, answers = validate(tmp_path, PATIENT, {"resourceType": "Nothing"}, PATIENT)
    assert code == 1
    assert [bool(rules(issues)) for issues in answers] == [False, True, False]
