"""RRI^I12 to I15 for a referral that came by REF: it was received, and nothing is decided (HL7 v2.5.1, 11.5.1).

It is the application's acknowledgement of a REF whose sender asks for one. RF1-1 is `P` whatever the sender wrote:
that a hub has a referral is no acceptance. The other fields of RF1, the providers, their contacts and the person are
those of the referral, as RRI requires them, sent back to nobody but its sender.
"""

from __future__ import annotations

from typing import Final

from mappings.hl7v2.codec import Message

#: REF by event, and what answers it.
_ANSWERED: Final = frozenset({"REF^I12", "REF^I13", "REF^I14", "REF^I15"})
_RETURNED: Final = ("PRD", "CTD")


def is_referral(message: Message) -> bool:
    """Whether an RRI answers it: a REF with the RF1 and PID that an RRI must have."""
    return message.type in _ANSWERED and message.first("RF1") is not None and message.first("PID") is not None


def referral_received(message: Message, acknowledgement: bytes) -> bytes:
    """The RRI in place of a positive `acknowledgement` of a referral (`is_referral`): with its MSH and MSA.

    PRD and CTD are those before the PID; what else is in the referral is not repeated.
    """
    marks = message.delimiters
    mark, part = marks.field, marks.component or ""
    msh, msa = acknowledgement.decode(message.encoding).split("\r")[:2]
    fields = msh.split(mark)
    event = message.type.partition("^")[2]
    version = message.version or "2.5.1"
    kind = ["RRI", event, "RRI_I12"] if version >= "2.4" else ["RRI", event]
    fields[8] = part.join(kind) if part else "RRI"
    said = message.first("RF1")
    person = message.first("PID")
    assert said is not None
    assert person is not None
    referral = said.raw.lstrip("\n").split(mark)
    referral[1:2] = [part.join(("P", "Pending", "HL70283")) if part else "P"]
    returned = []
    for segment in message.segments:
        if segment is person:
            break
        if segment.name in _RETURNED:
            returned.append(segment.raw.lstrip("\n"))
    lines = (mark.join(fields), msa, mark.join(referral), *returned, person.raw.lstrip("\n"))
    return "".join([f"{line}\r" for line in lines]).encode(message.encoding)
