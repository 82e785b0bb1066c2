"""How a partner's system takes what we send: form, version, fields, carriers. Declared, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: Where a partner can take the 2.32 notice and the consent's scope (design, section 8).
Carrier = Literal["meta", "nte", "msh-28", "document", "consent", "con", "none"]
#: Where a partner's HL7 v2 form takes security labels: fields, `arv` and `zseg` segments.
LabelCarrier = Literal["msh-8", "msh-26", "pd1-12", "pv1-16", "pv2-22", "orc-28", "txa-18", "dg1-18", "arv", "zseg"]
#: What a partner's answer to an order says: `received` and `scheduled` decide nothing.
OrderAnswer = Literal[
    "received", "accepted", "rejected", "scheduled", "in-progress", "on-hold", "completed", "cancelled"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Partner:
    """A destination's form. Defaults are a FHIR transaction with everything in it.

    `form`: what `render` makes. `resource_types` empty takes all; else what is not listed is left out and reported
    as not sent. `event`: MessageHeader.eventCoding as `system|code`. `notice`, `scope`: the carriers of the 2.32
    notice and the consent's scope.

    For v2: `messages` (each as MSH-9 writes it) that one referral becomes, in their order; `version`, `charset`
    (MSH-18), applications and facilities as MSH-3..6 write them, `zone` for local times. `labels` carry security
    labels, `label_segment` is the name of the agreed one of `zseg`. `omit` are segments (`NK1`) and fields (`PID-10`)
    that are left out; `codes` are the partner's own codes for a field, by the code we would write
    (`{"RF1-2": {"U": "URG^Urgent^99XYZ"}}`); `fixed` are fields that always say the same (`{"PV1-2": "O"}`), in a Z
    segment too, which is then written last. Both are ER7 text. `answers` are what this partner means by a code in its
    answers to an order, where that is not what HL7's tables say (`{"ORC-1=OK": "accepted"}`).
    """

    id: str = "GENERIC"
    form: Literal["transaction", "message", "hl7v2"] = "transaction"
    resource_types: tuple[str, ...] = ()
    event: str = "https://warmhandoff.org/fhir/CodeSystem/message-event|referral-submit"
    update_event: str = "https://warmhandoff.org/fhir/CodeSystem/message-event|referral-update"
    source_endpoint: str = "urn:warmhandoff:hub"
    destination_endpoint: str | None = None
    messages: tuple[str, ...] = ("REF^I12^REF_I12",)
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
    labels: tuple[LabelCarrier, ...] = ("pd1-12", "orc-28", "txa-18")
    label_segment: str = "ZSL"
    omit: tuple[str, ...] = ()
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, OrderAnswer] = field(default_factory=dict)


#: Reads and renders without any agreement with a partner.
GENERIC = Partner()
