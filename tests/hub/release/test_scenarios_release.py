"""Scenarios S07 to S57, release layer: decisions as a table, and what must be absent from what goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.errors import ReleaseError
from hub.release import decide_json, release_json

NOTHING = {"resourceType": "Bundle", "type": "collection"}


def decisions(document: dict[str, Any]) -> list[str]:
    return [entry["decision"] for entry in decide_json(document)["entries"]]


def one(document: dict[str, Any]) -> dict[str, Any]:
    found = decide_json(document)["entries"]
    assert len(found) == 1
    return found[0]


# --- which law


def test_s07_unknown_origin_is_held_and_enforced_as_part2(build: Any) -> None:
    document = build.ask([build.condition("J45.40")])
    assert decide_json(document)["decision"] == "hold"
    assert release_json(document) == NOTHING


def test_s07_consent_for_part2_settles_an_unknown_origin(build: Any) -> None:
    consent = build.consent(provision={"securityLabel": None}, elements={"description": "everything"})
    found = one(build.ask([build.condition("J45.40")], [consent]))
    assert found["decision"] == "permit"
    assert "notice" in found["obligations"]


@pytest.mark.parametrize(
    ("origin", "code", "expected"),
    [
        ("part2-program", "J45.40", "no-consent"),
        ("part2-program", "F11.20", "no-consent"),
        ("lawful-holder", "F11.20", "no-consent"),
        ("covered-entity", "F11.20", "permit"),
        ("covered-entity", "F32.1", "permit"),
        ("business-associate", "F32.1", "permit"),
        ("law-enforcement", "F32.1", "permit"),
    ],
)
def test_s37_no_consent_by_origin(build: Any, origin: str, code: str, expected: str) -> None:
    document = build.ask([build.condition(code)], origin=origin)
    assert decisions(document) == [expected]
    if expected != "permit":
        assert release_json(document) == NOTHING


def test_s37_denied_is_byte_for_byte_as_not_there(build: Any) -> None:
    withheld = release_json(build.ask([build.condition()], origin="part2-program"))
    assert json.dumps(withheld) == json.dumps(release_json(build.ask([], origin="part2-program")))


def test_s37_state_policy_asks_for_consent(build: Any) -> None:
    from hub.release import ReleasePolicy, StateOverlay, StateRule

    document = build.ask([build.condition("F32.1")], origin="covered-entity")
    asks = StateRule(id="psy", citation="a state's code", then="ask-consent", sensitivities=frozenset({"PSY"}))
    policy = ReleasePolicy(state=StateOverlay(name="a-state", rules=(asks,)))
    assert decide_json(document, policy=policy)["entries"][0]["decision"] == "no-consent"


def test_s38_tpo_consent_permits_with_its_obligations(build: Any) -> None:
    document = build.ask([build.patient(), build.condition()], [build.consent()], origin="part2-program")
    for entry in decide_json(document)["entries"]:
        assert entry["decision"] == "permit"
        assert entry["consents"] == ["Consent/c1"]
        assert set(entry["obligations"]) == {
            "notice", "consent-scope", "RedisclosureProhibitionMark", "NORDSCLCD", "AOD",
        }  # fmt: skip
    released = release_json(document)
    codes = {coding["code"] for coding in released["meta"]["security"]}
    assert {"42CFRPart2", "NORDSCLCD", "RedisclosureProhibitionMark", "SUD", "OPIOIDUD", "R"} == codes
    for entry in released["entry"]:
        assert {c["code"] for c in entry["resource"]["meta"]["security"]} >= {"NORDSCLCD", "42CFRPart2"}


@pytest.mark.parametrize("purpose", ["TREAT", "HPAYMT", "HOPERAT", "COC", "HLEGAL"])
def test_s39_police_get_nothing_under_tpo(build: Any, purpose: str) -> None:
    consent = build.consent(provision={"actor": build.to(build.PD)})
    document = build.ask(
        [build.condition()], [consent], origin="part2-program", recipient=build.police(), purpose=purpose
    )
    assert decisions(document) == ["deny"]
    assert release_json(document) == NOTHING


def test_p12_a_consent_naming_the_agency_for_its_own_purpose(build: Any) -> None:
    consent = build.consent(
        provision={"actor": build.to(build.PD), "purpose": build.purposes("outcome-feedback")},
    )
    document = build.ask(
        [build.condition()], [consent], origin="part2-program", recipient=build.police(), purpose="outcome-feedback"
    )
    assert decisions(document) == ["permit"]
    document["request"]["recipient"] = build.police("Organization/other-pd")
    assert decisions(document) == ["no-consent"]


def test_s40_threat_is_held_for_the_privacy_officer(build: Any) -> None:
    held = build.ask([build.condition("F32.1")], origin="covered-entity", recipient=build.police(), purpose="THREAT")
    assert decisions(held) == ["hold"]
    own = build.ask([build.condition()], origin="part2-program", recipient=build.police(), purpose="THREAT")
    assert decisions(own) == ["no-consent"]


def test_s41_no_name_fuzzing(build: Any) -> None:
    consent = build.consent(provision={"actor": build.to("Practitioner/lee")})
    ask = lambda who: decisions(  # noqa: E731
        build.ask(
            [build.condition()],
            [consent],
            origin="part2-program",
            recipient={"reference": who, "role": "covered-entity"},
        )
    )
    assert ask("Practitioner/lee") == ["permit"]
    assert ask("Practitioner/kim") == ["no-consent"]
    assert ask("Practitioner/lee2") == ["no-consent"]


def test_s41_recipient_by_identifier_and_by_role(build: Any) -> None:
    named = {"identifier": {"system": "urn:npi", "value": "1234567893"}}
    consent = build.consent(provision={"actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": named}]})
    recipient = {
        "reference": "Organization/mhc",
        "identifier": {"system": "urn:npi", "value": "1234567893"},
        "role": "covered-entity",
    }
    assert decisions(build.ask([build.condition()], [consent], origin="part2-program", recipient=recipient)) == [
        "permit"
    ]
    role = {"resourceType": "PractitionerRole", "organization": {"reference": build.MHC}}
    who = {"reference": "PractitionerRole/kim", "role": "covered-entity"}
    document = build.ask(
        [build.condition()],
        [build.consent()],
        origin="part2-program",
        recipient=who,
        actors={"PractitionerRole/kim": role},
    )
    assert decisions(document) == ["permit"]


HIE = {"reference": "Organization/hie", "role": "intermediary"}
NPI = {"system": "urn:npi", "value": "1234567893"}
TREATS = {"reference": "Organization/mhc", "role": "covered-entity", "duties": ["treating"]}
MEMBER = {
    "resourceType": "OrganizationAffiliation",
    "organization": {"reference": "Organization/hie"},
    "participatingOrganization": {"reference": "Organization/mhc"},
}
MHC = {"reference": "Organization/mhc", "role": "covered-entity"}


@pytest.mark.parametrize(
    ("participants", "recipient", "actors", "expected"),
    [
        # the intermediary itself, only where its participants are named
        ([("participant", "A clinic in words")], HIE, {}, "permit"),
        ([], HIE, {}, "deny"),
        ([("participant", "x")], {**HIE, "reference": "Organization/hie2"}, {}, "no-consent"),
        # participants by reference, by a text that is a reference, by identifier; never by words
        ([("participant", {"reference": "Organization/mhc"})], MHC, {}, "permit"),
        ([("participant", "Organization/mhc")], MHC, {}, "permit"),
        ([("participant", "https://ehr.example.org/fhir/Organization/mhc")], MHC, {}, "permit"),
        ([("participant", NPI)], {**MHC, "identifier": NPI}, {}, "permit"),
        ([("participant", "urn:npi|1234567893")], {**MHC, "identifier": NPI}, {}, "permit"),
        ([("participant", "urn:npi|1234567893")], {**MHC, "identifier": {**NPI, "system": "urn:x"}}, {}, "no-consent"),
        ([("participant", "Organization/other")], MHC, {}, "no-consent"),
        ([("participant", {"display": "Organization/mhc"})], MHC, {}, "no-consent"),
        ([("participant", "mhc")], MHC, {}, "no-consent"),
        ([], MHC, {}, "no-consent"),
        # a class: who treats and is known to take part
        ([("class", "my treating providers")], TREATS, {"m": MEMBER}, "permit"),
        ([("class", "my treating providers")], TREATS, {"m": {**MEMBER, "active": False}}, "no-consent"),
        ([("class", "my treating providers")], TREATS, {}, "no-consent"),
        ([("class", "my treating providers")], MHC, {"m": MEMBER}, "no-consent"),
        ([("class", "members")], TREATS, {"m": MEMBER}, "no-consent"),
    ],
)
def test_s42_a_consent_to_an_intermediary(
    build: Any, participants: Any, recipient: dict[str, Any], actors: dict[str, Any], expected: str
) -> None:
    named = ("organization", {"reference": "Organization/hie"})
    consent = build.consent(provision={"actor": None})
    consent["extension"][0]["extension"].append(build.intermediary(named, *participants))
    more: dict[str, Any] = {"origin": "part2-program", "recipient": recipient, "actors": actors}
    assert decisions(build.ask([build.condition()], [consent], **more)) == [expected]


def test_s42_the_class_of_an_intermediary_is_not_a_class_of_recipients(build: Any) -> None:
    """As translation writes such a form: the class beside the intermediary, too, and the organization as an actor."""
    consent = build.consent(
        provision={"actor": build.to("Organization/hie")}, elements={"recipientClass": "my treating providers"}
    )
    more: dict[str, Any] = {"origin": "part2-program", "recipient": TREATS}
    assert decisions(build.ask([build.condition()], [consent], **more)) == ["permit"]
    parts = [("organization", {"reference": "Organization/hie"}), ("class", "my treating providers")]
    consent["extension"][0]["extension"].append(build.intermediary(*parts))
    assert decisions(build.ask([build.condition()], [consent], **more)) == ["no-consent"]
    assert decisions(build.ask([build.condition()], [consent], **{**more, "recipient": HIE})) == ["permit"]


def test_s42_an_intermediary_named_as_an_ordinary_recipient_gets_nothing(build: Any) -> None:
    consent = build.consent(provision={"actor": build.to("Organization/hie")})
    ask = lambda who: one(build.ask([build.condition()], [consent], origin="part2-program", recipient=who))  # noqa: E731
    assert ask(HIE)["decision"] == "deny"
    assert "intermediary-participants-missing" in ask(HIE)["because"]
    assert ask({**HIE, "role": "covered-entity"})["decision"] == "permit"


def test_s42_the_scope_says_through_whom(build: Any) -> None:
    from hub.release import scope_text

    consent = build.consent(provision={"actor": None})
    parts = [("organization", {"display": "The exchange"}), ("participant", "A clinic in words")]
    consent["extension"][0]["extension"].append(build.intermediary(*parts))
    assert "The exchange, and of its participants: A clinic in words" in scope_text(consent)


WORDS = [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"display": "Organization/mhc"}}]


@pytest.mark.parametrize("actor", [WORDS, [{"role": {"coding": [{"code": "IRCP"}]}}], [{"reference": {}}]])
@pytest.mark.parametrize(("origin", "law"), [("part2-program", None), ("covered-entity", "consent")])
def test_s41_a_permit_that_names_in_words_names_nobody(build: Any, actor: Any, origin: str, law: str | None) -> None:
    document = build.ask([build.condition()], [build.consent(provision={"actor": actor})], origin=origin, law=law)
    assert not {"permit", "redact"} & set(decisions(document))
    assert release_json(document) == NOTHING


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        ({"provision": {"actor": WORDS}}, "deny"),
        ({"provision": {"actor": None}, "elements": {"recipientClass": "the people I used to work with"}}, "deny"),
        ({"provision": {"actor": None}, "elements": {"recipientClass": "law-enforcement"}}, "permit"),
    ],
)
def test_a_refusal_that_names_in_words_may_mean_anybody(build: Any, refusal: dict[str, Any], expected: str) -> None:
    provision = {"type": "deny", "securityLabel": None, **refusal["provision"]}
    no = build.consent("no", provision=provision, elements=refusal.get("elements"))
    document = build.ask([build.condition()], [build.consent(), no], origin="part2-program")
    assert decisions(document) == [expected]


DISCLOSER = {"coding": [{"code": "CST"}]}


def test_2_31_a_2_a_discloser_in_words_lets_nobody_disclose_and_refuses_for_anybody(build: Any) -> None:
    more: dict[str, Any] = {"origin": "part2-program"}
    for named in (
        {"organization": None, "elements": {"discloserName": "A program in words"}},
        {"organization": [{"display": build.OTP}]},
        {"organization": None, "elements": {"discloserClass": "some programs"}},
    ):
        document = build.ask([build.condition()], [build.consent(**named)], **more)
        assert decisions(document) == ["no-consent"]
        named["provision"] = {"type": "deny", "securityLabel": None}
        document = build.ask([build.condition()], [build.consent(), build.consent("no", **named)], **more)
        assert decisions(document) == ["deny"]


@pytest.mark.parametrize(("discloser", "expected"), [("Organization/otp", "permit"), ("Organization/x", "no-consent")])
def test_2_31_a_2_an_exception_names_its_own_discloser(build: Any, discloser: str, expected: str) -> None:
    actors = [*build.to(build.MHC), {"role": DISCLOSER, "reference": {"reference": discloser}}]
    inside = {"type": "permit", "actor": actors, "purpose": build.purposes("TREAT")}
    base = {"type": None, "actor": None, "purpose": None, "provision": [inside]}
    consent = build.consent(organization=None, provision=base)
    assert decisions(build.ask([build.condition()], [consent], origin="part2-program")) == [expected]


def test_2_31_a_5_the_root_of_all_purposes_is_no_purpose(build: Any) -> None:
    consent = build.consent(
        provision={"purpose": build.purposes("PurposeOfUse")},
        elements={"redisclosureStatement": None, "refusalStatement": None, "hipaaRedisclosureStatement": None},
    )
    consent["provision"]["purpose"][0]["system"] = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    found = one(build.ask([build.condition()], [consent], origin="part2-program"))
    assert (found["decision"], found["because"][1:]) == ("deny", ["missing-purpose"])


@pytest.mark.parametrize(
    "doubt",
    [
        {"purpose": [{"code": "COC"}], "actor": "center"},
        {"purpose": [{"code": "something-of-theirs"}], "actor": "center"},
        {"purpose": [{"code": "TREAT"}], "actor": WORDS},
        {"purpose": [{"code": "TREAT"}], "actor": "center", "class": [{"code": "urn:a-document-type"}]},
        {"purpose": [{"code": "TREAT"}], "actor": "center", "dataPeriod": {"start": "2020-01-01"}},
        {
            "purpose": [{"code": "TREAT"}],
            "actor": "center",
            "data": [{"meaning": "odd", "reference": {"reference": "a/b"}}],
        },
    ],
)
def test_a_permit_inside_a_deny_reaches_no_further_than_what_the_deny_surely_says(
    build: Any, doubt: dict[str, Any]
) -> None:
    """A deny is read wide; a permit inside it takes purpose, recipient and content from it, and is read narrow."""
    actor = build.to(build.MHC) if doubt["actor"] == "center" else doubt["actor"]
    base = {"type": "deny", "securityLabel": None, **doubt, "actor": actor, "provision": [{"type": "permit"}]}
    document = build.ask([build.condition()], [build.consent(provision=base)], origin="part2-program")
    assert decisions(document) == ["deny"]
    sure = {"type": "deny", "actor": build.to(build.MHC), "purpose": build.purposes("TREAT")}
    sure["provision"] = [{"type": "permit"}]
    document = build.ask([build.condition()], [build.consent(provision=sure)], origin="part2-program")
    assert decisions(document) == ["permit"]


# --- time


@pytest.mark.parametrize(
    ("at", "end", "zone", "expected"),
    [
        ("2026-06-01T12:00:00Z", "2026-06-01T11:59:59Z", "UTC", "no-consent"),
        ("2026-06-01T12:00:00Z", "2026-06-01T12:00:00Z", "UTC", "permit"),
        ("2026-06-01T12:00:01Z", "2026-06-01T12:00:00Z", "UTC", "no-consent"),
        # the end of that day in the zone
        ("2026-06-02T04:59:59Z", "2026-06-01", "America/Chicago", "permit"),
        ("2026-06-02T05:00:00Z", "2026-06-01", "America/Chicago", "no-consent"),
        ("2026-06-01T23:59:59Z", "2026-06-01", "UTC", "permit"),
        ("2026-06-02", "2026-06-01", "UTC", "no-consent"),
        # the day on which the clocks change is 25 hours long
        ("2026-11-02T05:59:59Z", "2026-11-01", "America/Chicago", "permit"),
        ("2026-11-02T06:00:00Z", "2026-11-01", "America/Chicago", "no-consent"),
        ("2026-06-01T12:00:00Z", "2026", "UTC", "permit"),
        ("2026-06-01T12:00:00Z", "2026-02-30", "UTC", "no-consent"),
    ],
)
def test_s43_expiry(build: Any, at: str, end: str, zone: str, expected: str) -> None:
    consent = build.consent(provision={"period": {"end": end}})
    document = build.ask([build.condition()], [consent], origin="part2-program", at=at, zone=zone)
    assert decisions(document) == [expected]


def test_s43_not_yet_signed(build: Any) -> None:
    document = build.ask([build.condition()], [build.consent()], origin="part2-program", at="2026-01-01")
    assert decisions(document) == ["no-consent"]


@pytest.mark.parametrize(
    "revoked", [{"status": "inactive"}, {"status": "entered-in-error"}, {"elements": {"revokedAt": "2026-05-31"}}]
)
def test_s44_revoked(build: Any, revoked: dict[str, Any]) -> None:
    document = build.ask([build.condition()], [build.consent(**revoked)], origin="part2-program")
    assert decisions(document) == ["no-consent"]


def test_s44_revoked_later_is_in_force_now(build: Any) -> None:
    consent = build.consent(elements={"revoked-at": "2026-06-02"})
    assert decisions(build.ask([build.condition()], [consent], origin="part2-program")) == ["permit"]


# --- provisions


@pytest.mark.parametrize("law", ["part2", "consent"])
@pytest.mark.parametrize("code", ["F11.20", "F10.20", "F14.10"])
@pytest.mark.parametrize("denied", ["SUD", "ETH", "SPI"])
def test_s45_deny_inside_permit_with_descendants(build: Any, law: str, code: str, denied: str) -> None:
    consent = build.consent(
        provision={
            "securityLabel": None,
            "provision": [{"type": "deny", "actor": build.to(build.MHC), "securityLabel": build.labels(denied)}],
        }
    )
    document = build.ask(
        [build.patient(), build.condition(code), build.condition("J45.40", "cond-2")], [consent], law=law
    )
    assert decisions(document) == ["permit", "deny", "permit"]
    text = json.dumps(release_json(document))
    assert code not in text
    assert "cond-1" not in text
    assert "OPIOIDUD" not in text
    assert "J45.40" in text


def test_s45_deny_for_another_recipient_does_not_touch(build: Any) -> None:
    deny = {"type": "deny", "actor": build.to("Organization/x"), "securityLabel": build.labels("SUD")}
    consent = build.consent(provision={"provision": [deny]})
    assert decisions(build.ask([build.condition()], [consent], origin="part2-program")) == ["permit"]


def test_s45_optional_element_is_redacted_not_the_entry(build: Any) -> None:
    consent = build.consent(provision={"provision": [{"type": "deny", "securityLabel": build.labels("SUD")}]})
    encounter = {
        "resourceType": "Encounter",
        "id": "enc-1",
        "status": "finished",
        "class": {"code": "FLD"},
        "subject": {"reference": "Patient/p-1"},
        "reasonCode": [{"coding": [{"code": "F11.20", "system": "ICD10CM"}]}],
    }
    document = build.ask([build.patient(), encounter], [consent], origin="part2-program")
    found = decide_json(document)["entries"][1]
    assert found["decision"] == "redact"
    assert "REDACT{ETHUD,OPIOIDUD,SUD}" in found["obligations"]
    released = release_json(document)["entry"][1]["resource"]
    assert "reasonCode" not in released
    assert not {c["code"] for c in released["meta"]["security"]} & {"SUD", "OPIOIDUD"}


@pytest.mark.parametrize("turn", [1, -1])
def test_s46_deny_overrides_and_the_conflict_is_reported(build: Any, turn: int) -> None:
    newer = build.consent("new", dateTime="2026-05-01")
    older = build.consent("old", provision={"type": "deny", "securityLabel": build.labels("SUD"), "purpose": None})
    document = build.ask([build.patient(), build.condition()], [newer, older][::turn], origin="part2-program")
    found = decide_json(document)
    assert [entry["decision"] for entry in found["entries"]] == ["permit", "deny"]
    assert found["conflicts"] == [{"permit": ["Consent/new"], "deny": ["Consent/old"], "entries": [1]}]


@pytest.mark.parametrize(("purpose", "expected"), [("TREAT", ["permit"]), ("proceedings", ["deny"])])
def test_s47_combined_consent_is_invalid_for_the_extra_purpose(build: Any, purpose: str, expected: list[str]) -> None:
    consent = build.consent(
        provision={"purpose": build.purposes("TREAT", "proceedings")},
        elements={"proceedings": True},
    )
    assert decisions(build.ask([build.condition()], [consent], origin="part2-program", purpose=purpose)) == expected


@pytest.mark.parametrize(
    "lacking",
    [
        {"elements": {"redisclosureStatement": None}},
        {"elements": {"hipaaRedisclosureStatement": None}},
        {"elements": {"revocationStatement": False}},
        {"performer": None},
        {"dateTime": None},
    ],
)
def test_s48_deficient_consent_discloses_nothing(build: Any, lacking: dict[str, Any]) -> None:
    document = build.ask([build.condition()], [build.consent(**lacking)], origin="part2-program")
    found = one(document)
    assert found["decision"] == "deny"
    assert any(why.startswith("missing-") for why in found["because"])
    assert release_json(document) == NOTHING


DIRECTIVES: dict[str, list[dict[str, Any]] | None] = {
    "part2": [{"coding": [{"code": "42CFRPart2CD"}]}],
    "authorization": [{"coding": [{"code": "59284-0"}]}, {"coding": [{"code": "HIPAAAuthCD"}]}],
    "opt-out": [{"coding": [{"code": "OPTOUT"}]}],
    "foreign": None,
}


@pytest.mark.parametrize(
    ("kind", "origin", "code", "expected"),
    [
        # every element of 2.31 is on each of these forms; what differs is what kind of form it says it is
        ("part2", "part2-program", "F11.20", "permit"),
        ("foreign", "part2-program", "F11.20", "permit"),
        ("authorization", "part2-program", "F11.20", "deny"),
        ("opt-out", "part2-program", "F11.20", "deny"),
        ("authorization", "lawful-holder", "F11.20", "deny"),
        ("part2", None, "J45.40", "permit"),
        ("authorization", None, "J45.40", "hold"),
        ("opt-out", None, "J45.40", "hold"),
        ("part2", "covered-entity", "J45.40", "permit"),
        ("foreign", "covered-entity", "J45.40", "permit"),
        ("authorization", "covered-entity", "J45.40", "permit"),
        ("opt-out", "covered-entity", "J45.40", "deny"),
    ],
)
def test_s48_the_kind_of_form_and_the_law(build: Any, kind: str, origin: str | None, code: str, expected: str) -> None:
    consent = build.consent(
        category=DIRECTIVES[kind],
        provision={"securityLabel": None, "actor": build.to(build.PD), "purpose": build.purposes("follow-up")},
        elements={"description": "everything"},
    )
    document = build.ask(
        [build.condition(code)], [consent], origin=origin, recipient=build.police(), purpose="follow-up"
    )
    found = one(document)
    assert found["decision"] == expected
    assert ("wrong-consent-kind" in found["because"]) == (expected != "permit")
    if expected != "permit":
        assert release_json(document) == NOTHING


@pytest.mark.parametrize("kind", ["authorization", "opt-out"])
def test_s46_a_form_of_any_kind_refuses_part2_records(build: Any, kind: str) -> None:
    refusal = build.consent("no", category=DIRECTIVES[kind], provision={"type": "deny", "securityLabel": None})
    document = build.ask([build.condition()], [build.consent(), refusal], origin="part2-program")
    assert (one(document)["decision"], one(document)["consents"]) == ("deny", ["Consent/no"])


# --- exceptions, each with its evidence

EMERGENCY = {
    "type": "emergency",
    "reference": "DocumentReference/e",
    "at": "2026-06-01T11:58:00Z",
    "by": "Practitioner/er",
}


@pytest.mark.parametrize("purpose", ["BTG", "ETREAT", "ERTREAT"])
def test_s49_emergency_to_medical_personnel_only(build: Any, purpose: str) -> None:
    doctor = {"reference": "Practitioner/er", "role": "covered-entity", "duties": ["medical-personnel"]}
    ask = lambda who, evidence: one(  # noqa: E731
        build.ask([build.condition()], origin="part2-program", recipient=who, purpose=purpose, evidence=evidence)
    )
    found = ask(doctor, [EMERGENCY])
    assert found["decision"] == "permit"
    assert "emergency-record" in found["obligations"]
    assert ask(doctor, [])["decision"] == "no-consent"
    assert ask(doctor, [{**EMERGENCY, "by": None}])["decision"] == "no-consent"
    assert ask({**doctor, "duties": []}, [EMERGENCY])["decision"] == "no-consent"
    assert ask(build.police(duties=["medical-personnel"]), [EMERGENCY])["decision"] == "deny"


def test_s52_undeclared_narrative_is_held_and_a_police_one_goes(build: Any) -> None:
    note = {"resourceType": "DocumentReference", "id": "n", "content": [{"attachment": {"title": "report"}}]}
    document = build.ask([note, note], origins=[build.PD, None], postures={build.PD: "law-enforcement"})
    assert decisions(document) == ["permit", "hold"]


@pytest.mark.parametrize(
    ("role", "purpose", "expected"),
    [
        ("covered-entity", "TREAT", "permit"),
        ("part2-program", "COC", "permit"),
        ("qso", "TREAT", "permit"),
        ("other", "TREAT", "deny"),
        ("covered-entity", "HPAYMT", "deny"),
        ("covered-entity", "HMARKT", "deny"),
        ("law-enforcement", "TREAT", "deny"),
    ],
)
def test_s52_the_default_exchange_policy(build: Any, role: str, purpose: str, expected: str) -> None:
    document = build.ask(
        [build.condition("J45.40")],
        origin="law-enforcement",
        purpose=purpose,
        recipient={"reference": "x", "role": role},
    )
    assert decisions(document) == [expected]


def test_s53_the_centers_note_never_flows_back_to_police(build: Any) -> None:
    document = build.ask(
        [build.condition("F32.1")], origin="covered-entity", recipient=build.police(), purpose="investigation"
    )
    assert decisions(document) == ["no-consent"]
    assert release_json(document) == NOTHING


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [(["subpoena"], "deny"), (["court-order"], "deny"), (["court-order", "subpoena"], "hold"), ([], "no-consent")],
)
def test_s55_a_subpoena_alone_is_not_enough(build: Any, kinds: list[str], expected: str) -> None:
    evidence = [{"type": kind, "reference": f"DocumentReference/{kind}"} for kind in kinds]
    document = build.ask(
        [build.condition()],
        origin="part2-program",
        recipient=build.police(),
        purpose="investigation",
        evidence=evidence,
    )
    assert decisions(document) == [expected]
    assert release_json(document) == NOTHING


def test_s56_crime_on_premises_gives_who_and_where(build: Any) -> None:
    evidence = [{"type": "crime-on-premises", "reference": "DocumentReference/assault"}]
    document = build.ask(
        [build.patient(), build.condition()],
        origin="part2-program",
        recipient=build.police(),
        purpose="investigation",
        evidence=evidence,
    )
    assert decisions(document) == ["redact", "deny"]
    released = release_json(document)
    assert set(released["entry"][0]["resource"]) == {"resourceType", "id", "meta", "name", "address"}
    text = json.dumps(released)
    assert "F11.20" not in text
    assert "1988" not in text
    assert "555-0148-221" not in text


def test_s57_only_the_officer_with_a_duty_to_monitor(build: Any) -> None:
    consent = build.consent(
        provision={"actor": build.to(build.PD), "purpose": build.purposes("justice-monitoring")},
        elements={"expiryEvent": "end of supervision"},
    )
    ask = lambda who: decisions(  # noqa: E731
        build.ask([build.condition()], [consent], origin="part2-program", recipient=who, purpose="justice-monitoring")
    )
    assert ask(build.police(duties=["monitoring"])) == ["permit"]
    assert ask(build.police()) == ["deny"]


# --- the engine denies what it does not know


@pytest.mark.parametrize(
    "unknown",
    [
        {"purpose": "WHATEVER"},
        {"purpose": "http://example.org|TREAT"},
        {"recipient": {"reference": "x", "role": "neighbour"}},
        {"recipient": {"reference": "x"}},
        {"evidence": [{"type": "favour", "reference": "x"}]},
    ],
)
@pytest.mark.parametrize("origin", ["covered-entity", "part2-program", "law-enforcement"])
def test_unknown_purpose_role_or_evidence_is_denied(build: Any, unknown: dict[str, Any], origin: str) -> None:
    assert decisions(build.ask([build.condition()], [build.consent()], origin=origin, **unknown)) == ["deny"]


def test_law_label_beats_the_law_asked_for(build: Any) -> None:
    entry = build.condition("J45.40", meta={"security": build.labels("42CFRPart2")})
    assert decisions(build.ask([entry], law="hipaa")) == ["no-consent"]


@pytest.mark.parametrize(
    ("consents", "expected"),
    [
        ([], "no-consent"),
        ([{"provision": {"type": "permit"}}], "permit"),
        ([{"provision": {"type": "deny"}}], "deny"),
        ([{"provision": {"type": "permit", "purpose": [{"code": "HMARKT"}]}}], "deny"),
        ([{"provision": {"type": "permit"}, "status": "draft"}], "no-consent"),
        ([{"provision": {"type": "permit", "period": {"end": "2020"}}}], "no-consent"),
        ([{"provision": {"type": "permit", "modifierExtension": [{"url": "x"}]}}], "deny"),
        ([{"provision": {"type": "permit", "class": [{"code": "Observation"}]}}], "deny"),
        ([{"provision": {"type": "permit", "class": [{"code": "Condition"}]}}], "permit"),
        ([{"provision": {"type": "permit", "securityLabel": [{"code": "N"}]}}], "deny"),
        ([{"provision": {"type": "permit", "securityLabel": [{"code": "R"}]}}], "permit"),
        (
            [{"provision": {"type": "deny", "provision": [{"type": "permit", "securityLabel": [{"code": "SUD"}]}]}}],
            "permit",
        ),
    ],
)
def test_law_consent_consents_alone_decide(build: Any, consents: list[dict[str, Any]], expected: str) -> None:
    made = [
        {"resourceType": "Consent", "status": "active", "patient": {"reference": "Patient/p-1"}, **c} for c in consents
    ]
    assert decisions(build.ask([build.condition()], made, law="consent")) == [expected]


def test_the_patients_own_access(build: Any) -> None:
    who = {"reference": "Patient/p-1", "role": "patient"}
    assert decisions(build.ask([build.condition()], origin="part2-program", recipient=who, purpose="PATRQT")) == [
        "permit"
    ]
    other = {"reference": "Patient/p-2", "role": "patient"}
    assert decisions(build.ask([build.condition()], origin="part2-program", recipient=other, purpose="PATRQT")) == [
        "deny"
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"purpose": None}, "request.purpose"),
        ({"at": "yesterday"}, "request.at"),
        ({"zone": "Mars/Base"}, "request.zone"),
        ({"law": "mosaic"}, "request.law"),
        ({"entries": [1]}, "request.entries"),
        ({"origins": ["a", "b"]}, "request.origins"),
        ({"recipient": None}, "request.recipient"),
    ],
)
def test_a_bad_request_names_the_place(build: Any, change: dict[str, Any], path: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        document = build.ask([build.condition()])
        document["request"] |= change
        decide_json(document)
    assert caught.value.rule == "release.bad-request"
    assert caught.value.issues[0].path == path


def test_the_contract_has_its_keys(build: Any) -> None:
    found = decide_json(build.ask([build.condition()], [build.consent()], origin="part2-program"))
    assert set(found) == {"decision", "entries", "conflicts"}
    assert set(found["entries"][0]) == {"index", "decision", "because", "consents", "obligations"}


def test_s59_the_outcome_only_to_the_agency_that_the_consent_names(build: Any) -> None:
    task = {"resourceType": "Task", "id": "t-1", "status": "accepted", "for": {"reference": "Patient/p-1"}}
    more: dict[str, Any] = {"origin": "part2-program", "purpose": "outcome-feedback", "recipient": build.police()}
    assert release_json(build.ask([task], [], **more)) == NOTHING
    assert release_json(build.ask([task], [build.consent()], **more)) == NOTHING
    names = build.consent(provision={"actor": build.to(build.PD), "purpose": build.purposes("outcome-feedback")})
    assert decisions(build.ask([task], [names], **more)) == ["permit"]
    clinician = {**more, "recipient": {"reference": "Organization/cor", "role": "covered-entity"}, "purpose": "TREAT"}
    assert release_json(build.ask([task], [names], **clinician)) == NOTHING


def test_s60_officer_as_only_witness_makes_it_deficient(build: Any) -> None:
    consent = build.consent(elements={"witness": "officer"})
    found = one(build.ask([build.condition()], [consent], origin="part2-program"))
    assert found["decision"] == "deny"
    assert "officer-only-witness" in found["because"]


def test_s61_a_revocation_changes_the_digest_and_a_later_moment_does_not(build: Any) -> None:
    from hub.release.contract import _read
    from hub.release.decide import decide

    def digest(consent: dict[str, Any], at: str) -> str:
        asked = _read(build.ask([build.condition()], [consent], origin="part2-program", at=at))
        return decide(asked.request, asked.consents).digest

    first = digest(build.consent(), "2026-06-01T12:00:00Z")
    assert digest(build.consent(), "2026-06-02T12:00:00Z") == first
    assert digest(build.consent(status="inactive"), "2026-06-02T12:00:00Z") != first
    assert digest(build.consent(), "2027-06-02T12:00:00Z") != first


@pytest.mark.parametrize("origin", ["part2-program", "covered-entity", "law-enforcement"])
def test_s46_an_outright_refusal_overrides_consent_law_and_exchange_policy(build: Any, origin: str) -> None:
    refusal = build.consent("no", provision={"type": "deny", "securityLabel": None})
    document = build.ask([build.condition("J45.40")], [build.consent(), refusal], origin=origin)
    found = one(document)
    assert (found["decision"], found["consents"]) == ("deny", ["Consent/no"])
    assert release_json(document) == NOTHING


def test_p17_an_exception_with_its_evidence_does_not_ask_consents(build: Any) -> None:
    refusal = build.consent("no", provision={"type": "deny", "securityLabel": None})
    doctor = {"reference": build.MHC, "role": "covered-entity", "duties": ["medical-personnel"]}
    document = build.ask(
        [build.condition()],
        [refusal],
        origin="part2-program",
        recipient=doctor,
        purpose="ETREAT",
        evidence=[EMERGENCY],
    )
    assert decisions(document) == ["permit"]
