"""What a decision rests on, as one SHA-256: a retry of an unchanged decision sends the same sealed bytes (S61)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from hub.release.decision import EntryDecision
from hub.release.matching import Directive
from hub.release.policy import ReleasePolicy
from hub.release.request import Request
from mappings.labels.vocabulary import codes

Json = dict[str, Any]


def digest(
    request: Request, entries: Sequence[EntryDecision], directives: Sequence[Directive], policy: ReleasePolicy
) -> str:
    """SHA-256 over what the decision rests on and what it is. The moment is in it only through the result."""
    cited = {name for made in entries for name in made.consents}
    document = {
        "policy": [policy.version, policy.state.version],
        "discloser": [request.discloser.reference, request.discloser.role],
        "recipient": [request.recipient.reference, request.recipient.role, sorted(request.recipient.duties)],
        "purpose": request.purpose,
        "patient": request.patient,
        "law": request.law,
        "entries": [
            [
                _version(entry.resource),
                sorted(codes(entry.resource)),
                sorted({(row.code, row.path) for row in entry.labels if row.grade == "possible"}),
                entry.role,
                made.to_json(),
                sorted(made.remove),
            ]
            for entry, made in zip(request.entries, entries, strict=True)
        ],
        "consents": [[one.reference, _version(one.consent)] for one in directives if one.reference in cited],
        "evidence": sorted([one.type, one.reference or "", one.at or ""] for one in request.evidence),
    }
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _version(resource: Json) -> list[Any]:
    """What identifies a resource's content: its id and version, or a hash of it where it has no version."""
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    if version is None:
        version = "sha256:" + hashlib.sha256(orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return [resource.get("resourceType"), resource.get("id"), version]
