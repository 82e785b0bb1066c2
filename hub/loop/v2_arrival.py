"""HL7 v2 messages at the door: whose, kept, and only then acknowledged (HL7 v2.5.1, 2.9).

What is kept and how it is acknowledged:

- a message of a source: durable under the source and its MSH-10, then AA or CA. The same bytes again get the same
  acknowledgement, byte for byte, and nothing is stored; other bytes under a known MSH-10 get AR or CR, and both stay;
- an answer of a center: the referral moves in the same commit, then AA or CA;
- what cannot be taken as it is (AR, CR): kept as `rejected`, once however often it comes, and can be taken in again
  after a fix;
- what the store does not take is not acknowledged here: the listener answers AE or CE, and it may come again.

An acknowledgement is made of what is stored (the time it was received, its keyed digest) and of nothing else: so it
comes out the same again, from any hub on the same database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial

import structlog

from hub.errors import DuplicateConflict, ReceiveError, StoreError
from hub.loop import application_ack, arrival
from hub.loop.answer import V2, Taken, keep_unread, take
from hub.loop.context import Hub
from hub.loop.feeding import READS
from hub.loop.reply import Reply, from_v2
from hub.loop.v2_sender import ANSWERS, Sender, sender_of
from hub.records import Message as Kept
from hub.settings import DestinationSection, SourceSection
from hub.store import application_acks, messages
from hub.store.tx import Tx
from mappings.errors import ReadError
from mappings.hl7v2 import batch
from mappings.hl7v2.acknowledgement import Outcome, acknowledge, code_for, condition_of
from mappings.hl7v2.answer import read_answer
from mappings.hl7v2.codec import Message, Repetition, glance, header, parse
from mappings.hl7v2.delimiters import Delimiters
from mappings.hl7v2.feed import KNOWN
from mappings.record import record
from mappings.times import zone
from profiles.issue import Issue

log = structlog.get_logger("hub.mllp")

#: What has no configured sender is kept under this name, in the operator's custody.
NOBODY = "mllp"
#: Pieces of messages: kept as evidence, never to be read as a message.
PIECES = frozenset({"receive.truncated", "receive.too-large"})

#: Why a message or a piece of one is not taken, in words, with FHIR's issue type and the condition of table 0357.
_WHY: dict[str, tuple[str, str, str | None]] = {
    "receive.truncated": ("the frame did not come to its end", "incomplete", None),
    "receive.too-large": ("the message is larger than its sender may send", "too-long", "207"),
    "receive.unknown-peer": ("MSH-3 and MSH-4 name no sender that is configured", "security", "103"),
    "receive.certificate": (
        "the sender's certificate is not one that MSH-3 and MSH-4 may come with",
        "security",
        "103",
    ),
    "receive.no-control-id": ("the message has no control id", "required", "101"),
    "receive.no-type": ("the message does not say what type it is", "required", "101"),
    "receive.message-type": ("there is no map for this type of message", "not-supported", "200"),
    "receive.version": ("the message is of a version that is not HL7 v2", "not-supported", "203"),
    "receive.processing-id": ("the message is not for this processing id", "not-supported", "202"),
}
_PLACES = {
    "receive.unknown-peer": "MSH-3",
    "receive.certificate": "MSH-3",
    "receive.no-control-id": "MSH-10",
    "receive.no-type": "MSH-9",
    "receive.message-type": "MSH-9",
    "receive.version": "MSH-12",
    "receive.processing-id": "MSH-11",
}


@record
class _Stored:
    """One message that is in the database, and for a rejection its condition and place."""

    message: Message
    kept: Kept
    error: tuple[str | None, str | None] | None = None


@record
class _Looked:
    """One message of a source before it is stored: `wrong` is the rule by which it is not taken."""

    message: Message
    control_id: str
    asked: str | None
    wrong: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """By what connection a message came: the verified certificate's subject, and a way to send more on it."""

    subject: str | None = None
    push: Callable[[bytes], bool] | None = None


async def all_by_mllp(hub: Hub, frames: Sequence[bytes], came: Came) -> tuple[bytes, ...]:
    """What several frames held that came together, as `by_mllp`, in their order: those of one source in one commit.

    What is not stored gets AE or CE here, and may come again; what stood before and behind it is answered as it is.
    """
    answers: list[bytes] = []
    waiting: list[Message] = []
    of: SourceSection | None = None
    for data in frames:
        found = _of_one_source(hub, data, came)
        if of is not None and (found is None or found[0] is not of):
            answers += await _all_of(hub, of, waiting, came)
            of, waiting = None, []
        if found is not None:
            of = found[0]
            waiting.append(found[1])
        else:
            answers += await _tried(hub, [data], by_mllp(hub, data, came))
    if of is not None:
        answers += await _all_of(hub, of, waiting, came)
    return tuple(answers)


def _of_one_source(hub: Hub, data: bytes, came: Came) -> tuple[SourceSection, Message] | None:
    """A message that can be stored as it is, with its source; None for all that needs another look."""
    try:
        message = glance(data)
    except ReadError:
        return None
    source = _sender(hub, message, came).source
    if source is None or source.mllp is None or source.mllp.charset or source.mllp.max_message is not None:
        return None
    return source, message


async def _all_of(hub: Hub, source: SourceSection, read: list[Message], came: Came) -> tuple[bytes, ...]:
    return await _tried(hub, [message.data for message in read], _of_source(hub, source, read, came))


async def _tried(hub: Hub, frames: list[bytes], taking: Awaitable[tuple[bytes, ...]]) -> tuple[bytes, ...]:
    try:
        return await taking
    except Exception as error:  # noqa: BLE001 - whatever it is, each sender must hear that its message is not stored
        # Its text may hold a payload value; its type does not.
        log.error("mllp.not-taken", error=type(error).__name__, messages=len(frames))
        answers = []
        for data in frames:
            message = header(data)
            code = code_for(message, "error")
            if code is not None:
                number = hub.store.keys.blind("hub", "ack", data).hex()[:20]
                answers.append(acknowledge(message, code, control_id=number, now=hub.clock(), error="207"))
        return tuple(answers)


async def by_mllp(hub: Hub, data: bytes, came: Came) -> tuple[bytes, ...]:
    """What one frame held: a message, or a batch where its source may send them. Its acknowledgements in order, none
    where none is wanted. Raises StoreError when it could not be stored: then nothing of it may be acknowledged."""
    try:
        message = glance(data)
    except ReadError as error:
        return await _unread(hub, data, came, error)
    sender = _sender(hub, message, came)
    source = sender.source
    if source is not None and source.mllp is not None:
        if source.mllp.max_message is not None and len(data) > source.mllp.max_message:
            return await _reject(hub, sender, data, _issue("receive.too-large"))
        if source.mllp.charset and not message.segments[0].field(18):
            # what was agreed for messages that declare none; looked at again with it
            return await _unread(hub, data, came, None)
    return await _message(hub, sender, message, came)


async def _unread(hub: Hub, data: bytes, came: Came, refused: ReadError | None) -> tuple[bytes, ...]:
    """A message that could not be read by its own words alone: with what its source agreed on, or not at all."""
    sender = sender_of(hub.settings, header(data), came.subject)
    feed = sender.source.mllp if sender.source is not None else None
    try:
        message = glance(data, charset=feed.charset if feed else "")
    except ReadError as error:
        if error.rule == "read.batch":
            return await _batch(hub, data, came, error)
        return await _reject(hub, sender, data, error.issues[0])
    return await _message(hub, sender, message, came)


#: Senders that were found once: by MSH-3, MSH-4 and the certificate, while the settings are the same.
_KNOWN = 1000


def _sender(hub: Hub, message: Message, came: Came) -> Sender:
    msh = message.segments[0]
    key = (
        id(hub.settings),
        msh.field(3),
        msh.field(4),
        message.delimiters.component,
        msh.get(9) in ANSWERS,
        came.subject,
    )
    found = hub.v2_senders.get(key)
    if found is None:
        found = sender_of(hub.settings, message, came.subject)
        if len(hub.v2_senders) >= _KNOWN:
            hub.v2_senders.clear()
        hub.v2_senders[key] = found
    return found


def limit(hub: Hub, head: bytes, came: Came) -> int:
    """The most bytes of a message that begins so."""
    source = sender_of(hub.settings, header(head), came.subject).source
    own = source.mllp.max_message if source is not None and source.mllp is not None else None
    return min(own or hub.settings.mllp.max_message, hub.settings.mllp.max_message)


async def quarantine(hub: Hub, data: bytes, came: Came, rule: str) -> None:
    """Keeps a piece of a message, in its sender's custody where the piece says whose it is."""
    sender = sender_of(hub.settings, header(data), came.subject)
    await hub.store.write_async(lambda tx: _keep(tx, hub, sender, data, _issue(rule)))


def turned_away(tx: Tx, kept: Kept) -> bool:
    """Whether it was rejected at the door, or is an answer that nobody could use: neither was ever read as a record."""
    return (
        kept.media_type == V2
        and kept.state in ("rejected", "held")
        and (kept.source.startswith("destination:") or messages.known_by_bytes(tx, kept.id))
    )


def take_again(tx: Tx, hub: Hub, old: Kept) -> Kept:
    """Takes a message that was rejected at the door in again, after a fix, as of the sender it has now; the new one, or
    for an answer itself. A person vouches for its certificate.

    Raises StoreError `store.state` for a piece of a message, and for one that has come again by itself since;
    ReceiveError while its sender is not configured, or it still cannot be read or is still not to be taken.
    """
    if any(issue["details"]["coding"][0]["code"] in PIECES for issue in old.issues):
        raise StoreError(
            "store.state", "a piece of a message is not taken in: its sender has the whole", code="conflict"
        )
    body = messages.body(tx, old.id)
    sender = sender_of(hub.settings, header(body), None, vouched=True)
    feed = sender.source.mllp if sender.source is not None else None
    try:
        message = parse(body, charset=feed.charset if feed is not None else "")
        said = _reply(sender.destination, message, tx.now) if sender.destination is not None else None
    except ReadError as error:
        raise ReceiveError(error.rule, error.issues[0].text, path=error.issues[0].path) from None
    if sender.destination is not None:
        assert said is not None
        taken = take(
            tx,
            hub,
            sender.destination,
            said,
            body=body,
            media_type=V2,
            control_id=message.control_id,
        )
        if taken.error is not None:
            raise taken.error
        messages.set_aside(tx, old.id, "replayed")
        return old
    if sender.source is None:
        raise ReceiveError("receive.unknown-peer", _WHY["receive.unknown-peer"][0], code="not-found")
    source = sender.source
    wrong = _look(source, message).wrong
    if wrong is not None:
        raise ReceiveError(wrong, _WHY[wrong][0])
    made = messages.replay(
        tx,
        old.id,
        into=messages.Owner(source=source.name, custody=source.organization, organization=source.organization),
        control_id=message.control_id,
    )
    application_acks.want(tx, made.id, source=source.name, asked=message.get("MSH-16"))
    return made


async def _batch(hub: Hub, data: bytes, came: Came, refused: ReadError) -> tuple[bytes, ...]:
    """Each message of a batch is one of its own: stored by itself, acknowledged by itself.

    Refused whole where one of them could not be read, or is of a sender who may not send batches: a batch is never
    half taken for want of form.
    """
    try:
        split = batch.messages(data)
    except ReadError as error:
        return await _reject(hub, Sender(unknown="receive.unknown-peer"), data, error.issues[0])
    inside = split.messages
    if not inside or split.issues:
        # counted otherwise than there are, or without its trailer: some may be missing
        return await _reject(hub, Sender(unknown="receive.unknown-peer"), data, refused.issues[0])
    senders = [sender_of(hub.settings, header(one), came.subject) for one in inside]
    sources = {sender.source.name: sender for sender in senders if sender.source is not None}
    first = senders[0]
    if len(sources) != 1 or any(
        s.source is None or s.source.mllp is None or not s.source.mllp.batches for s in senders
    ):
        return await _reject(hub, first, data, refused.issues[0])
    read: list[Message] = []
    for one, sender in zip(inside, senders, strict=True):
        assert sender.source is not None
        assert sender.source.mllp is not None
        try:
            read.append(parse(one, charset=sender.source.mllp.charset))
        except ReadError as error:
            return await _reject(hub, first, data, error.issues[0])
    assert first.source is not None
    return await _of_source(hub, first.source, read, came)


async def _message(hub: Hub, sender: Sender, message: Message, came: Came) -> tuple[bytes, ...]:
    if sender.source is not None:
        return await _of_source(hub, sender.source, [message], came)
    if sender.destination is not None:
        return await _of_destination(hub, sender.destination, parse(message.data))
    assert sender.unknown is not None
    return await _reject(hub, sender, message.data, _issue(sender.unknown))


async def _of_source(hub: Hub, source: SourceSection, read: list[Message], came: Came) -> tuple[bytes, ...]:
    """Messages of one source: all in one commit, so that none overtakes what the source sends next."""
    made = [_look(source, message) for message in read]
    if came.push is not None and any(one.asked for one in made):
        hub.v2_peers[source.name] = came.push
    stored = await hub.store.write_async(lambda tx: [_store(tx, hub, source, one) for one in made])
    return tuple([answer for one in stored for answer in _answer(one.message, one.kept, one.error)])


def _look(source: SourceSection, message: Message) -> _Looked:
    """What is needed of a message to store it. Before the database's turn: that is one for all."""
    wrong, control_id = _lacks(message, source), message.control_id
    if control_id is None:
        wrong = "receive.no-control-id"
    msh = message.segments[0]
    asked = msh.get(16) if msh.field(16) else None
    return _Looked(message=message, control_id=control_id or "", asked=asked, wrong=wrong)


def _store(tx: Tx, hub: Hub, source: SourceSection, looked: _Looked) -> _Stored:
    message = looked.message
    if looked.wrong is not None:
        kept = _keep(tx, hub, Sender(source=source), message.data, _issue(looked.wrong))
        return _Stored(message=message, kept=kept, error=(_WHY[looked.wrong][2], _PLACES.get(looked.wrong)))
    try:
        kept, _ = messages.receive(
            tx,
            source=source.name,
            custody=source.organization,
            organization=source.organization,
            control_id=looked.control_id,
            media_type=V2,
            body=message.data,
            keep_control=False,
        )
    except DuplicateConflict:  # raised before anything is written
        kept = arrival.keep_conflict(tx, hub, source, message.data, V2, looked.control_id)
        return _Stored(message=message, kept=kept, error=("205", "MSH-10"))
    if looked.asked:
        application_acks.want(tx, kept.id, source=source.name, asked=looked.asked)
    return _Stored(message=message, kept=kept)


def _lacks(message: Message, source: SourceSection) -> str | None:
    """The rule by which a well-formed message is not taken, but for its control id."""
    assert source.mllp is not None
    msh = message.segments[0]
    any_type = source.mllp.any_type or source.reads != READS
    return _lack(msh.field(9), msh.field(11), msh.field(12), message.delimiters, source.mllp.processing, any_type)


@lru_cache(maxsize=1024)
def _lack(
    kind: str, processing: str, version: str, delimiters: Delimiters, taken: tuple[str, ...], any_type: bool
) -> str | None:
    """By MSH-9, MSH-11 and MSH-12, of which a sender has few."""
    said = [Repetition(raw, delimiters, "ascii").get() for raw in (kind, processing, version)]
    if said[0] is None:
        return "receive.no-type"
    if not (said[2] or "2").startswith("2"):
        return "receive.version"
    if (said[1] or "P") not in taken:
        return "receive.processing-id"
    event = Repetition(kind, delimiters, "ascii").get(2)
    if any_type or said[0] == "ACK" or f"{said[0]}^{event}" in KNOWN:
        return None
    return "receive.message-type"


async def _of_destination(hub: Hub, destination: DestinationSection, message: Message) -> tuple[bytes, ...]:
    """A center's word about a referral: RRI, SIU, OSU, or the application's late acknowledgement of ours."""
    now = hub.clock()
    number = hub.store.keys.blind(destination.organization, "message.body", message.data).hex()[:20]

    def respond(outcome: Outcome, at: datetime, error: str | None = None) -> tuple[bytes, ...]:
        code = code_for(message, outcome)
        return (acknowledge(message, code, control_id=number, now=at, error=error),) if code else ()

    if message.get("MSH-9.1") == "ACK":
        # 2.9.3: an acknowledgement is not itself acknowledged, but for a CA where its MSH-15 asks.
        await hub.store.write_async(partial(application_ack.settle, hub=hub, destination=destination, message=message))
        return respond("accept", now) if message.get("MSH-15") else ()
    try:
        reply = _reply(destination, message, now)
    except (ReadError, ReceiveError) as error:
        rule = error.rule
        kept = await hub.store.write_async(
            lambda tx: keep_unread(tx, hub, destination, body=message.data, media_type=V2, rule=rule)
        )
        return respond("reject", kept.received_at, "200")

    def work(tx: Tx) -> Taken:
        return take(tx, hub, destination, reply, body=message.data, media_type=V2, control_id=message.control_id)

    taken = await hub.store.write_async(work)
    at = taken.at or now
    if taken.error is None:
        return respond("accept", at)
    return respond("reject", at, "205" if isinstance(taken.error, DuplicateConflict) else "204")


def _reply(destination: DestinationSection, message: Message, now: datetime) -> Reply:
    """What a center says. Raises ReadError, ReceiveError."""
    form = destination.form()
    return from_v2(read_answer(message, now, zone=zone(form.zone) if form.zone else None))


async def _reject(hub: Hub, sender: Sender, data: bytes, issue: Issue) -> tuple[bytes, ...]:
    """Kept, then AR or CR, unless its sender wants no word of it. MSA-2 is empty where there is no MSH."""
    kept = await hub.store.write_async(lambda tx: _keep(tx, hub, sender, data, issue))
    known = _WHY.get(issue.rule)
    return _answer(header(data), kept, (known[2] if known else condition_of(issue.rule), issue.path))


def _keep(tx: Tx, hub: Hub, sender: Sender, data: bytes, issue: Issue) -> Kept:
    if sender.source is not None:
        name, custody = sender.source.name, sender.source.organization
    elif sender.destination is not None:
        name, custody = f"destination:{sender.destination.id}", sender.destination.organization
    else:
        name, custody = NOBODY, hub.settings.operator.organization
    log.warning("mllp.rejected", rule=issue.rule, source=name, size=len(data))
    return messages.keep_rejected(
        tx,
        messages.Owner(source=name, custody=custody, organization=custody),
        media_type=V2,
        body=data,
        issues=(issue,),
    )


def _answer(message: Message | None, kept: Kept, error: tuple[str | None, str | None] | None) -> tuple[bytes, ...]:
    """The acknowledgement, made of what is stored: the same again for the same bytes. `error` is what a rejection
    names: a condition of table 0357, a place."""
    code = code_for(message, "accept" if error is None else "reject")
    if code is None:
        return ()
    condition, place = error or (None, None)
    return (
        acknowledge(message, code, control_id=kept.digest[:20], now=kept.received_at, error=condition, location=place),
    )


def _issue(rule: str) -> Issue:
    text, code, _ = _WHY[rule]
    return Issue(severity="error", code=code, rule=rule, path=_PLACES.get(rule, ""), text=text)
