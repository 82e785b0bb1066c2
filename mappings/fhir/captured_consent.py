"""A consent captured for somebody who is known already: the form by itself, without the incident around it.

The Consent is built as from a contact form (`mappings.fhir.consent`), by the same rules, after the CJIS gate. Its
organizations stand in it with their identifiers, since nothing beside it may say who they are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mappings.cjis import gate
from mappings.errors import TranslateError
from mappings.fhir.consent import consent
from mappings.fhir.draft import Draft, Json
from mappings.fhir.encounter import Visit
from mappings.fhir.systems import SID_ORGANIZATION
from mappings.incident import Agency, ConsentForm, Contact, Incident
from mappings.record import record


@record
class CapturedConsent:
    """What a captured form becomes. `bundle` is a transaction; `origins` parallel to its entries."""

    consent_id: str
    bundle: dict[str, Any]
    origins: tuple[str | None, ...]


def captured_consent(
    form: ConsentForm,
    *,
    agency: Agency,
    organization: str,
    patient_id: str,
    patient_claims: bool,
    encounter_id: str | None,
    now: datetime,
    namespace_key: bytes,
) -> CapturedConsent:
    """The Consent of `form`, its signed document and the organizations it names, as `organization`'s own records.

    `form.number` tells forms of one patient apart. `patient_claims`: whether the Patient who is known claims US Core's
    profile, as the profiles of a consent ask of whom it is about; the Consent claims none without. Raises
    TranslateError `translate.consent-gated` where the CJIS gate would change the form's words: what was signed is not
    rewritten.
    """
    incident = Incident(
        agency=agency.id,
        number=form.number,
        organization=organization,
        contacts=(Contact(organization=organization, consents=(form,)),),
    )
    gated, _, held = gate(incident)
    if held or gated.contacts[0].consents != (form,):
        raise TranslateError(
            "translate.consent-gated",
            "the form's words hold what may not enter a health record",
            path="consents[0]",
            code="business-rule",
        )
    draft = Draft(incident, agency, now, namespace_key)
    if not patient_claims:
        draft.unclaimed.add(f"urn:uuid:{patient_id}")
    visit = Visit(
        url=f"urn:uuid:{encounter_id}" if encounter_id is not None else "",
        origin=organization,
        patient=f"urn:uuid:{patient_id}",
        slot=None,
        contact=None,
        key=patient_id,
        path="contacts[0]",
    )
    consent(draft, visit, 0, form)
    made = draft.entries[-1]["resource"]
    known = {
        entry["fullUrl"]: entry["resource"]
        for entry in draft.entries
        if entry["resource"]["resourceType"] == "Organization"
    }
    draft.entries[-1]["resource"] = _self_contained(made, known)
    bundle = {"resourceType": "Bundle", "type": "transaction", "timestamp": draft.now, "entry": draft.entries}
    return CapturedConsent(consent_id=str(made["id"]), bundle=bundle, origins=tuple(draft.origins))


def _self_contained(node: Any, known: dict[str, Json]) -> Any:
    """Each Reference to an organization with its identifier and name."""
    if isinstance(node, list):
        return [_self_contained(each, known) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _self_contained(value, known) for key, value in node.items()}
    target = known.get(str(made.get("reference")))
    if target is not None:
        made["identifier"] = next(one for one in target["identifier"] if one["system"] == SID_ORGANIZATION)
        if "name" in target:
            made["display"] = target["name"]
    return made
