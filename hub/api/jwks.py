"""`GET /.well-known/jwks.json`: the public keys by which this hub signs itself in elsewhere (RFC 7517).

For the servers of destinations with SMART Backend Services. It asks for no credential: the keys are public. A key that
cannot be read is left out, and `handoff doctor` says so.
"""

from __future__ import annotations

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import pipeline, upkeep

#: Seconds for which whoever asked may keep the answer: a new key is published so long before it signs.
MAX_AGE = 3600


def routes(hub: pipeline.Hub) -> list[Route]:
    """The route by which a server finds our keys."""

    async def keys(request: Request) -> Response:
        found = await asyncio.to_thread(upkeep.client_keys, hub)
        headers = {"cache-control": f"public, max-age={MAX_AGE}"}
        return Response(orjson.dumps({"keys": found}), media_type="application/json", headers=headers)

    return [Route("/.well-known/jwks.json", keys, methods=["GET"])]
