"""The hub's edge over HTTP: credentials, bodies with a limit, and errors as OperationOutcomes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hub.errors import ReceiveError
from mappings.errors import WarmHandoffError
from profiles.issue import Issue, operation_outcome

FHIR_JSON = "application/fhir+json"


def outcome(status: int, *issues: Issue, headers: Mapping[str, str] | None = None) -> Response:
    """An OperationOutcome as an HTTP answer."""
    return Response(
        orjson.dumps(operation_outcome(issues)), status_code=status, media_type=FHIR_JSON, headers=dict(headers or {})
    )


def error(status: int, raised: WarmHandoffError, headers: Mapping[str, str] | None = None) -> Response:
    """What was raised, as an OperationOutcome."""
    return outcome(status, *raised.issues, headers=headers)


def unauthorized() -> Response:
    """The one answer to whoever is not known: which of name or token was wrong is not said."""
    return outcome(
        401,
        Issue(severity="error", code="login", rule="receive.unauthorized", path="", text="not authorized"),
        headers={"www-authenticate": "Bearer"},
    )


def bearer(request: Request) -> bytes:
    """SHA-256 of the presented bearer token; of nothing when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return hashlib.sha256(token.strip().encode() if scheme.lower() == "bearer" else b"").digest()


async def body(request: Request, limit: int) -> bytes:
    """The body, read up to `limit` bytes. Raises ReceiveError `receive.too-large`, `receive.cut`, `receive.empty`."""
    declared = request.headers.get("content-length", "")
    too_large = ReceiveError("receive.too-large", "the body is larger than this hub takes", code="too-long")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    read = bytearray()
    try:
        async for chunk in request.stream():
            read += chunk
            if len(read) > limit:
                raise too_large
    except ClientDisconnect:
        raise ReceiveError("receive.cut", "the sender went away before the end", code="incomplete") from None
    if not read:
        raise ReceiveError("receive.empty", "there is no body", code="required")
    return bytes(read)
