"""Messages: the raw bytes as they came, each stored before it is acknowledged.

The bytes and the control id are sealed; duplicates are found by blind index. A worker claims messages with a lease;
one source's messages are worked on by one owner at a time, in the order they came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Integer, Row, bindparam, func, literal_column, select, update

from hub.errors import DuplicateConflict, LeaseLost, StoreError
from hub.records import Message, MessageState
from hub.store import locks, vault
from hub.store.hot import HotInsert, HotStatement
from hub.store.tables import EPOCH, Instant, message
from hub.store.tx import Tx
from mappings.record import record
from profiles.issue import Issue

_NOUN = "message"


@record
class Owner:
    """Whose a message is: the source that sent it, the custody it is kept in, the organization it speaks for."""

    source: str
    custody: str
    organization: str


def receive(
    tx: Tx,
    *,
    source: str,
    custody: str,
    organization: str,
    control_id: str | None,
    media_type: str,
    body: bytes,
    once: bool = False,
    keep_control: bool = True,
) -> tuple[Message, bool]:
    """Store one input; (message, whether it is new). The same bytes under a known control id are the known message.

    Raises DuplicateConflict `receive.conflict` for other bytes under a known control id: nothing is stored, and the
    caller keeps them with `keep_conflict`. Without a control id every input is new, or with `once` the same bytes of
    the source are one message. Without `keep_control` the control id is known again and not kept beside the body, for
    a form that has it in the body.
    """
    values = _new(tx, source, custody, organization, media_type, body)
    parts = {"body": body}
    if control_id is not None:
        values["control"] = tx.keys.blind(custody, "message.control", control_id)
        if keep_control:
            parts["control"] = control_id.encode()
    elif once:
        values["control"] = values["digest"]
    else:
        return _store(tx, values, parts), True
    inserted = _INSERT_UNKNOWN.run(tx, values)
    if inserted is not None:
        vault.put_parts(tx, _NOUN, inserted, parts, custody=custody)
        tx.wake("messages")
        return _record_of(inserted, values), True
    known = tx.connection.execute(
        select(message).where(message.c.source == source, message.c.control == values["control"])
    ).one()
    if known.digest != values["digest"]:
        raise DuplicateConflict(known.id)
    return _record(known), False


def receive_all(
    tx: Tx, owner: Owner, found: Sequence[tuple[str, bytes]], *, media_type: str
) -> list[tuple[int, bytes] | None]:
    """As `receive` without `keep_control`, for several inputs of one source, each with its control id: (id, keyed
    digest) of what is new. None for what its control id says is known: that is for `receive`."""
    blind, custody = tx.keys.blind, owner.custody
    rows = [
        (
            blind(custody, "message.control", control),
            blind(custody, "message.body", hashlib.sha256(data).digest()),
            len(data),
        )
        for control, data in found
    ]
    common = _new_row(tx, owner.source, custody, owner.organization, media_type)
    made = _INSERT_UNKNOWN.run_all(tx, common, ("control", "digest", "size"), rows)
    vault.put_all(
        tx,
        _NOUN,
        [
            vault.New(noun_id=one, part="body", plain=data, custody=custody)
            for one, (_, data) in zip(made, found, strict=True)
            if one is not None
        ],
    )
    tx.wake("messages")
    return [None if one is None else (one, row[1]) for one, row in zip(made, rows, strict=True)]


def keep_conflict(
    tx: Tx,
    *,
    source: str,
    custody: str,
    organization: str,
    control_id: str,
    media_type: str,
    body: bytes,
) -> Message:
    """Keep bytes that contradict a known control id as a message in state `held`, with the known one as lineage.

    The same contradicting bytes are kept once, however often they come.
    """
    values = _new(tx, source, custody, organization, media_type, body) | {"state": "held"}
    control = tx.keys.blind(custody, "message.control", control_id)
    values["lineage"] = tx.connection.execute(
        select(message.c.id).where(message.c.source == source, message.c.control == control)
    ).scalar_one_or_none()
    kept = tx.connection.execute(
        select(message).where(
            message.c.lineage == values["lineage"], message.c.digest == values["digest"], message.c.state == "held"
        )
    ).first()
    if kept is not None:
        return _record(kept)
    return _store(tx, values, {"body": body, "control": control_id.encode()})


def keep_rejected(tx: Tx, owner: Owner, *, media_type: str, body: bytes, issues: Iterable[Issue]) -> Message:
    """Keep what is not taken as it is, as a message in state `rejected`: once, however often the same bytes come."""
    values = _new(tx, owner.source, owner.custody, owner.organization, media_type, body)
    values["control"] = values["digest"]
    known = tx.connection.execute(
        select(message).where(message.c.source == owner.source, message.c.control == values["control"])
    ).one_or_none()
    if known is not None:
        return _record(known)
    values |= {"state": "rejected", "issues": [issue.to_fhir() for issue in issues], "finished_at": tx.now}
    return _store(tx, values, {"body": body})


def replay(tx: Tx, message_id: int, *, into: Owner | None = None, control_id: str | None = None) -> Message:
    """Take the same bytes in again as a new message with lineage; the old one becomes `replayed`.

    `into` takes them in for whom they turn out to be of, in place of whom they were kept for; with `control_id` the
    same message, sent again, is known.
    Raises StoreError `store.not-found`; `store.state` while the message is still waiting, when its bytes are gone, or
    when its control id has been taken since.
    """
    old = tx.connection.execute(select(message).where(message.c.id == message_id)).one_or_none()
    if old is None:
        raise StoreError("store.not-found", "there is no such message", code="not-found")
    if old.state == "received":
        raise StoreError("store.state", "a message that waits is not replayed", code="conflict")
    if old.state in ("expunged", "disposed"):
        raise StoreError("store.state", f"what was {old.state} cannot be taken in again", code="conflict")
    data = body(tx, message_id)
    owner = into or Owner(source=old.source, custody=old.custody, organization=old.organization)
    values = _new(tx, owner.source, owner.custody, owner.organization, old.media_type, data)
    values |= {"lineage": message_id, "gated_at": old.gated_at}
    parts = {"body": data}
    if control_id is not None:
        values["control"] = tx.keys.blind(owner.custody, "message.control", control_id)
        parts["control"] = control_id.encode()
        known = select(message.c.id).where(message.c.source == owner.source, message.c.control == values["control"])
        if tx.connection.execute(known).first() is not None:
            raise StoreError("store.state", "a message with its control id was taken since", code="conflict")
    tx.connection.execute(update(message).where(message.c.id == message_id).values(state="replayed"))
    return _store(tx, values, parts)


def claim(tx: Tx, *, owner: str, lease_seconds: float, limit: int) -> list[Message]:
    """Take up to `limit` waiting messages, oldest first; they are this owner's until the lease ends.

    A source of which somebody holds or delays a message is left out, so that a source's messages are never overtaken.
    """
    asked = {"now": tx.now, "most": limit}
    found = _WAITING_NOW.all(tx, asked)
    if found and tx.connection.dialect.name == "postgresql":
        # another hub may have claimed since; what it did is seen once its source's lock is ours
        free = [source for source in sorted({row.source for row in found}) if _alone_with(tx, source)]
        found = list(tx.connection.execute(_OF_FREE, asked | {"free": free}).all()) if free else []
    ids = [row.id for row in found]
    if not ids:
        return []
    until = tx.now + timedelta(seconds=lease_seconds)
    taken = tx.connection.execute(_TAKE, {"which": ids, "now": tx.now, "until": until, "by": owner}).all()
    return sorted((_record(row) for row in taken), key=lambda found: found.id)


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
# made once: building a statement costs more than running it
_OF_FREE = _WAITING.where(message.c.source.in_(bindparam("free", expanding=True)))
_TAKE = (
    update(message)
    .where(
        message.c.id.in_(bindparam("which", expanding=True)),
        message.c.state == _RECEIVED,
        message.c.lease_until <= _NOW,
    )
    .values(lease_until=bindparam("until", type_=Instant), owner=bindparam("by"), attempts=message.c.attempts + 1)
    .returning(*message.c)
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
    return None if row is None else _record(row)


_BY_ID = HotStatement(select(message).where(message.c.id == bindparam("wanted")))


def expunge(tx: Tx, message_id: int) -> bool:
    """Delete the bytes and the control id for good; the row stays, and knows the same input when it comes again.
    False when that was done before."""
    changed = tx.connection.execute(
        update(message)
        .where(message.c.id == message_id, message.c.state != "expunged")
        .values(state="expunged", issues=[], owner=None, lease_until=EPOCH, finished_at=tx.now)
    )
    vault.remove(tx, _NOUN, message_id)
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
    vault.put(tx, _NOUN, message_id, "body", records, custody=row.custody, replace=True)


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
    return vault.get(tx, _NOUN, message_id, "body")


def control_id(tx: Tx, message_id: int) -> str | None:
    """The sender's control id, if it gave one."""
    found = vault.find(tx, _NOUN, message_id, "control")
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
    return [_record(row) for row in tx.connection.execute(wanted)]


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


_INSERT_UNKNOWN = HotInsert(
    message,
    (
        "source",
        "custody",
        "organization",
        "control",
        "digest",
        "media_type",
        "size",
        "received_at",
        "state",
        "lineage",
        "attempts",
        "lease_until",
    ),
)


def _alone_with(tx: Tx, source: str) -> bool:
    return locks.try_hold(tx.connection, "message.source", source.encode())


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


def _new(tx: Tx, source: str, custody: str, organization: str, media_type: str, data: bytes) -> dict[str, Any]:
    return _new_row(tx, source, custody, organization, media_type) | {
        # keyed: a plain hash of a short row could be guessed from a stolen file
        "digest": tx.keys.blind(custody, "message.body", hashlib.sha256(data).digest()),
        "size": len(data),
    }


def _new_row(tx: Tx, source: str, custody: str, organization: str, media_type: str) -> dict[str, Any]:
    return {
        "source": source,
        "custody": custody,
        "organization": organization,
        "control": None,
        "media_type": media_type,
        "received_at": tx.now,
        "state": "received",
        "lineage": None,
        "attempts": 0,
        "lease_until": EPOCH,
    }


def _store(tx: Tx, values: dict[str, Any], parts: dict[str, bytes]) -> Message:
    made: int = tx.connection.execute(message.insert().returning(message.c.id), values).scalar_one()
    vault.put_parts(tx, _NOUN, made, parts, custody=values["custody"])
    if values["state"] == "received":
        tx.wake("messages")
    return _record_of(made, values)


def _record_of(message_id: int, values: dict[str, Any]) -> Message:
    return Message(
        id=message_id,
        source=values["source"],
        custody=values["custody"],
        organization=values["organization"],
        media_type=values["media_type"],
        size=values["size"],
        digest=values["digest"].hex(),
        received_at=values["received_at"],
        state=values["state"],
        lineage=values["lineage"],
        gated_at=values.get("gated_at"),
    )


def _record(row: Row[Any]) -> Message:
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
