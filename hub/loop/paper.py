"""A referral on paper: the fallback when no wire works. What may go is decided now, as for every other way out.

The page that comes of it is a Release to the destination's organization, seen first by the referral's own custody.
Handing it over is the disclosure, and that the hub cannot see: whoever does it notes it (`handed_over`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from hub.errors import ReleaseError
from hub.loop import declared, package, restricted
from hub.loop.context import Hub
from hub.loop.hold import name_of
from hub.loop.record import audit
from hub.loop.releasing import PURPOSE, actors_of, basis, named, origin, party, permitting, policy_for
from hub.records import Disclosure, Referral
from hub.release import Context, Outcome, release
from hub.settings import DestinationSection
from hub.store import disclosures, investigation_finds
from hub.store.tx import Tx
from mappings.partner import GENERIC


def decide_paper(
    hub: Hub,
    referral: Referral,
    kept: package.Kept,
    consents: list[dict[str, Any]],
    destination: DestinationSection,
    *,
    now: datetime,
    render: Callable[[dict[str, Any]], bytes],
) -> Outcome:
    """What of a kept referral may go to its destination on paper now. Records nothing.

    `render` prints the redacted Bundle, with the notice of 42 CFR 2.32 in `Bundle.meta` where one must go along.
    Raises ReleaseError `release.leak`, and what `render` raises.
    """
    settings = hub.settings
    stopped = hub.store.read(lambda tx: investigation_finds.stands(tx, referral.organization, referral.patient_id))
    own = {key: value for key, value in kept.bundle.items() if key != "extension"} | {"type": "transaction"}
    resources = [entry["resource"] for entry in own["entry"]]
    consents = restricted.bearing(hub, consents, resources, recipient=destination.organization, now=now)
    return release(
        own,
        [origin(settings, one) for one in kept.origins],
        Context(
            discloser=party(settings, referral.organization),
            recipient=party(settings, destination.organization, duties=frozenset({"treating"})),
            purpose=PURPOSE,
            patient=f"urn:uuid:{referral.patient_id}",
            at=now,
            zone=next((a.zone for a in settings.agency if a.id == referral.organization), settings.hub.zone),
            actors={**actors_of(kept.bundle), **declared.affiliations(settings)},
        ),
        named(consents, kept.bundle),
        render=render,
        media_type="text/html",
        policy=replace(policy_for(settings, referral.organization, destination.organization), stopped=stopped),
        # Paper takes the notice and the scope as text, whatever the destination's wire can carry.
        partner=replace(GENERIC, id=destination.id, notice="document", scope="document"),
    )


def handed_over(
    hub: Hub,
    referral: Referral,
    kept: package.Kept,
    consents: list[dict[str, Any]],
    destination: DestinationSection,
    *,
    by: str,
) -> Disclosure:
    """Notes that a person handed the page to the center, as a disclosure of this moment, with the audit.

    Raises HubError `hold.person`, and ReleaseError `release.not-permitted` when nothing of it may go now: then nothing
    was printed that could be handed over.
    """
    who = name_of(by)
    outcome = decide_paper(hub, referral, kept, consents, destination, now=hub.clock(), render=orjson.dumps)
    if outcome.release is None or outcome.bundle is None:
        raise ReleaseError("release.not-permitted", "the decision lets nothing go")
    bundle, part2 = outcome.bundle, "notice" in outcome.release.obligations

    def work(tx: Tx) -> Disclosure:
        made = disclosures.intend(
            tx,
            delivery_id=None,
            discloser=referral.organization,
            recipient=destination.organization,
            purpose=PURPOSE,
            patient_id=referral.patient_id,
            what=[(e["resource"]["resourceType"], e["resource"]["id"]) for e in bundle["entry"]],
            consents=permitting(outcome, consents),
            digest=outcome.decision.digest,
            manner="paper",
            basis=basis(outcome),
            part2=part2,
        )
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
            detail=(f"to:{destination.organization}", "paper"),
        )
        return disclosures.settle(tx, made.id, "sent")

    return hub.store.write(work)
