"""Provenance: for each resource, whose record it is and which source record it came from.

One for each origin organization, with all its resources as targets. Where nobody declared the origin, `agent.who`
says that it is unknown, and so does `Translation.origins`.
"""

from __future__ import annotations

from mappings.fhir.draft import Draft, Json, clean
from mappings.fhir.organization import organization_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import DATA_ABSENT, EXTENSION, PROVENANCE_ACTIVITY, PROVENANCE_AGENT
from mappings.incident import Incident, Told

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
        resource["entity"] = [_source(draft, told) for told in incident.reading.told] or [
            _source(draft, _own(incident))
        ]
        if origin is None or who["reference"] not in draft.unclaimed:
            resource["meta"] = claim("contact-provenance")
        draft.put(resource, origin)


def _own(incident: Incident) -> Told:
    return Told(
        reader=incident.reading.source,
        number=incident.number,
        case_number=incident.case_number,
        version=incident.version,
    )


def _source(draft: Draft, told: Told) -> Json:
    """One source record: by the agency's number for it, and which reader read it. A merged record has several."""
    what: Json = {}
    if number := clean(told.number):
        what["identifier"] = {"system": draft.base + "/cad-event", "value": number}
    elif number := clean(told.case_number):
        what["identifier"] = {"system": draft.base + "/case-number", "value": number}
    what["display"] = clean(told.reader) or "incident"
    if told.version and (version := clean(told.version)):
        return {
            "extension": [{"url": EXTENSION + "source-version", "valueString": version}],
            "role": "source",
            "what": what,
        }
    return {"role": "source", "what": what}
