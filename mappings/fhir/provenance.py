"""Provenance: for each resource, whose record it is and which source record it came from.

One for each origin organization, with all its resources as targets. Where nobody declared the origin, `agent.who`
says that it is unknown, and so does `Translation.origins`.
"""

from __future__ import annotations

from mappings.fhir.draft import Draft, Json, clean
from mappings.fhir.organization import organization_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import DATA_ABSENT, EXTENSION, PROVENANCE_ACTIVITY, PROVENANCE_AGENT

_UNKNOWN = {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}


def provenances(draft: Draft) -> None:
    """Adds a Provenance for each origin among the entries so far."""
    origins = dict.fromkeys(draft.origins)
    if len(origins) == 1 and draft.owner in origins:
        organization_reference(draft, draft.owner)
        targets: dict[str | None, list[Json]] = {draft.owner: [{"reference": e["fullUrl"]} for e in draft.entries]}
    else:
        for origin in origins:
            if origin is not None:
                organization_reference(draft, origin)  # may itself be a new entry, of the owner's
        targets = {origin: [] for origin in (*origins, draft.owner)}
        for entry, origin in zip(draft.entries, draft.origins, strict=True):
            targets[origin].append({"reference": entry["fullUrl"]})
    incident = draft.incident
    for origin, about in targets.items():
        if not about:
            continue
        made = draft.id_of("provenance", f"{draft.key}|{incident.version or ''}|{origin or ''}", origin=origin)
        resource: Json = {"resourceType": "Provenance", "id": made, "target": about}
        if incident.updated is not None:
            resource["occurredDateTime"] = incident.updated
        resource["recorded"] = draft.now
        resource["activity"] = {"coding": [{"system": PROVENANCE_ACTIVITY, "code": "CREATE"}]}
        who: Json = organization_reference(draft, origin) if origin is not None else dict(_UNKNOWN)
        resource["agent"] = [{"type": {"coding": [{"system": PROVENANCE_AGENT, "code": "author"}]}, "who": who}]
        resource["entity"] = [_source(draft)]
        if origin is None or who["reference"] not in draft.unclaimed:
            resource["meta"] = claim("contact-provenance")
        draft.put(resource, origin)


def _source(draft: Draft) -> Json:
    """The source record: by the agency's number for it, and which reader read it."""
    incident = draft.incident
    what: Json = {}
    if number := clean(incident.number):
        what["identifier"] = {"system": draft.base + "/cad-event", "value": number}
    elif number := clean(incident.case_number):
        what["identifier"] = {"system": draft.base + "/case-number", "value": number}
    what["display"] = clean(incident.reading.source) or "incident"
    if incident.version and (version := clean(incident.version)):
        return {
            "extension": [{"url": EXTENSION + "source-version", "valueString": version}],
            "role": "source",
            "what": what,
        }
    return {"role": "source", "what": what}
