"""What a person must act on: holds and alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

HoldKind = Literal["provenance", "law", "identity", "routing", "cjis", "consent", "fault", "review"]
HoldState = Literal["open", "released", "rejected"]
AlarmKind = Literal["undelivered", "held", "parked", "unanswered", "provenance", "revocation", "certificate"]


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
