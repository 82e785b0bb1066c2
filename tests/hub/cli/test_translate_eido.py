"""`handoff translate --source eido`: registries of the operator, and the documents of one incident joined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app

SAMPLES = Path(__file__).parents[3] / "samples"
AGENCY = str(SAMPLES / "agencies/riverton-pd.json")
VERSIONS = SAMPLES / "eido/later-versions"
REGISTRY = SAMPLES / "eido/operator-registry"


def translate(*arguments: str, source: str = "eido") -> Any:
    now = json.loads((VERSIONS / "case.json").read_text())["now"]
    return CliRunner().invoke(app, ["translate", "--source", source, "--agency", AGENCY, "--now", now, *arguments])


def test_join_makes_one_incident_of_all_inputs_in_any_order(tmp_path: Path) -> None:
    expected = json.loads((VERSIONS / "expected.bundle.json").read_text())
    lines = (VERSIONS / "input.ndjson").read_text().splitlines()
    whole = translate("--join", str(VERSIONS / "input.ndjson"))
    assert whole.exit_code == 0, whole.output
    assert [json.loads(line) for line in whole.stdout.splitlines()] == [expected]

    files = [tmp_path / f"{n}.json" for n in range(len(lines))]
    for file, line in zip(files, lines[::-1], strict=True):
        file.write_text(line)
    apart = translate("--join", *map(str, files))
    assert apart.stdout == whole.stdout
    assert len(translate(*map(str, files)).stdout.splitlines()) == len(lines)


def test_one_bad_input_does_not_stop_a_join(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    result = translate("--join", str(bad), str(VERSIONS / "input.ndjson"))
    assert result.exit_code == 1 and len(result.stdout.splitlines()) == 1
    assert "eido.no-version" in result.stderr


def test_a_registry_checks_and_names(tmp_path: Path) -> None:
    issues = tmp_path / "found.json"
    document = str(REGISTRY / "input.json")
    given = translate("--registry", str(REGISTRY / "registry.csv"), "--issues", str(issues), document)
    assert given.exit_code == 0
    assert json.loads(given.stdout) == json.loads((REGISTRY / "expected.bundle.json").read_text())
    assert json.loads(issues.read_text()) == json.loads((REGISTRY / "expected.issues.json").read_text())
    assert "Patrol on foot" in given.stdout and "Patrol on foot" not in translate(document).stdout


@pytest.mark.parametrize("option", [("--join",), ("--registry", str(REGISTRY / "registry.csv"))])
def test_only_for_eido(option: tuple[str, ...]) -> None:
    result = translate(*option, str(SAMPLES / "incident/report-only/input.json"), source="incident")
    assert result.exit_code == 2 and result.stdout == ""


def test_a_file_that_is_no_registry(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("token\nPatient\n")
    result = translate("--registry", str(wrong), str(REGISTRY / "input.json"))
    assert result.exit_code != 0 and result.stdout == ""
    assert (
        result.exception is None or isinstance(result.exception, SystemExit) or "read.registry" in str(result.exception)
    )
