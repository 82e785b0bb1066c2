"""Labels for another system's records: by its posture, by what its Provenances say, by codes and words.

Nothing of it is kept or logged, and nothing is released: what comes back is what came, labelled, to who sent it.
"""

from __future__ import annotations

from typing import Any

import orjson

from hub.errors import ReceiveError
from hub.loop.context import Hub
from hub.loop.releasing import origin
from hub.settings import SourceSection
from mappings.labels import label
from profiles.definitions import resource_types


def labelled(hub: Hub, source: SourceSection, body: bytes) -> dict[str, Any]:
    """The resource or Bundle of this body, labelled as its sender's own record.

    The body is the resource, or a Parameters with the one parameter `resource`. Raises ReceiveError
    `receive.not-json`, `receive.not-fhir` with the place.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = f"{error.lineno}:{error.colno}"
        raise ReceiveError("receive.not-json", "not JSON", path=place, code="structure") from None
    found = label(
        _resource(document),
        origin=origin(hub.settings, source.organization),
        policy=hub.settings.label_policy,
        postures=hub.settings.postures(),
        text=hub.settings.label_text,
    )
    return found.resource


def _resource(document: Any) -> dict[str, Any]:
    path = "$this"
    if isinstance(document, dict) and document.get("resourceType") == "Parameters":
        given = document.get("parameter")
        only = given[0] if isinstance(given, list) and len(given) == 1 else None
        if isinstance(only, dict) and only.get("name") == "resource":
            document, path = only.get("resource"), "Parameters.parameter[0].resource"
    kind = document.get("resourceType") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(kind, str) or kind not in resource_types():
        raise _not_fhir(path)
    if kind == "Bundle" and not isinstance(document.get("entry", []), list):
        raise _not_fhir("Bundle.entry")
    meta = document.get("meta", {})
    if not isinstance(meta, dict) or not isinstance(meta.get("security", []), list):
        raise _not_fhir(f"{kind}.meta")
    return document


def _not_fhir(path: str) -> ReceiveError:
    return ReceiveError("receive.not-fhir", "not FHIR R4", path=path, code="structure")
