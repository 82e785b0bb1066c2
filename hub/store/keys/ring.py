"""The key ring: what the store seals, opens, blinds and signs with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from hub.store import crypto
from hub.store.keys.provider import KeyProvider, derive
from hub.store.keys.signing import Signing


class KeyRing:
    """What the store asks of keys: seal and open under a custody's key, blind indexes, the namespace key.

    The algorithms are the same in either `crypto_mode`: those that FIPS 140-3 modules have approved.
    """

    def __init__(self, provider: KeyProvider) -> None:
        self._provider = provider
        self._active: dict[str, tuple[str, bytes]] = {}
        self._old: dict[tuple[str, str], bytes] = {}
        self._fields: dict[tuple[str, str], HMAC] = {}
        #: Key of `mappings.ids`; it outlives key rotation.
        self.namespace_key = provider.secret("namespace")

    def seal(self, custody: str, plain: bytes, aad: bytes) -> tuple[str, bytes]:
        """(kid, blob) under the custody's active key."""
        kid, key = self.active(custody)
        return kid, crypto.seal(key, kid, plain, aad)

    def unseal(self, custody: str, blob: bytes, aad: bytes) -> bytes:
        """Open a blob. Raises KeyringError `keys.unknown`, `keys.tampered` or `keys.format`."""
        return crypto.unseal(self._key(custody, crypto.kid_of(blob)), blob, aad)

    def rewrap(self, custody: str, blob: bytes) -> tuple[str, bytes]:
        """(kid, blob) with the document key under the active key; the ciphertext is not touched."""
        kid, key = self.active(custody)
        return kid, crypto.rewrap(self._key(custody, crypto.kid_of(blob)), key, kid, blob)

    def active(self, custody: str) -> tuple[str, bytes]:
        """The name and bytes of the key that seals now for this custody."""
        found = self._active.get(custody)
        if found is None:
            found = self._active[custody] = self._provider.active(custody)
        return found

    def rotate(self, custody: str, at: datetime) -> str:
        """Make a new active key; documents follow by `vault.rewrap`. Other processes take it up by `refresh`."""
        kid = self._provider.rotate(custody, at)
        self._active.pop(custody, None)
        return kid

    def retire(self, custody: str, kid: str, at: datetime) -> None:
        """Forget an old key under which nothing is sealed any more. Raises KeyringError `keys.in-use`."""
        self._provider.retire(custody, kid, at)
        self._old.pop((custody, kid), None)

    def has(self, custody: str, kid: str) -> None:
        """Raises KeyringError `keys.unknown` when that key is not in the ring."""
        self._key(custody, kid)

    def names(self) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        """The active key's name and the names of all keys, by custody."""
        return self._provider.names()

    def refresh(self) -> None:
        """Take up a key that another process made. The worker calls it as it goes round."""
        if self._provider.refresh():
            self._active.clear()

    def database_key(self) -> bytes:
        """The 32 bytes that an SQLCipher database file is encrypted under."""
        return self._provider.secret("database")

    def blind(self, custody: str, field: str, value: str | bytes) -> bytes:
        """HMAC-SHA-256 (32 bytes) to find equal values by, with a key of its own per custody and field.

        Equality only; it shows how often a value occurs. The caller normalises the value.
        """
        begun = self._fields.get((custody, field))
        if begun is None:
            key = derive(self._provider.secret("index"), f"index\x1f{custody}\x1f{field}")
            # the key is taken in once and the state copied: this runs twice for every input, where `hmac` costs double
            begun = self._fields[(custody, field)] = HMAC(key, SHA256())
        made = begun.copy()
        made.update(value.encode() if isinstance(value, str) else value)
        return made.finalize()

    def signing_key(self) -> Signing:
        """The key that signs audit checkpoints and backups, and by which they are verified."""
        return Signing(self._provider.secret("signing"))

    def _key(self, custody: str, kid: str) -> bytes:
        active = self._active.get(custody)
        if active is not None and active[0] == kid:
            return active[1]
        found = self._old.get((custody, kid))
        if found is None:
            found = self._old[(custody, kid)] = self._provider.key(custody, kid)
        return found
