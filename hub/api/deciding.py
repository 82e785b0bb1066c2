"""What other systems ask this hub to decide: `POST /fhir/$decide`, and a CDS Hooks 2.0 service of consent decisions.

    GET  /cds-services                           discovery: which services there are; it asks for no credential
    POST /cds-services/patient-consent-consult   one card with the decision and the obligations
    POST /fhir/$decide                           Parameters in, Parameters out, entry by entry

The caller is a source's credential, as everywhere here: a bearer token bound to one organization, which is who would
disclose. The CDS Hooks service takes, too, what its specification asks of a client: a JWT that the client signed itself
(`[source.client_jwt]`). Errors are OperationOutcomes. Nothing of the body is kept; each question is audited before its
answer leaves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import asking, pipeline
from hub.errors import DeliveryError, ReceiveError, ReleaseError, StoreError
from hub.release import hook
from hub.settings import SourceSection
from hub.web import FHIR_JSON, bearer, bearer_token, body, busy, error, unauthorized

_STATUS = {"receive.too-large": 413, "receive.cut": 400, "receive.empty": 400, "receive.not-json": 400}
_JSON = "application/json"

_Answer = Callable[[pipeline.Hub, SourceSection, bytes], Awaitable[dict[str, object]]]


def routes(hub: pipeline.Hub) -> list[Route]:
    """The routes by which other systems ask."""

    async def answered(request: Request, ask: _Answer, media_type: str, *, signed: bool = False) -> Response:
        caller = hub.callers.by_token(bearer(request))
        if caller is None and signed:
            try:
                caller = await asking.signed_by(hub, bearer_token(request))
            except (DeliveryError, StoreError) as raised:
                return busy(raised)  # its keys cannot be had, or that it was shown cannot be kept: ask again
        if caller is None:
            return unauthorized()
        try:
            data = await body(request, hub.settings.hub.max_body)
            made = await ask(hub, caller, data)
        except (ReceiveError, ReleaseError) as raised:
            return error(_STATUS.get(raised.rule, 422), raised)
        except StoreError as raised:
            return busy(raised)  # what cannot be audited is not answered
        return Response(orjson.dumps(made), media_type=media_type, headers={"cache-control": "no-store"})

    async def decide(request: Request) -> Response:
        return await answered(request, asking.decide_for, FHIR_JSON)

    async def consult(request: Request) -> Response:
        return await answered(request, asking.consult_for, _JSON, signed=True)

    async def services(request: Request) -> Response:
        return Response(orjson.dumps({"services": [hook.service()]}), media_type=_JSON)

    return [
        Route("/fhir/$decide", decide, methods=["POST"]),
        Route("/cds-services", services, methods=["GET"]),
        Route(f"/cds-services/{hook.HOOK}", consult, methods=["POST"]),
    ]
