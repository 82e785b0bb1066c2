"""What a key provider gives: a key-encryption key per custody, and the secrets that outlive rotation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: Secrets that no rotation changes: blind indexes and resource ids must stay comparable over the years, signatures
#: verifiable, and a database file readable.
SECRETS = ("index", "namespace", "signing", "database")


class KeyProvider(Protocol):
    """Where keys are kept."""

    def active(self, custody: str) -> tuple[str, bytes]:
        """The name and the 32 bytes of the key that seals now."""

    def key(self, custody: str, kid: str) -> bytes:
        """A key by its name, also an old one. Raises KeyringError `keys.unknown`."""

    def secret(self, name: str) -> bytes:
        """One of SECRETS, 32 bytes."""

    def rotate(self, custody: str, at: datetime) -> str:
        """Make a new active key at that time and keep the old ones. Raises KeyringError where the provider cannot."""

    def retire(self, custody: str, kid: str, at: datetime) -> None:
        """Forget an old key for good. Raises KeyringError `keys.in-use` where some process may still seal under it."""

    def names(self) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        """The active key's name and the names of all keys, of each custody that has keys of its own here."""

    def refresh(self) -> bool:
        """Take up what another process changed; whether anything did."""


def derive(key: bytes, info: str, length: int = 32) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of a key for one use."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info.encode()).derive(key)
