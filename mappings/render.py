"""A Bundle as bytes in a partner's form. Redaction has happened before; nothing edits the bytes afterwards."""

from __future__ import annotations

from typing import Any

from mappings.fhir.bundle import message, not_sent, transaction
from mappings.hl7v2.messages import not_carried, v2_messages
from mappings.partner import Partner

_MEDIA_TYPE = {
    "transaction": "application/fhir+json",
    "message": "application/fhir+json",
    "hl7v2": "x-application/hl7-v2+er7",
}


def render(bundle: dict[str, Any], partner: Partner, *, update: bool = False) -> bytes:
    """The bytes of `bundle` for `partner`: a transaction, a message Bundle, or HL7 v2 messages one after the other
    (`mappings.hl7v2.messages.split` parts them).

    The same Bundle gives the same bytes, ids and control id included. `update` says that the partner has an earlier
    form of this referral (another message event). Raises RenderError when the form cannot carry what is required.
    """
    if partner.form == "hl7v2":
        return b"".join(v2_messages(bundle, partner, update=update))
    if partner.form == "message":
        return message(bundle, partner, update=update)
    return transaction(bundle, partner, update=update)


def left_out(bundle: dict[str, Any], partner: Partner, *, update: bool = False) -> tuple[str, ...]:
    """What of the Bundle the partner's form does not carry: resource types or elements, to be reported as not sent."""
    return not_carried(bundle, partner, update=update) if partner.form == "hl7v2" else not_sent(bundle, partner)


def media_type(partner: Partner) -> str:
    """The media type of what `render` makes for this partner."""
    return _MEDIA_TYPE[partner.form]
