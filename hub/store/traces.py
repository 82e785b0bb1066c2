"""Traces: what happened to one message, step by step, in structure, codes and counts. No values: it is not sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select

from hub.records import Step, TraceStep
from hub.store.hot import HotStatement
from hub.store.tables import trace
from hub.store.tx import Tx


def add(tx: Tx, message_id: int, step: Step, state: str, *, at: datetime | None = None, **detail: Any) -> None:
    """Add a step, of now or of an earlier `at`. `detail` is JSON of structure, codes, ids and counts."""
    _ADD.ask(
        tx, {"of": message_id, "said_step": step, "said_at": at or tx.now, "said_state": state, "said_detail": detail}
    )


_OF = bindparam("of", type_=trace.c.message_id.type)
_ADD = HotStatement(
    trace.insert()
    .inline()
    .values(
        message_id=_OF,
        seq=select(func.coalesce(func.max(trace.c.seq), literal_column("0")) + literal_column("1"))
        .where(trace.c.message_id == _OF)
        .scalar_subquery(),
        step=bindparam("said_step", type_=trace.c.step.type),
        at=bindparam("said_at", type_=trace.c.at.type),
        state=bindparam("said_state", type_=trace.c.state.type),
        detail=bindparam("said_detail", type_=trace.c.detail.type),
    )
)


def of(tx: Tx, message_id: int) -> list[TraceStep]:
    """The steps of one message, in order."""
    rows = tx.connection.execute(select(trace).where(trace.c.message_id == message_id).order_by(trace.c.seq))
    return [TraceStep(**row._mapping) for row in rows]
