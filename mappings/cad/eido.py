"""EIDO documents (NENA-STA-021.1, JSON) as incidents: the components that a CAD really sends, joined by `$id`.

One document is one snapshot of one incident; a later one is a new version (`lastUpdateTimeStamp`), and a part of one
may come alone: `mappings.cad.versions` joins them before they are read. What is read: incident, dispositions, call,
dispatch, emergency resources, persons, locations, notes, cautions, merges and links, agencies and agents. Alarms,
vehicles, media, additional data, shared communication resources, external sources and every member that nobody reads
are listed in `reading.unused`. With each component its prologue is read (`$id`, `lastUpdateTimeStamp`, who updated
it). Call-back numbers are dropped by rule.

The standard's schema checks neither tokens of registries nor references nor times: they are checked here. Not done:
nothing is fetched by URL; the schema itself is not checked member by member.

What the incident component says of the call, the scene, the units, the persons and the notes have their own modules
beside this one.
"""

from __future__ import annotations

from collections.abc import Iterator

from mappings.cad import classification
from mappings.cad.agencies import Agencies, token
from mappings.cad.components import Component, Json
from mappings.cad.notes import cautions, notes
from mappings.cad.persons import persons
from mappings.cad.places import check_types, place_of, scene
from mappings.cad.references import Document, History
from mappings.cad.registries import CALL_TYPE as CALL_TYPES
from mappings.cad.registries import OURS, Registries
from mappings.cad.rules import (
    NO_AGENCY,
    NO_INCIDENT,
    NO_KEY,
    NOT_EIDO,
    NOT_IN_DIRECTORY,
    OTHER_VERSION,
    SEVERAL_OWNERS,
    SEVERAL_REPORTS,
    WRONG_KIND,
)
from mappings.cad.units import first_dispatch, stages, units
from mappings.found import Found, Rule
from mappings.incident import (
    Agency,
    Coded,
    DateTime,
    Identifier,
    Incident,
    Link,
    Organization,
    Place,
    Reading,
    Rejected,
    Timeline,
)
from mappings.json_documents import documents
from mappings.times import earlier, zone
from profiles.issue import Issue

#: Code system of call types. Ours: no canonical FHIR URI of the registry is known to us.
CALL_TYPE = "https://warmhandoff.org/fhir/CodeSystem/eido-call-type"

#: Identifier kind of the incident tracking id, which is the document's `$id`.
TRACKING_ID = "incident-tracking-id"

#: The rule by which a caller's number is left out: it is for calling back, not for a record of care.
CALLBACK = "eido.callback-number"

_LINKS = {
    "REPLACING": "replaces",
    "REPLACED": "replaced-by",
    "SPLIT": "split-from",
    "PARENT": "parent",
    "CHILD": "child",
    "RELATED": "related",
    "UNLINK": "unlink",
}
_CAME_IN = ("incoming", None)


def read_eido(
    data: bytes, agency: Agency | None = None, registries: Registries | None = None
) -> Iterator[Incident | Rejected]:
    """The incidents in `data`: one EIDO document, an array of them, or NDJSON, in order.

    `agency` is the directory: it names organizations by their EIDO ids, and gives the zone of times that have none.
    Without it the document's owning agency is the agency, under its EIDO id. `registries` are an operator's lists
    (`mappings.cad.registries.registries_of`). A document that cannot be read is `Rejected` with the reason and the
    place. Raises nothing.
    """
    at = zone(agency.zone) if agency is not None and agency.zone else None
    for index, members in enumerate(documents(data)):
        if isinstance(members, Rejected):
            yield members
        else:
            yield incident_of(members, index=index, agency=agency, found=Found(at), registries=registries)


def incident_of(
    members: Json,
    *,
    index: int = 0,
    agency: Agency | None = None,
    found: Found,
    registries: Registries | None = None,
    history: History | None = None,
) -> Incident | Rejected:
    """The incident of one document's members, which are taken apart in place. `history` as `Document` has it."""
    if "eidoVersion" not in members:
        return _rejected(index, NOT_EIDO, "eidoVersion")
    document = Document(members, found, registries or OURS, history)
    if registries is not None:
        document.check_tokens()
    top = document.top
    top.take("@context")
    if top.text("eidoVersion") != "1.0":
        found.issue(OTHER_VERSION, "eidoVersion")
    agencies = Agencies(document, agency)
    owner = _owner(document, agencies, agency)
    if owner is None:
        return _rejected(index, NO_AGENCY, "agencyComponent")

    body = document.all("incidentComponent")
    incident = body[0] if body else None
    if incident is None:
        found.issue(NO_INCIDENT, "incidentComponent")
        incident = Component(document, "incidentComponent", (None, "incidentComponent", None), {})
    local_id = incident.text("internalIncidentId")
    number = local_id or top.id
    if number is None:
        return _rejected(index, NO_KEY, "incidentComponent.internalIncidentId")
    paths = found.paths
    paths["number"] = "incidentComponent.internalIncidentId" if local_id else "$id"
    reports = incident.texts("documentIdentification")
    if len(reports) > 1:
        found.issue(SEVERAL_REPORTS, "incidentComponent.documentIdentification")
    if len(reports) == 1:
        paths["case_number"] = "incidentComponent.documentIdentification[0]"

    check_types(document)
    # While their members are there: what the versions say of the closing and of the types.
    closed_at, type_initial = classification.closed(incident), classification.first_type(incident)
    status = classification.status(incident)
    type_final = classification.final_type(incident)
    all_units = units(document, agencies)
    calls = _incoming(document)
    timeline = stages(all_units, _timeline(document, calls, closed_at))
    found.order(timeline, "timeline")
    # Everybody listed is on the incident; its references to them say no more than that.
    incident.reference_ids("personReference")
    people, reported = persons(document)
    narratives, about = notes(document, agencies, incident, len(reported))
    if top.updated is not None:
        paths["version"] = paths["updated"] = "lastUpdateTimeStamp"
    _drop_callbacks(document)

    return Incident(
        agency=owner,
        number=number,
        case_number=reports[0] if len(reports) == 1 else None,
        numbers=_numbers(top.id if local_id else None, reports, owner),
        version=top.updated_text,
        updated=top.updated,
        status=status,
        # A snapshot has one type, the current one: it is the latest known, which a later version may correct. The
        # first is known only where an earlier version was seen that had another.
        type_initial=type_initial if type_initial != type_final else None,
        type_final=type_final,
        priority=classification.priority(incident),
        received_by=_received_by(document, calls),
        place=_place(document, incident),
        timeline=timeline,
        units=all_units,
        persons=people,
        dispositions=classification.dispositions(incident),
        narratives=(*reported, *narratives),
        cautions=cautions(document, agencies, about),
        links=_links(document),
        organizations=(*agencies.organizations(), *_other_organizations(document, agencies, [incident, *calls])),
        # Last: what nobody has read by now is unused.
        reading=_reading(document),
    )


def _reading(document: Document) -> Reading:
    document.finish()
    return document.found.reading("eido")


def _rejected(index: int, rule: Rule, path: str) -> Rejected:
    issue = Issue(severity=rule.severity, code=rule.code, rule=rule.rule, path=path, text=rule.text)
    return Rejected(index=index, issues=(issue,))


def _owner(document: Document, agencies: Agencies, agency: Agency | None) -> str | None:
    """The id of the agency that owns the incident: the one so marked, the only one, the given one, the updating one."""
    found = document.found
    listed = [one for one in document.all("agencyComponent") if one.id is not None]
    owners = [one for one in listed if one.flag("incidentOwningAgencyIndicator")]
    if len(owners) > 1:
        found.issue(SEVERAL_OWNERS, owners[1].place("incidentOwningAgencyIndicator"))
        if agency is not None:
            owners.sort(key=lambda one: agencies.id_of(one.id) != agency.id)
    chosen = owners[0] if owners else listed[0] if len(listed) == 1 else None
    if chosen is not None and chosen.id is not None:
        found.paths["agency"] = f"{chosen.path}.$id"
        if agency is not None and not agencies.known(chosen.id) and chosen.id != agency.id:
            found.issue(NOT_IN_DIRECTORY, f"{chosen.path}.$id")
        return agencies.id_of(chosen.id)
    if agency is not None:
        return agency.id
    found.paths["agency"] = "updatedByAgencyReference"
    return document.top.agency_id


def _numbers(tracking_id: str | None, reports: list[str], owner: str) -> tuple[Identifier, ...]:
    made = [Identifier(value=report, assigner=owner, kind="report") for report in reports] if len(reports) > 1 else []
    if tracking_id is not None:
        made.append(Identifier(value=tracking_id, kind=TRACKING_ID))
    return tuple(made)


def _incoming(document: Document) -> list[Component]:
    """Calls that came in; a call that the sender made tells nothing of how the incident was received."""
    calls = document.all("callComponent", read=False)
    found = [call for call in calls if call.members.get("direction") in _CAME_IN]
    for call in found:
        call.read = True
    return found


def _timeline(document: Document, calls: list[Component], closed: DateTime | None) -> Timeline:
    received = None
    for call in calls:
        time = call.time("callStartTimestamp")
        if time is not None and (received is None or earlier(time, received)):
            received = time
            document.found.paths["timeline.received"] = call.place("callStartTimestamp")
    if closed is not None:
        document.found.paths["timeline.closed"] = "incidentComponent.lastUpdateTimeStamp"
    dispatched = first_dispatch(document)
    if dispatched is not None:
        document.found.paths["timeline.dispatched"] = "dispatchComponent.lastUpdateTimeStamp"
    return Timeline(received=received, dispatched=dispatched, closed=closed)


def _received_by(document: Document, calls: list[Component]) -> Coded | None:
    if not calls:
        return None
    call = calls[0]
    for one in calls:
        one.take("direction")
    code = call.registry_text("standardPrimaryCallType", CALL_TYPES)
    own = call.text("localCallType")
    if code is None and own is None:
        return None
    document.found.paths["received_by"] = call.place("standardPrimaryCallType")
    display = document.registries[CALL_TYPES].displays.get(code) if code is not None else None
    return token(code, CALL_TYPE if code else None, own, display)


def _place(document: Document, incident: Component) -> Place | None:
    location = scene(document, incident.references_to("locationReference", "locationComponent"))
    beat = incident.text("beatOrDispatchGroupText")
    paths = document.found.paths
    if location is not None:
        paths["place"] = location.path
    if beat is not None:
        paths["place.beat"] = "incidentComponent.beatOrDispatchGroupText"
    if location is not None:
        return place_of(location, beat)
    return None if beat is None else Place(beat=beat)


def _links(document: Document) -> tuple[Link, ...]:
    made: list[Link] = []
    for name, direction in (("mergeComponent", "incidentMergeDirectionCode"), ("linkComponent", "linkDirectionCode")):
        for component in document.all(name):
            other = component.text("incidentTrackingIdentifier")
            kind = _LINKS.get(component.text(direction) or "")
            if other is None or kind is None:
                component.wrong(direction if kind is None else "incidentTrackingIdentifier")
                continue
            document.found.paths[f"links[{len(made)}]"] = component.path
            made.append(Link(kind=kind, number=other))  # type: ignore[arg-type]  # the table's values are the list's
    return tuple(made)


def _other_organizations(document: Document, agencies: Agencies, callers: list[Component]) -> list[Organization]:
    """The organizations that the incident and its calls refer to: they have no list, and stand anywhere."""
    made = []
    for referring in callers:
        for target in referring.reference_ids("organizationReference"):
            component = document.by_id.get(target)
            if component is None or component.kind == "agencyComponent" or component.read:
                continue
            organization = agencies.organization(component)
            if organization is None:
                document.found.issue(WRONG_KIND, referring.place("organizationReference"))
                continue
            component.read = True
            made.append(organization)
    return made


def _drop_callbacks(document: Document) -> None:
    for component in document.all("callbackComponent"):
        uris = component.take("callBackInformationUri")
        other = [component.take(name) for name in ("deviceContactHeader", "updatedCbn")]
        count = (len(uris) if type(uris) is list else 1 if uris else 0) + sum(one is not None for one in other)
        if count:
            document.found.drop(component.path, CALLBACK, count)
