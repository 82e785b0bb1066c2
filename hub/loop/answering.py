"""The ways by which a center answers of itself: a FHIR message or a Task over HTTP, a v2 message over MLLP.

Stored, then acknowledged; never the other way round.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import structlog

from hub.errors import DuplicateConflict, ReceiveError
from hub.loop import foreign
from hub.loop.answer import V2, Taken, keep_unread, take
from hub.loop.context import Hub
from hub.loop.reply import Reply, from_message, from_own_task, from_v2
from hub.settings import DestinationSection
from hub.store import inputs
from mappings.errors import ReadError
from mappings.hl7v2.acknowledgement import acknowledge, code_for, refuse
from mappings.hl7v2.answer import read_answer
from mappings.hl7v2.codec import parse
from mappings.times import zone

log = structlog.get_logger("hub.answering")


async def by_http(
    hub: Hub, destination: DestinationSection, body: bytes, *, media_type: str, task_id: str | None
) -> None:
    """A message Bundle, or (with `task_id`) the EHR's Task written here. Durable on return.

    Raises ReceiveError: `receive.not-json`, NotFhir (`receive.not-fhir`), what `loop.reply` raises,
    `receive.unknown-referral` for a referral that this destination does not hold, `receive.move`, `receive.conflict`.
    What cannot be read is kept as it came.
    """
    try:
        # Off the event loop: a large message takes long to check.
        reply, control = await asyncio.to_thread(_read, body, task_id)
    except ReceiveError as error:
        await _keep_unread(hub, destination, body, media_type, error.rule)
        log.warning("answer.unreadable", destination=destination.id, rule=error.rule, places=len(error.issues))
        raise
    taken = await _take(hub, destination, reply, body=body, media_type=media_type, control_id=control)
    if taken.error is not None:
        raise taken.error


def _read(body: bytes, task_id: str | None) -> tuple[Reply, str | None]:
    """What the bytes say, and the id under which its sender knows the message. Raises ReceiveError."""
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ReceiveError("receive.not-json", "not JSON", path=place, code="structure") from None
    if not isinstance(document, dict):
        raise ReceiveError("receive.not-object", "a JSON object was expected", code="structure")
    if task_id is None:
        if document.get("resourceType") != "Bundle":
            raise ReceiveError("receive.not-message", "not a message Bundle", path="resourceType", code="structure")
        foreign.check(document)
        return from_message(document), document.get("id")
    if document.get("resourceType") != "Task":
        raise ReceiveError("receive.not-task", "a Task was expected", path="resourceType", code="structure")
    foreign.check(document)
    return from_own_task(document, task_id), None


async def by_mllp(hub: Hub, data: bytes) -> bytes | None:
    """An RRI or SIU; the acknowledgement that its sender wants.

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
        reply = from_v2(read_answer(message, now, zone=zone(form.zone) if form.zone else None, agreed=form.answers))
    except (ReadError, ReceiveError) as error:
        await _keep_unread(hub, destination, data, V2, error.rule)
        return respond("reject", "200")
    taken = await _take(hub, destination, reply, body=data, media_type=V2, control_id=message.control_id)
    if taken.error is None:
        return respond("accept")
    return respond("reject", "205" if isinstance(taken.error, DuplicateConflict) else "204")


async def quarantine(hub: Hub, data: bytes, why: str) -> None:
    """Keeps what came over MLLP and cannot be given to anybody, in the operator's custody, for a person."""
    log.warning("mllp.quarantined", rule=why, size=len(data))
    custody = hub.settings.operator.organization
    await hub.store.write_async(
        lambda tx: inputs.receive(
            tx,
            source="mllp",
            custody=custody,
            organization=custody,
            control_id=None,
            media_type=V2,
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
