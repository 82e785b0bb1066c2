"""Sealed documents: bodies, control ids, releases, evidence; each under its own key in its custody's ring.

One table for every noun, so that rotation, retention and the proof that nothing lies open have one place. A
document is known by (noun, id, part); custody and label are bound into it and cannot be changed without sealing anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from sqlalchemy import and_, bindparam, func, select, update

from hub.errors import KeyringError
from hub.store import crypto
from hub.store.hot import HotStatement
from hub.store.hot_rows import HotRows
from hub.store.tables import sealed
from hub.store.tx import Tx
from mappings.record import record


@record  # one is made for every input
class New:
    """One document to be sealed."""

    noun_id: int
    part: str
    plain: bytes
    custody: str
    label: str = ""


def put(
    tx: Tx, noun: str, noun_id: int, part: str, plain: bytes, *, custody: str, label: str = "", replace: bool = False
) -> None:
    """Seal one document. With `replace`, in the place of an earlier one."""
    if replace:
        tx.connection.execute(sealed.delete().where(_key(noun, noun_id, part)))
    put_parts(tx, noun, noun_id, {part: plain}, custody=custody, label=label)


def put_parts(tx: Tx, noun: str, noun_id: int, parts: dict[str, bytes], *, custody: str, label: str = "") -> None:
    """Seal several parts of one row."""
    put_all(
        tx,
        noun,
        [New(noun_id=noun_id, part=part, plain=plain, custody=custody, label=label) for part, plain in parts.items()],
    )


def put_all(tx: Tx, noun: str, found: Iterable[New]) -> None:
    """Seal several documents of one noun."""
    _ROWS.add(tx, {"noun": noun}, [_row(tx, noun, new) for new in found])


_ROWS = HotRows(sealed, common=("noun",), own=("noun_id", "part", "custody", "label", "kid", "blob"))


def find(tx: Tx, noun: str, noun_id: int, part: str) -> bytes | None:
    """Open one document; None when there is none.

    Raises KeyringError `keys.tampered` when it does not open as (noun, id, part, custody, label), `keys.unknown`
    when its key is not in the ring.
    """
    row = _FIND.one(tx, {"noun": noun, "noun_id": noun_id, "part": part})
    if row is None:
        return None
    return tx.keys.unseal(row.custody, row.blob, crypto.associated(noun, str(noun_id), part, row.custody, row.label))


_FIND = HotStatement(
    select(sealed.c.custody, sealed.c.label, sealed.c.blob).where(
        sealed.c.noun == bindparam("noun"), sealed.c.noun_id == bindparam("noun_id"), sealed.c.part == bindparam("part")
    )
)


def get(tx: Tx, noun: str, noun_id: int, part: str) -> bytes:
    """As `find`. Raises KeyringError `keys.missing` when there is none."""
    return ask(tx, noun, noun_id, part)()


def ask(tx: Tx, noun: str, noun_id: int, part: str) -> Callable[[], bytes]:
    """As `get`, asked now and opened by the call."""
    asked = _FIND.ask(tx, {"noun": noun, "noun_id": noun_id, "part": part})

    def read() -> bytes:
        row = asked.one()
        return opened(tx, noun, noun_id, part, None if row is None else (row.custody, row.label, row.blob))

    return read


def opened(tx: Tx, noun: str, noun_id: int, part: str, found: tuple[str, str, bytes] | None) -> bytes:
    """As `get`, of what was read already: its (custody, label, blob), or None where there is none."""
    if found is None:
        raise KeyringError("keys.missing", "there is no such sealed document")
    custody, label, blob = found
    return tx.keys.unseal(custody, blob, crypto.associated(noun, str(noun_id), part, custody, label))


def get_json(tx: Tx, noun: str, noun_id: int, part: str) -> Any:
    """As `get`, read as JSON."""
    return orjson.loads(get(tx, noun, noun_id, part))


def remove(tx: Tx, noun: str, noun_id: int, *parts: str) -> int:
    """Delete documents for good: those parts of a row, or all of it; how many. Only an order or a copy that another
    row has is a reason."""
    which = [sealed.c.noun == noun, sealed.c.noun_id == noun_id]
    if parts:
        which.append(sealed.c.part.in_(parts))
    gone: int = tx.connection.execute(sealed.delete().where(*which)).rowcount
    return gone


def rewrap(tx: Tx, custody: str, *, limit: int = 500) -> int:
    """Wrap the keys of up to `limit` documents of a custody under its active key; how many. 0: rotation is done.

    Bodies are neither opened nor written. Call it in one write after another, so that other work goes on between.
    """
    active, _ = tx.keys.active(custody)
    rows = tx.connection.execute(
        select(sealed.c.noun, sealed.c.noun_id, sealed.c.part, sealed.c.blob)
        .where(sealed.c.custody == custody, sealed.c.kid != active)
        .limit(limit)
    ).all()
    for row in rows:
        kid, blob = tx.keys.rewrap(custody, row.blob)
        tx.connection.execute(update(sealed).where(_key(row.noun, row.noun_id, row.part)).values(kid=kid, blob=blob))
    return len(rows)


def sealed_under(tx: Tx) -> dict[tuple[str, str], int]:
    """How many documents of each custody are sealed under each key: (custody, kid) to their number."""
    counted = select(sealed.c.custody, sealed.c.kid, func.count()).group_by(sealed.c.custody, sealed.c.kid)
    return {(custody, kid): count for custody, kid, count in tx.connection.execute(counted)}


def _key(noun: str, noun_id: int, part: str) -> Any:
    return and_(sealed.c.noun == noun, sealed.c.noun_id == noun_id, sealed.c.part == part)


def _row(tx: Tx, noun: str, new: New) -> tuple[Any, ...]:
    bound = crypto.associated(noun, str(new.noun_id), new.part, new.custody, new.label)
    return (new.noun_id, new.part, new.custody, new.label, *tx.keys.seal(new.custody, new.plain, bound))
