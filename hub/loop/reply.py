"""What a center said about a referral, read from whichever form it came in.

A `Reply` is neutral: FHIR Task (message, REST write or poll), RRI^I12 and SIU^S12 all become one. A receipt is not a
reply. Only an explicit decision of the center moves the Task (design, section 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from hub.errors import ReceiveError
from mappings.fhir.profile import still_claiming
from mappings.hl7v2.answer import Answer as V2Answer

TASK = "https://warmhandoff.org/fhir/sid/task"
REFERRAL = "https://warmhandoff.org/fhir/sid/referral"
BUSINESS_STATUS = "https://warmhandoff.org/fhir/CodeSystem/task-business-status"

#: R4 task-status codes that a center's answer may set (Gravity's referral Task has no `received` and no `ready`).
Status = Literal["accepted", "rejected", "in-progress", "on-hold", "completed", "failed", "cancelled"]

#: Task.output.type.text of what a center advises responders, and how long it may be: advice, not a record.
ADVICE = "safety-advice"
LONGEST_ADVICE = 300

#: No answer moves a Task on from these.
FINAL = frozenset({"rejected", "completed", "failed", "cancelled", "entered-in-error"})

#: From which status an answer may move the Task to which. Repeating a status is no move, but may carry more.
MOVES: dict[str, frozenset[str]] = {
    "requested": frozenset({"accepted", "rejected", "in-progress", "on-hold", "completed", "failed", "cancelled"}),
    "accepted": frozenset({"in-progress", "on-hold", "completed", "failed", "cancelled", "rejected"}),
    "in-progress": frozenset({"on-hold", "completed", "failed", "cancelled"}),
    "on-hold": frozenset({"accepted", "in-progress", "completed", "failed", "cancelled", "rejected"}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A center's answer. Identifiers are whatever it gave to say which referral it means; at least one.

    `status` None is word without a decision (pending). `appointment` is a FHIR dateTime. `reason` is the center's
    text: content, kept in its custody. So is `advice`, what the center wants responders to know for everybody's safety.
    """

    task_ids: tuple[str, ...] = ()
    referral_ids: tuple[str, ...] = ()
    control_id: str | None = None
    status: Status | None = None
    business: str | None = None
    reason: str | None = None
    appointment: str | None = None
    advice: str | None = None
    remote_id: str | None = None
    form: Literal["task", "message", "rri", "siu", "order"] = "task"


_STATUSES: frozenset[str] = frozenset(get_args(Status))


def from_task(
    task: dict[str, Any], *, form: Literal["task", "message"] = "task", control_id: str | None = None
) -> Reply:
    """A Reply of a center's Task (R4). `requested` and the like are no decision. `control_id`: the message of ours
    that it answers, if the center says so.

    Raises ReceiveError `receive.no-referral` when the Task names no referral of ours, `receive.status` when its
    status is none that an answer can have.
    """
    task_ids, referral_ids = _identifiers(task)
    if not task_ids and not referral_ids and control_id is None:
        raise ReceiveError(
            "receive.no-referral", "the Task names no referral of this hub", path="Task.identifier", code="not-found"
        )
    given = task.get("status")
    status = given if isinstance(given, str) else ""
    if status not in _STATUSES and status not in ("requested", "received", "ready", "draft"):
        raise ReceiveError("receive.status", "not a status an answer can have", path="Task.status", code="value")
    return Reply(
        task_ids=task_ids,
        referral_ids=referral_ids,
        control_id=control_id,
        status=next((s for s in get_args(Status) if s == status), None),
        business=_text(task.get("businessStatus")),
        reason=_text(task.get("statusReason")),
        appointment=_appointment(task),
        advice=_advice(task),
        remote_id=task["id"] if isinstance(task.get("id"), str) else None,
        form=form,
    )


def from_own_task(task: dict[str, Any], task_id: str) -> Reply:
    """A Reply of the Task that was written to our id, or read because it is ours: whatever else it names, it moves
    no other. Raises ReceiveError `receive.status`.
    """
    said = from_task({**task, "identifier": [{"system": TASK, "value": task_id}]})
    return Reply(
        task_ids=(task_id,),
        status=said.status,
        business=said.business,
        reason=said.reason,
        appointment=said.appointment,
        advice=said.advice,
        form="task",
    )


def from_message(bundle: dict[str, Any]) -> Reply:
    """A Reply of a message Bundle: its Task, and an Appointment's start beside it.

    Raises ReceiveError `receive.not-message`, `receive.no-task`, and what `from_task` raises.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "message":
        raise ReceiveError("receive.not-message", "not a message Bundle", path="Bundle.type", code="structure")
    resources = [e["resource"] for e in _objects(bundle.get("entry")) if isinstance(e.get("resource"), dict)]
    tasks = [r for r in resources if r.get("resourceType") == "Task"]
    if len(tasks) != 1:
        raise ReceiveError("receive.no-task", "a message answers with exactly one Task", path="Bundle.entry")
    headers = [r.get("response") for r in resources if r.get("resourceType") == "MessageHeader"]
    answered = [r["identifier"] for r in _objects(headers) if isinstance(r.get("identifier"), str)]
    reply = from_task(tasks[0], form="message", control_id=answered[0] if answered else None)
    starts = [r.get("start") for r in resources if r.get("resourceType") == "Appointment"]
    appointment = reply.appointment or next((s for s in starts if isinstance(s, str)), None)
    return Reply(
        task_ids=reply.task_ids,
        referral_ids=reply.referral_ids,
        control_id=reply.control_id,
        status=reply.status,
        business="scheduled" if appointment and not reply.business else reply.business,
        reason=reply.reason,
        appointment=appointment,
        remote_id=reply.remote_id,
        form="message",
    )


#: What became of an appointment (SIU trigger) as businessStatus.
_APPOINTMENT = {"booked": "scheduled", "cancelled": "appointment-cancelled", "no-show": "no-show"}


def from_v2(answer: V2Answer) -> Reply:
    """A Reply of an RRI or SIU message, or of an answer to an order (OSU, ORG, ORR, ORL). RF1-1 P (pending)
    and an order that was received are word without a decision.

    An appointment says nothing of acceptance by itself: the Task keeps its status and its businessStatus becomes
    `scheduled`. Raises ReceiveError `receive.no-referral`.
    """
    identifiers = tuple(identifier for identifier, _ in answer.referral_ids)
    if not identifiers and answer.in_reply_to is None:
        raise ReceiveError(
            "receive.no-referral", "the message names no referral of this hub", path="RF1-6", code="not-found"
        )
    status: Status | None = answer.progress
    if answer.decision == "accepted":
        status = "accepted"
    elif answer.decision == "rejected":
        status = "rejected"
    return Reply(
        task_ids=identifiers,
        referral_ids=identifiers,
        control_id=answer.in_reply_to,
        status=status,
        business=_APPOINTMENT.get(answer.appointment or ""),
        reason=answer.reason or answer.comment,
        appointment=answer.appointment_start,
        remote_id=answer.their_id,
        form="siu" if answer.kind == "appointment" else "order" if answer.of_order else "rri",
    )


def moved(task: dict[str, Any], reply: Reply, *, now: str) -> dict[str, Any] | None:
    """The Task after the reply, or None when nothing changes.

    Raises ReceiveError `receive.move` (code conflict) when the Task cannot go from its status to the reply's: a
    person must look. Never changes identifiers, focus, for, requester or owner.
    """
    before = str(task["status"])
    after = reply.status or before
    if after != before and after not in MOVES.get(before, frozenset()):
        raise ReceiveError(
            "receive.move", "the referral cannot go from its status to this one", path="Task.status", code="conflict"
        )
    if before in FINAL and (reply.business or reply.appointment or reply.advice):
        return None
    result = {**task, "status": after}
    business = reply.business or (after if after != before else None)
    if business:
        result["businessStatus"] = _business(business)
    if reply.reason and after in ("rejected", "failed", "cancelled", "on-hold"):
        result["statusReason"] = {"text": reply.reason}
    if reply.appointment:
        kept = [o for o in task.get("output", ()) if o["type"].get("text") != "appointment"]
        result["output"] = [*kept, {"type": {"text": "appointment"}, "valueDateTime": reply.appointment}]
    if reply.advice:
        kept = [o for o in result.get("output", ()) if o["type"].get("text") != ADVICE]
        result["output"] = [*kept, {"type": {"text": ADVICE}, "valueString": reply.advice}]
    if result == task:
        return None
    # Words of the center's are in it now, and a profile is claimed only where it is met.
    return still_claiming({**result, "lastModified": now})


def _business(code: str) -> dict[str, Any]:
    known = {
        "delivered",
        "accepted",
        "rejected",
        "scheduled",
        "appointment-cancelled",
        "in-progress",
        "no-show",
        "completed",
        "failed",
        "cancelled",
    }
    if code in known:
        return {"coding": [{"system": BUSINESS_STATUS, "code": code}], "text": code}
    return {"text": code}


def _identifiers(task: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The Task's own identifiers of ours, and those of the ServiceRequest it is based on or is about."""
    tasks: list[str] = []
    referrals: list[str] = []
    given = _objects(task.get("identifier"))
    for key in ("basedOn", "focus"):
        value = task.get(key)
        for reference in _objects(value if isinstance(value, list) else [value]):
            given += _objects([reference.get("identifier")])
    for identifier in given:
        if not isinstance(identifier.get("value"), str):
            continue
        if identifier.get("system") == TASK:
            tasks.append(identifier["value"])
        elif identifier.get("system") == REFERRAL:
            referrals.append(identifier["value"])
    return tuple(tasks), tuple(referrals)


def _text(concept: Any) -> str | None:
    """What a CodeableConcept says: our code where it has one, else its text or display."""
    if not isinstance(concept, dict):
        return None
    codings = _objects(concept.get("coding"))
    ours = next((c.get("code") for c in codings if c.get("system") == BUSINESS_STATUS), None)
    display = next((c.get("display") for c in codings if c.get("display")), None)
    found = ours or concept.get("text") or display
    return found if isinstance(found, str) else None


def _appointment(task: dict[str, Any]) -> str | None:
    """Task.output of type text `appointment`, or a Task.executionPeriod.start that the center set."""
    for output in _objects(task.get("output")):
        kind = output.get("type")
        if isinstance(kind, dict) and kind.get("text") == "appointment":
            value = output.get("valueDateTime")
            if isinstance(value, str):
                return value
    return None


def _advice(task: dict[str, Any]) -> str | None:
    """Task.output of type text `safety-advice`: a line of text, as long as the center may make it."""
    for output in _objects(task.get("output")):
        kind = output.get("type")
        if isinstance(kind, dict) and kind.get("text") == ADVICE:
            value = output.get("valueString")
            if isinstance(value, str) and value.strip():
                return " ".join(value.split())[:LONGEST_ADVICE]
    return None


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list that somebody sent; whatever else is in it, or in its place, is passed over."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
