"""Raw bytes kept only as gated: what the CJIS gate took out of a message does not stay in the store beside it.

Of a source with `raw = "gated"` (`Settings.raw_of`), a message from which the gate dropped something is replaced, in
the commit that keeps what it became, by the records that the gate let through, an HL7 v2 message by itself without
what was dropped. One from which nothing was dropped keeps its bytes: they are what the gate lets through, and can be
read again after a mapping was mended. One of which something is held keeps them until a person has looked, and for
good if they find that it is none and nothing else was dropped; so does one of which a part could not be read, or which
a legal hold covers, and a hold (`cjis.raw-kept`) says so. A message that nothing was read of is not known to hold
anything: it is kept as it came, for a person.

What a pack drops for a reason of its own (`pack.drop`) is not criminal justice information and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from hub.loop import alarm, v2_gating
from hub.loop.context import Hub
from hub.loop.merging import Together
from hub.loop.reading import gated_alone
from hub.loop.record import trace
from hub.records import Hold, Message
from hub.settings import SourceSection
from hub.store import holds, legal_holds, messages, tellings
from hub.store.tx import Tx
from mappings.errors import WarmHandoffError
from mappings.incident import Gated
from mappings.incident_json import to_json
from mappings.record import record
from mappings.translation import Translation

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


def hold(tx: Tx, hub: Hub, message: Message, source: SourceSection, held: Sequence[Gated]) -> None:
    """What the gate keeps back of a message for a person, if anything: one hold, which rings."""
    if held:
        _place(tx, hub, message, held[0].rule, source.organization)


def settle_feed(
    tx: Tx, hub: Hub, message: Message, source: SourceSection, account: Iterable[Translation], *, whole: bool
) -> None:
    """As `settle`, of an HL7 v2 message and what its messages became; `whole`: each of them could be read."""
    if hub.settings.raw_of(source) != "gated" or message.gated_at is not None:
        return
    found = tuple(account)
    if any(one.held for one in found):
        return
    if _criminal_justice(gated for one in found for gated in one.dropped):
        _replace(tx, hub, source, message, whole=whole)


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
    through = _through(hub, source, messages.body(tx, message.id))
    if any(one.state == "rejected" for one in settled) or through is None or _criminal_justice(through.dropped):
        _replace(tx, hub, source, message, whole=through is not None)


def _criminal_justice(dropped: Iterable[Gated]) -> bool:
    return any(gated.rule.startswith(_RULES) for gated in dropped)


def _replace(tx: Tx, hub: Hub, source: SourceSection, message: Message, *, whole: bool) -> None:
    """Puts the gated records in the place of the bytes: of this message, and of those it was taken in again from."""
    all_of_it = [message.id, *(one.id for one in messages.repeated_by(tx, message.id) if one.state == "replayed")]
    through = _through(hub, source, messages.body(tx, message.id)) if whole else None
    if through is None or legal_holds.of_messages(tx, message.custody, all_of_it):
        _raw_kept(tx, hub, message)
        return
    for number in all_of_it:
        messages.gate(tx, number, through.body, media_type=through.media_type or message.media_type)
    tellings.forget_joined(tx, all_of_it)
    trace(tx, message.id, "read", "gated", records=through.records)


@record
class _Through:
    """What stays of a body: `media_type` None is the one it came with."""

    body: bytes
    media_type: str | None
    records: int
    dropped: tuple[Gated, ...]


def _through(hub: Hub, source: SourceSection, body: bytes) -> _Through | None:
    """What the gate lets through of a body; None where a part of it cannot be told."""
    if source.reads == v2_gating.READS:
        try:
            kept, dropped = v2_gating.body_through(hub, source, body)
        except WarmHandoffError:
            return None
        return _Through(body=kept, media_type=None, records=1, dropped=dropped)
    records, dropped = gated_alone(hub, source, body)
    return _Through(
        body=b"\n".join(orjson.dumps(to_json(one)) for one in records),
        media_type="application/json" if len(records) == 1 else "application/x-ndjson",
        records=len(records),
        dropped=dropped,
    )


def _raw_kept(tx: Tx, hub: Hub, message: Message) -> None:
    _place(tx, hub, message, RAW_KEPT, message.custody)
    trace(tx, message.id, "read", "raw-kept")


def _place(tx: Tx, hub: Hub, message: Message, reason: str, custody: str) -> None:
    placed = holds.place(
        tx,
        kind="cjis",
        reason=reason,
        owner_role=hub.settings.hub.privacy_officer,
        subject_type="Message",
        subject_id=str(message.id),
        custody=custody,
        message_id=message.id,
    )
    alarm.sound_hold(tx, hub, placed)
