"""The private keys by which the hub signs itself in, and their public halves (RFC 7515, 7517, 7638)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.errors import SettingsError

log = structlog.get_logger("hub.client_keys")

#: SMART App Launch 2.2: a client must support one of these two.
ALGORITHMS = {"EC": "ES384", "RSA": "RS384"}


class ClientKey:
    """A private key of a PEM file; its name is the thumbprint of its public half."""

    def __init__(self, key: ECKey | RSAKey) -> None:
        self._key = key
        self.algorithm = ALGORITHMS[key.key_type]
        self.kid = key.thumbprint()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises SettingsError `settings.client-key`: not there, open to others, no EC P-384, no RSA-2048."""
        try:
            if path.stat().st_mode & 0o077:
                raise SettingsError("settings.client-key", "the key is open to others: mode 0600", path=path.name)
            data = path.read_bytes()
        except OSError:
            raise SettingsError("settings.client-key", "the key cannot be read", path=path.name) from None
        for kind in (ECKey, RSAKey):
            try:
                key = kind.import_key(data)
            except (JoseError, ValueError, TypeError):
                continue
            if key.is_private and (key.curve_name == "P-384" if isinstance(key, ECKey) else _bits(key) >= 2048):
                return cls(key)
        raise SettingsError("settings.client-key", "neither an EC P-384 nor an RSA private key", path=path.name)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A signed JWT of these claims."""
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        return jwt.encode(head, dict(claims), self._key, algorithms=[self.algorithm])

    def public(self) -> dict[str, Any]:
        """The public half as a JWK, for whoever verifies."""
        found = self._key.as_dict(private=False)
        return {**found, "kid": self.kid, "use": "sig", "alg": self.algorithm, "key_ops": ["verify"]}


def published(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The public halves of the keys in these files, each once; one that cannot be read is left out and logged."""
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        try:
            key = ClientKey.read(path)
        except SettingsError as error:
            log.error("client-key.unreadable", rule=error.rule)
            continue
        found[key.kid] = key.public()
    return list(found.values())


def make(path: Path) -> ClientKey:
    """A new EC P-384 key in a new file of mode 0600. Raises SettingsError `settings.client-key` when there is one."""
    key = ECKey.generate_key("P-384", private=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    except OSError:
        raise SettingsError("settings.client-key", "the file is there, or cannot be written", path=path.name) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.as_pem(private=True))
    return ClientKey(key)


def _bits(key: RSAKey) -> int:
    return int(key.raw_value.key_size)
