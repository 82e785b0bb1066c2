"""`handoff label`: labels, the explanation, the report and the policy, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app

CONDITION = {
    "resourceType": "Condition",
    "code": {"coding": [{"system": "ICD10CM", "code": "F1120"}], "text": "Opioid use disorder"},
}
OVERLAY = "name: co\nreviewed: {by: counsel, on: 2026-11-01}\nlabels: {SUD: {confidentiality: V, because: x, cite: y}}"


def run(*arguments: str, given: Any = CONDITION) -> Any:
    text = given if isinstance(given, str) else json.dumps(given)
    return CliRunner().invoke(app, ["label", *arguments, "-"], input=text)


def marks(resource: dict[str, Any]) -> set[str]:
    return {coding["code"] for coding in resource["meta"]["security"]}


def test_explain_has_the_shape_that_scripts_rely_on() -> None:
    done = run("--origin", "covered-entity", "--explain")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert set(found) == {"resource", "labels"}
    assert marks(found["resource"]) == {"R", "SUD", "OPIOIDUD"}
    assert all(set(row) == {"system", "code", "grade", "because", "path"} for row in found["labels"])
    assert {row["grade"] for row in found["labels"]} <= {"certain", "possible"}
    assert len({(row["code"], row["path"]) for row in found["labels"]}) == len(found["labels"])


def test_line_n_answers_line_n() -> None:
    lines = [json.dumps(CONDITION), "{", json.dumps([]), json.dumps({"resourceType": 7}), json.dumps(CONDITION)]
    done = run("--origin", "part2-program", "--ndjson", given="\n".join(lines))
    assert done.exit_code == 1
    kinds = [json.loads(line)["resourceType"] for line in done.stdout.splitlines()]
    assert kinds == ["Condition", "OperationOutcome", "OperationOutcome", "OperationOutcome", "Condition"]


@pytest.mark.parametrize(("name", "start"), [("r.html", "<!DOCTYPE html>"), ("r.txt", "Condition:"), ("r.json", "{")])
def test_a_report_in_each_form(tmp_path: Path, name: str, start: str) -> None:
    done = run("--origin", "covered-entity", "--report", str(tmp_path / name))
    assert done.exit_code == 0
    written = (tmp_path / name).read_text()
    assert written.startswith(start)
    assert "OPIOIDUD" in written and "Opioid use disorder" not in written


def test_a_policy_over_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "co.yaml").write_text(OVERLAY)
    done = run("--origin", "covered-entity", "--policy", str(tmp_path / "co.yaml"))
    assert "V" in marks(json.loads(done.stdout))
    (tmp_path / "co.yaml").write_text(OVERLAY.replace("SUD", "SUDD"))
    assert run("--policy", str(tmp_path / "co.yaml")).exit_code != 0


def test_postures_of_the_origin_file_count_for_provenances(tmp_path: Path) -> None:
    (tmp_path / "o.json").write_text(
        json.dumps({"role": "covered-entity", "postures": {"Organization/o": "part2-program"}})
    )
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": "urn:uuid:1"}],
        "agent": [{"who": {"reference": "Organization/o"}}],
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": "urn:uuid:1", "resource": CONDITION}, {"resource": provenance}],
    }
    done = run("--origin", str(tmp_path / "o.json"), given=bundle)
    assert "42CFRPart2" in marks(json.loads(done.stdout))
    (tmp_path / "o.json").write_text(json.dumps({"role": "covered-entity", "postures": {"Organization/o": "police"}}))
    assert run("--origin", str(tmp_path / "o.json"), given=bundle).exit_code == 2


def test_labels_that_do_not_agree_are_said_on_standard_error() -> None:
    given = {**CONDITION, "meta": {"security": [{"code": "N"}, {"code": "V"}]}}
    done = run("--origin", "covered-entity", given=given)
    assert "label.two-levels" in done.stderr
    assert marks(json.loads(done.stdout)) == {"V", "SUD", "OPIOIDUD"}


def test_inline() -> None:
    found = json.loads(run("--origin", "covered-entity", "--inline").stdout)
    assert "PROCESSINLINELABEL" in marks(found)
    assert found["code"]["coding"][0]["extension"]
