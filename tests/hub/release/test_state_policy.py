"""The state overlay and the agencies' exchange policy: what each rule asks for beyond the federal layer, as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hub.release import ExchangePolicy, ExchangeRule, ReleasePolicy, decide_json, overlay_schema, read_overlay
from hub.release import release_json as released
from mappings.errors import PolicyError

EXAMPLE = Path(__file__).parents[3] / "samples" / "state-policy" / "example.toml"
HEAD = 'name = "a-state"\nreviewer = "counsel"\nreviewed = 2026-11-02\n'


def policy(*rules: str) -> ReleasePolicy:
    """A policy of these rules, each its lines after `id` and `citation`."""
    text = HEAD + "".join(
        f'[[rule]]\nid = "r{index}"\ncitation = "Code {index}"\n{rule}\n' for index, rule in enumerate(rules)
    )
    return ReleasePolicy(state=read_overlay(text.encode(), file="a-state.toml"))


ASK = 'then = "ask-consent"'
HOLD = 'then = "hold"'
DENY = 'then = "deny"'


@pytest.mark.parametrize(
    ("rule", "more", "expected"),
    [
        # what it is about, with what is below it in the policy table
        (f'{ASK}\nsensitivities = ["PSY"]', {}, "no-consent"),
        (f'{ASK}\nsensitivities = ["SPI"]', {}, "no-consent"),
        (f'{ASK}\nsensitivities = ["HIV"]', {}, "permit"),
        (ASK, {}, "no-consent"),
        # what it asks for
        (f'{HOLD}\nsensitivities = ["PSY"]', {}, "hold"),
        (f'{DENY}\nsensitivities = ["PSY"]', {}, "deny"),
        (DENY, {}, "deny"),
        # whose records
        (f'{DENY}\ncustodians = ["covered-entity"]', {}, "deny"),
        (f'{DENY}\ncustodians = ["law-enforcement"]', {}, "permit"),
        # to whom
        (f'{DENY}\nrecipients = ["covered-entity", "other"]', {}, "deny"),
        (f'{DENY}\nrecipients = ["business-associate"]', {}, "permit"),
        (f'{DENY}\nunless_duties = ["treating"]', {}, "deny"),
        (f'{DENY}\nunless_duties = ["treating"]', {"duties": ["treating"]}, "permit"),
        (f'{DENY}\nunless_duties = ["treating"]', {"duties": ["monitoring"]}, "deny"),
        # for what, with what is below it
        (f'{DENY}\npurposes = ["TREAT"]', {}, "deny"),
        (f'{DENY}\npurposes = ["TREAT"]', {"purpose": "COC"}, "deny"),
        (f'{DENY}\npurposes = ["COC"]', {}, "permit"),
        (f'{DENY}\npurposes = ["HPAYMT"]', {}, "permit"),
    ],
)
def test_p9_a_state_rule_narrows_what_hipaa_lets_go(build: Any, rule: str, more: dict[str, Any], expected: str) -> None:
    who = {"reference": build.MHC, "role": "covered-entity", "duties": more.get("duties", [])}
    document = build.ask(
        [build.condition("F32.1")], origin="covered-entity", recipient=who, purpose=more.get("purpose", "TREAT")
    )
    (found,) = decide_json(document, policy=policy(rule))["entries"]
    assert found["decision"] == expected
    assert any("Code 0" in why for why in found["because"]) == (expected != "permit")


def test_the_strictest_of_several_rules_decides_whatever_their_order(build: Any) -> None:
    document = build.ask([build.condition("F32.1")], origin="covered-entity")
    for rules in ((ASK, DENY, HOLD), (DENY, HOLD, ASK)):
        (found,) = decide_json(document, policy=policy(*rules))["entries"]
        assert (found["decision"], found["because"]) == ("deny", [f"state policy refuses (Code {rules.index(DENY)})"])


@pytest.mark.parametrize(("named", "expected"), [(["PSY"], "permit"), (["SPI"], "permit"), (["SUD"], "no-consent")])
def test_a_consent_that_says_what_it_is_about_frees_it(build: Any, named: list[str], expected: str) -> None:
    rule = f'{ASK}\nsensitivities = ["PSY"]\nnames_it = true'
    consent = build.consent(
        category=[{"coding": [{"code": "HIPAAAuthCD"}]}],
        provision={"securityLabel": build.labels(*named, "SPI")} if named == ["SPI"] else {
            "securityLabel": build.labels(*named)
        },
    )  # fmt: skip
    document = build.ask([build.condition("F32.1")], [consent], origin="covered-entity")
    (found,) = decide_json(document, policy=policy(rule))["entries"]
    assert found["decision"] == expected
    assert found["consents"] == (["Consent/c1"] if expected == "permit" else [])
    assert ("AOD" in found["obligations"]) == (expected == "permit")


def test_a_general_consent_frees_only_where_the_rule_does_not_ask_for_the_name(build: Any) -> None:
    consent = build.consent(provision={"securityLabel": None}, elements={"description": "everything"})
    document = build.ask([build.condition("F32.1")], [consent], origin="covered-entity")
    for rule, expected in ((f'{ASK}\nsensitivities = ["PSY"]\nnames_it = true', "no-consent"), (ASK, "permit")):
        assert decide_json(document, policy=policy(rule))["entries"][0]["decision"] == expected


def test_no_rule_lets_go_what_the_layer_under_it_keeps(build: Any) -> None:
    document = build.ask([build.condition()], origin="part2-program")
    for rule in (ASK, HOLD, DENY):
        assert decide_json(document, policy=policy(rule))["entries"][0]["decision"] != "permit"
    consent = build.consent()
    document = build.ask([build.condition()], [consent], origin="part2-program")
    expected = {ASK: "permit", HOLD: "hold", DENY: "deny"}
    for rule, verdict in expected.items():
        assert decide_json(document, policy=policy(rule))["entries"][0]["decision"] == verdict


def test_an_element_that_tells_goes_and_the_rest_stays(build: Any) -> None:
    encounter = {
        "resourceType": "Encounter",
        "id": "e-1",
        "status": "finished",
        "class": {"code": "FLD"},
        "subject": {"reference": "Patient/p-1"},
        "reasonCode": [{"coding": [{"system": "ICD10CM", "code": "B20"}]}],
    }
    document = build.ask([build.patient(), encounter], origin="covered-entity")
    with_rule = policy(f'{ASK}\nsensitivities = ["HIV"]')
    found = decide_json(document, policy=with_rule)["entries"][1]
    assert found["decision"] == "redact"
    assert "REDACT{HIV}" in found["obligations"]
    made = json.dumps(released(document, policy=with_rule))
    assert "B20" not in made
    assert '"e-1"' in made
    assert "B20" in json.dumps(released(document))


@pytest.mark.parametrize(("exceptions", "expected"), [(False, "permit"), (True, "deny")])
def test_p17_a_rule_stands_over_an_exception_only_where_it_says_so(build: Any, exceptions: bool, expected: str) -> None:
    doctor = {"reference": build.MHC, "role": "covered-entity", "duties": ["medical-personnel"]}
    shown = {"type": "emergency", "reference": "DocumentReference/e", "at": "2026-06-01T11:58:00Z", "by": "x"}
    document = build.ask([build.condition()], origin="part2-program", recipient=doctor, purpose="BTG", evidence=[shown])
    rule = f"{DENY}\nexceptions = {str(exceptions).lower()}"
    assert decide_json(document, policy=policy(rule))["entries"][0]["decision"] == expected


def test_where_the_consents_alone_decide_no_state_rule_is_asked(build: Any) -> None:
    document = build.ask([build.condition()], [build.consent(provision={"securityLabel": None})], law="consent")
    assert decide_json(document, policy=policy(DENY))["entries"][0]["decision"] == "permit"


# --- the file


def test_the_example_is_a_policy_and_fits_its_schema() -> None:
    import tomllib

    overlay = read_overlay(EXAMPLE.read_bytes(), file=EXAMPLE.name)
    assert (overlay.name, len(overlay.rules)) == ("example-state", 4)
    assert overlay.version.startswith("example-state/")
    schema = overlay_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(json.dumps(tomllib.loads(EXAMPLE.read_text()), default=str))
    jsonschema.Draft202012Validator(schema).validate(document)


def test_the_schema_refuses_what_the_reading_refuses() -> None:
    rule = {"id": "r", "citation": "c", "then": "deny", "sensitivities": ["HIV"], "purposes": ["TREAT"]}
    whole = {"name": "s", "reviewer": "c", "reviewed": "2026-11-02", "rule": [rule]}
    schema = jsonschema.Draft202012Validator(overlay_schema())
    assert schema.is_valid(whole)
    wrong: list[dict[str, Any]] = [
        {**rule, "other": 1}, {**rule, "sensitivities": ["HIV", "HIV"]}, {**rule, "sensitivities": ["x"]},
        {**rule, "sensitivities": []},
    ]  # fmt: skip
    assert not any(schema.is_valid({**whole, "rule": [one]}) for one in wrong)
    assert not schema.is_valid({**whole, "other": 1})


RULE = f'[[rule]]\nid = "r"\ncitation = "c"\n{DENY}\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name = ", ""),
        (HEAD, "rule"),
        (HEAD.replace("a-state", "none") + RULE, "name"),
        (HEAD.replace("2026-11-02", '"Quellmarken"') + RULE, "reviewed"),
        (HEAD + RULE.replace('"c"', '""'), "rule[0].citation"),
        (HEAD + RULE.replace("deny", "Quellmarken"), "rule[0].then"),
        (HEAD + RULE + 'sensitivities = ["Quellmarken"]', "rule[0].sensitivities"),
        (HEAD + RULE + "sensitivities = []", "rule[0].sensitivities"),
        (HEAD + RULE + 'sensitivities = "HIV"', "rule[0].sensitivities"),
        (HEAD + RULE + "sensitivities = {HIV = 1}", "rule[0].sensitivities"),
        (HEAD + RULE + 'sensitivities = [["Quellmarken"]]', "rule[0].sensitivities"),
        (HEAD + RULE + 'custodians = ["Quellmarken"]', "rule[0].custodians"),
        (HEAD + RULE + 'recipients = ["Quellmarken"]', "rule[0].recipients"),
        (HEAD + RULE + 'unless_duties = ["Quellmarken"]', "rule[0].unless_duties"),
        (HEAD + RULE + 'purposes = ["Quellmarken"]', "rule[0].purposes"),
        (HEAD + RULE + 'names_it = "Quellmarken"', "rule[0].names_it"),
        (HEAD + RULE + "names_it = true", "rule[0].names_it"),
        (HEAD + RULE.replace("deny", "ask-consent") + "exceptions = true", "rule[0].exceptions"),
        (HEAD + RULE + "Quellmarken = 1", "rule[0]"),
        (HEAD + RULE + RULE, "rule"),
        ("Quellmarken = 1\n" + HEAD + RULE, ""),
        (HEAD + "rule = [1]", "rule[0]"),
        (HEAD + "rule = []", "rule"),
        (HEAD + "rule = 1", "rule"),
        (HEAD + "rule = true", "rule"),
        (HEAD.replace("2026-11-02", "2026") + RULE, "reviewed"),
        (HEAD + RULE + "exceptions = 0", "rule[0].exceptions"),
        (HEAD + RULE + "exceptions = 1", "rule[0].exceptions"),
        (HEAD + RULE + 'sensitivities = ["HIV"]\nnames_it = true', "rule[0].names_it"),
        (HEAD + RULE.replace("deny", "ask-consent") + "names_it = true", "rule[0].names_it"),
        (HEAD + RULE.replace('"c"', "7"), "rule[0].citation"),
        (HEAD + RULE.replace('"c"', '" "'), "rule[0].citation"),
    ],
)
def test_a_wrong_file_is_refused_by_place_and_without_its_values(text: str, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_overlay(text.encode(), file="a-state.toml")
    (issue,) = caught.value.issues
    assert issue.rule == "release.state-policy"
    assert issue.path == (f"a-state.toml:{place}" if place else "a-state.toml")
    assert "Quellmarken" not in f"{issue}"


# --- the agency's exchange policy (S52)

LINE = {"roles": frozenset({"covered-entity"}), "purposes": frozenset({"TREAT"}), "reference": "Agreement 7"}
LOINC = "http://loinc.org"


def note(code: str) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": f"n-{code}",
        "status": "current",
        "type": {"coding": [{"system": LOINC, "code": code}]},
        "content": [{"attachment": {"title": "report"}}],
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({}, ["permit", "permit", "permit"]),
        ({"types": {"Condition"}}, ["permit", "deny", "deny"]),
        ({"types": {"Condition", "DocumentReference"}}, ["permit", "permit", "permit"]),
        ({"classes": {f"DocumentReference|{LOINC}|34133-9"}}, ["permit", "permit", "deny"]),
        (
            {"types": {"DocumentReference"}, "classes": {f"DocumentReference|{LOINC}|34133-9"}},
            ["deny", "permit", "deny"],
        ),
        ({"classes": {"DocumentReference|urn:other|34133-9"}}, ["permit", "deny", "deny"]),
        ({"without": {"PSY"}}, ["deny", "permit", "permit"]),
        ({"without": {"HIV"}}, ["permit", "permit", "permit"]),
        ({"purposes": {"HPAYMT"}}, ["deny", "deny", "deny"]),
    ],
)
def test_s52_an_exchange_line_by_type_class_and_sensitivity(
    build: Any, line: dict[str, Any], expected: list[str]
) -> None:
    rule = ExchangeRule(**{**LINE, **{key: frozenset(value) for key, value in line.items()}})
    document = build.ask([build.condition("F32.1"), note("34133-9"), note("11488-4")], origin="law-enforcement")
    found = decide_json(document, policy=ReleasePolicy(exchange=ExchangePolicy(rules=(rule,))))["entries"]
    assert [one["decision"] for one in found] == expected
    assert {one["because"][0] for one in found if one["decision"] == "permit"} <= {
        "the agency's exchange policy (Agreement 7)"
    }


def test_s52_what_one_line_leaves_out_another_may_give(build: Any) -> None:
    lines = (ExchangeRule(**LINE, without=frozenset({"PSY"})), ExchangeRule(**LINE, types=frozenset({"Condition"})))
    document = build.ask([build.condition("F32.1")], origin="law-enforcement")
    for rules, expected in ((lines, "permit"), (lines[:1], "deny"), (lines[:1] * 2, "deny")):
        found = decide_json(document, policy=ReleasePolicy(exchange=ExchangePolicy(rules=rules)))["entries"]
        assert found[0]["decision"] == expected


def test_s52_an_agency_gives_its_own_records_to_another_by_its_policy_only(build: Any) -> None:
    line = ExchangeRule(roles=frozenset({"law-enforcement"}), purposes=frozenset({"investigation", "TREAT"}))
    with_line = ReleasePolicy(exchange=ExchangePolicy(rules=(line,)))
    for purpose, used, expected in (
        ("investigation", with_line, "permit"),
        ("investigation", ReleasePolicy(), "no-consent"),
        ("TREAT", with_line, "deny"),
    ):
        document = build.ask(
            [build.condition("J45.40")], origin="law-enforcement", recipient=build.police(), purpose=purpose
        )
        assert decide_json(document, policy=used)["entries"][0]["decision"] == expected
