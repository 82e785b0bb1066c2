"""Emergency resources and dispatches of an EIDO document as units with their times.

A document is a snapshot: a unit's status has no time of its own, only its component's last update. That time is taken
for the stage when the statuses name one stage and nothing else places the unit; successive versions make it better.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from mappings.cad.agencies import Agencies, token
from mappings.cad.places import place_of
from mappings.cad.references import Component, Document
from mappings.incident import Coded, DateTime, Timeline, Unit
from mappings.times import earlier

Kind: TypeAlias = Literal["officer", "clinician", "co-responder", "paramedic", "peer", "unknown"]

#: Code systems of registry tokens. Ours: no canonical FHIR URI of the registries is known to us.
RESOURCE_TYPE = "https://warmhandoff.org/fhir/CodeSystem/eido-emergency-resource-type"
UNIT_STATUS = "https://warmhandoff.org/fhir/CodeSystem/eido-unit-status"

# What a resource says of who rides in it: attributes first, a patrol unit may carry a crisis specialist.
_KIND_BY_ATTRIBUTE: dict[str, Kind] = {
    "CrisisInterventionSpecialist": "co-responder",
    "AdvancedPRN": "clinician",
    "RegisteredNurse": "clinician",
    "Paramedic": "paramedic",
    "AdvancedEMT": "paramedic",
    "EMT": "paramedic",
}
_KIND_BY_TYPE: dict[str, Kind] = {
    "CrisisInterventionUnit": "co-responder",
    "PatrolUnit": "officer",
    "CommunityPolicingUnit": "officer",
    "SchoolOfficer": "officer",
    "TransitOfficer": "officer",
    "TrafficUnit": "officer",
    "LawEnforcementCommandUnit": "officer",
    "GroundALSAmbulance": "paramedic",
    "GroundBLSAmbulance": "paramedic",
}

_STAGE = {
    "Dispatched": "dispatched",
    "EnRoute": "en_route",
    "Arrived": "on_scene",
    "OnScene": "on_scene",
    "PatientContact": "on_scene",
    "Transporting": "transporting",
    "Cleared": "cleared",
}
# Beside one of these, `EnRoute` or `Arrived` speaks of another place than the scene.
_ELSEWHERE = frozenset({"AlternateLocation", "Hospital", "Station", "Staging", "Post", "CoveringAlternateArea"})


_NO_TIMES = Timeline()


def units(document: Document, agencies: Agencies) -> tuple[Unit, ...]:
    """The units on the incident, in the document's order, each with its crew, statuses and times."""
    dispatched = _dispatch_times(document)
    found: list[Unit] = []
    for component in document.all("emergencyResourceComponent"):
        if component.id is not None:
            document.found.paths[f"units[{len(found)}]"] = component.path
            found.append(_unit(component, component.id, agencies, dispatched.get(component.id)))
    return tuple(found)


def first_dispatch(document: Document) -> DateTime | None:
    """The earliest update of a dispatch component: its prologue's time is the only one it has."""
    times = [one.updated for one in document.all("dispatchComponent") if one.updated]
    return _earliest(times)


def stages(units_found: tuple[Unit, ...], timeline: Timeline) -> Timeline:
    """The incident's stages from its units': the first to reach each; cleared when all have, at the last."""
    timelines = [unit.timeline or _NO_TIMES for unit in units_found]
    if not timelines:
        return timeline
    cleared = [one.cleared for one in timelines]
    known = [time for time in cleared if time is not None]
    last = None
    if known and len(known) == len(cleared):
        last = known[0]
        for time in known[1:]:
            last = time if earlier(last, time) else last
    return Timeline(
        received=timeline.received,
        dispatched=timeline.dispatched or _earliest([one.dispatched for one in timelines]),
        en_route=_earliest([one.en_route for one in timelines]),
        on_scene=_earliest([one.on_scene for one in timelines]),
        transporting=_earliest([one.transporting for one in timelines]),
        cleared=last,
        closed=timeline.closed,
    )


def _earliest(times: list[DateTime | None] | list[DateTime]) -> DateTime | None:
    first: DateTime | None = None
    for time in times:
        if time is not None and (first is None or earlier(time, first)):
            first = time
    return first


def _dispatch_times(document: Document) -> dict[str, DateTime]:
    found: dict[str, DateTime] = {}
    for component in document.all("dispatchComponent"):
        time = component.updated
        for unit in component.reference_ids("emergencyResourceReference"):
            if time is not None and (unit not in found or earlier(time, found[unit])):
                found[unit] = time
    return found


def _unit(component: Component, unit_id: str, agencies: Agencies, dispatched: DateTime | None) -> Unit:
    type_token = component.text("emergencyResourceTypeCommonRegistryText")
    type_text = component.text("emergencyResourceTypeInternalText")
    attributes = component.texts("resourceAttributeRegistryText")
    statuses = component.texts("secondaryUnitStatusRegistryText")
    own_statuses = component.texts("unitStatusInternal")
    primary = component.text("primaryUnitStatusRegistryText")
    crew = tuple([agencies.staff(agent) for agent in component.reference_ids("agentReference")])
    employers = {member.organization for member in crew if member.organization}
    destination = component.references_to("unitDestinationReference", "locationComponent")

    stated = statuses or ([primary] if primary else [])
    return Unit(
        id=unit_id,
        name=component.text("emergencyResourceName"),
        kind=_kind(type_token, attributes),
        type=_type(type_token, type_text, attributes, component.texts("resourceAttributeInternalText")),
        status=token(
            stated[0] if stated else None,
            UNIT_STATUS if stated else None,
            "; ".join((*stated[1:], *own_statuses)) or None,
        )
        if stated or own_statuses
        else None,
        crew=crew,
        employer=next(iter(employers)) if len(employers) == 1 else None,
        timeline=_timeline(statuses, component.updated, dispatched),
        destination=place_of(destination[0]) if destination else None,
    )


def _kind(type_token: str | None, attributes: list[str]) -> Kind:
    for attribute, kind in _KIND_BY_ATTRIBUTE.items():
        if attribute in attributes:
            return kind
    return _KIND_BY_TYPE.get(type_token or "", "unknown")


def _type(code: str | None, text: str | None, attributes: list[str], own: list[str]) -> Coded | None:
    said = "; ".join(filter(None, (text, *attributes, *own))) or None
    if code is None and said is None:
        return None
    return token(code, RESOURCE_TYPE if code else None, said)


def _timeline(statuses: list[str], time: DateTime | None, dispatched: DateTime | None) -> Timeline | None:
    named = {_STAGE[status] for status in statuses if status in _STAGE}
    if time is None or len(named) != 1 or not _ELSEWHERE.isdisjoint(statuses):
        return Timeline(dispatched=dispatched) if dispatched is not None else None
    stage = named.pop()
    if stage == "dispatched":
        return Timeline(dispatched=dispatched or time)
    reached: dict[str, DateTime] = {stage: time}
    return Timeline(dispatched=dispatched, **reached)
