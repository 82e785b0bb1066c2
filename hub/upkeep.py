"""What keeps a hub well beside the flow: alarms, retention, the audit elsewhere, who calls, keys, measures, health.

The worker and the application call these now and then; none of them moves a message.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub.audit import chain
from hub.delivery.client_keys import published
from hub.errors import StoreError
from hub.loop import (
    alarm,
    audit_forwarding,
    certificates,
    joining,
    notifying,
    recovery,
    retention,
    timekeeping,
    waiting,
)
from hub.loop.context import Hub
from hub.metrics import Gauge
from hub.records import Alarm
from hub.store import lanes, messages
from hub.store.store import Store
from hub.store.tx import Tx

log = structlog.get_logger("hub.upkeep")


async def ring(hub: Hub) -> bool:
    """Rings what is due, settles what nobody sends any more, joins lanes that wait for it. Never busy: it looks again
    after a pause."""

    def work(tx: Tx) -> tuple[datetime, bool, dict[str, int], list[Alarm], int]:
        back = timekeeping.went_back(tx, hub)
        behind = alarm.behind(tx, hub)
        joining.finish(tx, hub)
        return tx.now, back, behind, alarm.ring(tx, hub), recovery.settle_abandoned(tx, hub)

    at, back, behind, rung, unsettled = await hub.store.write_async(work)
    timekeeping.note(hub, at, back=back)
    hub.rung.clear()
    hub.rung.update(behind)
    alarm.say(rung)
    if unsettled:
        log.warning("recover.unknown", disclosures=unsettled)
    await notifying.tell(hub, rung)
    now = hub.clock().timestamp()
    if now >= hub.due.get(CERTIFICATES, 0.0):
        hub.due[CERTIFICATES] = now + certificates.EVERY
        await hub.store.write_async(lambda tx: certificates.look(tx, hub))
    if now >= hub.due.get(CHECKPOINT, 0.0):
        hub.due[CHECKPOINT] = now + CHECKPOINT_EVERY
        await hub.store.write_async(lambda tx: chain.checkpoint(tx, hub.store.keys.signing_key()))
    return False


#: The audit chain is signed this often, in seconds, if anything was added to it.
CHECKPOINT, CHECKPOINT_EVERY = "audit checkpoint", 60.0
#: Under this name the next look at the certificates is due.
CERTIFICATES = "certificates"


def health(hub: Hub) -> dict[str, Any]:
    """Whether the store answers, how many messages are in each state, how deep each destination's lanes are."""
    try:
        counts, depths = hub.store.read(lambda tx: (messages.counts(tx), lanes.depths(tx)))
    except (StoreError, SQLAlchemyError):
        return {"status": "failing", "store": "unreachable"}
    return {
        "status": "ok",
        "messages": counts,
        "waiting": {name: depth for name, (depth, _) in depths.items()},
    }


async def retain(hub: Hub) -> bool:
    """Disposes of a batch of what the retention schedule says. True while there is more."""
    return bool(await hub.store.write_async(lambda tx: retention.dispose(tx, hub, by="retention schedule")))


async def forward_audit(hub: Hub) -> bool:
    """Sends the audit on to the configured repository. True while there is more."""
    return await audit_forwarding.forward(hub)


async def certificate_expired(hub: Hub) -> None:
    """A v2 peer was refused for its expired certificate: that feed stands still, and somebody hears of it."""
    await hub.store.write_async(lambda tx: certificates.refused(tx, hub))


async def know_callers(hub: Hub) -> bool:
    """Takes up which tokens of sources are good now. Never busy."""
    await hub.store.read_async(hub.callers.refresh)
    return False


def gauges(store: Store) -> list[Gauge]:
    """What waits in the store now, for whoever watches this hub; nothing when the store does not answer."""
    try:
        return store.read(waiting.gauges)
    except (StoreError, SQLAlchemyError):
        return []


def client_keys(hub: Hub) -> list[dict[str, Any]]:
    """The public halves of the keys by which this hub signs itself in at destinations, each once."""
    return published([path for one in hub.settings.destination if one.smart for path in one.smart.keys])
