"""The worker: reads what was received, sends what may leave, polls who does not call, rings when nothing comes.

Six loops of one process. Each sleeps until the store says that something changed, or for a poll interval: a lost
wake-up costs time, never a message. A loop's failure on one item is recorded with that item and the loop goes on;
a failure of the loop itself is logged by its type and the loop starts again after a pause.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from hub import pipeline, upkeep
from hub.store.tx import Topic

log = structlog.get_logger("hub.worker")

#: How often it is looked for what is to ring, in seconds: each look is a transaction of its own.
RING = 0.5
#: How often the retention schedule is looked at, in seconds.
RETAIN = 3600.0
#: How often the audit is sent on, in seconds.
FORWARD = 5.0

#: Seconds after which a loop that had something to do looks again; each further look that finds nothing waits twice as
#: long, up to the poll interval. Other processes' changes wake nobody here, and where there was work more is near.
NEAR = 0.01
#: Seconds for which a process that is reading leaves a lane to the others: it hears of its own lanes at once, and would
#: else be first at all of them while the others have nothing to do.
COURTESY = 0.05
#: Messages taken at once, lanes claimed at once.
BATCH = 20
#: Seconds that what is being sent has to end in when the worker is told to stop.
PATIENCE = 5.0


class Worker:
    """Runs the loops until `stop`. `owner` names this process in leases."""

    def __init__(self, hub: pipeline.Hub, owner: str) -> None:
        self._hub = hub
        self._owner = owner
        self._tasks: list[asyncio.Task[None]] = []
        self._wake: dict[Topic, asyncio.Event] = {"messages": asyncio.Event(), "lanes": asyncio.Event()}
        self._unsubscribe: Callable[[], None] | None = None
        self._reading = False
        self._dispatcher = pipeline.Dispatcher(hub, owner)

    async def start(self) -> None:
        """Starts the loops on the running event loop; takes back what an earlier run of this owner had claimed."""
        loop = asyncio.get_running_loop()

        def wake(topic: Topic) -> None:
            loop.call_soon_threadsafe(self._wake[topic].set)

        self._unsubscribe = self._hub.store.changed.subscribe(wake)
        await pipeline.recover(self._hub, self._owner)
        poll = self._hub.settings.hub.poll
        self._tasks = [
            asyncio.create_task(forever("read", self._read, poll, self._wake["messages"])),
            asyncio.create_task(forever("deliver", self._deliver, poll, self._wake["lanes"])),
            asyncio.create_task(forever("poll", lambda: pipeline.poll(self._hub), poll)),
            asyncio.create_task(forever("alarm", lambda: upkeep.ring(self._hub), max(poll, RING))),
            asyncio.create_task(forever("audit", lambda: upkeep.forward_audit(self._hub), FORWARD)),
            asyncio.create_task(forever("retain", lambda: upkeep.retain(self._hub), RETAIN)),
        ]

    async def stop(self) -> None:
        """Ends the loops: nothing more is claimed, and what is being sent may end for `PATIENCE` seconds."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._dispatcher.stop(seconds=PATIENCE)

    async def _read(self) -> bool:
        self._reading = True
        try:
            return await pipeline.read_waiting(self._hub, self._owner, BATCH)
        finally:
            self._reading = False

    async def _deliver(self) -> bool:
        if self._reading:
            await asyncio.sleep(COURTESY)
        return await self._dispatcher.claim(BATCH)


async def forever(
    name: str, step: Callable[[], Awaitable[bool]], pause: float, event: asyncio.Event | None = None
) -> None:
    """Calls `step` again at once while it did something, else waits for the event or the pause (seconds)."""
    near = pause
    while True:
        if event is not None:
            event.clear()
        try:
            busy = await step()
        except Exception as error:  # noqa: BLE001 - a loop must outlive any one failure; its type is logged
            log.error("loop.failed", loop=name, error=type(error).__name__, rule=getattr(error, "rule", None))
            await asyncio.sleep(max(pause, 0.5))
            continue
        if busy:
            near = NEAR
            continue
        # not wait_for: on Python 3.11 it can swallow the cancellation that ends this loop
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(near if event is not None else pause):
                await (event or asyncio.Event()).wait()
        near = min(pause, near * 2)
