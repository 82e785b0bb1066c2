"""What the check with HL7's engine is made of, without Java: the codes that nobody here can check, and the systems."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.codes_elsewhere import completed, listed, stale
from tests.conformance.definitions import US_CORE
from tests.conformance.explained import load
from tests.conformance.hl7_validator import _kind, _sorted, definitions, planted, whole
from tests.conformance.java import program
from tests.conformance.outcome import NotRun
from tests.conformance.utg import code_systems

SNOMED = "http://snomed.info/sct"
ROWS = [
    {"system": SNOMED, "code": "1", "in": ["vs:a", "vs:nobody-has"], "reason": "because"},
    {"system": SNOMED, "code": "2", "in": [], "reason": "because"},
]


def test_a_value_set_with_a_filter_takes_the_codes_that_are_listed_as_in_it() -> None:
    own = {"system": "urn:own"}
    filtered = {"system": SNOMED, "filter": [{"property": "concept", "op": "is-a", "value": "0"}]}
    given = [
        {"resourceType": "ValueSet", "url": "vs:a", "compose": {"include": [own, filtered]}},
        {"resourceType": "ValueSet", "url": "vs:b", "compose": {"include": [filtered]}},
        {"resourceType": "ValueSet", "url": "vs:c", "compose": {"include": [own]}},
    ]
    before = json.dumps(given)
    made = {one["url"]: one for one in completed(given, ROWS)}
    assert made["vs:a"]["compose"]["include"] == [own, {"system": SNOMED, "concept": [{"code": "1"}]}]
    assert "compose" not in made["vs:b"]  # nothing is listed as in it, so that no code is
    assert made["vs:c"] is given[2]
    assert made["vs:nobody-has"]["compose"]["include"] == [{"system": SNOMED, "concept": [{"code": "1"}]}]
    assert made[SNOMED]["content"] == "fragment"
    assert made[SNOMED]["concept"] == [{"code": "1"}, {"code": "2"}]
    assert json.dumps(given) == before


def test_a_listed_code_that_nothing_has_is_stale() -> None:
    coded = {"resourceType": "Encounter", "type": [{"coding": [{"system": SNOMED, "code": "2"}]}]}
    assert stale(ROWS, [coded]) == [f"stale entry of codes-elsewhere.json: {SNOMED} 1"]
    assert len(stale(ROWS, [])) == 2


def test_the_list_is_true_of_what_is_validated_and_each_code_has_a_reason(tmp_path: Path) -> None:
    assert stale(listed(), (one for _, one in whole())) == []
    file = tmp_path / "list.json"
    file.write_text(json.dumps([{**ROWS[0], "reason": ""}]))
    with pytest.raises(ValueError, match="no reason"):
        listed(file)
    assert load("hl7")
    assert load("hl7-definitions")
    assert load("hl7-definitions", level="error")
    assert not load("hl7", level="error")  # no error in what the product makes is explained


def test_each_kind_of_what_is_sent_and_served_is_validated() -> None:
    found = {_kind(name, one) for name, one in whole() if name.startswith("kind ")}
    assert found == {
        *("$decide", "$label", "accounting (collection)", "audit", "captured (transaction)", "export", "metadata"),
        *("history", "history (history)", "message (message)", "outcome", "provenance", "read", "release (collection)"),
        *("released (message)", "released (transaction)", "restriction", "revocation (message)"),
        *("revocation (transaction)", "searchset (searchset)"),
    }


def test_a_place_tells_the_type_of_an_entry_and_not_its_id() -> None:
    issue = {"severity": "fatal", "location": "Bundle.entry[2].resource/*Task/8f-1*/.code", "text": "odd"}
    assert _sorted([issue, {**issue, "severity": "information"}]) == {
        "errors": [{"at": "Bundle.entry[2].resource.ofType(Task).code", "text": "odd"}],
        "warnings": [],
    }
    assert _sorted([{"severity": "warning", "location": None, "text": "odd"}])["warnings"] == [
        {"at": "", "text": "odd"}
    ]


@pytest.mark.parametrize("us_core", US_CORE)
def test_every_claim_of_a_control_is_loaded(us_core: str) -> None:
    given = definitions(us_core)
    loaded = {f"{one['url']}|{one.get('version', '')}" for one in given} | {one["url"] for one in given}
    claims = {claim for _, one, _ in planted(us_core) for claim in one.get("meta", {}).get("profile", ())}
    assert {claim for claim in claims if "nobody.example" not in claim} <= loaded
    assert sum(wrong for *_, wrong in planted(us_core)) >= 16


def test_codes_of_hl7_terminology_stand_below_what_they_are_subsumed_by() -> None:
    systems = {one["url"].rpartition("/")[2]: one for one in code_systems()}
    assert {"v3-ActCode", "v3-ActReason", "v3-Confidentiality", "v3-ObservationValue"} <= systems.keys()

    def below(concepts: list[dict[str, object]], code: str) -> list[str]:
        for one in concepts:
            children: list[dict[str, object]] = one.get("concept", [])  # type: ignore[assignment]
            if one["code"] == code:
                return [str(child["code"]) for child in children]
            if found := below(children, code):
                return found
        return []

    tree = systems["v3-ActCode"]["concept"]
    assert "FLD" in below(tree, "_ActEncounterCode")
    assert "42CFRPart2CD" in below(tree, "_ActUSPrivacyConsentDirective")


def test_without_java_it_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    program.cache_clear()
    with pytest.raises(NotRun, match="Java"):
        program("hl7-validator")
    program.cache_clear()
