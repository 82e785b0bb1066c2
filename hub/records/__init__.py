"""The hub's own records, as the store returns them: frozen values, one a noun.

Times are aware and in UTC. Bodies, identifiers and evidence are not here: they are sealed, and a store function
opens them one at a time. Ids of people and resources are the keyed ids of `mappings.ids`, which tell nothing.
"""

from __future__ import annotations

from hub.records.attention import Alarm, AlarmKind, Hold, HoldKind, HoldState
from hub.records.people import Account, Credential, Session
from hub.records.rights import (
    DecisionRecord,
    Disclosure,
    DisclosureState,
    EntryDecision,
    InvestigationFind,
    LegalHold,
    LegalHoldSubject,
    Manner,
    Restriction,
    RestrictionState,
    Suspension,
)
from hub.records.traffic import (
    Answer,
    Attempt,
    AttemptOutcome,
    Claim,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Document,
    Gate,
    KeptTelling,
    Lane,
    Message,
    MessageState,
    Referral,
    Tried,
    UnmappedCode,
)
from hub.records.trail import AuditAction, AuditOutcome, Checkpoint, Event, Step, TraceStep

__all__ = [
    "Account",
    "Alarm",
    "AlarmKind",
    "Answer",
    "Attempt",
    "AttemptOutcome",
    "AuditAction",
    "AuditOutcome",
    "Checkpoint",
    "Claim",
    "Credential",
    "DecisionRecord",
    "Delivery",
    "DeliveryKind",
    "DeliveryState",
    "Disclosure",
    "DisclosureState",
    "Document",
    "EntryDecision",
    "Event",
    "Gate",
    "Hold",
    "HoldKind",
    "HoldState",
    "InvestigationFind",
    "KeptTelling",
    "Lane",
    "LegalHold",
    "LegalHoldSubject",
    "Manner",
    "Message",
    "MessageState",
    "Referral",
    "Restriction",
    "RestrictionState",
    "Session",
    "Step",
    "Suspension",
    "TraceStep",
    "Tried",
    "UnmappedCode",
]
