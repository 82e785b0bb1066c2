"""`POST /ingest/{source}`: the bytes are durable before the answer leaves.

A source is a credential: its bearer token says which organization speaks. An unknown source and a wrong token get
the same 401. The body is kept as it came, whatever it is; what is not JSON where JSON was agreed is kept as
rejected and answered 422 with the place. Everything else is answered 202 and read by the worker;
`GET /ingest/{source}/messages/{id}` tells what became of it, to the same source only.

A source that sends more than its settings allow is answered 429, and 503 where the hub has no room, each with
Retry-After: nothing waits in memory, and what was not acknowledged is still its sender's.
"""

from __future__ import annotations

from math import ceil
from time import perf_counter
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hub import pipeline
from hub.errors import ReceiveError, StoreError
from hub.ingest.limits import Limits, Throttled
from hub.settings import SourceSection
from hub.web import Plain, bearer, body, busy, error, header, outcome, unauthorized
from profiles.issue import Issue

_STATUS = {
    "receive.too-large": 413,
    "receive.cut": 400,
    "receive.empty": 400,
    "receive.conflict": 409,
    "receive.slow": 408,
    "receive.rate": 429,
    "receive.connections": 429,
    "receive.busy": 503,
}


class Shortcut:
    """Middleware: a POST to `/ingest/{source}` goes to its handler (`routes(hub)[0].app`), past router and layers.

    They cost such a request about as much as reading it does. Everything else passes on; so does this path where a
    proxy's prefix is before it.
    """

    def __init__(self, app: ASGIApp, handler: ASGIApp) -> None:
        self._app = app
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "POST" and not scope.get("root_path"):
            before, _, source = scope["path"].rpartition("/")
            if before == "/ingest" and source:
                scope["path_params"] = {"source": source}
                await self._handler(scope, receive, send)
                return
        await self._app(scope, receive, send)


def routes(hub: pipeline.Hub) -> list[Route]:
    """The routes of HTTP ingest. Plain routes: a validated framework route costs a third more on this hot path."""
    limits = Limits(hub.settings)

    def source_of(request: Request) -> SourceSection | None:
        return hub.callers.named(request.path_params["source"], bearer(request))

    async def post(request: Request) -> Response:
        source = source_of(request)
        if source is None:
            return unauthorized()
        place = limits.place(source)
        try:
            place.enter()
            most = source.max_body or hub.settings.hub.max_body
            data = await body(request, most, seconds=hub.settings.hub.body_seconds, held=place.hold)
            began = perf_counter()
            received = await pipeline.receive(
                hub,
                source,
                data,
                media_type=header(request, b"content-type") or "application/octet-stream",
                control_id=header(request, b"idempotency-key"),
            )
            hub.metrics.acknowledged("http", perf_counter() - began)
        except ReceiveError as raised:
            after = {"retry-after": f"{ceil(raised.after)}"} if isinstance(raised, Throttled) else None
            return error(_STATUS.get(raised.rule, 400), raised, headers=after)
        except StoreError as raised:
            return busy(raised)
        finally:
            place.leave()
        location = {"location": f"/ingest/{source.name}/messages/{received.message_id}"}
        if received.issues:
            return outcome(422, *received.issues, headers=location)
        answer: dict[str, Any] = {"message": received.message_id, "duplicate": not received.fresh}
        return Response(
            orjson.dumps(answer),
            status_code=202 if received.fresh else 200,
            media_type="application/json",
            headers=location,
        )

    async def status(request: Request) -> Response:
        source = source_of(request)
        if source is None:
            return unauthorized()
        found = await pipeline.status(hub, source, request.path_params["message"])
        if found is None:
            return outcome(
                404, Issue(severity="error", code="not-found", rule="receive.unknown", path="", text="no such message")
            )
        return Response(orjson.dumps(found), media_type="application/json")

    return [
        Route("/ingest/{source}", Plain(post), methods=["POST"]),
        Route("/ingest/{source}/messages/{message}", status, methods=["GET"]),
    ]
