"""What a dead process had claimed and was sending, and sendings whose end nobody could write down."""

from __future__ import annotations

import os
from datetime import timedelta

import structlog

from hub.loop.context import Hub
from hub.loop.record import audit
from hub.store import claims, disclosures
from hub.store.tx import Tx

log = structlog.get_logger("hub.recovery")


async def recover(hub: Hub, owner: str) -> None:
    """What this owner or one that is gone was sending cannot be known, so its disclosure counts as made. What another
    is sending now is that one's to settle.

    On SQLite, whose hubs are processes of one machine, what a dead one had claimed is free at once; a claim on
    PostgreSQL, whose owner may be elsewhere, is waited for.
    """

    def work(tx: Tx) -> int:
        if tx.connection.dialect.name == "sqlite":
            claims.take_back(tx, lambda other: other == owner or _gone(other, hub.name))
        open_ones = disclosures.abandoned(tx, owner)
        for disclosure in open_ones:
            disclosures.settle(tx, disclosure.id, "unknown")
        audit(tx, hub, who=hub.name, action="E", kind="start", entity=("hub", owner))
        return len(open_ones)

    unsettled = await hub.store.write_async(work)
    if unsettled:
        log.warning("recover.unknown", disclosures=unsettled)


def settle_abandoned(tx: Tx, hub: Hub) -> int:
    """What was intended a lease ago or before, and whose lane nobody holds, counts as made; how many there were.

    Where a sending's end could not be written down (the database was away for longer than a lease) and its delivery
    never went again, being superseded meanwhile, nobody else would say so.
    """
    left = disclosures.abandoned(tx, before=tx.now - timedelta(seconds=hub.settings.hub.lease))
    for disclosure in left:
        disclosures.settle(tx, disclosure.id, "unknown")
    return len(left)


def _gone(owner: str, host: str) -> bool:
    """Whether that owner was a process of this machine that runs no more."""
    name, _, number = owner.rpartition(":")
    if name != host or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
