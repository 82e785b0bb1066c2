"""What was decided, what left, and what a person or a court asked for: disclosures, restrictions, duties to keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryDecision:
    """What was decided about one entry: `entry` is its `Type/id`, `because` our rule codes."""

    entry: str
    decision: str
    because: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRecord:
    """One decision as it was made, entry by entry, for the trace."""

    id: int
    message_id: int | None
    task_id: str | None
    custody: str
    recipient: str
    purpose: str
    decision: str
    digest: str
    decided_at: datetime
    entries: tuple[EntryDecision, ...]


DisclosureState = Literal["intended", "sent", "not-sent", "unknown"]
#: How it went: by a delivery, as an answer to who asked, on paper, to medical personnel, as notice of a revocation.
Manner = Literal["delivery", "answer", "paper", "emergency", "notice"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Disclosure:
    """What left, from whom to whom and why (45 CFR 164.528, 42 CFR 2.25). `what` are (type, id) pairs.

    `basis`: the rules under which it went, in the decision's fixed words. `part2`: Part 2 records went, by consent.
    """

    id: int
    delivery_id: int | None
    discloser: str
    recipient: str
    purpose: str
    what: tuple[tuple[str, str], ...]
    consents: tuple[str, ...]
    manner: Manner
    basis: tuple[str, ...]
    part2: bool
    digest: str
    state: DisclosureState
    intended_at: datetime
    settled_at: datetime | None


RestrictionState = Literal["asked", "agreed", "denied", "noticed", "ended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Restriction:
    """What a patient asked not to be disclosed (45 CFR 164.522(a), 42 CFR 2.26) and what was decided.

    `recipient` None: to anybody. `purposes` and `sensitivities` empty: all. `consent_id` names the Consent by which an
    agreed one refuses in each decision. `health_plan` and `self_paid`: asked of disclosures to a health plan about
    what was paid for in full by somebody else. `informed_at`: when the custody told the patient that it ends it for
    what is recorded afterwards (`noticed`).
    """

    id: int
    custody: str
    consent_id: str
    recipient: str | None
    purposes: tuple[str, ...]
    sensitivities: tuple[str, ...]
    health_plan: bool
    self_paid: bool
    state: RestrictionState
    asked_at: datetime
    taken_by: str
    decided_at: datetime | None
    decided_by: str | None
    reason_code: str | None
    informed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspension:
    """An official's statement under 45 CFR 164.528(a)(2): until `until` an accounting leaves out what went to them."""

    id: int
    custody: str
    recipient: str
    written: bool
    since: datetime
    until: datetime
    taken_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InvestigationFind:
    """Part 2 records that a custody learned it had received in an investigation (42 CFR 2.3(b), 2.68).

    While it is not settled, nothing that the custody has of the person is released. `patient_id` is a keyed id;
    `reference` names the note or docket; `report` the annual report that it went into.
    """

    id: int
    custody: str
    patient_id: str
    reference: str
    found_by: str
    found_at: datetime
    settled_by: str | None
    settled_at: datetime | None
    settled_as: str | None
    reported_by: str | None
    reported_at: datetime | None
    report: str | None


LegalHoldSubject = Literal["patient", "incident", "message", "custody"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LegalHold:
    """A duty to keep: while it stands, nothing of its subject is disposed of or expunged.

    `subject` is a keyed id, a message's number, or of an incident the blind index of its key; `reference` names the
    order or letter.
    """

    id: int
    custody: str
    subject_type: LegalHoldSubject
    subject: str
    reference: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
