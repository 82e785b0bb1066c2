"""ServiceRequest: what a person decided to ask of a center.

A referral exists only where a source holds that decision (`Contact.referrals`); nothing here infers one. `code` is
what a reviewed table maps the service to, else the source's words.
"""

from __future__ import annotations

from mappings.fhir.draft import Draft, Json, clean, ref
from mappings.fhir.encounter import Visit, outcome
from mappings.fhir.organization import organization_reference
from mappings.fhir.practitioner import staff_reference
from mappings.fhir.systems import SID_REFERRAL, SID_RESOURCE
from mappings.fhir.task import task
from mappings.incident import Contact, Referral


def referral(draft: Draft, visit: Visit, turn: int, contact: Contact, given: Referral) -> None:
    """Adds the ServiceRequest and the Task of one referral of `contact`."""
    path = f"{visit.path}.referrals[{turn}]"
    if visit.patient is None:
        # ServiceRequest.subject is 1..1, and nobody is made up to fill it.
        draft.issue("translate.referral-without-person", path)
        return
    number = clean(given.number)
    key = draft.unique(f"{visit.key}|referral|{number or turn}")
    made = draft.id_of("service-request", key, origin=visit.origin)
    declined = outcome(contact.disposition) == "declined"
    if declined:
        draft.issue("translate.referral-declined", path)
    requester = _requester(draft, visit, contact, given, path)
    authored = given.decided_at or contact.end or contact.start or draft.now
    performer = organization_reference(draft, given.organization) if given.organization is not None else None
    identifiers: list[Json] = [{"system": SID_REFERRAL, "value": number or made}]
    if number is not None:
        # Two sources may both have a referral 1: a receiver must match on ours.
        identifiers.append({"system": SID_RESOURCE, "value": made})
    resource: Json = {
        "resourceType": "ServiceRequest",
        "id": made,
        "identifier": identifiers,
        "status": "revoked" if declined else "active",
        "intent": "order",
        "priority": given.urgency,
    }
    service = draft.concept(given.service, "service", f"{path}.service") if given.service is not None else None
    resource["code"] = service or {"text": "Referral"}
    resource["subject"] = ref(visit.patient)
    resource["encounter"] = ref(visit.url)
    if given.follow_up_by is not None:
        resource["occurrencePeriod"] = {"end": given.follow_up_by}
    resource["authoredOn"] = authored
    if requester is not None:
        resource["requester"] = requester
    if performer is not None:
        resource["performer"] = [performer]
    if reasons := draft.concepts(given.reasons, "referral-reason", f"{path}.reasons"):
        resource["reasonCode"] = reasons
    if support := [*visit.consents, *visit.observations, *visit.documents]:
        resource["supportingInfo"] = [ref(url) for url in support]
    if note := clean(given.note):
        resource["note"] = [{"text": note}]
    if number is None:
        request = draft.add(resource, visit.origin, SID_REFERRAL, made)
    else:
        request = draft.add(resource, visit.origin)
    task(
        draft,
        visit,
        given,
        request=request,
        key=key,
        authored=authored,
        requester=requester,
        owner=performer,
        declined=declined,
    )


def _requester(draft: Draft, visit: Visit, contact: Contact, given: Referral, path: str) -> Json | None:
    """Who decided; else the clinician, the officer, the organization whose record it is."""
    for staff, place in (
        (given.decided_by, f"{path}.decided_by"),
        (contact.clinician, f"{visit.path}.clinician"),
        (contact.officer, f"{visit.path}.officer"),
    ):
        if who := staff_reference(draft, staff, visit.origin, place):
            return who
    return organization_reference(draft, visit.origin) if visit.origin is not None else None
