"""Tokens that clients signed and showed: each is good once, on whichever hub. Only a hash is kept, while it lasts."""

from __future__ import annotations

from datetime import datetime

from hub.store.tables import client_jwt, insert_into
from hub.store.tx import Tx


def first_seen(tx: Tx, seen_as: bytes, *, until: datetime) -> bool:
    """Whether it is shown for the first time; forgets what has ended."""
    tx.connection.execute(client_jwt.delete().where(client_jwt.c.until <= tx.now))
    new = insert_into(tx.connection.dialect.name, client_jwt).values(seen_as=seen_as, until=until)
    # not by a count of rows, which a driver need not know of an insert
    added = new.on_conflict_do_nothing(index_elements=["seen_as"]).returning(client_jwt.c.seen_as)
    return tx.connection.execute(added).first() is not None
