"""FHIR R4 messages: what a received one says, the receipt for it, and the decision sent back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fhir import ID, Refused, Resource, referrals

EVENT_SYSTEM = "https://warmhandoff.org/fhir/CodeSystem/message-event"
ANSWER_EVENT = {"system": EVENT_SYSTEM, "code": "referral-response"}
#: a consent under which copies came is no longer in force
REVOKED = (EVENT_SYSTEM, "consent-revoked")
#: the events that carry a referral; the second system is that of a behavioral-health EHR's own referral manager
EVENTS = {
    (EVENT_SYSTEM, "referral-submit"),
    (EVENT_SYSTEM, "referral-update"),
    ("http://ntst.com/fhir/message-events", "submit-service-request"),
    ("http://ntst.com/fhir/message-events", "update-service-request"),
}
#: what a decision makes of the Task; a booked appointment is work that has begun
TASK_STATUS = {
    "accept": "accepted",
    "schedule": "in-progress",
    "reject": "rejected",
    "complete": "completed",
    "pend": "received",
}
BUSINESS_STATUS = {
    "accept": "accepted",
    "schedule": "scheduled",
    "reject": "rejected",
    "complete": "completed",
    "pend": "pending",
}


def read(bundle: Resource) -> tuple[Resource, list[dict[str, Any]]]:
    """The MessageHeader and the facts of each referral in a message Bundle; of a revoked consent's notice, none.

    Raises Refused 400 for what is not a message, 422 for an event or content that is not taken.
    """
    entries = bundle.get("entry")
    if bundle.get("type") != "message" or not isinstance(entries, list) or not entries:
        raise Refused(400, "structure", "only a Bundle of type message with entries", "Bundle.type")
    if not ID.fullmatch(str(bundle.get("id"))):
        raise Refused(400, "required", "Bundle.id is needed to know a resend", "Bundle.id")
    resources = [e.get("resource") if isinstance(e, dict) else None for e in entries]
    if not all(isinstance(resource, dict) for resource in resources):
        raise Refused(400, "required", "an entry needs a resource", "Bundle.entry")
    header = resources[0]
    if header.get("resourceType") != "MessageHeader":
        raise Refused(400, "structure", "the first entry is not a MessageHeader", "Bundle.entry[0].resource")
    if not header.get("id"):
        raise Refused(400, "required", "MessageHeader.id is needed to answer", "Bundle.entry[0].resource.id")
    event = header.get("eventCoding") or {}
    if (event.get("system"), event.get("code")) not in EVENTS | {REVOKED}:
        raise Refused(422, "not-supported", "this event is not taken", "Bundle.entry[0].resource.eventCoding")
    if event["code"] == REVOKED[1]:
        return header, []
    found = referrals(resources[1:], _follower(entries))
    if not found:
        raise Refused(422, "required", "no Task and no ServiceRequest in the message", "Bundle.entry")
    for facts in found:
        facts["hub_ref"] |= {"bundle": bundle["id"], "message_header": header["id"]}
    return header, found


def revoked(bundle: Resource) -> list[str]:
    """The numbers of the consents of which a notice says that they ended. Raises Refused 422 when it names none."""
    ended = [e["resource"] for e in bundle["entry"] if e["resource"].get("resourceType") == "Consent"]
    numbers = [str(i["value"]) for one in ended for i in one.get("identifier") or [] if i.get("value")]
    if not numbers or any(one.get("status") not in ("inactive", "entered-in-error") for one in ended):
        raise Refused(422, "required", "a notice names the consent that ended, by its number", "Bundle.entry")
    return numbers


def _follower(entries: list[Resource]) -> Callable[[Any], Resource | None]:
    known: dict[str, Resource] = {}
    for entry in entries:
        resource = entry["resource"]
        if resource.get("id"):
            known[f"{resource.get('resourceType')}/{resource['id']}"] = resource
            known[f"urn:uuid:{resource['id']}"] = resource
        if entry.get("fullUrl"):
            known[entry["fullUrl"]] = resource

    def follow(reference: Any) -> Resource | None:
        return known.get(reference.get("reference", "")) if isinstance(reference, dict) else None

    return follow


def receipt(header: Resource, *, name: str, endpoint: str, at: datetime) -> Resource:
    """The synchronous response message. It says: stored. It does not say: accepted."""
    own = str(uuid.uuid4())
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "type": "message",
        "timestamp": _instant(at),
        "entry": [
            {
                "fullUrl": f"urn:uuid:{own}",
                "resource": {
                    "resourceType": "MessageHeader",
                    "id": own,
                    "eventCoding": header["eventCoding"],
                    "source": {"name": name, "endpoint": endpoint},
                    "response": {"identifier": header["id"], "code": "ok"},
                },
            }
        ],
    }


def task_changes(decision: dict[str, Any]) -> Resource:
    """The elements of a Task that a decision sets."""
    changes: Resource = {
        "status": TASK_STATUS[decision["do"]],
        "businessStatus": {"text": BUSINESS_STATUS[decision["do"]]},
        "lastModified": _instant(decision["at"]),
    }
    if decision["reason"]:
        changes["statusReason"] = {"text": decision["reason"]}
    return changes


def appointment(ident: str, hub_ref: dict[str, Any], decision: dict[str, Any], name: str) -> Resource:
    """A booked Appointment for the referral."""
    participants: list[Resource] = [{"actor": {"display": name}, "status": "accepted"}]
    if identifiers := hub_ref["patient"]["identifier"]:
        actor = {"type": "Patient", "identifier": identifiers[0]}
        participants.append({"actor": actor, "status": "needs-action"})
    booked: Resource = {
        "resourceType": "Appointment",
        "id": ident,
        "status": "booked",
        "start": decision["start"].isoformat(),
        "end": decision["end"].isoformat(),
        "participant": participants,
    }
    if identifiers := hub_ref["service_request"]["identifier"]:
        booked["basedOn"] = [{"type": "ServiceRequest", "identifier": identifiers[0]}]
    return booked


def appointment_output(decision: dict[str, Any], reference: str | None = None) -> list[Resource]:
    """Task.output: when the appointment is, for who cannot read more; and where it is, for who can."""
    start = decision["start"].isoformat()
    output: list[Resource] = [{"type": {"text": "appointment"}, "valueDateTime": start}]
    if reference:
        kind = {"text": "appointment resource"}
        output.append({"type": kind, "valueReference": {"reference": reference}})
    return output


def decision_task(ident: str, hub_ref: dict[str, Any], decision: dict[str, Any]) -> Resource:
    """The Task as it travels back: the hub's own identifiers, references by business identifier only."""
    task: Resource = {"resourceType": "Task", "id": ident, "intent": "order", **task_changes(decision)}
    if identifiers := hub_ref["task"]["identifier"]:
        task["identifier"] = identifiers
    if identifiers := hub_ref["service_request"]["identifier"]:
        task["basedOn"] = [{"type": "ServiceRequest", "identifier": identifiers[0]}]
    if identifiers := hub_ref["patient"]["identifier"]:
        task["for"] = {"type": "Patient", "identifier": identifiers[0]}
    return task


def answer(hub_ref: dict[str, Any], decision: dict[str, Any], *, name: str, endpoint: str) -> Resource:
    """The message Bundle that carries a decision to the hub (event `referral-response`)."""
    header_id, booked_id = str(uuid.uuid4()), str(uuid.uuid4())
    # when the hub's Task had no identifier its id is all there is to know it by
    task_id = hub_ref["task"]["id"] or str(uuid.uuid4())
    task = decision_task(task_id, hub_ref, decision)
    full_urls = {task_id: task_id if _is_uuid(task_id) else str(uuid.uuid4())}
    header: Resource = {
        "resourceType": "MessageHeader",
        "id": header_id,
        "eventCoding": ANSWER_EVENT,
        "source": {"name": name, "endpoint": endpoint},
        "focus": [{"reference": f"urn:uuid:{full_urls[task_id]}"}],
    }
    resources = [header, task]
    if decision["do"] == "schedule":
        task["output"] = appointment_output(decision, f"urn:uuid:{booked_id}")
        resources.append(appointment(booked_id, hub_ref, decision, name))
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "type": "message",
        "timestamp": _instant(decision["at"]),
        "entry": [{"fullUrl": f"urn:uuid:{full_urls.get(r['id'], r['id'])}", "resource": r} for r in resources],
    }


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
