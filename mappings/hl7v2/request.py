"""What is asked: the ServiceRequest and Task as the segments RF1, ORC, OBR and TQ1 need them."""

from __future__ import annotations

from mappings.errors import RenderError
from mappings.hl7v2.build import Component
from mappings.hl7v2.case import Case
from mappings.hl7v2.datatypes import Json, ce

#: FHIR request-priority to table 0280. `urgent` is above routine and below ASAP: it has no code of its own there.
PRIORITY = {
    "stat": ("S", "STAT", "HL70280"),
    "asap": ("A", "ASAP", "HL70280"),
    "urgent": ("U", "Urgent", "L"),
    "routine": ("R", "Routine", "HL70280"),
}


def identifier_of(case: Case) -> Json:
    """The referral's identifier. Raises RenderError `render.no-referral-id` when it has none."""
    identifier = case.referral_identifier
    if identifier is None:
        raise RenderError("render.no-referral-id", "the referral has no identifier", path="Task.identifier")
    return identifier


def asked_for(case: Case) -> tuple[str | None, str | None]:
    """From when and until when it is asked, as FHIR dateTimes: the order's own time, else the Task's restriction."""
    due = ((case.task or {}).get("restriction") or {}).get("period") or {}
    occurrence = case.request.get("occurrencePeriod") or {}
    begins = case.request.get("occurrenceDateTime") or occurrence.get("start") or due.get("start")
    return begins, due.get("end") or occurrence.get("end")


def authored_on(case: Case) -> str | None:
    """When it was asked, as a FHIR dateTime."""
    found: str | None = case.request.get("authoredOn") or (case.task or {}).get("authoredOn")
    return found


def urgency(case: Case) -> str:
    """The request-priority, empty when nobody said one."""
    return str(case.request.get("priority") or (case.task or {}).get("priority", ""))


def reasons(case: Case) -> list[str | tuple[Component, ...]]:
    """Why it is asked, as repetitions of CE."""
    return [made for made in (ce(reason) for reason in case.request.get("reasonCode") or ()) if made]


def request_notes(case: Case) -> list[str]:
    """What people wrote for the receiver, and order details such as not to contact the person, as NTE."""
    texts: dict[str, None] = {}
    for detail in case.request.get("orderDetail") or ():
        coding: Json = next(iter(detail.get("coding") or ()), {})
        text = detail.get("text") or coding.get("display") or coding.get("code")
        if text:
            texts[text] = None
    for resource in (case.request, case.task or {}):
        for note in resource.get("note") or ():
            if note.get("text"):
                texts[note["text"]] = None
    for key in (case.request.get("patientInstruction"), (case.task or {}).get("description")):
        if key:
            texts[key] = None
    return list(texts)
