"""translate: one Incident to one FHIR R4 transaction Bundle (design, section 5).

    retention, gate → persons → contacts (Encounter and what hangs on it) → narratives, cautions → Provenance

Pure: the same Incident, agency, time and key give the same bytes. Nothing vanishes: what is not in the Bundle is in
`issues`, `unused`, `dropped` or `held`.
"""

from __future__ import annotations

from datetime import datetime

from mappings.cjis import gate
from mappings.fhir.condition import condition
from mappings.fhir.consent import consent
from mappings.fhir.document_reference import narrative_document
from mappings.fhir.draft import Draft
from mappings.fhir.encounter import NOBODY, Visit, encounter, outcome
from mappings.fhir.flag import flag
from mappings.fhir.location import location_reference
from mappings.fhir.observation import observations, screening_results
from mappings.fhir.organization import organization_reference
from mappings.fhir.patient import patient_url, related_person_url
from mappings.fhir.profile import claim
from mappings.fhir.provenance import provenances
from mappings.fhir.questionnaire_response import questionnaire_response
from mappings.fhir.service_request import referral
from mappings.ids import PUBLISHED
from mappings.incident import Agency, Contact, Incident
from mappings.retention import without_expired
from mappings.translation import Translation

_INFORMANTS = frozenset({"caller", "reporting-party"})


def translate(incident: Incident, *, agency: Agency, now: datetime, namespace_key: bytes = PUBLISHED) -> Translation:
    """The Bundle of `incident` with its account. `now` must have a zone; it is Bundle.timestamp and `recorded`.

    The CJIS gate runs first and cannot be turned off. Does not check profiles (`profiles.check`), label or release.
    Raises TranslateError `translate.id-collision`, and ValueError for a `now` without zone.
    """
    incident, expired = without_expired(incident, now)
    incident, dropped, held = gate(incident)
    draft = Draft(incident, agency, now, namespace_key)
    patients, informants = _persons(draft) if incident.persons or incident.contacts else ({}, ())
    visits = _visits(draft, patients, informants)
    for visit in visits:
        if visit.contact is not None:
            _contact(draft, visit, visit.contact)
    if incident.narratives:
        _narratives(draft, visits, patients)
    for visit in visits:
        if visit.contact is not None:
            for turn, given in enumerate(visit.contact.referrals):
                referral(draft, visit, turn, visit.contact, given)
    if incident.cautions:
        _cautions(draft, visits, patients)
    if not draft.entries:
        organization_reference(draft, draft.owner)  # a report of nothing: all that it says is who says so
    provenances(draft)
    bundle = {
        "resourceType": "Bundle",
        "id": draft.id_of("bundle", f"{draft.key}|{incident.version or ''}|{incident.updated or ''}"),
        "meta": claim("contact-transaction"),
        "type": "transaction",
        "timestamp": draft.now,
        "entry": draft.entries,
    }
    reading = incident.reading
    return Translation(
        bundle=bundle,
        origins=tuple(draft.origins),
        issues=(*reading.issues, *draft.issues),
        unused=reading.unused,
        dropped=(*dropped, *expired) if expired else dropped,
        held=held,
    )


def _persons(draft: Draft) -> tuple[dict[str, str], tuple[str, ...]]:
    """Patients by slot, and the fullUrls of who told of the incident. Others are named in an issue."""
    incident = draft.incident
    met = {contact.person for contact in incident.contacts if _was_met(contact)}
    missed = {contact.person for contact in incident.contacts} - met
    gone = not incident.contacts and any(outcome(disposition) in NOBODY for disposition in incident.dispositions)
    patients: dict[str, str] = {}
    others = []
    seen: set[str] = set()
    for n, person in enumerate(incident.persons):
        path = f"persons[{n}]"
        if person.slot in seen:
            draft.issue("translate.duplicate-slot", path)
            continue
        seen.add(person.slot)
        if person.slot in missed or (gone and "subject" in person.roles):
            draft.issue("translate.person-not-met", path)
        elif "subject" in person.roles or person.slot in met:
            patients[person.slot] = patient_url(draft, person, draft.owner, path)
        else:
            others.append((person, path))
    informants = []
    for person, path in others:
        related = (person.relationship or "").strip()
        if related and len(patients) == 1:
            patient = next(iter(patients.values()))
            url = related_person_url(draft, person, patient, draft.owner, path)
            if not _INFORMANTS.isdisjoint(person.roles):
                informants.append(url)
        else:
            draft.issue("translate.other-person-not-carried", path)
    return patients, tuple(informants)


def _was_met(contact: Contact) -> bool:
    """Whether the team found the person; a referral or a consent needs its person even so (outreach to find them)."""
    return outcome(contact.disposition) not in NOBODY or bool(contact.referrals or contact.consents)


def _visits(draft: Draft, patients: dict[str, str], informants: tuple[str, ...]) -> list[Visit]:
    """An Encounter for each contact, one for each subject nobody reports a contact with, else one without subject."""
    visits: list[Visit] = []
    turns: dict[str, int] = {}
    for n, contact in enumerate(draft.incident.contacts):
        path = f"contacts[{n}]"
        slot = contact.person
        patient = patients.get(slot) if slot is not None else None
        if slot is not None and patient is None and _was_met(contact):
            draft.issue("translate.unknown-person", f"{path}.person")
        turn = turns[slot or ""] = turns.get(slot or "", 0) + 1
        visits.append(
            encounter(draft, contact=contact, patient=patient, slot=slot, turn=turn, path=path, informants=informants)
        )
    for slot, patient in patients.items():
        if slot not in turns:
            visits.append(
                encounter(draft, contact=None, patient=patient, slot=slot, turn=0, path="", informants=informants)
            )
    if not visits and draft.incident.standing != "nothing":
        visits.append(encounter(draft, contact=None, patient=None, slot=None, turn=0, path=""))
    return visits


def _contact(draft: Draft, visit: Visit, contact: Contact) -> None:
    for turn, screening in enumerate(contact.screenings):
        answers = questionnaire_response(draft, visit, turn, screening)
        screening_results(draft, visit, turn, screening, answers)
    observations(draft, visit, contact)
    for turn, diagnosis in enumerate(contact.diagnoses):
        condition(draft, visit, turn, diagnosis)
    for turn, form in enumerate(contact.consents):
        consent(draft, visit, turn, form)
    for turn, narrative in enumerate(contact.narratives):
        url = narrative_document(
            draft,
            narrative,
            patient=visit.patient,
            encounters=(visit.url,),
            key=f"{visit.key}|narrative",
            turn=turn,
            path=f"{visit.path}.narratives[{turn}]",
        )
        if url is not None:
            visit.documents.append(url)
    for turn, caution in enumerate(contact.cautions):
        flag(
            draft,
            caution,
            subject={"reference": visit.patient} if visit.patient is not None else None,
            encounter=visit.url,
            origin=visit.origin,
            key=f"{visit.key}|{turn}",
            path=f"{visit.path}.cautions[{turn}]",
        )


def _narratives(draft: Draft, visits: list[Visit], patients: dict[str, str]) -> None:
    """The incident's own narratives. One that names no person speaks of every Encounter, and supports a referral
    only where there is no other person it could be about."""
    for n, narrative in enumerate(draft.incident.narratives):
        about = narrative.person
        if about is not None and about not in patients:
            mine: list[Visit] = []  # a witness's or a caller's statement: nobody's Encounter
        elif about is not None:
            mine = [visit for visit in visits if visit.slot == about]
        else:
            mine = visits
        key, _, turn = draft.ids.get(f"narratives[{n}]", f"{draft.key}|narrative|{n}").rpartition("|")
        url = narrative_document(
            draft,
            narrative,
            patient=patients.get(about) if about is not None else None,
            encounters=tuple(visit.url for visit in mine),
            key=key,
            turn=int(turn),
            path=f"narratives[{n}]",
        )
        if url is not None and len({visit.patient for visit in mine}) == 1:
            for visit in mine:
                visit.documents.append(url)


def _cautions(draft: Draft, visits: list[Visit], patients: dict[str, str]) -> None:
    for n, caution in enumerate(draft.incident.cautions):
        path = f"cautions[{n}]"
        patient = patients.get(caution.person) if caution.person is not None else None
        if caution.person is not None and patient is None:
            draft.issue("translate.unknown-person", f"{path}.person")
        subject = {"reference": patient} if patient is not None else None
        if caution.person is None:
            subject = location_reference(draft, draft.incident.place, draft.owner, "place")
        mine = [visit.url for visit in visits if patient is None or visit.patient == patient]
        flag(
            draft,
            caution,
            subject=subject,
            encounter=mine[0] if len(mine) == 1 else None,
            origin=draft.owner,
            key=draft.ids.get(path) or f"{draft.key}|caution|{n}",
            path=path,
        )
