"""What an EIDO's incident component says of the call itself: its status, types, priority and dispositions.

A type or a disposition is mapped by a reviewed table only (`mappings.apco`); any other token is text.
"""

from __future__ import annotations

from dataclasses import replace

from mappings.apco import apco_codes, disposition_codes
from mappings.cad.agencies import token
from mappings.cad.components import Component
from mappings.cad.registries import DISPOSITION as DISPOSITIONS
from mappings.cad.registries import INCIDENT_STATUS as INCIDENT_STATUSES
from mappings.cad.registries import INCIDENT_TYPE as INCIDENT_TYPES
from mappings.cad.registries import Registry
from mappings.cad.rules import UNKNOWN_TOKEN, UNMAPPED_TYPE
from mappings.cad.units import versions
from mappings.incident import Code, Coded, DateTime

#: Code systems of registry tokens. Ours: no canonical FHIR URI of the registries is known to us.
INCIDENT_STATUS = "https://warmhandoff.org/fhir/CodeSystem/eido-incident-status"
PRIORITY = "https://warmhandoff.org/fhir/CodeSystem/eido-incident-priority"


def status(incident: Component) -> Coded | None:
    tokens = incident.registry_texts("incidentStatusCommonRegistryText", INCIDENT_STATUSES)
    own = incident.texts("incidentStatusInternalText")
    if not tokens and not own:
        return None
    incident.document.found.paths["status"] = "incidentComponent.incidentStatusCommonRegistryText"
    text = "; ".join((*tokens[1:], *own)) or None
    if not tokens:
        return Coded(text=text)
    display = incident.document.registries[INCIDENT_STATUSES].displays.get(tokens[0])
    return token(tokens[0], INCIDENT_STATUS, text, display)


def closed(incident: Component) -> DateTime | None:
    """When the incident was closed: the update that first said so after it was last open."""
    since = None
    for time, members in versions(incident):
        tokens = members.get("incidentStatusCommonRegistryText")
        if type(tokens) is not list or "Closed" not in tokens:
            since = None
        elif since is None:
            since = time
    return since


def final_type(incident: Component) -> Coded | None:
    code = incident.text("incidentTypeCommonRegistryText")
    own_code = incident.text("incidentTypeInternalCode")
    own_text = incident.text("incidentTypeInternalText")
    if code is None and own_code is None and own_text is None:
        return None
    found = incident.document.found
    found.paths["type_final"] = "incidentComponent.incidentTypeCommonRegistryText"
    known = incident.document.registries[INCIDENT_TYPES]
    made = _coded_type(code, own_code, own_text, known)
    if code is not None and not made.mapped:
        if known.complete and code not in known.displays:
            found.issue(UNKNOWN_TOKEN, "incidentComponent.incidentTypeCommonRegistryText")
        found.issue(UNMAPPED_TYPE, "incidentComponent.incidentTypeCommonRegistryText")
    return made


def _coded_type(code: str | None, own_code: str | None, own_text: str | None, known: Registry) -> Coded:
    """A type with its APCO code; a token that the table does not have is text, with what the registry calls it."""
    mapped = apco_codes(code) if code is not None else ()
    if code is not None and not mapped:
        own_text = "; ".join(filter(None, (own_text, code, known.displays.get(code))))
    return Coded(code=own_code, text=own_text, mapped=mapped)


def first_type(incident: Component) -> Coded | None:
    """The type of the earliest version, where several were joined."""
    known = versions(incident)
    if len(known) < 2:
        return None
    _, members = known[0]
    names = ("incidentTypeCommonRegistryText", "incidentTypeInternalCode", "incidentTypeInternalText")
    code, own_code, own_text = (
        value if type(value := members.get(name)) is str and value and not value.isspace() else None for name in names
    )
    if code is None and own_code is None and own_text is None:
        return None
    incident.document.found.paths["type_initial"] = "incidentComponent.incidentTypeCommonRegistryText"
    return _coded_type(code, own_code, own_text, incident.document.registries[INCIDENT_TYPES])


def priority(incident: Component) -> Coded | None:
    own = incident.text("incidentPriorityInternalText")
    number = incident.take("incidentCommonPriorityNumber")
    if number is not None and type(number) is not int:
        incident.wrong("incidentCommonPriorityNumber")
        number = None
    if own is None and number is None:
        return None
    incident.document.found.paths["priority"] = "incidentComponent.incidentCommonPriorityNumber"
    return Coded(code=own, mapped=() if number is None else (Code(system=PRIORITY, code=str(number)),))


def dispositions(incident: Component) -> tuple[Coded, ...]:
    """As listed, the primary one first. No hold or referral is read into a code."""
    found: list[tuple[bool, Coded]] = []
    for part in incident.objects("dispositionComponent"):
        code = part.text("dispositionCommonRegistryCode")
        primary = part.flag("dispositionPrimaryIndicator") is True
        texts = (part.text("dispositionCategoryText"), part.text("dispositionDescriptionText"))
        mapped: tuple[Code, ...] = ()
        said = None
        if code is not None:
            known = part.document.registries[DISPOSITIONS]
            said = known.displays.get(code)
            mapped = disposition_codes(code)
            if mapped and said is not None:
                mapped = tuple(replace(one, display=said) for one in mapped)
            elif not mapped:
                if known.complete and code not in known.displays:
                    part.document.found.issue(UNKNOWN_TOKEN, part.place("dispositionCommonRegistryCode"))
                part.document.found.issue(UNMAPPED_TYPE, part.place("dispositionCommonRegistryCode"))
        text = "; ".join(filter(None, (*(() if mapped else (code, said)), *texts))) or None
        if mapped or text:
            found.append((not primary, Coded(text=text, mapped=mapped)))
            incident.document.found.paths["dispositions"] = "incidentComponent.dispositionComponent"
    return tuple(coded for _, coded in sorted(found, key=lambda one: one[0]))
