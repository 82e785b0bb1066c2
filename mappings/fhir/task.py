"""Task: the state of one referral (Gravity's referral loop): requested until the center decides.

A receipt moves `businessStatus`, never `status`: only the center's own decision does that (design, section 8). It
claims Gravity's profile where the request it is about does.
"""

from __future__ import annotations

from mappings.fhir.draft import Draft, Json, ref
from mappings.fhir.encounter import Visit
from mappings.fhir.profile import claim
from mappings.fhir.systems import SID_TASK, TASK_BUSINESS_STATUS, TASK_CODE
from mappings.incident import DateTime, Referral


def task(
    draft: Draft,
    visit: Visit,
    given: Referral,
    *,
    request: str,
    key: str,
    authored: DateTime,
    requester: Json | None,
    owner: Json | None,
    declined: bool,
    met: dict[str, str],
) -> None:
    """Adds the Task that asks `owner` to fulfil the ServiceRequest at `request`.

    `met`: the type of what claims a profile, by its fullUrl; empty where the request claims none.
    """
    assert visit.patient is not None
    made = draft.id_of("task", key, origin=visit.origin)
    resource: Json = {
        "resourceType": "Task",
        "id": made,
        "identifier": [{"system": SID_TASK, "value": made}],
        "status": "cancelled" if declined else "requested",
        "businessStatus": {
            "coding": [{"system": TASK_BUSINESS_STATUS, "code": "cancelled" if declined else "created"}]
        },
        "intent": "order",
        "priority": given.urgency,
        "code": {"coding": [{"system": TASK_CODE, "code": "fulfill"}]},
        "focus": ref(request),
        "for": ref(visit.patient),
        "encounter": ref(visit.url),
        "authoredOn": authored,
    }
    if requester is not None:
        resource["requester"] = dict(requester)
    if owner is not None:
        resource["owner"] = dict(owner)
    if given.respond_by is not None:
        resource["restriction"] = {"period": {"end": given.respond_by}}
    # Gravity's requester is a role or an organization, never a practitioner alone.
    asks = met.get(requester["reference"]) if requester is not None else None
    if asks in ("PractitionerRole", "Organization") and (owner is None or owner["reference"] in met):
        resource["meta"] = claim("referral-task")
    draft.add(resource, visit.origin, SID_TASK, made)
