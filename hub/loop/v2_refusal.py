"""HL7 v2 messages that are not taken: why, in words and codes, and how they are kept (HL7 v2.5.1, 2.9; table 0357)."""

from __future__ import annotations

from functools import lru_cache

import structlog

from hub.loop.answer import V2
from hub.loop.context import Hub
from hub.loop.v2_gating import READS
from hub.loop.v2_sender import Sender
from hub.records import Message as Kept
from hub.settings import SourceSection
from hub.store import inputs
from hub.store.tx import Tx
from mappings.hl7v2.codec import Message
from mappings.hl7v2.delimiters import Delimiters
from mappings.hl7v2.feed import KNOWN
from mappings.hl7v2.segment import Repetition
from profiles.issue import Issue

log = structlog.get_logger("hub.mllp")

#: What has no configured sender is kept under this name, in the operator's custody.
NOBODY = "mllp"
#: Pieces of messages: kept as evidence, never to be read as a message.
PIECES = frozenset({"receive.truncated", "receive.too-large"})

#: Why a message or a piece of one is not taken, in words, with FHIR's issue type and the condition of table 0357.
WHY: dict[str, tuple[str, str, str | None]] = {
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
#: The field that such a rule is about.
PLACES = {
    "receive.unknown-peer": "MSH-3",
    "receive.certificate": "MSH-3",
    "receive.no-control-id": "MSH-10",
    "receive.no-type": "MSH-9",
    "receive.message-type": "MSH-9",
    "receive.version": "MSH-12",
    "receive.processing-id": "MSH-11",
}


def lacks(message: Message, source: SourceSection) -> str | None:
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


def keep(tx: Tx, hub: Hub, sender: Sender, data: bytes, issue: Issue) -> Kept:
    """Keeps what is not taken, as `rejected` in its sender's custody, or in the operator's where it has none."""
    if sender.source is not None:
        name, custody = sender.source.name, sender.source.organization
    elif sender.destination is not None:
        name, custody = f"destination:{sender.destination.id}", sender.destination.organization
    else:
        name, custody = NOBODY, hub.settings.operator.organization
    log.warning("mllp.rejected", rule=issue.rule, source=name, size=len(data))
    return inputs.keep_rejected(
        tx,
        inputs.Owner(source=name, custody=custody, organization=custody),
        media_type=V2,
        body=data,
        issues=(issue,),
    )


def issue_of(rule: str) -> Issue:
    """The issue of one of these rules. Raises KeyError for another."""
    text, code, _ = WHY[rule]
    return Issue(severity="error", code=code, rule=rule, path=PLACES.get(rule, ""), text=text)
