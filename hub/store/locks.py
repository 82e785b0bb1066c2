"""Locks that hubs on one PostgreSQL share, each known by a name and held to the end of the transaction.

SQLite needs none: there is one write transaction at a time, and these do nothing.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, func, select


def hold(connection: Connection, kind: str, name: bytes = b"") -> None:
    """Wait until no other transaction holds this lock, and hold it."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_number(kind, name))))


def try_hold(connection: Connection, kind: str, name: bytes = b"") -> bool:
    """Hold this lock unless another transaction does: False then, without waiting."""
    if connection.dialect.name != "postgresql":
        return True
    held: bool = connection.execute(select(func.pg_try_advisory_xact_lock(_number(kind, name)))).scalar_one()
    return held


def _number(kind: str, name: bytes) -> int:
    return int.from_bytes(hashlib.sha256(kind.encode() + b"\x1f" + name).digest()[:8], "big", signed=True)
