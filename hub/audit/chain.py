"""The audit chain: each event's hash covers the one before, so that a changed, dropped, added or moved event shows.

`hash = SHA-256(previous hash | canonical event)`. The chain alone cannot show that its tail was cut: signed
checkpoints, exported off the host, do. Append runs in the writer, one at a time; on PostgreSQL under a lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, Protocol

import orjson
from sqlalchemy import Connection, Dialect, RowMapping, select

from hub.audit.tables import audit_checkpoint, audit_event
from hub.records import Checkpoint, Event

#: What the first event follows.
GENESIS = bytes(32)
#: Which lock serialises appending on PostgreSQL.
_LOCK = 0x5741524D48414E44


class Answered(Protocol):
    """What a statement of the driver's gives."""

    def rows(self) -> Sequence[Sequence[Any]]:
        """Its rows."""


class Transaction(Protocol):
    """What the chain needs of a store transaction."""

    @property
    def connection(self) -> Connection:
        """Its connection."""

    @property
    def dialect(self) -> Dialect:
        """The database's."""

    def ask(self, statement: str, parameters: Any) -> Answered:
        """Runs a statement of the driver's in its place."""

    @property
    def now(self) -> datetime:
        """Its time."""


class Signing(Protocol):
    """What signs a checkpoint, and checks it again."""

    @property
    def kid(self) -> str:
        """The name of the public key."""

    def sign(self, data: bytes) -> bytes:
        """The signature."""

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's, of these bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """Where the chain does not hold: `seq` of the event, or the size that a checkpoint states."""

    seq: int
    why: Literal["changed", "missing", "unlinked", "checkpoint", "signature", "cut"]


def append(tx: Transaction, event: Event) -> int:
    """Add an event at the end; its number, counted from 1 without gaps."""
    if tx.dialect.name == "postgresql":
        tx.ask("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    last, add, order = _statements(tx.dialect)
    found = tx.ask(last, ()).rows()
    seq, previous = (found[0][0] + 1, found[0][1]) if found else (1, GENESIS)
    body = canonical(event)
    values = {
        "seq": seq,
        "at": event.at.timestamp(),
        "event": body,
        "previous": previous,
        "hash": hashlib.sha256(previous + body).digest(),
    }
    tx.ask(add, values if order is None else [values[name] for name in order])
    return int(seq)


@cache
def _statements(dialect: Dialect) -> tuple[str, str, list[str] | None]:
    """The last event's number and hash; an event added, and the order of its parameters where they have no names: as
    the driver takes them, since every input passes here and Core costs more than the row."""
    added = audit_event.insert().compile(dialect=dialect)
    return (
        "SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1",
        str(added),
        list(added.positiontup) if added.positiontup is not None else None,
    )


def canonical(event: Event) -> bytes:
    """The bytes that are hashed: JSON with sorted keys and UTC times, without what is absent."""
    plain = {key: value for key, value in asdict(event).items() if value not in (None, ())}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def parse(body: bytes) -> Event:
    """The event that `canonical` wrote."""
    plain = orjson.loads(body)
    plain["at"] = datetime.fromisoformat(plain["at"])
    return Event(**(plain | {"detail": tuple(plain.get("detail", ()))}))


def events(tx: Transaction, *, after: int = 0, limit: int = 1000) -> list[tuple[int, Event]]:
    """Events with their numbers, in order, from `after` on."""
    rows = tx.connection.execute(
        select(audit_event.c.seq, audit_event.c.event)
        .where(audit_event.c.seq > after)
        .order_by(audit_event.c.seq)
        .limit(limit)
    )
    return [(row.seq, parse(row.event)) for row in rows]


def checkpoint(tx: Transaction, key: Signing) -> Checkpoint | None:
    """Sign how long the chain is and what it ends in; None while it is empty. The same state is signed once.

    Export it off the host: a thief of the whole host can otherwise cut the tail and the checkpoints together.
    """
    last = tx.connection.execute(
        select(audit_event.c.seq, audit_event.c.hash).order_by(audit_event.c.seq.desc()).limit(1)
    ).one_or_none()
    if last is None:
        return None
    known = tx.connection.execute(select(audit_checkpoint).where(audit_checkpoint.c.size == last.seq)).one_or_none()
    if known is not None:
        return _checkpoint(known._mapping)
    at = tx.now.isoformat()
    signature = key.sign(_signed(last.seq, last.hash.hex(), at, key.kid)).hex()
    values = {"size": last.seq, "root": last.hash.hex(), "at": at, "kid": key.kid, "signature": signature}
    tx.connection.execute(audit_checkpoint.insert(), values)
    return _checkpoint(values)


def checkpoints(tx: Transaction) -> list[Checkpoint]:
    """The stored checkpoints, in order."""
    rows = tx.connection.execute(select(audit_checkpoint).order_by(audit_checkpoint.c.size))
    return [_checkpoint(row._mapping) for row in rows]


def verify(tx: Transaction, keys: Iterable[Signing] = (), exported: Iterable[Checkpoint] = ()) -> list[Broken]:
    """Everything that does not hold, in order; an empty list when all does.

    Each event's hash and link are recomputed; stored and exported checkpoints are checked against the chain, and
    against `keys` where given. Rows cut from the end show only against an exported checkpoint (`cut`), or a stored
    one that was left.
    """
    broken: list[Broken] = []
    roots: dict[int, str] = {}
    stated = [*checkpoints(tx), *exported]
    wanted = {point.size for point in stated}
    previous, before = GENESIS, 0
    every = select(audit_event).order_by(audit_event.c.seq)
    rows = tx.connection.execute(every.execution_options(yield_per=1000))
    for row in rows:
        if row.seq != before + 1:
            broken.append(Broken(seq=before + 1, why="missing"))
        elif row.previous != previous:
            broken.append(Broken(seq=row.seq, why="unlinked"))
        if hashlib.sha256(row.previous + row.event).digest() != row.hash or not _same_time(row.at, row.event):
            broken.append(Broken(seq=row.seq, why="changed"))
        if row.seq in wanted:
            roots[row.seq] = row.hash.hex()
        previous, before = row.hash, row.seq
    known = {key.kid: key for key in keys}
    for point in stated:
        if point.size > before:
            broken.append(Broken(seq=point.size, why="cut"))
        elif roots.get(point.size) != point.root:
            broken.append(Broken(seq=point.size, why="checkpoint"))
        if known and not _signature_holds(point, known):
            broken.append(Broken(seq=point.size, why="signature"))
    return broken


def _signed(size: int, root: str, at: str, kid: str) -> bytes:
    return f"warmhandoff audit checkpoint\n{size}\n{root}\n{at}\n{kid}".encode()


def _signature_holds(point: Checkpoint, known: Mapping[str, Signing]) -> bool:
    key = known.get(point.kid)
    try:
        signature = bytes.fromhex(point.signature)
    except ValueError:
        return False
    return key is not None and key.holds(signature, _signed(point.size, point.root, point.at.isoformat(), point.kid))


def _same_time(at: float, body: bytes) -> bool:
    """Whether the row's time column, which is there to select by, is the event's."""
    try:
        return parse(body).at.timestamp() == at
    except (ValueError, KeyError, TypeError):
        return False


def _checkpoint(values: RowMapping | Mapping[str, object]) -> Checkpoint:
    return Checkpoint(
        size=int(str(values["size"])),
        root=str(values["root"]),
        at=datetime.fromisoformat(str(values["at"])),
        kid=str(values["kid"]),
        signature=str(values["signature"]),
    )
