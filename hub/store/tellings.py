"""Tellings: what each source says of an incident, sealed in its custody, so that a late one is merged with the rest.

A number is found by blind index. A telling that a later one replaced keeps its row, which says that its message is
about this incident, and loses its content: the message has the bytes. An expunged one keeps its numbers' indexes, so
that the incident is known when it comes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

from sqlalchemy import Row, bindparam, or_, select, update

from hub.records import KeptTelling
from hub.store import locks, vault
from hub.store.hot import HotStatement
from hub.store.tables import message, telling
from hub.store.tx import Tx
from mappings.telling import Kind

_NOUN = "telling"
#: Keys in one statement: well below what either database takes.
_BATCH = 400


def put(
    tx: Tx,
    *,
    custody: str,
    source: str,
    kind: Kind,
    keys: tuple[bytes | None, bytes | None],
    message_id: int,
    place: int,
    first_id: int,
    body: bytes | None,
    made: Iterable[tuple[str, str]],
    document_key: bytes | None = None,
    joined: bytes | None = None,
) -> int:
    """Keep a telling; its row. `keys` as `keys_of` gives them; `body` None: a later one has replaced it already.

    `joined`: what its source's documents of the incident said so far, where each says a part, and `document_key` what
    they are known by.
    """
    added = _ADD.one(
        tx,
        {
            "custody": custody,
            "source": source,
            "kind": kind,
            "number_key": keys[0],
            "case_key": keys[1],
            "document_key": document_key,
            "message_id": message_id,
            "place": place,
            "first_id": first_id,
            "state": "replaced" if body is None else "standing",
            "made": [list(pair) for pair in made],
        },
    )
    assert added is not None
    row: int = added.id
    if body is not None:
        parts = {"record": body} if joined is None else {"record": body, "joined": joined}
        vault.put_parts(tx, _NOUN, row, parts, custody=custody)
    return row


_ADD = HotStatement.adding(telling, returning=[telling.c.id])


def keys_of(
    tx: Tx, custody: str, owner: str, agency: str, number: str | None, case_number: str | None
) -> tuple[bytes | None, bytes | None]:
    """The blind indexes of an incident's numbers: equal within one custody, record owner and agency only."""
    whose = f"{owner}\x1f{agency}\x1f"
    return (
        tx.keys.blind(custody, "telling.number", whose + number) if number else None,
        tx.keys.blind(custody, "telling.case", whose + case_number) if case_number else None,
    )


def related(tx: Tx, keys: Iterable[tuple[bytes | None, bytes | None]]) -> list[KeptTelling]:
    """All tellings that share a number with these, or with those found so, in the order they came; replaced and
    expunged ones too."""
    found: dict[int, Row[Any]] = {}
    asked: set[bytes] = set()
    wanted = {key for pair in keys for key in pair if key is not None}
    while wanted:
        asked |= wanted
        batch = sorted(wanted)
        for start in range(0, len(batch), _BATCH):
            some = batch[start : start + _BATCH]
            for row in _sharing(tx, some):
                found[row.id] = row
        wanted = {key for row in found.values() for key in (row.number_key, row.case_key) if key} - asked
    return [_record(found[key]) for key in sorted(found)]


def _sharing(tx: Tx, keys: Sequence[bytes]) -> Iterable[Any]:
    if len(keys) <= 2:  # an incident's own two numbers
        return _SHARING.all(tx, {"one": keys[0], "other": keys[-1]})
    return tx.connection.execute(
        select(telling).where(or_(telling.c.number_key.in_(keys), telling.c.case_key.in_(keys)))
    )


_SHARING = HotStatement(
    select(telling).where(
        or_(
            *(
                column == bindparam(key)
                for column in (telling.c.number_key, telling.c.case_key)
                for key in ("one", "other")
            )
        )
    )
)


def body(tx: Tx, telling_id: int) -> bytes:
    """The record of a standing telling. Raises KeyringError `keys.missing`, `keys.unknown`, `keys.tampered`."""
    return vault.get(tx, _NOUN, telling_id, "record")


def joined(tx: Tx, telling_id: int) -> bytes | None:
    """What the documents of a standing telling said so far; None where each says all, or it was not to be kept."""
    return vault.find(tx, _NOUN, telling_id, "joined")


def forget_joined(tx: Tx, message_ids: Sequence[int]) -> None:
    """Deletes what the documents of these messages said so far, as they said it; their records stay."""
    for row in tx.connection.execute(select(telling.c.id).where(telling.c.message_id.in_(message_ids))).scalars().all():
        vault.remove(tx, _NOUN, row, "joined")


def document_key_of(tx: Tx, custody: str, source: str, name: str) -> bytes:
    """The blind index of a source's own name for the documents of one incident."""
    return tx.keys.blind(custody, "telling.document", f"{source}\x1f{name}")


def of_documents(tx: Tx, keys: Iterable[bytes]) -> list[KeptTelling]:
    """The tellings of documents with these keys, but for those that were replaced."""
    wanted = sorted(set(keys))
    found: list[KeptTelling] = []
    for start in range(0, len(wanted), _BATCH):
        some = wanted[start : start + _BATCH]
        rows = tx.connection.execute(
            select(telling).where(telling.c.document_key.in_(some), telling.c.state != "replaced")
        )
        found += [_record(row) for row in rows]
    return found


def of_messages(tx: Tx, message_ids: Sequence[int]) -> list[KeptTelling]:
    """The tellings of some messages."""
    rows = tx.connection.execute(select(telling).where(telling.c.message_id.in_(message_ids)).order_by(telling.c.id))
    return [_record(row) for row in rows]


def others(tx: Tx, custody: str, besides: Iterable[int]) -> set[tuple[str, str]]:
    """What the incidents of all other tellings of a custody made. Reads them all: for an order, not for a message."""
    apart = set(besides)
    rows = tx.connection.execute(select(telling.c.id, telling.c.made).where(telling.c.custody == custody))
    return {(kind, name) for row in rows if row.id not in apart for kind, name in row.made}


def replace(tx: Tx, telling_id: int) -> None:
    """A later one stands in its place: the content goes, the row stays."""
    tx.connection.execute(update(telling).where(telling.c.id == telling_id).values(state="replaced"))
    vault.remove(tx, _NOUN, telling_id)


def expunge(tx: Tx, telling_id: int) -> None:
    """The content goes for good; the indexes stay, so that what comes again is known."""
    tx.connection.execute(update(telling).where(telling.c.id == telling_id).values(state="expunged", made=[]))
    vault.remove(tx, _NOUN, telling_id)


def forget(tx: Tx, message_ids: Sequence[int]) -> None:
    """Deletes the tellings of messages that are read anew, but for what was expunged."""
    if not message_ids:
        return
    which = (telling.c.message_id.in_(message_ids), telling.c.state != "expunged")
    for row in tx.connection.execute(select(telling.c.id).where(*which)).scalars().all():
        vault.remove(tx, _NOUN, row)
    tx.connection.execute(telling.delete().where(*which))


def made(tx: Tx, telling_ids: Iterable[int], resources: Iterable[tuple[str, str]]) -> None:
    """Notes what the incident of these tellings has become."""
    which = list(telling_ids)
    if which:
        values = [list(pair) for pair in resources]
        tx.connection.execute(update(telling).where(telling.c.id.in_(which)).values(made=values))


def lineage(tx: Tx, message_id: int) -> tuple[int, list[int]]:
    """(the first message of a line of repetitions, the messages that this one is read again for)."""
    first, repeats = message_id, True
    again: list[int] = []
    while True:
        found = _BEFORE.one(tx, {"wanted": first})
        assert found is not None
        before: int | None = found.lineage
        if before is None:
            return first, again
        state = tx.connection.execute(select(message.c.state).where(message.c.id == before)).scalar_one()
        # Other bytes under the same control id have a lineage too, and are no repetition.
        repeats = repeats and state == "replayed"
        if repeats:
            again.append(before)
        first = before


_BEFORE = HotStatement(select(message.c.lineage).where(message.c.id == bindparam("wanted")))


def lock(tx: Tx, keys: Iterable[tuple[bytes | None, bytes | None]]) -> None:
    """On PostgreSQL, which several hubs share: who writes tellings of these numbers now does so alone."""
    for key in sorted({key for pair in keys for key in pair if key is not None}):
        locks.hold(tx, "telling", key)


def _record(row: Row[Any]) -> KeptTelling:
    return KeptTelling(
        id=row.id,
        custody=row.custody,
        source=row.source,
        kind=cast(Kind, row.kind),
        number_key=row.number_key,
        case_key=row.case_key,
        document_key=row.document_key,
        message_id=row.message_id,
        place=row.place,
        first_id=row.first_id,
        state=cast(Literal["standing", "replaced", "expunged"], row.state),
        made=tuple((kind, name) for kind, name in row.made),
    )
