"""The hub's edge over HTTP: credentials, bodies with a limit, and errors as OperationOutcomes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from traceback import extract_tb

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import DeliveryError, ReceiveError, StoreError
from mappings.errors import WarmHandoffError
from profiles.issue import Issue, operation_outcome

FHIR_JSON = "application/fhir+json"

log = structlog.get_logger("hub.web")


class Guard:
    """Outermost: what nobody caught becomes an honest OperationOutcome, and no traceback with values in a log.

    A store that has too much waiting, or did not take the write, answers 503: the sender keeps its message and tries
    again. Anything else is a 500. Both are logged by type and place only.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the last line before the server, which would log the text
            frames = extract_tb(error.__traceback__)
            place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
            log.error("request.failed", error=type(error).__name__, rule=getattr(error, "rule", None), at=place)
            if not started:
                await _failed(error)(scope, receive, send)


def _failed(raised: Exception) -> Response:
    if isinstance(raised, StoreError):
        return error(503, raised, headers={"retry-after": "5"})
    return outcome(
        500, Issue(severity="fatal", code="exception", rule="hub.failed", path="", text="the hub failed on this")
    )


def outcome(status: int, *issues: Issue, headers: Mapping[str, str] | None = None) -> Response:
    """An OperationOutcome as an HTTP answer."""
    return Response(
        orjson.dumps(operation_outcome(issues)), status_code=status, media_type=FHIR_JSON, headers=dict(headers or {})
    )


def error(status: int, raised: WarmHandoffError, headers: Mapping[str, str] | None = None) -> Response:
    """What was raised, as an OperationOutcome."""
    return outcome(status, *raised.issues, headers=headers)


def busy(raised: StoreError | DeliveryError) -> Response:
    """Not now, and nothing was stored: the sender keeps it and tries again."""
    return outcome(503, *raised.issues, headers={"retry-after": "5"})


def unauthorized() -> Response:
    """The one answer to whoever is not known: which of name or token was wrong is not said."""
    return outcome(
        401,
        Issue(severity="error", code="login", rule="receive.unauthorized", path="", text="not authorized"),
        headers={"www-authenticate": "Bearer"},
    )


def header(request: Request, name: bytes) -> str | None:
    """The first header of that name, which is given in lower case as ASGI gives them; None without one."""
    for each, value in request.scope["headers"]:
        if each == name:
            return str(value, "latin-1")
    return None


def bearer_token(request: Request) -> str:
    """The presented bearer token; empty when there is none."""
    scheme, _, token = (header(request, b"authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def bearer(request: Request) -> bytes:
    """SHA-256 of the presented bearer token; of nothing when there is none."""
    return hashlib.sha256(bearer_token(request).encode()).digest()


def _too_large() -> ReceiveError:
    return ReceiveError("receive.too-large", "the body is larger than this hub takes", code="too-long")


class Plain:
    """A handler as an ASGI application of its own, without the layers that a route puts around a function.

    For the hot path: an error that the handler does not answer itself is `Guard`'s.
    """

    def __init__(self, handler: Callable[[Request], Awaitable[Response]]) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        response = await self._handler(Request(scope, receive, send))
        await response(scope, receive, send)


async def body(
    request: Request, limit: int, *, seconds: float | None = None, held: Callable[[int], None] | None = None
) -> bytes:
    """The body, read up to `limit` bytes and for `seconds` at most. `held` is told the size of each part that comes,
    and may raise.

    Raises ReceiveError `receive.too-large`, `receive.cut`, `receive.empty`, `receive.slow`.
    """
    declared = header(request, b"content-length") or ""
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise _too_large()
    # Off the wire by itself: the framework's two generators around it cost as much as the rest of the way in here.
    parts: list[bytes] = []
    size = 0
    more = True
    loop = asyncio.get_running_loop()
    until = None if seconds is None else loop.time() + seconds
    while more:
        try:
            async with asyncio.timeout_at(until if parts else None):  # the first part is mostly the whole
                message = await request.receive()
        except TimeoutError:
            raise ReceiveError("receive.slow", "the body did not come in time", code="timeout") from None
        if message["type"] == "http.disconnect":
            raise ReceiveError("receive.cut", "the sender went away before the end", code="incomplete")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large()
        if held is not None:
            held(len(part))
        parts.append(part)
        more = message.get("more_body", False)
    if not size:
        raise ReceiveError("receive.empty", "there is no body", code="required")
    return parts[0] if len(parts) == 1 else b"".join(parts)
