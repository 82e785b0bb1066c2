"""`GET /outcomes/{incident}`: what became of an incident's referrals, for those who may know.

The reader is a source's credential, so one organization. Each item is decided as a release to it: the clinician's
organization by treatment, the agency only by an authorization or consent that names it or a named exception
(P21, S59). Whoever may know nothing gets always the same nothing, also for an incident that does not exist.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import pipeline
from hub.web import bearer, unauthorized


def routes(hub: pipeline.Hub) -> list[Route]:
    """The route by which referrers and agencies look."""

    async def get(request: Request) -> Response:
        reader = hub.callers.by_token(bearer(request))
        if reader is None:
            return unauthorized()
        release = await pipeline.tell_outcomes(hub, reader, request.path_params["incident"])
        # No ETag and no length that tells: the body is the released bytes and nothing else.
        return Response(release, media_type="application/json", headers={"cache-control": "no-store"})

    return [Route("/outcomes/{incident}", get, methods=["GET"])]
