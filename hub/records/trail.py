"""What was done: steps of a message, audited events, and the checkpoints that are signed over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Step = Literal["receive", "read", "translate", "label", "release", "deliver", "record", "answer"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TraceStep:
    """One step of one message: structure, codes and counts, no values."""

    message_id: int
    seq: int
    step: Step
    at: datetime
    state: str
    detail: dict[str, Any]


#: FHIR AuditEvent.action (http://hl7.org/fhir/audit-event-action).
AuditAction = Literal["C", "R", "U", "D", "E"]
#: FHIR AuditEvent.outcome (http://hl7.org/fhir/audit-event-outcome): success, minor, serious, major failure.
AuditOutcome = Literal["0", "4", "8", "12"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One audited act: who did what to which thing, with what outcome. No names of people in records, no text.

    `who` is an account, a source credential or a part of the hub; `source` is the hub that saw it; `custody` whose
    records they are; `purpose` a v3-ActReason code; `patient_id` the keyed id; `detail` rule codes.
    """

    who: str
    action: AuditAction
    kind: str
    entity_type: str
    entity_id: str
    outcome: AuditOutcome = "0"
    at: datetime
    source: str
    custody: str | None = None
    purpose: str | None = None
    patient_id: str | None = None
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """A signed statement that the audit chain was `size` events long and ended in `root` (hex)."""

    size: int
    root: str
    at: datetime
    kid: str
    signature: str
