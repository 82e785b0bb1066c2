"""What a reader's view may be cached under: the versions of the consents, the records and the policy, and until when.

A revocation is another version of a consent, so that no view that was made before it is found again; an expiry needs no
event, since no view is used past it. Nothing else of a decision is kept anywhere: each send decides again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from hub.release.holding import Holding
from hub.release.policy import DEFAULT, ReleasePolicy
from hub.release.request import Context
from hub.release.view import View, look
from mappings.labels.origin import Origin
from mappings.times import zone

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a view may be cached under: `key` changes with each version of a consent, of the records, of the policy;
    the view holds before `until` only, when the next consent begins or ends, and no longer than the day in the
    discloser's zone: a patient comes of age on one."""

    key: str
    until: datetime


def standing(
    holdings: Iterable[Holding], context: Context, consents: Sequence[Json], *, policy: ReleasePolicy = DEFAULT
) -> Standing:
    """The cache key of a reader's view. A revocation is another version of a consent and so another key; an expiry
    needs no event, since a view is not used past it."""
    document = [
        policy.version,
        [context.discloser.reference, context.discloser.role, sorted(context.discloser.identifiers)],
        [
            context.recipient.reference,
            context.recipient.role,
            sorted(context.recipient.identifiers),
            sorted(context.recipient.duties),
        ],
        [context.purpose, context.patient, context.zone, context.law, context.birth_date],
        [[one.type, one.reference, one.at, one.by] for one in context.evidence],
        dict(context.actors),
        sorted(_hash(consent) for consent in consents),
        sorted(
            [one.kind, one.id, len(one.versions), *([_hash(v.resource), *_origin(v.origin)] for v in one.versions)]
            for one in holdings
        ),
    ]
    return Standing(
        key=hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        until=min(t for t in (*_boundaries(list(consents)), _midnight(context)) if t > context.at),
    )


class Views:
    """Views kept by their standing: the same question of the same records under the same consents is decided once.

    `base`: the address that the records are served under. `limit`: most views kept; the oldest goes. Not for several
    threads.
    """

    def __init__(self, base: str, limit: int = 256) -> None:
        self.base = base
        self.limit = limit
        self._kept: dict[str, tuple[datetime, datetime, View]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def look(
        self,
        holdings: Sequence[Holding],
        context: Context,
        consents: Sequence[Json],
        *,
        policy: ReleasePolicy = DEFAULT,
    ) -> View:
        """As `look`, from the cache where that view still stands at `context.at`."""
        stands = standing(holdings, context, consents, policy=policy)
        known = self._kept.get(stands.key)
        if known is not None and known[0] <= context.at < known[1]:
            return known[2]
        made = look(holdings, context, consents, base=self.base, policy=policy)
        self._kept.pop(stands.key, None)
        self._kept[stands.key] = (context.at, stands.until, made)
        while len(self._kept) > self.limit:
            del self._kept[next(iter(self._kept))]
        return made


def _hash(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _origin(origin: Origin | None) -> list[str | None]:
    return [None, None] if origin is None else [origin.reference, origin.role]


def _boundaries(node: Any) -> Iterable[datetime]:
    """Every moment that a Consent names, and the first after it: it was signed then, or revoked, or a period in it
    begins or ends, and which it is does not matter. A date begins and ends with a day of its zone, as a view does."""
    if isinstance(node, list):
        for one in node:
            yield from _boundaries(one)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key != "meta":  # the store's own times begin and end nothing
                yield from _boundaries(value)
    elif isinstance(node, str) and "T" in node:
        try:
            at = datetime.fromisoformat(node)
            if at.tzinfo is not None:
                yield from (at, at + timedelta(microseconds=1))
        except (ValueError, OverflowError):
            return


def _midnight(context: Context) -> datetime:
    """The end of the day in the zone of date-only periods."""
    here = context.at.astimezone(zone(context.zone) or UTC)
    return (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
