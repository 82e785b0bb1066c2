"""Keys from an environment variable, for a hub whose platform hands it its secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime

from hub.errors import KeyringError
from hub.store.keys.provider import derive


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
        return derive(self._keys[kid], f"custody\x1f{custody}")

    def secret(self, name: str) -> bytes:
        """One of SECRETS."""
        return derive(self._root, f"secret\x1f{name}")

    def rotate(self, custody: str, at: datetime) -> str:
        """Not here: raises KeyringError `keys.environment`."""
        raise KeyringError("keys.environment", "keys of the environment are rotated by changing the variable")

    def retire(self, custody: str, kid: str, at: datetime) -> None:
        """Not here: raises KeyringError `keys.environment`."""
        raise KeyringError("keys.environment", "keys of the environment are retired by changing the variable")

    def names(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """None: every custody has the keys of the variable."""
        return {}

    def refresh(self) -> bool:
        """False: a process has its environment for life."""
        return False
