"""A medical emergency: records to medical personnel without the patient's consent, and somebody looks at it afterwards.

42 CFR 2.51: a bona fide medical emergency in which consent cannot be obtained; to medical personnel; documented at
once: who received and with whom they are, who disclosed, when, the nature of the emergency. 45 CFR 164.506(c) for
records under HIPAA alone. What goes is decided as every release is, with that evidence. The disclosure is on record
before a byte is handed out, and a hold of kind `review` for the privacy officer with it: it holds nothing up, and
stays open, ringing, until a person says whether it was right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from hub.errors import HubError
from hub.loop import alarm, package
from hub.loop.context import Hub
from hub.loop.hold import name_of
from hub.loop.record import audit, trace
from hub.loop.releasing import actors_of, basis, entries_of, named, origin, party, permitting, policy_for
from hub.records import Disclosure, Hold, Referral
from hub.release import Context, Evidence, Outcome, Party, release
from hub.store import decisions, disclosures, holds, investigation_finds, referrals, vault
from hub.store.tx import Tx
from mappings.partner import Partner
from mappings.times import instant

#: v3-ActReason: emergency treatment.
PURPOSE: Final = "ETREAT"
#: The recipient of an emergency's disclosure where it is no organization of the hub; who it was is sealed.
MEDICAL: Final = "medical-personnel"
REASON: Final = "emergency.disclosed"
#: Paper, or words: it takes the notice and the scope as text.
_PAPER: Final = Partner(id="emergency", notice="document", scope="document")


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What was handed out: the bytes, their disclosure, and the hold by which it is looked at afterwards."""

    body: bytes
    disclosure: Disclosure
    review: Hold
    at: datetime


def disclose(
    hub: Hub,
    task_id: str,
    *,
    custody: str,
    by: str,
    to_name: str,
    affiliation: str,
    nature: str,
    consent_cannot_be_obtained: bool,
    render: Callable[[dict[str, Any]], bytes],
    recipient: str | None = None,
) -> Given:
    """Hands out what a referral's package holds, to medical personnel in a bona fide emergency.

    `to_name` and `affiliation` say who receives, `nature` what the emergency is; they are sealed in the custody.
    `recipient`: their organization, where the hub has it. Raises HubError `emergency.not-found`,
    `emergency.documentation` (an element of 2.51(c) is missing, or consent could be asked for), `emergency.withheld`
    (the law lets nothing go, to police for instance), `hold.person`, and Leak.
    """
    who = name_of(by)
    said = {"to": to_name.strip(), "affiliation": affiliation.strip(), "nature": nature.strip()}
    if not all(said.values()) or any(len(text) > 500 for text in said.values()):
        raise HubError(
            "emergency.documentation",
            "who receives, their affiliation and the nature of the emergency are written down (42 CFR 2.51(c))",
            code="required",
        )
    if not consent_cannot_be_obtained:
        raise HubError(
            "emergency.documentation", "where consent can be obtained it is asked for (42 CFR 2.51(a))", code="required"
        )
    if recipient is not None and recipient not in {one.id for one in hub.settings.organization}:
        raise HubError("emergency.documentation", "there is no such organization", path="recipient", code="value")

    def look(tx: Tx) -> tuple[Referral, package.Kept, list[dict[str, Any]]]:
        referral = referrals.find_by_task(tx, task_id)
        kept = package.load(tx, task_id)
        if referral is None or kept is None or referral.custody != custody:
            raise HubError("emergency.not-found", "there is no such referral of yours", code="not-found")
        return referral, kept, package.known_consents(tx, referral.patient_id)

    referral, kept, consents = hub.store.read(look)
    now = hub.clock()
    outcome = _decide(hub, referral, kept, consents, now, who=who, recipient=recipient, render=render)
    if outcome.release is None:
        raise HubError("emergency.withheld", "nothing of it may go to that recipient in an emergency", code="forbidden")
    body = outcome.release.bytes
    disclosure, review = hub.store.write(
        lambda tx: _record(tx, hub, referral, kept, outcome, consents, who, said, recipient)
    )
    return Given(body=body, disclosure=disclosure, review=review, at=now)


def documentation(tx: Tx, hold_id: int) -> dict[str, str] | None:
    """What was written down of an emergency (2.51(c)): to, affiliation, nature, by, at. None for another hold."""
    found = vault.find(tx, "hold", hold_id, "emergency")
    return None if found is None else dict(orjson.loads(found))


def _decide(
    hub: Hub,
    referral: Referral,
    kept: package.Kept,
    consents: list[dict[str, Any]],
    now: datetime,
    *,
    who: str,
    recipient: str | None,
    render: Callable[[dict[str, Any]], bytes],
) -> Outcome:
    settings = hub.settings
    stopped = hub.store.read(lambda tx: investigation_finds.stands(tx, referral.organization, referral.patient_id))
    duties = frozenset({"medical-personnel"})
    to = (
        Party(reference=None, role="covered-entity", duties=duties)
        if recipient is None
        else party(settings, recipient, duties=duties)
    )
    own = {key: value for key, value in kept.bundle.items() if key != "extension"} | {"type": "collection"}
    return release(
        own,
        [origin(settings, one) for one in kept.origins],
        Context(
            discloser=party(settings, referral.organization),
            recipient=to,
            purpose=PURPOSE,
            patient=f"urn:uuid:{referral.patient_id}",
            at=now,
            zone=next((a.zone for a in settings.agency if a.id == referral.organization), settings.hub.zone),
            actors=actors_of(kept.bundle),
            evidence=(Evidence(type="emergency", reference=f"Task/{referral.task_id}", at=instant(now), by=who),),
        ),
        named(consents, kept.bundle),
        render=render,
        media_type="text/html",
        policy=replace(policy_for(settings, referral.organization, recipient or ""), stopped=stopped),
        partner=_PAPER,
        core=frozenset({"Patient"}),
    )


def _record(
    tx: Tx,
    hub: Hub,
    referral: Referral,
    kept: package.Kept,
    outcome: Outcome,
    consents: list[dict[str, Any]],
    who: str,
    said: dict[str, str],
    recipient: str | None,
) -> tuple[Disclosure, Hold]:
    """Everything in one commit, before the bytes are handed out: disclosure, documentation, review, audit."""
    assert outcome.release is not None
    assert outcome.bundle is not None
    made = disclosures.intend(
        tx,
        delivery_id=None,
        discloser=referral.organization,
        recipient=recipient or MEDICAL,
        purpose=PURPOSE,
        patient_id=referral.patient_id,
        what=[(e["resource"]["resourceType"], e["resource"]["id"]) for e in outcome.bundle["entry"]],
        consents=permitting(outcome, consents),
        digest=outcome.decision.digest,
        manner="emergency",
        basis=basis(outcome),
        part2="notice" in outcome.release.obligations,
        to_whom=f"{said['to']}, {said['affiliation']}",
    )
    # It is handed out by whoever reads this answer: it counts as made.
    settled = disclosures.settle(tx, made.id, "sent")
    decisions.record(
        tx,
        custody=referral.custody,
        recipient=recipient or MEDICAL,
        purpose=PURPOSE,
        verdict=outcome.decision.decision,
        digest=outcome.decision.digest,
        entries=entries_of(outcome, kept.bundle),
        message_id=referral.message_id,
        task_id=referral.task_id,
    )
    review = holds.place(
        tx,
        kind="review",
        reason=REASON,
        owner_role=hub.settings.hub.privacy_officer,
        subject_type="Disclosure",
        subject_id=str(made.id),
        custody=referral.custody,
        task_id=referral.task_id,
        message_id=referral.message_id,
    )
    vault.put(
        tx,
        "hold",
        review.id,
        "emergency",
        orjson.dumps({**said, "by": who, "at": instant(tx.now)}),
        custody=referral.custody,
    )
    alarm.sound_hold(tx, hub, review)
    trace(tx, referral.message_id, "release", "emergency", disclosure=made.id, purpose=PURPOSE)
    audit(
        tx,
        hub,
        who=who,
        action="E",
        kind="disclosure",
        entity=("disclosure", made.id),
        custody=referral.custody,
        purpose=PURPOSE,
        patient_id=referral.patient_id,
        detail=(f"to:{recipient or MEDICAL}", REASON),
    )
    return settled, review
