"""The flow on one page: receive → read → translate → label → release → deliver → record.

    receive          the bytes, durable before the answer
    read_waiting     what was received: read (`loop.reading`), merge with what others told of the same incident
                     (`loop.merging`), translate, label, keep, decide, queue (`loop.keeping`)
    Dispatcher       what is queued, lane by lane as there is room (`loop.dispatching`): decide again, record as
                     intended, send, settle (`loop.sending`)
    receive_v2       HL7 v2 over MLLP, feeds and answers: each acknowledged once it is stored (`loop.v2_arrival`,
                     `loop.v2_together`)
    receive_answer, poll
                     what the center says (`loop.answering`, `loop.polling`): the Task moves, the alarm stops
                     (`loop.answer`)
    tell_outcomes    what became of it, as a release to whoever asks (`loop.outcome`)

Each step commits before the next begins; a crash between two is taken up where it stood.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any

import structlog

from hub.errors import DuplicateConflict, LeaseLost, StoreError
from hub.loop import (
    answering,
    application_ack,
    arrival,
    fault,
    feeding,
    keeping,
    merging,
    outcome,
    polling,
    recovery,
    v2_arrival,
    v2_gating,
    v2_together,
)
from hub.loop.context import Hub
from hub.loop.dispatching import Dispatcher
from hub.loop.reading import take_apart
from hub.loop.v2_arrival import Came
from hub.records import Message
from hub.settings import DestinationSection, SourceSection
from hub.store import inputs, messages
from mappings.record import record
from profiles.issue import Issue, operation_outcome

__all__ = ["Came", "Dispatcher", "Hub", "Received", "receive"]

log = structlog.get_logger("hub.pipeline")


@record
class Received:
    """An input that is durable. `issues`: what is wrong with it at first sight; it is kept all the same."""

    message_id: int
    fresh: bool
    issues: tuple[Issue, ...] = ()


# ── receive ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def receive(hub: Hub, source: SourceSection, body: bytes, *, media_type: str, control_id: str | None) -> Received:
    """Commits the raw bytes under the source's custody. The same bytes, or control id with them, are one message.

    Raises ReceiveError `receive.conflict` (both are kept) and StoreError `store.busy`, `store.commit`.
    """
    issues = arrival.at_first_sight(source, body)

    owner = inputs.Owner(source=source.name, custody=source.organization, organization=source.organization)
    kind = media_type[:100]
    try:
        with hub.spans.span("receive", source=source.name, size=len(body)):
            # those that wait for the same commit are stored together
            taken = await hub.store.write_async(
                inputs.coming(hub.store.keys, owner, control_id=control_id, media_type=kind, body=body)
            )
            if taken.conflict:
                raise DuplicateConflict(taken.message_id)
    except DuplicateConflict:
        assert control_id is not None
        control = control_id
        await hub.store.write_async(lambda tx: arrival.keep_conflict(tx, hub, source, body, media_type, control))
        hub.metrics.count("received", source.name, "conflict")
        raise
    hub.metrics.count("received", source.name, "new" if taken.fresh else "duplicate")
    return Received(message_id=taken.message_id, fresh=taken.fresh, issues=issues)


async def status(hub: Hub, source: SourceSection, message_id: str) -> dict[str, Any] | None:
    """What became of a message, for the source that sent it; None for any other."""
    if not (message_id.isascii() and message_id.isdigit()) or len(message_id) > 18:
        return None
    found = await hub.store.read_async(lambda tx: messages.get(tx, int(message_id)))
    if found is None or found.source != source.name:
        return None
    issues = list(found.issues) or operation_outcome(())["issue"]
    return {
        "message": found.id,
        "state": found.state,
        "outcome": {"resourceType": "OperationOutcome", "issue": issues},
    }


# ── read → translate → label → release (decide and queue) ─────────────────────────────────────────────────────────


async def read_waiting(hub: Hub, owner: str, limit: int) -> bool:
    """Takes what was received, oldest first, through to its lanes, holds or documents. True if there was any."""
    claimed = await hub.store.write_async(
        lambda tx: messages.claim(tx, owner=owner, lease_seconds=hub.settings.hub.lease, limit=limit)
    )
    left = list(claimed)
    held = asyncio.create_task(_hold(hub, left))
    try:
        for message in claimed:
            try:
                await asyncio.to_thread(_traced, hub, message)
            except LeaseLost:
                log.info("message.lease-lost", message=message.id)
            except Exception as error:  # noqa: BLE001 - one message that breaks a step must not stop the others
                log.error("message.failed", message=message.id, error=type(error).__name__, at=fault.place(error))
                with suppress(LeaseLost):  # it went back with an earlier one of its source that failed
                    await hub.store.write_async(partial(fault.put_aside, hub=hub, message=message, error=error))
            left.remove(message)
    finally:
        held.cancel()
    return bool(claimed)


async def _hold(hub: Hub, left: list[Message]) -> None:
    """Holds what was claimed and is not read yet, a third of a lease at a time: on a busy machine the last of a batch
    would otherwise be taken by another worker, and read twice."""
    lease = hub.settings.hub.lease
    while True:
        await asyncio.sleep(lease / 3)
        with suppress(StoreError):  # a lost lease is found when it is settled
            await hub.store.write_async(partial(messages.extend, claimed=tuple(left), lease_seconds=lease))


def _traced(hub: Hub, message: Message) -> None:
    with hub.spans.span("process", message=message.id, source=message.source):
        process(hub, message)


#: How often a message is read again because others told of the same incident at the same time.
RACES = 5


def process(hub: Hub, message: Message) -> None:
    """One message, all of it in one commit: documents, referrals, deliveries, holds, trace, audit."""
    source = hub.source(message.source)
    if source is None:
        hub.store.write(lambda tx: arrival.put_by(tx, message))
        return
    body = hub.store.read(lambda tx: messages.body(tx, message.id))
    if source.reads == v2_gating.READS:
        made, found = feeding.fed(hub, source, body, hub.clock())
        hub.store.write(lambda tx: feeding.keep(tx, hub, message, source, made, found))
        return
    taken = take_apart(hub, source, body, hub.clock(), gated=message.gated_at is not None)
    for turn in range(RACES):
        together = merging.bring_together(hub, source, message, taken, hub.clock())
        plan = keeping.plan(hub, source, together, now=hub.clock())
        try:
            hub.store.write(partial(keeping.keep, hub=hub, message=message, source=source, made=plan))
            return
        except merging.Overtaken:
            if turn == RACES - 1:
                raise


# ── deliver → record ──────────────────────────────────────────────────────────────────────────────────────────────


async def deliver_waiting(hub: Hub, owner: str, limit: int) -> bool:
    """Sends the heads of the lanes that are ready, side by side, and waits for them; True if there was any.

    For one round: a worker keeps a `Dispatcher`, which waits for nobody.
    """
    dispatcher = Dispatcher(hub, owner)
    found = await dispatcher.claim(limit)
    await dispatcher.idle()
    return found


async def recover(hub: Hub, owner: str) -> None:
    """After a crash, before anything else: what was being sent cannot be known, so its disclosure counts as made."""
    await recovery.recover(hub, owner)


# ── answers back ──────────────────────────────────────────────────────────────────────────────────────────────────


async def receive_answer(
    hub: Hub, destination: DestinationSection, body: bytes, *, media_type: str, task_id: str | None
) -> None:
    """An answer over HTTP: a message Bundle, or (with `task_id`) the EHR's Task written here. Durable on return.

    Raises ReceiveError as `loop.answering.by_http` does; what cannot be read is kept as it came.
    """
    await answering.by_http(hub, destination, body, media_type=media_type, task_id=task_id)


async def receive_v2(hub: Hub, data: bytes, came: Came) -> tuple[bytes, ...]:
    """What a frame held, a source's message or a center's answer: stored, then acknowledged; never the other way
    round. Raises StoreError when it is not stored."""
    began = perf_counter()
    answers = await v2_arrival.by_mllp(hub, data, came)
    hub.metrics.acknowledged("mllp", perf_counter() - began)
    return answers


async def receive_all_v2(hub: Hub, frames: Sequence[bytes], came: Came) -> tuple[bytes, ...]:
    """What several frames held that came together. Raises nothing: what is not stored is answered so."""
    began = perf_counter()
    answers = await v2_together.all_by_mllp(hub, frames, came)
    hub.metrics.acknowledged("mllp", perf_counter() - began, inputs=len(frames))
    return answers


def v2_limit(hub: Hub, head: bytes, came: Came) -> int:
    """The most bytes of a v2 message that begins so."""
    return v2_arrival.limit(hub, head, came)


async def quarantine(hub: Hub, data: bytes, came: Came, why: str) -> None:
    """Keeps what came over MLLP and was no whole message, for a person."""
    await v2_arrival.quarantine(hub, data, came, why)


async def acknowledge_applications(hub: Hub) -> bool:
    """Sends the application acknowledgements that sources asked for. True if there was any."""
    return await application_ack.send_owed(hub)


async def poll(hub: Hub) -> bool:
    """Asks the destinations that do not call. Never busy: each has its turn."""
    await polling.poll(hub)
    return False


# ── outcomes, alarms, health ──────────────────────────────────────────────────────────────────────────────────────


async def tell_outcomes(hub: Hub, reader: SourceSection, incident: str) -> bytes:
    """The outcomes of an incident's referrals that `reader` may know, as released bytes; else the same nothing."""
    return await asyncio.to_thread(outcome.tell, hub, reader.organization, incident)
