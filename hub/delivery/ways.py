"""The way to each destination over HTTP: its connections, its TLS, its authorization; made once and kept."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime

from hub.delivery import authorization
from hub.delivery.authorization import Authorized, Sender
from hub.delivery.transport import Transport
from hub.errors import DeliveryError, SettingsError
from hub.settings import ClientTlsSection, DestinationSection
from hub.tls import client_context


class Ways:
    """Senders by destination. Those without TLS of their own share the connections of `common`."""

    def __init__(self, common: Transport, clock: Callable[[], datetime]) -> None:
        self.common = common
        self._clock = clock
        self._known: dict[str, tuple[tuple[float, ...], Authorized]] = {}
        self._own: list[Transport] = []

    def to(self, destination: DestinationSection) -> Sender:
        """What sends to that destination. A renewed certificate counts from the next request.

        Raises DeliveryError `deliver.tls` when the certificate or its authorities cannot be read.
        """
        state = _state(destination.tls)
        known = self._known.get(destination.id)
        if known is None or known[0] != state:
            sender = self.common
            if destination.tls is not None:
                sender = Transport(verify=_context(destination))
                self._own.append(sender)
            known = (state, Authorized(sender, authorization.of(destination, self._clock)))
            self._known[destination.id] = known
        return known[1]

    async def close(self) -> None:
        """Ends every connection, the common ones too."""
        for transport in (self.common, *self._own):
            await transport.close()


def _context(destination: DestinationSection) -> ssl.SSLContext:
    try:
        return client_context(destination.tls, where=f"destination.tls of {destination.id}")
    except SettingsError:
        text = "our certificate or its authorities cannot be read"
        raise DeliveryError("deliver.tls", text, down=True) from None


def _state(tls: ClientTlsSection | None) -> tuple[float, ...]:
    """When each file of it was last written; 0 for one that is not there."""
    files = () if tls is None else (tls.certificate, tls.key, tls.ca)
    return tuple(file.stat().st_mtime if file is not None and file.exists() else 0.0 for file in files)
