"""Who acts: accounts, sessions, and the credentials of sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Who may sign in to the console, for which organizations, and with which roles in each (`hub.identity.role`).

    Passphrase and code's secret are not in it.
    """

    id: int
    name: str
    custodies: tuple[str, ...]
    roles: dict[str, tuple[str, ...]]
    created_at: datetime
    created_by: str
    failures: int
    failed_at: datetime | None
    locked_at: datetime | None
    removed_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A signed-in person of one custody. The token itself is not kept.

    `account`: by which account; None by a one-time token of who has the machine.
    """

    id: int
    person: str
    custody: str
    account: int | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A token issued to a source; the token itself was shown once."""

    id: int
    source: str
    digest: bytes
    issued_at: datetime
    issued_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
