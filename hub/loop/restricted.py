"""How a patient's restrictions bear on one release: for what was recorded by when, and toward whom.

Both are facts of the hub and of its settings, which the pure decision does not know. So a refusal is put into the
decision's own terms before it: which entries it names, or that it is about somebody else. Whatever is not known is
refused: a recipient of whom nothing is declared may be a health plan, and a record whose first version is gone may be
older than any notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from hub.loop.context import Hub
from hub.release.consent import moment
from hub.settings import Settings
from hub.store import documents
from mappings.fhir.consent import PART2_ELEMENTS

#: Consent.policy.uri of a refusal that keeps a restriction.
POLICY: Final = "https://www.ecfr.gov/current/title-45/section-164.522"
#: How a refusal toward any health plan names its recipients.
HEALTH_PLANS: Final = "health plans"
#: Who the patient is, and who works where: what a referral says of them was given with the referral, whenever the
#: resource was first made.
_WITH_THE_REFERRAL: Final = frozenset({"Patient", "Organization", "Practitioner", "PractitionerRole"})

Json = dict[str, Any]
_Key = tuple[str, str]


def bearing(
    hub: Hub, consents: Sequence[Json], entries: Sequence[Json], *, recipient: str, now: datetime
) -> list[Json]:
    """The consents as they bear on these resources, to an organization of the settings.

    A restriction that its custody ended by notice names the entries that were recorded before (45 CFR
    164.522(a)(2)(iii)(B)), or is left out where there is none; a resource that is not kept yet is recorded `now`.
    """
    found = toward(hub.settings, consents, recipient)
    if not any(ends_for_later(one) for one in found):
        return found
    keys = [(str(one["resourceType"]), str(one["id"])) for one in entries if "id" in one]
    times = hub.store.read(lambda tx: documents.first_recorded(tx, keys))
    task = next((key for key in keys if key[0] == "Task"), None)
    bounded = (_bounded(one, keys, times, task, now) if ends_for_later(one) else one for one in found)
    return [one for one in bounded if one is not None]


def toward(settings: Settings, consents: Sequence[Json], recipient: str | None) -> list[Json]:
    """The consents without the refusals toward health plans where the recipient is declared to be none."""
    declared = next((one.health_plan for one in settings.organization if one.id == recipient), None)
    return [one for one in consents if not (declared is False and _toward_health_plans(one))]


def ends_for_later(consent: Json) -> bool:
    """Whether it is a restriction that does not hold for what was recorded after its custody's notice."""
    return "dataPeriod" in consent.get("provision", {}) and any(
        one.get("uri") == POLICY for one in consent.get("policy", ())
    )


def _toward_health_plans(consent: Json) -> bool:
    if consent.get("provision", {}).get("type") != "deny":
        return False
    return any(
        part.get("url") == "recipientClass" and part.get("valueString") == HEALTH_PLANS
        for extension in consent.get("extension", ())
        if extension.get("url") == PART2_ELEMENTS
        for part in extension.get("extension", ())
    )


def _bounded(
    consent: Json, keys: Sequence[_Key], times: Mapping[_Key, datetime | None], task: _Key | None, now: datetime
) -> Json | None:
    provision = consent["provision"]
    ended = moment(provision["dataPeriod"]["end"])

    def earlier(key: _Key) -> bool:
        of = task if key[0] in _WITH_THE_REFERRAL and task is not None else key
        at = times.get(of, now)
        return at is None or at <= ended

    named = [
        {"meaning": "instance", "reference": {"reference": f"{kind}/{name}"}}
        for kind, name in keys
        if earlier((kind, name))
    ]
    if not named:
        return None
    kept = {key: value for key, value in provision.items() if key != "dataPeriod"}
    return {**consent, "provision": {**kept, "data": named}}
