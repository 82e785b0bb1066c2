"""How a partner's system takes what we send: form, version, fields, carriers. Declared, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Where a partner can take the 2.32 notice, the consent's scope, and labels (design, section 8).
Carrier = Literal["meta", "nte", "txa", "zseg", "document", "consent", "none"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Partner:
    """A destination's form. Defaults are a FHIR transaction with everything in it.

    `form`: what `render` makes. `resource_types` empty takes all; else what is not listed is left out and reported
    as not sent. `event`: MessageHeader.eventCoding as `system|code`. For v2: `message` (as MSH-9 writes it),
    `version`, `charset` (MSH-18), applications and facilities as MSH-3..6 write them, `zone` for local times.
    `notice`, `scope`, `labels`: the carriers of the 2.32 notice, the consent's scope and security labels.
    """

    id: str = "GENERIC"
    form: Literal["transaction", "message", "hl7v2"] = "transaction"
    resource_types: tuple[str, ...] = ()
    event: str = "https://warmhandoff.org/fhir/CodeSystem/message-event|referral-submit"
    update_event: str = "https://warmhandoff.org/fhir/CodeSystem/message-event|referral-update"
    source_endpoint: str = "urn:warmhandoff:hub"
    destination_endpoint: str | None = None
    message: str = "REF^I12^REF_I12"
    version: str = "2.5.1"
    charset: str = "UNICODE UTF-8"
    sending_application: str = "WARMHANDOFF"
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    acknowledgement: Literal["original", "enhanced"] = "original"
    zone: str | None = None
    notice: Carrier = "meta"
    scope: Carrier = "consent"
    labels: Carrier = "meta"


#: Reads and renders without any agreement with a partner.
GENERIC = Partner()
