"""Who is sent to next: lanes are claimed one after another as there is room for them, each destination by itself.

A destination takes `concurrency` lanes at a time, over all hubs of the database, and after `breaker_after` failures in
a row none until it was tried again with one. So a destination that is slow, or down for a day, holds what goes to it
and nothing else. What is claimed is held by a heartbeat for as long as it is being sent.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import structlog

from hub.errors import StoreError
from hub.loop import fault, sending
from hub.loop.context import Hub
from hub.records import Claim
from hub.settings import DestinationSection
from hub.store import claims, gates, locks
from hub.store.tx import Tx

log = structlog.get_logger("hub.dispatching")

#: Lanes that one process sends at the same time, to all destinations together.
SLOTS = 200
#: Lanes that one process decides and renders at the same time. That is work of the processor: a process that took more
#: would keep from the others what it cannot do itself.
PREPARING = 4


class Dispatcher:
    """Claims and sends for one process. `claim` begins sendings and does not wait for them."""

    def __init__(self, hub: Hub, owner: str) -> None:
        self._hub = hub
        self._owner = owner
        self._sending: dict[asyncio.Task[None], Claim] = {}
        self._heart: asyncio.Task[None] | None = None
        self._preparing: set[int] = set()
        self._room = asyncio.Event()

    async def claim(self, limit: int) -> bool:
        """Claims up to `limit` lanes for which there is room, and begins to send their heads. True if there were any.

        Waits while as many are being prepared as may be. Raises what the store raises.
        """
        while len(self._preparing) >= PREPARING:
            self._room.clear()
            await self._room.wait()
        room = min(limit, SLOTS - len(self._sending), PREPARING - len(self._preparing))
        if room <= 0:
            return False
        claimed = await self._hub.store.write_async(partial(_take, hub=self._hub, owner=self._owner, limit=room))
        self._preparing.update(one.lane_id for one in claimed)
        for one in claimed:
            task = asyncio.create_task(self._send(one))
            self._sending[task] = one
            task.add_done_callback(self._sending.pop)
        if claimed and (self._heart is None or self._heart.done()):
            self._heart = asyncio.create_task(self._beat())
        return bool(claimed)

    async def idle(self) -> None:
        """Waits until everything that was begun has ended."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def stop(self, *, seconds: float) -> None:
        """Lets what is being sent end, for so long; what is left is cut off and given back at once.

        What was cut off may have arrived: its disclosure counts as made.
        """
        if self._sending:
            await asyncio.wait(self._sending, timeout=seconds)
        left = dict(self._sending)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if self._heart is not None:
            self._heart.cancel()
            await asyncio.gather(self._heart, return_exceptions=True)
        for one in left.values():
            with contextlib.suppress(StoreError):  # what cannot be given back is taken up after its lease
                await self._hub.store.write_async(partial(sending.cut_off, claim=one))

    async def _send(self, claim: Claim) -> None:
        hub = self._hub
        prepared = partial(self._prepared, claim.lane_id)
        try:
            await sending.send(hub, claim, prepared=prepared)
        except Exception as error:  # noqa: BLE001 - one delivery that breaks the hub must not stop the others
            # What failed is said by type and place, never by text.
            log.error("deliver.failed", delivery=claim.delivery.id, error=type(error).__name__, at=fault.place(error))
            try:
                await hub.store.write_async(partial(sending.broken, hub=hub, claim=claim))
            except Exception as again:  # noqa: BLE001 - the lane is free again when its lease ends
                log.error("deliver.unsettled", delivery=claim.delivery.id, error=type(again).__name__)
        finally:
            prepared()

    def _prepared(self, lane: int) -> None:
        self._preparing.discard(lane)
        self._room.set()

    async def _beat(self) -> None:
        """Holds the lanes of slow sendings: a third of a lease at a time. Ends when nothing is being sent."""
        lease = self._hub.settings.hub.lease
        while self._sending:
            await asyncio.sleep(lease / 3)
            held = list(self._sending.values())
            try:
                await self._hub.store.write_async(partial(_extend, held=held, lease=lease))
            except Exception as error:  # noqa: BLE001 - the next beat tries again; a lost lease is found when settling
                log.warning("deliver.no-heartbeat", error=type(error).__name__)


def _extend(tx: Tx, held: list[Claim], lease: float) -> None:
    for one in held:
        claims.extend(tx, one, lease_seconds=lease)


def _take(tx: Tx, hub: Hub, owner: str, limit: int) -> list[Claim]:
    """Lanes to send now: not those of a destination that is paused, broken or full."""
    known = gates.every(tx)
    skip = {name for name, one in known.items() if gates.is_shut(one, tx.now)}
    drain = {name: one.drain_to for name, one in known.items() if one.drain_to is not None}
    wanted = claims.ready_for(tx, limit=limit, skip=skip, drain=drain)
    if not wanted:
        return []
    # strictly so many at once: nobody else counts the lanes of a destination while we do
    names = sorted(wanted)
    tried = [locks.ask_hold(tx, "destination", name.encode()) for name in names]
    counted = claims.ask_held(tx, names)
    free = {name for name, got in zip(names, tried, strict=True) if got()}
    held = counted()
    room: dict[str, int] = {}
    for name in free:
        section = _section(hub, name)
        most = 1 if section is None else section.concurrency
        broken = name in known and known[name].trips > 0
        room[name] = max(0, (1 if broken else most) - held.get(name, 0))
    open_ones = {name for name, number in room.items() if number}
    lease = hub.settings.hub.lease
    taken = claims.take(tx, owner=owner, lease_seconds=lease, limit=limit, only=open_ones, room=room, drain=drain)
    for one in taken:
        name = one.delivery.destination
        if name in known and known[name].trips > 0:
            gates.probe(tx, name, one.lane_id, lease_seconds=lease)
    return taken


def _section(hub: Hub, name: str) -> DestinationSection | None:
    try:
        return hub.settings.destination_of(name)
    except KeyError:
        return None
