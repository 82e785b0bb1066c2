"""How the hub proves to a destination over HTTP who it is."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from hub.settings.secret import Secret
from hub.settings.section import Strict, is_loopback


class BasicSection(Strict):
    """HTTP Basic (RFC 7617): a user and the password's place."""

    user: str = Field(min_length=1)
    password: Secret


class ApiKeySection(Strict):
    """A key in a header of the destination's own."""

    header: str = Field(default="X-API-Key", pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
    value: Secret


class SmartSection(Strict):
    """SMART Backend Services (SMART App Launch 2.2, backend services; RFC 7523): an asymmetric key, no shared secret.

    `keys` are PEM files of private keys, EC P-384 (ES384) or RSA (RS384): the first signs, all are published at
    `/.well-known/jwks.json`, so that a new one is known before it signs. Without `token_url` the destination's
    `.well-known/smart-configuration` is asked. `lifetime` of an assertion in seconds, five minutes at most.
    """

    client_id: str = Field(min_length=1)
    keys: tuple[Path, ...] = Field(min_length=1)
    scope: str = "system/*.rs"
    token_url: str | None = None
    lifetime: float = Field(default=240.0, gt=0, le=300)

    @field_validator("token_url")
    @classmethod
    def _secured(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
                raise ValueError("a token is asked for over https only")
        return value

    def under(self, base: Path) -> SmartSection:
        """The same, with its files beside the settings."""
        return self.model_copy(update={"keys": tuple(base / path for path in self.keys)})


class AuthorizationSection(Strict):
    """One of these at most; a destination that asks for a client certificate alone needs none."""

    token: Secret | None = None
    basic: BasicSection | None = None
    api_key: ApiKeySection | None = None
    smart: SmartSection | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [one for one in (self.token, self.basic, self.api_key, self.smart) if one is not None]
        if len(given) > 1:
            raise ValueError("token, basic, api_key, smart: one of them at most")
        for one in given:
            secret = (
                one.password if isinstance(one, BasicSection) else one.value if isinstance(one, ApiKeySection) else one
            )
            if isinstance(secret, Secret) and secret.sha256 is not None:
                raise ValueError("a credential is presented: name it by env or file")
        return self
