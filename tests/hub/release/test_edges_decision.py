"""The edges of one decision: which consents speak, what goes along, what is said. As `test_edges`, for `decide`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.release import ExchangePolicy, ExchangeRule, Party, ReleasePolicy, Request, decide, read_overlay
from hub.release.contract import _read
from hub.release.decision import Decision, EntryDecision
from mappings.labels.marking import Label

Json = dict[str, Any]

AUTHORIZATION = {"category": [{"coding": [{"code": "HIPAAAuthCD"}]}]}
CLAIMED = {"note": [{"text": "MHC clinician told me he is on methadone at Sunrise."}]}
DENIES = {"note": [{"text": "Denies drug or alcohol use."}]}
ASTHMA = "J45.40"


def asked(document: Json, **changes: Any) -> Request:
    return replace(_read(document, ReleasePolicy()).request, **changes)


def decision(document: Json, policy: ReleasePolicy | None = None, **changes: Any) -> Decision:
    return decide(asked(document, **changes), document["consents"], policy=policy or ReleasePolicy())


def one(document: Json, policy: ReleasePolicy | None = None, **changes: Any) -> EntryDecision:
    (found,) = decision(document, policy, **changes).entries
    return found


def state(rule: str) -> ReleasePolicy:
    text = (
        'name = "s"\nreviewer = "c"\nreviewed = 2026-11-02\n[[rule]]\nid = "r"\ncitation = "Code 0"\n'
        f'then = "ask-consent"\n{rule}\n'
    )
    return ReleasePolicy(state=read_overlay(text.encode(), file="x"))


# --- the record


def test_a_decision_does_not_show_its_forms_and_is_the_same_without_them(build: Any) -> None:
    made = decision(build.ask([build.condition()], [build.consent()], origin="part2-program"))
    assert made.forms
    assert replace(made, forms={}) == made
    assert "forms" not in repr(made)
    assert "2026-12-31" not in repr(made)


# --- which consents speak


def test_s46_of_different_forms_under_one_id_each_speaks_whatever_their_order(build: Any) -> None:
    whole = {"securityLabel": None}
    first = build.consent(provision=whole, elements={"description": "everything"})
    refusal = build.consent(provision={"type": "deny", **whole})
    other = build.consent("c2", provision=whole, elements={"description": "everything"})
    again = build.consent("c2", provision=whole, elements={"description": "everything", "refusalStatement": None})
    turned = dict(reversed(refusal.items()))
    for forms in ([first, refusal, first, other], [other, turned, first], [refusal, first, first, other]):
        found = decision(build.ask([build.condition()], forms, origin="part2-program"))
        (denied,) = found.entries
        assert denied.decision == "deny"
        (conflict,) = found.conflicts
        # Which of the two is the second goes by what they say, so that it is the same each time.
        assert {*conflict.permit, *conflict.deny} == {"Consent/c1", "Consent/c1~2", "Consent/c2"}
        assert denied.consents == conflict.deny == ("Consent/c1~2",)
    found = decision(build.ask([build.condition()], [other, first, again, refusal], origin="part2-program"))
    assert set(found.conflicts[0].permit) <= {"Consent/c1", "Consent/c2", "Consent/c2~2"}
    assert len(found.conflicts[0].permit) == 2


def test_a_form_without_an_id_goes_by_its_place(build: Any) -> None:
    nameless = {key: value for key, value in build.consent().items() if key != "id"}
    document = build.ask([build.condition()], [nameless], origin="part2-program")
    assert one(document).consents == ("consents[0]",)


def test_p9_a_party_is_known_as_what_the_deployment_says(build: Any) -> None:
    document = build.ask([build.condition()], [build.consent()], origin="part2-program")
    unit = Party(reference="Organization/unit", role="covered-entity")
    assert one(document, recipient=unit).decision == "no-consent"
    assert one(document, recipient=replace(unit, known_as=frozenset({build.MHC}))).decision == "permit"


def test_2_32_b_one_permission_goes_along_and_all_are_shown_where_one_refuses(build: Any) -> None:
    both = [build.consent("c1"), build.consent("c2")]
    alone = one(build.ask([build.condition()], both, origin="part2-program"))
    assert alone.consents == alone.grounds == ("Consent/c1",)
    refusal = build.consent("no", provision={"type": "deny", "securityLabel": build.labels("SUD")})
    found = decision(build.ask([build.condition()], [*both, refusal], origin="part2-program"))
    assert [one.to_json() for one in found.conflicts] == [
        {"permit": ["Consent/c1", "Consent/c2"], "deny": ["Consent/no"], "entries": [0]}
    ]


def test_s46_a_conflict_is_one_where_the_law_asks_for_no_consent_too(build: Any) -> None:
    given = build.consent("yes", **AUTHORIZATION, provision={"securityLabel": None}, elements={"description": "all"})
    refusal = build.consent("no", provision={"type": "deny", "securityLabel": None})
    document = build.ask([build.condition(ASTHMA)], [given, refusal], origin="covered-entity")
    (conflict,) = decision(document).conflicts
    assert (conflict.permit, conflict.deny) == (("Consent/yes",), ("Consent/no",))
    document["consents"] = [refusal]
    found = decision(document)
    assert (found.decision, found.conflicts) == ("deny", ())


# --- what is only mentioned (S16)


def test_s16_a_mention_goes_where_a_consent_refuses_and_nowhere_else(build: Any) -> None:
    entry = build.condition(ASTHMA, **DENIES)
    refusal = build.consent("no", provision={"type": "deny", "securityLabel": build.labels("SUD")})
    document = build.ask([entry], [refusal], origin="covered-entity")
    found = one(document)
    assert (found.decision, found.remove, found.obligations) == ("redact", {"note"}, ("REDACT{ETHUD,OPIOIDUD,SUD}",))
    assert found.redact == set(SUD)
    assert one(document, ReleasePolicy(mentions=False)).decision == "permit"
    document["consents"] = []
    # No mention makes a record one that a state's rule is about.
    assert one(document, state('sensitivities = ["SUD"]')).decision == "permit"


SUD = ("ETHUD", "OPIOIDUD", "SUD")

# --- whose record it tells of (S17)


def test_s17_told_by_a_care_worker_that_element_waits_and_the_rest_goes(build: Any) -> None:
    entry = build.condition(ASTHMA, **CLAIMED)
    for origin in ("law-enforcement", "covered-entity"):
        found = one(build.ask([entry], origin=origin))
        assert (found.decision, found.remove, found.redact) == ("redact", {"note"}, {"origin-unknown"})
    # A program's record is Part 2 whoever told it, and its consent lets it go (42 CFR 2.12(d)(2)(i)(C)).
    found = one(build.ask([entry], [build.consent()], origin="part2-program"))
    assert (found.decision, found.remove) == ("permit", set())


def test_s17_where_the_whole_tells_it_a_person_decides_unless_a_consent_refuses(build: Any) -> None:
    entry = build.condition(ASTHMA)
    entry["code"]["text"] = CLAIMED["note"][0]["text"]
    refusal = build.consent("no", provision={"type": "deny", "securityLabel": build.labels("SUD")})
    for consents, expected in (([], "hold"), ([refusal], "deny")):
        assert one(build.ask([entry], consents, origin="covered-entity")).decision == expected


def test_s45_a_refusal_is_carried_out_on_what_goes_where_no_element_tells_alone(build: Any) -> None:
    found = Label(system="s", code="HIV", grade="possible", because="x", path="Condition.meta.security[0]")
    refusal = build.consent("no", provision={"type": "deny", "securityLabel": build.labels("HIV")})
    document = build.ask([build.condition(ASTHMA)], [refusal], origin="covered-entity")
    request = asked(document)
    entry = replace(request.entries[0], labels=(found,))
    (made,) = decide(replace(request, entries=(entry,)), document["consents"]).entries
    assert (made.decision, made.remove, made.redact) == ("redact", set(), {"HIV"})


def test_s53_what_the_exchange_policy_does_not_give_and_cannot_take_out_stays(build: Any) -> None:
    line = ExchangeRule(roles=frozenset({"covered-entity"}), purposes=frozenset({"TREAT"}), without=frozenset({"PSY"}))
    policy = ReleasePolicy(exchange=ExchangePolicy(rules=(line,)))
    for code, expected in (("F32.1", "deny"), (ASTHMA, "permit")):
        assert one(build.ask([build.condition(code)], origin="law-enforcement"), policy).decision == expected
    told = build.condition(ASTHMA, bodySite=[{"coding": [{"system": "ICD10CM", "code": "F32.1"}]}])
    found = one(build.ask([told], origin="law-enforcement"), policy)
    assert (found.decision, found.remove) == ("redact", {"bodySite"})


# --- what goes along and what is said


@pytest.mark.parametrize(
    ("labels", "carries", "expected"),
    [
        (("42CFRPart2",), True, "RedisclosureProhibitionMark"),
        ((), True, "AOD"),
        (("42CFRPart2",), False, "hold"),
        ((), False, "AOD"),
    ],
)
def test_2_32_the_notice_goes_with_what_is_part_2_whatever_decides(
    build: Any, labels: tuple[str, ...], carries: bool, expected: str
) -> None:
    entry = build.condition(ASTHMA, meta={"security": build.labels(*labels)})
    document = build.ask([entry], [build.consent(provision={"securityLabel": None})], law="consent")
    found = one(document, carries_notice=carries)
    assert found.decision == ("hold" if expected == "hold" else "permit")
    assert ("notice" in found.obligations) == (expected == "RedisclosureProhibitionMark")
    assert expected == "hold" or expected in found.obligations


def test_2_32_where_no_notice_is_asked_for_its_form_does_not_matter(build: Any) -> None:
    document = build.ask([build.condition(ASTHMA)], origin="covered-entity")
    assert one(document, carries_notice=False).decision == "permit"


def test_a_state_s_rule_is_among_the_reasons_where_it_is_met_or_kept_to(build: Any) -> None:
    consent = build.consent(**AUTHORIZATION, provision={"securityLabel": build.labels("PSY")})
    freed = one(build.ask([build.condition("F32.1")], [consent], origin="covered-entity"), state(""))
    assert (freed.decision, len(freed.because)) == ("permit", 2)
    assert "Code 0" in freed.because[1]
    entry = build.condition(ASTHMA, bodySite=[{"coding": [{"system": "ICD10CM", "code": "B20"}]}])
    kept = one(build.ask([entry], origin="covered-entity"), state('sensitivities = ["HIV"]'))
    assert (kept.decision, kept.remove, len(kept.because)) == ("redact", {"bodySite"}, 2)
    assert "Code 0" in kept.because[1]


def test_what_a_form_refuses_by_name_is_not_what_it_names(build: Any) -> None:
    """A state's rule that asks for a consent naming the sensitivity is not met by the form's refusal of it."""
    refused = {"type": "deny", "securityLabel": build.labels("PSY"), "class": [{"code": "Observation"}]}
    provision = {"securityLabel": None, "provision": [refused]}
    consent = build.consent(**AUTHORIZATION, provision=provision, elements={"description": "everything"})
    document = build.ask([build.condition("F32.1")], [consent], origin="covered-entity")
    assert one(document, state('sensitivities = ["PSY"]\nnames_it = true')).decision == "no-consent"
    assert one(document, state('sensitivities = ["PSY"]')).decision == "permit"
