"""The key ring: a key-encryption key per custody, and the secrets that outlive rotation.

A `KeyProvider` holds the keys; `KeyRing` is what the store uses. `FileKeys` makes an independent random key for
each custody on its first use, so that destroying one custody's keys destroys only its documents. `EnvKeys` derives
them from a root key per kid, since an environment cannot be written to.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import threading
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.errors import KeyringError
from hub.store import crypto

#: Secrets that no rotation changes: blind indexes and resource ids must stay comparable over the years.
SECRETS = ("index", "namespace", "signing")


class KeyProvider(Protocol):
    """Where keys are kept."""

    def active(self, custody: str) -> tuple[str, bytes]:
        """The name and the 32 bytes of the key that seals now."""

    def key(self, custody: str, kid: str) -> bytes:
        """A key by its name, also an old one. Raises KeyringError `keys.unknown`."""

    def secret(self, name: str) -> bytes:
        """One of SECRETS, 32 bytes."""

    def rotate(self, custody: str) -> str:
        """Make a new active key and keep the old ones. Raises KeyringError where the provider cannot."""


class FileKeys:
    """Keys in one JSON file of mode 0600, made on first use. Not for a file system that others can read.

    A new key is on disk (fsync, rename) before it is used: no document may be sealed under a key that a crash loses.
    Raises KeyringError `keys.file` when the file is readable by others or not ours.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._content: dict[str, Any] = {"custodies": {}, "secrets": {}}
        self._change(lambda content: self._fill_secrets(content))

    def active(self, custody: str) -> tuple[str, bytes]:
        """The name and bytes of the key that seals now; makes the custody's first one."""
        ring = self._content["custodies"].get(custody)
        if ring is None:
            self._change(lambda content: None if custody in content["custodies"] else _add_key(content, custody))
            ring = self._content["custodies"][custody]
        return ring["active"], base64.b64decode(ring["keys"][ring["active"]])

    def key(self, custody: str, kid: str) -> bytes:
        """A key by its name. Raises KeyringError `keys.unknown`."""
        for _ in range(2):
            kept = self._content["custodies"].get(custody, {}).get("keys", {}).get(kid)
            if kept is not None:
                return base64.b64decode(kept)
            self._change(lambda content: None)  # another process may have made it since
        raise KeyringError("keys.unknown", "the key of a sealed document is not in the key ring")

    def secret(self, name: str) -> bytes:
        """One of SECRETS."""
        return base64.b64decode(self._content["secrets"][name])

    def rotate(self, custody: str) -> str:
        """A new active key for one custody; the old ones stay until nothing is sealed under them."""
        self._change(lambda content: _add_key(content, custody))
        return str(self._content["custodies"][custody]["active"])

    @staticmethod
    def _fill_secrets(content: dict[str, Any]) -> None:
        for name in SECRETS:
            content["secrets"].setdefault(name, _new_key())

    def _change(self, change: Any) -> None:
        """Read the file, change it, write it back if it differs: one process and one thread at a time."""
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            guard = os.open(self._path.with_name(self._path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(guard, fcntl.LOCK_EX)
                content = self._load()
                before = json.dumps(content, sort_keys=True)
                change(content)
                if json.dumps(content, sort_keys=True) != before:
                    self._save(content)
                self._content = content
            finally:
                os.close(guard)

    def _load(self) -> dict[str, Any]:
        if not self._path.exists():
            return {"custodies": {}, "secrets": {}}
        if self._path.stat().st_mode & 0o077:
            raise KeyringError("keys.file", "the key file is open to others: its mode must be 0600")
        try:
            content = json.loads(self._path.read_bytes())
            if not isinstance(content["custodies"], dict) or not isinstance(content["secrets"], dict):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            raise KeyringError("keys.file", "the key file is not one of ours") from None
        return dict(content)

    def _save(self, content: dict[str, Any]) -> None:
        new = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(content, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class EnvKeys:
    """Keys from an environment variable: JSON `{"active": kid, "keys": {kid: base64 of 32 bytes}, "root": base64}`.

    A custody's key is HKDF-SHA-256 of the root key of that kid; `root` gives the secrets that outlive rotation.
    Rotation is a new value of the variable. Raises KeyringError `keys.environment`.
    """

    def __init__(self, environ: Mapping[str, str], name: str = "HANDOFF_KEYS") -> None:
        try:
            content = json.loads(environ[name])
            self._active = str(content["active"])
            self._keys = {str(kid): base64.b64decode(value, validate=True) for kid, value in content["keys"].items()}
            self._root = base64.b64decode(content["root"], validate=True)
            if self._active not in self._keys or {len(key) for key in (*self._keys.values(), self._root)} != {32}:
                raise ValueError
        except (KeyError, ValueError, TypeError, AttributeError):
            raise KeyringError("keys.environment", "the key variable is absent or does not have our form") from None

    def active(self, custody: str) -> tuple[str, bytes]:
        """The name and bytes of the key that seals now."""
        return self._active, self.key(custody, self._active)

    def key(self, custody: str, kid: str) -> bytes:
        """A key by its name. Raises KeyringError `keys.unknown`."""
        if kid not in self._keys:
            raise KeyringError("keys.unknown", "the key of a sealed document is not in the key ring")
        return _derive(self._keys[kid], f"custody\x1f{custody}")

    def secret(self, name: str) -> bytes:
        """One of SECRETS."""
        return _derive(self._root, f"secret\x1f{name}")

    def rotate(self, custody: str) -> str:
        """Not here: raises KeyringError `keys.environment`."""
        raise KeyringError("keys.environment", "keys of the environment are rotated by changing the variable")


class KeyRing:
    """What the store asks of keys: seal and open under a custody's key, blind indexes, the namespace key."""

    def __init__(self, provider: KeyProvider) -> None:
        self._provider = provider
        self._active: dict[str, tuple[str, bytes]] = {}
        self._old: dict[tuple[str, str], bytes] = {}
        self._fields: dict[tuple[str, str], tuple[Any, Any]] = {}
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

    def rotate(self, custody: str) -> str:
        """Make a new active key; documents follow by `vault.rewrap`. Other processes take it up when they restart."""
        kid = self._provider.rotate(custody)
        self._active.pop(custody, None)
        return kid

    def blind(self, custody: str, field: str, value: str | bytes) -> bytes:
        """Keyed hash (32 bytes) to find equal values by, with a key of its own per custody and field.

        Equality only; it shows how often a value occurs. The caller normalises the value.
        """
        states = self._fields.get((custody, field))
        if states is None:
            key = _derive(self._provider.secret("index"), f"index\x1f{custody}\x1f{field}").ljust(64, b"\0")
            # HMAC (RFC 2104) with the key's two hash states worked out once: this runs for every input.
            states = (sha256(bytes(b ^ 0x36 for b in key)), sha256(bytes(b ^ 0x5C for b in key)))
            self._fields[(custody, field)] = states
        inner, outer = states[0].copy(), states[1].copy()
        inner.update(value.encode() if isinstance(value, str) else value)
        outer.update(inner.digest())
        return outer.digest()

    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs audit checkpoints."""
        return Ed25519PrivateKey.from_private_bytes(self._provider.secret("signing"))

    def _key(self, custody: str, kid: str) -> bytes:
        active = self._active.get(custody)
        if active is not None and active[0] == kid:
            return active[1]
        found = self._old.get((custody, kid))
        if found is None:
            found = self._old[(custody, kid)] = self._provider.key(custody, kid)
        return found


def _derive(key: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info.encode()).derive(key)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _add_key(content: dict[str, Any], custody: str) -> None:
    ring = content["custodies"].setdefault(custody, {"active": "", "keys": {}})
    kid = f"k{len(ring['keys']) + 1}-{secrets.token_hex(3)}"
    ring["keys"][kid] = _new_key()
    ring["active"] = kid
