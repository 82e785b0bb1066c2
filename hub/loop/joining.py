"""Lanes follow a merge: when the hub learns that two records are one person, what waits for either goes in one order.

It is done in the transaction that keeps the merge. Where a delivery of either is just being sent, the join is written
down in that transaction instead, no other delivery of the two is begun, and whichever hub looks next does it once that
sending has ended or its lease has run out. So a kill in between loses nothing: the merge and what is due stand
together.
"""

from __future__ import annotations

from typing import Any

from hub.loop.context import Hub
from hub.loop.record import audit
from hub.store import lanes
from hub.store.tx import Tx

_REPLACED, _REPLACES = "replaced-by", "replaces"


def follow(tx: Tx, hub: Hub, patient: dict[str, Any]) -> None:
    """Joins the lanes of a Patient and of those that its `link` says it replaces or is replaced by."""
    own = str(patient["id"])
    for link in patient.get("link", ()):
        other = str(link.get("other", {}).get("reference", "")).removeprefix("urn:uuid:").removeprefix("Patient/")
        if not other or link.get("type") not in (_REPLACED, _REPLACES):
            continue
        pair = (own, other) if link["type"] == _REPLACED else (other, own)
        if lanes.led_to(tx, pair[0]) == lanes.led_to(tx, pair[1]):
            continue
        moved = lanes.join_when_free(tx, *pair)
        if moved is not None:
            _note(tx, hub, *pair)


def finish(tx: Tx, hub: Hub) -> int:
    """Does the joins that are due and can be done by now; how many."""
    done = lanes.join_due(tx)
    for order_key, into in done:
        _note(tx, hub, order_key, into)
    return len(done)


def _note(tx: Tx, hub: Hub, order_key: str, into: str) -> None:
    audit(tx, hub, who=hub.name, action="U", kind="lane.joined", entity=("Patient", order_key), detail=(into,))
