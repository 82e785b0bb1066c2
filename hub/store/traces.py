"""Traces: what happened to one message, step by step, in structure, codes and counts. No values: it is not sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from hub.records import Step, TraceStep
from hub.store.tables import trace
from hub.store.tx import Tx


def add(tx: Tx, message_id: int, step: Step, state: str, *, at: datetime | None = None, **detail: Any) -> TraceStep:
    """Add a step, of now or of an earlier `at`. `detail` is JSON of structure, codes, ids and counts."""
    last = tx.connection.execute(select(func.max(trace.c.seq)).where(trace.c.message_id == message_id)).scalar_one()
    row = tx.connection.execute(
        trace.insert().returning(*trace.c),
        {
            "message_id": message_id,
            "seq": (last or 0) + 1,
            "step": step,
            "at": at or tx.now,
            "state": state,
            "detail": detail,
        },
    ).one()
    return TraceStep(**row._mapping)


def of(tx: Tx, message_id: int) -> list[TraceStep]:
    """The steps of one message, in order."""
    rows = tx.connection.execute(select(trace).where(trace.c.message_id == message_id).order_by(trace.c.seq))
    return [TraceStep(**row._mapping) for row in rows]
