"""`GET /fhir/metadata`: what a center's system may ask of this hub over FHIR (R4, capabilities).

The published statement `CapabilityStatement/hub-server`, as it is on this installation. It promises what the routes
do and nothing else: a test holds the two together. It asks for no credential and tells nothing of any record, partner
or setting.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub import pipeline
from hub.web import FHIR_JSON
from profiles import CANONICAL, load

_PUBLISHED = f"{CANONICAL}/CapabilityStatement/hub-server"
#: Of the published statement, what is not said again of an installation: it is no definition of its own.
_OF_THE_DEFINITION = ("id", "url", "name", "experimental")


def routes(hub: pipeline.Hub) -> list[Route]:
    """The route by which a FHIR client looks what it may do."""

    async def metadata(request: Request) -> Response:
        return Response(orjson.dumps(statement(str(request.base_url))), media_type=FHIR_JSON)

    return [Route("/fhir/metadata", metadata, methods=["GET"])]


def statement(root: str) -> dict[str, Any]:
    """The statement of the hub at the address `root` (with its last slash), as its client wrote it."""
    said = {key: value for key, value in _published().items() if key not in _OF_THE_DEFINITION}
    (messaging,) = said["messaging"]
    protocol = {"system": "http://terminology.hl7.org/CodeSystem/message-transport", "code": "http"}
    endpoint = [{"protocol": protocol, "address": f"{root}answers/message"}]
    return {
        **said,
        "kind": "instance",
        "instantiates": [_PUBLISHED],
        "implementation": {"description": "This hub", "url": f"{root}fhir"},
        "messaging": [{"endpoint": endpoint, **messaging}],
    }


@cache
def _published() -> dict[str, Any]:
    return load(_PUBLISHED)
