"""Which disclosure which rule asks to be listed (45 CFR 164.528, 42 CFR 2.25, 2.24), and the list's forms."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.records import Disclosure, Suspension
from hub.release.accounting import Recipient, account, asked_by, ground, intermediary_list
from hub.release.accounting_forms import to_csv, to_fhir
from profiles.check import check

NOW = datetime(2028, 2, 29, 12, tzinfo=UTC)
TPO = "treatment, payment, health care operations (45 CFR 164.506(c))"
CONSENT = "a consent permits (42 CFR 2.31, 2.33(a))"
AUTHORIZED = "an authorization permits (45 CFR 164.508)"
EMERGENCY = "medical emergency (42 CFR 2.51)"
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
        (gone(basis=("the patient's own access (45 CFR 164.524)",), purpose="PATRQT"), "covered-entity", ()),
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
    ]
    listed = intermediary_list({"p-1": made}, intermediary=WHO, recipients={}, now=NOW)
    assert [one.number for one in listed.items] == [1]


def test_csv_has_no_formula_and_a_line_for_each() -> None:
    text = to_csv(report(gone(basis=(EMERGENCY,), consents=("Consent/c-9",))))
    header, line = csv.reader(io.StringIO(text))
    row = dict(zip(header, line, strict=True))
    assert row["recipient_name"] == "'=Lakeshore"
    assert row["recipient_address"] == "1 Shore Road"
    assert row["description"] == "condition (2), name, birth date, contact details (1)"
    assert (row["certain"], row["rules"], row["grounds"]) == ("yes", "45 CFR 164.528", "emergency")


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
