"""The hub's own records, as the store returns them: frozen values, one a noun.

Times are aware and in UTC. Bodies, identifiers and evidence are not here: they are sealed, and a store function
opens them one at a time. Ids of people and resources are the keyed ids of `mappings.ids`, which tell nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mappings.record import record
from mappings.telling import Kind

MessageState = Literal["received", "translated", "rejected", "held", "ignored", "replayed", "expunged", "disposed"]
DeliveryState = Literal["ready", "done", "dead", "parked", "superseded"]
DeliveryKind = Literal["referral", "update", "notice", "outcome"]
AttemptOutcome = Literal["done", "retry", "blocked", "dead", "parked", "superseded"]
HoldKind = Literal["provenance", "law", "identity", "routing", "cjis", "consent", "fault", "review"]
HoldState = Literal["open", "released", "rejected"]
AlarmKind = Literal["undelivered", "held", "parked", "unanswered", "provenance", "revocation", "certificate"]
DisclosureState = Literal["intended", "sent", "not-sent", "unknown"]
#: How it went: by a delivery, as an answer to who asked, on paper, to medical personnel, as notice of a revocation.
Manner = Literal["delivery", "answer", "paper", "emergency", "notice"]
RestrictionState = Literal["asked", "agreed", "denied", "noticed", "ended"]
Step = Literal["receive", "read", "translate", "label", "release", "deliver", "record", "answer"]
#: FHIR AuditEvent.action (http://hl7.org/fhir/audit-event-action).
AuditAction = Literal["C", "R", "U", "D", "E"]
#: FHIR AuditEvent.outcome (http://hl7.org/fhir/audit-event-outcome): success, minor, serious, major failure.
AuditOutcome = Literal["0", "4", "8", "12"]


@record  # one is made for every input
class Message:
    """One input as it came. `digest` is a keyed hash of the bytes (hex), comparable within one custody only.

    `lineage` is the message that this one repeats (a replay) or contradicts (a held duplicate). `owner` and
    `attempts` together are the claim's fence. `gated_at`: since when the bytes kept are the records that the CJIS gate
    let through (as the source `incident`), and no more what came; `digest` and `size` stay those of what came.
    """

    id: int
    source: str
    custody: str
    organization: str
    media_type: str
    size: int
    digest: str
    received_at: datetime
    state: MessageState
    issues: tuple[dict[str, Any], ...] = ()
    lineage: int | None = None
    attempts: int = 0
    owner: str | None = None
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    gated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One version of a resource. `resource` is None for a deleted one. `fresh` is False when `put` found it there."""

    id: int
    resource_type: str
    resource_id: str
    version: int
    custody: str
    origin: str | None
    patient_id: str | None
    message_id: int | None
    labels: tuple[str, ...]
    created_at: datetime
    current: bool
    deleted: bool
    resource: dict[str, Any] | None
    fresh: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptTelling:
    """What one source says of an incident, without its content: `first_id` and `message_id` order its arrival.

    `made` are the (type, id) pairs of the resources that the incident had become when this was last merged.
    """

    id: int
    custody: str
    source: str
    kind: Kind
    number_key: bytes | None
    case_key: bytes | None
    document_key: bytes | None
    message_id: int
    place: int
    first_id: int
    state: Literal["standing", "replaced", "expunged"]
    made: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmappedCode:
    """A code that nobody has mapped, of one field of one source: how often it stands in what is kept, and since when.

    `code`, `system` and `text` are the agency's own, opened for its custody or the hub's operator; else None.
    """

    id: int
    custody: str
    source: str
    field: str
    number: int
    messages: int
    first_seen: datetime
    last_seen: datetime
    code: str | None = None
    system: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """What goes to one destination in one order. `depth` counts ready deliveries; `blocked` says why it stands."""

    id: int
    destination: str
    order_key: str
    depth: int
    ready_at: datetime
    lease_until: datetime
    owner: str | None
    fence: int
    attempts: int
    blocked: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What one destination is doing: `failures` in a row; `trips`, how often in a row its connection was found broken
    (0: it is whole), until when nothing is tried, and the lane whose head is tried then.

    `paused_at` and `paused_by`: a person stopped it. With `drain_to` what was queued up to that delivery still goes.
    """

    destination: str
    failures: int = 0
    trips: int = 0
    probe: int | None = None
    open_until: datetime | None = None
    opened_at: datetime | None = None
    paused_at: datetime | None = None
    paused_by: str | None = None
    drain_to: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One sealed release on its way to one destination. `position` orders it in its lane.

    `digest` is the release's decision digest, `decided` the decision it rests on; `replay_of` the delivery that it
    repeats or replaces. `acknowledged`: how many of its v2 messages the destination has, where it is more than one
    (ADT and then MDM) and not all of them are there yet.
    """

    id: int
    message_id: int | None
    lane_id: int
    position: int
    destination: str
    order_key: str
    kind: DeliveryKind
    task_id: str | None
    custody: str
    control_id: str
    media_type: str
    digest: str
    decided: str | None
    state: DeliveryState
    attempts: int
    acknowledged: int
    last_error: str | None
    replay_of: int | None
    created_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The right to send the head of one lane until `lease_until`. `fence` tells this claim from any later one."""

    lane_id: int
    owner: str
    fence: int
    lease_until: datetime
    attempts: int
    delivery: Delivery


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What one sending showed: when it began, the HTTP status or acknowledgement code, an error rule of ours, and
    the receipt's id. No payload and no text of the other side."""

    started_at: datetime
    code: str | None = None
    error: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One sending, kept for ever beside its delivery."""

    id: int
    delivery_id: int
    started_at: datetime
    ended_at: datetime
    outcome: AttemptOutcome
    code: str | None
    error: str | None
    receipt: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Referral:
    """One referral and where its loop stands. `status` is Task.status, `business_status` our businessStatus code."""

    task_id: str
    service_request_id: str
    patient_id: str
    destination: str
    organization: str
    custody: str
    message_id: int | None
    urgency: str
    status: str
    business_status: str
    requested_at: datetime
    respond_by: datetime | None
    follow_up_by: datetime | None
    control_id: str | None
    remote_id: str | None
    answered_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a destination said about a referral. `decision` is the code it was understood as."""

    id: int
    task_id: str
    destination: str
    custody: str
    digest: str
    media_type: str
    received_at: datetime
    decision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Something a person must decide. `reason` says why it is held, `reason_code` why it was resolved so."""

    id: int
    kind: HoldKind
    reason: str
    owner_role: str
    subject_type: str
    subject_id: str
    custody: str
    task_id: str | None
    message_id: int | None
    created_at: datetime
    state: HoldState
    resolved_by: str | None
    resolved_at: datetime | None
    reason_code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """Something a named person must act on; it rings again at `next_at` until acknowledged or cleared."""

    id: int
    kind: AlarmKind
    subject_type: str
    subject_id: str
    custody: str
    owner: str
    raised_at: datetime
    next_at: datetime
    repeats: int
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    cleared_at: datetime | None


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


@dataclass(frozen=True, kw_only=True, slots=True)
class TraceStep:
    """One step of one message: structure, codes and counts, no values."""

    message_id: int
    seq: int
    step: Step
    at: datetime
    state: str
    detail: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A signed-in person of one custody. The token itself is not kept.

    `account`: by which account; None by a one-time token of who has the machine.
    """

    id: int
    person: str
    custody: str
    account: int | None
    created_at: datetime
    expires_at: datetime


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
class Account:
    """Who may sign in to the console, for which organizations, and with which roles in each (`hub.identity.role`).

    Passphrase and code's secret are not in it.
    """

    id: int
    name: str
    custodies: tuple[str, ...]
    roles: dict[str, tuple[str, ...]]
    created_at: datetime
    created_by: str
    failures: int
    failed_at: datetime | None
    locked_at: datetime | None
    removed_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A token issued to a source; the token itself was shown once."""

    id: int
    source: str
    digest: bytes
    issued_at: datetime
    issued_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


LegalHoldSubject = Literal["patient", "incident", "message", "custody"]


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """A signed statement that the audit chain was `size` events long and ended in `root` (hex)."""

    size: int
    root: str
    at: datetime
    kid: str
    signature: str
