"""Application acknowledgements that are owed: one for a message whose MSH-16 asked for it (HL7 v2.5.1, 2.9.3).

Owed from the commit that stored the message; due once the message is finished. Nothing of a payload is here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from hub.records import MessageState
from hub.store.tables import EPOCH, application_ack, message
from hub.store.tx import Tx
from mappings.record import record

#: Table 0155 where something is owed: always, on error or rejection, on success.
ASKED = frozenset({"AL", "ER", "SU"})


@record
class Owed:
    """One that is claimed: what became of the message, and how often it was tried before."""

    message_id: int
    source: str
    custody: str
    asked: str
    state: MessageState
    attempts: int


def want(tx: Tx, message_id: int, *, source: str, asked: str | None) -> None:
    """Owes one for this message, if `asked` (MSH-16) says so; again, when the sender has sent the message again."""
    if asked is None or asked == "NE":
        return
    values = {
        "message_id": message_id,
        "source": source,
        # a value outside the table is treated like AL: silence would leave the sender waiting
        "asked": asked if asked in ASKED else "AL",
        "state": "owed",
        "attempts": 0,
        "due_at": EPOCH,
    }
    insert = (postgresql if tx.connection.dialect.name == "postgresql" else sqlite).insert(application_ack)
    tx.connection.execute(
        insert.values(values).on_conflict_do_update(
            index_elements=["message_id"], set_={"state": "owed", "attempts": 0, "due_at": EPOCH}
        )
    )


def claim(tx: Tx, *, sources: Collection[str], lease_seconds: float, limit: int) -> list[Owed]:
    """Those that can be sent now, for each source in the order of its messages: no later one before an earlier one
    that waits for another try. They are the caller's until the lease ends."""
    if not sources:
        return []
    rows = tx.connection.execute(
        select(
            application_ack.c.message_id,
            application_ack.c.source,
            message.c.custody,
            application_ack.c.asked,
            message.c.state,
            application_ack.c.attempts,
            application_ack.c.due_at,
        )
        .join(message, message.c.id == application_ack.c.message_id)
        .where(
            application_ack.c.state == "owed",
            application_ack.c.source.in_(sorted(sources)),
            message.c.state != "received",
        )
        .order_by(application_ack.c.message_id)
        .limit(limit)
    ).all()
    waiting: set[str] = set()
    taken: list[Owed] = []
    for row in rows:
        if row.due_at > tx.now:
            waiting.add(row.source)
        if row.source not in waiting:
            taken.append(Owed(**{k: v for k, v in row._mapping.items() if k != "due_at"}))
    if taken:
        tx.connection.execute(
            update(application_ack)
            .where(application_ack.c.message_id.in_([one.message_id for one in taken]))
            .values(due_at=tx.now + timedelta(seconds=lease_seconds))
        )
    return taken


def settle(tx: Tx, message_id: int, code: str | None) -> None:
    """Sent with this code; None: nothing was to be said of how it ended."""
    tx.connection.execute(
        update(application_ack)
        .where(application_ack.c.message_id == message_id)
        .values(state="sent" if code else "none", code=code, settled_at=tx.now)
    )


def refuse(tx: Tx, message_id: int, code: str) -> None:
    """The partner does not want it: it is not sent again."""
    tx.connection.execute(
        update(application_ack)
        .where(application_ack.c.message_id == message_id)
        .values(state="refused", code=code, settled_at=tx.now)
    )


def postpone(tx: Tx, message_id: int, *, seconds: float, tried: bool) -> None:
    """Not now: another try after so long. Those of the same source behind it wait with it."""
    tx.connection.execute(
        update(application_ack)
        .where(application_ack.c.message_id == message_id, application_ack.c.state == "owed")
        .values(
            due_at=tx.now + timedelta(seconds=seconds),
            attempts=application_ack.c.attempts + (1 if tried else 0),
        )
    )


def state_of(tx: Tx, message_id: int) -> tuple[str, str | None] | None:
    """`owed`, `sent`, `none` or `refused`, with the code that was sent; None where none was asked for."""
    row = tx.connection.execute(
        select(application_ack.c.state, application_ack.c.code).where(application_ack.c.message_id == message_id)
    ).one_or_none()
    return None if row is None else (row.state, row.code)
