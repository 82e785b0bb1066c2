"""Messages: what came in, and what became of it. How it comes in is in `inputs`.

A worker claims messages with a lease; one source's messages are worked on by one owner at a time, in the order they
came.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Integer, Row, bindparam, func, literal_column, select, update

from hub.errors import LeaseLost
from hub.records import Message, MessageState
from hub.store import locks, vault
from hub.store.hot import HotStatement, among
from hub.store.tables import EPOCH, ONE, Instant, message
from hub.store.tx import Tx
from profiles.issue import Issue

#: What a message's sealed documents are of.
NOUN = "message"


def claim(tx: Tx, *, owner: str, lease_seconds: float, limit: int) -> list[Message]:
    """Take up to `limit` waiting messages, oldest first; they are this owner's until the lease ends.

    A source of which somebody holds or delays a message is left out, so that a source's messages are never overtaken.
    """
    asked = {"now": tx.now, "most": limit}
    found = _WAITING_NOW.all(tx, asked)
    if found and tx.dialect.name == "postgresql":
        # another hub may have claimed since; what it did is seen once its source's lock is ours
        free = [source for source in sorted({row.source for row in found}) if _alone_with(tx, source)]
        found = _OF_FREE.all(tx, asked | {"free": free}) if free else []
    ids = [row.id for row in found]
    if not ids:
        return []
    until = tx.now + timedelta(seconds=lease_seconds)
    taken = _TAKE.all(tx, {"which": ids, "now": tx.now, "until": until, "by": owner})
    return sorted((of_row(row) for row in taken), key=lambda found: found.id)


_RECEIVED: ColumnElement[str] = literal_column("'received'")
_NOW = bindparam("now", type_=Instant)
_WAITING = (
    select(message.c.id, message.c.source)
    .where(
        message.c.state == _RECEIVED,
        message.c.source.not_in(
            select(message.c.source).where(message.c.state == _RECEIVED, message.c.lease_until > _NOW)
        ),
    )
    .order_by(message.c.id)
    .limit(bindparam("most", type_=Integer))
)
_WAITING_NOW = HotStatement(_WAITING)
_OF_FREE = HotStatement(lambda dialect: _WAITING.where(among(dialect, message.c.source, "free")))
_TAKE = HotStatement(
    lambda dialect: (
        update(message)
        .where(among(dialect, message.c.id, "which"), message.c.state == _RECEIVED, message.c.lease_until <= _NOW)
        .values(lease_until=bindparam("until", type_=Instant), owner=bindparam("by"), attempts=message.c.attempts + ONE)
        .returning(*message.c)
    )
)


def extend(tx: Tx, claimed: Iterable[Message], *, lease_seconds: float) -> int:
    """Hold claimed messages longer (heartbeat); how many are still this owner's."""
    held = 0
    for one in claimed:
        until = tx.now + timedelta(seconds=lease_seconds)
        held += tx.connection.execute(
            update(message).where(*_mine(one), message.c.lease_until > tx.now).values(lease_until=until)
        ).rowcount
    return held


def still(tx: Tx, claimed: Message) -> None:
    """Raises LeaseLost when somebody else has the message by now; nobody can take it before this transaction ends."""
    if _STILL.one(tx, _whose(claimed)) is None:
        raise LeaseLost


def finish(tx: Tx, claimed: Message, state: MessageState, issues: Iterable[Issue] = ()) -> None:
    """Settle a claimed message. Issues carry no payload, and are kept as FHIR writes them.

    Raises LeaseLost when somebody else has claimed it since: raised inside a write, it undoes all of that write.
    """
    values = {"ended": state, "found": [issue.to_fhir() for issue in issues], "never": EPOCH, "now": tx.now}
    if _FINISH.run(tx, _whose(claimed) | values) != 1:
        raise LeaseLost
    tx.wake("messages")  # its source may be claimed again


def put_back(tx: Tx, claimed: Message, *, delay_seconds: float = 0.0, counted: bool = True) -> None:
    """Give a claimed message back, to be claimed again after a delay; the try counts, unless it is not `counted`.

    What the same owner holds of the same source behind it goes back too, as if it had not been claimed: nothing
    overtakes. Raises LeaseLost.
    """
    later = tx.now + timedelta(seconds=delay_seconds) if delay_seconds > 0 else EPOCH
    values = {"owner": None, "lease_until": later, "attempts": claimed.attempts - (not counted)}
    changed = tx.connection.execute(update(message).where(*_mine(claimed)).values(**values))
    if changed.rowcount != 1:
        raise LeaseLost
    tx.connection.execute(
        update(message)
        .where(
            message.c.source == claimed.source,
            message.c.owner == claimed.owner,
            message.c.state == "received",
            message.c.id > claimed.id,
        )
        .values(owner=None, lease_until=EPOCH, attempts=message.c.attempts - 1)
    )
    tx.wake("messages")


def get(tx: Tx, message_id: int) -> Message | None:
    """One message, without its bytes."""
    row = _BY_ID.one(tx, {"wanted": message_id})
    return None if row is None else of_row(row)


_BY_ID = HotStatement(select(message).where(message.c.id == bindparam("wanted")))


def expunge(tx: Tx, message_id: int) -> bool:
    """Delete the bytes and the control id for good; the row stays, and knows the same input when it comes again.
    False when that was done before."""
    changed = tx.connection.execute(
        update(message)
        .where(message.c.id == message_id, message.c.state != "expunged")
        .values(state="expunged", issues=[], owner=None, lease_until=EPOCH, finished_at=tx.now)
    )
    vault.remove(tx, NOUN, message_id)
    return bool(changed.rowcount)


def gate(tx: Tx, message_id: int, records: bytes, *, media_type: str) -> None:
    """Put what the CJIS gate lets through in the place of the bytes as they came, for good. The row knows the same
    input when it comes again."""
    row = tx.connection.execute(
        update(message)
        .where(message.c.id == message_id)
        .values(gated_at=tx.now, media_type=media_type)
        .returning(message.c.custody)
    ).one()
    vault.put(tx, NOUN, message_id, "body", records, custody=row.custody, replace=True)


def repeated_by(tx: Tx, message_id: int) -> list[Message]:
    """The messages that were taken in again as this one, newest first; the same bytes all."""
    found: list[Message] = []
    one = get(tx, message_id)
    while one is not None and one.lineage is not None:
        one = get(tx, one.lineage)
        if one is None or one.state not in ("replayed", "expunged"):
            break
        found.append(one)
    return found


def known_by_bytes(tx: Tx, message_id: int) -> bool:
    """Whether it was kept under no control id, so that only its own bytes make it known."""
    row = tx.connection.execute(select(message.c.control, message.c.digest).where(message.c.id == message_id)).one()
    return row.control is None or row.control == row.digest


def set_aside(tx: Tx, message_id: int, state: MessageState) -> None:
    """Give a message that nobody works on its last state: what it said has been taken in otherwise."""
    tx.connection.execute(update(message).where(message.c.id == message_id).values(state=state, finished_at=tx.now))


def body(tx: Tx, message_id: int) -> bytes:
    """The bytes as they came, or what stands in their place (`gate`).

    Raises KeyringError `keys.missing`, `keys.unknown`, `keys.tampered`.
    """
    return vault.get(tx, NOUN, message_id, "body")


def control_id(tx: Tx, message_id: int) -> str | None:
    """The sender's control id, if it gave one."""
    found = vault.find(tx, NOUN, message_id, "control")
    return None if found is None else found.decode()


def listed(
    tx: Tx,
    *,
    custody: str | None = None,
    source: str | None = None,
    state: MessageState | None = None,
    before: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> list[Message]:
    """Messages, newest first; the page after one is `before=` its last id. Received from `since` on, before `until`."""
    wanted = select(message).order_by(message.c.id.desc()).limit(limit)
    for column, value in ((message.c.custody, custody), (message.c.source, source), (message.c.state, state)):
        if value is not None:
            wanted = wanted.where(column == value)
    if before is not None:
        wanted = wanted.where(message.c.id < before)
    if since is not None:
        wanted = wanted.where(message.c.received_at >= since)
    if until is not None:
        wanted = wanted.where(message.c.received_at < until)
    return [of_row(row) for row in tx.connection.execute(wanted)]


def counts(tx: Tx, *, custody: str | None = None) -> dict[MessageState, int]:
    """How many messages are in each state."""
    wanted = select(message.c.state, func.count()).group_by(message.c.state)
    if custody is not None:
        wanted = wanted.where(message.c.custody == custody)
    return {cast(MessageState, state): number for state, number in tx.connection.execute(wanted)}


def next_due(tx: Tx) -> datetime | None:
    """When the next waiting message can be claimed; None when none waits."""
    found: datetime | None = tx.connection.execute(
        select(func.min(message.c.lease_until)).where(message.c.state == "received")
    ).scalar_one()
    return None if found is None else max(found, tx.now)


def _alone_with(tx: Tx, source: str) -> bool:
    return locks.try_hold(tx, "message.source", source.encode())


def _mine(claimed: Message) -> tuple[Any, ...]:
    return (
        message.c.id == claimed.id,
        message.c.state == "received",
        message.c.owner == claimed.owner,
        message.c.attempts == claimed.attempts,
    )


_WHOSE = (
    message.c.id == bindparam("of_id"),
    message.c.state == _RECEIVED,
    message.c.owner == bindparam("of_owner"),
    message.c.attempts == bindparam("of_attempts"),
)
_STILL = HotStatement(select(message.c.id).where(*_WHOSE).with_for_update())
_FINISH = HotStatement(
    update(message)
    .where(*_WHOSE)
    .values(
        state=bindparam("ended"),
        issues=bindparam("found", type_=message.c.issues.type),
        owner=None,
        lease_until=bindparam("never", type_=Instant),
        finished_at=bindparam("now", type_=Instant),
    )
)


def _whose(claimed: Message) -> dict[str, Any]:
    return {"of_id": claimed.id, "of_owner": claimed.owner, "of_attempts": claimed.attempts}


def of_row(row: Row[Any]) -> Message:
    """The message of a whole row of its table."""
    return Message(
        id=row.id,
        source=row.source,
        custody=row.custody,
        organization=row.organization,
        media_type=row.media_type,
        size=row.size,
        digest=row.digest.hex(),
        received_at=row.received_at,
        state=row.state,
        issues=tuple(row.issues or ()),
        lineage=row.lineage,
        attempts=row.attempts,
        owner=row.owner,
        lease_until=row.lease_until if row.lease_until > EPOCH else None,
        finished_at=row.finished_at,
        gated_at=row.gated_at,
    )
