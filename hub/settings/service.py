"""The service itself: what it binds to, who runs it, under which state policy, how its alarms repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from hub.settings.section import Strict, iana, is_loopback


class Operator(Strict):
    """Who runs this hub, and what it is to the organizations whose data it holds (part2 P9)."""

    organization: str
    relation: Literal["self", "business-associate", "qso", "intermediary"]
    agreement: str | None = None

    @model_validator(mode="after")
    def _agreement(self) -> Self:
        if self.relation != "self" and not self.agreement:
            raise ValueError("a relation other than self names its agreement")
        return self


class HubSection(Strict):
    """The service itself. Times in seconds, sizes in bytes."""

    bind: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    mllp_port: int | None = Field(default=None, ge=0, le=65535)
    database: str = "sqlite:///hub.db"
    #: An SQLite file encrypted as a whole by SQLCipher, beside the seal of each document.
    sqlcipher: bool = False
    keys: Path = Path("hub-keys.json")
    #: `fips`: only on one OpenSSL whose FIPS provider is active, for Python's ssl and for cryptography; else refuse.
    crypto_mode: Literal["standard", "fips"] = "standard"
    max_body: int = Field(default=64 * 1024 * 1024, gt=0)
    #: Bytes of bodies that are held at once, of all sources; seconds in which a body has come; connections in all.
    bodies: int = Field(default=256 * 1024 * 1024, gt=0)
    body_seconds: float = Field(default=60.0, gt=0)
    connections: int = Field(default=1000, ge=1)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    #: Whether this process also reads and sends what it received; else it only receives and answers.
    worker: bool = True
    lease: float = Field(default=30.0, gt=0)
    poll: float = Field(default=0.25, gt=0)
    retry_base: float = Field(default=1.0, gt=0)
    retry_cap: float = Field(default=300.0, gt=0)
    privacy_officer: str = "privacy officer"
    #: The zone of date-only consent periods where the discloser's agency has none.
    zone: str = "UTC"

    @model_validator(mode="after")
    def _loopback(self) -> Self:
        # Without TLS the console and the API would be readable on the wire (design, section 7).
        if self.tls_certificate is None and not is_loopback(self.bind):
            raise ValueError("without TLS the hub binds to loopback only")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("TLS takes a certificate and its key")
        return self

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return iana(value)
