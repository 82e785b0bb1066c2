"""The gate's own rules, without network: what fails it, and that nothing but a run makes `passed`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tests.conformance.__main__ as command
from tests.conformance.explained import FILE, Explained, load, unexplained
from tests.conformance.faults import PLANTED
from tests.conformance.outcome import NotRun, Outcome

NAMES = ["package", "medplum", "faults", "official-examples", "medplum-server"]
NAMES += ["hl7-validator", "clients", "hl7v2", "hapi-server", "eido-schema"]


def entry(text: str = "odd *", at: str = "Task.*") -> Explained:
    return Explained(validator="medplum", at=at, text=text, reason="because")


def test_each_warning_needs_a_reason_and_each_reason_a_warning() -> None:
    assert unexplained([("Task.note[3].text", "odd urn:uuid:" + "0" * 36)], [entry()]) == []
    assert len(unexplained([("Flag.code", "odd thing")], [entry()])) == 2  # nobody explains it; the entry is stale
    assert unexplained([], [entry()]) == ["stale entry of explained-warnings.json: Task.*: odd *"]
    assert unexplained([("Task.x", "odd 1"), ("Task.x", "even")], [entry()]) == ["unexplained warning at Task.x: even"]


def test_an_entry_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text(json.dumps([{"validator": "medplum", "at": "x", "text": "y", "reason": " "}]))
    with pytest.raises(ValueError, match="no reason"):
        load("medplum", file)
    assert load("medplum", FILE)


def test_there_are_enough_planted_faults() -> None:
    assert sum(expected == "error" for *_, expected in PLANTED) >= 9


def test_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert list(command.CHECKS) == NAMES

    def no_node() -> Outcome:
        raise NotRun("no Node")

    def broken() -> Outcome:
        raise RuntimeError("odd")

    passed = Outcome(name="hl7v2", status="passed", detail="fine")
    monkeypatch.setattr(command, "CHECKS", {"medplum": no_node, "hl7v2": lambda: passed, "clients": broken})
    file = tmp_path / "rows.json"
    monkeypatch.setenv("CONFORMANCE_JSON", str(file))
    assert command.main(["medplum", "hl7v2"]) == 0
    assert json.loads(file.read_text()) == [
        {"name": "medplum", "status": "not run", "detail": "no Node"},
        {"name": "hl7v2", "status": "passed", "detail": "fine"},
    ]
    assert command.main(["clients"]) == 1
    assert json.loads(file.read_text())[0]["status"] == "failed"
    assert command.main(["nothing"]) == 2
