"""Holds: what a person in a named role must decide before it can go on. Evidence is sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import select, update

from hub.errors import StoreError
from hub.records import Hold, HoldKind, HoldState
from hub.store import vault
from hub.store.tables import hold
from hub.store.tx import Tx

_NOUN = "hold"


def place(
    tx: Tx,
    *,
    kind: HoldKind,
    reason: str,
    owner_role: str,
    subject_type: str,
    subject_id: str,
    custody: str,
    task_id: str | None = None,
    message_id: int | None = None,
) -> Hold:
    """Hold a subject for a reason (a rule code). The same open hold is placed once."""
    known = tx.connection.execute(
        select(hold).where(
            hold.c.state == "open",
            hold.c.kind == kind,
            hold.c.subject_type == subject_type,
            hold.c.subject_id == subject_id,
            hold.c.reason == reason,
            hold.c.task_id == task_id if task_id is not None else hold.c.task_id.is_(None),
        )
    ).first()
    if known is not None:
        return Hold(**known._mapping)
    row = tx.connection.execute(
        hold.insert().returning(*hold.c),
        {
            "kind": kind,
            "reason": reason,
            "owner_role": owner_role,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "custody": custody,
            "task_id": task_id,
            "message_id": message_id,
            "created_at": tx.now,
            "state": "open",
        },
    ).one()
    return Hold(**row._mapping)


def resolve(
    tx: Tx,
    hold_id: int,
    *,
    state: Literal["released", "rejected"],
    by: str,
    reason_code: str,
    evidence: dict[str, Any] | None = None,
) -> Hold:
    """Decide a hold. Raises StoreError `store.state` when it is not open: a decision is not overwritten."""
    row = tx.connection.execute(
        update(hold)
        .where(hold.c.id == hold_id, hold.c.state == "open")
        .values(state=state, resolved_by=by, resolved_at=tx.now, reason_code=reason_code)
        .returning(*hold.c)
    ).one_or_none()
    if row is None:
        raise StoreError("store.state", "there is no such open hold", code="conflict")
    if evidence is not None:
        vault.put(tx, _NOUN, hold_id, "evidence", orjson.dumps(evidence), custody=row.custody)
    tx.wake("messages")
    return Hold(**row._mapping)


def evidence(tx: Tx, hold_id: int) -> dict[str, Any] | None:
    """What the decision rests on, if anything was given."""
    found = vault.find(tx, _NOUN, hold_id, "evidence")
    return None if found is None else dict(orjson.loads(found))


def get(tx: Tx, hold_id: int) -> Hold | None:
    """One hold."""
    row = tx.connection.execute(select(hold).where(hold.c.id == hold_id)).one_or_none()
    return None if row is None else Hold(**row._mapping)


def listed(
    tx: Tx,
    *,
    state: HoldState | None = "open",
    kind: HoldKind | None = None,
    custody: str | None = None,
    task_id: str | None = None,
    message_id: int | None = None,
    before: datetime | None = None,
    newest_first: bool = False,
    limit: int = 500,
) -> list[Hold]:
    """Holds, oldest first (or newest): the open ones, or all with `state=None`; `before`: those placed before then."""
    wanted = select(hold).order_by(hold.c.id.desc() if newest_first else hold.c.id).limit(limit)
    for column, value in (
        (hold.c.state, state),
        (hold.c.kind, kind),
        (hold.c.custody, custody),
        (hold.c.task_id, task_id),
        (hold.c.message_id, message_id),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if before is not None:
        wanted = wanted.where(hold.c.created_at < before)
    return [Hold(**row._mapping) for row in tx.connection.execute(wanted)]
