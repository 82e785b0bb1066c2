"""A system that signs its own tokens: what the CDS Hooks specification calls a trusted CDS client."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from hub.settings.section import Strict, is_loopback


class ClientJwtSection(Strict):
    """The JWTs that a CDS client signs itself (CDS Hooks 2.0, "Trusting CDS Clients"), ES384 or RS384 only.

    `issuer` is their `iss`; with `tenant` only those with that `tenant`. `audience`: what their `aud` may be, the URLs
    by which the client calls the service. `jku` is where the client's JWK Set is: it is fetched from there only, and a
    token that names another is refused. `jwks` is a file with that set; with it nothing is fetched. `lifetime` is the
    longest from `iat` to `exp`, `skew` how far the clocks may differ, in seconds.
    """

    issuer: str = Field(min_length=1)
    tenant: str | None = Field(default=None, min_length=1)
    audience: tuple[str, ...] = Field(min_length=1)
    jku: str | None = None
    jwks: Path | None = None
    lifetime: float = Field(default=300.0, gt=0, le=3600)
    skew: float = Field(default=30.0, ge=0, le=120)

    @field_validator("jku")
    @classmethod
    def _secured(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
                raise ValueError("keys are fetched over https only")
        return value

    @model_validator(mode="after")
    def _keys(self) -> Self:
        if self.jku is None and self.jwks is None:
            raise ValueError("name jku or jwks: without keys no signature can be checked")
        return self

    def under(self, base: Path) -> ClientJwtSection:
        """The same, with its file beside the settings."""
        return self if self.jwks is None else self.model_copy(update={"jwks": base / self.jwks})
