"""The outcome back: each item a release of its own, decided for who asks; else the same nothing, always.

The referring organization's clinician may know by treatment (45 CFR 164.506) where the center is a covered entity,
and by consent where it is a Part 2 program. An agency may know by an authorization or consent that names it, or a
named exception (P21, S59), and then only whether the referral was accepted and on what date: no name, no id of the
health side. Nothing is ever written back into CAD.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from hub.loop import declared, package
from hub.loop.context import Hub
from hub.loop.record import audit
from hub.loop.releasing import PURPOSE, actors_of, basis, origin, party, permitting, policy_for
from hub.records import EntryDecision, Referral
from hub.release import Context, Outcome, born, release
from hub.store import decisions, disclosures, documents, referrals
from hub.store.tx import Tx

#: Why an agency is told (CodeSystem police-purpose-of-use).
OUTCOME_PURPOSE = "outcome-feedback"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One referral of the incident as it stands: the Task in its custody, and what decides who may know."""

    referral: Referral
    center: str
    task: dict[str, Any]
    custody: str
    kept: package.Kept
    consents: list[dict[str, Any]]


def tell(hub: Hub, reader: str, incident: str) -> bytes:
    """`{"outcomes": [...]}`: what organization `reader` may know of an incident's referrals. Records each disclosure
    before it returns. An incident that is not there, and one of which nothing may be told, read the same."""
    police = hub.settings.posture(reader) == "law-enforcement"
    agencies = [reader] if police else [agency.id for agency in hub.settings.agency]
    keys = [f"{agency}|{incident}" for agency in agencies]
    asked = hub.store.read(lambda tx: _referrals(tx, hub, keys))
    told: list[bytes] = []
    for one in asked:
        if police and one.referral.answered_at is None:
            continue
        if not police and one.referral.organization != reader:
            continue
        render = _for_agency(hub, reader, one) if police else _for_referrer(one)
        if one.custody == reader:
            # Nothing has come from the center yet: the referrer's own record of its own referral.
            told.append(render({"entry": [{"resource": one.task}]}))
            continue
        outcome = _decide(hub, reader, one, purpose=OUTCOME_PURPOSE if police else PURPOSE, render=render)
        if outcome.release is not None:
            told.append(outcome.release.bytes)
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


def _decide(hub: Hub, reader: str, one: _Asked, *, purpose: str, render: Callable[[dict[str, Any]], bytes]) -> Outcome:
    """Decides one item, and records the decision and the disclosure before any byte is handed out."""
    settings = hub.settings
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"urn:uuid:{one.referral.task_id}", "resource": one.task}],
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
        one.consents,
        render=render,
        media_type="application/json",
        policy=policy_for(settings, one.center, reader),
        core=frozenset({"Task"}),
    )
    hub.store.write(lambda tx: _record(tx, hub, reader, one, purpose, outcome))
    return outcome


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
    known = [d for d in decisions.by_task(tx, one.referral.task_id) if d.recipient == reader]
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
    if outcome.release is not None:
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


def _for_agency(hub: Hub, agency: str, one: _Asked) -> Callable[[dict[str, Any]], bytes]:
    """The closed list for an agency: accepted or not, and the date in its own zone. Nothing else."""
    section = next((a for a in hub.settings.agency if a.id == agency), None)
    zone = ZoneInfo(section.zone if section else "UTC")

    def render(bundle: dict[str, Any]) -> bytes:
        status = bundle["entry"][0]["resource"]["status"]
        accepted = status not in ("rejected", "cancelled", "failed")
        assert one.referral.answered_at is not None
        date = one.referral.answered_at.astimezone(zone).date().isoformat()
        return orjson.dumps({"referral": "accepted" if accepted else "not-accepted", "date": date})

    return render


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
