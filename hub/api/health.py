"""`GET /health`: whether the hub takes and sends, in counts and states; `GET /health/live`: that it answers at all."""

from __future__ import annotations

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import pipeline, upkeep


def routes(hub: pipeline.Hub) -> list[Route]:
    """Readiness and liveness. They ask for no credential: a supervisor has none. They tell nothing of any record."""

    async def health(request: Request) -> Response:
        found = await asyncio.to_thread(upkeep.health, hub)
        return Response(
            orjson.dumps(found),
            status_code=200 if found["status"] == "ok" else 503,
            media_type="application/json",
        )

    async def live(request: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    return [Route("/health", health, methods=["GET"]), Route("/health/live", live, methods=["GET"])]
