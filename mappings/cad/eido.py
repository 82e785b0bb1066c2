"""EIDO documents (NENA-STA-021.1, JSON) as incidents: the components that a CAD really sends, joined by `$id`.

One document is one snapshot of one incident; a later one is a new version (`lastUpdateTimeStamp`). What is read:
incident, dispositions, call, dispatch, emergency resources, persons, locations, notes, cautions, merges and links,
agencies and agents. Every member that nobody reads is listed in `reading.unused`. Each component's prologue (`$id`,
`lastUpdateTimeStamp`, who updated it) is read with it. Call-back numbers are dropped by rule.

Not done: a document is not joined with earlier ones (a reference to an agency sent before stays dangling, its id is
kept); nothing is fetched by URL; the standard's schema is not checked member by member.

The scene, the units and the persons have their own modules beside this one.
"""

from __future__ import annotations

from collections.abc import Iterator

from mappings.apco import apco_codes, disposition_codes
from mappings.cad.agencies import Agencies
from mappings.cad.persons import persons
from mappings.cad.places import place_of, scene
from mappings.cad.references import Component, Document, Json
from mappings.cad.rules import (
    ACTIVE_CONTENT,
    EMPTY_NOTE,
    NO_AGENCY,
    NO_INCIDENT,
    NO_KEY,
    NOT_EIDO,
    NOT_IN_DIRECTORY,
    OTHER_VERSION,
    SEVERAL_OWNERS,
    SEVERAL_REPORTS,
    UNMAPPED_TYPE,
)
from mappings.cad.units import first_dispatch, stages, units
from mappings.found import Found, Rule
from mappings.html_text import html_text
from mappings.incident import (
    Agency,
    Caution,
    Code,
    Coded,
    Identifier,
    Incident,
    Link,
    Narrative,
    Organization,
    Place,
    Reading,
    Rejected,
    Timeline,
)
from mappings.json_documents import documents
from mappings.times import earlier, zone
from profiles.issue import Issue

#: Code systems of registry tokens. Ours: no canonical FHIR URI of the registries is known to us.
INCIDENT_STATUS = "https://warmhandoff.org/fhir/CodeSystem/eido-incident-status"
PRIORITY = "https://warmhandoff.org/fhir/CodeSystem/eido-incident-priority"
CALL_TYPE = "https://warmhandoff.org/fhir/CodeSystem/eido-call-type"
CAUTION_TYPE = "https://warmhandoff.org/fhir/CodeSystem/eido-caution-type"

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
_SEVERITIES = {"highest": "high", "high": "high", "normal": "medium", "low": "low", "lowest": "low"}


def read_eido(data: bytes, agency: Agency | None = None) -> Iterator[Incident | Rejected]:
    """The incidents in `data`: one EIDO document, an array of them, or NDJSON, in order.

    `agency` is the directory: it names organizations by their EIDO ids, and gives the zone of times that have none.
    Without it the document's owning agency is the agency, under its EIDO id. A document that cannot be read is
    `Rejected` with the reason and the place. Raises nothing.
    """
    at = zone(agency.zone) if agency is not None and agency.zone else None
    for index, members in enumerate(documents(data)):
        yield members if isinstance(members, Rejected) else _incident(members, index, agency, Found(at))


def _incident(members: Json, index: int, agency: Agency | None, found: Found) -> Incident | Rejected:
    if "eidoVersion" not in members:
        return _rejected(index, NOT_EIDO, "eidoVersion")
    document = Document(members, found)
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

    status = _status(incident)
    all_units = units(document, agencies)
    calls = _incoming(document)
    timeline = stages(all_units, _timeline(document, calls, incident, status))
    found.order(timeline, "timeline")
    # Everybody listed is on the incident; its references to them say no more than that.
    incident.reference_ids("personReference")
    people, reported = persons(document)
    narratives, about = _notes(document, agencies, incident, len(reported))
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
        # A snapshot has one type, the current one: it is the latest known, which a later version may correct.
        type_final=_type(incident),
        priority=_priority(incident),
        received_by=_received_by(document, calls),
        place=_place(document, incident),
        timeline=timeline,
        units=all_units,
        persons=people,
        dispositions=_dispositions(incident),
        narratives=(*reported, *narratives),
        cautions=_cautions(document, agencies, about),
        links=_links(document),
        organizations=(*agencies.organizations(), *_other_organizations(document, agencies, incident)),
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


def _status(incident: Component) -> Coded | None:
    tokens = incident.texts("incidentStatusCommonRegistryText")
    own = incident.texts("incidentStatusInternalText")
    if not tokens and not own:
        return None
    incident.document.found.paths["status"] = "incidentComponent.incidentStatusCommonRegistryText"
    return Coded(
        code=tokens[0] if tokens else None,
        system=INCIDENT_STATUS if tokens else None,
        text="; ".join((*tokens[1:], *own)) or None,
    )


def _type(incident: Component) -> Coded | None:
    token = incident.text("incidentTypeCommonRegistryText")
    own_code = incident.text("incidentTypeInternalCode")
    own_text = incident.text("incidentTypeInternalText")
    if token is None and own_code is None and own_text is None:
        return None
    found = incident.document.found
    found.paths["type_final"] = "incidentComponent.incidentTypeCommonRegistryText"
    mapped: tuple[Code, ...] = ()
    if token is not None:
        mapped = apco_codes(token)
        if not mapped:
            found.issue(UNMAPPED_TYPE, "incidentComponent.incidentTypeCommonRegistryText")
            own_text = f"{own_text}; {token}" if own_text else token
    return Coded(code=own_code, text=own_text, mapped=mapped)


def _priority(incident: Component) -> Coded | None:
    own = incident.text("incidentPriorityInternalText")
    number = incident.take("incidentCommonPriorityNumber")
    if number is not None and type(number) is not int:
        incident.wrong("incidentCommonPriorityNumber")
        number = None
    if own is None and number is None:
        return None
    incident.document.found.paths["priority"] = "incidentComponent.incidentCommonPriorityNumber"
    return Coded(code=own, mapped=() if number is None else (Code(system=PRIORITY, code=str(number)),))


def _incoming(document: Document) -> list[Component]:
    """Calls that came in; a call that the sender made tells nothing of how the incident was received."""
    calls = document.all("callComponent", read=False)
    found = [call for call in calls if call.members.get("direction") in _CAME_IN]
    for call in found:
        call.read = True
    return found


def _timeline(document: Document, calls: list[Component], incident: Component, status: Coded | None) -> Timeline:
    received = None
    for call in calls:
        time = call.time("callStartTimestamp")
        if time is not None and (received is None or earlier(time, received)):
            received = time
            document.found.paths["timeline.received"] = call.place("callStartTimestamp")
    closed = status is not None and status.code == "Closed"
    if closed:
        document.found.paths["timeline.closed"] = "incidentComponent.lastUpdateTimeStamp"
    dispatched = first_dispatch(document)
    if dispatched is not None:
        document.found.paths["timeline.dispatched"] = "dispatchComponent.lastUpdateTimeStamp"
    return Timeline(received=received, dispatched=dispatched, closed=incident.updated if closed else None)


def _received_by(document: Document, calls: list[Component]) -> Coded | None:
    if not calls:
        return None
    call = calls[0]
    for one in calls:
        one.take("direction")
    token = call.text("standardPrimaryCallType")
    own = call.text("localCallType")
    if token is None and own is None:
        return None
    document.found.paths["received_by"] = call.place("standardPrimaryCallType")
    return Coded(code=token, system=CALL_TYPE if token else None, text=own)


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


def _dispositions(incident: Component) -> tuple[Coded, ...]:
    """As listed, the primary one first. No hold or referral is read into a code."""
    found: list[tuple[bool, Coded]] = []
    for part in incident.objects("dispositionComponent"):
        token = part.text("dispositionCommonRegistryCode")
        primary = part.flag("dispositionPrimaryIndicator") is True
        texts = (part.text("dispositionCategoryText"), part.text("dispositionDescriptionText"))
        mapped = disposition_codes(token) if token is not None else ()
        if token is not None and not mapped:
            part.document.found.issue(UNMAPPED_TYPE, part.place("dispositionCommonRegistryCode"))
        text = "; ".join(filter(None, (None if mapped else token, *texts))) or None
        if mapped or text:
            found.append((not primary, Coded(text=text, mapped=mapped)))
            incident.document.found.paths["dispositions"] = "incidentComponent.dispositionComponent"
    return tuple(coded for _, coded in sorted(found, key=lambda one: one[0]))


def _notes(
    document: Document, agencies: Agencies, incident: Component, before: int
) -> tuple[list[Narrative], dict[str, str]]:
    """Notes as plain text under the agency that updated them, and the person whom each caution in a note is about."""
    incident.reference_ids("notesReference")
    person_of: dict[str, str] = {}
    for component in document.all("personComponent"):
        if component.id is not None:
            for note in component.reference_ids("notesReference"):
                person_of.setdefault(note, component.id)
    found = document.found
    made: list[Narrative] = []
    about: dict[str, str] = {}
    for component in document.all("notesComponent"):
        html = component.text("notesActionComments")
        text, left_out = html_text(html) if html is not None else ("", 0)
        if left_out:
            found.issue(ACTIVE_CONTENT, component.place("notesActionComments"))
        if not text:
            found.issue(EMPTY_NOTE, component.place("notesActionComments"))
            continue
        agents = component.reference_ids("agentReference")
        author = agents[0] if agents else component.agent_id
        person = person_of.get(component.id) if component.id is not None else None
        if person is not None:
            about.update(dict.fromkeys(component.reference_ids("cautionReference"), person))
        found.paths[f"narratives[{before + len(made)}]"] = component.place("notesActionComments")
        made.append(
            Narrative(
                text=text,
                kind="cad-note",
                author=None if author is None else agencies.staff(author),
                organization=agencies.id_of(component.agency_id),
                time=component.updated,
                id=component.id,
                person=person,
            )
        )
    return made, about


def _cautions(document: Document, agencies: Agencies, about: dict[str, str]) -> tuple[Caution, ...]:
    made: list[Caution] = []
    for component in document.all("cautionComponent"):
        token = component.text("cautionTypeCommonRegistryText")
        own = component.text("cautionTypeInternalText")
        severity = component.text("cautionSeverity")
        details = component.texts("cautionTypeCommonSubRegistryText")
        if severity is not None and severity not in _SEVERITIES:
            component.wrong("cautionSeverity")
            details.append(severity)
        document.found.paths[f"cautions[{len(made)}]"] = component.path
        made.append(
            Caution(
                type=Coded(code=token, system=CAUTION_TYPE if token else None, text=own),
                severity=_SEVERITIES.get(severity or ""),  # type: ignore[arg-type]  # the table's values are the list's
                source=agencies.id_of(component.text("cautionSource")) or agencies.id_of(component.agency_id),
                text="; ".join(details) or None,
                start=component.time("startDate"),
                person=about.get(component.id) if component.id is not None else None,
            )
        )
    return tuple(made)


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


def _other_organizations(document: Document, agencies: Agencies, incident: Component) -> list[Organization]:
    made = []
    for target in incident.reference_ids("organizationReference"):
        component = document.by_id.get(target)
        if component is not None and component.kind != "agencyComponent" and not component.read:
            component.read = True
            organization = agencies.organization(component)
            if organization is not None:
                made.append(organization)
    return made


def _drop_callbacks(document: Document) -> None:
    for component in document.all("callbackComponent"):
        uris = component.take("callBackInformationUri")
        other = [component.take(name) for name in ("deviceContactHeader", "updatedCbn")]
        count = (len(uris) if type(uris) is list else 1 if uris else 0) + sum(one is not None for one in other)
        if count:
            document.found.drop(component.path, CALLBACK, count)
