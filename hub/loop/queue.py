"""What becomes of a verdict about a referral: into its lane, or withheld, or held for a person. Never lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from hub.errors import HubError
from hub.loop import alarm, package
from hub.loop.context import Hub
from hub.loop.record import trace
from hub.loop.releasing import CRIMINAL_JUSTICE, Cleared, Held, Verdict, decide_kept
from hub.records import Delivery, HoldKind, Referral
from hub.settings import DestinationSection
from hub.store import decisions, deliveries, holds, investigation_finds, referrals
from hub.store.tx import Tx
from mappings.hl7v2.messages import control_ids
from mappings.incident import Urgency


def urgency_of(code: str) -> Urgency:
    """An urgency of ours; `routine` for any other word (R4 request-priority has the same four)."""
    known: Sequence[Urgency] = get_args(Urgency)
    return next((u for u in known if u == code), "routine")


#: Deliveries that a later one with the same digest would only repeat.
_STANDING = ("ready", "done")


def put(
    tx: Tx,
    hub: Hub,
    referral: Referral,
    destination: DestinationSection,
    verdict: Verdict,
    *,
    message_id: int | None,
    in_place_of: Delivery | None = None,
    replay_of: int | None = None,
) -> Delivery | None:
    """Queues what is cleared, unless it has gone or is going already; notes what is withheld or held.

    With `replay_of` it goes although it has gone: a person wants it again. The decision is recorded entry by entry in
    every case.
    """
    earlier = deliveries.of_task(tx, referral.task_id, destination.id)
    standing = _STANDING if replay_of is None else ("ready",)
    if isinstance(verdict, Cleared) and any(d.digest == verdict.digest and d.state in standing for d in earlier):
        return None
    decisions.record(
        tx,
        custody=referral.custody,
        recipient=destination.organization,
        purpose=verdict.purpose,
        verdict=verdict.overall,
        digest=verdict.digest,
        entries=verdict.entries,
        message_id=message_id,
        task_id=referral.task_id,
    )
    trace(
        tx,
        message_id,
        "release",
        verdict.state,
        recipient=destination.organization,
        purpose=verdict.purpose,
        entries=verdict.counts,
        obligations=list(verdict.obligations),
        not_carried=list(verdict.left_out),
    )
    if isinstance(verdict, Held):
        _hold(tx, hub, referral, verdict.kind, verdict.reason, message_id)
        referrals.change(tx, referral.task_id, business_status="held")
        return None
    if verdict.criminal_justice:
        # The rest goes, or does not; somebody has to see how such a text came into a record all the same (S51).
        _hold(tx, hub, referral, "cjis", CRIMINAL_JUSTICE, message_id)
    if not isinstance(verdict, Cleared):
        if not any(d.state == "done" for d in earlier):
            referrals.change(tx, referral.task_id, business_status="withheld")
        return None
    if referral.business_status in ("withheld", "held"):
        # The center's time to answer begins when it is asked.
        window = hub.settings.respond_by(destination, urgency_of(referral.urgency))
        later = max(tx.now + window, referral.respond_by or tx.now)
        referrals.change(tx, referral.task_id, business_status="new", respond_by=later)
    return deliveries.enqueue(
        tx,
        destination=destination.id,
        # One referral's messages go in order; another person's do not wait for them.
        order_key=referral.patient_id,
        kind="update" if verdict.update else "referral",
        custody=referral.custody,
        control_id=verdict.control_id,
        media_type=verdict.media_type,
        digest=verdict.digest,
        release=verdict.payload,
        message_id=message_id,
        task_id=referral.task_id,
        in_place_of=in_place_of,
        replay_of=replay_of,
        further=control_ids(verdict.payload)[1:] if destination.adapter == "hl7v2" else (),
    )


def _hold(tx: Tx, hub: Hub, referral: Referral, kind: HoldKind, reason: str, message_id: int | None) -> None:
    hold = holds.place(
        tx,
        kind=kind,
        reason=reason,
        owner_role=hub.settings.hub.privacy_officer,
        subject_type="Task",
        subject_id=referral.task_id,
        custody=referral.custody,
        task_id=referral.task_id,
        message_id=message_id,
    )
    alarm.sound_hold(tx, hub, hold)


def decide_again(
    tx: Tx,
    hub: Hub,
    referral: Referral,
    *,
    message_id: int | None,
    update: bool | None = None,
    replay_of: int | None = None,
) -> Delivery | None:
    """Decides a referral as everything stands now, and queues, withholds or holds it; the delivery, if one was made.

    `update`: whether the center has it already; None: whether anything was delivered. Raises HubError
    `hold.destination` when its destination is no longer configured.
    """
    kept = package.load(tx, referral.task_id)
    if kept is None:
        return None
    try:
        to = hub.settings.destination_of(referral.destination)
    except KeyError:
        raise HubError("hold.destination", "the referral's destination is no longer configured") from None
    if update is None:
        update = deliveries.went(tx, referral.task_id)
    consents = package.known_consents(tx, referral.patient_id)
    stopped = investigation_finds.stands(tx, referral.organization, referral.patient_id)
    verdict = decide_kept(hub, referral, kept, to, consents=consents, now=tx.now, update=update, stopped=stopped)
    return put(tx, hub, referral, to, verdict, message_id=message_id, replay_of=replay_of)
