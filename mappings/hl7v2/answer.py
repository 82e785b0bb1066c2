"""A center's answer to a referral, out of RRI^I12..I15 (HL7 v2.5.1, chapter 11), SIU^S12..S15, S26 (chapter 10), or to
an order that is one: OSU^O51, ORG^O20, ORR^O02, ORL^O22 (chapter 4).

It says what the center said. Which Task moves, and whether this sender may move it, is decided elsewhere: an answer
is taken only from the destination that holds the referral.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from mappings.errors import ReadError
from mappings.hl7v2.codec import Message
from mappings.hl7v2.order_answer import outcome
from mappings.hl7v2.segment import Segment
from mappings.hl7v2.times import date_time
from mappings.partner import OrderAnswer
from mappings.times import instant
from profiles.issue import Issue

#: An identifier and its assigner as the message names it (namespace id, else universal id).
ReferralId = tuple[str, str | None]

_REFERRAL = {"RRI^I12", "RRI^I13", "RRI^I14", "RRI^I15"}
_SCHEDULE: dict[str, Literal["booked", "cancelled", "no-show"]] = {
    "SIU^S12": "booked",
    "SIU^S13": "booked",
    "SIU^S14": "booked",
    "SIU^S15": "cancelled",
    "SIU^S26": "no-show",
}
_ORDER = frozenset({"OSU", "ORG", "ORR", "ORL"})
#: RF1-1, table 0283. `E` (expired) is no decision.
_DECISION: dict[str, Literal["accepted", "rejected", "pending"]] = {"A": "accepted", "R": "rejected", "P": "pending"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a center said about a referral.

    `kind`: a `decision` (accepted, rejected), an `appointment`, or a `status` (pending, or none that is known).
    `progress` is how an order stands that was taken up, or was not to be.
    `referral_ids` are candidates for our referral in the order to try; `their_id` is the center's own. `in_reply_to`
    is MSA-2, our control id, only if the message has one. `appointment` says what became of it; `appointment_start`
    is there only while it is booked; it and `answered_at` are FHIR dateTimes.
    `reason` is why it was rejected, cancelled or booked; `comment` all NTE.
    """

    kind: Literal["decision", "appointment", "status"]
    referral_ids: tuple[ReferralId, ...] = ()
    in_reply_to: str | None = None
    decision: Literal["accepted", "rejected", "pending"] | None = None
    of_order: bool = False
    progress: Literal["in-progress", "on-hold", "completed", "cancelled"] | None = None
    their_id: str | None = field(default=None, repr=False)
    appointment: Literal["booked", "cancelled", "no-show"] | None = None
    appointment_start: str | None = field(default=None, repr=False)
    answered_at: str
    # Free text of a person about a person: never in a repr, which may end in a log.
    reason: str | None = field(default=None, repr=False)
    comment: str | None = field(default=None, repr=False)
    issues: tuple[Issue, ...] = ()


def read_answer(
    message: Message,
    now: datetime,
    *,
    zone: ZoneInfo | None = None,
    agreed: Mapping[str, OrderAnswer] = MappingProxyType({}),
) -> Answer:
    """The answer in a message. `zone` is the partner's, for times without offset; `now` stands in for an MSH-7 that
    is no instant; `agreed` is what the partner means by codes of ORC (`Partner.answers`).

    A message that names no referral of ours in any way has the error `read.no-referral` among its issues.
    Raises ReadError `read.not-an-answer` for another message type, one without RF1, SCH or ORC, or one about several
    orders.
    """
    kind = message.type
    if kind in _REFERRAL:
        return _referral_answer(message, now, zone)
    if kind in _SCHEDULE:
        return _schedule_answer(message, now, zone)
    if kind.partition("^")[0] in _ORDER:
        return _order_answer(message, now, zone, agreed)
    raise ReadError("read.not-an-answer", "this message type does not answer a referral", path="MSH-9")


def _referral_answer(message: Message, now: datetime, zone: ZoneInfo | None) -> Answer:
    rf1 = message.first("RF1")
    if rf1 is None:
        raise ReadError("read.not-an-answer", "the answer has no RF1", path="RF1")
    issues = list(message.issues)
    status = rf1.get(1)
    decision = _DECISION.get(status or "")
    if decision is None:
        issues.append(_issue("warning", "read.no-decision", "RF1-1", "the referral status decides nothing"))
    ids = _ids(rf1, 6)
    theirs = _ids(rf1, 11)
    reply = _reply(message)
    comment = _comment(message)
    answered, found = _answered(message, now, zone)
    issues += found
    issues += _nobody(ids, reply)
    return Answer(
        kind="decision" if decision in ("accepted", "rejected") else "status",
        referral_ids=ids,
        in_reply_to=reply,
        decision=decision,
        # The first that is not our own number said back.
        their_id=next((one[0] for one in theirs if one not in ids), None),
        answered_at=answered,
        # RF1-10 is the reason of the referral, sent back; a center's reason for refusing stands in NTE.
        reason=comment if decision == "rejected" else None,
        comment=comment,
        issues=tuple(issues),
    )


def _schedule_answer(message: Message, now: datetime, zone: ZoneInfo | None) -> Answer:
    sch = message.first("SCH")
    if sch is None:
        raise ReadError("read.not-an-answer", "the schedule message has no SCH", path="SCH")
    issues = list(message.issues)
    rf1 = message.first("RF1")
    # SCH-26 placer order, SCH-1 placer appointment, SCH-23 its parent; some senders add the RF1 they were sent.
    ids: dict[ReferralId, None] = {}
    for segment, number in ((rf1, 6), (sch, 26), (sch, 1), (sch, 23)):
        ids.update(dict.fromkeys(_ids(segment, number) if segment else ()))
    reply = _reply(message)
    start, found = _start(message, sch, zone)
    issues += found
    state = _SCHEDULE[message.type]
    if start is None and state == "booked":
        issues.append(_issue("warning", "read.no-start", "SCH-11", "the appointment has no start"))
    answered, found = _answered(message, now, zone)
    issues += found
    issues += _nobody(tuple(ids), reply)
    return Answer(
        kind="appointment",
        referral_ids=tuple(ids),
        in_reply_to=reply,
        their_id=next((one[0] for one in _ids(sch, 2)), None),
        appointment=state,
        # A start would make a cancelled or missed appointment look like one that is kept.
        appointment_start=start if state == "booked" else None,
        answered_at=answered,
        # SCH-6 is why this message was sent, which says something only when the appointment will not be.
        reason=_coded(sch, 7) or (_coded(sch, 6) if state != "booked" else None),
        comment=_comment(message),
        issues=tuple(issues),
    )


def _order_answer(message: Message, now: datetime, zone: ZoneInfo | None, agreed: Mapping[str, OrderAnswer]) -> Answer:
    orders = message.all("ORC")
    if not orders:
        raise ReadError("read.not-an-answer", "the answer has no ORC", path="ORC")
    # ORC-2 is the placer's number, which some fillers repeat in OBR alone.
    ids = tuple(
        dict.fromkeys(one for name in ("ORC", "OBR") for segment in message.all(name) for one in _ids(segment, 2))
    )
    if len({value for value, _ in ids}) > 1:
        # Each is to be answered by itself: what is said of one is never taken for the other's.
        raise ReadError("read.not-an-answer", "the answer is about several orders", path="ORC-2")
    issues = list(message.issues)
    unsolicited = message.type.startswith("OSU")
    outcomes = {outcome(one.get(1), one.get(5), unsolicited=unsolicited, agreed=agreed) for one in orders}
    said = outcomes.pop() if len(outcomes) == 1 else None
    if said is None:
        issues.append(_issue("warning", "read.no-decision", "ORC-1", "the referral status decides nothing"))
    reply, comment = _reply(message), _comment(message)
    answered, found = _answered(message, now, zone)
    ended = said in ("rejected", "cancelled", "on-hold")
    return Answer(
        kind="decision" if said in ("accepted", "rejected") else "status",
        referral_ids=ids,
        in_reply_to=reply,
        of_order=True,
        decision=said if said == "accepted" or said == "rejected" else "pending" if said else None,
        progress=_PROGRESS.get(said or ""),
        their_id=next((one[0] for segment in orders for one in _ids(segment, 3) if one not in ids), None),
        appointment="booked" if said == "scheduled" else None,
        answered_at=answered,
        # ORC-16 is why it was controlled so; of an order that goes on it says nothing of ours.
        reason=(_coded(orders[0], 16) or comment) if ended else None,
        comment=comment,
        issues=(*issues, *found, *_nobody(ids, reply)),
    )


#: What of `OrderAnswer` is how the order goes on.
_PROGRESS: dict[str, Literal["in-progress", "on-hold", "completed", "cancelled"]] = {
    "in-progress": "in-progress",
    "on-hold": "on-hold",
    "completed": "completed",
    "cancelled": "cancelled",
}


def _ids(segment: Segment, number: int) -> tuple[ReferralId, ...]:
    """Entity identifiers (EI) of a field: EI.1 with EI.2, else EI.3."""
    return tuple(
        (value, one.get(2) or one.get(3)) for one in segment.repetitions(number) if (value := one.get(1)) is not None
    )


def _reply(message: Message) -> str | None:
    return message.get("MSA-2")


def _coded(segment: Segment, number: int) -> str | None:
    """A coded reason's words, else its code."""
    return segment.get(number, 2) or segment.get(number, 1)


def _comment(message: Message) -> str | None:
    lines = [text for segment in message.all("NTE") if (text := segment.text(3))]
    return "\n".join(lines) or None


def _start(message: Message, sch: Segment, zone: ZoneInfo | None) -> tuple[str | None, tuple[Issue, ...]]:
    """When it begins: SCH-11.4 (to 2.4 and by habit), TQ1-7, then the resources' own start (AIS, AIP, AIG, AIL)."""
    if sch.get(11, 4):
        return date_time(sch.get(11, 4), "SCH-11.4", zone)
    for name, number in (("TQ1", 7), ("AIS", 4), ("AIP", 6), ("AIG", 8), ("AIL", 6)):
        for segment in message.all(name):
            if segment.get(number):
                return date_time(segment.get(number), f"{name}-{number}", zone)
    return None, ()


def _answered(message: Message, now: datetime, zone: ZoneInfo | None) -> tuple[str, tuple[Issue, ...]]:
    found, issues = date_time(message.get("MSH-7"), "MSH-7", zone)
    return (found, issues) if found and len(found) > 10 else (instant(now), issues)


def _nobody(ids: tuple[ReferralId, ...], reply: str | None) -> tuple[Issue, ...]:
    if ids or reply:
        return ()
    return (_issue("error", "read.no-referral", "RF1-6", "the answer names no referral"),)


def _issue(severity: Literal["error", "warning"], rule: str, path: str, text: str) -> Issue:
    return Issue(
        severity=severity, code="required" if severity == "error" else "value", rule=rule, path=path, text=text
    )
