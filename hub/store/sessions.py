"""Sessions of the console. Only a hash of the token is kept: a stolen file signs nobody in."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import select, update

from hub.records import Session
from hub.store.tables import session
from hub.store.tx import Tx


def begin(tx: Tx, *, token: str, person: str, custody: str, seconds: float, account: int | None = None) -> Session:
    """Sign a person in to one custody, by an account or by a one-time token. The token is at least 128
    random bits, made by the caller."""
    made: int = tx.connection.execute(
        session.insert().returning(session.c.id),
        {
            "token": _hash(token),
            "person": person,
            "custody": custody,
            "account": account,
            "created_at": tx.now,
            "expires_at": tx.now + timedelta(seconds=seconds),
        },
    ).scalar_one()
    return Session(
        id=made,
        person=person,
        custody=custody,
        account=account,
        created_at=tx.now,
        expires_at=tx.now + timedelta(seconds=seconds),
    )


def find(tx: Tx, token: str) -> Session | None:
    """The session of a token, unless it has expired."""
    row = tx.connection.execute(
        select(session).where(session.c.token == _hash(token), session.c.expires_at > tx.now)
    ).one_or_none()
    if row is None:
        return None
    return Session(
        id=row.id,
        person=row.person,
        custody=row.custody,
        account=row.account,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def extend(tx: Tx, token: str, *, seconds: float) -> None:
    """The person is still there: the session goes on for `seconds` from now. One that has expired stays expired."""
    tx.connection.execute(
        update(session)
        .where(session.c.token == _hash(token), session.c.expires_at > tx.now)
        .values(expires_at=tx.now + timedelta(seconds=seconds))
    )


def end(tx: Tx, token: str) -> None:
    """Sign out, and forget the sessions that have expired."""
    tx.connection.execute(session.delete().where((session.c.token == _hash(token)) | (session.c.expires_at <= tx.now)))


def _hash(token: str) -> bytes:
    # a random token needs no salt and no slow hash
    return hashlib.sha256(token.encode()).digest()
