"""What one message becomes, written in one commit: documents, referrals, lanes, holds, trace, audit.

`plan` decides outside the transaction; `keep` writes. A consent in the message also frees what waits for it: each
open referral of its patient is decided again.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.loop import alarm, gating, package, queue, revoking
from hub.loop.context import Hub
from hub.loop.merging import Together, Whole, note, withdraw
from hub.loop.reading import Part
from hub.loop.record import settle_message, trace
from hub.loop.releasing import Verdict, decide
from hub.loop.reply import FINAL
from hub.loop.routing import Trouble, route, stays
from hub.records import Message, Referral
from hub.settings import DestinationSection, SourceSection
from hub.store import deliveries, documents, holds, investigation_finds, messages, referrals
from hub.store.tx import Tx
from mappings.fhir.referral import Package
from mappings.incident import Incident
from mappings.times import moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """One referral of a part: its package as it stands, where it goes, and the verdict; or why it goes nowhere."""

    package: Package
    bundle: dict[str, Any]
    to: DestinationSection | Trouble
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """A referral known before, decided again because a consent of its patient has come."""

    referral: Referral
    to: DestinationSection
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is to be written for one message."""

    parts: Together
    decided: tuple[tuple[Decided, ...], ...]
    again: tuple[Again, ...]


def incident_key(incident: Incident) -> str | None:
    """What an incident's documents are filed under: agency and number."""
    return f"{incident.agency}|{incident.key}" if incident.key else None


def plan(hub: Hub, source: SourceSection, parts: Together, *, now: datetime) -> Plan:
    """Routes and decides each referral, and again those that a new consent may free. Reads the store only."""
    decided = tuple(tuple(_decide(hub, source, part, p, now) for p in part.packages) for part in parts.parts)
    done = {d.package.task_id for group in decided for d in group}
    again = [
        found
        for part in parts.parts
        for patient in package.patients_with_consents(part.bundle)
        for found in decide_again(hub, patient, package.consents_of(part.bundle, patient), done=done, now=now)
    ]
    return Plan(parts=parts, decided=decided, again=tuple(again))


def _decide(hub: Hub, source: SourceSection, part: Part, pack: Package, now: datetime) -> Decided:
    to = route(hub.settings, pack.organization, _service(pack))
    fresh = package.consents_of(part.bundle, pack.patient_id)

    def look(tx: Tx) -> tuple[Referral | None, dict[str, Any], list[dict[str, Any]], bool, bool]:
        known = referrals.ask_by_task(tx, pack.task_id)
        bundle = package.ask_standing(tx, pack.task_id, pack.bundle)
        consents = package.ask_known_consents(tx, pack.patient_id, fresh)
        went = deliveries.ask_went(tx, pack.task_id)
        stopped = investigation_finds.ask_stands(tx, source.organization, pack.patient_id)
        return known(), bundle(), consents(), went(), stopped()

    known, bundle, consents, update, stopped = hub.store.read(look)
    if known is not None:
        to = stays(hub.settings, known.destination, to)
    if isinstance(to, str):
        return Decided(package=pack, bundle=pack.bundle, to=to, verdict=None)
    verdict = decide(
        hub,
        task_id=pack.task_id,
        patient_id=pack.patient_id,
        bundle=bundle,
        origins=pack.origins,
        organization=source.organization,
        destination=to,
        consents=consents,
        now=now,
        update=update,
        stopped=stopped,
    )
    return Decided(package=pack, bundle=bundle, to=to, verdict=verdict)


def decide_again(
    hub: Hub, patient: str, fresh: Sequence[dict[str, Any]], *, done: AbstractSet[str] = frozenset(), now: datetime
) -> list[Again]:
    """The open referrals of a patient but those in `done`, decided as if `fresh` consents were kept already."""

    def look(tx: Tx) -> list[tuple[Referral, package.Kept, list[dict[str, Any]], bool, bool]]:
        found = []
        for referral in referrals.by_patient(tx, patient):
            kept = package.load(tx, referral.task_id)
            if referral.task_id not in done and referral.status not in FINAL and kept is not None:
                consents = package.known_consents(tx, patient, fresh)
                went = deliveries.went(tx, referral.task_id)
                stopped = investigation_finds.stands(tx, referral.organization, patient)
                found.append((referral, kept, consents, went, stopped))
        return found

    decided = []
    for referral, kept, consents, update, stopped in hub.store.read(look):
        try:
            to = hub.settings.destination_of(referral.destination)
        except KeyError:
            continue
        verdict = decide(
            hub,
            task_id=referral.task_id,
            patient_id=patient,
            bundle=kept.bundle,
            origins=kept.origins,
            organization=referral.organization,
            destination=to,
            consents=consents,
            now=now,
            update=update,
            stopped=stopped,
        )
        decided.append(Again(referral=referral, to=to, verdict=verdict))
    return decided


def _service(pack: Package) -> str | None:
    """The service code by which a route may tell apart, if the referral has one."""
    for entry in pack.bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "ServiceRequest" and resource["id"] == pack.service_request_id:
            for coding in resource.get("code", {}).get("coding", ()):
                return str(coding.get("code"))
    return None


def keep(tx: Tx, hub: Hub, message: Message, source: SourceSection, made: Plan) -> None:
    """Writes the plan and settles the message. Raises LeaseLost when another worker has it by now; nothing is kept."""
    # before anything that another worker has written already gets in the way
    messages.still(tx, message)
    parts = made.parts
    issues = [*parts.rejected]
    read_state = "read" if parts.taken.records else "rejected"
    note(tx, source, message, parts)
    # Not written when it was received: the way to a durable answer is short.
    trace(tx, message.id, "receive", "received", at=message.received_at, source=message.source, size=message.size)
    trace(
        tx,
        message.id,
        "read",
        read_state,
        reads=source.reads,
        incidents=len(parts.taken.records),
        rejected=len(parts.taken.rejected),
    )
    for whole, decided in zip(parts.wholes, made.decided, strict=True):
        issues += whole.issues
        _keep_part(tx, hub, message, source, whole, [one.package for one in decided])
        for one in decided:
            _keep_referral(tx, hub, message, source, one)
    withdraw(tx, source, message, parts)
    if parts.expunged:
        _hold_expunged(tx, hub, message, source)
    for again in made.again:
        queue.put(tx, hub, again.referral, again.to, again.verdict, message_id=message.id)
    for patient in dict.fromkeys(p for part in parts.parts for p in package.patients_with_consents(part.bundle)):
        revoking.tell(tx, hub, patient, message_id=message.id)
    gating.settle(tx, hub, message, source, parts)
    settle_message(tx, hub, message, read=bool(parts.parts), issues=issues)


def _hold_expunged(tx: Tx, hub: Hub, message: Message, source: SourceSection) -> None:
    """A record of what was expunged has come again: its bytes are here, and the order stands."""
    hold = holds.place(
        tx,
        kind="law",
        reason="incident.expunged",
        owner_role=hub.settings.hub.privacy_officer,
        subject_type="Message",
        subject_id=str(message.id),
        custody=source.organization,
        message_id=message.id,
    )
    alarm.sound_hold(tx, hub, hold)


def _keep_part(
    tx: Tx, hub: Hub, message: Message, source: SourceSection, whole: Whole, packages: Sequence[Package]
) -> None:
    part = whole.part
    custody, key = source.organization, incident_key(part.incident)
    kinds: dict[str, int] = {}
    found: list[documents.New] = []
    for entry, origin in zip(part.bundle["entry"], part.origins, strict=True):
        resource = entry["resource"]
        kinds[resource["resourceType"]] = kinds.get(resource["resourceType"], 0) + 1
        if resource["resourceType"] == "Task" and referrals.find_by_task(tx, resource["id"]) is not None:
            continue  # the hub's own Task, as answers moved it, is the one that stands
        if resource["resourceType"] == "Consent" and package.stays_ended(tx, resource):
            continue  # what was revoked here is not given anew by the form's being sent again
        found.append(
            documents.New(
                resource=resource,
                custody=custody,
                origin=origin,
                patient_id=package.about(resource),
                incident=key,
                message_id=message.id,
            )
        )
    for pack in packages:
        found.append(
            documents.New(
                resource=package.document(pack.task_id, pack.bundle, pack.origins),
                custody=custody,
                origin=custody,
                patient_id=pack.patient_id,
                incident=key,
                message_id=message.id,
            )
        )
    documents.put_all(tx, found)
    account = part.translation
    trace(
        tx,
        message.id,
        "translate",
        "translated",
        resources=kinds,
        findings=len(whole.issues),
        told_by=len(part.incident.reading.told) or 1,
        unused=len(account.unused),
        dropped=sum(g.count for g in account.dropped),
        held=sum(g.count for g in account.held),
    )
    trace(tx, message.id, "label", "labelled", labels=part.labels)
    gating.hold(tx, hub, message, source, account.held)


def _keep_referral(tx: Tx, hub: Hub, message: Message, source: SourceSection, one: Decided) -> None:
    pack = one.package
    if isinstance(one.to, str):
        hold = holds.place(
            tx,
            kind="routing",
            reason=f"route.{one.to}",
            owner_role=hub.settings.hub.privacy_officer,
            subject_type="Task",
            subject_id=pack.task_id,
            custody=source.organization,
            task_id=pack.task_id,
            message_id=message.id,
        )
        alarm.sound_hold(tx, hub, hold)
        trace(tx, message.id, "release", "held", reason=f"route.{one.to}")
        return
    assert one.verdict is not None
    referral = open_referral(
        tx, hub, pack, one.to, organization=source.organization, custody=source.organization, message_id=message.id
    )
    queue.put(tx, hub, referral, one.to, one.verdict, message_id=message.id)


def open_referral(
    tx: Tx,
    hub: Hub,
    pack: Package,
    to: DestinationSection,
    *,
    organization: str,
    custody: str,
    message_id: int | None,
) -> Referral:
    """A new loop: the center has until respond-by, the referral's own if it gives one, else the destination's. One
    that is known stays as it stands."""
    urgency = queue.urgency_of(pack.urgency)
    own = moment(pack.respond_by) if pack.respond_by else None
    window: timedelta = hub.settings.respond_by(to, urgency)
    made, _ = referrals.create(
        tx,
        task_id=pack.task_id,
        service_request_id=pack.service_request_id,
        patient_id=pack.patient_id,
        destination=to.id,
        organization=organization,
        custody=custody,
        urgency=urgency,
        message_id=message_id,
        requested_at=tx.now,
        respond_by=own or tx.now + window,
    )
    return made
