"""A delivery repeated because a person wants it: a new one with lineage, decided anew, never a state turned back.

What may not go now does not go: a withdrawn consent, another release policy or a later version of the referral count
as they stand. Where nothing has changed the same bytes go under the same ids, by which the destination knows them.
"""

from __future__ import annotations

from hub.errors import StoreError
from hub.loop import queue
from hub.loop.context import Hub
from hub.loop.record import audit
from hub.records import Delivery
from hub.store import deliveries, referrals
from hub.store.tx import Tx

#: What can be repeated: it has ended, and nothing has taken its place.
ENDED = ("done", "dead", "parked")


def replay(tx: Tx, hub: Hub, delivery_id: int, *, by: str) -> Delivery | None:
    """Queues an ended delivery again at the end of its lane; the new one, or None where nothing may go now, or the
    same is on its way already.

    Raises StoreError: `store.not-found`; `store.state` for one that waits, was superseded, or whose referral goes to
    another destination by now.
    """
    old = deliveries.get(tx, delivery_id)
    if old is None:
        raise StoreError("store.not-found", "there is no such delivery", code="not-found")
    if old.state not in ENDED or old.task_id is None:
        raise StoreError("store.state", "only a delivery that has ended is repeated", code="conflict")
    referral = referrals.find_by_task(tx, old.task_id)
    if referral is None or referral.destination != old.destination:
        raise StoreError("store.state", "the referral goes to another destination by now", code="conflict")
    made = queue.decide_again(
        tx, hub, referral, message_id=old.message_id, update=old.kind == "update", replay_of=old.id
    )
    audit(
        tx,
        hub,
        who=by,
        action="E",
        kind="delivery.replayed",
        entity=("delivery", old.id),
        custody=old.custody,
        patient_id=referral.patient_id,
        detail=(f"as:{made.id}" if made is not None else "nothing-goes",),
    )
    return made


def give_up(tx: Tx, hub: Hub, delivery_id: int, *, by: str) -> None:
    """A person ends a waiting delivery: it is `dead`, and its lane goes on. Raises StoreError `store.not-found`;
    `store.state` when it has ended or is being sent."""
    known = deliveries.get(tx, delivery_id)
    if known is None:
        raise StoreError("store.not-found", "there is no such delivery", code="not-found")
    if not deliveries.give_up(tx, delivery_id):
        raise StoreError("store.state", "it has ended already, or is being sent", code="conflict")
    audit(
        tx,
        hub,
        who=by,
        action="D",
        kind="delivery.given-up",
        entity=("delivery", delivery_id),
        custody=known.custody,
    )
