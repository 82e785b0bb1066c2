"""Credentials issued to sources: only the SHA-256 of a token is kept, and when it ends or was revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select, update

from hub.errors import StoreError
from hub.records import Credential
from hub.store.tables import credential
from hub.store.tx import Tx


def issue(tx: Tx, source: str, *, digest: bytes, by: str, expires_at: datetime | None) -> Credential:
    """A token for a source, beside those it has."""
    row = tx.connection.execute(
        credential.insert().returning(*credential.c),
        {"source": source, "digest": digest, "issued_at": tx.now, "issued_by": by, "expires_at": expires_at},
    ).one()
    return _record(row)


def end(tx: Tx, source: str, *, at: datetime, but: int | None = None) -> int:
    """A source's tokens end at that time, if not before; all, or all `but` one. How many."""
    which = [credential.c.source == source, credential.c.revoked_at.is_(None)]
    which.append(or_(credential.c.expires_at.is_(None), credential.c.expires_at > at))
    if but is not None:
        which.append(credential.c.id != but)
    return int(tx.connection.execute(update(credential).where(*which).values(expires_at=at)).rowcount)


def revoke(tx: Tx, credential_id: int, *, by: str) -> Credential:
    """It is good for nothing from now on. Raises StoreError `store.not-found`, `store.state`."""
    row = tx.connection.execute(
        update(credential)
        .where(credential.c.id == credential_id, credential.c.revoked_at.is_(None))
        .values(revoked_at=tx.now, revoked_by=by)
        .returning(*credential.c)
    ).one_or_none()
    if row is not None:
        return _record(row)
    if tx.connection.execute(select(credential.c.id).where(credential.c.id == credential_id)).first() is None:
        raise StoreError("store.not-found", "there is no such credential", code="not-found")
    raise StoreError("store.state", "this credential was revoked before", code="conflict")


def standing(tx: Tx) -> dict[str, tuple[bytes, ...]]:
    """The digests that are good now, by source."""
    found: dict[str, tuple[bytes, ...]] = {}
    rows = tx.connection.execute(
        select(credential.c.source, credential.c.digest).where(
            credential.c.revoked_at.is_(None),
            or_(credential.c.expires_at.is_(None), credential.c.expires_at > tx.now),
        )
    )
    for row in rows:
        found[row.source] = (*found.get(row.source, ()), row.digest)
    return found


def listed(tx: Tx, *, source: str | None = None) -> list[Credential]:
    """All that were ever issued, oldest first."""
    wanted = select(credential).order_by(credential.c.id)
    if source is not None:
        wanted = wanted.where(credential.c.source == source)
    return [_record(row) for row in tx.connection.execute(wanted)]


def _record(row: Row[Any]) -> Credential:
    return Credential(**row._mapping)
