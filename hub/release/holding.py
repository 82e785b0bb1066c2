"""What is kept of a resource, all its versions, and what of many of them may go to one reader.

Pure. Reads no store: the caller gives the holdings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from hub.release.decision import Decision
from hub.release.outcome import release
from hub.release.policy import ReleasePolicy
from hub.release.request import Context
from hub.release.withheld import Withheld
from mappings.labels.origin import Origin

Json = dict[str, Any]
Key = tuple[str, str]

#: What the API and the view speak.
MEDIA_TYPE: Final = "application/fhir+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a resource as it is kept; `resource` None: it was deleted then. `origin`: whose record it is."""

    resource: Json | None
    origin: Origin | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A resource with all its versions, oldest first."""

    kind: str
    id: str
    versions: tuple[Version, ...]


def decided(
    holdings: Mapping[Key, Holding],
    context: Context,
    consents: Sequence[Json],
    policy: ReleasePolicy,
    *,
    instead: Mapping[Key, Version],
) -> tuple[dict[Key, Json], Decision | None, Withheld]:
    """Each resource's last content, or the version given `instead`, as it may go; deleted ones too, so that a
    reference to a withheld one that was deleted goes as well. Nothing where nothing may go.

    Raises Leak and ReleaseError `release.no-carrier`.
    """
    entries: list[Json] = []
    origins: list[Origin | None] = []
    for key in sorted(holdings):
        version = instead.get(key) or next(v for v in reversed(holdings[key].versions) if v.resource is not None)
        entries.append({"fullUrl": f"urn:uuid:{key[1]}", "resource": _bare(version.resource or {})})
        origins.append(version.origin)
    if not entries:
        return {}, None, Withheld()
    outcome = release(
        {"resourceType": "Bundle", "type": "collection", "entry": entries},
        origins,
        context,
        consents,
        render=orjson.dumps,
        media_type=MEDIA_TYPE,
        policy=policy,
        core=frozenset(),
    )
    if outcome.bundle is None:
        return {}, None, Withheld()
    found = {
        (str(entry["resource"]["resourceType"]), str(entry["resource"]["id"])): entry["resource"]
        for entry in outcome.bundle.get("entry", ())
    }
    return found, outcome.decision, outcome.hidden or Withheld()


def _bare(resource: Json) -> Json:
    """Without the store's own number and time, which count what is withheld, too."""
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    left = {key: value for key, value in resource.items() if key != "meta"}
    return {**left, "meta": meta} if meta else left
