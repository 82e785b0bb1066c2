"""The application's acknowledgement in enhanced mode (HL7 v2.5.1, 2.9.3): after the commit's, when a message is done.

Ours to a source that asked for it (MSH-16): AA when the message was taken up, also where a person has yet to decide,
AR when it was rejected; to a REF it is an RRI whose RF1-1 is `P`, as a receipt is no acceptance. It goes to the
source's `application_ack.url`, else on the connection by which the source sends while that is open; for each source
in the order of its messages, and the same bytes again until it is there.

A destination's to us: late word about a message of ours that it had only committed to (CA). A refusal rings.
"""

from __future__ import annotations

from functools import partial

import structlog

from hub.delivery import hl7v2
from hub.delivery.retry import delay
from hub.errors import DeliveryError, SettingsError
from hub.loop import alarm
from hub.loop.context import Hub
from hub.loop.record import trace
from hub.settings import ApplicationAckSection, DestinationSection
from hub.store import application_acks, messages, referrals
from hub.store.application_acks import Owed
from hub.store.tx import Tx
from hub.tls import client_context
from mappings.errors import ReadError
from mappings.hl7v2.acknowledgement import Code, acknowledge
from mappings.hl7v2.codec import Message, header, parse
from mappings.hl7v2.referral_received import is_referral, referral_received

log = structlog.get_logger("hub.mllp")

#: Taken at once, and for how long (seconds): longer than a whole claim may take to send.
BATCH = 20
_LEASE = 120.0
#: Seconds until a source that has no connection open is looked for again.
_AWAY = 5.0


async def send_owed(hub: Hub) -> bool:
    """Sends what is due and can be sent from here. True if there was any."""
    urls = {
        s.name: s.mllp.application_ack
        for s in hub.settings.source
        if s.mllp is not None and s.mllp.application_ack is not None
    }
    reachable = set(urls) | set(hub.v2_peers)
    if not reachable:
        return False
    owed = await hub.store.write_async(
        lambda tx: application_acks.claim(tx, sources=reachable, lease_seconds=_LEASE, limit=BATCH)
    )
    stopped: set[str] = set()
    for one in owed:
        if one.source in stopped:
            # behind one that failed: order is kept
            await _write(hub, partial(application_acks.postpone, message_id=one.message_id, seconds=0.0, tried=False))
        elif not await _send(hub, one, urls.get(one.source)):
            stopped.add(one.source)
    return bool(owed) and not stopped


async def _send(hub: Hub, owed: Owed, section: ApplicationAckSection | None) -> bool:
    """Whether it is settled."""
    code: Code = "AR" if owed.state == "rejected" else "AA"
    if (owed.asked == "ER" and code == "AA") or (owed.asked == "SU" and code == "AR"):
        await _write(hub, partial(application_acks.settle, message_id=owed.message_id, code=None))
        return True
    confirmed = section is not None and section.confirmed
    source = hub.source(owed.source)
    charset = source.mllp.charset if source is not None and source.mllp is not None else ""
    written = hub.store.read(partial(_made, owed=owed, code=code, confirmed=confirmed, charset=charset))
    if written is None:  # expunged since: there is nothing left to name
        await _write(hub, partial(application_acks.settle, message_id=owed.message_id, code=None))
        return True
    if section is None:
        push = hub.v2_peers.get(owed.source)
        if push is None or not push(written):
            hub.v2_peers.pop(owed.source, None)
            await _write(
                hub, partial(application_acks.postpone, message_id=owed.message_id, seconds=_AWAY, tried=False)
            )
            return False
    else:
        try:
            await _transmit(section, written, where=f"source.mllp.application_ack of {owed.source}")
        except (DeliveryError, SettingsError) as error:
            return await _failed(hub, owed, error)
    await _write(hub, partial(application_acks.settle, message_id=owed.message_id, code=code))
    return True


async def _transmit(section: ApplicationAckSection, written: bytes, *, where: str) -> None:
    secured = section.url.startswith("mllps://")
    tls = client_context(section.tls, where=where) if secured else None
    subjects = section.tls.subjects if section.tls is not None else ()
    if section.confirmed:
        await hl7v2.send(section.url, written, tls=tls, subjects=subjects, timeout=section.timeout, mode="enhanced")
    else:
        await hl7v2.tell(section.url, written, tls=tls, subjects=subjects, timeout=section.timeout)


async def _failed(hub: Hub, owed: Owed, error: DeliveryError | SettingsError) -> bool:
    log.warning("mllp.application-ack", source=owed.source, rule=error.rule, attempt=owed.attempts + 1)
    if error.rule == "deliver.application-reject":
        await _write(hub, partial(application_acks.refuse, message_id=owed.message_id, code="CR"))
        return True
    wait = delay(
        owed.attempts + 1,
        base=hub.settings.hub.retry_base,
        cap=hub.settings.hub.retry_cap,
        after=None,
        random=hub.random,
    )
    await _write(hub, partial(application_acks.postpone, message_id=owed.message_id, seconds=wait, tried=True))
    return False


def _made(tx: Tx, *, owed: Owed, code: Code, confirmed: bool, charset: str) -> bytes | None:
    """The acknowledging message: of what is stored, so that another try sends the same bytes."""
    kept = messages.get(tx, owed.message_id)
    if kept is None or kept.state == "expunged" or kept.finished_at is None:
        return None
    number = tx.keys.blind(kept.custody, "message.body", f"application-ack {kept.id}").hex()[:20]
    body = messages.body(tx, kept.id)
    whole = _whole(body, charset) if code == "AA" else None
    made = acknowledge(
        whole or header(body),
        code,
        control_id=number,
        now=kept.finished_at,
        error="207" if code == "AR" else None,
        confirm=confirmed,
    )
    # a referral is answered by its own answer, which says that it was received and that nothing is decided
    return referral_received(whole, made) if whole is not None else made


def _whole(body: bytes, charset: str) -> Message | None:
    """The message, where it is a referral."""
    try:
        message = parse(body, charset=charset)
    except ReadError:
        return None
    return message if is_referral(message) else None


async def _write(hub: Hub, work: partial[None]) -> None:
    await hub.store.write_async(lambda tx: work(tx))


def settle(tx: Tx, *, hub: Hub, destination: DestinationSection, message: Message) -> None:
    """A destination's late acknowledgement of a message of ours, by its MSA-2 alone; what matches none changes nothing.

    AE and AR ring for the person who looks after the referral: the message was delivered, and the application behind
    the receiver does not take it.
    """
    code, control_id = message.get("MSA-1"), message.get("MSA-2")
    found = referrals.find_by_control(tx, destination.id, control_id) if control_id is not None else None
    if found is None or code not in ("AA", "AE", "AR"):
        log.warning("mllp.foreign-ack", destination=destination.id)
        return
    trace(tx, found.message_id, "deliver", "application-ack", destination=destination.id, receipt=code)
    if code != "AA":
        alarm.sound_referral(tx, hub, "undelivered", found, since=found.requested_at)
