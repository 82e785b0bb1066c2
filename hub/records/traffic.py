"""What comes in, what is made of it and what goes out: inputs, documents, lanes, deliveries, referrals, answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mappings.record import record
from mappings.telling import Kind

MessageState = Literal["received", "translated", "rejected", "held", "ignored", "replayed", "expunged", "disposed"]


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


DeliveryState = Literal["ready", "done", "dead", "parked", "superseded"]
DeliveryKind = Literal["referral", "update", "notice", "outcome"]
AttemptOutcome = Literal["done", "retry", "blocked", "dead", "parked", "superseded"]


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
