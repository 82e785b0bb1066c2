"""The gate's own rules, without network: what fails it, and that nothing but a run makes `passed`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tests.conformance.__main__ as command
from tests.conformance.definitions import US_CORE, definitions, differently, not_read
from tests.conformance.explained import FILE, Explained, explained, load, place, unexplained
from tests.conformance.faults import PLANTED
from tests.conformance.outcome import NotRun, Outcome, Tally
from tests.conformance.summary import summary

NAMES = ["package", "medplum", "faults", "official-examples", "medplum-server"]
NAMES += ["hl7-validator", "clients", "hl7v2", "hapi-server", "eido-schema"]


def entry(text: str = "odd *", at: str = "Task.*") -> Explained:
    return Explained(validator="medplum", at=at, text=text, reason="because")


def test_each_warning_needs_a_reason_and_each_reason_a_warning() -> None:
    assert unexplained([("Task.note[3].text", "odd urn:uuid:" + "0" * 36)], [entry()]) == []
    assert len(unexplained([("Flag.code", "odd thing")], [entry()])) == 2  # nobody explains it; the entry is stale
    assert unexplained([], [entry()]) == ["stale entry of explained-warnings.json: Task.*: odd *"]
    assert unexplained([("Task.x", "odd 1"), ("Task.x", "even")], [entry()]) == ["unexplained warning at Task.x: even"]


def test_a_warning_has_one_reason_and_an_entry_explains_what_it_names_alone() -> None:
    twice = [entry(), entry(text="odd thing")]
    assert unexplained([("Task.x", "odd thing")], twice) == [
        "warning with more than one explanation at Task.x: odd thing"
    ]

    def literal() -> list[Explained]:
        return [entry(text="an effective[x] ()", at="Observation")]

    assert unexplained([("Bundle.entry[4].resource.ofType(Observation)", "an effective[x] ()")], literal()) == []
    for at, text in (
        ("Observation.value", "an effective[x] ()"),
        ("Observation", "an effectivex ()"),
        ("Observation", "an effective[x] () and more"),
    ):
        assert len(unexplained([(at, text)], literal())) == 2
    assert explained([("Task.x", "odd 1"), ("Task[1].x", "odd 1"), ("Task.x", "even")], [entry()]) == 2


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("Bundle.entry[2].resource.ofType(Task).code", "Task.code"),
        ("Parameters.parameter[0].resource.ofType(Bundle).entry[1].resource.ofType(Flag).code", "Flag.code"),
        ("Parameters.parameter[0].resource.ofType(Bundle).entry[1].resource", "Bundle.entry.resource"),
        ("Observation.value.ofType(CodeableConcept)", "Observation.value.ofType(CodeableConcept)"),
    ],
)
def test_a_place_is_told_from_the_resource_on_that_it_is_in(at: str, said: str) -> None:
    assert place(at) == said


def test_a_row_is_an_entry_of_each_place_and_word_and_each_has_to_be_needed(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    common = {"validator": "v", "reason": "because"}
    rows = [
        {**common, "at": ["A.x", "B.x"], "text": "no code"},
        {**common, "at": "A.y", "text": "unknown: {each}", "each": ["urn:1", "urn:2"]},
        {**common, "text": "unknown: {each} for *", "each": {"A.z": ["urn:1"], "B.z": ["urn:2", "urn:3"]}},
        {**common, "at": "A.y", "text": "broken", "level": "error"},
    ]
    file.write_text(json.dumps(rows))
    made = load("v", file)
    assert [(one.at, one.text) for one in made] == [
        ("A.x", "no code"),
        ("B.x", "no code"),
        ("A.y", "unknown: urn:1"),
        ("A.y", "unknown: urn:2"),
        ("A.z", "unknown: urn:1 for *"),
        ("B.z", "unknown: urn:2 for *"),
        ("B.z", "unknown: urn:3 for *"),
    ]
    assert [one.text for one in load("v", file, level="error")] == ["broken"]
    wrong = unexplained([("B.z", "unknown: urn:1 for me"), ("A.x", "no code")], made)
    assert wrong[0] == "unexplained warning at B.z: unknown: urn:1 for me"
    assert len(wrong) == 1 + 6


def test_an_entry_of_any_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text(json.dumps([{"validator": "v", "at": "A", "text": "*", "reason": "because"}]))
    with pytest.raises(ValueError, match="not named"):
        load("v", file)


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


def test_what_the_validator_does_not_read_is_listed_and_the_list_is_true() -> None:
    listed = not_read()
    assert differently(listed) == []
    odd = {"url": "https://nobody.example/StructureDefinition/odd", "slices": ["Patient.name"]}
    assert len(differently([*listed, odd])) == 1  # not listed
    assert len(differently(listed[1:])) == 1  # stale
    changed = {**listed[0], "slices": ["Condition.code"]}
    assert len(differently([changed, *listed[1:]])) == 2


@pytest.mark.parametrize("us_core", US_CORE)
def test_every_definition_that_the_validator_is_given_has_a_snapshot(us_core: str) -> None:
    given = definitions(us_core)
    assert all(one["snapshot"]["element"] for one in given)
    assert len({one["url"] for one in given}) == len(given)
    basis = next(one for one in given if one["url"].endswith("/extension-sec-label-basis"))
    elements = {one["id"]: one for one in basis["snapshot"]["element"]}
    assert elements["Extension.url"]["fixedUri"] == basis["url"]
    assert elements["Extension.value[x]"]["type"] == [{"code": "Coding"}]
    assert elements["Extension.value[x]"]["min"] == 1


def test_the_summary_says_what_was_not_run_and_what_failed() -> None:
    tally = Tally(validator="V", checked=7, errors=1, warnings=3, explained=2)
    text = summary(
        [
            Outcome(name="a", status="failed", detail="1 problem", tallies=(tally,)),
            Outcome(name="b", status="not run", detail="no Maven"),
            Outcome(name="c", status="passed", detail="fine", not_run=("odd: nobody has it",)),
        ]
    )
    assert "| V | 7 | 1 | 3 | 2 |" in text
    assert "Not run:\n\n- b (no Maven)\n- of c, odd: nobody has it\n" in text
    assert "Failed: a." in text
