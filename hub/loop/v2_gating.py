"""The CJIS gate of HL7 v2 feeds: whose messages it stands before, and what it lets through of one.

It stands before every source that is not known to be health care's: a hospital's note that a patient was in prison is
a medical record, a police agency's is criminal justice information, and what nobody declared is treated as that.
"""

from __future__ import annotations

from typing import Final

from hub.loop.context import Hub
from hub.settings import SourceSection
from mappings.errors import WarmHandoffError
from mappings.hl7v2 import batch
from mappings.hl7v2.codec import Message, parse
from mappings.hl7v2.criminal_justice import Through, gate
from mappings.incident import Gated

#: What `SourceSection.reads` says of a feed.
READS: Final = "hl7v2"
#: The postures of those whose records are health care's, or came from there.
_HEALTH: Final = frozenset(
    {"part2-program", "covered-entity", "business-associate", "qso", "intermediary", "lawful-holder"}
)


def through(hub: Hub, source: SourceSection, message: Message) -> Through:
    """A message as the gate lets it through: as it is, where its source's organization is health care's."""
    if hub.settings.posture(source.organization) in _HEALTH:
        return Through(message=message)
    return gate(message)


def body_through(hub: Hub, source: SourceSection, body: bytes) -> tuple[bytes, tuple[Gated, ...]]:
    """What stays of a body in which nothing is wrong, and what the gate dropped: its messages as they come through,
    several as a batch. Raises WarmHandoffError where something is wrong in it."""
    split = batch.messages(body)
    if split.issues:
        raise WarmHandoffError(split.issues[0].rule, "the batch is not whole")
    charset = source.mllp.charset if source.mllp is not None else ""
    found = [through(hub, source, parse(one, charset=charset)) for one in split.messages]
    dropped = tuple([gated for one in found for gated in one.dropped])
    if len(found) == 1:
        return found[0].message.data, dropped
    inside = b"".join([one.message.data.rstrip(b"\r\n") + b"\r" for one in found])
    return b"BHS|^~\\&\r" + inside + b"BTS|%d\r" % len(found), dropped
