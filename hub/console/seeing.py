"""Who may see what: the rules of the console, without any page.

A person sees the content of their own custody. Of everything else they see states, sizes and codes, save those that
would tell what no release has told them: what a center answered is the center's record (design, section 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.records import Alarm, DecisionRecord, Hold, Referral, TraceStep
from hub.settings import Settings
from hub.store import decisions, documents, holds, referrals, traces
from hub.store.tx import Tx

#: What a referral stands at before its center has it.
_NOT_GONE = frozenset({"new", "withheld", "held"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A referral as one viewer may see it. `status` None: not theirs to see. `own`: by the viewer's own record of it,
    which an answer does not change."""

    referral: Referral
    status: str | None
    business: str
    own: bool


def center_of(settings: Settings, destination: str) -> str | None:
    """The organization behind a destination, or None when it is no longer configured."""
    return next((d.organization for d in settings.destination if d.id == destination), None)


def referral(tx: Tx, settings: Settings, found: Referral, viewer: str) -> Seen | None:
    """A referral for a viewer's custody, or None: a center does not learn of one that has not reached it.

    The Task's status is for the center, and for the referrer as long as the Task is the referrer's own record. After
    the answer the referrer keeps seeing its own last record: whether there is an answer is told by an outcome alone.
    """
    if viewer == center_of(settings, found.destination):
        if not _reached(found) and viewer != found.custody:
            return None
        return Seen(referral=found, status=found.status, business=found.business_status, own=False)
    if viewer != found.custody:
        return Seen(referral=found, status=None, business="", own=False)
    task = documents.current(tx, "Task", found.task_id)
    if task is None or task.custody == viewer:
        return Seen(referral=found, status=found.status, business=found.business_status, own=True)
    mine = next((d for d in documents.history(tx, "Task", found.task_id) if d.custody == viewer), None)
    resource: dict[str, Any] = (mine.resource if mine is not None else None) or {}
    business = resource.get("businessStatus", {}).get("coding", [{}])[0].get("code", "new")
    return Seen(referral=found, status=str(resource.get("status", "requested")), business=str(business), own=True)


def steps(tx: Tx, settings: Settings, message_id: int, viewer: str, *, own: bool) -> list[TraceStep]:
    """The steps of a message for a viewer: an answer is for the center alone, and a center is not told what was
    withheld from it."""
    found: list[TraceStep] = []
    for step in traces.of(tx, message_id):
        if step.step == "answer" and center_of(settings, str(step.detail.get("destination"))) != viewer:
            continue
        if step.step == "release" and step.state != "released" and step.detail.get("recipient") == viewer and not own:
            continue
        if found and _repeats(found[-1], step):
            found[-1] = step  # it carries the number of the attempt; an outage of hours is one line
            continue
        found.append(step)
    return found


def _repeats(before: TraceStep, step: TraceStep) -> bool:
    """Whether a step is the next failed attempt after another, to the same destination for the same reason."""
    return (before.step, before.state) == (step.step, step.state) == ("deliver", "retry") and all(
        before.detail.get(key) == step.detail.get(key) for key in ("destination", "rule")
    )


def decided(tx: Tx, message_id: int, viewer: str) -> list[DecisionRecord]:
    """The decisions that the viewer's own organization made: to others even their existence can tell something."""
    return [one for one in decisions.by_message(tx, message_id) if one.custody == viewer]


def _reached(found: Referral) -> bool:
    """Whether the center has it, or had an earlier form of it."""
    return found.business_status not in _NOT_GONE or found.answered_at is not None


def alarm(tx: Tx, settings: Settings, found: Alarm, viewer: str) -> bool:
    """Whether a viewer is shown an alarm.

    That one ended because an answer came is for the center alone; a center does not learn of a referral that has not
    reached it; and a police agency is told of no other organization's silence.
    """
    if found.kind == "revocation":
        return viewer == found.custody
    if found.subject_type == "Hold":
        held = holds.get(tx, int(found.subject_id))
        return held is not None and hold(settings, held, viewer)
    about = referrals.find_by_task(tx, found.subject_id) if found.subject_type == "Task" else None
    if about is not None and viewer == center_of(settings, about.destination) and viewer != found.custody:
        return _reached(about)
    if found.kind != "unanswered" or (about is not None and viewer == center_of(settings, about.destination)):
        return True
    if found.cleared_at is not None:
        return False
    return viewer == found.custody or settings.posture(viewer) != "law-enforcement"


def may_take(tx: Tx, settings: Settings, found: Alarm, viewer: str) -> bool:
    """Whether a viewer may take an alarm, which ends it for everybody: the custody it is about, the center that it
    waits for, and the hub's operator."""
    if not alarm(tx, settings, found, viewer):
        return False
    about = referrals.find_by_task(tx, found.subject_id) if found.subject_type == "Task" else None
    center = center_of(settings, about.destination) if about is not None else None
    return viewer in (found.custody, center, settings.operator.organization)


#: Holds whose very reason tells of a Part 2 record, a consent or a refusal.
_TELLING = frozenset({"law", "consent", "provenance", "review"})


def hold(settings: Settings, found: Hold, viewer: str) -> bool:
    """Whether a viewer is shown a hold: one that tells why the law stops something is for who may settle it, as its
    being there would tell everybody else of what is withheld (42 CFR 2.13(c)(2))."""
    return found.kind not in _TELLING or may_settle(settings, found, viewer)


def may_settle(settings: Settings, found: Hold, viewer: str) -> bool:
    """Whether a viewer may settle a hold: the custody whose record it is, and the hub's operator."""
    return viewer in (found.custody, settings.operator.organization)
