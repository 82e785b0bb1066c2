"""Syslog messages to a repository over TLS, octet-counted (RFC 5425, 4.3); one connection for one batch.

Syslog has no acknowledgement: a batch counts as taken when the other end has let the connection be closed in order.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable

from hub.errors import DeliveryError, SettingsError
from hub.settings import SyslogSection
from hub.tls import client_context


async def send(section: SyslogSection, messages: Iterable[bytes]) -> None:
    """Sends a batch in order. Raises DeliveryError: `deliver.tls`, `deliver.unreachable`, `deliver.timeout`,
    `deliver.cut`; then nothing of it counts, and it is sent again."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(section.timeout):
            reader, writer = await asyncio.open_connection(section.host, section.port, ssl=_context(section))
            for one in messages:
                writer.write(b"%d %b" % (len(one), one))
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
                if await reader.read(1):
                    raise ConnectionError
            else:  # TLS has no half of an end: its own is exchanged
                writer.close()
                await writer.wait_closed()
    except TimeoutError:
        raise DeliveryError("deliver.timeout", "the repository did not take it in time", unknown=True) from None
    except (ConnectionError, ssl.SSLError, OSError):
        if writer is None:
            raise DeliveryError("deliver.unreachable", "no connection to the repository") from None
        raise DeliveryError("deliver.cut", "the connection was cut", unknown=True) from None
    finally:
        if writer is not None:
            writer.close()


def _context(section: SyslogSection) -> ssl.SSLContext | None:
    if section.plain:
        return None
    try:
        return client_context(section.tls, where="audit.syslog.tls")
    except SettingsError:
        raise DeliveryError("deliver.tls", "our certificate or its authorities cannot be read") from None
