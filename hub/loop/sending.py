"""One claimed delivery: decided again, recorded as intended, sent, settled.

The same digest sends the same bytes under the same ids. Another digest supersedes the delivery: a withdrawn
permission never leaves from a queue, and never blocks it. A lost claim writes nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Literal

import structlog

from hub.delivery import fhir_message, fhir_rest, hl7v2
from hub.delivery.receipt import Receipt
from hub.delivery.retry import delay
from hub.errors import DeliveryError, ReceiveError, SettingsError, StoreError
from hub.loop import alarm, queue, revoking
from hub.loop.answer import V2, keep_unread, take
from hub.loop.context import Hub
from hub.loop.preparing import Ready, prepare
from hub.loop.record import audit, trace
from hub.loop.releasing import Cleared
from hub.loop.reply import from_v2
from hub.records import Claim, Referral, Tried
from hub.settings import DestinationSection
from hub.store import alarms, claims, disclosures, documents, gates, lanes, referrals
from hub.store.tx import Tx
from hub.tls import client_context
from mappings.errors import ReadError
from mappings.hl7v2.answer import read_answer
from mappings.hl7v2.codec import parse
from mappings.hl7v2.messages import split
from mappings.times import zone

log = structlog.get_logger("hub.sending")


async def send(hub: Hub, claim: Claim, *, prepared: Callable[[], None] = lambda: None) -> None:
    """Sends the head of a claimed lane, or settles it without. Raises only what the store raises.

    `prepared` is called once it is decided and rendered, and what is left is mostly waiting for others.
    """
    delivery = claim.delivery
    try:
        destination = hub.settings.destination_of(delivery.destination)
    except KeyError:
        await hub.store.write_async(lambda tx: claims.block(tx, claim, None, "deliver.no-destination"))
        return
    ready = await asyncio.to_thread(prepare, hub, claim, destination)
    prepared()
    if not isinstance(ready.verdict, Cleared) or ready.verdict.digest != delivery.digest:
        await hub.store.write_async(lambda tx: _supersede(tx, hub, claim, destination, ready))
        return
    cleared = ready.verdict
    started = hub.clock()
    # Committed before the first byte: failing to record is failing to send (part2, section 10).
    intended = await hub.store.write_async(
        lambda tx: disclosures.intend(
            tx,
            delivery_id=delivery.id,
            discloser=ready.referral.organization,
            recipient=destination.organization,
            purpose=cleared.purpose,
            patient_id=ready.referral.patient_id,
            what=cleared.what,
            consents=cleared.consents,
            basis=cleared.basis,
            part2="notice" in cleared.obligations,
            manner="notice" if delivery.kind == "notice" else "delivery",
            digest=delivery.digest,
        )
    )
    try:
        with hub.spans.span("deliver", destination=destination.id, delivery=delivery.id, attempt=claim.attempts + 1):
            receipt = await _transmit(hub, claim, destination, ready)
    except DeliveryError as failed:
        error = failed  # the name of an except clause is gone after it, and the unit of work runs later
        await _settled(
            hub,
            lambda tx: _failed(tx, hub, claim, destination, ready.referral, intended.id, error, Tried(
                started_at=started, error=error.rule
            )),
        )  # fmt: skip
        return
    tried = Tried(started_at=started, code=receipt.code, receipt=receipt.remote_task)

    def settle(tx: Tx) -> None:
        _sent(tx, hub, claim, destination, ready.referral, intended.id, receipt, tried)
        if isinstance(receipt, hl7v2.Acknowledged) and receipt.reply is not None:
            _answered(tx, hub, destination, receipt.reply)

    await _settled(hub, settle)


async def _settled(hub: Hub, work: Callable[[Tx], None]) -> None:
    """Writes how a sending ended, though the database be away for a while: what was sent must not be sent again for
    want of a note of it. After a lease it gives up, as somebody else has the lane by then; raises StoreError."""
    loop = asyncio.get_running_loop()
    until = loop.time() + hub.settings.hub.lease
    while True:
        try:
            await hub.store.write_async(work)
        except StoreError as error:
            if not error.passing or loop.time() > until:
                raise
            await asyncio.sleep(_AGAIN)
        else:
            return


#: Seconds after which the end of a sending is written again that the database did not take.
_AGAIN = 0.25


def _answered(tx: Tx, hub: Hub, destination: DestinationSection, data: bytes) -> None:
    """The center's decision in the message that acknowledged ours (RRI): stored with the receipt, or not at all."""
    form = destination.form()
    try:
        message = parse(data)
        said = from_v2(read_answer(message, tx.now, zone=zone(form.zone) if form.zone else None, agreed=form.answers))
    except (ReadError, ReceiveError) as error:
        keep_unread(tx, hub, destination, body=data, media_type=V2, rule=error.rule)
        return
    take(tx, hub, destination, said, body=data, media_type=V2, control_id=message.control_id)


def _wait(hub: Hub, failures: int, after: float | None = None) -> float:
    section = hub.settings.hub
    return delay(failures, base=section.retry_base, cap=section.retry_cap, after=after, random=hub.random)


def _may_have_gone(tx: Tx, claim: Claim) -> None:
    for disclosure in disclosures.by_delivery(tx, claim.delivery.id):
        if disclosure.state == "intended":
            disclosures.settle(tx, disclosure.id, "unknown")


def cut_off(tx: Tx, claim: Claim) -> None:
    """A sending that was cut off because the hub stops: its lane is free at once, and what was sent may be there."""
    if claims.give_back(tx, claim):
        _may_have_gone(tx, claim)


def broken(tx: Tx, hub: Hub, claim: Claim) -> None:
    """A delivery that broke the hub itself: tried again later, and somebody hears of it. Nothing else stands still."""
    wait = _wait(hub, claim.attempts + 1)
    _may_have_gone(tx, claim)
    tried = Tried(started_at=tx.now, error="hub.failed")
    if claims.retry(tx, claim, tried, jitter=0.0, after_seconds=wait) is None:
        return
    task = claim.delivery.task_id
    referral = referrals.find_by_task(tx, task) if task is not None else None
    if referral is not None and claim.attempts + 1 >= ALARM_AFTER:
        alarm.sound_referral(tx, hub, "undelivered", referral, since=claim.delivery.created_at)
    trace(tx, claim.delivery.message_id, "deliver", "retry", rule="hub.failed", attempt=claim.attempts + 1)


async def _transmit(hub: Hub, claim: Claim, destination: DestinationSection, ready: Ready) -> Receipt:
    now = hub.clock().timestamp()
    if destination.adapter == "hl7v2":
        return await _in_order(hub, claim, destination, ready.payload)
    if destination.adapter == "fhir-message":
        return await fhir_message.send(
            hub.ways.to(destination), destination.url, ready.payload, timeout=destination.timeout, now=now
        )
    return await fhir_rest.send(
        hub.ways.to(destination),
        destination.url,
        ready.payload,
        task_id=ready.referral.task_id,
        timeout=destination.timeout,
        now=now,
    )


def _tls(destination: DestinationSection) -> ssl.SSLContext | None:
    """Made for each sending, so that a renewed certificate counts at once."""
    if not destination.url.startswith("mllps://"):
        return None
    try:
        return client_context(destination.tls, where=f"destination.tls of {destination.id}")
    except SettingsError:
        raise DeliveryError("deliver.tls", "our certificate or its authorities cannot be read") from None


async def _in_order(hub: Hub, claim: Claim, destination: DestinationSection, payload: bytes) -> Receipt:
    """The v2 messages of a release one after the other, each when the one before it is acknowledged and that is
    written down. A sending that was cut off goes on with the first that is not, with its own bytes and control id.

    Raises DeliveryError as `hl7v2.send` does, `unknown` when an earlier message of this attempt has arrived, and
    `deliver.claim-lost` when another hub has the lane by now.
    """
    mode: Literal["original", "enhanced"] = destination.form().acknowledgement
    messages, first = split(payload), claim.delivery.acknowledged
    for number in range(first, len(messages)):
        try:
            receipt = await hl7v2.send(
                destination.url,
                messages[number],
                tls=_tls(destination),
                subjects=destination.tls.subjects if destination.tls is not None else (),
                timeout=destination.timeout,
                mode=mode,
            )
        except DeliveryError as error:
            error.unknown = error.unknown or number > first
            raise
        if number + 1 < len(messages):
            await _noted(hub, claim, destination, receipt, number + 1)
    return receipt


async def _noted(
    hub: Hub, claim: Claim, destination: DestinationSection, receipt: hl7v2.Acknowledged, acknowledged: int
) -> None:
    """Writes down how many messages the destination has, with what it answered beside its receipt."""
    held = True

    def note(tx: Tx) -> None:
        nonlocal held
        held = claims.advance(tx, claim, acknowledged, lease_seconds=hub.settings.hub.lease)
        if held and receipt.reply is not None:
            _answered(tx, hub, destination, receipt.reply)

    await _settled(hub, note)
    if not held:
        raise DeliveryError("deliver.claim-lost", "the lane was taken over by another hub", unknown=True)


def _supersede(tx: Tx, hub: Hub, claim: Claim, destination: DestinationSection, ready: Ready) -> None:
    """The decision or the content has changed since it was queued: settle, and queue what may still go."""
    if not claims.settle(tx, claim, "superseded"):
        return
    trace(tx, claim.delivery.message_id, "deliver", "superseded", destination=destination.id)
    if claim.delivery.kind == "notice":
        return
    queue.put(
        tx,
        hub,
        referrals.find_by_task(tx, ready.referral.task_id) or ready.referral,
        destination,
        ready.verdict,
        message_id=claim.delivery.message_id,
        in_place_of=claim.delivery,
    )


def _sent(
    tx: Tx,
    hub: Hub,
    claim: Claim,
    destination: DestinationSection,
    referral: Referral,
    disclosure: int,
    receipt: Receipt,
    tried: Tried,
) -> None:
    """The destination has it. That is a receipt: businessStatus `delivered`, the Task's status stays (design, 8)."""
    disclosures.settle(tx, disclosure, "sent")
    _is_there(tx, hub, destination)
    if not claims.settle(tx, claim, "done", tried):
        return
    # As it is now: the center may have answered while its receipt was under way, and its word stands.
    referral = referrals.find_by_task(tx, referral.task_id) or referral
    values: dict[str, object] = {"control_id": claim.delivery.control_id}
    if receipt.remote_task is not None:
        values["remote_id"] = receipt.remote_task
    task = documents.current(tx, "Task", referral.task_id)
    notice = claim.delivery.kind == "notice"
    if notice:
        values = {}
    elif referral.status == "requested" and task is not None and task.resource is not None:
        values["business_status"] = "delivered"
        documents.put(
            tx,
            {**task.resource, "businessStatus": DELIVERED},
            custody=referral.custody,
            origin=referral.organization,
            patient_id=referral.patient_id,
            message_id=claim.delivery.message_id,
        )
    if values:
        referrals.change(tx, referral.task_id, **values)
    alarms.clear(tx, kind="undelivered", subject_type="Task", subject_id=referral.task_id)
    trace(
        tx,
        claim.delivery.message_id,
        "deliver",
        "sent",
        destination=destination.id,
        adapter=destination.adapter,
        receipt=receipt.code,
        attempt=claim.attempts + 1,
    )
    trace(tx, claim.delivery.message_id, "record", "sent", disclosure=disclosure, recipient=destination.organization)
    _audit(tx, hub, claim, referral, destination, "0", "sent")


DELIVERED = {
    "coding": [{"system": "https://warmhandoff.org/fhir/CodeSystem/task-business-status", "code": "delivered"}],
    "text": "delivered",
}


def _failed(
    tx: Tx,
    hub: Hub,
    claim: Claim,
    destination: DestinationSection,
    referral: Referral,
    disclosure: int,
    error: DeliveryError,
    tried: Tried,
) -> None:
    """Not taken: try again later in order, or what this destination's policy says of a refusal for good."""
    disclosures.settle(tx, disclosure, "unknown" if error.unknown else "not-sent")
    if error.down:
        _is_down(tx, hub, destination, claim, error)
    else:
        _is_there(tx, hub, destination)
    if error.retry:
        wait = _wait(hub, claim.attempts + 1, error.after)
        if claims.retry(tx, claim, tried, jitter=0.0, after_seconds=wait) is None:
            return
        state = "retry"
        if claim.attempts + 1 >= ALARM_AFTER:
            alarm.sound_referral(tx, hub, "undelivered", referral, since=claim.delivery.created_at)
    elif claim.delivery.kind == "notice":
        # What the system will not take a person tells: the lane goes on.
        if not claims.settle(tx, claim, "parked", tried):
            return
        state = "parked"
        revoking.by_letter(tx, hub, claim.delivery)
    elif destination.on_failure == "block-lane":
        if not claims.block(tx, claim, tried, error.rule):
            return
        state = "blocked"
        alarm.sound_referral(tx, hub, "undelivered", referral, since=claim.delivery.created_at)
    else:
        if not claims.settle(tx, claim, "parked", tried):
            return
        state = "parked"
        alarm.sound_referral(tx, hub, "parked", referral, since=claim.delivery.created_at)
    trace(
        tx,
        claim.delivery.message_id,
        "deliver",
        state,
        destination=destination.id,
        rule=error.rule,
        attempt=claim.attempts + 1,
    )
    _audit(tx, hub, claim, referral, destination, "4", error.rule)


def _is_there(tx: Tx, hub: Hub, destination: DestinationSection) -> None:
    """It answered: if it was given up for a while, what waits for it goes on now."""
    if gates.answered(tx, destination.id):
        freed = lanes.hurry(tx, destination.id)
        log.info("destination.back", destination=destination.id, lanes=freed)


def _is_down(tx: Tx, hub: Hub, destination: DestinationSection, claim: Claim, error: DeliveryError) -> None:
    trips = gates.get(tx, destination.id).trips
    wait = _wait(hub, trips + 1, error.after)
    if gates.failed(tx, claim, after=destination.breaker_after, wait_seconds=wait):
        log.warning("destination.down", destination=destination.id, rule=error.rule)


#: Failed attempts after which somebody hears of it, while the hub goes on trying.
ALARM_AFTER = 3


def _audit(
    tx: Tx,
    hub: Hub,
    claim: Claim,
    referral: Referral,
    destination: DestinationSection,
    outcome: Literal["0", "4"],
    detail: str,
) -> None:
    audit(
        tx,
        hub,
        who=hub.name,
        action="E",
        kind="disclosure",
        entity=("delivery", claim.delivery.id),
        outcome=outcome,
        custody=referral.custody,
        purpose="TREAT",
        patient_id=referral.patient_id,
        detail=(f"to:{destination.organization}", detail),
    )
