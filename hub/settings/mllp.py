"""HL7 v2 over MLLP: the listener, a feed that comes in by it, and TLS towards a partner (IHE ITI-19)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from hub.settings.section import Strict


class MllpSection(Strict):
    """How the hub listens for HL7 v2 at `hub.bind` and `hub.mllp_port`. Times in seconds, sizes in bytes.

    With `tls_certificate` and `tls_key` it is TLS 1.2 or later; `client_ca` makes it mutual: a peer without a
    certificate of these authorities gets no connection. `idle` ends a connection on which nothing comes, `frame` one
    on which a frame does not come to its end.
    """

    tls_certificate: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    max_message: int = Field(default=16 * 1024 * 1024, ge=1024)
    idle: float = Field(default=300.0, gt=0)
    frame: float = Field(default=300.0, gt=0)
    in_flight: int = Field(default=64, ge=1, le=1000)
    connections: int = Field(default=500, ge=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("TLS takes a certificate and its key")
        if self.client_ca is not None and self.tls_certificate is None:
            raise ValueError("client_ca without TLS: name a certificate and its key")
        return self

    def under(self, base: Path) -> MllpSection:
        """The same, with its files beside the settings."""
        return self.model_copy(update=_under(base, self, ("tls_certificate", "tls_key", "client_ca")))


class ClientTlsSection(Strict):
    """TLS towards a partner's `mllps://` address.

    `certificate` and `key` are shown when asked for. `ca` are the authorities that are believed, instead of the
    system's. The partner's certificate must name the host; with `subjects` it must have one of these subjects
    instead (`CN=name,O=name`), as names of machines are seldom in the certificates of this trade.
    """

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    subjects: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("TLS takes a certificate and its key")
        if self.subjects and self.ca is None:
            # any authority of the system's could name a stranger so
            raise ValueError("subjects are believed of named authorities only: set ca")
        return self

    def under(self, base: Path) -> ClientTlsSection:
        """The same, with its files beside the settings."""
        return self.model_copy(update=_under(base, self, ("certificate", "key", "ca")))


class ApplicationAckSection(Strict):
    """Where the application's acknowledgements of a feed go (MSH-16): on a connection of their own.

    `confirmed`: the partner answers each with a CA, and it is sent again until it has. Without, it is sent once.
    """

    url: str
    tls: ClientTlsSection | None = None
    confirmed: bool = True
    timeout: float = Field(default=20.0, gt=0)

    @model_validator(mode="after")
    def _address(self) -> Self:
        check_mllp(self.url, self.tls)
        return self


class FeedSection(Strict):
    """An HL7 v2 feed over MLLP: who it is on the wire. The sender is known by MSH-3 and MSH-4 together with the
    subject of its certificate: a payload cannot choose its origin.

    `application` and `facility` are MSH-3 and MSH-4: their first component, or the whole field where a `^` stands in
    the setting. `subjects` are the certificates it may show; required where the listener asks for certificates.
    `max_message` is below the listener's. `batches` allows FHS and BHS. `charset`, as MSH-18 writes it, is agreed for
    messages that declare none. `processing` are the processing ids (MSH-11) taken: a test message is no record.
    `any_type` takes messages of types that there is no map for: their known segments are read. Without, they get AR.
    """

    application: str = Field(min_length=1)
    facility: str = ""
    subjects: tuple[str, ...] = ()
    max_message: int | None = Field(default=None, ge=1024)
    batches: bool = False
    processing: tuple[Literal["P", "T", "D"], ...] = ("P",)
    charset: str = ""
    any_type: bool = False
    application_ack: ApplicationAckSection | None = None

    def under(self, base: Path) -> FeedSection:
        """The same, with its files beside the settings."""
        back = self.application_ack
        if back is None or back.tls is None:
            return self
        return self.model_copy(update={"application_ack": back.model_copy(update={"tls": back.tls.under(base)})})


def check_mllp(url: str, tls: ClientTlsSection | None) -> None:
    """Raises ValueError unless the address is `mllp://host:port`, or `mllps://host:port`, which alone takes TLS."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("mllp", "mllps") and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        whole = False
    if not whole:
        raise ValueError("the address is not mllp://host:port or mllps://host:port")
    if tls is not None and not url.startswith("mllps://"):
        raise ValueError("TLS is set for an address without it: write mllps://")


def _under(base: Path, section: Strict, names: tuple[str, ...]) -> dict[str, Path]:
    return {name: base / path for name in names if (path := getattr(section, name)) is not None}
