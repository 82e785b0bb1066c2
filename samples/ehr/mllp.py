"""MLLP: HL7 v2 messages on TCP, framed 0x0B ... 0x1C 0x0D; a server and a client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

VT, END = b"\x0b", b"\x1c\x0d"
FRAME_LIMIT = 16 * 1024 * 1024
#: bytes without a start of frame after which the peer is taken for something else than MLLP
JUNK_LIMIT = 64 * 1024

#: takes the bytes of one frame, returns the bytes of the answer, or None for no answer
Handler = Callable[[bytes], Awaitable[bytes | None]]


def frame(payload: bytes) -> bytes:
    """The payload with its start and end of block."""
    return VT + payload + END


async def read_frame(reader: asyncio.StreamReader, buffer: bytearray) -> bytes | None:
    """The next frame's payload, or None at the end of the stream or when the peer does not talk MLLP.

    A start of block inside a frame begins again there: what came before it was cut off by the sender,
    and is not acknowledged. Empty frames are skipped.
    """
    searched = 0
    while True:
        start = buffer.find(VT)
        if start < 0:
            if len(buffer) > JUNK_LIMIT:
                return None
        else:
            end = buffer.find(END, max(start, searched - 1))
            if end >= 0:
                payload = bytes(buffer[start + 1 : end])
                del buffer[: end + 2]
                payload = payload.rpartition(VT)[2]
                searched = 0
                if payload:
                    return payload
                continue
            if len(buffer) > FRAME_LIMIT:
                return None
            searched = len(buffer)
        chunk = await reader.read(64 * 1024)
        if not chunk:
            return None
        buffer += chunk


class Server:
    """Listens on 127.0.0.1; answers the frames of one connection in order."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Bind and return the port (a free one when 0 was asked)."""
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer = bytearray()
        try:
            while (payload := await read_frame(reader, buffer)) is not None:
                answer = await self._handler(payload)
                if answer is not None:
                    writer.write(frame(answer))
                    await writer.drain()
        except ConnectionError:
            pass  # the sender went away; it will send again what it has no answer for
        except asyncio.CancelledError:
            pass  # the program ends; raised on, Python 3.11 prints a traceback for each open connection
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def exchange(
    host: str, port: int, payload: bytes, is_answer: Callable[[bytes], bool], *, seconds: float = 10.0
) -> bytes:
    """Send one message on its own connection and return its acknowledgement.

    Frames that `is_answer` refuses (late or foreign acknowledgements) are ignored. Raises OSError,
    EOFError or TimeoutError when none came; the connection is closed either way.
    """
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(frame(payload))
            await writer.drain()
            buffer = bytearray()
            while (answer := await read_frame(reader, buffer)) is not None:
                if is_answer(answer):
                    return answer
            raise EOFError("connection closed without an acknowledgement")
        finally:
            writer.close()
