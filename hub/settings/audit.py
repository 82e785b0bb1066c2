"""Where the audit goes beside the hub's own chain."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from hub.settings.mllp import ClientTlsSection
from hub.settings.section import Strict, is_loopback


class SyslogSection(Strict):
    """An audit record repository that takes syslog over TLS (RFC 5425; IHE ITI-20). Without TLS on loopback only."""

    host: str
    port: int = Field(default=6514, ge=1, le=65535)
    tls: ClientTlsSection | None = None
    plain: bool = False
    timeout: float = Field(default=20.0, gt=0)

    @model_validator(mode="after")
    def _secured(self) -> Self:
        if self.plain and (not is_loopback(self.host) or self.tls is not None):
            raise ValueError("plain is for this machine only, and without tls")
        if self.tls is not None and self.tls.subjects:
            raise ValueError("subjects are of HL7 v2: the certificate names the host")
        return self


class AuditSection(Strict):
    """`syslog`: every event is sent on as it happens; what could not be sent waits in the chain."""

    syslog: SyslogSection | None = None
