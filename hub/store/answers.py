"""Answers: what destinations said, as it came, sealed in their custody."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Row, select

from hub.errors import DuplicateConflict
from hub.records import Answer
from hub.store import vault
from hub.store.tables import answer, insert_into
from hub.store.tx import Tx

_NOUN = "answer"


def record(
    tx: Tx,
    *,
    task_id: str,
    destination: str,
    custody: str,
    control_id: str | None,
    media_type: str,
    decision: str,
    body: bytes,
) -> tuple[Answer, bool]:
    """Keep one answer; (answer, whether it is new). The caller has checked that this destination holds the referral.

    Without a control id the bytes themselves are it: the same answer, polled again, is not new. Raises
    DuplicateConflict `receive.conflict` for other bytes under a known control id.
    """
    digest = tx.keys.blind(custody, "answer.body", hashlib.sha256(body).digest())
    known_by = digest.hex() + task_id if control_id is None else control_id
    values = {
        "task_id": task_id,
        "destination": destination,
        "custody": custody,
        "control": tx.keys.blind(custody, "answer.control", known_by),
        "digest": digest,
        "media_type": media_type,
        "received_at": tx.now,
        "decision": decision,
    }
    row = tx.connection.execute(
        insert_into(tx.connection.dialect.name, answer).on_conflict_do_nothing().returning(*answer.c), values
    ).one_or_none()
    if row is not None:
        parts = {"body": body} if control_id is None else {"body": body, "control": control_id.encode()}
        vault.put_parts(tx, _NOUN, row.id, parts, custody=custody)
        return _record(row), True
    known = tx.connection.execute(
        select(answer).where(answer.c.destination == destination, answer.c.control == values["control"])
    ).one()
    if known.digest != digest or known.task_id != task_id:
        raise DuplicateConflict(known.id)
    return _record(known), False


def body(tx: Tx, answer_id: int) -> bytes:
    """The answer as it came. Raises KeyringError `keys.missing`, `keys.unknown`, `keys.tampered`."""
    return vault.get(tx, _NOUN, answer_id, "body")


def by_task(tx: Tx, task_id: str) -> list[Answer]:
    """What was said about one referral, in order."""
    rows = tx.connection.execute(select(answer).where(answer.c.task_id == task_id).order_by(answer.c.id)).all()
    return [_record(row) for row in rows]


def _record(row: Row[Any]) -> Answer:
    return Answer(
        id=row.id,
        task_id=row.task_id,
        destination=row.destination,
        custody=row.custody,
        digest=row.digest.hex(),
        media_type=row.media_type,
        received_at=row.received_at,
        decision=row.decision,
    )
