"""Who calls: the sources by the tokens they present, those of the settings and those that were issued.

Issued tokens are read from the store every second, so that a revoked one is good for nothing within a second on every
hub, and no request waits for the store to be known.
"""

from __future__ import annotations

import hashlib
import hmac

from hub.settings import Settings, SourceSection
from hub.store import credentials
from hub.store.tx import Tx

#: How often issued tokens are read, in seconds.
EVERY = 1.0


class Callers:
    """The sources of one hub that come over HTTP. Digests are SHA-256 of tokens."""

    _NOBODY = hashlib.sha256(b"\x00 no such source").digest()
    _NOTHING = hashlib.sha256(b"").digest()

    def __init__(self, settings: Settings) -> None:
        self._sections = {s.name: s for s in settings.source if s.token is not None or s.issued}
        self._fixed = {s.name: (s.token.digest(),) for s in settings.source if s.token is not None}
        self._issued = frozenset(s.name for s in settings.source if s.issued)
        self._digests: dict[str, tuple[bytes, ...]] = dict(self._fixed)

    @property
    def changes(self) -> bool:
        """Whether any source's tokens are issued, and `refresh` is to be called."""
        return bool(self._issued)

    def refresh(self, tx: Tx) -> None:
        """Takes up what was issued, has ended or was revoked."""
        standing = credentials.standing(tx)
        self._digests = self._fixed | {name: standing.get(name, ()) for name in self._issued}

    def named(self, name: str, presented: bytes) -> SourceSection | None:
        """The source of that name, if the token is one of its; an unknown name takes as long as a wrong token."""
        digests = self._digests.get(name) or (self._NOBODY,)
        holds = [hmac.compare_digest(presented, digest) for digest in digests]
        return self._sections.get(name) if any(holds) else None

    def by_token(self, presented: bytes) -> SourceSection | None:
        """The source whose token it is. All are compared: which one matched does not show in the time it takes."""
        found = None
        for name, digests in self._digests.items():
            for digest in digests:
                if hmac.compare_digest(presented, digest):
                    found = self._sections[name]
        return None if hmac.compare_digest(presented, self._NOTHING) else found
