"""Emergency resources and dispatches of an EIDO document as units with their times.

A document is a snapshot: a unit's status has no time of its own, only its component's last update. That time is taken
for the stage when the statuses name one stage and nothing else places the unit. Of joined documents there are the
versions: a stage has the time of the first that shows it, `cleared` that of the first after which the unit was not
sent again.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from mappings.cad import registries as registry
from mappings.cad.agencies import Agencies, token
from mappings.cad.components import Component, Json
from mappings.cad.places import place_of
from mappings.cad.references import Document
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
    return _earliest([known[0][0] for one in document.all("dispatchComponent") if (known := versions(one))])


def versions(component: Component) -> tuple[tuple[DateTime, Json], ...]:
    """A component's versions in order of time: those of joined documents, else the one that this document is.

    Call it before the members are taken. Empty for a component without a time.
    """
    history = component.document.history
    if history and (known := history.get(f"{component.kind}={component.id}")):
        return known
    return () if component.updated is None else ((component.updated, component.members),)


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
        for time, members in versions(component):
            for unit in _named(members.get("emergencyResourceReference")):
                if unit not in found or earlier(time, found[unit]):
                    found[unit] = time
        component.reference_ids("emergencyResourceReference")
    return found


def _named(value: Any) -> list[str]:
    """The `$id`s of a member's references, as `Component.reference_ids`, of a version that is not a component now."""
    listed = value if type(value) is list else [value]
    return [one["$ref"] for one in listed if type(one) is dict and type(one.get("$ref")) is str and one["$ref"]]


def _unit(component: Component, unit_id: str, agencies: Agencies, dispatched: DateTime | None) -> Unit:
    registries = component.document.registries
    timeline = _timeline(versions(component), dispatched)
    type_token = component.registry_text("emergencyResourceTypeCommonRegistryText", registry.RESOURCE_TYPE)
    type_text = component.text("emergencyResourceTypeInternalText")
    attributes = component.registry_texts("resourceAttributeRegistryText", registry.RESOURCE_ATTRIBUTE)
    stated = component.registry_texts("secondaryUnitStatusRegistryText", registry.SECONDARY_UNIT_STATUS)
    stated_in = registry.SECONDARY_UNIT_STATUS
    own_statuses = component.texts("unitStatusInternal")
    if not stated:
        # Where there is a secondary status, the primary one says no more, and is listed as unused.
        stated_in = registry.PRIMARY_UNIT_STATUS
        primary = component.registry_text("primaryUnitStatusRegistryText", stated_in)
        stated = [primary] if primary else []
    crew = tuple([agencies.staff(agent) for agent in component.reference_ids("agentReference")])
    employers = {member.organization for member in crew if member.organization}
    destination = component.references_to("unitDestinationReference", "locationComponent")

    status = None
    if stated or own_statuses:
        first = stated[0] if stated else None
        text = "; ".join((*stated[1:], *own_statuses)) or None
        display = registries[stated_in].displays.get(first) if first is not None else None
        status = token(first, UNIT_STATUS if first is not None else None, text, display)
    return Unit(
        id=unit_id,
        name=component.text("emergencyResourceName"),
        kind=_kind(type_token, attributes),
        type=_type(
            type_token,
            type_text,
            attributes,
            component.texts("resourceAttributeInternalText"),
            registries[registry.RESOURCE_TYPE].displays.get(type_token) if type_token is not None else None,
        ),
        status=status,
        crew=crew,
        employer=next(iter(employers)) if len(employers) == 1 else None,
        timeline=timeline,
        destination=place_of(destination[0]) if destination else None,
    )


def _kind(type_token: str | None, attributes: list[str]) -> Kind:
    for attribute, kind in _KIND_BY_ATTRIBUTE.items():
        if attribute in attributes:
            return kind
    return _KIND_BY_TYPE.get(type_token or "", "unknown")


def _type(
    code: str | None, text: str | None, attributes: list[str], own: list[str], display: str | None
) -> Coded | None:
    said = "; ".join(filter(None, (text, *attributes, *own))) or None
    if code is None and said is None:
        return None
    return token(code, RESOURCE_TYPE if code else None, said, display)


def _timeline(known: tuple[tuple[DateTime, Json], ...], dispatched: DateTime | None) -> Timeline | None:
    reached: dict[str, DateTime] = {} if dispatched is None else {"dispatched": dispatched}
    for time, members in known:
        stage = _stage(members.get("secondaryUnitStatusRegistryText"))
        if stage is None:
            continue
        if stage != "cleared":
            reached.pop("cleared", None)  # sent again
        reached.setdefault(stage, time)
    return Timeline(**reached) if reached else None


def _stage(statuses: Any) -> str | None:
    """The one stage that statuses name; None for none, for several, and for a unit that is somewhere else."""
    listed = statuses if type(statuses) is list else [statuses]
    stage = None
    for status in listed:
        if type(status) is not str:
            continue
        if status in _ELSEWHERE:
            return None
        named = _STAGE.get(status)
        if named is not None:
            if stage is not None and named != stage:
                return None
            stage = named
    return stage
