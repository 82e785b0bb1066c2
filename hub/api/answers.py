"""Answers back: `POST /answers/message` and `PUT /fhir/Task/{id}`.

A destination is a credential too: an answer is accepted only from the destination that holds the referral. For
anybody else the referral does not exist: one and the same 404 for a Task of another center and for none at all.
The bytes are durable before the answer leaves.
"""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import pipeline
from hub.errors import ReceiveError, StoreError
from hub.settings import DestinationSection
from hub.web import bearer, body, busy, error, outcome, unauthorized
from profiles.issue import Issue

MAX_ANSWER = 8 * 1024 * 1024

_STATUS = {
    "receive.too-large": 413,
    "receive.cut": 400,
    "receive.empty": 400,
    "receive.conflict": 409,
    "receive.move": 409,
    "receive.no-referral": 404,
    "receive.unknown-referral": 404,
}


def _wants_outcome(request: Request) -> bool:
    """Whether the client asked for an OperationOutcome on success (R4 http, `Prefer`).

    Without it there is no body: client libraries take the body of an update for the resource as it is now. The Task
    is not given back, whatever is preferred: what the hub holds of it is not all this center's.
    """
    preferred = ",".join(request.headers.getlist("prefer")).replace(" ", "").split(",")
    return "return=OperationOutcome" in [one.partition(";")[0] for one in preferred]


def routes(hub: pipeline.Hub) -> list[Route]:
    """The routes by which centers answer over HTTP."""
    credentials: list[tuple[DestinationSection, bytes]] = [
        (d, d.answer_token.digest()) for d in hub.settings.destination if d.answer_token is not None
    ]

    def destination_of(request: Request) -> DestinationSection | None:
        presented = bearer(request)
        found = None
        for section, digest in credentials:
            if hmac.compare_digest(presented, digest):
                found = section
        return found

    async def take(request: Request, *, task: str | None) -> Response:
        destination = destination_of(request)
        if destination is None:
            return unauthorized()
        try:
            data = await body(request, MAX_ANSWER)
            await pipeline.receive_answer(
                hub,
                destination,
                data,
                media_type=request.headers.get("content-type", "application/fhir+json"),
                task_id=task,
            )
        except ReceiveError as raised:
            return error(_STATUS.get(raised.rule, 422), raised)
        except StoreError as raised:
            return busy(raised)
        return outcome(
            200, Issue(severity="information", code="informational", rule="answer.taken", path="", text="taken")
        )

    async def message(request: Request) -> Response:
        return await take(request, task=None)

    async def task(request: Request) -> Response:
        answer = await take(request, task=request.path_params["task"])
        if answer.status_code == 200 and not _wants_outcome(request):
            return Response(status_code=200)
        return answer

    return [
        Route("/answers/message", message, methods=["POST"]),
        Route("/fhir/Task/{task}", task, methods=["PUT"]),
    ]
