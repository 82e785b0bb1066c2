"""Marks: small named values of the hub's own (where polling has come to, say). Codes, ids and counts; not sealed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from hub.store.tables import insert_into, mark
from hub.store.tx import Tx


def put(tx: Tx, name: str, value: Any) -> None:
    """Set a mark (JSON)."""
    new = insert_into(tx.connection.dialect.name, mark).values(name=name, value=value, at=tx.now)
    tx.connection.execute(
        new.on_conflict_do_update(index_elements=["name"], set_={"value": new.excluded.value, "at": new.excluded["at"]})
    )


def get(tx: Tx, name: str) -> Any:
    """A mark, or None."""
    return tx.connection.execute(select(mark.c.value).where(mark.c.name == name)).scalar_one_or_none()
