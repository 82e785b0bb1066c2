"""ServiceRequest: what a person decided to ask of a center.

A referral exists only where a source holds that decision (`Contact.referrals`); nothing here infers one. `code` is
what a reviewed table maps the service to, else the source's words. A service in words alone claims no profile: Gravity
wants a code of US Core's procedure codes, and none is read out of words.
"""

from __future__ import annotations

from typing import Final

from mappings.codes import REFERRAL_SERVICE, REFERRAL_SERVICES
from mappings.fhir.draft import Draft, Json, clean, ref
from mappings.fhir.encounter import Visit, outcome
from mappings.fhir.organization import organization_reference
from mappings.fhir.practitioner import staff_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import LOINC, SID_REFERRAL, SID_RESOURCE, SNOMED
from mappings.fhir.task import task
from mappings.incident import Contact, Referral

#: SNOMED CT's procedures that are known to be ones: US Core takes no other concept of it.
_PROCEDURES: Final = frozenset(REFERRAL_SERVICES.values())

#: Systems that US Core's procedure codes take whole (US Core 6.1.0, us-core-procedure-code).
_WHOLE: Final = frozenset(
    {
        LOINC,
        "http://www.ama-assn.org/go/cpt",
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "http://www.cms.gov/Medicare/Coding/ICD10",
        "http://www.ada.org/cdt",
    }
)


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
    resource["code"] = _with_procedure(service) if service is not None else {"text": "Referral"}
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
    met = _met(draft) if _is_procedure(resource["code"]) else {}
    parties = [resource["subject"], resource["encounter"], requester, performer]
    if met and all(each is None or each["reference"] in met for each in parties):
        resource["meta"] = claim("referral-service-request")
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
        met=met if "meta" in resource else {},
    )


def _with_procedure(service: Json) -> Json:
    """The service with SNOMED CT's code where a code of our list says which, first: it is the one US Core asks for."""
    codings = service.get("coding", ())
    if any(_known(made) for made in codings):
        return service
    for made in codings:
        if made["system"] == REFERRAL_SERVICE and made["code"] in REFERRAL_SERVICES:
            procedure = {"system": SNOMED, "code": REFERRAL_SERVICES[made["code"]]}
            return {**service, "coding": [procedure, *codings]}
    return service


def _known(made: Json) -> bool:
    return made["system"] in _WHOLE or (made["system"] == SNOMED and made["code"] in _PROCEDURES)


def _is_procedure(code: Json) -> bool:
    return any(_known(made) for made in code.get("coding", ()))


def _met(draft: Draft) -> dict[str, str]:
    """What claims a profile and so may be referred to where Gravity wants one: its type by its fullUrl."""
    found: dict[str, str] = {}
    for entry in draft.entries:
        resource = entry["resource"]
        kind = resource["resourceType"]
        # Gravity's role is more than US Core's: somebody, somewhere.
        if "meta" in resource and (kind != "PractitionerRole" or resource.keys() >= {"practitioner", "organization"}):
            found[entry["fullUrl"]] = kind
    return found


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
