"""A referral on paper: the fallback when no wire works. What may go is decided now, as for every other way out.

The page that comes of it is a Release to the destination's organization, seen first by the referral's own custody.
Handing it over is the disclosure, and that the hub cannot see: whoever does it notes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.loop import declared, package
from hub.loop.context import Hub
from hub.loop.releasing import PURPOSE, actors_of, named, origin, party, policy_for
from hub.records import Referral
from hub.release import Context, Outcome, release
from hub.settings import DestinationSection
from hub.store import investigation_finds
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
