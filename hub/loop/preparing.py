"""What one claimed delivery needs to be sent, read once: its referral, the decision as it is now, the sealed bytes."""

from __future__ import annotations

from dataclasses import dataclass

from hub.loop import package, revoking
from hub.loop.context import Hub
from hub.loop.releasing import Verdict, decide_kept
from hub.records import Claim, Referral
from hub.settings import DestinationSection
from hub.store import deliveries, investigation_finds, referrals
from hub.store.tx import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A delivery as it may be sent, or may not be any more."""

    referral: Referral
    verdict: Verdict
    payload: bytes


def prepare(hub: Hub, claim: Claim, destination: DestinationSection) -> Ready:
    """Reads what is sent and decides about it again, as everything stands now. Reads the store only.

    A notice of a revocation goes while the consent is revoked, whatever else is decided by now.
    """
    return _notice(hub, claim) if claim.delivery.kind == "notice" else _referral(hub, claim, destination)


def _referral(hub: Hub, claim: Claim, destination: DestinationSection) -> Ready:
    def look(tx: Tx) -> tuple[Referral, package.Kept, list[dict[str, object]], bool, bytes]:
        task = claim.delivery.task_id
        assert task is not None
        known, opened = referrals.ask_by_task(tx, task), package.ask_load(tx, task)
        payload = deliveries.ask_release(tx, claim.delivery.id)
        referral, stands = known(), opened()
        assert referral is not None
        consents = package.ask_known_consents(tx, referral.patient_id)
        stopped = investigation_finds.ask_stands(tx, referral.organization, referral.patient_id)
        kept = stands()
        assert kept is not None
        return referral, kept, consents(), stopped(), payload()

    referral, kept, consents, stopped, payload = hub.store.read(look)
    verdict = decide_kept(
        hub,
        referral,
        kept,
        destination,
        consents=consents,
        now=hub.clock(),
        update=claim.delivery.kind == "update",
        stopped=stopped,
    )
    return Ready(referral=referral, verdict=verdict, payload=payload)


def _notice(hub: Hub, claim: Claim) -> Ready:
    def look(tx: Tx) -> tuple[Referral, Verdict, bytes]:
        assert claim.delivery.task_id is not None
        referral = referrals.find_by_task(tx, claim.delivery.task_id)
        assert referral is not None
        return referral, revoking.verdict(tx, claim.delivery), deliveries.release(tx, claim.delivery.id)

    referral, verdict, payload = hub.store.read(look)
    return Ready(referral=referral, verdict=verdict, payload=payload)
