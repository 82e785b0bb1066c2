"""An incident removed by order: expungement or sealing. Its content goes for good; that it was here, and who has it,
stays.

One custody's records go, those of the agency that the order binds. What another custody holds of the same incident is
that organization's own record, and is only named. Copies that were disclosed are with their recipients: they are
listed, for whoever must tell them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from hub.errors import HubError
from hub.loop.context import Hub
from hub.loop.hold import name_of
from hub.loop.merging import in_use
from hub.loop.record import audit, trace
from hub.records import AlarmKind, Disclosure, KeptTelling
from hub.store import (
    alarms,
    deliveries,
    disclosures,
    documents,
    holds,
    legal_holds,
    messages,
    referrals,
    tellings,
    unmapped,
    vault,
)
from hub.store.tx import Tx

#: The order as the audit shall have it: a docket or letter number. Text about a person has no place there.
ORDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,59}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expunged:
    """What an order removed: messages, documents (type and id), deliveries stopped before they went.

    `recipients` are the disclosures that were made, `elsewhere` the other organizations with records of their own
    under the incident's number.
    """

    messages: tuple[int, ...]
    documents: tuple[tuple[str, str], ...]
    stopped: tuple[int, ...]
    recipients: tuple[Disclosure, ...]
    elsewhere: tuple[str, ...]
    at: datetime


def expunge(
    tx: Tx,
    hub: Hub,
    number: str,
    *,
    custody: str,
    order: str,
    by: str,
    agency: str | None = None,
    with_files: bool = False,
) -> Expunged:
    """Removes what `custody` holds of the incident with that CAD event or case number, in this transaction.

    Bytes, canonical records, documents in all versions, packages and sealed releases are deleted; rows without content,
    the disclosures, the decisions and the audit stay. The same record that comes again is held. `agency`: whose number
    it is; None: any that is configured. `with_files`: also the bytes of messages that tell of other incidents too,
    which then cannot be replayed.

    Raises HubError `incident.order`, `incident.custody`, `incident.not-found`, `incident.shared-message` (nothing is
    done without `with_files`), `incident.sending` (a release of it is being sent now: try again),
    `incident.legal-hold` (it must be kept), and `hold.person`.
    """
    person = name_of(by)
    if not ORDER.fullmatch(order):
        raise HubError(
            "incident.order", "an order is named by letters, digits and . _ : / -", path="order", code="value"
        )
    if custody not in {organization.id for organization in hub.settings.organization}:
        raise HubError("incident.custody", "there is no such organization", path="custody", code="value")
    agencies = [agency] if agency is not None else [one.id for one in hub.settings.agency]
    told = _tellings(tx, hub, number, custody, agencies)
    filed = [d for one in agencies for d in documents.by_incident(tx, custody, f"{one}|{number}")]
    if not told and not filed:
        raise HubError("incident.not-found", "this custody holds nothing under that number", code="not-found")

    took = _messages(tx, told, [d.message_id for d in filed if d.resource_type == "Encounter" and d.message_id])
    shared = [one for one in took if _tells_more(tx, one, told)]
    if shared and not with_files:
        raise HubError(
            "incident.shared-message",
            "a message of it tells of other incidents too: their bytes would go with it",
            path=", ".join(str(one) for one in shared),
            code="conflict",
        )
    if legal_holds.of_messages(tx, custody, took):
        raise HubError("incident.legal-hold", "a legal hold stands on it: lift it first", code="conflict")
    made = [pair for one in told for pair in one.made] + [(d.resource_type, d.resource_id) for d in filed]
    made += [("Bundle", name) for kind, name in made if kind == "Task"]
    apart = tellings.others(tx, custody, [one.id for one in told])
    gone = [pair for pair in dict.fromkeys(made) if pair not in apart]
    stopped = _stop(tx, gone, custody)
    removed = []
    for kind, name in sorted(gone, key=lambda pair: pair[0] == "Patient"):
        if kind == "Patient" and in_use(tx, name, gone):
            continue
        if documents.expunge(tx, kind, name, custody):
            removed.append((kind, name))
    for one in told:
        tellings.expunge(tx, one.id)
    for message_id in took:
        messages.expunge(tx, message_id)
        trace(tx, message_id, "record", "expunged", order=order)
        for held in holds.listed(tx, message_id=message_id):
            holds.resolve(tx, held.id, state="rejected", by=person, reason_code="expunged")
            _quiet(tx, "Hold", str(held.id))
    unmapped.forget(tx, took)
    _audit(tx, hub, person, custody, order, took, removed)
    recipients = tuple(_disclosed(tx, set(gone)))
    return Expunged(
        messages=tuple(took),
        documents=tuple(removed),
        stopped=tuple(stopped),
        recipients=recipients,
        elsewhere=tuple(_elsewhere(tx, hub, number, custody, agencies)),
        at=tx.now,
    )


def _tellings(tx: Tx, hub: Hub, number: str, custody: str, agencies: list[str]) -> list[KeptTelling]:
    """What was told of the incident: by its CAD number, with the reports that have only its case; or by its case."""
    owners = dict.fromkeys([custody, *(o.id for o in hub.settings.organization), *agencies])
    keys = [tellings.keys_of(tx, custody, owner, agency, number, number) for owner in owners for agency in agencies]
    numbers, cases = {one for one, _ in keys}, {one for _, one in keys}
    related = [one for one in tellings.related(tx, keys) if one.custody == custody and one.state != "expunged"]
    named = [one for one in related if one.number_key in numbers or one.case_key in cases]
    theirs = {one.case_key for one in named if one.case_key is not None}
    theirs -= {one.case_key for one in related if one.number_key is not None and one not in named}
    return named + [one for one in related if one not in named and one.number_key is None and one.case_key in theirs]


def _messages(tx: Tx, told: list[KeptTelling], more: list[int]) -> list[int]:
    found: dict[int, None] = dict.fromkeys([*(one.message_id for one in told), *more])
    for message_id in tuple(found):
        found |= dict.fromkeys(one.id for one in messages.repeated_by(tx, message_id))
    return sorted(found)


def _tells_more(tx: Tx, message_id: int, told: list[KeptTelling]) -> bool:
    mine = {one.id for one in told}
    return any(one.id not in mine and one.state != "expunged" for one in tellings.of_messages(tx, [message_id]))


def _stop(tx: Tx, gone: list[tuple[str, str]], custody: str) -> list[int]:
    """Nothing more goes of it: what waits is given up, its bytes are deleted, its loop is closed."""
    stopped = []
    for task_id in (name for kind, name in gone if kind == "Task"):
        referral = referrals.find_by_task(tx, task_id)
        if referral is None or referral.custody != custody:
            continue
        for delivery in deliveries.listed(tx, task_id=task_id):
            if delivery.state == "ready":
                if not deliveries.give_up(tx, delivery.id):
                    raise HubError("incident.sending", "a release of it is being sent: try again", code="conflict")
                stopped.append(delivery.id)
            if delivery.custody == custody:
                vault.remove(tx, "delivery", delivery.id)
        if referral.closed_at is None:
            referrals.change(
                tx, task_id, status="cancelled", business_status="cancelled", closed_at=tx.now, respond_by=None
            )
        _quiet(tx, "Task", task_id)
    return stopped


def _quiet(tx: Tx, subject_type: str, subject_id: str) -> None:
    """Its alarms stop, and what they said to do instead, which may name somebody, is deleted."""
    for kind in get_args(AlarmKind):
        for one in alarms.find(tx, kind=kind, subject_type=subject_type, subject_id=subject_id):
            vault.remove(tx, "alarm", one.id)
        alarms.clear(tx, kind=kind, subject_type=subject_type, subject_id=subject_id)


def _audit(
    tx: Tx, hub: Hub, person: str, custody: str, order: str, took: list[int], removed: list[tuple[str, str]]
) -> None:
    """One event for each message, and one for each patient's record that went."""
    for message_id in took:
        audit(
            tx,
            hub,
            who=person,
            action="D",
            kind="incident.expunged",
            entity=("message", message_id),
            custody=custody,
            detail=(f"order:{order}",),
        )
    for kind, name in removed:
        if kind in ("Encounter", "Patient"):
            audit(
                tx,
                hub,
                who=person,
                action="D",
                kind="incident.expunged",
                entity=(kind, name),
                custody=custody,
                patient_id=name if kind == "Patient" else None,
                detail=(f"order:{order}",),
            )


def _disclosed(tx: Tx, gone: set[tuple[str, str]]) -> list[Disclosure]:
    """The disclosures of any of it, oldest first. Still `intended` ones too: bytes may be on their way."""
    found = disclosures.listed(tx, limit=10_000_000)
    return [one for one in found if one.state != "not-sent" and not gone.isdisjoint(one.what)]


def _elsewhere(tx: Tx, hub: Hub, number: str, custody: str, agencies: list[str]) -> list[str]:
    return [
        organization.id
        for organization in hub.settings.organization
        if organization.id != custody
        and any(documents.by_incident(tx, organization.id, f"{agency}|{number}") for agency in agencies)
    ]
