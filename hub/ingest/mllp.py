"""The MLLP server: HL7 v2 over TCP, framed 0x0B payload 0x1C 0x0D (MLLP release 1).

It cuts frames and hands each whole one to `receive`, which stores it and gives the ACK's bytes. Nothing is
acknowledged that was not handed on: a positive answer is only ever what `receive` returned, so what is acknowledged
is what `receive` has stored. Frames of one connection are handed on in the order of their arrival and answered in
that order; up to `in_flight` are with `receive` at once, so that it can commit them together.

What is no frame: bytes before a 0x0B are skipped and counted, and after 64 KiB of them the connection is closed. A
0x0B inside a frame means that its sender broke off and began again: the first part goes to `quarantine`, the second
is handled. A frame that never ends is closed by the idle limit, to `quarantine` and unanswered. A frame over
`max_bytes` is answered AR and the connection closed. An empty frame is ignored. A second MSH in a frame, a character
set that does not hold, bytes that are no HL7 are for `receive` to refuse; it has the codec.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from mappings.hl7v2.acknowledgement import Outcome, acknowledge, code_for
from mappings.hl7v2.codec import header

log = logging.getLogger(__name__)

VT = 0x0B
END = b"\x1c\x0d"
#: Bytes without a start of block after which a peer is taken for something else than MLLP.
JUNK_LIMIT = 64 * 1024
#: How long, in seconds, a peer that is sent away may go on sending so that it can read why.
_LINGER = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerInfo:
    """Who is at the other end. `subject` and `fingerprint` (SHA-256 of the DER) are of a verified client certificate.

    `subject` is written `CN=name,O=name`, in the certificate's order.
    """

    host: str
    port: int
    subject: str | None = None
    fingerprint: str | None = None


@dataclass(kw_only=True, slots=True)
class Counts:
    """What a server has seen since it started. Frames and connections are numbers of them, `junk` is bytes."""

    connections: int = 0
    frames: int = 0
    answered: int = 0
    junk: int = 0
    truncated: int = 0
    oversize: int = 0
    failed: int = 0


#: Stores one message; gives the acknowledgement, or None when its sender wants none.
Receive = Callable[[bytes, PeerInfo], Awaitable[bytes | None]]
#: Keeps what was not a whole frame, with a rule that says why: `receive.truncated`, `receive.too-large`.
Quarantine = Callable[[bytes, PeerInfo, str], Awaitable[None]]


def frame(payload: bytes) -> bytes:
    """The payload between its start and end of block."""
    return b"\x0b" + payload + END


async def serve(
    host: str,
    port: int,
    receive: Receive,
    *,
    tls: ssl.SSLContext | None = None,
    max_bytes: int = 16 * 1024 * 1024,
    idle_seconds: float = 300.0,
    in_flight: int = 64,
    quarantine: Quarantine | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    control_id: Callable[[], str] = lambda: uuid4().hex[:20],
) -> Server:
    """A server that listens (port 0: a free one, `Server.port`).

    `receive` may raise: the sender then gets AE, or CE in enhanced mode, and may send again. `idle_seconds` without
    a byte ends a connection that waits for nothing. `tls` with `verify_mode = CERT_REQUIRED` is mutual TLS.
    `now` and `control_id` are for the answers the server itself writes.
    """
    shared = _Shared(
        receive=receive,
        quarantine=quarantine,
        max_bytes=max_bytes,
        idle_seconds=idle_seconds,
        in_flight=in_flight,
        now=now,
        control_id=control_id,
    )
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(shared, loop), host, port, ssl=tls)
    return Server(listening, shared)


class _Shared:
    """What the connections of one server have in common."""

    def __init__(
        self,
        *,
        receive: Receive,
        quarantine: Quarantine | None,
        max_bytes: int,
        idle_seconds: float,
        in_flight: int,
        now: Callable[[], datetime],
        control_id: Callable[[], str],
    ) -> None:
        self.receive = receive
        self.quarantine = quarantine
        self.max_bytes = max_bytes
        self.idle_seconds = idle_seconds
        self.in_flight = in_flight
        self.now = now
        self.control_id = control_id
        self.counts = Counts()
        self.connections: set[_Connection] = set()
        self.tasks: set[asyncio.Task[Any]] = set()

    def refusal(self, data: bytes, outcome: Outcome, error: str | None) -> bytes | None:
        """An answer of the server's own: never positive, never with a word of the message."""
        message = header(data)
        code = code_for(message, outcome)
        if code is None:
            return None
        return acknowledge(message, code, control_id=self.control_id(), now=self.now(), error=error)


class Server:
    """A listening server. `counts` are since its start."""

    def __init__(self, listening: asyncio.Server, shared: _Shared) -> None:
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


class _Connection(asyncio.Protocol):
    """One connection: its buffer, and the messages in hand in the order of their arrival."""

    def __init__(self, shared: _Shared, loop: asyncio.AbstractEventLoop) -> None:
        self._shared = shared
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._peer = PeerInfo(host="", port=0)
        self._buffer = bytearray()
        self._inside = False
        self._searched = 0
        self._junk = 0
        self._hand: deque[asyncio.Task[bytes | None]] = deque()
        self._blocked = False  # the peer does not read our answers
        self._paused = False
        self._eof = False  # the peer has sent all it will
        self._ending = False  # nothing more is read from this peer
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._peer = _peer(self._transport)
        self._shared.connections.add(self)
        self._shared.counts.connections += 1
        self._last = self._loop.time()
        self._timer = self._loop.call_later(self._shared.idle_seconds, self._idle)

    def data_received(self, data: bytes) -> None:
        self._last = self._loop.time()
        if not self._ending:
            self._buffer += data
            self._cut()

    def eof_received(self) -> bool:
        """The peer has sent all: what is in hand is still answered, then the connection ends."""
        self._cut()
        self._eof = True
        self._end("receive.truncated")
        # TLS has no half-open connection: there asyncio closes it now, and late answers go nowhere.
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("receive.truncated")
        if self._timer:
            self._timer.cancel()
        self._transport = None
        self._shared.connections.discard(self)

    def pause_writing(self) -> None:
        self._blocked = True
        self._pace()

    def resume_writing(self) -> None:
        self._blocked = False
        self._cut()

    # frames

    def _cut(self) -> None:
        """Hands on every whole frame in the buffer, as long as there is room in hand."""
        buffer = self._buffer
        while not self._ending and not self._full():
            if not self._inside:
                start = buffer.find(VT)
                skipped = len(buffer) if start < 0 else start
                self._shared.counts.junk += skipped
                self._junk += skipped
                del buffer[: skipped + 1]
                if self._junk > JUNK_LIMIT:
                    self._end("")
                    self._close_when_answered()
                    return
                if start < 0:
                    break
                self._inside, self._searched = True, 0
            end = buffer.find(END, self._searched)
            again = buffer.find(VT, self._searched, end if end >= 0 else len(buffer))
            if again >= 0:
                self._keep(bytes(buffer[:again]), "receive.truncated")
                del buffer[: again + 1]
                self._searched = 0
                continue
            if (end if end >= 0 else len(buffer)) > self._shared.max_bytes:
                self._oversize()
                return
            if end < 0:
                # The end of block may be cut between its two bytes.
                self._searched = max(0, len(buffer) - 1)
                break
            payload = bytes(buffer[:end])
            del buffer[: end + 2]
            self._inside, self._junk = False, 0
            if payload:
                self._hand_on(payload)
        self._pace()

    def _full(self) -> bool:
        return self._blocked or len(self._hand) >= self._shared.in_flight

    def _pace(self) -> None:
        """Back-pressure: reads from the peer only while there is room for more."""
        full = self._full() and not self._ending
        if self._transport is None or full == self._paused or self._transport.is_closing():
            return
        self._paused = full
        if full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _hand_on(self, payload: bytes) -> None:
        self._shared.counts.frames += 1
        task = self._loop.create_task(self._received(payload))
        self._shared.tasks.add(task)
        self._hand.append(task)
        task.add_done_callback(self._done)

    async def _received(self, payload: bytes) -> bytes | None:
        try:
            return await self._shared.receive(payload, self._peer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender must hear that this is not stored
            self._shared.counts.failed += 1
            # Its text may hold a payload value; its type does not.
            log.error("a message was not taken: %s", type(error).__name__)
            return self._shared.refusal(payload, "error", "207")

    def _done(self, task: asyncio.Task[Any]) -> None:
        """Writes the answers that are ready, in the order in which the messages came."""
        self._shared.tasks.discard(task)
        while self._hand and self._hand[0].done():
            first = self._hand.popleft()
            answer = None if first.cancelled() else first.result()
            if answer is not None:
                self._write(answer)
        if self._ending:
            self._close_when_answered()
        else:
            self._cut()

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame(answer))
            self._shared.counts.answered += 1

    # the ways a connection ends

    def _oversize(self) -> None:
        self._shared.counts.oversize += 1
        start = bytes(self._buffer[: self._shared.max_bytes])
        self._keep(start, "receive.too-large")
        answer = self._shared.refusal(start, "reject", None)
        self._inside = False
        self._end("")
        # After the answers to what came before it.
        task = self._loop.create_task(_already(answer))
        self._shared.tasks.add(task)
        self._hand.append(task)
        task.add_done_callback(self._done)

    def _end(self, rule: str) -> None:
        """Reads no more. What stands in the buffer of an unfinished frame is kept, never answered."""
        if not self._ending and self._inside and self._buffer and rule:
            self._keep(bytes(self._buffer), rule)
        self._ending = True
        self._buffer.clear()
        if self._transport is not None:
            self._close_when_answered()

    def _close_when_answered(self) -> None:
        """Ends the connection once nothing is in hand. A peer that still sends may read its answer first: closing
        a socket with unread bytes would throw the answer away."""
        if self._hand or self._transport is None or self._transport.is_closing():
            return
        self._pace()
        if not self._eof and self._transport.can_write_eof():
            self._transport.write_eof()
            self._loop.call_later(_LINGER, self.close)
        else:
            self._transport.close()

    def stop(self) -> None:
        """Reads no more; what is in hand will still be answered."""
        self._end("receive.truncated")

    def close(self) -> None:
        """Closes the connection now."""
        if self._transport is not None:
            self._transport.close()

    def _idle(self) -> None:
        left = self._last + self._shared.idle_seconds - self._loop.time()
        if self._hand:
            # It waits for us, so the silence is not its own.
            left = self._shared.idle_seconds
        elif left <= 0:
            self._end("receive.truncated")
            self.close()
            return
        self._timer = self._loop.call_later(left, self._idle)

    def _keep(self, data: bytes, rule: str) -> None:
        if rule == "receive.truncated":
            self._shared.counts.truncated += 1
        if self._shared.quarantine is not None and data:
            task = self._loop.create_task(self._kept(data, rule))
            self._shared.tasks.add(task)
            task.add_done_callback(self._shared.tasks.discard)

    async def _kept(self, data: bytes, rule: str) -> None:
        assert self._shared.quarantine is not None
        try:
            await self._shared.quarantine(data, self._peer, rule)
        except Exception as error:  # noqa: BLE001 - never acknowledged: its sender still has it
            log.error("a broken frame was not kept: %s", type(error).__name__)


async def _already(answer: bytes | None) -> bytes | None:
    return answer


def _peer(transport: asyncio.Transport) -> PeerInfo:
    address = transport.get_extra_info("peername") or ("", 0)
    certificate = transport.get_extra_info("peercert") or {}
    names = [f"{_SHORT.get(kind, kind)}={value}" for part in certificate.get("subject", ()) for kind, value in part]
    secured = transport.get_extra_info("ssl_object")
    der = secured.getpeercert(binary_form=True) if secured is not None and certificate else None
    return PeerInfo(
        host=str(address[0]),
        port=int(address[1]),
        subject=",".join(names) or None,
        fingerprint=hashlib.sha256(der).hexdigest() if der else None,
    )


_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
}
