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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from hub.errors import DuplicateConflict, ReceiveError, StoreError
from hub.loop import application_ack, arrival
from hub.loop.answer import V2, Taken, keep_unread, take
from hub.loop.context import Hub
from hub.loop.reply import Reply, from_v2
from hub.loop.v2_refusal import PIECES, PLACES, WHY, issue_of, keep, lacks
from hub.loop.v2_sender import ANSWERS, Alike, Sender, sender_of
from hub.records import Message as Kept
from hub.settings import DestinationSection, SourceSection
from hub.store import application_acks, inputs, messages
from hub.store.tx import Tx
from mappings.errors import ReadError
from mappings.hl7v2 import batch
from mappings.hl7v2.acknowledgement import Outcome, acknowledge, code_for, condition_of
from mappings.hl7v2.answer import read_answer
from mappings.hl7v2.codec import Message, glance, header, parse
from mappings.record import record
from mappings.times import zone
from profiles.issue import Issue


@record
class _Stored:
    """Of a message that is in the database what its acknowledgement is made of: its keyed digest, when it was received,
    and for a rejection its condition and place."""

    digest: str
    received_at: datetime
    error: tuple[str | None, str | None] | None = None


@record
class Looked:
    """One message of a source before it is stored. `wrong` is the rule by which it is not taken; `alike` is there where
    nothing but its MSH was read, and that by what it has in common with others: then `message` is not."""

    data: bytes
    control_id: str
    asked: str | None
    wrong: str | None
    message: Message | None = None
    alike: Alike | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """By what connection a message came: the verified certificate's subject, and a way to send more on it."""

    subject: str | None = None
    push: Callable[[bytes], bool] | None = None


async def by_mllp(hub: Hub, data: bytes, came: Came) -> tuple[bytes, ...]:
    """What one frame held: a message, or a batch where its source may send them. Its acknowledgements in order, none
    where none is wanted. Raises StoreError when it could not be stored: then nothing of it may be acknowledged."""
    try:
        message = glance(data)
    except ReadError as error:
        return await _unread(hub, data, came, error)
    sender = known_sender(hub, message, came)
    source = sender.source
    if source is not None and source.mllp is not None:
        if source.mllp.max_message is not None and len(data) > source.mllp.max_message:
            return await _reject(hub, sender, data, issue_of("receive.too-large"))
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
KNOWN_SENDERS = 1000


def known_sender(hub: Hub, message: Message, came: Came) -> Sender:
    """The sender of a message, found once for all that are sent so."""
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
        if len(hub.v2_senders) >= KNOWN_SENDERS:
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
    await hub.store.write_async(lambda tx: keep(tx, hub, sender, data, issue_of(rule)))


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
        raise ReceiveError("receive.unknown-peer", WHY["receive.unknown-peer"][0], code="not-found")
    source = sender.source
    wrong = look(source, message).wrong
    if wrong is not None:
        raise ReceiveError(wrong, WHY[wrong][0])
    made = inputs.replay(
        tx,
        old.id,
        into=inputs.Owner(source=source.name, custody=source.organization, organization=source.organization),
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
    return await of_source(hub, first.source, [look(first.source, one) for one in read], came)


async def _message(hub: Hub, sender: Sender, message: Message, came: Came) -> tuple[bytes, ...]:
    if sender.source is not None:
        return await of_source(hub, sender.source, [look(sender.source, message)], came)
    if sender.destination is not None:
        return await _of_destination(hub, sender.destination, parse(message.data))
    assert sender.unknown is not None
    return await _reject(hub, sender, message.data, issue_of(sender.unknown))


async def of_source(hub: Hub, source: SourceSection, found: Sequence[Looked], came: Came) -> tuple[bytes, ...]:
    """Stores messages of one source, all in one commit, so that none overtakes what the source sends next; their
    acknowledgements in order. Raises StoreError."""
    if came.push is not None and any(one.asked for one in found):
        hub.v2_peers[source.name] = came.push
    stored = await hub.store.write_async(_coming(hub, source, found))
    return tuple([answer for one, kept in zip(found, stored, strict=True) for answer in _acknowledged(one, kept)])


def look(source: SourceSection, message: Message) -> Looked:
    """What is needed of a message to store it. Before the database's turn: that is one for all."""
    control_id = message.control_id
    wrong = lacks(message, source) if control_id is not None else "receive.no-control-id"
    msh = message.segments[0]
    asked = msh.get(16) if msh.field(16) else None
    return Looked(data=message.data, message=message, control_id=control_id or "", asked=asked, wrong=wrong)


@record
class _Coming:
    """Messages of one source as a unit of work; what other connections bring for the same commit is stored with it."""

    hub: Hub
    source: SourceSection
    found: Sequence[Looked]
    #: Of those that can be taken, in their order.
    inputs: Sequence[inputs.Input]

    def __call__(self, tx: Tx) -> list[_Stored]:
        """Stores them by themselves."""
        return self.together(tx, [self])[0]

    @staticmethod
    def together(tx: Tx, units: Sequence[_Coming]) -> list[list[_Stored]]:
        """Stores those of several connections, unit by unit."""
        taken = iter(inputs.Input.together(tx, [one for unit in units for one in unit.inputs]))
        return [_settled(tx, unit, taken) for unit in units]


def _coming(hub: Hub, source: SourceSection, found: Sequence[Looked]) -> _Coming:
    owner = inputs.Owner(source=source.name, custody=source.organization, organization=source.organization)
    keys = hub.store.keys
    return _Coming(
        hub=hub,
        source=source,
        found=found,
        inputs=[
            # the control id is not kept beside the body: it is in it
            inputs.coming(keys, owner, control_id=one.control_id, media_type=V2, body=one.data, keep_control=False)
            for one in found
            if one.wrong is None
        ],
    )


def _settled(tx: Tx, unit: _Coming, taken: Iterator[inputs.Taken]) -> list[_Stored]:
    """For each message what its acknowledgement is made of; what is not to be taken is kept here."""
    hub, source, coming = unit.hub, unit.source, iter(unit.inputs)
    stored = []
    for one in unit.found:
        if one.wrong is not None:
            kept = keep(tx, hub, Sender(source=source), one.data, issue_of(one.wrong))
            stored.append(_stored(kept, error=(WHY[one.wrong][2], PLACES.get(one.wrong))))
            continue
        came, became = next(coming), next(taken)
        if became.conflict:
            kept = arrival.keep_conflict(tx, hub, source, one.data, V2, one.control_id)
            stored.append(_stored(kept, error=("205", "MSH-10")))
            continue
        if one.asked:
            application_acks.want(tx, became.message_id, source=source.name, asked=one.asked)
        stored.append(_Stored(digest=came.digest.hex(), received_at=became.received_at))
    return stored


def _stored(kept: Kept, *, error: tuple[str | None, str | None] | None = None) -> _Stored:
    return _Stored(digest=kept.digest, received_at=kept.received_at, error=error)


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
    return from_v2(read_answer(message, now, zone=zone(form.zone) if form.zone else None, agreed=form.answers))


async def _reject(hub: Hub, sender: Sender, data: bytes, issue: Issue) -> tuple[bytes, ...]:
    """Kept, then AR or CR, unless its sender wants no word of it. MSA-2 is empty where there is no MSH."""
    kept = await hub.store.write_async(lambda tx: keep(tx, hub, sender, data, issue))
    known = WHY.get(issue.rule)
    error = (known[2] if known else condition_of(issue.rule), issue.path)
    return _answer(header(data), _stored(kept, error=error))


def _acknowledged(looked: Looked, stored: _Stored) -> tuple[bytes, ...]:
    alike = looked.alike
    if alike is None or stored.error is not None:
        return _answer(looked.message or glance(looked.data), stored)
    if alike.code is None:
        return ()
    if alike.stencil is None:
        return _answer(glance(looked.data), stored)
    number, echo = stored.digest[:20], looked.control_id.encode("ascii")
    return (alike.stencil.fill(echo, control_id=number, now=stored.received_at),)


def _answer(message: Message | None, stored: _Stored) -> tuple[bytes, ...]:
    """The acknowledgement, made of what is stored: the same again for the same bytes."""
    code = code_for(message, "accept" if stored.error is None else "reject")
    if code is None:
        return ()
    condition, place = stored.error or (None, None)
    number, now = stored.digest[:20], stored.received_at
    return (acknowledge(message, code, control_id=number, now=now, error=condition, location=place),)
