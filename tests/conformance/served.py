"""What a reader is answered (`hub.release.view`): resources, searches, histories, refusals; outcomes of every rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from hub.release import Context, Party
from hub.release.holding import Holding, Version
from hub.release.view import GONE, NOTHING, Reply, look
from mappings.labels import Origin
from profiles import CANONICAL, load
from profiles.examples import single
from profiles.issue import Issue, operation_outcome
from tests.conformance.outputs import Json, outputs

_BASE = "https://hub.example/fhir"
_DELETED = "Provenance"
_CENTER = Origin(reference="Organization/lakeshore-cmhc", role="covered-entity")


def served(at: datetime) -> Iterator[tuple[str, Json]]:
    """(name, resource): of each sample with a referral a read, searches with pages, and histories."""
    for output in outputs():
        if output.referrals:
            yield from _seen(output.name, list(single(output.bundle)), at)
    yield "read of nothing", json.loads(NOTHING.body)
    yield "read of what is gone", json.loads(GONE.body)


def _seen(name: str, resources: list[Json], at: datetime) -> Iterator[tuple[str, Json]]:
    seen = look(
        [_holding(one, at) for one in resources],
        Context(
            discloser=Party(reference=_CENTER.reference, role="covered-entity"),
            recipient=Party(reference="Organization/northfork", role="covered-entity"),
            purpose="TREAT",
            patient=next((f"Patient/{one['id']}" for one in resources if one["resourceType"] == "Patient"), None),
            at=at,
        ),
        [one for one in resources if one["resourceType"] == "Consent"],
        base=_BASE,
    )
    for kind in sorted({kind for kind, _ in seen.etags()}):
        identity = next(identity for each, identity in seen.etags() if each == kind)
        yield f"read {kind} {name}", _body(seen.read(kind, identity))
        yield f"history {kind} {name}", _body(seen.history(kind, identity))
    for one in resources:
        if one["resourceType"] == _DELETED:
            yield f"history of what is gone {name}", _body(seen.history(_DELETED, one["id"]))
    for said, count in (("all", None), ("a page", 1), ("the total", 0)):
        reply = seen.search(
            "Encounter", lambda _: True, include=("subject",), revinclude=(("Observation", "encounter"),), count=count
        )
        yield f"searchset {said} {name}", _body(reply)
    yield f"searchset nothing {name}", _body(seen.search("Encounter", lambda _: False, query="status=planned"))


def _holding(resource: Json, at: datetime) -> Holding:
    """Two versions of it; a Provenance was deleted since."""
    kind, identity = resource["resourceType"], resource["id"]
    versions = [
        Version(resource={**resource, "language": "en"}, origin=_CENTER, at=at - timedelta(days=2)),
        Version(resource=resource, origin=_CENTER, at=at - timedelta(days=1)),
    ]
    if kind == _DELETED:
        versions.append(Version(resource=None, origin=_CENTER, at=at))
    return Holding(kind=kind, id=identity, versions=tuple(versions))


def _body(reply: Reply) -> Json:
    made: Json = json.loads(reply.body)
    return made


def outcomes() -> Iterator[tuple[str, Json]]:
    """An OperationOutcome of every rule that there is, and that of nothing."""
    rules = load(f"{CANONICAL}/CodeSystem/issue-rule")["concept"]
    found = [
        Issue(severity="error", code="processing", rule=one["code"], path="Task.status", text=one["definition"])
        for one in rules
    ]
    yield "outcome of every rule", operation_outcome(found)
    yield "outcome of nothing", operation_outcome([])
