"""Patients' requests to restrict disclosures, and officials' statements that suspend an accounting.

45 CFR 164.522(a), 42 CFR 2.26; 45 CFR 164.528(a)(2). What a paper says is sealed; who the patient is stands as a blind
index of the custody's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import Row, select, update

from hub.errors import StoreError
from hub.records import Restriction, RestrictionState, Suspension
from hub.store import vault
from hub.store.tables import restriction, suspension
from hub.store.tx import Tx

_NOUN = "restriction"
#: What a restriction may become from where it stands.
_BEFORE: dict[str, tuple[str, ...]] = {
    "agreed": ("asked",),
    "denied": ("asked",),
    "noticed": ("agreed",),
    "ended": ("agreed", "noticed"),
}


def ask(
    tx: Tx,
    *,
    custody: str,
    patient_id: str,
    consent_id: str,
    recipient: str | None,
    purposes: tuple[str, ...],
    sensitivities: tuple[str, ...],
    health_plan: bool,
    self_paid: bool,
    by: str,
    paper: str | None,
) -> Restriction:
    """Record a request. `paper` is the reference of what it was asked with."""
    row = tx.connection.execute(
        restriction.insert().returning(*restriction.c),
        {
            "custody": custody,
            "patient": _patient(tx, custody, patient_id),
            "consent_id": consent_id,
            "recipient": recipient,
            "purposes": list(purposes),
            "sensitivities": list(sensitivities),
            "health_plan": health_plan,
            "self_paid": self_paid,
            "state": "asked",
            "asked_at": tx.now,
            "taken_by": by,
        },
    ).one()
    vault.put(tx, _NOUN, row.id, "paper", orjson.dumps({"patient": patient_id, "reference": paper}), custody=custody)
    return _restriction(row)


def change(
    tx: Tx,
    restriction_id: int,
    state: Literal["agreed", "denied", "noticed", "ended"],
    *,
    by: str,
    reason_code: str,
    informed_at: datetime | None = None,
) -> Restriction:
    """Agree to one that is asked, deny it, end one that is agreed for what comes later, or end it whole.

    `informed_at`: when the patient was told of an end for what comes later. Raises StoreError `store.state`.
    """
    given: dict[str, Any] = {} if informed_at is None else {"informed_at": informed_at}
    row = tx.connection.execute(
        update(restriction)
        .where(restriction.c.id == restriction_id, restriction.c.state.in_(_BEFORE[state]))
        .values(state=state, decided_at=tx.now, decided_by=by, reason_code=reason_code, **given)
        .returning(*restriction.c)
    ).one_or_none()
    if row is None:
        raise StoreError("store.state", "there is no such restriction in that state", code="conflict")
    return _restriction(row)


def get(tx: Tx, restriction_id: int) -> Restriction | None:
    """One request."""
    row = tx.connection.execute(select(restriction).where(restriction.c.id == restriction_id)).one_or_none()
    return None if row is None else _restriction(row)


def patient_of(tx: Tx, restriction_id: int) -> str:
    """The keyed id of the patient who asked."""
    return str(vault.get_json(tx, _NOUN, restriction_id, "paper")["patient"])


def listed(
    tx: Tx, *, custody: str | None = None, state: RestrictionState | None = None, limit: int = 500
) -> list[Restriction]:
    """Requests, oldest first."""
    wanted = select(restriction).order_by(restriction.c.id).limit(limit)
    if custody is not None:
        wanted = wanted.where(restriction.c.custody == custody)
    if state is not None:
        wanted = wanted.where(restriction.c.state == state)
    return [_restriction(row) for row in tx.connection.execute(wanted)]


def suspend(
    tx: Tx,
    *,
    custody: str,
    patient_id: str,
    recipient: str,
    written: bool,
    until: datetime,
    by: str,
    statement: str,
) -> Suspension:
    """Record an official's statement. `statement`: its reference, or who made it by word of mouth; it is sealed."""
    row = tx.connection.execute(
        suspension.insert().returning(*suspension.c),
        {
            "custody": custody,
            "patient": _patient(tx, custody, patient_id),
            "recipient": recipient,
            "written": written,
            "since": tx.now,
            "until": until,
            "taken_by": by,
        },
    ).one()
    vault.put(tx, "suspension", row.id, "statement", orjson.dumps({"statement": statement}), custody=custody)
    return _suspension(row)


def suspended(tx: Tx, *, custody: str, patient_id: str) -> list[Suspension]:
    """The statements in force now about one patient."""
    found = tx.connection.execute(
        select(suspension)
        .where(
            suspension.c.custody == custody,
            suspension.c.patient == _patient(tx, custody, patient_id),
            suspension.c.until > tx.now,
        )
        .order_by(suspension.c.id)
    )
    return [_suspension(row) for row in found]


def _patient(tx: Tx, custody: str, patient_id: str) -> bytes:
    return tx.keys.blind(custody, "restricted.patient", patient_id)


def _restriction(row: Row[Any]) -> Restriction:
    return Restriction(
        id=row.id,
        custody=row.custody,
        consent_id=row.consent_id,
        recipient=row.recipient,
        purposes=tuple(row.purposes),
        sensitivities=tuple(row.sensitivities),
        health_plan=row.health_plan,
        self_paid=row.self_paid,
        state=row.state,
        asked_at=row.asked_at,
        taken_by=row.taken_by,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason_code=row.reason_code,
        informed_at=row.informed_at,
    )


def _suspension(row: Row[Any]) -> Suspension:
    return Suspension(
        id=row.id,
        custody=row.custody,
        recipient=row.recipient,
        written=row.written,
        since=row.since,
        until=row.until,
        taken_by=row.taken_by,
    )
