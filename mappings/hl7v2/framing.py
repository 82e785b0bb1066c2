"""MLLP frames cut out of a stream of bytes (HL7 MLLP release 1): 0x0B payload 0x1C 0x0D, both directions alike.

Bytes in, pieces out: nothing is read from a socket here and nothing is answered. What is no frame becomes a piece of
its own or is counted, so that whoever reads can keep it; nothing is repaired and nothing is guessed to be a message.

- Bytes before a 0x0B are skipped and counted (`junk`); `lost` after `JUNK_LIMIT` of them without a frame.
- A 0x0B inside a frame: its sender broke off and began again. The first part is a `Broken` piece.
- Only 0x1C 0x0D ends a frame. A 0x1C without it, or with a 0x0A, is waited for.
- An empty frame is dropped.
- A frame over its limit is a `Broken` piece, and nothing more is cut from that stream: `lost`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Literal

from mappings.record import record

VT = 0x0B
END = b"\x1c\x0d"
#: Bytes without a start of block after which a peer is taken for something else than MLLP.
JUNK_LIMIT = 64 * 1024
#: How much of a frame is shown to the function that knows the limits: an MSH's first fields are in it.
HEAD = 4096

#: Why a piece is no frame; the rules under which it is kept.
Rule = Literal["receive.truncated", "receive.too-large"]


@record  # one is made for every message
class Frame:
    """The payload of one whole frame."""

    payload: bytes = field(repr=False)


@record
class Broken:
    """What stood in a frame that did not end, or not within its limit. Never to be acknowledged as a message."""

    data: bytes = field(repr=False)
    rule: Rule


Piece = Frame | Broken


def frame(payload: bytes) -> bytes:
    """The payload between its start and end of block."""
    return b"\x0b" + payload + END


class Frames:
    """The frames of one stream. `feed` what was read, then `take` until it gives None.

    `limit` is the most bytes of a payload; where it depends on who sends, `limit_of` is asked once a frame that grows
    past `ask_at` bytes, with its first `HEAD` bytes. What is held is the unfinished frame and what was fed after it.
    """

    __slots__ = ("_asked", "_buffer", "_inside", "_limit_now", "_searched", "_skipped", "ask_at", "junk", "limit",
                 "limit_of", "lost")  # fmt: skip

    def __init__(
        self, *, limit: int, limit_of: Callable[[bytes], int] | None = None, ask_at: int | None = None
    ) -> None:
        self.limit = limit
        self.limit_of = limit_of
        self.ask_at = limit if ask_at is None else ask_at
        #: Bytes outside of any frame so far.
        self.junk = 0
        #: Whether nothing more can be cut from this stream.
        self.lost = False
        self._buffer = bytearray()
        self._inside = False
        self._searched = 0
        self._skipped = 0
        self._asked = False
        self._limit_now = limit

    def __len__(self) -> int:
        """Bytes held."""
        return len(self._buffer)

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._inside

    def feed(self, data: bytes) -> None:
        """Adds what was read. Nothing is added to a stream that is lost."""
        if not self.lost:
            self._buffer += data

    def take(self) -> Piece | None:
        """The next piece, in the order of the stream; None when more must be fed first, or the stream is lost."""
        buffer = self._buffer
        while not self.lost:
            if not self._inside:
                start = buffer.find(VT)
                skipped = len(buffer) if start < 0 else start
                self.junk += skipped
                self._skipped += skipped
                del buffer[: skipped + 1]
                if self._skipped > JUNK_LIMIT:
                    self._lose()
                    return None
                if start < 0:
                    return None
                self._begin()
            end = buffer.find(END, self._searched)
            reach = end if end >= 0 else len(buffer)
            again = buffer.find(VT, self._searched, reach)
            size = reach if again < 0 else again
            if size > self._bound(size):
                piece = Broken(data=_copy(buffer, self._limit_now), rule="receive.too-large")
                self._lose()
                return piece
            if again >= 0:
                data = _copy(buffer, again)
                del buffer[: again + 1]
                self._begin()
                if data:
                    return Broken(data=data, rule="receive.truncated")
                continue
            if end < 0:
                # The end of block may be cut between its two bytes.
                self._searched = max(0, len(buffer) - 1)
                return None
            payload = _copy(buffer, end)
            del buffer[: end + 2]
            self._inside, self._skipped = False, 0
            if payload:
                return Frame(payload=payload)
        return None

    def take_whole(self, most: int) -> list[bytes]:
        """Payloads of up to `most` frames that stand whole, one right behind the other, at the beginning of what is
        held: cut at once, as `take` would cut them one by one. None of it where anything is odd, or larger than
        `ask_at`: that is for `take`.
        """
        buffer = self._buffer
        if self.lost or self._inside or most < 1 or not buffer or buffer[0] != VT:
            return []
        *pieces, rest = bytes(buffer).split(END, most)
        # an empty frame, junk before a frame, a second start in one
        if not pieces or len(max(pieces, key=len)) > self.ask_at or not all(_is_whole(piece) for piece in pieces):
            return []
        del buffer[: len(buffer) - len(rest)]
        self._skipped = 0
        return [piece[1:] for piece in pieces]

    def end(self) -> Broken | None:
        """The stream is over: what stands in an unfinished frame, if anything. Nothing is cut afterwards."""
        data = bytes(self._buffer) if self._inside and not self.lost else b""
        self._lose()
        return Broken(data=data, rule="receive.truncated") if data else None

    def _begin(self) -> None:
        self._inside, self._searched, self._asked, self._limit_now = True, 0, False, self.limit

    def _bound(self, size: int) -> int:
        """The limit of the frame at hand. Asked for only where the frame is large."""
        if self.limit_of is not None and not self._asked and size > self.ask_at:
            self._asked = True
            self._limit_now = min(self.limit, self.limit_of(bytes(self._buffer[:HEAD])))
        return self._limit_now

    def _lose(self) -> None:
        self.lost, self._inside = True, False
        self._buffer.clear()


def _is_whole(piece: bytes) -> bool:
    return len(piece) > 1 and piece[0] == VT and piece.rfind(VT) == 0


def _copy(buffer: bytearray, end: int) -> bytes:
    """Its beginning; a slice of a bytearray would be a copy more."""
    with memoryview(buffer) as view, view[:end] as part:
        return bytes(part)
