"""After a consent is revoked: what waits is decided again, and who holds copies under it is told.

A destination that takes a notice (`revocation = "notice"`) gets one in its lane, after what was sent before. For every
other recipient an alarm rings for this side's privacy officer, with a letter to print. Each is done once for each
revocation. What was disclosed before stays disclosed (45 CFR 164.508(b)(5)(i), 42 CFR 2.31(a)(6)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.errors import HubError
from hub.loop import queue
from hub.loop.context import Hub
from hub.loop.record import audit, trace
from hub.loop.releasing import PURPOSE, Cleared, Verdict, Withheld, party
from hub.loop.reply import FINAL
from hub.records import Delivery, Disclosure, Document, Referral
from hub.release.revocation import BECAUSE, is_revoked, notice_digest, seal_notice
from hub.settings import DestinationSection
from hub.store import alarms, deliveries, disclosures, documents, referrals
from hub.store.tx import Tx
from mappings.fhir.revocation import revocation, revocation_id
from mappings.ids import keyed_uuid
from mappings.render import media_type
from mappings.times import instant


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """An organization that was given something under a consent: when, about which referrals, by which destination."""

    organization: str
    destination: DestinationSection | None
    disclosures: tuple[Disclosure, ...]
    tasks: tuple[str, ...]


def consents_changed(tx: Tx, hub: Hub, patient_id: str, *, message_id: int | None = None) -> None:
    """Acts on whatever now stands in the store about a patient's consents: each open referral is decided again, and
    revocations are told. To be called in the transaction that stores, revokes or restricts a consent.
    """
    for referral in referrals.by_patient(tx, patient_id):
        if referral.status in FINAL or not _configured(hub, referral):
            continue
        queue.decide_again(tx, hub, referral, message_id=message_id)
    tell(tx, hub, patient_id, message_id=message_id)


def tell(tx: Tx, hub: Hub, patient_id: str, *, message_id: int | None = None) -> None:
    """Tells, or has a person tell, each holder of copies under each revoked consent of a patient."""
    for document in documents.by_patient(tx, patient_id, "Consent"):
        if document.resource is None or not is_revoked(document.resource):
            continue
        letters = False
        for holder in holders(tx, hub, document):
            if holder.destination is not None and holder.destination.revocation == "notice" and holder.tasks:
                _queue(tx, hub, document, holder, holder.destination, message_id)
            else:
                letters = True
        if letters:
            _sound(tx, hub, document)


def holders(tx: Tx, hub: Hub, consent: Document) -> list[Holder]:
    """Who was given anything under a Consent, each once, in the order of the first disclosure."""
    if consent.patient_id is None:
        return []
    found: dict[str, list[Disclosure]] = {}
    for one in disclosures.under_consent(
        tx,
        disclosers=[organization.id for organization in hub.settings.organization],
        patient_id=consent.patient_id,
        consent=f"Consent/{consent.resource_id}",
    ):
        if one.manner != "notice":
            found.setdefault(one.recipient, []).append(one)
    made = []
    for organization, given in found.items():
        sent = [deliveries.get(tx, one.delivery_id) for one in given if one.delivery_id is not None]
        ways = [one.destination for one in sent if one is not None]
        destination = next((d for d in hub.settings.destination if ways and d.id == ways[-1]), None)
        tasks = dict.fromkeys(one.task_id for one in sent if one is not None and one.task_id is not None)
        made.append(
            Holder(organization=organization, destination=destination, disclosures=tuple(given), tasks=tuple(tasks))
        )
    return made


def _queue(tx: Tx, hub: Hub, consent: Document, holder: Holder, to: DestinationSection, message_id: int | None) -> None:
    """The notice at the end of the lane of the person's last referral there, unless it is queued or has gone."""
    assert consent.resource is not None
    referral = referrals.find_by_task(tx, holder.tasks[-1])
    if referral is None:
        return
    # One for each revocation: a consent that was signed again and revoked again is another version.
    value = f"{consent.resource_id}\x1f{consent.version}"
    identity = keyed_uuid(hub.namespace_key, consent.custody, "revocation", to.id, value)
    partner = to.form()
    control = revocation_id(identity)
    if deliveries.find_by_control(tx, to.id, control) is not None:
        return
    release = seal_notice(
        consent.resource,
        recipient=party(hub.settings, to.organization),
        purpose=PURPOSE,
        destination=to.id,
        render=lambda ended: revocation(ended, partner, bundle_id=identity, at=instant(tx.now)),
        media_type=media_type(partner),
    )
    deliveries.enqueue(
        tx,
        destination=to.id,
        order_key=referral.patient_id,
        kind="notice",
        custody=consent.custody,
        control_id=control,
        media_type=release.media_type,
        digest=release.decision_digest,
        release=release.bytes,
        message_id=message_id,
        task_id=referral.task_id,
        decided=f"Consent/{consent.resource_id}",
    )
    trace(tx, message_id, "release", "revocation-notice", recipient=to.organization)


def verdict(tx: Tx, delivery: Delivery) -> Verdict:
    """Whether a queued notice still goes: while its consent is revoked as it was when the notice was made."""
    kind, _, name = (delivery.decided or "").partition("/")
    document = documents.current(tx, kind, name)
    consent: dict[str, Any] | None = document.resource if document is not None else None
    if consent is None or not is_revoked(consent):
        return Withheld(purpose=PURPOSE, digest="", overall="deny", entries=())
    return Cleared(
        purpose=PURPOSE,
        digest=notice_digest(consent, delivery.destination),
        overall="permit",
        entries=(),
        payload=deliveries.release(tx, delivery.id),
        media_type=delivery.media_type,
        control_id=delivery.control_id,
        what=(("Consent", name),),
        consents=(),
        basis=(BECAUSE,),
        update=False,
    )


def by_letter(tx: Tx, hub: Hub, delivery: Delivery) -> None:
    """A notice that the destination will not take: a person tells by letter."""
    kind, _, name = (delivery.decided or "").partition("/")
    document = documents.current(tx, kind, name)
    if document is not None:
        _sound(tx, hub, document)


def to_be_told(tx: Tx, hub: Hub, consent: Document) -> list[Holder]:
    """The holders that a letter is for: all but those whose system has the notice or is about to get it."""
    found = []
    for holder in holders(tx, hub, consent):
        notices = [
            one
            for task in holder.tasks
            for one in deliveries.listed(tx, task_id=task)
            if one.kind == "notice"
            and one.decided == f"Consent/{consent.resource_id}"
            and one.created_at >= consent.created_at
        ]
        if not any(one.state in ("ready", "done") for one in notices):
            found.append(holder)
    return found


def _sound(tx: Tx, hub: Hub, consent: Document) -> None:
    """Rings once for each revocation, for the privacy officer of this side: the letter is theirs to send."""
    earlier = alarms.find(tx, kind="revocation", subject_type="Consent", subject_id=consent.resource_id)
    if any(one.raised_at >= consent.created_at for one in earlier):
        return
    alarms.sound(
        tx,
        kind="revocation",
        subject_type="Consent",
        subject_id=consent.resource_id,
        custody=consent.custody,
        owner=hub.settings.hub.privacy_officer,
        repeat_seconds=0.0,  # `ring` rings it at once, and says so
        fallback={"print": f"/console/revocations/{consent.resource_id}"},
    )
    audit(
        tx,
        hub,
        who=hub.name,
        action="E",
        kind="alarm.revocation",
        entity=("Consent", consent.resource_id),
        outcome="4",
        custody=consent.custody,
    )


def letter(tx: Tx, hub: Hub, consent_id: str, *, custody: str) -> tuple[Document, list[Holder]]:
    """A revoked Consent of that custody, with whom a letter is for. Raises HubError `revocation.not-found`."""
    document = documents.current(tx, "Consent", consent_id)
    if document is None or document.custody != custody or not is_revoked(document.resource):
        raise HubError("revocation.not-found", "there is no such revoked consent of yours", code="not-found")
    return document, to_be_told(tx, hub, document)


def _configured(hub: Hub, referral: Referral) -> bool:
    return any(one.id == referral.destination for one in hub.settings.destination)
