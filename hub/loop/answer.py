"""An answer taken: the referral's Task moves, the alarm stops, and the center's words stay in the center's custody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.errors import DuplicateConflict, ReceiveError
from hub.loop import alarm, fault
from hub.loop.context import Hub
from hub.loop.record import audit, trace
from hub.loop.reply import FINAL, Reply, moved
from hub.records import Message, Referral
from hub.settings import DestinationSection
from hub.store import alarms, answers, documents, holds, inputs, referrals
from hub.store.tx import Tx
from mappings.times import instant

#: The media type under which v2 messages are kept.
V2 = "x-application/hl7-v2+er7"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What became of an answer. `error` is for the sender; what had to be stored about it is stored. `at` is when it
    first came, where it is known by its bytes."""

    referral: Referral | None
    fresh: bool
    error: ReceiveError | None = None
    at: datetime | None = None


def find(tx: Tx, destination: DestinationSection, reply: Reply) -> Referral | None:
    """The referral that a reply is about, if this destination holds it; None for all others, without difference."""
    for identifier in dict.fromkeys((*reply.task_ids, *reply.referral_ids)):
        found = referrals.find_by_task(tx, identifier)
        if found is not None and found.destination == destination.id:
            return found
    if reply.remote_id is not None:
        found = referrals.find_by_remote(tx, destination.id, reply.remote_id)
        if found is not None:
            return found
    if reply.control_id is not None:
        return referrals.find_by_control(tx, destination.id, reply.control_id)
    return None


def take(
    tx: Tx,
    hub: Hub,
    destination: DestinationSection,
    reply: Reply,
    *,
    body: bytes,
    media_type: str,
    control_id: str | None,
) -> Taken:
    """Moves the referral by the reply, all in this transaction. Does not raise for what the sender did wrong.

    The same answer again changes nothing. An answer that contradicts a final one is held for a person.
    """
    referral = find(tx, destination, reply)
    if referral is None:
        audit(
            tx,
            hub,
            who=f"destination:{destination.id}",
            action="U",
            kind="answer",
            entity=("Task", "unknown"),
            outcome="4",
            detail=("receive.unknown-referral",),
        )
        error = ReceiveError("receive.unknown-referral", "there is no such referral", code="not-found")
        return Taken(referral=None, fresh=False, error=error)
    center = destination.organization
    try:
        kept, fresh = answers.record(
            tx,
            task_id=referral.task_id,
            destination=destination.id,
            custody=center,
            control_id=control_id,
            media_type=media_type,
            decision=reply.status or "pending",
            body=body,
        )
    except DuplicateConflict as conflict:
        unread = keep_unread(tx, hub, destination, body=body, media_type=media_type, rule=conflict.rule)
        return Taken(referral=referral, fresh=False, error=conflict, at=unread.received_at)
    if not fresh:
        return Taken(referral=referral, fresh=False, at=kept.received_at)
    document = documents.current(tx, "Task", referral.task_id)
    assert document is not None
    if document.resource is None:
        # The referral was expunged by order: the answer stays the center's record, and there is nothing to move.
        return Taken(referral=referral, fresh=True, at=kept.received_at)
    try:
        task = moved(document.resource, reply, now=instant(tx.now))
    except ReceiveError as error:
        hold = holds.place(
            tx,
            kind="identity",
            reason=error.rule,
            owner_role=destination.owner,
            subject_type="Task",
            subject_id=referral.task_id,
            # That there was an answer at all is the center's to tell.
            custody=destination.organization,
            task_id=referral.task_id,
            message_id=referral.message_id,
        )
        alarm.sound_hold(tx, hub, hold)
        trace(tx, referral.message_id, "answer", "held", rule=error.rule, destination=destination.id)
        return Taken(referral=referral, fresh=True, error=error, at=kept.received_at)
    if task is not None:
        referral = _apply(tx, hub, destination, referral, reply, task)
    return Taken(referral=referral, fresh=True, at=kept.received_at)


def keep_unread(
    tx: Tx, hub: Hub, destination: DestinationSection, *, body: bytes, media_type: str, rule: str
) -> Message:
    """Keeps an answer that cannot be used, in the center's custody, and rings for who looks after that center."""
    center = destination.organization
    kept, fresh = inputs.receive(
        tx,
        source=f"destination:{destination.id}",
        custody=center,
        organization=center,
        # a system that gets no 200 sends the same again and again
        control_id="unread:" + tx.keys.blind(center, "message.control", body).hex(),
        media_type=media_type[:100],
        body=body,
    )
    if fresh:
        fault.hold_message(tx, hub, kept, "identity", rule, owner=destination.owner)
    return kept


def _apply(
    tx: Tx, hub: Hub, destination: DestinationSection, referral: Referral, reply: Reply, task: dict[str, Any]
) -> Referral:
    status = str(task["status"])
    business = reply.business or (status if status != referral.status else referral.business_status)
    # The center's words are the center's record: this version of the Task is sealed in its custody.
    documents.put(
        tx,
        task,
        custody=destination.organization,
        origin=destination.organization,
        patient_id=referral.patient_id,
        message_id=referral.message_id,
    )
    decided = status != "requested"
    values: dict[str, object] = {"status": status, "business_status": business[:64]}
    if decided and referral.answered_at is None:
        values["answered_at"] = tx.now
    if status in FINAL:
        values["closed_at"] = tx.now
    if reply.remote_id is not None and referral.remote_id is None:
        values["remote_id"] = reply.remote_id
    changed = referrals.change(tx, referral.task_id, **values)
    if decided:
        alarms.clear(tx, kind="unanswered", subject_type="Task", subject_id=referral.task_id)
    trace(
        tx,
        referral.message_id,
        "answer",
        status,
        destination=destination.id,
        form=reply.form,
        business=business if business in _BUSINESS else "text",
        appointment=reply.appointment is not None,
        reason=reply.reason is not None,
    )
    audit(
        tx,
        hub,
        who=f"destination:{destination.id}",
        action="U",
        kind="answer",
        entity=("Task", referral.task_id),
        custody=destination.organization,
        patient_id=referral.patient_id,
        detail=(status,),
    )
    return changed


_BUSINESS = frozenset(
    {"delivered", "accepted", "rejected", "scheduled", "in-progress", "no-show", "completed", "failed"}
)
