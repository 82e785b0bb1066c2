"""Alarms: silence, refusal and holds ring for a named person, again and again until somebody takes it.

An alarm says what to do instead: telephone the center, print the referral. It is about ids and states; who the
person is stands in the referral, which its custody can open.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import structlog

from hub.loop.context import Hub
from hub.loop.record import audit, trace
from hub.records import Alarm, AlarmKind, Hold, Referral
from hub.store import alarms, deliveries, gates, referrals
from hub.store.tx import Tx

log = structlog.get_logger("hub.alarm")


def sound_referral(
    tx: Tx, hub: Hub, kind: AlarmKind, referral: Referral, *, since: datetime | None = None
) -> Alarm | None:
    """Rings about a referral, once for each kind: an alarm that a person has taken does not start again.

    `since` is when this trouble began (the delivery was queued): an earlier one's alarm does not silence it. A
    referral that was never sent rings for this side's privacy officer: the center must not learn that it exists.
    """
    earlier = alarms.find(tx, kind=kind, subject_type="Task", subject_id=referral.task_id)
    if any(since is None or one.raised_at >= since for one in earlier):
        return None
    owner, telephone = hub.settings.hub.privacy_officer, ""
    if referral.business_status not in referrals.NEVER_SENT:
        with suppress(KeyError):  # a destination that is no longer configured has no owner
            destination = hub.settings.destination_of(referral.destination)
            owner, telephone = destination.owner, destination.fallback_telephone
    alarm, fresh = alarms.sound(
        tx,
        kind=kind,
        subject_type="Task",
        subject_id=referral.task_id,
        custody=referral.custody,
        owner=owner,
        repeat_seconds=0.0,  # `ring` rings it at once, and says so
        fallback={"telephone": telephone, "print": f"/console/referrals/{referral.task_id}/print"},
    )
    if not fresh:
        return None
    trace(tx, referral.message_id, "record", "alarm", kind=kind, destination=referral.destination)
    audit(tx, hub, who=hub.name, action="E", kind=f"alarm.{kind}", entity=("Task", referral.task_id), outcome="4")
    return alarm


def sound_hold(tx: Tx, hub: Hub, hold: Hold) -> Alarm | None:
    """Rings about a hold for whoever owns it."""
    kind: AlarmKind = "provenance" if hold.kind == "provenance" else "held"
    alarm, fresh = alarms.sound(
        tx,
        kind=kind,
        subject_type="Hold",
        subject_id=str(hold.id),
        custody=hold.custody,
        owner=hold.owner_role,
        repeat_seconds=0.0,  # `ring` rings it at once, and says so
        fallback={"page": "/console/holds"},
    )
    return alarm if fresh else None


def take(tx: Tx, hub: Hub, alarm_id: int, *, by: str) -> Alarm:
    """A person takes an alarm: it stops. Raises StoreError `store.state` when it is not open."""
    taken = alarms.acknowledge(tx, alarm_id, by=by)
    audit(
        tx,
        hub,
        who=by,
        action="U",
        kind="alarm.acknowledged",
        entity=("alarm", taken.id),
        custody=taken.custody,
        detail=(taken.kind,),
    )
    return taken


def ring(tx: Tx, hub: Hub) -> list[Alarm]:
    """Rings whatever is due, new or again, and for every referral unanswered past its time; what rang now."""
    for referral in referrals.overdue(tx):
        sound_referral(
            tx, hub, "undelivered" if referral.business_status in referrals.NEVER_SENT else "unanswered", referral
        )
    rung = []
    for alarm in alarms.due(tx):
        again = alarms.repeat(tx, alarm.id, repeat_seconds=hub.settings.alarm.every)
        if again is not None:
            rung.append(again)
    return rung


def behind(tx: Tx, hub: Hub) -> dict[str, int]:
    """Sounds for every referral that waits for a destination which has been down for a while: nobody tries to send
    it, so no failed attempt would. By destination, the delivery up to which that is done (`Hub.rung`)."""
    done: dict[str, int] = {}
    for name, gate in gates.every(tx).items():
        if gate.trips < DOWN_AFTER:
            continue
        done[name] = hub.rung.get(name, 0)
        for delivery in deliveries.behind(tx, name, after=done[name], limit=SWEEP):
            done[name] = delivery.id
            referral = referrals.find_by_task(tx, delivery.task_id) if delivery.task_id is not None else None
            if referral is not None:
                sound_referral(tx, hub, "undelivered", referral, since=delivery.created_at)
    return done


#: How often in a row a destination was found down before what waits for it rings; how many ring at once.
DOWN_AFTER, SWEEP = 2, 100


def say(rung: list[Alarm]) -> None:
    """Logs what rang: kind, number, for whom; no name of a person in care, no text."""
    for alarm in rung:
        log.warning("alarm", kind=alarm.kind, number=alarm.id, owner=alarm.owner, times=alarm.repeats)
