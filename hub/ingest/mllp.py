"""The MLLP server: it listens, and `mllp_connection` does the rest for each peer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from hub.ingest.mllp_connection import (
    Connection,
    Counts,
    LimitOf,
    Limits,
    PeerInfo,
    Quarantine,
    Receive,
    ReceiveAll,
    Shared,
)

__all__ = ["Counts", "LimitOf", "Limits", "PeerInfo", "Quarantine", "Receive", "ReceiveAll", "Server", "serve"]

#: Seconds for a TLS handshake: a peer that begins none holds a connection no longer.
_HANDSHAKE = 20.0


async def serve(
    host: str,
    port: int,
    receive: Receive,
    *,
    receive_all: ReceiveAll | None = None,
    tls: ssl.SSLContext | None = None,
    limits: Limits | None = None,
    limit_of: LimitOf | None = None,
    ask_at: int | None = None,
    quarantine: Quarantine | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    control_id: Callable[[], str] = lambda: uuid4().hex[:20],
) -> Server:
    """A server that listens (port 0: a free one, `Server.port`).

    `receive` may raise: the sender then gets AE, or CE in enhanced mode, and may send again. `receive_all`, where it
    is given, gets what was read together in one call, and does not raise. `tls` with
    `verify_mode = CERT_REQUIRED` is mutual TLS. `limit_of` is asked of a frame over `ask_at` bytes for a smaller limit
    than the server's. `now` and `control_id` are for the answers the server itself writes.
    """
    shared = Shared(
        receive=receive,
        receive_all=receive_all,
        quarantine=quarantine,
        limits=limits or Limits(),
        limit_of=limit_of,
        ask_at=ask_at,
        now=now,
        control_id=control_id,
    )
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: Connection(shared, loop),
        host,
        port,
        ssl=tls,
        ssl_handshake_timeout=_HANDSHAKE if tls is not None else None,
        backlog=1024,
    )
    return Server(listening, shared)


class Server:
    """A listening server. `counts` are since its start."""

    def __init__(self, listening: asyncio.Server, shared: Shared) -> None:
        self._listening = listening
        self._shared = shared
        self.port: int = listening.sockets[0].getsockname()[1]

    @property
    def counts(self) -> Counts:
        """What it has seen."""
        return self._shared.counts

    async def close(self, *, seconds: float = 10.0) -> None:
        """Stops listening and reading, waits for what `receive` has in hand, answers it, closes the connections.

        What is still in hand after `seconds` is cancelled and gets no answer: its sender will send it again.
        """
        self._listening.close()
        for connection in list(self._shared.connections):
            connection.stop()
        if self._shared.tasks:
            await asyncio.wait(self._shared.tasks, timeout=seconds)
        left = list(self._shared.tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for connection in list(self._shared.connections):
            connection.close()
        await self._listening.wait_closed()
