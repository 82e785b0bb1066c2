"""Notes and cautions of an EIDO document: what was written down, by whom, and whom a warning is about.

Notes are HTML5 by the standard: they become plain text, and stay text. A caution is about a person only where a note of
that person refers to it.
"""

from __future__ import annotations

from mappings.cad.agencies import Agencies, token
from mappings.cad.components import Component
from mappings.cad.references import Document
from mappings.cad.registries import CAUTION_TYPE as CAUTION_TYPES
from mappings.cad.rules import ACTIVE_CONTENT, EMPTY_NOTE
from mappings.html_text import html_text
from mappings.incident import Caution, Narrative

#: Code system of caution types. Ours: no canonical FHIR URI of the registry is known to us.
CAUTION_TYPE = "https://warmhandoff.org/fhir/CodeSystem/eido-caution-type"

_SEVERITIES = {"highest": "high", "high": "high", "normal": "medium", "low": "low", "lowest": "low"}


def notes(
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


def cautions(document: Document, agencies: Agencies, about: dict[str, str]) -> tuple[Caution, ...]:
    made: list[Caution] = []
    for component in document.all("cautionComponent"):
        code = component.registry_text("cautionTypeCommonRegistryText", CAUTION_TYPES)
        own = component.text("cautionTypeInternalText")
        severity = component.text("cautionSeverity")
        details = component.texts("cautionTypeCommonSubRegistryText")
        if severity is not None and severity not in _SEVERITIES:
            component.wrong("cautionSeverity")
            details.append(severity)
        document.found.paths[f"cautions[{len(made)}]"] = component.path
        made.append(
            Caution(
                type=token(
                    code,
                    CAUTION_TYPE if code else None,
                    own,
                    document.registries[CAUTION_TYPES].displays.get(code) if code else None,
                ),
                severity=_SEVERITIES.get(severity or ""),  # type: ignore[arg-type]  # the table's values are the list's
                source=agencies.id_of(component.text("cautionSource")) or agencies.id_of(component.agency_id),
                text="; ".join(details) or None,
                start=component.time("startDate"),
                person=about.get(component.id) if component.id is not None else None,
            )
        )
    return tuple(made)
