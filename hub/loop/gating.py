"""Raw bytes kept only as gated: what the CJIS gate took out of a message does not stay in the store beside it.

Of a source with `raw = "gated"` (`Settings.raw_of`), a message from which the gate dropped something is replaced, in
the commit that keeps what it became, by the records that the gate let through. One from which nothing was dropped
keeps its bytes: they are what the gate lets through, and can be read again after a mapping was mended. One of which
something is held keeps them until a person has looked, and for good if they find that it is none and nothing else was
dropped; so does one of which a part could not be read, or which a
legal hold covers, and a hold (`cjis.raw-kept`) says so. A message that nothing was read of is not known to hold
anything: it is kept as it came, for a person.

What a pack drops for a reason of its own (`pack.drop`) is not criminal justice information and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from hub.loop import alarm
from hub.loop.context import Hub
from hub.loop.merging import Together
from hub.loop.reading import gated_alone
from hub.loop.record import trace
from hub.records import Hold, Message
from hub.settings import SourceSection
from hub.store import holds, legal_holds, messages, tellings
from hub.store.tx import Tx
from mappings.incident import Gated
from mappings.incident_json import to_json

#: Why raw bytes with criminal justice information in them are still here.
RAW_KEPT = "cjis.raw-kept"
#: The rules of the gate and of the field classes that readers and packs declare.
_RULES = "cjis."


def settle(tx: Tx, hub: Hub, message: Message, source: SourceSection, parts: Together) -> None:
    """Settles what stays of a message that was worked through: its bytes, or what the gate let through."""
    if hub.settings.raw_of(source) != "gated" or message.gated_at is not None:
        return
    records = parts.taken.records
    if any(record.held for record in records):
        return  # `keeping` placed the hold
    if _criminal_justice(gated for record in records for gated in record.dropped):
        _replace(tx, hub, source, message, whole=not parts.rejected)


def resolved(tx: Tx, hub: Hub, hold: Hold) -> None:
    """A person has looked at what a message was held for: its bytes go, unless another such hold is open.

    Where each was released, so that what was held is no criminal justice information, and nothing was dropped, the
    bytes may stay.
    """
    message = messages.get(tx, hold.message_id) if hold.message_id is not None else None
    source = hub.source(message.source) if message is not None else None
    if message is None or source is None or hub.settings.raw_of(source) != "gated":
        return
    gone = message.gated_at is not None or message.state in ("expunged", "disposed")
    settled = holds.listed(tx, state=None, kind="cjis", message_id=message.id)
    if gone or any(one.state == "open" for one in settled):
        return
    _, dropped = gated_alone(hub, source, messages.body(tx, message.id))
    if any(one.state == "rejected" for one in settled) or _criminal_justice(dropped):
        _replace(tx, hub, source, message, whole=True)


def _criminal_justice(dropped: Iterable[Gated]) -> bool:
    return any(gated.rule.startswith(_RULES) for gated in dropped)


def _replace(tx: Tx, hub: Hub, source: SourceSection, message: Message, *, whole: bool) -> None:
    """Puts the gated records in the place of the bytes: of this message, and of those it was taken in again from."""
    all_of_it = [message.id, *(one.id for one in messages.repeated_by(tx, message.id) if one.state == "replayed")]
    if not whole or legal_holds.of_messages(tx, message.custody, all_of_it):
        _raw_kept(tx, hub, message)
        return
    records, _ = gated_alone(hub, source, messages.body(tx, message.id))
    body = b"\n".join(orjson.dumps(to_json(record)) for record in records)
    for number in all_of_it:
        messages.gate(tx, number, body, media_type="application/json" if len(records) == 1 else "application/x-ndjson")
    tellings.forget_joined(tx, all_of_it)
    trace(tx, message.id, "read", "gated", records=len(records))


def _raw_kept(tx: Tx, hub: Hub, message: Message) -> None:
    hold = holds.place(
        tx,
        kind="cjis",
        reason=RAW_KEPT,
        owner_role=hub.settings.hub.privacy_officer,
        subject_type="Message",
        subject_id=str(message.id),
        custody=message.custody,
        message_id=message.id,
    )
    alarm.sound_hold(tx, hub, hold)
    trace(tx, message.id, "read", "raw-kept")
