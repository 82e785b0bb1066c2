"""The flow on one page: receive → read → translate → label → release → deliver → record.

    receive          the bytes, durable before the answer
    read_waiting     what was received: read, translate, label (`loop.reading`), keep, decide, queue
    deliver_waiting  what is queued: decide again, record as intended, send, settle (`loop.sending`)
    receive_answer   what the center says: the Task moves, the alarm stops (`loop.answer`)
    tell_outcomes    what became of it, as a release to whoever asks (`loop.outcome`)
    ring             silence rings (`loop.alarm`)

Each step commits before the next begins; a crash between two is taken up where it stood.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub.audit import chain
from hub.delivery import fhir_rest
from hub.errors import DeliveryError, DuplicateConflict, LeaseLost, ReceiveError, SettingsError, StoreError
from hub.loop import alarm, fault, keeping, outcome, sending
from hub.loop.answer import Taken, keep_unread, take
from hub.loop.context import Hub
from hub.loop.reading import take_apart
from hub.loop.record import audit
from hub.loop.reply import FINAL, Reply, from_message, from_task, from_v2
from hub.records import Message
from hub.settings import DestinationSection, SourceSection
from hub.store import claims, disclosures, lanes, messages, referrals
from hub.store.tx import Tx
from mappings.errors import ReadError
from mappings.hl7v2.acknowledgement import acknowledge, code_for, refuse
from mappings.hl7v2.answer import read_answer
from mappings.hl7v2.codec import parse
from mappings.record import record
from mappings.times import zone
from profiles.issue import Issue, operation_outcome

__all__ = ["Hub", "Received", "receive"]

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
    issues = _at_first_sight(source, body)

    def work(tx: Tx) -> tuple[Message, bool]:
        return messages.receive(
            tx,
            source=source.name,
            custody=source.organization,
            organization=source.organization,
            control_id=control_id,
            media_type=media_type[:100],
            body=body,
            once=True,
        )

    try:
        message, fresh = await hub.store.write_async(work)
    except DuplicateConflict:
        assert control_id is not None
        control = control_id
        await hub.store.write_async(lambda tx: _keep_conflict(tx, hub, source, body, media_type, control))
        raise
    return Received(message_id=message.id, fresh=fresh, issues=issues)


def _keep_conflict(tx: Tx, hub: Hub, source: SourceSection, body: bytes, media_type: str, control_id: str) -> None:
    """Other bytes under a known control id: which are right, a person says."""
    kept = messages.keep_conflict(
        tx,
        source=source.name,
        custody=source.organization,
        organization=source.organization,
        control_id=control_id,
        media_type=media_type[:100],
        body=body,
    )
    fault.hold_message(tx, hub, kept, "identity", "receive.conflict", owner=fault.ENGINEER)


_JSON_SOURCES = frozenset({"eido", "incident"})


def _at_first_sight(source: SourceSection, body: bytes) -> tuple[Issue, ...]:
    """Where JSON was agreed and this is none, what is wrong and where; the rest is seen when it is read."""
    if source.reads not in _JSON_SOURCES:
        return ()
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if body.lstrip()[:1] == b"{" and body.strip().count(b"\n") > 0 and _first_line_is_json(body):
            return ()  # one JSON value a line
        return (_not_json(body, error),)
    return ()


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> Issue:
    """What is wrong and where; orjson gives no place for bytes that are not UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError as bad:
        line = body.count(b"\n", 0, bad.start) + 1
        column = bad.start - body.rfind(b"\n", 0, bad.start)
        place = f"line {line}, column {column}"
        return Issue(severity="error", code="structure", rule="read.not-utf-8", path=place, text="not UTF-8")
    place = f"line {error.lineno}, column {error.colno}"
    return Issue(severity="error", code="structure", rule="read.not-json", path=place, text="not JSON")


def _first_line_is_json(body: bytes) -> bool:
    try:
        orjson.loads(body.strip().split(b"\n", 1)[0])
    except orjson.JSONDecodeError:
        return False
    return True


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
    for message in claimed:
        try:
            await asyncio.to_thread(process, hub, message)
        except LeaseLost:
            log.info("message.lease-lost", message=message.id)
        except Exception as error:  # noqa: BLE001 - one message that breaks a step must not stop the others
            log.error("message.failed", message=message.id, error=type(error).__name__, at=fault.place(error))
            with suppress(LeaseLost):  # it went back with an earlier one of its source that failed
                await hub.store.write_async(partial(fault.put_aside, hub=hub, message=message, error=error))
    return bool(claimed)


def process(hub: Hub, message: Message) -> None:
    """One message, all of it in one commit: documents, referrals, deliveries, holds, trace, audit."""
    source = hub.source(message.source)
    if source is None:
        _finish_unreadable(hub, message)
        return
    body = hub.store.read(lambda tx: messages.body(tx, message.id))
    parts = take_apart(hub, source, body, hub.clock())
    plan = keeping.plan(hub, source, parts, now=hub.clock())
    hub.store.write(lambda tx: keeping.keep(tx, hub, message, source, plan))


def _finish_unreadable(hub: Hub, message: Message) -> None:
    """An answer that could not be read, or bytes of a source that is no longer configured: kept, and rejected."""
    issue = Issue(
        severity="error",
        code="not-supported",
        rule="receive.no-reader",
        path="",
        text="nothing here reads this; it is kept as it came",
    )
    hub.store.write(lambda tx: messages.finish(tx, message, "rejected", (issue,)))


# ── deliver → record ──────────────────────────────────────────────────────────────────────────────────────────────


async def deliver_waiting(hub: Hub, owner: str, limit: int) -> bool:
    """Sends the heads of the lanes that are ready, side by side. True if there was any."""
    claimed = await hub.store.write_async(
        lambda tx: claims.take(tx, owner=owner, lease_seconds=sending.lease(hub), limit=limit)
    )
    if not claimed:
        return False
    results = await asyncio.gather(*(sending.send(hub, claim) for claim in claimed), return_exceptions=True)
    for claim, result in zip(claimed, results, strict=True):
        if isinstance(result, Exception):
            # What failed is said by type and place, never by text.
            log.error("deliver.failed", delivery=claim.delivery.id, error=type(result).__name__, at=fault.place(result))
            await hub.store.write_async(partial(sending.broken, hub=hub, claim=claim))
        elif isinstance(result, BaseException):
            raise result
    return True


async def recover(hub: Hub, owner: str) -> None:
    """After a crash: what was being sent cannot be known, so its disclosure counts as made.

    On SQLite, whose hubs are processes of one machine, what a dead one had claimed is free at once; a claim on
    PostgreSQL, whose owner may be elsewhere, is waited for.
    """

    def work(tx: Tx) -> int:
        if tx.connection.dialect.name == "sqlite":
            claims.take_back(tx, lambda other: other == owner or _gone(other, hub.name))
        open_ones = disclosures.unsettled(tx)
        for disclosure in open_ones:
            disclosures.settle(tx, disclosure.id, "unknown")
        audit(tx, hub, who=hub.name, action="E", kind="start", entity=("hub", owner))
        return len(open_ones)

    unsettled = await hub.store.write_async(work)
    if unsettled:
        log.warning("recover.unknown", disclosures=unsettled)


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


# ── answers back ──────────────────────────────────────────────────────────────────────────────────────────────────


async def receive_answer(
    hub: Hub, destination: DestinationSection, body: bytes, *, media_type: str, task_id: str | None
) -> None:
    """An answer over HTTP: a message Bundle, or (with `task_id`) the EHR's Task written here. Durable on return.

    Raises ReceiveError: `receive.not-json`, what `loop.reply` raises, `receive.unknown-referral` for a referral that
    this destination does not hold, `receive.move`, `receive.conflict`. What cannot be read is kept as it came.
    """
    control: str | None = None
    try:
        document: Any = orjson.loads(body)
        if not isinstance(document, dict):
            raise ReceiveError("receive.not-object", "a JSON object was expected", code="structure")
        if task_id is None:
            reply = from_message(document)
            control = document.get("id") if isinstance(document.get("id"), str) else None
        else:
            if document.get("resourceType") != "Task":
                raise ReceiveError("receive.not-task", "a Task was expected", path="resourceType", code="structure")
            reply = _named(from_task_at(document, task_id), task_id)
    except orjson.JSONDecodeError as error:
        await _keep_unread(hub, destination, body, media_type, "receive.not-json")
        place = f"line {error.lineno}, column {error.colno}"
        raise ReceiveError("receive.not-json", "not JSON", path=place, code="structure") from None
    except ReceiveError as error:
        await _keep_unread(hub, destination, body, media_type, error.rule)
        raise
    taken = await _take(hub, destination, reply, body=body, media_type=media_type, control_id=control)
    if taken.error is not None:
        raise taken.error


def from_task_at(task: dict[str, Any], task_id: str) -> Reply:
    """A Reply of a Task written to our own id: the URL says which, whatever identifiers it has."""
    return from_task({**task, "identifier": [{"system": TASK, "value": task_id}]})


TASK = "https://warmhandoff.org/fhir/sid/task"


def _named(reply: Reply, task_id: str) -> Reply:
    """Only the Task that the URL names: a body cannot move another."""
    return Reply(
        task_ids=(task_id,),
        status=reply.status,
        business=reply.business,
        reason=reply.reason,
        appointment=reply.appointment,
        form="task",
    )


async def receive_v2(hub: Hub, data: bytes) -> bytes | None:
    """An answer over MLLP (RRI, SIU): stored, then acknowledged; never the other way round.

    The peer is who MSH-3 and MSH-4 say among the configured v2 destinations; for anybody else the answer is AR.
    """
    now = hub.clock()
    number = hub.store.keys.blind("hub", "ack", data).hex()[:20]
    try:
        message = parse(data)
    except ReadError as error:
        await quarantine(hub, data, error.rule)
        return refuse(data, error, control_id=number, now=now)

    def respond(verdict: Any, error: str | None = None) -> bytes | None:
        code = code_for(message, verdict)
        return acknowledge(message, code, control_id=number, now=now, error=error) if code else None

    destination = _v2_destination(hub, message.get("MSH-3"), message.get("MSH-4"))
    if destination is None:
        await quarantine(hub, data, "receive.unknown-peer")
        return respond("reject", "200")
    form = destination.form()
    try:
        reply = from_v2(read_answer(message, now, zone=zone(form.zone) if form.zone else None))
    except (ReadError, ReceiveError) as error:
        await _keep_unread(hub, destination, data, "x-application/hl7-v2+er7", error.rule)
        return respond("reject", "200")
    taken = await _take(
        hub,
        destination,
        reply,
        body=data,
        media_type="x-application/hl7-v2+er7",
        control_id=message.control_id,
    )
    if taken.error is None:
        return respond("accept")
    return respond("reject", "205" if isinstance(taken.error, DuplicateConflict) else "204")


async def quarantine(hub: Hub, data: bytes, why: str) -> None:
    """Keeps what came over MLLP and cannot be given to anybody, in the operator's custody, for a person."""
    log.warning("mllp.quarantined", rule=why, size=len(data))
    custody = hub.settings.operator.organization
    await hub.store.write_async(
        lambda tx: messages.receive(
            tx,
            source="mllp",
            custody=custody,
            organization=custody,
            control_id=None,
            media_type="x-application/hl7-v2+er7",
            body=data,
        )
    )


def _v2_destination(hub: Hub, application: str | None, facility: str | None) -> DestinationSection | None:
    for section in hub.settings.destination:
        if section.adapter == "hl7v2":
            form = section.form()
            named = form.receiving_application or None, form.receiving_facility or None
            if named != (None, None) and named == (application, facility):
                return section
    return None


async def poll(hub: Hub) -> bool:
    """Asks the destinations that do not call: reads the Task of each open referral when its turn has come."""
    now = hub.clock()
    for destination in hub.settings.destination:
        if destination.poll_every is None or destination.adapter != "fhir-rest":
            continue
        due = hub.due.get(destination.id)
        if due is not None and now.timestamp() < due:
            continue
        hub.due[destination.id] = now.timestamp() + destination.poll_every
        await _poll_destination(hub, destination)
    return False


async def _poll_destination(hub: Hub, destination: DestinationSection) -> None:
    waiting = await asyncio.to_thread(
        hub.store.read, lambda tx: [r for r in referrals.listed(tx, destination=destination.id) if _open(r.status)]
    )
    try:
        token = destination.token.reveal() if destination.token else None
    except SettingsError as error:
        log.error("poll.failed", destination=destination.id, rule=error.rule)
        return
    for referral in waiting:
        if referral.remote_id is None:
            continue
        try:
            task = await fhir_rest.read_task(
                hub.transport,
                destination.url,
                remote_task=referral.remote_id,
                token=token,
                timeout=destination.timeout,
                now=hub.clock().timestamp(),
            )
        except DeliveryError as error:
            log.info("poll.failed", destination=destination.id, rule=error.rule)
            return
        if task is None or task.get("status") in ("requested", "received", "ready", "draft"):
            continue
        try:
            reply = _named(from_task_at(task, referral.task_id), referral.task_id)
        except ReceiveError as error:
            log.warning("poll.unreadable", destination=destination.id, rule=error.rule)
            continue
        body = orjson.dumps(task, option=orjson.OPT_SORT_KEYS)
        await _take(hub, destination, reply, body=body, media_type="application/fhir+json", control_id=None)


def _open(status: str) -> bool:
    return status not in FINAL


async def _take(
    hub: Hub, destination: DestinationSection, reply: Reply, *, body: bytes, media_type: str, control_id: str | None
) -> Taken:
    return await hub.store.write_async(
        lambda tx: take(tx, hub, destination, reply, body=body, media_type=media_type, control_id=control_id)
    )


async def _keep_unread(hub: Hub, destination: DestinationSection, body: bytes, media_type: str, rule: str) -> None:
    """An answer that is not understood is kept in the center's custody, and rings for a person."""
    await hub.store.write_async(
        lambda tx: keep_unread(tx, hub, destination, body=body, media_type=media_type, rule=rule)
    )


# ── outcomes, alarms, health ──────────────────────────────────────────────────────────────────────────────────────


async def tell_outcomes(hub: Hub, reader: SourceSection, incident: str) -> bytes:
    """The outcomes of an incident's referrals that `reader` may know, as released bytes; else the same nothing."""
    return await asyncio.to_thread(outcome.tell, hub, reader.organization, incident)


async def ring(hub: Hub) -> bool:
    """Rings what is due. Never busy: it looks again after a pause."""
    rung = await hub.store.write_async(lambda tx: alarm.ring(tx, hub))
    alarm.say(rung)
    now = hub.clock().timestamp()
    if now >= hub.due.get(CHECKPOINT, 0.0):
        hub.due[CHECKPOINT] = now + CHECKPOINT_EVERY
        await hub.store.write_async(lambda tx: chain.checkpoint(tx, hub.store.keys.signing_key()))
    return False


#: The audit chain is signed this often, in seconds, if anything was added to it.
CHECKPOINT, CHECKPOINT_EVERY = "audit checkpoint", 60.0


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
