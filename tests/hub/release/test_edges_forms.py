"""What one form says of one request, a row each: whom, when, for what and how it speaks. As `test_edges`, for matching.

A permission is read narrow (42 CFR 2.31(a): what the form names), a refusal wide; words alone are not compared (S41).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.release import Party, decide_json
from hub.release.content import Facts
from hub.release.matching import Directive, Said, again, directive, says

Json = dict[str, Any]

OTP, MHC, OTHER = "Organization/otp", "Organization/mhc", "Organization/other"
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENTRY = Facts(resource={"resourceType": "Condition", "id": "c"}, certain=frozenset({"PSY"}))
PERMIT = {"type": "permit"}


def read(form: Json, *, alone: bool = False, **asked: Any) -> Directive | None:
    return directive(
        form,
        "Consent/c",
        **{
            "patient": "Patient/p-1",
            "discloser": Party(reference=OTP, known_as=frozenset({OTP})),
            "recipient": Party(reference=MHC, role="covered-entity", known_as=frozenset({MHC})),
            "purpose": "TREAT",
            "at": AT,
            "zone": "UTC",
            "actors": {},
            **({"by_consent_alone": True} if alone else {}),
            **asked,
        },
    )


def said(form: Json, entry: Facts = ENTRY, **asked: Any) -> str:
    """permit, deny, silent: in force and not about this; none: not in force, another's or for others only."""
    made = read(form, **asked)
    if made is None:
        return "none"
    return "silent" if made.rule is None else says(made.rule, entry).verdict or "silent"


@pytest.fixture
def form(build: Any) -> Any:
    """Builds a form: what changes in it, and what in its base rule, which names nothing but the recipient."""

    def make(provision: Json | None = None, *, elements: Json | None = None, **more: Any) -> Json:
        bare = {"securityLabel": None, "purpose": None, "actor": build.to(MHC), **(provision or {})}
        return dict(build.consent(provision=bare, elements=elements or {}, **more))

    return make


def by(build: Any, who: Json) -> list[Json]:
    """Actors: this discloser."""
    return [{"role": {"coding": [{"code": "CST"}]}, "reference": who}]


# --- whose, and in force


@pytest.mark.parametrize(
    ("named", "patient", "expected"),
    [
        ({"reference": "Patient/p-1"}, "Patient/p-1", "permit"),
        ({"reference": "https://ehr.example.org/fhir/Patient/p-1"}, "Patient/p-1", "permit"),
        ({"reference": "Patient/p-1"}, "https://ehr.example.org/fhir/Patient/p-1", "permit"),
        ({"identifier": {"system": "urn:mrn", "value": "7"}}, "urn:mrn|7", "permit"),
        ({"reference": "Patient/p-2"}, "Patient/p-1", "none"),
        ({"identifier": {"system": "urn:mrn", "value": "8"}}, "urn:mrn|7", "none"),
        ({"display": "Patient/p-1"}, "Patient/p-1", "none"),
        ({"reference": "Patient/p-1"}, None, "none"),
    ],
)
def test_2_31_a_1_a_form_speaks_for_its_own_patient(form: Any, named: Json, patient: str | None, expected: str) -> None:
    assert said(form(patient=named), patient=patient) == expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [({"coding": [{"code": "patient-privacy"}]}, "permit"), ({"coding": [{"code": "research"}]}, "silent"),
     ({}, "permit"), ({"coding": [{"code": "research"}, {"code": "patient-privacy"}]}, "permit")],
)  # fmt: skip
def test_a_form_of_another_scope_is_silent(form: Any, scope: Json, expected: str) -> None:
    assert said(form(scope=scope)) == expected


def test_one_word_for_word_the_same_is_read_once_and_its_own_date_counts(form: Any) -> None:
    first = read(form())
    assert first is not None
    same = again(first, {**form(), "dateTime": "2026-02-02"}, "c2", at=AT, zone="UTC")
    assert same is not None
    assert (same.reference, same.rule, same.asks) == ("c2", first.rule, first.asks)
    assert again(first, {**form(), "dateTime": "2026-07-02"}, "c2", at=AT, zone="UTC") is None
    assert again(first, form({"type": "deny"}), "c2", at=AT, zone="UTC") is None


@pytest.mark.parametrize("nested", [False, True])
def test_forms_that_ask_alike_of_labels_and_not_of_content_are_asked_each(build: Any, nested: bool) -> None:
    """What a form said of one entry is used for another of the same labels, if labels are all that it asks for."""
    narrow: Json = {"class": [{"code": "Condition"}]}
    provision = {"provision": [{"type": "deny", **narrow}]} if nested else narrow
    note = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "seen"}}
    for entries in ([build.condition("J45.40"), note], [note, build.condition("J45.40")]):
        found = decide_json(build.ask(entries, [build.consent(provision=provision)], origin="part2-program"))
        of = {entry["resourceType"]: made["decision"] for entry, made in zip(entries, found["entries"], strict=True)}
        assert of == (
            {"Condition": "deny", "Observation": "permit"}
            if nested
            else {"Condition": "permit", "Observation": "no-consent"}
        )


# --- from whom and to whom


@pytest.mark.parametrize(
    ("kind", "actor", "expected"),
    [
        ("permit", [MHC], "permit"),
        ("permit", [OTHER], "none"),
        ("permit", [OTHER, MHC], "permit"),
        ("permit", ["in words"], "silent"),
        ("permit", [OTHER, "in words"], "silent"),
        ("deny", [OTHER], "none"),
        ("deny", [OTHER, "in words"], "deny"),
        ("deny", [], "deny"),
    ],
)
def test_2_31_a_4_a_form_for_others_says_nothing_here(form: Any, kind: str, actor: list[str], expected: str) -> None:
    role = {"coding": [{"code": "IRCP"}]}
    who = [{"role": role, "reference": {"reference": one} if "/" in one else {"display": one}} for one in actor]
    assert said(form({"type": kind, "actor": who})) == expected
    # Where the consents alone decide, a form for others is one in force that does not permit.
    assert said(form({"type": kind, "actor": who}), alone=True) == expected.replace("none", "silent")


def test_who_discloses_is_no_recipient(build: Any, form: Any) -> None:
    assert said(form({"type": "deny", "actor": by(build, {"reference": OTP})})) == "deny"
    assert said(form({"actor": [*by(build, {"reference": OTP}), *build.to(OTHER)]})) == "none"


@pytest.mark.parametrize(
    ("kind", "organization", "expected", "alone"),
    [
        ("permit", {"reference": OTP}, "permit", "permit"),
        ("permit", {"reference": OTHER}, "silent", "permit"),
        ("permit", {"display": "in words"}, "silent", "permit"),
        ("deny", {"reference": OTHER}, "silent", "deny"),
        ("deny", {"display": "in words"}, "deny", "deny"),
    ],
)
def test_2_31_a_2_who_may_disclose_and_r4_s_organization_where_consents_alone_decide(
    form: Any, kind: str, organization: Json, expected: str, alone: str
) -> None:
    made = form({"type": kind}, organization=[organization])
    assert said(made) == expected
    assert said(made, alone=True) == alone


@pytest.mark.parametrize(
    ("organization", "expected", "alone"),
    [({"reference": OTP}, "permit", "permit"), ({"display": "in words"}, "deny", "permit")],
)
def test_a_refusal_for_a_discloser_in_words_is_not_opened_by_an_exception(
    form: Any, organization: Json, expected: str, alone: str
) -> None:
    made = form({"type": "deny", "provision": [PERMIT]}, organization=[organization])
    assert said(made) == expected
    assert said(made, alone=True) == alone


@pytest.mark.parametrize(
    ("base", "nested", "who", "expected"),
    [
        ("permit", "deny", {"reference": OTP}, "deny"),
        ("permit", "deny", {"reference": OTHER}, "permit"),
        ("permit", "deny", {"display": "in words"}, "deny"),
        ("deny", "permit", {"reference": OTP}, "permit"),
        ("deny", "permit", {"reference": OTHER}, "deny"),
        ("deny", "permit", {"display": "in words"}, "deny"),
    ],
)
def test_an_exception_for_a_discloser(build: Any, form: Any, base: str, nested: str, who: Json, expected: str) -> None:
    made = form({"type": base, "provision": [{"type": nested, "actor": by(build, who)}]})
    assert said(made) == expected
    # R4's own framework asks for no discloser: each exception stands.
    assert said(made, alone=True) == nested


def test_an_exception_inside_one_for_a_discloser_in_words_opens_nothing(build: Any, form: Any) -> None:
    inside = {"type": "deny", "actor": by(build, {"display": "in words"}), "provision": [PERMIT]}
    assert said(form({"provision": [inside]})) == "deny"
    inside["actor"] = by(build, {"reference": OTP})
    assert said(form({"provision": [inside]})) == "permit"


def test_the_base_s_disclosers_stand_beside_the_organizations(build: Any, form: Any) -> None:
    assert said(form({"actor": [*by(build, {"reference": OTHER}), *build.to(MHC)]})) == "permit"


def test_the_form_s_classes_stand_at_its_base(build: Any, form: Any) -> None:
    """An exception without a recipient is about each, also about whom no class of the form covers."""
    nested = {"provision": [{"type": "deny", "purpose": build.purposes("TREAT")}]}
    assert said(form(nested, elements={"recipientClass": "my treating providers"})) == "deny"
    made = form(nested)
    passing = build.intermediary(("organization", {"reference": "Organization/hie"}), ("participant", OTHER))
    made["extension"][0]["extension"].append(passing)
    assert said(made) == "deny"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("organization", {"reference": "Organization/hie"})], "silent"),
        ([("organization", {"reference": "Organization/hie"}), ("participant", OTHER)], "silent"),
        ([("organization", {"reference": "Organization/hie"}), ("participant", MHC)], "deny"),
        ([("organization", {"display": "in words"}), ("participant", OTHER)], "silent"),
        ([("organization", {"display": "in words"})], "deny"),
    ],
)
def test_s42_a_refusal_of_an_intermediary_in_words_may_mean_anybody(
    build: Any, form: Any, parts: list[Any], expected: str
) -> None:
    made = form({"type": "deny", "actor": None})
    made["extension"][0]["extension"].append(build.intermediary(*parts))
    assert said(made) == expected


# --- when and for what


@pytest.mark.parametrize(
    ("period", "expected"), [("2025", "permit"), ("2026", "deny"), ("in spring", "deny"), ("2027", "permit")]
)
def test_an_exception_has_its_own_time(form: Any, period: str, expected: str) -> None:
    nested = {"type": "deny", "period": {"start": period, "end": period}}
    assert said(form({"provision": [nested]})) == expected


def test_a_refusal_for_somebody_in_words_is_not_opened_by_an_exception(build: Any, form: Any) -> None:
    words = [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"display": "in words"}}]
    for more in ({}, {"purpose": build.purposes("TREAT")}):
        assert said(form({"type": "deny", "actor": words, "provision": [PERMIT], **more})) == "deny"
        assert said(form({"type": "deny", "provision": [PERMIT], **more})) == "permit"


def test_a_refusal_of_another_time_is_over_where_its_own_date_cannot_be_read(form: Any) -> None:
    made = form({"type": "deny", "period": {"start": "2025", "end": "2025"}}, dateTime="in spring")
    assert said(made) == "none"
    made["provision"]["period"]["end"] = "2026"
    assert said(made) == "deny"


def test_what_does_not_speak_has_no_exceptions(build: Any, form: Any) -> None:
    for base in ({"purpose": build.purposes("HPAYMT")}, {"action": [{"coding": [{"code": "x"}]}]}):
        assert said(form({**base, "provision": [{"type": "deny"}]})) == "silent"


def test_a_refusal_of_a_time_that_cannot_be_read_is_not_opened_by_an_exception(form: Any) -> None:
    made = form({"type": "deny", "period": {"start": "in spring"}, "provision": [PERMIT]})
    assert said(made) == "deny"
    assert said(form({"type": "deny", "provision": [PERMIT]})) == "permit"


@pytest.mark.parametrize(
    ("given", "permit", "deny", "opened"),
    [
        ("TREAT", "permit", "deny", "permit"),
        ("PurposeOfUse", "permit", "deny", "permit"),
        ("HPAYMT", "silent", "silent", "silent"),
        # part of what is asked for: no permission of the whole, and a refusal of what may be asked for
        ("COC", "silent", "deny", "deny"),
        ("http://example.org|x", "silent", "deny", "deny"),
    ],
)
def test_2_31_a_5_for_what(form: Any, given: str, permit: str, deny: str, opened: str) -> None:
    system, _, code = given.rpartition("|")
    purpose = [{"code": code, "system": system or "http://terminology.hl7.org/CodeSystem/v3-ActReason"}]
    assert said(form({"purpose": purpose})) == permit
    assert said(form({"type": "deny", "purpose": purpose})) == deny
    assert said(form({"type": "deny", "purpose": purpose, "provision": [PERMIT]})) == opened


@pytest.mark.parametrize(
    ("actions", "permit", "deny", "opened"),
    [
        ([], "permit", "deny", "permit"),
        (["disclose"], "permit", "deny", "permit"),
        (["disclose", "x"], "permit", "deny", "permit"),
        (["correct"], "silent", "silent", "silent"),
        # what an action means that is not known is in no permission, and may be this in a refusal
        (["x"], "silent", "deny", "deny"),
        (["correct", "x"], "silent", "deny", "deny"),
        # nor what is said in words alone
        ([None], "silent", "deny", "deny"),
        (["correct", None], "silent", "deny", "deny"),
        (["disclose", None], "permit", "deny", "permit"),
    ],
)
@pytest.mark.parametrize("words", [{"text": "As agreed"}, {"coding": [{"display": "As agreed"}]}])
def test_to_do_what(
    form: Any, actions: list[str | None], words: dict[str, Any], permit: str, deny: str, opened: str
) -> None:
    action = [words if code is None else {"coding": [{"code": code}]} for code in actions]
    assert said(form({"action": action})) == permit
    assert said(form({"type": "deny", "action": action})) == deny
    assert said(form({"type": "deny", "action": action, "provision": [PERMIT]})) == opened


# --- permit or deny


@pytest.mark.parametrize(
    ("given", "policy_rule", "expected"),
    [
        (None, "OPTIN", "permit"),
        (None, "OPTINR", "permit"),
        (None, "OPTOUT", "deny"),
        (None, "OPTOUTE", "deny"),
        (None, "other", "silent"),
        # a type that R4 does not have is not understood, whatever the policy says
        ("maybe", "OPTIN", "silent"),
        ("maybe", "OPTOUT", "deny"),
        ("maybe", "other", "silent"),
        ("permit", "OPTOUT", "permit"),
        ("deny", "OPTIN", "deny"),
    ],
)
def test_the_base_rule_s_type_is_the_policy_s_where_it_has_none(
    form: Any, given: str | None, policy_rule: str, expected: str
) -> None:
    assert said(form({"type": given}, policyRule={"coding": [{"code": policy_rule}]})) == expected


def test_an_opt_out_in_words_is_for_anybody(form: Any) -> None:
    made = form({"type": None}, policyRule={"coding": [{"code": "OPTOUT"}]}, organization=[{"display": "in words"}])
    assert said(made) == "deny"


@pytest.mark.parametrize(("kind", "expected"), [("permit", "silent"), ("deny", "deny")])
def test_what_modifies_a_form_takes_its_permission_and_leaves_its_refusal(form: Any, kind: str, expected: str) -> None:
    modifies = {"modifierExtension": [{"url": "http://example.org/x", "valueBoolean": True}]}
    assert said(form({"type": kind}, **modifies)) == expected
    assert said(form({"type": kind, **modifies})) == expected
    assert said(form({"type": kind, "provision": [PERMIT]}, **modifies)) == expected
    assert said(form({"type": kind, "purpose": [{"code": "HPAYMT"}]}, **modifies)) == "silent"


# --- what is said


def test_a_refusal_says_its_labels_where_they_are_all_it_asks_for(build: Any, form: Any) -> None:
    def rule(provision: Json) -> Said:
        made = read(form(provision))
        assert made is not None
        assert made.rule is not None
        return says(made.rule, ENTRY)

    by_label: Json = {"type": "deny", "securityLabel": build.labels("PSY")}
    outright: Json = {"type": "deny", "class": [{"code": "Condition"}]}
    assert rule(by_label) == Said(verdict="deny", labels=frozenset({"PSY"}))
    assert rule(outright) == Said(verdict="deny")
    assert rule({"provision": [by_label]}) == Said(verdict="deny", labels=frozenset({"PSY"}))
    # One that refuses the whole is not made less by one that refuses a part.
    assert rule({"provision": [by_label, outright]}) == Said(verdict="deny")
    assert rule({"securityLabel": build.labels("PSY")}) == Said(verdict="permit")
    assert rule({"securityLabel": build.labels("HIV")}) == Said(verdict=None)


@pytest.mark.parametrize(("level", "expected"), [("N", "silent"), ("R", "permit"), ("V", "permit")])
def test_an_exception_opens_what_its_base_surely_refuses(form: Any, level: str, expected: str) -> None:
    entry = Facts(resource=ENTRY.resource, certain=ENTRY.certain, confidentiality=level)
    made = form({"type": "deny", "securityLabel": [{"code": "R"}], "provision": [PERMIT]})
    assert said(made, entry) == expected
