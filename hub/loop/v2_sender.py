"""Whose an HL7 v2 message is that came over MLLP: MSH-3 and MSH-4, bound to the certificate of the connection.

A payload cannot choose its origin: the words of an MSH count only on a connection whose certificate that sender may
show (IHE ITI-19). Without certificates, on loopback, whoever reaches the port is the machine itself.
"""

from __future__ import annotations

from typing import Literal

from hub.settings import DestinationSection, Settings, SourceSection
from mappings.hl7v2.acknowledgement import Code, Stencil
from mappings.hl7v2.codec import Message
from mappings.record import record

#: MSH-9.1 of what a center says about a referral. Its other messages are records, if it is a source as well.
ANSWERS = frozenset({"ACK", "ORG", "ORL", "ORR", "OSU", "RRI", "SIU"})
#: Why there is no sender.
Unknown = Literal["receive.unknown-peer", "receive.certificate"]


@record
class Sender:
    """Who sent it: a source, a destination that answers, or nobody, and then why."""

    source: SourceSection | None = None
    destination: DestinationSection | None = None
    unknown: Unknown | None = None


@record
class Alike:
    """What messages have in common whose MSHs differ in time, sequence and control id alone: their source, what it is
    asked in MSH-16, the rule by which none of them is taken, and how they are acknowledged once they are stored."""

    source: SourceSection
    asked: str | None
    wrong: str | None
    code: Code | None
    stencil: Stencil | None


def sender_of(settings: Settings, message: Message | None, subject: str | None, *, vouched: bool = False) -> Sender:
    """The sender of a message whose MSH was read. `subject` is the certificate's; `vouched`: a person says whose it is
    by what MSH says, so that no certificate is asked for (a message that is taken in again).
    """
    if message is None:
        return Sender(unknown="receive.unknown-peer")
    source = next(
        (s for s in settings.source if s.mllp is not None and _named(message, s.mllp.application, s.mllp.facility)),
        None,
    )
    destination = next((d for d in settings.destination if d.adapter == "hl7v2" and _answers_as(message, d)), None)
    if source is None and destination is None:
        return Sender(unknown="receive.unknown-peer")
    asked = settings.mllp.client_ca is not None and not vouched
    if asked and source is not None and (source.mllp is None or subject not in source.mllp.subjects):
        source = None
    if asked and destination is not None and subject not in destination.subjects:
        destination = None
    if source is None and destination is None:
        return Sender(unknown="receive.certificate")
    if source is not None and (destination is None or message.get("MSH-9.1") not in ANSWERS):
        return Sender(source=source)
    return Sender(destination=destination)


def _answers_as(message: Message, destination: DestinationSection) -> bool:
    form = destination.form()
    application, facility = form.receiving_application or "", form.receiving_facility or ""
    return bool(application or facility) and _named(message, application, facility)


def _named(message: Message, application: str, facility: str) -> bool:
    return _is(message, 3, application) and _is(message, 4, facility)


def _is(message: Message, number: int, name: str) -> bool:
    """Whether MSH-3 or MSH-4 is this: its first component, or all of it where the name has components."""
    field = message.segments[0]
    return field.field(number) == name if "^" in name else (field.get(number) or "") == name
