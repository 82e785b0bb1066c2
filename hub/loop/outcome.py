"""The outcome back: each item a release of its own, decided for who asks; else the same nothing, always.

The referring organization's clinician may know by treatment (45 CFR 164.506) where the center is a covered entity,
and by consent where it is a Part 2 program. An agency may know by an authorization or consent that names it, or a
named exception (P21, S59), and then only whether the referral was accepted and on what date: no name, no id of the
health side. Nothing is ever written back into CAD.

For an agency the list is closed (`ITEMS`): the outcome of the referral, whether the person is engaged in care, and what
the center advises for everybody's safety. Each is decided by itself, for a purpose of its own, on a Task that says
nothing else: who consented to the first has not consented to the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from hub.loop import declared, package, restricted
from hub.loop.context import Hub
from hub.loop.record import audit
from hub.loop.releasing import PURPOSE, actors_of, basis, origin, party, permitting, policy_for
from hub.loop.reply import ADVICE
from hub.records import EntryDecision, Referral
from hub.release import Context, Outcome, born, release
from hub.store import decisions, disclosures, documents, referrals
from hub.store.tx import Tx

#: Why an agency is told what became of a referral (CodeSystem police-purpose-of-use).
OUTCOME_PURPOSE = "outcome-feedback"
#: Task.businessStatus of a person who is in care, and of one who did not come.
_ENGAGED = frozenset({"in-progress", "completed"})
_NOT_ENGAGED = frozenset({"no-show", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One referral of the incident as it stands: the Task in its custody, and what decides who may know."""

    referral: Referral
    center: str
    task: dict[str, Any]
    custody: str
    kept: package.Kept
    consents: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decided:
    """One item decided; `said` is what goes, nothing where nothing may."""

    asked: _Asked
    purpose: str
    outcome: Outcome

    @property
    def said(self) -> bytes:
        return b"" if self.outcome.release is None else self.outcome.release.bytes


def tell(hub: Hub, reader: str, incident: str) -> bytes:
    """`{"outcomes": [...]}`: what organization `reader` may know of an incident's referrals. Records each disclosure
    before it returns. An incident that is not there, and one of which nothing may be told, read the same, and cost
    the same look and the same one commit: whoever measures learns nothing either."""
    police = hub.settings.posture(reader) == "law-enforcement"
    agencies = [reader] if police else [agency.id for agency in hub.settings.agency]
    keys = [f"{agency}|{incident}" for agency in agencies]
    asked = hub.store.read(lambda tx: _referrals(tx, hub, keys))
    told: list[bytes] = []
    made: list[_Decided] = []
    for one in asked:
        if police and one.referral.answered_at is None:
            continue
        if not police and one.referral.organization != reader:
            continue
        if police:
            made += _for_agency(hub, reader, one)
            continue
        render = _for_referrer(one)
        if one.custody == reader:
            # Nothing has come from the center yet: the referrer's own record of its own referral.
            told.append(render({"entry": [{"resource": one.task}]}))
            continue
        made.append(_decide(hub, reader, one, one.task, purpose=PURPOSE, render=render))
    hub.store.write(lambda tx: _note(tx, hub, reader, made))
    told += [one.said for one in made if one.said]
    return b'{"outcomes":[' + b",".join(told) + b"]}"


def _referrals(tx: Tx, hub: Hub, keys: list[str]) -> list[_Asked]:
    found: dict[str, _Asked] = {}
    for organization in hub.settings.organization:
        for key in keys:
            for document in documents.by_incident(tx, organization.id, key):
                if document.resource_type != "Bundle" or document.resource_id in found:
                    continue
                referral = referrals.find_by_task(tx, document.resource_id)
                task = documents.current(tx, "Task", document.resource_id)
                kept = package.load(tx, document.resource_id)
                if referral is None or task is None or task.resource is None or kept is None:
                    continue
                center = next((d.organization for d in hub.settings.destination if d.id == referral.destination), "")
                found[referral.task_id] = _Asked(
                    referral=referral,
                    center=center,
                    task=task.resource,
                    custody=task.custody,
                    kept=kept,
                    consents=package.known_consents(tx, referral.patient_id),
                )
    return list(found.values())


def _decide(
    hub: Hub,
    reader: str,
    one: _Asked,
    task: dict[str, Any],
    *,
    purpose: str,
    render: Callable[[dict[str, Any]], bytes],
) -> _Decided:
    """Decides one item."""
    settings = hub.settings
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"urn:uuid:{one.referral.task_id}", "resource": task}],
    }
    outcome = release(
        bundle,
        [origin(settings, one.center)],
        Context(
            discloser=party(settings, one.center),
            recipient=party(settings, reader, duties=frozenset()),
            purpose=purpose,
            patient=f"urn:uuid:{one.referral.patient_id}",
            at=hub.clock(),
            zone=settings.hub.zone,
            actors={**actors_of(one.kept.bundle), **declared.affiliations(settings)},
            # The item is the Task alone; who it is about stands in the referral's own package.
            birth_date=born(one.kept.bundle, f"urn:uuid:{one.referral.patient_id}"),
        ),
        restricted.bearing(hub, one.consents, [task], recipient=reader, now=hub.clock()),
        render=render,
        media_type="application/json",
        policy=policy_for(settings, one.center, reader),
        core=frozenset({"Task"}),
    )
    return _Decided(asked=one, purpose=purpose, outcome=outcome)


def _note(tx: Tx, hub: Hub, reader: str, made: Sequence[_Decided]) -> None:
    """That somebody asked, and what was decided: on the disk before any byte is handed out."""
    audit(
        tx,
        hub,
        who=f"organization:{reader}",
        action="E",
        kind="outcome",
        entity=("Organization", reader),
        custody=reader,
        detail=("asked",),
    )
    for one in made:
        _record(tx, hub, reader, one.asked, one.purpose, one.outcome)


def _record(tx: Tx, hub: Hub, reader: str, one: _Asked, purpose: str, outcome: Outcome) -> None:
    entries = tuple(
        EntryDecision(
            entry=f"Task/{one.referral.task_id}",
            decision=e.decision,
            because=e.because,
            consents=e.consents,
            obligations=e.obligations,
        )
        for e in outcome.decision.entries
    )
    known = [d for d in decisions.by_task(tx, one.referral.task_id) if d.recipient == reader and d.purpose == purpose]
    if not known or known[-1].digest != outcome.decision.digest:
        decisions.record(
            tx,
            custody=one.center,
            recipient=reader,
            purpose=purpose,
            verdict=outcome.decision.decision,
            digest=outcome.decision.digest,
            entries=entries,
            message_id=one.referral.message_id,
            task_id=one.referral.task_id,
        )
    if outcome.release is not None and outcome.release.bytes:
        intended = disclosures.intend(
            tx,
            delivery_id=None,
            discloser=one.center,
            recipient=reader,
            purpose=purpose,
            patient_id=one.referral.patient_id,
            what=(("Task", one.referral.task_id),),
            consents=permitting(outcome, one.consents),
            manner="answer",
            basis=basis(outcome),
            part2="notice" in outcome.release.obligations,
            digest=outcome.decision.digest,
        )
        # The answer to a request that is open: it counts as made whether or not the reader stays for it.
        disclosures.settle(tx, intended.id, "sent")
    audit(
        tx,
        hub,
        who=f"organization:{reader}",
        action="R",
        kind="outcome",
        entity=("Task", one.referral.task_id),
        outcome="0" if outcome.release is not None else "4",
        custody=one.center,
        purpose=purpose,
        patient_id=one.referral.patient_id,
        detail=(outcome.state,),
    )


def _for_agency(hub: Hub, agency: str, one: _Asked) -> list[_Decided]:
    """Each item of the closed list that has something to say, decided."""
    section = next((a for a in hub.settings.agency if a.id == agency), None)
    zone = ZoneInfo(section.zone if section else "UTC")
    made = []
    for purpose, of in ITEMS.items():
        item = of(one)
        if item is None:
            continue
        task, render = item
        made.append(_decide(hub, agency, one, task, purpose=purpose, render=partial(render, zone=zone)))
    return made


_Json = dict[str, Any]
_Item = tuple[_Json, Callable[..., bytes]]


def _outcome(one: _Asked) -> _Item | None:
    """Accepted or not, and the date of the answer in the agency's own zone."""
    answered = one.referral.answered_at
    assert answered is not None

    def render(bundle: _Json, zone: ZoneInfo) -> bytes:
        status = bundle["entry"][0]["resource"]["status"]
        accepted = status not in ("rejected", "cancelled", "failed")
        date = answered.astimezone(zone).date().isoformat()
        return orjson.dumps({"referral": "accepted" if accepted else "not-accepted", "date": date})

    return _only(one), render


def _engagement(one: _Asked) -> _Item | None:
    """Whether the person is in care or did not come, once the center has said either; no date, no service."""
    business = one.task.get("businessStatus", {}).get("text")
    if business not in _ENGAGED | _NOT_ENGAGED:
        return None
    said = orjson.dumps({"engagement": "engaged" if business in _ENGAGED else "not-engaged"})
    return _only(one, "businessStatus"), lambda _bundle, zone: said


def _advice(one: _Asked) -> _Item | None:
    """What the center advises for safety: its own words for responders, as they stand after redaction."""
    given = [o for o in one.task.get("output", ()) if o["type"].get("text") == ADVICE]
    if not given:
        return None

    def render(bundle: _Json, zone: ZoneInfo) -> bytes:
        left = bundle["entry"][0]["resource"].get("output")
        words = left[0].get("valueString") if left else None
        return orjson.dumps({"safety_advice": words}) if words else b""

    return {**_only(one), "output": given}, render


def _only(one: _Asked, *more: str) -> _Json:
    """The Task with what every Task says and these elements: an item tells of nothing but itself."""
    kept = {"resourceType", "id", "meta", "status", "intent", "for", "owner", "requester", *more}
    return {key: value for key, value in one.task.items() if key in kept}


#: What an agency may be told, by the purpose for which each is released. Closed: nothing else is.
ITEMS: Final[Mapping[str, Callable[[_Asked], _Item | None]]] = {
    OUTCOME_PURPOSE: _outcome,
    "follow-up": _engagement,
    "scene-safety": _advice,
}


def _for_referrer(one: _Asked) -> Callable[[dict[str, Any]], bytes]:
    """What the referring clinician gets: where the Task stands, why, and the appointment, by the referral's number."""
    number = next(
        (
            identifier["value"]
            for entry in one.kept.bundle["entry"]
            if entry["resource"]["resourceType"] == "ServiceRequest"
            for identifier in entry["resource"].get("identifier", ())
        ),
        one.referral.task_id,
    )

    def render(bundle: dict[str, Any]) -> bytes:
        task = bundle["entry"][0]["resource"]
        appointment = next(
            (o.get("valueDateTime") for o in task.get("output", ()) if o["type"].get("text") == "appointment"), None
        )
        said = {
            "referral": number,
            "to": one.center,
            "status": task["status"],
            "business": task.get("businessStatus", {}).get("text"),
            "reason": task.get("statusReason", {}).get("text"),
            "appointment": appointment,
        }
        return orjson.dumps({key: value for key, value in said.items() if value is not None})

    return render
