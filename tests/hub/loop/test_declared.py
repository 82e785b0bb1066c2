"""What a deployment declares for release is checked before the hub starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.cli.checkup import checkup
from hub.errors import SettingsError
from hub.loop import declared
from hub.loop.releasing import policy_for
from hub.settings import SID_ORGANIZATION, Settings, parse

RULES = """name = "a-state"
reviewer = "counsel"
reviewed = 2026-11-02
[[rule]]
id = "hiv"
citation = "Code 1"
then = "ask-consent"
sensitivities = ["HIV"]
"""


def settings(base: Path, *, exchange: dict[str, Any] | None = None, **state: Any) -> Settings:
    return parse(
        {
            "operator": {"organization": "agency", "relation": "self"},
            "state_policy": {"name": "none", "reviewer": "counsel", "reviewed": "2026-11-02", **state},
            "organization": [
                {"id": "agency", "name": "The agency", "kind": "agency", "posture": "law-enforcement"},
                {"id": "center", "name": "The center", "kind": "center", "posture": "covered-entity"},
            ],
            "agency": [{"id": "agency", "zone": "UTC"}],
            "exchange": [{"agency": "agency", "to": ["center"], "reference": "Agreement 7", **(exchange or {})}],
        },
        base=base,
    )


def test_p9_the_rules_of_the_named_policy_are_those_that_decide(tmp_path: Path) -> None:
    (tmp_path / "a-state.toml").write_text(RULES)
    made = settings(tmp_path, name="a-state", file="a-state.toml")
    declared.check(made)
    assert [rule.id for rule in policy_for(made, "agency", "center").state.rules] == ["hiv"]
    assert policy_for(settings(tmp_path), "agency", "center").state.rules == ()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (None, "state_policy.file"),
        (RULES.replace("HIV", "Quellmarken"), "a-state.toml:rule[0].sensitivities"),
        (RULES.replace("a-state", "another"), "state_policy.name"),
        ("not toml", "a-state.toml"),
    ],
)
def test_p9_a_policy_that_is_not_there_or_wrong_is_no_start(tmp_path: Path, content: str | None, place: str) -> None:
    if content is not None:
        (tmp_path / "a-state.toml").write_text(content)
    with pytest.raises(SettingsError) as caught:
        declared.check(settings(tmp_path, name="a-state", file="a-state.toml"))
    assert caught.value.issues[0].path == place
    assert "Quellmarken" not in str(caught.value.issues)


@pytest.mark.parametrize(
    "state", [{"name": "a-state"}, {"file": "a-state.toml"}, {"name": "none", "file": "a-state.toml"}]
)
def test_p9_a_name_goes_with_its_file_and_none_with_none(tmp_path: Path, state: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, **state)
    assert "state_policy" in caught.value.issues[0].text


@pytest.mark.parametrize(
    "line",
    [
        {"types": ["Quellmarken"]},
        {"classes": ["DocumentReference"]},
        {"classes": ["Quellmarken|a|b"]},
        {"types": ["Encounter"], "classes": ["DocumentReference|a|b"]},
        {"without": ["Quellmarken"]},
    ],
)
def test_s52_a_line_of_an_exchange_policy_names_what_there_is(tmp_path: Path, line: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, exchange=line)
    assert caught.value.issues[0].text.startswith("exchange.0")
    assert "Quellmarken" not in str(caught.value.issues)


def test_s52_purposes_of_an_exchange_policy_are_known(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        declared.check(settings(tmp_path, exchange={"purposes": ["Quellmarken"]}))
    assert caught.value.issues[0].path == "exchange.0.purposes"


def test_s52_the_declared_line_is_the_one_that_decides(tmp_path: Path) -> None:
    line = {
        "types": ["Condition"],
        "classes": ["Condition|a|b"],
        "without": ["HIV"],
        "purposes": ["TREAT", "follow-up"],
    }
    made = settings(tmp_path, exchange=line)
    declared.check(made)
    (rule,) = policy_for(made, "agency", "center").exchange.rules
    assert (rule.types, rule.classes, rule.without) == ({"Condition"}, {"Condition|a|b"}, {"HIV"})
    assert (rule.purposes, rule.reference) == ({"TREAT", "follow-up"}, "Agreement 7")


def test_the_checkup_says_it_too(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(
        '[operator]\norganization = "a"\nrelation = "self"\n'
        '[state_policy]\nname = "a-state"\nfile = "x.toml"\nreviewer = "counsel"\nreviewed = 2026-11-02\n'
        '[[organization]]\nid = "a"\nname = "A"\nkind = "center"\nposture = "covered-entity"\n'
    )
    (found,) = checkup(tmp_path / "hub.toml")
    assert (found.ok, found.detail) == (False, "state_policy.file: the file cannot be read")


def test_s42_who_takes_part_in_an_exchange_is_declared(tmp_path: Path) -> None:
    made = settings(tmp_path)
    line = {"intermediary": "agency", "participants": ["center"], "reference": "Agreement 8"}
    found = declared.affiliations(parse({**made.model_dump(mode="json"), "affiliation": [line]}, base=tmp_path))
    (one,) = (actor for actor in found.values() if actor["resourceType"] == "OrganizationAffiliation")
    assert one["organization"] == {"reference": "Organization/agency"}
    assert one["participatingOrganization"] == {"reference": "Organization/center"}
    assert declared.affiliations(made) == {}
    with pytest.raises(SettingsError):
        parse({**made.model_dump(mode="json"), "affiliation": [{**line, "participants": ["nobody"]}]}, base=tmp_path)


def test_s42_a_consent_through_an_exchange_reaches_who_is_declared_and_nobody_else(tmp_path: Path) -> None:
    """The consent names the exchange by its entry in the Bundle; the settings say who takes part."""
    from hub.loop.releasing import actors_of, party
    from hub.release.elements import Intermediary
    from hub.release.naming import through

    made = settings(tmp_path)
    line = {"intermediary": "agency", "participants": ["center"], "reference": "Agreement 8"}
    document = made.model_dump(mode="json")
    document["organization"].append(
        {"id": "other", "name": "Another center", "kind": "center", "posture": "covered-entity"}
    )
    told = parse({**document, "affiliation": [line]}, base=tmp_path)
    known = {"system": SID_ORGANIZATION, "value": "agency"}
    exchange = {"resourceType": "Organization", "id": "6a7a1c3e", "identifier": [known]}
    inside = actors_of({"entry": [{"resource": exchange}]})
    one = Intermediary(organization={"reference": "urn:uuid:6a7a1c3e"}, classes=("my treating providers",))
    for name, actors, expected in (
        ("center", {**inside, **declared.affiliations(told)}, True),
        ("other", {**inside, **declared.affiliations(told)}, False),
        ("center", inside, False),
    ):
        who = party(told, name, duties=frozenset({"treating"}))
        who = replace(who, known_as=who.identifiers | {f"Organization/{name}"})
        assert through(one, who, "TREAT", actors) is expected
