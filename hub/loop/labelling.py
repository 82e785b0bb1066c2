"""Labels for another system's records: by its posture, by what its Provenances say, by codes and words.

Nothing of it is kept or logged, and nothing is released: what comes back is what came, labelled, to who sent it. That
it was asked for, by whom and with what outcome, is in the audit before the answer leaves.
"""

from __future__ import annotations

from typing import Any

import orjson

from hub.errors import ReceiveError
from hub.loop.context import Hub
from hub.loop.record import audit
from hub.loop.releasing import origin
from hub.settings import SourceSection
from hub.store.tx import Tx
from mappings.labels import Labelled, label
from profiles.definitions import resource_types
from profiles.issue import operation_outcome


def labelled(hub: Hub, source: SourceSection, body: bytes) -> Labelled:
    """The resource or Bundle of this body, labelled as its sender's own record, and what it came labelled wrongly with.

    The body is the resource, or a Parameters with the one parameter `resource`. Raises ReceiveError
    `receive.not-json`, `receive.not-fhir` with the place.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = f"{error.lineno}:{error.colno}"
        raise ReceiveError("receive.not-json", "not JSON", path=place, code="structure") from None
    return label(
        _resource(document),
        origin=origin(hub.settings, source.organization),
        policy=hub.settings.label_policy,
        postures=hub.settings.postures(),
        text=hub.settings.label_text,
    )


def answer(found: Labelled) -> dict[str, Any]:
    """The Parameters of OperationDefinition/label: the labelled record, and an OperationOutcome of the conflicts.

    FHIR R4 leaves the Parameters out only where an operation has `return` alone; this one has two.
    """
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "return", "resource": found.resource},
            {"name": "outcome", "resource": operation_outcome(found.issues)},
        ],
    }


def note(tx: Tx, hub: Hub, source: SourceSection, rules: tuple[str, ...], *, refused: bool) -> None:
    """The audit event of one request: by which credential, as whose record, which rules it met; nothing of the record.

    `refused`: it could not be labelled, and `rules` say why.
    """
    audit(
        tx,
        hub,
        who=f"source:{source.name}",
        action="E",
        kind="label",
        entity=("Organization", source.organization),
        outcome="4" if refused else "0",
        custody=source.organization,
        detail=rules,
    )


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
