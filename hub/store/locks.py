"""Locks that hubs on one PostgreSQL share, each known by a name and held to the end of the transaction.

SQLite needs none: there is one write transaction at a time, and these do nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from sqlalchemy import Connection, func, select

from hub.store.tx import Tx


def hold(tx: Tx, kind: str, name: bytes = b"") -> None:
    """Wait until no other transaction holds this lock, and hold it, before anything else is read or written."""
    if tx.dialect.name == "postgresql":
        tx.ask("SELECT pg_advisory_xact_lock(%s)", (_number(kind, name),))


def try_hold(tx: Tx, kind: str, name: bytes = b"") -> bool:
    """Hold this lock unless another transaction does: False then, without waiting."""
    return ask_hold(tx, kind, name)()


def ask_hold(tx: Tx, kind: str, name: bytes = b"") -> Callable[[], bool]:
    """As `try_hold`, asked now and read by the call."""
    if tx.dialect.name != "postgresql":
        return lambda: True
    asked = tx.ask("SELECT pg_try_advisory_xact_lock(%s)", (_number(kind, name),))
    return lambda: bool(asked.rows()[0][0])


def hold_bare(connection: Connection, kind: str) -> None:
    """As `hold`, where there is no store yet."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_number(kind, b""))))


def _number(kind: str, name: bytes) -> int:
    return int.from_bytes(hashlib.sha256(kind.encode() + b"\x1f" + name).digest()[:8], "big", signed=True)
