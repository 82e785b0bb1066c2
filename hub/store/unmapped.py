"""Unmapped codes: the queue of what nobody has mapped yet, by source and field, with how often each stands.

A code is an agency's own word, so it is sealed in that agency's custody and found by blind index. It counts in the
messages that have it now: a message that is read again is counted anew, and a code that no message has is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, Select, func, select

from hub.records import UnmappedCode
from hub.store import vault
from hub.store.tables import insert_into, unmapped, unmapped_use
from hub.store.tx import Tx
from mappings.unmapped import Unmapped

_NOUN = "unmapped"


def note(tx: Tx, *, custody: str, source: str, message_id: int, found: Iterable[Unmapped], seen_at: datetime) -> None:
    """Counts the codes of a message. `seen_at`: when its bytes came first; reading them again is no new sight."""
    counted = sorted(Counter(found).items(), key=lambda pair: repr(pair[0]))
    if not counted:
        return
    said = [orjson.dumps([code.code, code.system, code.text]) for code, _ in counted]
    keys = [tx.keys.blind(custody, "unmapped.code", one) for one in said]
    # nearly every code was seen before: they are asked for together
    known = {
        (row.field, row.code_key): row.id
        for row in tx.connection.execute(
            select(unmapped.c.id, unmapped.c.field, unmapped.c.code_key).where(
                unmapped.c.source == source, unmapped.c.code_key.in_(keys)
            )
        )
    }
    uses = []
    for (code, number), one, key in zip(counted, said, keys, strict=True):
        row = known.get((code.field[:255], key)) or _row_of(tx, custody, source, code, one, key)
        uses.append({"unmapped_id": row, "message_id": message_id, "number": number, "seen_at": seen_at})
    tx.connection.execute(unmapped_use.insert(), uses)


def forget(tx: Tx, message_ids: Sequence[int]) -> None:
    """Takes messages out of the count, and the codes that no message has any more out of the queue."""
    if not message_ids:
        return
    gone = unmapped_use.delete().where(unmapped_use.c.message_id.in_(message_ids))
    touched = set(tx.connection.execute(gone.returning(unmapped_use.c.unmapped_id)).scalars())
    if not touched:
        return
    left = set(
        tx.connection.execute(
            select(unmapped_use.c.unmapped_id).where(unmapped_use.c.unmapped_id.in_(touched))
        ).scalars()
    )
    for row in touched - left:
        vault.remove(tx, _NOUN, row)
        tx.connection.execute(unmapped.delete().where(unmapped.c.id == row))


def listed(tx: Tx, *, source: str | None = None, open_for: str | None = None, limit: int = 500) -> list[UnmappedCode]:
    """The queue, the most frequent first. `open_for`: a custody whose codes are opened, or `*` for all (the hub's
    operator at its own machine); those of others are counted only."""
    wanted = _select().limit(limit)
    if source is not None:
        wanted = wanted.where(unmapped.c.source == source)
    return [_record(tx, row, open_for) for row in tx.connection.execute(wanted).all()]


def get(tx: Tx, unmapped_id: int, *, open_for: str | None = None) -> UnmappedCode | None:
    """One of the queue."""
    row = tx.connection.execute(_select().where(unmapped.c.id == unmapped_id)).one_or_none()
    return None if row is None else _record(tx, row, open_for)


def messages_of(tx: Tx, unmapped_ids: Iterable[int]) -> list[int]:
    """The messages that have any of these codes, in the order they came; each once."""
    rows = tx.connection.execute(
        select(unmapped_use.c.message_id).where(unmapped_use.c.unmapped_id.in_(list(unmapped_ids))).distinct()
    )
    return sorted(rows.scalars())


def _select() -> Select[Any]:
    return (
        select(
            unmapped,
            func.sum(unmapped_use.c.number).label("number"),
            func.count().label("messages"),
            func.min(unmapped_use.c.seen_at).label("first_seen"),
            func.max(unmapped_use.c.seen_at).label("last_seen"),
        )
        .join(unmapped_use, unmapped_use.c.unmapped_id == unmapped.c.id)
        .group_by(*unmapped.c)
        .order_by(func.sum(unmapped_use.c.number).desc(), unmapped.c.id)
    )


def _row_of(tx: Tx, custody: str, source: str, code: Unmapped, said: bytes, key: bytes) -> int:
    values = {"custody": custody, "source": source, "field": code.field[:255], "code_key": key}
    added = tx.connection.execute(
        insert_into(tx.connection.dialect.name, unmapped)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["source", "field", "code_key"])
        .returning(unmapped.c.id)
    ).scalar_one_or_none()
    if added is not None:
        vault.put(tx, _NOUN, added, "code", said, custody=custody)
        return int(added)
    known: int = tx.connection.execute(
        select(unmapped.c.id).where(
            unmapped.c.source == source,
            unmapped.c.field == values["field"],
            unmapped.c.code_key == values["code_key"],
        )
    ).scalar_one()
    return known


def _record(tx: Tx, row: Row[Any], open_for: str | None) -> UnmappedCode:
    said: list[str | None] = [None, None, None]
    if open_for in ("*", row.custody):
        said = vault.get_json(tx, _NOUN, row.id, "code")
    return UnmappedCode(
        id=row.id,
        custody=row.custody,
        source=row.source,
        field=row.field,
        number=int(row.number),
        messages=row.messages,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        code=said[0],
        system=said[1],
        text=said[2],
    )
