"""Which disclosure which rule asks to be listed (45 CFR 164.528, 42 CFR 2.25, 2.24), and the list's forms."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.records import Disclosure, Suspension
from hub.release.accounting import Recipient, account, asked_by, ground, intermediary_list, reach_back
from hub.release.accounting_forms import to_csv, to_fhir
from profiles.check import check

NOW = datetime(2028, 2, 29, 12, tzinfo=UTC)
TPO = "treatment, payment, health care operations (45 CFR 164.506(c))"
CONSENT = "a consent permits (42 CFR 2.31, 2.33(a))"
AUTHORIZED = "an authorization permits (45 CFR 164.508)"
EMERGENCY = "medical emergency (42 CFR 2.51)"
OWN = "the patient's own access (45 CFR 164.524)"
#: To the day: 29 February has none three years or six before it, and 28 February stands for it.
THREE_YEARS = (NOW - datetime(2025, 2, 28, 12, tzinfo=UTC)) / timedelta(days=1)
SIX_YEARS = (NOW - datetime(2022, 2, 28, 12, tzinfo=UTC)) / timedelta(days=1)
WHO = Recipient(id="cedar", name="Cedar Program")


def gone(number: int = 1, *, days: float = 10, **more: Any) -> Disclosure:
    given: dict[str, Any] = {
        "delivery_id": None,
        "discloser": "cedar",
        "recipient": "lake",
        "purpose": "TREAT",
        "what": (("Patient", "p-1"), ("Condition", "c-1"), ("Condition", "c-2")),
        "consents": (),
        "manner": "delivery",
        "basis": (TPO,),
        "part2": False,
        "digest": "d",
        "state": "sent",
        "intended_at": NOW - timedelta(days=days),
        "settled_at": None,
    } | more
    return Disclosure(id=number, **given)


@pytest.mark.parametrize(
    ("disclosure", "role", "rules"),
    [
        # 164.528(a)(1)(i), (ii), (iv): treatment, own access, authorization are excused
        (gone(), "covered-entity", ()),
        (gone(basis=(OWN,), purpose="PATRQT"), "covered-entity", ()),
        (gone(basis=(AUTHORIZED,), purpose="outcome-feedback"), "covered-entity", ()),
        # one part that is not excused, and the whole is listed
        (gone(basis=(TPO, "report of suspected child abuse or neglect (42 CFR 2.12(c)(6))")), "covered-entity", ("H",)),
        (gone(basis=(EMERGENCY,), purpose="ETREAT"), "part2-program", ("H",)),
        # without a reason, or with one that is not known here, it is listed
        (gone(basis=()), "business-associate", ("H",)),
        (gone(basis=("something new",)), "covered-entity", ("H",)),
        # 2.25: every consented disclosure of Part 2 records, also those for treatment
        (gone(basis=(CONSENT,), part2=True), "part2-program", ("P",)),
        (gone(basis=(CONSENT, TPO), part2=True), "covered-entity", ("P",)),
        (gone(basis=(CONSENT,), part2=True, purpose="justice-monitoring"), "part2-program", ("H", "P")),
        # an agency of the police is bound by neither
        (gone(basis=("the agency's exchange policy",)), "law-enforcement", ()),
        # whether it arrived is not known, or it is under way: it counts; what never left does not
        (gone(basis=(CONSENT,), part2=True, state="unknown"), "part2-program", ("P",)),
        (gone(basis=(CONSENT,), part2=True, state="intended"), "part2-program", ("P",)),
        (gone(basis=(CONSENT,), part2=True, state="not-sent"), "part2-program", ()),
        # six years and three
        (gone(basis=(CONSENT,), part2=True, days=365 * 3 + 2), "part2-program", ()),
        (gone(basis=(CONSENT,), part2=True, days=THREE_YEARS), "part2-program", ("P",)),
        (gone(basis=(EMERGENCY,), days=SIX_YEARS), "part2-program", ("H",)),
        # all that HIPAA excuses, together
        (gone(basis=(TPO, OWN, AUTHORIZED), purpose="PATRQT"), "covered-entity", ()),
        # by consent, and not Part 2; Part 2, and not by consent
        (gone(basis=(CONSENT,)), "covered-entity", ()),
        (gone(basis=(EMERGENCY,), part2=True), "law-enforcement", ()),
        (gone(basis=(EMERGENCY,), days=365 * 3 + 2), "part2-program", ("H",)),
        (gone(basis=(EMERGENCY,), days=365 * 6 + 3), "part2-program", ()),
    ],
)
def test_which_rule_asks_for_it(disclosure: Disclosure, role: str, rules: tuple[str, ...]) -> None:
    names = {"H": "45 CFR 164.528", "P": "42 CFR 2.25"}
    assert asked_by(disclosure, role=role, now=NOW) == tuple(names[one] for one in rules)


def test_every_reason_of_the_decision_that_permits_has_a_ground() -> None:
    """What the law layer says of what goes is told apart; only what it says of nobody's exception is `other`."""
    for reason in (
        TPO, CONSENT, AUTHORIZED, EMERGENCY, "an authorization permits", "the agency's exchange policy",
        "audit or evaluation (42 CFR 2.53)", "the patient's own access (42 CFR 2.23)",
        "crime on the premises or against staff (42 CFR 2.12(c)(5))",
        "origin is unknown; a consent permits as for Part 2 (42 CFR 2.31, 2.33(a))",
    ):  # fmt: skip
        assert ground(reason) != "other", reason
    assert ground("treatment (45 CFR 164.506(c))") == "treatment-payment-operations"


def report(*made: Disclosure, **more: Any) -> Any:
    given: dict[str, Any] = {
        "discloser": WHO,
        "role": "part2-program",
        "recipients": {"lake": Recipient(id="lake", name="=Lakeshore", address="1 Shore Road")},
        "since": NOW - timedelta(days=100),
        "until": NOW,
        "now": NOW,
    } | more
    return account({"p-1": made}, **given)


def test_the_period_that_was_asked_for_and_the_order() -> None:
    consented = {"basis": (CONSENT,), "part2": True}
    made = report(gone(3, days=5, **consented), gone(2, days=101, **consented), gone(1, days=100, **consented))
    assert [one.number for one in made.items] == [1, 3]


def test_what_no_rule_asks_for_is_listed_where_everything_was_asked_for() -> None:
    made = [gone(1), gone(2, basis=(EMERGENCY,)), gone(3, basis=(EMERGENCY,), state="not-sent")]
    assert [(one.number, one.rules) for one in report(*made).items] == [(2, ("45 CFR 164.528",))]
    everything = report(*made, every=True).items
    assert [(one.number, one.rules) for one in everything] == [(1, ()), (2, ("45 CFR 164.528",))]


def test_who_received_it_by_name_where_it_is_no_organization_of_the_hub() -> None:
    made = [gone(1, basis=(EMERGENCY,)), gone(2, basis=(EMERGENCY,)), gone(3, basis=(EMERGENCY,), recipient="x")]
    assert [
        (one.recipient.id, one.recipient.name, one.recipient.address)
        for one in report(*made, named={1: "A Physician"}).items
    ] == [
        ("lake", "A Physician", None),
        ("lake", "=Lakeshore", "1 Shore Road"),
        ("x", "x", None),
    ]


def test_as_far_back_as_any_rule_reaches() -> None:
    assert reach_back(NOW) == NOW - timedelta(days=SIX_YEARS)
    assert reach_back(NOW.replace(month=5)) == datetime(2022, 5, 29, 12, tzinfo=UTC)


def test_an_official_s_statement_takes_out_theirs_while_it_lasts_and_leaves_no_trace() -> None:
    made = [gone(1, basis=(EMERGENCY,)), gone(2, basis=(EMERGENCY,), recipient="sheriff")]

    def statement(until: datetime) -> Suspension:
        return Suspension(
            id=1, custody="cedar", recipient="sheriff", written=True, since=NOW - timedelta(days=1), until=until,
            taken_by="A Person",
        )  # fmt: skip

    hushed = report(*made, suspensions=[statement(NOW + timedelta(days=1))])
    assert hushed == report(made[0])
    assert [one.number for one in report(*made, suspensions=[statement(NOW)]).items] == [1, 2]


def test_days_until_the_answer_is_due() -> None:
    asked = NOW - timedelta(days=2)
    assert report(asked=asked).due == (("45 CFR 164.528", asked + timedelta(days=60)),)
    listed = intermediary_list({}, intermediary=WHO, recipients={}, now=NOW, asked=asked)
    assert listed.due == (("42 CFR 2.24", asked + timedelta(days=30)),)


def test_an_intermediary_lists_part2_by_consent_for_three_years() -> None:
    consented = {"basis": (CONSENT,), "part2": True}
    made = [
        gone(1, **consented),
        gone(2),
        gone(3, days=365 * 3 + 2, **consented),
        gone(4, state="not-sent", **consented),
        gone(5, basis=(CONSENT,)),
        gone(6, basis=(EMERGENCY,), part2=True),
        gone(7, days=THREE_YEARS, **consented),
        gone(8, days=0, **consented),
        gone(9, days=-1, **consented),
    ]
    listed = intermediary_list({"p-1": made}, intermediary=WHO, recipients={}, now=NOW)
    assert [one.number for one in listed.items] == [1, 7, 8]


def test_csv_has_no_formula_and_a_line_for_each() -> None:
    text = to_csv(report(gone(basis=(EMERGENCY,), consents=("Consent/c-9",))))
    header, line = csv.reader(io.StringIO(text))
    row = dict(zip(header, line, strict=True))
    assert row["recipient_name"] == "'=Lakeshore"
    assert row["recipient_address"] == "1 Shore Road"
    assert row["description"] == "condition (2), name, birth date, contact details (1)"
    assert (row["certain"], row["rules"], row["grounds"]) == ("yes", "45 CFR 164.528", "emergency")


def test_csv_of_what_is_not_known() -> None:
    text = to_csv(report(gone(basis=(EMERGENCY,), recipient="x", state="unknown"), recipients={}))
    header, line = csv.reader(io.StringIO(text))
    row = dict(zip(header, line, strict=True))
    assert (row["recipient_name"], row["recipient_address"], row["certain"]) == ("x", "", "unknown")
    assert row["description"].startswith("condition (2)")


@pytest.mark.parametrize(
    ("purpose", "system"),
    [
        ("TREAT", "http://terminology.hl7.org/CodeSystem/v3-ActReason"),
        ("justice-monitoring", "https://warmhandoff.org/fhir/CodeSystem/police-purpose-of-use"),
    ],
)
def test_fhir_names_the_purpose_s_own_code_system(purpose: str, system: str) -> None:
    (entry,) = to_fhir(report(gone(basis=(EMERGENCY,), purpose=purpose)))["entry"]
    assert entry["resource"]["purposeOfEvent"] == [{"coding": [{"system": system, "code": purpose}], "text": EMERGENCY}]


def test_fhir_of_one_disclosure_whole() -> None:
    dcm, role = "http://dicom.nema.org/resources/ontology/DCM", "http://terminology.hl7.org/CodeSystem/object-role"
    kind = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
    cedar = {
        "identifier": {"system": "https://warmhandoff.org/fhir/sid/organization", "value": "cedar"},
        "display": "Cedar Program",
    }
    lake = {
        "identifier": {"system": "https://warmhandoff.org/fhir/sid/organization", "value": "lake"},
        "display": "lake",
    }

    def held(reference: str, **more: Any) -> dict[str, Any]:
        return {
            "what": {"reference": reference},
            "type": {"system": kind, "code": "2", "display": "System Object"},
            "role": {"system": role, "code": "4", "display": "Domain Resource"},
            **more,
        }

    made = report(gone(basis=(), consents=("Consent/c-9",)), recipients={})
    (entry,) = to_fhir(made)["entry"]
    resource = entry["resource"]
    assert "contained" not in resource
    assert resource["outcomeDesc"] == "sent"
    assert "text" not in resource["purposeOfEvent"][0]
    assert resource["agent"] == [
        {
            "type": {"coding": [{"system": dcm, "code": "110153", "display": "Source Role ID"}]},
            "who": cedar,
            "requestor": True,
        },
        {
            "type": {"coding": [{"system": dcm, "code": "110152", "display": "Destination Role ID"}]},
            "who": lake,
            "requestor": False,
        },
        {
            "type": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
                        "code": "CST",
                        "display": "custodian",
                    }
                ]
            },
            "who": cedar,
            "requestor": False,
        },
    ]
    assert resource["entity"] == [
        {
            "what": {"reference": "Patient/p-1"},
            "type": {"system": kind, "code": "1", "display": "Person"},
            "role": {"system": role, "code": "1", "display": "Patient"},
        },
        held("Condition/c-1"),
        held("Condition/c-2"),
        held("Consent/c-9", description="the consent under which it went"),
    ]
    (addressed,) = to_fhir(report(gone(basis=(EMERGENCY,))))["entry"]
    (kept,) = addressed["resource"]["contained"]
    assert addressed["resource"]["agent"][1]["who"]["reference"] == f"#{kept['id']}"


def test_fhir_is_a_bundle_of_disclosures_as_balp_has_them() -> None:
    made = to_fhir(report(gone(basis=(EMERGENCY,), consents=("Consent/c-9",), state="unknown"), gone(2, basis=())))
    assert [issue for issue in check(made) if issue.severity in ("error", "fatal")] == []
    first = made["entry"][0]["resource"]
    assert (first["type"]["code"], first["subtype"][0]["code"]) == ("110106", "disclose")
    codes = [agent["type"]["coding"][0]["code"] for agent in first["agent"]]
    assert codes == ["110153", "110152", "CST"]
    assert [entity["what"]["reference"] for entity in first["entity"]] == [
        "Patient/p-1", "Condition/c-1", "Condition/c-2", "Consent/c-9"
    ]  # fmt: skip
    assert first["contained"][0]["address"] == [{"text": "1 Shore Road"}]
    assert "arrival not known" in first["outcomeDesc"]
    assert "entry" not in to_fhir(report())
