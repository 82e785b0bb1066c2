"""The edges of single rules: each case is one that a small fault in the decision got past every other test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.release import (
    Entry,
    Evidence,
    ExchangePolicy,
    ExchangeRule,
    Party,
    ReleasePolicy,
    Request,
    StateRule,
    decide,
    decide_json,
    read_overlay,
)

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
LABEL = "https://warmhandoff.org/fhir/CodeSystem/label"
TO_POLICE = ReleasePolicy(
    exchange=ExchangePolicy(
        rules=(ExchangeRule(roles=frozenset({"law-enforcement"}), purposes=frozenset({"investigation"})),)
    )
)


def one(document: dict[str, Any], policy: ReleasePolicy | None = None) -> tuple[str, list[str]]:
    (found,) = decide_json(document, policy=policy or ReleasePolicy())["entries"]
    return found["decision"], found["because"]


def plain(role: str | None, *, recipient: str = "covered-entity", **more: Any) -> str:
    """The decision about an entry without any label, of a custodian of that role."""
    entry = Entry(resource={"resourceType": "Condition", "code": {"text": "asthma"}}, role=role)
    asked = Request(
        discloser=Party(reference="Organization/a", role=role),
        recipient=Party(reference="Organization/b", role=recipient),
        purpose="TREAT",
        patient="Patient/p-1",
        at=datetime(2026, 6, 1, tzinfo=UTC),
        entries=(entry,),
        **more,
    )
    return decide(asked, []).entries[0].decision


# --- which law


def test_p9_a_record_that_says_its_origin_is_unknown_is_held_whoever_keeps_it(build: Any) -> None:
    unknown = build.condition("J45.40", meta={"security": [{"system": LABEL, "code": "origin-unknown"}]})
    assert one(build.ask([unknown], origin="covered-entity"))[0] == "hold"


def test_p9_a_custodian_that_nobody_declared_is_unknown_without_any_label() -> None:
    assert plain(None) == "hold"
    assert plain("covered-entity") == "permit"
    assert plain(None, law="hipaa") == "permit"


# --- an agency's exchange policy


def test_s53_an_exchange_policy_is_about_the_agency_s_own_records_only(build: Any) -> None:
    for origin in ("covered-entity", "part2-program"):
        document = build.ask(
            [build.condition("F32.1")], origin=origin, recipient=build.police(), purpose="investigation"
        )
        assert one(document, TO_POLICE)[0] == "no-consent"


def test_s52_what_the_exchange_policy_says_is_why(build: Any) -> None:
    document = build.ask([build.condition("J45.40")], origin="law-enforcement")
    assert one(document) == ("permit", ["the agency's exchange policy"])
    nothing = ReleasePolicy(exchange=ExchangePolicy(rules=()))
    assert one(document, nothing) == ("deny", ["the agency's exchange policy does not name it"])


#: category, type and class as R4 has them; what is no coding is of no class, and fails nothing
CLASSED: list[tuple[dict[str, Any], bool]] = [
    ({"category": [{"coding": [{"system": "s", "code": "a"}]}]}, True),
    ({"type": {"coding": [{"system": "s", "code": "a"}]}}, True),
    ({"class": {"system": "s", "code": "a"}}, True),
    ({"category": [{"coding": [{"system": "s", "code": "b"}]}]}, False),
    ({"category": [{"coding": 1}]}, False),
    ({"category": [{"coding": ["a", {"system": "s", "code": "a"}]}]}, True),
]


@pytest.mark.parametrize(("held", "expected"), CLASSED)
def test_s53_of_a_class_goes_what_has_its_code(held: dict[str, Any], expected: bool) -> None:
    line = ExchangeRule(classes=frozenset({"Encounter|s|a"}), roles=frozenset(), purposes=frozenset())
    assert line.covers({"resourceType": "Encounter", **held}) is expected
    assert line.covers({"resourceType": "Observation", **held})


# --- evidence


@pytest.mark.parametrize("lacking", ["reference", "at", "by"])
def test_s49_an_emergency_that_is_not_documented_whole_opens_nothing(build: Any, lacking: str) -> None:
    shown = {"type": "emergency", "reference": "DocumentReference/e", "at": "2026-06-01T11:58:00Z", "by": "x"}
    doctor = {"reference": build.MHC, "role": "covered-entity", "duties": ["medical-personnel"]}
    ask = lambda evidence: one(  # noqa: E731
        build.ask([build.condition()], origin="part2-program", recipient=doctor, purpose="BTG", evidence=[evidence])
    )[0]
    assert ask(shown) == "permit"
    assert ask({**shown, lacking: None}) == "no-consent"
    assert ask({**shown, "type": "court-order"}) == "no-consent"


def test_s49_the_emergency_s_evidence_is_for_the_emergency_s_purpose(build: Any) -> None:
    shown = {"type": "emergency", "reference": "DocumentReference/e", "at": "2026-06-01T11:58:00Z", "by": "x"}
    doctor = {"reference": build.MHC, "role": "covered-entity", "duties": ["medical-personnel"]}
    document = build.ask([build.condition()], origin="part2-program", recipient=doctor, evidence=[shown])
    assert one(document)[0] == "no-consent"


@pytest.mark.parametrize(
    ("origin", "cite"), [("part2-program", "42 CFR 2.51"), ("covered-entity", "45 CFR 164.506(c)")]
)
def test_s49_an_emergency_goes_by_the_law_over_the_record(build: Any, origin: str, cite: str) -> None:
    shown = {"type": "emergency", "reference": "DocumentReference/e", "at": "2026-06-01T11:58:00Z", "by": "x"}
    doctor = {"reference": build.MHC, "role": "covered-entity", "duties": ["medical-personnel"]}
    document = build.ask([build.condition()], origin=origin, recipient=doctor, purpose="BTG", evidence=[shown])
    decision, because = one(document)
    assert (decision, cite in because[0]) == ("permit", True)


def test_2_51_to_an_officer_no_other_exception_stands_in_for_an_emergency(build: Any) -> None:
    """42 CFR 2.51(a): to medical personnel. Who asks as one of them is not asking about a crime."""
    shown = [{"type": "crime-on-premises", "reference": "DocumentReference/x"}]
    for purpose, expected in (("BTG", "deny"), ("investigation", "redact")):
        document = build.ask([build.patient()], origin="part2-program", recipient=build.police(), evidence=shown)
        document["request"]["purpose"] = purpose
        assert one(document)[0] == expected


def test_2_53_an_audit_and_2_23_the_patient_s_own_access_ask_no_consent(build: Any) -> None:
    refusal = build.consent(provision={"type": "deny", "actor": None, "purpose": None, "securityLabel": None})
    shown = [{"type": "audit", "reference": "DocumentReference/x"}]
    auditor = {"reference": "Organization/r", "role": "other"}
    patient = {"reference": "Patient/p-1", "role": "patient"}
    for recipient, purpose, evidence in ((auditor, "HOPERAT", shown), (patient, "PATRQT", [])):
        asked = build.ask([build.condition()], [refusal], origin="part2-program", recipient=recipient, purpose=purpose)
        asked["request"]["evidence"] = evidence
        assert one(asked)[0] == "permit"


@pytest.mark.parametrize(("purpose", "expected"), [("PATRQT", "permit"), ("TREAT", "deny"), ("HOPERAT", "deny")])
def test_2_31_what_a_patient_asks_for_may_go_to_an_agency_named_and_nothing_for_care(
    build: Any, purpose: str, expected: str
) -> None:
    """42 CFR 2.31(a)(5) takes "at the request of the patient" for a purpose; 2.33 has no police in care."""
    held = build.consent(provision={"actor": build.to("Organization/pd"), "purpose": build.purposes(purpose)})
    asked = build.ask([build.condition()], [held], origin="part2-program", recipient=build.police(), purpose=purpose)
    assert one(asked)[0] == expected


@pytest.mark.parametrize(
    ("kind", "role", "purpose", "expected"),
    [
        ("crime-on-premises", "law-enforcement", "investigation", "redact"),
        ("crime-on-premises", "other", "investigation", "no-consent"),
        ("child-abuse", "law-enforcement", "investigation", "redact"),
        ("child-abuse", "other", "investigation", "redact"),
        ("child-abuse", "covered-entity", "investigation", "no-consent"),
        ("audit", "other", "HOPERAT", "permit"),
        ("audit", "other", "TREAT", "no-consent"),
        ("audit", "law-enforcement", "HOPERAT", "deny"),
        ("monitoring-duty", "law-enforcement", "justice-monitoring", "no-consent"),
        ("court-order", "law-enforcement", "justice-monitoring", "deny"),
    ],
)
def test_each_exception_has_its_own_evidence_recipient_and_purpose(
    build: Any, kind: str, role: str, purpose: str, expected: str
) -> None:
    who = {"reference": "Organization/r", "role": role}
    shown = [{"type": kind, "reference": "DocumentReference/x"}]
    document = build.ask([build.patient()], origin="part2-program", recipient=who, purpose=purpose, evidence=shown)
    assert one(document)[0] == expected
    document["request"]["evidence"][0]["reference"] = None
    assert one(document)[0] in ("no-consent", "deny")


@pytest.mark.parametrize(
    ("discloser", "expected"), [("part2-program", "redact"), ("lawful-holder", "no-consent"), ("other", "no-consent")]
)
def test_2_12_c_5_only_the_program_reports_a_crime_on_its_premises(build: Any, discloser: str, expected: str) -> None:
    entry = build.patient(meta={"security": [{"system": ACT, "code": "42CFRPart2"}]})
    document = build.ask([entry], origin=discloser, recipient=build.police(), purpose="investigation")
    document["request"]["evidence"] = [{"type": "crime-on-premises", "reference": "DocumentReference/x"}]
    assert one(document)[0] == expected


def test_164_512_f_5_whoever_else_is_no_program_may_report_one(build: Any) -> None:
    document = build.ask([build.patient()], origin="covered-entity", recipient=build.police(), purpose="investigation")
    document["request"]["evidence"] = [{"type": "crime-on-premises", "reference": "DocumentReference/x"}]
    assert one(document)[0] == "redact"


@pytest.mark.parametrize(
    ("kinds", "purpose", "expected"),
    [
        ([], "follow-up", "no-consent"),
        (["subpoena"], "follow-up", "hold"),
        (["court-order"], "follow-up", "hold"),
        ([], "imminent-threat", "hold"),
        ([], "THREAT", "hold"),
    ],
)
def test_s40_a_covered_entity_s_record_to_police_is_for_a_person_where_something_is_shown(
    build: Any, kinds: list[str], purpose: str, expected: str
) -> None:
    shown = [{"type": kind, "reference": "DocumentReference/x"} for kind in kinds]
    document = build.ask(
        [build.condition("F32.1")], origin="covered-entity", recipient=build.police(), purpose=purpose, evidence=shown
    )
    assert one(document)[0] == expected


# --- the patient


@pytest.mark.parametrize(
    ("who", "patient", "purpose", "expected"),
    [
        ("Patient/p-1", "Patient/p-1", "PATRQT", "permit"),
        ("Patient/p-1", "Patient/p-1", "TREAT", "deny"),
        ("Patient/p-2", "Patient/p-1", "PATRQT", "deny"),
        ("Patient/p-1", None, "PATRQT", "deny"),
    ],
)
def test_2_23_the_patient_and_nobody_else_as_one(
    build: Any, who: str, patient: str | None, purpose: str, expected: str
) -> None:
    for origin, cite in (("part2-program", "42 CFR 2.23"), ("covered-entity", "45 CFR 164.524")):
        document = build.ask(
            [build.condition()],
            origin=origin,
            recipient={"reference": who, "role": "patient"},
            patient=patient,
            purpose=purpose,
        )
        decision, because = one(document)
        assert decision == expected
        assert (cite in because[0]) == (expected == "permit")


def test_164_524_psychotherapy_notes_are_not_the_patient_s_to_see(build: Any) -> None:
    notes = build.condition("F32.1", meta={"security": build.labels("PSYTHPN")})
    who = {"reference": "Patient/p-1", "role": "patient"}
    assert one(build.ask([notes], origin="covered-entity", recipient=who, purpose="PATRQT"))[0] == "deny"


def test_164_508_psychotherapy_notes_need_an_authorization_for_treatment_too(build: Any) -> None:
    notes = build.condition("F32.1", meta={"security": build.labels("PSYTHPN")})
    assert one(build.ask([notes], origin="covered-entity"))[0] == "no-consent"


@pytest.mark.parametrize(
    ("role", "purpose", "expected"),
    [
        ("covered-entity", "HPAYMT", "permit"),
        ("business-associate", "HOPERAT", "permit"),
        ("part2-program", "TREAT", "permit"),
        ("other", "TREAT", "no-consent"),
        ("covered-entity", "HRESCH", "no-consent"),
        ("qso", "TREAT", "no-consent"),
    ],
)
def test_164_506_whom_treatment_payment_and_operations_are_for(
    build: Any, role: str, purpose: str, expected: str
) -> None:
    who = {"reference": "Organization/r", "role": role}
    document = build.ask([build.condition("F32.1")], origin="covered-entity", recipient=who, purpose=purpose)
    assert one(document)[0] == expected


def test_evidence_is_a_value_of_its_own() -> None:
    assert Evidence(type="audit").reference is None


# --- the file of a state's rules


def test_a_rule_asks_for_no_more_than_it_says() -> None:
    rule = StateRule(id="r", citation="c", then="hold")
    assert (rule.names_it, rule.exceptions, rule.sensitivities, rule.recipients) == (False, False, set(), set())


def test_what_is_said_of_a_state_is_kept() -> None:
    text = (
        'name = " a-state "\njurisdiction = "US-ZZ"\nreviewer = "counsel"\nreviewed = 2026-11-02\n'
        '[[rule]]\nid = "r"\ncitation = "c"\nthen = "hold"\npurposes = ["TREAT"]\ncustodians = ["other"]\n'
        'sensitivities = ["HIV"]\nrecipients = ["patient"]\nunless_duties = ["treating"]\nexceptions = true\n'
    )
    made = read_overlay(text.encode(), file="x")
    (rule,) = made.rules
    assert (made.name, made.jurisdiction, made.reviewer, str(made.reviewed)) == (
        "a-state", "US-ZZ", "counsel", "2026-11-02",
    )  # fmt: skip
    assert (rule.id, rule.citation, rule.then, rule.names_it, rule.exceptions) == ("r", "c", "hold", False, True)
    assert (rule.purposes, rule.custodians, rule.sensitivities) == ({"TREAT"}, {"other"}, {"HIV"})
    assert (rule.recipients, rule.unless_duties) == ({"patient"}, {"treating"})
    assert read_overlay(text.replace('jurisdiction = "US-ZZ"\n', "").encode(), file="x").jurisdiction == ""


@pytest.mark.parametrize(("custodian", "expected"), [(None, "hold"), ("covered-entity", "hold"), ("other", "permit")])
def test_p9_a_record_of_nobody_declared_meets_the_rules_of_each(
    build: Any, custodian: str | None, expected: str
) -> None:
    text = (
        'name = "s"\nreviewer = "c"\nreviewed = 2026-11-02\n'
        '[[rule]]\nid = "r"\ncitation = "c"\nthen = "hold"\ncustodians = ["covered-entity"]\n'
    )
    policy = ReleasePolicy(state=read_overlay(text.encode(), file="x"))
    document = build.ask([build.condition("J45.40")], law="hipaa")
    if custodian is not None:
        document = build.ask([build.condition("J45.40")], origin=custodian)
        document["request"]["recipient"]["role"] = "covered-entity"
    assert one(document, policy)[0] == expected


# --- a consent is an entry, too


@pytest.mark.parametrize("code", ["HIV", "OPIOIDUD", "ETHUD", "PSY", "SDV", "GDIS", "42CFRPart2"])
@pytest.mark.parametrize("nested", [True, False], ids=["exception", "base"])
def test_p15_a_refusal_by_name_is_not_shown_to_whom_it_refuses(build: Any, code: str, nested: bool) -> None:
    """42 CFR 2.13(c)(2): "not my HIV record" tells of one. The form does not go where the record does not."""
    refused = {"type": "deny", "actor": build.to(build.MHC), "securityLabel": build.labels(code)}
    provision = (
        {"securityLabel": None, "provision": [refused]} if nested else {"actor": None, "purpose": None, **refused}
    )
    form = build.consent(provision=provision, category=[{"coding": build.labels("HIPAAAuthCD")}])
    assert one(build.ask([form], [form], origin="covered-entity"))[0] == "deny"
    # Who is refused nothing may read it.
    assert one(build.ask([form], [], origin="covered-entity"))[0] == "permit"


def test_p15_a_consent_that_names_no_sensitivity_goes_beside_a_refusal_of_one(build: Any) -> None:
    refusal = build.consent("c2", provision={"type": "deny", "securityLabel": build.labels("PSY")})
    named = build.consent("c3", provision={"securityLabel": build.labels("PSY")})
    form = build.consent(category=[{"coding": build.labels("HIPAAAuthCD")}])
    assert one(build.ask([form], [refusal], origin="covered-entity"))[0] == "permit"
    assert one(build.ask([named], [refusal], origin="covered-entity"))[0] == "deny"
    # That a form permits Part 2 records tells of none.
    refusal["provision"]["securityLabel"] = build.labels("42CFRPart2")
    assert one(build.ask([form], [refusal], origin="covered-entity"))[0] == "permit"


def test_p15_a_permission_of_part2_records_asks_for_no_notice(build: Any) -> None:
    document = build.ask([build.consent()], [build.consent()], origin="law-enforcement")
    found = decide_json(document)["entries"][0]
    assert "notice" not in found["obligations"]
