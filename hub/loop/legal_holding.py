"""A legal hold placed or lifted by a person, with its order, audited."""

from __future__ import annotations

from hub.errors import HubError
from hub.loop.context import Hub
from hub.loop.expunging import ORDER
from hub.loop.hold import name_of
from hub.loop.record import audit
from hub.records import LegalHold, LegalHoldSubject
from hub.store import documents, legal_holds, messages
from hub.store.tx import Tx


def place(
    tx: Tx, hub: Hub, *, custody: str, subject_type: LegalHoldSubject, subject: str, reference: str, by: str
) -> LegalHold:
    """Keeps a subject. Raises HubError `legal-hold.reference`, `legal-hold.custody`, `legal-hold.not-found` when that
    custody holds nothing of it, `hold.person`."""
    person = name_of(by)
    if not ORDER.fullmatch(reference):
        raise HubError("legal-hold.reference", "an order is named by letters, digits and . _ : / -", code="value")
    if hub.settings.posture(custody) is None:
        raise HubError("legal-hold.custody", "there is no such organization", code="value")
    if not _held(tx, custody, subject_type, subject):
        raise HubError("legal-hold.not-found", "this custody holds nothing of that", code="not-found")
    placed = legal_holds.place(
        tx, custody=custody, subject_type=subject_type, subject=subject, reference=reference, by=person
    )
    _audit(tx, hub, placed, person)
    return placed


def lift(tx: Tx, hub: Hub, hold_id: int, *, by: str) -> LegalHold:
    """Ends one. Raises StoreError `store.not-found`, `store.state`; HubError `hold.person`."""
    person = name_of(by)
    lifted = legal_holds.lift(tx, hold_id, by=person)
    _audit(tx, hub, lifted, person)
    return lifted


def _held(tx: Tx, custody: str, subject_type: LegalHoldSubject, subject: str) -> bool:
    if subject_type == "patient":
        return any(one.custody == custody for one in documents.by_patient(tx, subject))
    if subject_type == "incident":
        return bool(documents.by_incident(tx, custody, subject))
    if subject_type == "message":
        found = messages.get(tx, int(subject))
        return found is not None and found.custody == custody
    return True


def _audit(tx: Tx, hub: Hub, held: LegalHold, person: str) -> None:
    audit(
        tx,
        hub,
        who=person,
        action="C" if held.lifted_at is None else "U",
        kind=f"legal-hold.{'placed' if held.lifted_at is None else 'lifted'}",
        entity=("legal-hold", held.id),
        custody=held.custody,
        detail=(f"order:{held.reference}",),
    )
