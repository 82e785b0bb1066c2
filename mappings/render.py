"""A Bundle as bytes in a partner's form. Redaction has happened before; nothing edits the bytes afterwards."""

from __future__ import annotations

from typing import Any

from mappings.fhir.bundle import message, not_sent, transaction
from mappings.hl7v2.referral import not_carried, ref_i12
from mappings.partner import Partner

_MEDIA_TYPE = {
    "transaction": "application/fhir+json",
    "message": "application/fhir+json",
    "hl7v2": "x-application/hl7-v2+er7",
}


def render(bundle: dict[str, Any], partner: Partner, *, update: bool = False) -> bytes:
    """The bytes of `bundle` for `partner`: a transaction, a message Bundle or an HL7 v2 message.

    The same Bundle gives the same bytes, ids and control id included. `update` says that the partner has an earlier
    form of this referral (another message event). Raises RenderError when the form cannot carry what is required.
    """
    if partner.form == "hl7v2":
        return ref_i12(bundle, partner)
    if partner.form == "message":
        return message(bundle, partner, update=update)
    return transaction(bundle, partner, update=update)


def left_out(bundle: dict[str, Any], partner: Partner) -> tuple[str, ...]:
    """What of the Bundle the partner's form does not carry: resource types or elements, to be reported as not sent."""
    return not_carried(bundle, partner) if partner.form == "hl7v2" else not_sent(bundle, partner)


def media_type(partner: Partner) -> str:
    """The media type of what `render` makes for this partner."""
    return _MEDIA_TYPE[partner.form]
