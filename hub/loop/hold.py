"""A hold settled by a person: released, it is decided again; rejected, it stays where it is. Either way it is audited.

Releasing cannot overrule the decision: what the law layer, a consent or the policy refuses goes nowhere, and what is
still unclear is held anew. A routing hold is where a person says which center's system takes the referral.
"""

from __future__ import annotations

from typing import Any

from hub.errors import HubError
from hub.loop import gating, package, queue, reasons
from hub.loop.context import Hub
from hub.loop.keeping import open_referral
from hub.loop.reasons import Action
from hub.loop.record import audit, trace
from hub.loop.reply import FINAL
from hub.records import Hold, Referral
from hub.settings import DestinationSection
from hub.store import alarms, deliveries, holds, inputs, referrals
from hub.store.tx import Tx
from mappings.fhir.referral import Package
from mappings.times import moment


def resolve(
    tx: Tx,
    hub: Hub,
    hold_id: int,
    *,
    action: Action,
    by: str,
    reason_code: str,
    destination: str | None = None,
    evidence: str | None = None,
) -> Hold:
    """Settles a hold in this transaction: its state, its alarm, the audit, and what it held up is decided again.

    `by` is the person, `reason_code` why (one of `loop.reasons`), `evidence` a reference to a paper outside the hub.
    `destination` is for routing holds only. Raises HubError `hold.reason-code`, `hold.evidence`, `hold.destination`,
    `hold.sent` (a referral that may have gone to one center is not turned to another), `hold.person`, and StoreError
    `store.state` when the hold is not open: a decision is not overwritten.
    """
    known = holds.get(tx, hold_id)
    reasons.check(known.kind if known is not None else None, action, reason_code, evidence)
    person = name_of(by)
    to = _destination(hub, known, action, destination)
    given = {key: value for key, value in (("reference", evidence), ("destination", destination)) if value}
    hold = holds.resolve(
        tx,
        hold_id,
        state="released" if action == "release" else "rejected",
        by=person,
        reason_code=reason_code,
        evidence=given or None,
    )
    for kind in ("held", "provenance"):
        alarms.clear(tx, kind=kind, subject_type="Hold", subject_id=str(hold.id))
    trace(tx, hold.message_id, "release", f"hold-{hold.state}", hold=hold.id, kind=hold.kind, reason=reason_code)
    audit(
        tx,
        hub,
        who=person,
        action="U",
        kind=f"hold.{hold.state}",
        entity=("hold", hold.id),
        custody=hold.custody,
        detail=(hold.reason, reason_code, *((f"to:{to.organization}",) if to else ())),
    )
    if hold.kind == "cjis":
        gating.resolved(tx, hub, hold)
    if hold.kind == "review":
        return hold  # it held nothing up
    if action == "release":
        _again(tx, hub, hold, to)
    else:
        _stays(tx, hold)
    return hold


def name_of(person: str) -> str:
    """A person's name as the audit has it. Raises HubError `hold.person` when it is empty, long or not printable."""
    name = " ".join(person.split())
    if not 0 < len(name) <= 80 or not name.isprintable():
        raise HubError("hold.person", "a name of 1 to 80 printable characters", path="by", code="value")
    return name


def _destination(hub: Hub, hold: Hold | None, action: Action, destination: str | None) -> DestinationSection | None:
    wrong = None
    if not destination:
        if hold is not None and hold.kind == "routing" and hold.reason.startswith("route.") and action == "release":
            wrong = "a routing hold is released to a destination"
    elif hold is not None and (hold.kind != "routing" or action != "release"):
        wrong = "only the release of a routing hold names a destination"
    else:
        try:
            return hub.settings.destination_of(destination)
        except KeyError:
            wrong = "there is no such destination"
    if wrong is not None:
        raise HubError("hold.destination", wrong, path="destination", code="value")
    return None


def _again(tx: Tx, hub: Hub, hold: Hold, to: DestinationSection | None) -> None:
    """Decides again what was held up: its referral, or every referral that its message opened. A message that broke
    a step is taken in again."""
    if hold.task_id is not None:
        referral = referrals.find_by_task(tx, hold.task_id)
        if referral is None and to is not None:
            _open(tx, hub, hold, to)
        elif referral is not None:
            _decide(tx, hub, referral if to is None else _turn(tx, hub, referral, to), hold)
    elif (hold.kind == "fault" or hold.reason == "receive.conflict") and hold.message_id is not None:
        inputs.replay(tx, hold.message_id)  # the same bytes, read anew
    elif hold.message_id is not None:
        for referral in referrals.by_message(tx, hold.message_id):
            _decide(tx, hub, referral, hold)


def _stays(tx: Tx, hold: Hold) -> None:
    """A rejected hold: nothing goes as things are. The referral stays open, so silence about it still rings."""
    referral = referrals.find_by_task(tx, hold.task_id) if hold.task_id is not None else None
    if referral is not None and referral.business_status == "held":
        referrals.change(tx, referral.task_id, business_status="withheld")


def _open(tx: Tx, hub: Hub, hold: Hold, to: DestinationSection) -> None:
    """The referral of a package that was kept without one, for want of a destination."""
    assert hold.task_id is not None
    kept = package.load(tx, hold.task_id)
    if kept is None:
        raise HubError("hold.package", "the referral's package is not here any more", code="not-found")
    referral = open_referral(
        tx, hub, _package(kept, to), to, organization=hold.custody, custody=hold.custody, message_id=hold.message_id
    )
    _decide(tx, hub, referral, hold)


def _package(kept: package.Kept, to: DestinationSection) -> Package:
    """A kept package as the mapping library hands packages out, with what its Task says."""
    resources: dict[tuple[str, str], dict[str, Any]] = {
        (entry["resource"]["resourceType"], entry["resource"]["id"]): entry["resource"]
        for entry in kept.bundle["entry"]
    }
    urls = {entry["fullUrl"]: entry["resource"]["id"] for entry in kept.bundle["entry"]}

    def target(reference: dict[str, str]) -> str:
        return str(urls.get(reference["reference"]) or reference["reference"].rpartition("/")[2])

    task = resources["Task", kept.task_id]
    return Package(
        task_id=kept.task_id,
        service_request_id=target(task["focus"]),
        patient_id=target(task["for"]),
        organization=to.organization,
        urgency=task.get("priority", "routine"),
        respond_by=task.get("restriction", {}).get("period", {}).get("end"),
        bundle=kept.bundle,
        origins=kept.origins,
    )


def _turn(tx: Tx, hub: Hub, referral: Referral, to: DestinationSection) -> Referral:
    """The referral turned to another destination, unless the first may have it: then two centers would."""
    if referral.destination == to.id:
        return referral
    waiting = deliveries.listed(tx, task_id=referral.task_id, state="ready")
    sent = any(d.state == "done" or d.attempts for d in deliveries.listed(tx, task_id=referral.task_id))
    if sent or not all(deliveries.give_up(tx, one.id) for one in waiting):
        raise HubError("hold.sent", "the referral may have reached its first destination", code="conflict")
    kept = package.load(tx, referral.task_id)
    own = _package(kept, to).respond_by if kept is not None else None
    due = moment(own) if own else None
    urgency = "routine" if referral.urgency not in to.respond_within else referral.urgency
    return referrals.change(
        tx,
        referral.task_id,
        destination=to.id,
        respond_by=due or tx.now + hub.settings.respond_by(to, urgency),
    )


def _decide(tx: Tx, hub: Hub, referral: Referral, hold: Hold) -> None:
    if referral.status not in FINAL:
        queue.decide_again(tx, hub, referral, message_id=hold.message_id)
