"""A center's answers: RRI and SIU, and what it says of an order (OSU, ORG, ORR, ORL)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mappings.errors import ReadError
from mappings.hl7v2.answer import Answer, read_answer
from mappings.hl7v2.codec import parse

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)


def answer(kind: str, *body: str, zone: str | None = None) -> Answer:
    msh = f"MSH|^~\\&|EHR|CMHC|HUB||20260114231504-0600||{kind}|L1|P|2.5.1"
    data = "\r".join([msh, *body]).encode() + b"\r"
    return read_answer(parse(data), NOW, zone=ZoneInfo(zone) if zone else None)


def test_accepted() -> None:
    found = answer(
        "RRI^I12^RRI_I12",
        "MSA|AA|CR-1",
        "RF1|A^Accepted^HL70283|||||CR-REF-1^METROPD^2.16^ISO||||^the first reason|CR-REF-1^METROPD~LS-9^CMHC",
        "NTE|1||Accepted.~Call at nine.",
    )
    assert found.kind == "decision"
    assert found.decision == "accepted"
    assert found.referral_ids == (("CR-REF-1", "METROPD"),)
    assert found.in_reply_to == "CR-1"
    assert found.their_id == "LS-9"
    assert found.comment == "Accepted.\nCall at nine."
    assert found.reason is None
    assert found.answered_at == "2026-01-14T23:15:04-06:00"
    assert found.issues == ()
    assert "nine" not in repr(found)


def test_rejected_takes_its_reason_from_the_note_never_from_the_referrals_own_reason() -> None:
    found = answer("RRI^I12", "RF1|R|||||X1^^2.16^ISO||||^the first reason", "NTE|1||No bed.")
    assert (found.decision, found.reason) == ("rejected", "No bed.")
    assert found.referral_ids == (("X1", "2.16"),)
    assert found.in_reply_to is None
    assert answer("RRI^I12", "RF1|R|||||X1||||^the first reason").reason is None


@pytest.mark.parametrize(
    ("status", "decision", "rules"),
    [("P^Pending", "pending", []), ("E", None, ["read.no-decision"]), ("", None, ["read.no-decision"])],
)
def test_no_decision_is_a_status(status: str, decision: str | None, rules: list[str]) -> None:
    found = answer("RRI^I15", f"RF1|{status}|||||X1")
    assert (found.kind, found.decision) == ("status", decision)
    assert [issue.rule for issue in found.issues] == rules


def test_an_answer_that_names_no_referral_says_so() -> None:
    found = answer("RRI^I12", "RF1|A")
    assert [(issue.severity, issue.rule) for issue in found.issues] == [("error", "read.no-referral")]


@pytest.mark.parametrize(
    ("sch", "rest", "zone", "start", "rules"),
    [
        ("^^30^20260116090000-0600", [], None, "2026-01-16T09:00:00-06:00", []),
        ("^^30^20260116090000", [], "America/Chicago", "2026-01-16T09:00:00-06:00", []),
        ("^^30^20260116090000", [], None, "2026-01-16", ["read.no-zone"]),
        ("", ["TQ1|1||||||20260116090000-0600"], None, "2026-01-16T09:00:00-06:00", []),
        ("", ["RGS|1", "AIS|1||x|20260116090000-0600"], None, "2026-01-16T09:00:00-06:00", []),
        ("", ["RGS|1", "AIP|1||x|||20260116090000-0600"], None, "2026-01-16T09:00:00-06:00", []),
        ("", [], None, None, ["read.no-start"]),
    ],
)
def test_an_appointment(sch: str, rest: list[str], zone: str | None, start: str | None, rules: list[str]) -> None:
    found = answer(
        "SIU^S12^SIU_S12",
        f"SCH|P1^HUB|F9^CMHC||||BOOK^Booked|^Intake||||{sch}" + "|" * 15 + "REF-1^HUB",
        *rest,
        zone=zone,
    )
    assert (found.kind, found.appointment) == ("appointment", "booked")
    assert found.decision is None
    assert found.appointment_start == start
    assert found.referral_ids == (("REF-1", "HUB"), ("P1", "HUB"))
    assert found.their_id == "F9"
    assert found.reason == "Intake"
    assert [issue.rule for issue in found.issues] == rules


@pytest.mark.parametrize(("kind", "state"), [("SIU^S15", "cancelled"), ("SIU^S26", "no-show"), ("SIU^S14", "booked")])
def test_only_a_booked_appointment_has_a_start(kind: str, state: str) -> None:
    found = answer(kind, "SCH|P1|||||x|||||^^^20260116090000-0600")
    assert found.appointment == state
    assert (found.appointment_start is not None) == (state == "booked")


def test_the_rf1_that_some_senders_add_to_a_schedule_message() -> None:
    assert answer("SIU^S12", "SCH|P1", "RF1|A|||||R7").referral_ids == (("R7", None), ("P1", None))


@pytest.mark.parametrize(("kind", "body"), [("ADT^A04", "PID|1"), ("RRI^I12", "PID|1"), ("SIU^S12", "PID|1")])
def test_what_is_no_answer(kind: str, body: str) -> None:
    with pytest.raises(ReadError, match=r"read\.not-an-answer"):
        answer(kind, body)


def test_without_a_time_of_its_own_it_is_answered_now() -> None:
    data = b"MSH|^~\\&|E|C|||20260114||RRI^I12|1|P|2.5.1\rRF1|A|||||X1\r"
    assert read_answer(parse(data), NOW).answered_at == "2026-01-15T06:00:00Z"


def test_why_an_appointment_was_cancelled() -> None:
    assert answer("SIU^S15", "SCH|P1|||||NOSHOW^No staff").reason == "No staff"
    assert answer("SIU^S12", "SCH|P1|||||REFERRAL^Referral").reason is None


ORDER_ANSWERS = [
    # what the standard's tables say: (message, ORC-1, ORC-5) and (decision, progress, appointment)
    ("OSU^O51", "OK", "IP", "accepted", None, None),
    ("OSU^O51", "UA", "CA", "rejected", None, None),
    ("ORG^O20", "UA", "", "rejected", None, None),
    ("OSU^O51", "CR", "CA", "pending", "cancelled", None),
    ("OSU^O51", "DC", "CA", "pending", "cancelled", None),
    ("OSU^O51", "SC", "CA", "pending", "cancelled", None),
    ("OSU^O51", "OH", "", "pending", "on-hold", None),
    ("OSU^O51", "SC", "HD", "pending", "on-hold", None),
    ("OSU^O51", "SC", "IP", "pending", "in-progress", None),
    ("OSU^O51", "SC", "A", "pending", "in-progress", None),
    ("OSU^O51", "RE", "CM", "pending", "completed", None),
    ("OSU^O51", "SC", "SC", "pending", None, "booked"),
    # a receipt is no acceptance
    ("OSU^O51", "OK", "", "pending", None, None),
    ("ORR^O02", "OK", "", "pending", None, None),
    ("ORR^O02", "OK", "IP", "pending", None, None),
    ("ORL^O22", "NA", "IP", "pending", None, None),
    # what no table says decides nothing
    ("OSU^O51", "SC", "", None, None, None),
    ("OSU^O51", "SC", "ER", None, None, None),
    ("OSU^O51", "ZZ", "CM", None, None, None),
    ("OSU^O51", "", "", None, None, None),
]


@pytest.mark.parametrize(("kind", "control", "status", "decision", "progress", "appointment"), ORDER_ANSWERS)
def test_an_answer_to_an_order(
    kind: str, control: str, status: str, decision: str | None, progress: str | None, appointment: str | None
) -> None:
    found = answer(kind, "MSA|AA|CR-1", f"ORC|{control}|REF-1^HUB|F-9^CMHC||{status}", "OBR|1|REF-1^HUB|F-9^CMHC")
    assert (found.decision, found.progress, found.appointment) == (decision, progress, appointment)
    assert (found.kind == "decision") == (decision in ("accepted", "rejected"))
    assert (found.referral_ids, found.in_reply_to, found.their_id) == ((("REF-1", "HUB"),), "CR-1", "F-9")
    assert ["read.no-decision"] * (decision is None) == [issue.rule for issue in found.issues]


def test_what_a_partner_means_goes_before_the_table() -> None:
    message = parse(b"MSH|^~\\&|E|C|||20260114||ORR^O02|1|P|2.5.1\rMSA|AA|C1\rORC|OK|R1||||\r")
    assert read_answer(message, NOW, agreed={"ORC-1=OK": "accepted"}).decision == "accepted"
    assert read_answer(message, NOW, agreed={"ORC-5=IP": "accepted"}).decision == "pending"
    assert read_answer(message, NOW, agreed={"ORC-1=OK": "on-hold"}).progress == "on-hold"


def test_why_an_order_was_not_taken_up() -> None:
    found = answer("OSU^O51", "ORC|UA|R1||||||||||||||NOBED^No bed", "NTE|1||Try Monday.")
    assert (found.reason, found.comment) == ("No bed", "Try Monday.")
    assert answer("OSU^O51", "ORC|UA|R1", "NTE|1||Try Monday.").reason == "Try Monday."
    assert answer("OSU^O51", "ORC|OK|R1|||IP|||||||||||NEW^New").reason is None


def test_one_answer_is_about_one_order() -> None:
    assert answer("OSU^O51", "ORC|SC|R1|||CM", "OBR|1|R1").progress == "completed"
    differ = answer("OSU^O51", "ORC|SC|R1|||CM", "ORC|SC|R1|||HD")
    assert (differ.decision, differ.progress, [one.rule for one in differ.issues]) == (None, None, ["read.no-decision"])
    for body in (("ORC|OK|R1|||IP", "ORC|UA|R2"), ("ORC|OK|R1|||IP", "OBR|1|R2"), ("PID|1",)):
        with pytest.raises(ReadError, match=r"read\.not-an-answer"):
            answer("OSU^O51", *body)
    assert [one.rule for one in answer("OSU^O51", "ORC|UA").issues] == ["read.no-referral"]
