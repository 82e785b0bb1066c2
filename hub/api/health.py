"""`GET /health`: whether the hub takes and sends, in counts and states; no names, no payload."""

from __future__ import annotations

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import pipeline


def routes(hub: pipeline.Hub) -> list[Route]:
    """The one route that asks for no credential: a supervisor has none. It tells nothing of any record."""

    async def health(request: Request) -> Response:
        found = await asyncio.to_thread(pipeline.health, hub)
        return Response(
            orjson.dumps(found),
            status_code=200 if found["status"] == "ok" else 503,
            media_type="application/json",
        )

    return [Route("/health", health, methods=["GET"])]
