"""`GET /metrics`: the hub's measures for Prometheus, to who presents the token; without one, to this machine."""

from __future__ import annotations

import asyncio
import hmac

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import pipeline
from hub.settings import is_loopback
from hub.web import bearer, unauthorized


def routes(hub: pipeline.Hub) -> list[Route]:
    """The route that a scraper asks. Labels are of the configuration; no value of a record is in it."""
    token = hub.settings.metrics.token
    digest = token.digest() if token is not None else None

    async def metrics(request: Request) -> Response:
        if digest is not None:
            if not hmac.compare_digest(bearer(request), digest):
                return unauthorized()
        elif request.client is None or not is_loopback(request.client.host):
            return unauthorized()
        text = await asyncio.to_thread(hub.metrics.text)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics, methods=["GET"])]
