"""Tokens of sources, issued and taken back by a person while the hub runs."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from hub import drbg
from hub.errors import IdentityError
from hub.loop.context import Hub
from hub.loop.hold import name_of
from hub.loop.record import audit
from hub.records import Credential
from hub.store import credentials
from hub.store.tx import Tx


def issue(hub: Hub, source: str, *, by: str, days: int | None) -> tuple[Credential, str]:
    """A token of 256 random bits, shown this once. Raises IdentityError `identity.source`, HubError `hold.person`."""
    return _make(hub, source, by, days, None)


def rotate(hub: Hub, source: str, *, by: str, overlap_hours: int, days: int | None) -> tuple[Credential, str]:
    """A new one; those there are end after the overlap. Raises as `issue`."""
    return _make(hub, source, by, days, overlap_hours)


def revoke(tx: Tx, hub: Hub, credential_id: int, *, by: str) -> None:
    """Raises StoreError `store.not-found`, `store.state`; HubError `hold.person`."""
    person = name_of(by)
    revoked = credentials.revoke(tx, credential_id, by=person)
    audit(
        tx, hub, who=person, action="U", kind="credential.revoked", entity=("credential", revoked.id),
        detail=(f"source:{revoked.source}",),
    )  # fmt: skip


def _make(hub: Hub, source: str, by: str, days: int | None, overlap_hours: int | None) -> tuple[Credential, str]:
    person, section = name_of(by), hub.source(source)
    if section is None or not section.issued:
        raise IdentityError("identity.source", "there is no such source whose tokens are issued (`issued = true`)")
    token = drbg.token()
    digest = hashlib.sha256(token.encode()).digest()
    act = "issued" if overlap_hours is None else "rotated"

    def work(tx: Tx) -> Credential:
        expires = None if days is None else tx.now + timedelta(days=days)
        made = credentials.issue(tx, source, digest=digest, by=person, expires_at=expires)
        if overlap_hours is not None:
            credentials.end(tx, source, at=tx.now + timedelta(hours=overlap_hours), but=made.id)
        audit(
            tx, hub, who=person, action="C", kind=f"credential.{act}", entity=("credential", made.id),
            detail=(f"source:{source}",),
        )  # fmt: skip
        return made

    return hub.store.write(work), token
