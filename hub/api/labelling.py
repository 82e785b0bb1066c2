"""`POST /fhir/$label`: a Bundle or a resource of another system comes back with its security labels.

The caller is a source's credential, so one organization with its declared posture; that is the origin of all it
sends. The answer is a Parameters: `return`, and `outcome` with what it came labelled wrongly with. Nothing of the body
is kept; the request is in the audit.
"""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import asking, pipeline
from hub.errors import ReceiveError, StoreError
from hub.web import FHIR_JSON, bearer, body, busy, error, unauthorized

_STATUS = {"receive.too-large": 413, "receive.cut": 400, "receive.empty": 400, "receive.not-json": 400}


def routes(hub: pipeline.Hub) -> list[Route]:
    """The route by which other systems have their records labelled."""

    async def post(request: Request) -> Response:
        caller = hub.callers.by_token(bearer(request))
        if caller is None:
            return unauthorized()
        try:
            data = await body(request, hub.settings.hub.max_body)
            made = await asking.label_for(hub, caller, data)
        except ReceiveError as raised:
            return error(_STATUS.get(raised.rule, 422), raised)
        except StoreError as raised:
            return busy(raised)  # what cannot be audited is not answered
        return Response(orjson.dumps(made), media_type=FHIR_JSON, headers={"cache-control": "no-store"})

    return [Route("/fhir/$label", post, methods=["POST"])]
