"""DocumentReference: narratives and signed forms, each under the organization whose text it is.

A narrative is base64 text/plain, never rewritten. Without a declared organization its origin stays unknown, and
release holds it. A clinical note has a LOINC document type and US Core's category; for a police report or a CAD note
LOINC has no type, and US Core asks for `UNK` beside our kind. `date` is an instant in R4, so a date alone stands in
the attachment.
"""

from __future__ import annotations

from base64 import b64encode

from mappings.fhir.draft import Draft, Json, clean, ref
from mappings.fhir.organization import organization_reference
from mappings.fhir.practitioner import staff_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import DOCUMENT_CATEGORY, LOINC, NARRATIVE_KIND, NULL_FLAVOR, SID_RESOURCE
from mappings.incident import Attachment, Narrative
from mappings.times import is_instant

_TITLES = {
    "cad-note": "CAD note",
    "police-report": "Police report narrative",
    "clinical-note": "Clinical note",
    "contact-note": "Contact note",
    "other": "Narrative",
}


def narrative_document(
    draft: Draft,
    narrative: Narrative,
    *,
    patient: str | None,
    encounters: tuple[str, ...],
    key: str,
    turn: int,
    path: str,
) -> str | None:
    """Adds a narrative; its fullUrl, or None when it is empty."""
    if not narrative.text.strip():
        return None
    origin = narrative.organization
    made = draft.id_of("document", draft.unique(f"{key}|{clean(narrative.id) or turn}"), origin=origin)
    identifiers: list[Json] = [{"system": SID_RESOURCE, "value": made}]
    if number := clean(narrative.id):
        identifiers.append({"system": draft.base_of(origin) + "/narrative", "value": number})
    title = clean(narrative.title) or _TITLES[narrative.kind]
    resource: Json = {
        "resourceType": "DocumentReference",
        "id": made,
        # US Core requires a subject, and a note of the call that names nobody has none.
        "meta": claim("narrative-document" if patient is not None else "call-narrative"),
        "identifier": identifiers,
        "status": "current",
    }
    kind = {"system": NARRATIVE_KIND, "code": narrative.kind, "display": _TITLES[narrative.kind]}
    if narrative.kind == "clinical-note":
        resource["type"] = {"coding": [kind, {"system": LOINC, "code": "34109-9"}]}
        resource["category"] = [{"coding": [{"system": DOCUMENT_CATEGORY, "code": "clinical-note"}]}]
    else:
        resource["type"] = {"coding": [kind, {"system": NULL_FLAVOR, "code": "UNK"}]}
        resource["category"] = [{"coding": [kind.copy()]}]
    attachment: Json = {
        "contentType": "text/plain; charset=utf-8",
        "data": b64encode(narrative.text.encode()).decode(),
        "title": title,
    }
    if patient is not None:
        resource["subject"] = ref(patient)
    if narrative.time is not None:
        attachment["creation"] = narrative.time
        if is_instant(narrative.time):
            resource["date"] = narrative.time
    if who := staff_reference(draft, narrative.author, origin, f"{path}.author"):
        resource["author"] = [who]
    if origin is not None:
        resource["custodian"] = organization_reference(draft, origin)
    resource["content"] = [{"attachment": attachment}]
    if encounters:
        resource["context"] = {"encounter": [ref(url) for url in encounters]}
    return draft.add(resource, origin)


def form_document(
    draft: Draft, scan: Attachment, *, patient: str | None, encounter: str | None, origin: str | None, key: str
) -> str:
    """Adds the scan of a signed consent form (LOINC 64292-6 in category 57016-8, as FAST Consent has it)."""
    made = draft.id_of("document", key, origin=origin)
    attachment: Json = {"contentType": scan.media_type, "data": scan.data}
    if title := clean(scan.title):
        attachment["title"] = title
    resource: Json = {"resourceType": "DocumentReference", "id": made}
    if patient is not None:
        resource["meta"] = claim("signed-form-document")
    resource["identifier"] = [{"system": SID_RESOURCE, "value": made}]
    resource["status"] = "current"
    resource["type"] = {"coding": [{"system": LOINC, "code": "64292-6"}]}
    resource["category"] = [{"coding": [{"system": LOINC, "code": "57016-8"}]}]
    if patient is not None:
        resource["subject"] = ref(patient)
    if scan.created is not None:
        attachment["creation"] = scan.created
        if is_instant(scan.created):
            resource["date"] = scan.created
    if origin is not None:
        resource["custodian"] = organization_reference(draft, origin)
    resource["content"] = [{"attachment": attachment}]
    if encounter is not None:
        resource["context"] = {"encounter": [ref(encounter)]}
    return draft.add(resource, origin)
