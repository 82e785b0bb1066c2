"""HTTP/1.1 on asyncio streams: a small server and a small client, nothing more than this EHR needs.

Does not do TLS as a server (it listens on loopback only), pipelining, compression or ranges (RFC 9112).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 32 * 1024 * 1024
IDLE_SECONDS = 75.0


class BadRequest(Exception):
    """The bytes on the connection are not an HTTP request that we take; carries the status."""

    def __init__(self, status: int) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names in lower case, the path unquoted."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def wants_html(self) -> bool:
        """Whether a browser is asking."""
        return "text/html" in self.headers.get("accept", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(value: Any, status: int = 200, *, fhir: bool = False, **headers: str) -> Response:
    """An answer with a JSON body."""
    media_type = "application/fhir+json" if fhir else "application/json"
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(status=status, body=body, media_type=media_type, headers=headers)


Handler = Callable[[Request], Awaitable[Response]]


class Server:
    """Listens on 127.0.0.1 and hands each request to one handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._busy = 0
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Bind and return the port (a free one when 0 was asked)."""
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", port, limit=HEAD_LIMIT)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, seconds: float = 2.0) -> None:
        """Stop listening; let requests in progress finish for at most the given seconds."""
        if self._server is not None:
            self._server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._busy:
                    await asyncio.sleep(0.02)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                try:
                    request = await _read_request(reader, writer)
                except BadRequest as refused:
                    writer.write(_response_bytes(Response(status=refused.status), keep=False, head=False))
                    await writer.drain()
                    return
                if request is None:
                    return
                keep = request.headers.get("connection", "").lower() != "close"
                self._busy += 1
                try:
                    response = await self._handler(request)
                    writer.write(_response_bytes(response, keep=keep, head=request.method == "HEAD"))
                    await writer.drain()
                finally:
                    self._busy -= 1
                if not keep:
                    return
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass  # the client went away
        except asyncio.CancelledError:
            pass  # the program ends; raised on, Python 3.11 prints a traceback for each open connection
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def send(
    method: str, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = 10.0
) -> tuple[int, bytes]:
    """Send one request on its own connection; return the status and the body.

    Follows no redirect. Raises OSError, EOFError, ValueError or TimeoutError when no whole answer came.
    """
    target = urlsplit(url)
    secure = target.scheme == "https"
    port = target.port or (443 if secure else 80)
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(target.hostname, port, ssl=secure or None)
        try:
            path = (target.path or "/") + ("?" + target.query if target.query else "")
            lines = [f"{method} {path} HTTP/1.1", f"Host: {target.netloc}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines.append(f"Content-Length: {len(body)}")
            writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
            await writer.drain()
            status = 100
            while status < 200:
                start, answer_headers = _head(await reader.readuntil(b"\r\n\r\n"))
                status = int(start.split(" ", 2)[1])
            if status in (204, 304):
                return status, b""
            if "content-length" in answer_headers or "transfer-encoding" in answer_headers:
                return status, await _read_body(reader, answer_headers)
            return status, await reader.read()
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise
        return None
    except asyncio.LimitOverrunError:
        raise BadRequest(431) from None
    try:
        start, headers = _head(raw)
        method, target, version = start.split(" ")
        parts = urlsplit(target)
    except ValueError:
        raise BadRequest(400) from None
    if not version.startswith("HTTP/1."):
        raise BadRequest(505)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            body = await _read_body(reader, headers)
    except (ValueError, asyncio.LimitOverrunError):
        raise BadRequest(400) from None
    return Request(
        method=method,
        path=unquote(parts.path),
        # a plus sign in a query is a time zone's far more often than a space
        query=parse_qs(parts.query.replace("+", "%2B"), keep_blank_values=True),
        headers=headers,
        body=body,
    )


def _head(raw: bytes) -> tuple[str, dict[str, str]]:
    start, *lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError("header line without a colon")
        headers[name.strip().lower()] = value.strip()
    return start, headers


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        chunks = bytearray()
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            if len(chunks) + size > BODY_LIMIT:
                raise BadRequest(413)
            chunks += await reader.readexactly(size)
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass  # trailers: none that we use
        return bytes(chunks)
    length = int(headers.get("content-length", "0"))
    if length > BODY_LIMIT:
        raise BadRequest(413)
    return await reader.readexactly(length)


def _response_bytes(response: Response, *, keep: bool, head: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in response.headers.items()]
    if response.body:
        lines.append(f"Content-Type: {response.media_type}; charset=utf-8")
    lines += [f"Content-Length: {len(response.body)}", "Cache-Control: no-store"]
    lines.append("Connection: keep-alive" if keep else "Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"" if head else response.body)
