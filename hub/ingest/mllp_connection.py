"""One MLLP connection: its frames, back-pressure, and answers in the order of the messages.

Frames are cut by `mappings.hl7v2.framing`; each whole one is handed to `receive`, which stores it and gives the bytes
of its acknowledgements. Nothing is acknowledged that was not handed on: a positive answer is only ever what `receive`
returned, so what is acknowledged is what `receive` has stored. Frames of one connection are handed on in the order of
their arrival and answered in that order; up to `in_flight` are with `receive` at once, so that it can commit them
together. While so many are, or `HELD` bytes of them, nothing more is read from that peer.

What is no frame is kept by `quarantine` and never acknowledged: the part before a 0x0B inside a frame, a frame that
the end of the stream, the `idle` or the `frame` limit cuts off. A frame over its limit is kept too, answered AR, and
the connection closed. A second MSH in a frame, a character set that does not hold, bytes that are no HL7 are for
`receive` to refuse; it has the codec.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from hub.tls import peer_of
from mappings.hl7v2.acknowledgement import Outcome, acknowledge, code_for
from mappings.hl7v2.codec import header
from mappings.hl7v2.framing import Broken, Frames, frame

log = logging.getLogger(__name__)

#: Bytes of one connection's messages in hand at once, above which it is read no further.
HELD = 64 * 1024 * 1024
#: Bytes of what was read up to which its frames are cut all at once.
READ_AT_ONCE = 1024 * 1024
#: How long, in seconds, a peer that is sent away may go on sending so that it can read why.
_LINGER = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerInfo:
    """Who is at the other end. `subject` and `fingerprint` (SHA-256 of the DER) are of a verified client certificate.

    `subject` is written `CN=name,O=name`, in the certificate's order. `push` sends it a message of ours later, on the
    same connection; False once that is closed.
    """

    host: str
    port: int
    subject: str | None = None
    fingerprint: str | None = None
    push: Callable[[bytes], bool] | None = field(default=None, repr=False, compare=False)


@dataclass(kw_only=True, slots=True)
class Counts:
    """What a server has seen since it started. `junk` is bytes, all else numbers of frames or connections."""

    connections: int = 0
    frames: int = 0
    answered: int = 0
    junk: int = 0
    truncated: int = 0
    oversize: int = 0
    failed: int = 0
    turned_away: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one peer may use. Bytes of a message, seconds, numbers.

    `idle` is the silence that ends a connection which waits for nothing; `frame` the time in which a frame that has
    begun must end, however steadily its bytes drip. `connections` are those open at once; one more is closed.
    """

    max_bytes: int = 16 * 1024 * 1024
    idle: float = 300.0
    frame: float = 300.0
    in_flight: int = 64
    connections: int = 500


#: Stores what one frame held; gives its acknowledgements in order, none when its sender wants none.
Receive = Callable[[bytes, PeerInfo], Awaitable[Sequence[bytes]]]
#: The same for several frames in their order: all their acknowledgements in order.
ReceiveAll = Callable[[Sequence[bytes], PeerInfo], Awaitable[Sequence[bytes]]]
#: Keeps what was not a whole frame, with a rule that says why: `receive.truncated`, `receive.too-large`.
Quarantine = Callable[[bytes, PeerInfo, str], Awaitable[None]]
#: The most bytes of a message whose beginning is this, from this peer.
LimitOf = Callable[[bytes, PeerInfo], int]


@dataclass(kw_only=True)
class Shared:
    """What the connections of one server have in common."""

    receive: Receive
    receive_all: ReceiveAll | None
    quarantine: Quarantine | None
    limits: Limits
    limit_of: LimitOf | None
    ask_at: int | None
    now: Callable[[], datetime]
    control_id: Callable[[], str]
    counts: Counts = field(default_factory=Counts)
    connections: set[Connection] = field(default_factory=set)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def refusal(self, data: bytes, outcome: Outcome, error: str | None) -> tuple[bytes, ...]:
        """An answer of the server's own: never positive, never with a word of the message."""
        try:
            message = header(data)
            code = code_for(message, outcome)
            if code is None:
                return ()
            return (acknowledge(message, code, control_id=self.control_id(), now=self.now(), error=error),)
        except Exception as failed:  # noqa: BLE001 - it is said about a failure; no answer is never a positive one
            log.error("a message was not answered: %s", type(failed).__name__)
            return ()


class Connection(asyncio.Protocol):
    """One connection: its frames, and the messages in hand in the order of their arrival."""

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        self._shared = shared
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._peer = PeerInfo(host="", port=0)
        limit_of = shared.limit_of
        self._frames = Frames(
            limit=shared.limits.max_bytes,
            limit_of=(lambda head: limit_of(head, self._peer)) if limit_of is not None else None,
            ask_at=shared.ask_at,
        )
        self._junk = 0  # of it, what is counted already
        self._hand: deque[tuple[asyncio.Task[Sequence[bytes]], int, int]] = deque()
        self._count = 0  # messages in hand
        self._held = 0  # their bytes
        self._blocked = False  # the peer does not read our answers
        self._paused = False
        self._cut_now: list[bytes] = []  # of what is in hand, not handed on yet
        self._turn = asyncio.Lock()
        self._eof = False  # the peer has sent all it will
        self._ending = False  # nothing more is read from this peer
        self._last = 0.0  # when bytes came last
        self._begun: float | None = None  # when the frame that has not ended began
        self._timer: asyncio.TimerHandle | None = None

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._peer = self._who()
        shared = self._shared
        shared.counts.connections += 1
        if len(shared.connections) >= shared.limits.connections:
            shared.counts.turned_away += 1
            self._ending = True
            self._transport.abort()
            return
        shared.connections.add(self)
        self._last = self._loop.time()
        self._timer = self._loop.call_later(min(shared.limits.idle, shared.limits.frame), self._check_time)

    def data_received(self, data: bytes) -> None:
        self._last = self._loop.time()
        if not self._ending:
            self._frames.feed(data)
            self._cut()

    def eof_received(self) -> bool:
        """The peer has sent all: what is in hand is still answered, then the connection ends."""
        self._eof = True
        self._cut()
        # TLS has no half-open connection: there asyncio closes it now, and late answers go nowhere.
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(keep=True)
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
        """Hands on every whole frame that was read, as long as there is room in hand."""
        frames = self._frames
        while not self._ending and not self._full():
            if len(frames) <= READ_AT_ONCE and (whole := frames.take_whole(self._room())):
                self._begun = None
                for payload in whole:
                    self._take(payload)
                continue
            piece = frames.take()
            if piece is None:
                if frames.lost:
                    self._end(keep=False)
                elif self._eof:
                    self._end(keep=True)
                break
            self._begun = None
            if not isinstance(piece, Broken):
                self._take(piece.payload)
            elif piece.rule == "receive.truncated":
                self._keep(piece)
            else:
                self._oversize(piece)
        self._hand_on()
        self._shared.counts.junk += frames.junk - self._junk
        self._junk = frames.junk
        if not frames.inside:
            self._begun = None
        elif self._begun is None:
            self._begun = self._loop.time()
        self._pace()

    def _room(self) -> int:
        return self._shared.limits.in_flight - self._count

    def _full(self) -> bool:
        return self._blocked or self._count >= self._shared.limits.in_flight or self._held >= HELD

    def _pace(self) -> None:
        """Back-pressure: reads from the peer only while there is room for more."""
        full = self._full() and not self._ending
        if self._transport is None or full == self._paused or self._transport.is_closing():
            return
        self._paused = full
        if full:
            self._transport.pause_reading()
        else:
            self._begun = self._loop.time() if self._frames.inside else None
            self._transport.resume_reading()

    def _take(self, payload: bytes) -> None:
        self._shared.counts.frames += 1
        self._count += 1
        self._held += len(payload)
        if self._shared.receive_all is None:
            self._await(self._loop.create_task(self._received(payload)), 1, len(payload))
        else:
            self._cut_now.append(payload)

    def _hand_on(self) -> None:
        """What was cut from one read, together: one commit and one write of answers for all of it."""
        if self._cut_now:
            payloads, self._cut_now = self._cut_now, []
            task = self._loop.create_task(self._received_all(payloads))
            self._await(task, len(payloads), sum(map(len, payloads)))

    def _await(self, task: asyncio.Task[Sequence[bytes]], count: int, size: int) -> None:
        """`count` and `size` are of the messages that the task stands for, and are in hand until it is done."""
        self._shared.tasks.add(task)
        self._hand.append((task, count, size))
        task.add_done_callback(self._done)

    async def _received_all(self, payloads: list[bytes]) -> Sequence[bytes]:
        assert self._shared.receive_all is not None
        try:
            # one after the other: what came later is never stored before what came earlier
            async with self._turn:
                return await self._shared.receive_all(payloads, self._peer)
        except Exception as error:  # noqa: BLE001 - as below
            self._shared.counts.failed += len(payloads)
            log.error("messages were not taken: %s", type(error).__name__)
            return [one for payload in payloads for one in self._shared.refusal(payload, "error", "207")]

    async def _received(self, payload: bytes) -> Sequence[bytes]:
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
        ready: list[bytes] = []
        while self._hand and self._hand[0][0].done():
            first, count, size = self._hand.popleft()
            self._count -= count
            self._held -= size
            if not first.cancelled():
                ready += map(frame, first.result())
        if ready and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(ready))
            self._shared.counts.answered += len(ready)
        if self._ending:
            self._close_when_answered()
        elif ready or self._paused or self._eof:
            self._cut()

    def _push(self, message: bytes) -> bool:
        """A message of ours to this peer, between its answers. False when the connection is over."""
        if self._transport is None or self._transport.is_closing() or self._ending or self._blocked:
            return False
        self._transport.write(frame(message))
        return True

    # the ways a connection ends

    def _oversize(self, piece: Broken) -> None:
        self._shared.counts.oversize += 1
        self._keep(piece)
        answers = self._shared.refusal(piece.data, "reject", None)
        self._end(keep=False)
        # After the answers to what came before it.
        self._hand_on()
        self._await(self._loop.create_task(_already(answers)), 0, 0)

    def _end(self, *, keep: bool) -> None:
        """Reads no more. What stands in an unfinished frame is kept, never answered."""
        if not self._ending:
            self._ending = True
            left = self._frames.end()
            if left is not None and keep:
                self._keep(left)
        if self._transport is not None:
            self._loop.call_soon(self._close_when_answered)

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
        self._end(keep=True)

    def close(self) -> None:
        """Closes the connection now."""
        if self._transport is not None:
            self._transport.close()

    def _check_time(self) -> None:
        """Ends the connection when nothing came for too long, or a frame takes too long to end."""
        limits, now = self._shared.limits, self._loop.time()
        # With something in hand it waits for us, so the silence is not its own; and while it may not send, it does not.
        idle = limits.idle if self._hand else self._last + limits.idle - now
        ends = limits.frame if self._begun is None or self._paused else self._begun + limits.frame - now
        if idle <= 0 or ends <= 0:
            self._end(keep=True)
            if not self._hand:
                self.close()
            return
        self._timer = self._loop.call_later(min(idle, ends), self._check_time)

    def _keep(self, piece: Broken) -> None:
        if piece.rule == "receive.truncated":
            self._shared.counts.truncated += 1
        if self._shared.quarantine is not None:
            task = self._loop.create_task(self._kept(piece))
            self._shared.tasks.add(task)
            task.add_done_callback(self._shared.tasks.discard)

    async def _kept(self, piece: Broken) -> None:
        assert self._shared.quarantine is not None
        try:
            await self._shared.quarantine(piece.data, self._peer, piece.rule)
        except Exception as error:  # noqa: BLE001 - never acknowledged: its sender still has it
            log.error("a broken frame was not kept: %s", type(error).__name__)

    def _who(self) -> PeerInfo:
        assert self._transport is not None
        address = self._transport.get_extra_info("peername") or ("", 0)
        proved = peer_of(self._transport.get_extra_info("ssl_object"))
        return PeerInfo(
            host=str(address[0]),
            port=int(address[1]),
            subject=proved.subject if proved else None,
            fingerprint=proved.fingerprint if proved else None,
            push=self._push,
        )


async def _already(answers: Sequence[bytes]) -> Sequence[bytes]:
    return answers
