"""Claims: the right to send a lane's head for a while, and how a sending ends.

A claim holds while its owner and fence are the lane's and its lease runs. Every ending is one UPDATE under that
condition; when it changes no row the claim was lost, and nothing at all is written. Retry moves the lane's
`ready_at` and holds no worker. Fencing guards the database, not the other side: a paused sender can still send late
or twice, so every send must be idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Update, select, update

from hub.records import AttemptOutcome, Claim, Tried
from hub.store import deliveries
from hub.store.tables import EPOCH, ZERO, attempt, delivery, lane, message
from hub.store.tx import Tx


def take(
    tx: Tx,
    *,
    owner: str,
    lease_seconds: float,
    limit: int,
    destination: str | None = None,
    skip: Collection[str] = (),
) -> list[Claim]:
    """Claim up to `limit` lanes that are ready, longest waiting first, each with its head.

    `skip` names destinations with an open breaker or no free slot: they are left out before the limit, so that a
    dead one does not starve the rest. With `destination`, only its lanes.
    """
    ready = select(lane.c.id).where(
        lane.c.depth > ZERO, lane.c.blocked.is_(None), lane.c.ready_at <= tx.now, lane.c.lease_until <= tx.now
    )
    if destination is not None:
        ready = ready.where(lane.c.destination == destination)
    if skip:
        ready = ready.where(lane.c.destination.not_in(sorted(skip)))
    ready = ready.order_by(lane.c.ready_at, lane.c.id).limit(limit).with_for_update(skip_locked=True)
    ids = tx.connection.execute(ready).scalars().all()
    if not ids:
        return []
    until = tx.now + timedelta(seconds=lease_seconds)
    rows = tx.connection.execute(
        update(lane)
        .where(lane.c.id.in_(ids))
        .values(lease_until=until, owner=owner, fence=lane.c.fence + 1)
        .returning(lane.c.id, lane.c.fence, lane.c.attempts)
    ).all()
    taken = {row.id: row for row in rows}
    heads = deliveries.heads(tx, ids)
    return [
        Claim(
            lane_id=lane_id,
            owner=owner,
            fence=taken[lane_id].fence,
            lease_until=until,
            attempts=taken[lane_id].attempts,
            delivery=heads[lane_id],
        )
        for lane_id in ids
    ]


def extend(tx: Tx, claim: Claim, *, lease_seconds: float) -> Claim | None:
    """Hold a slow send's lane longer (heartbeat): the claim as it is now, or None when it was lost."""
    until = tx.now + timedelta(seconds=lease_seconds)
    changed = tx.connection.execute(_held(tx, claim).values(lease_until=until))
    return replace(claim, lease_until=until) if changed.rowcount == 1 else None


def take_back(tx: Tx, gone: Callable[[str], bool]) -> int:
    """End the claims, on lanes and on messages, of owners that are gone: what they held need not wait for its lease.

    `gone` is asked for each owner of a running lease; it answers only for processes that it can see. The fence keeps
    out an owner that was not gone after all. Returns how many claims were ended.
    """
    ended = 0
    for table in (lane, message):
        held = (table.c.owner.is_not(None), table.c.lease_until > tx.now)
        owners = tx.connection.execute(select(table.c.owner).where(*held).distinct()).scalars().all()
        lost = [owner for owner in owners if gone(owner)]
        if lost:
            freed = update(table).where(*held, table.c.owner.in_(lost)).values(lease_until=EPOCH, owner=None)
            ended += tx.connection.execute(freed).rowcount
    return ended


def give_back(tx: Tx, claim: Claim, *, delay_seconds: float = 0.0) -> bool:
    """Let go of a lane without an attempt (stopping, a breaker that opened). False when it was lost."""
    later = tx.now + timedelta(seconds=delay_seconds)
    changed = tx.connection.execute(_held(tx, claim).values(lease_until=EPOCH, owner=None, ready_at=later))
    tx.wake("lanes")
    return changed.rowcount == 1


def settle(
    tx: Tx, claim: Claim, state: Literal["done", "dead", "parked", "superseded"], tried: Tried | None = None
) -> bool:
    """End the delivery; the lane goes on with the next. False when the claim was lost: nothing was written.

    `done`: the destination has it. `parked`: it refused for good and its policy is skip-and-park. `dead`: given up.
    `superseded`: the decision has changed. `tried` is None only when nothing was sent.
    """
    freed = _held(tx, claim).values(depth=lane.c.depth - 1, lease_until=EPOCH, owner=None, ready_at=tx.now, attempts=0)
    if tx.connection.execute(freed).rowcount != 1:
        return False
    values: dict[str, Any] = {"state": state, "done_at": tx.now}
    if tried is not None:
        values["last_error"] = tried.error
    _record(tx, claim, state, tried, values)
    tx.wake("lanes")
    return True


def retry(
    tx: Tx,
    claim: Claim,
    tried: Tried,
    *,
    jitter: float,
    base_seconds: float = 2.0,
    cap_seconds: float = 900.0,
    after_seconds: float = 0.0,
) -> datetime | None:
    """Try the same delivery again later, the lane behind it waiting: when, or None when the claim was lost.

    Full jitter: `jitter` (0 to 1, injected) of min(cap, base * 2^attempts), and never before `after_seconds`, which
    is what the destination asked for (Retry-After).
    """
    later = tx.now + timedelta(
        seconds=max(after_seconds, backoff(claim.attempts, jitter=jitter, base=base_seconds, cap=cap_seconds))
    )
    moved = _held(tx, claim).values(ready_at=later, lease_until=EPOCH, owner=None, attempts=lane.c.attempts + 1)
    if tx.connection.execute(moved).rowcount != 1:
        return None
    _record(tx, claim, "retry", tried, {"last_error": tried.error})
    tx.wake("lanes")
    return later


def block(tx: Tx, claim: Claim, tried: Tried | None, reason: str) -> bool:
    """Stop the lane with this delivery at its head until a person unblocks it or gives the delivery up.

    `reason` is a rule code. False when the claim was lost.
    """
    if tx.connection.execute(_held(tx, claim).values(blocked=reason, lease_until=EPOCH, owner=None)).rowcount != 1:
        return False
    _record(tx, claim, "blocked", tried, {"last_error": tried.error if tried else reason})
    return True


def backoff(attempts: int, *, jitter: float, base: float, cap: float) -> float:
    """Seconds to wait after `attempts` failures before this one (full jitter)."""
    # 2 ** 1000 does not become a float
    return jitter * min(cap, base * 2.0 ** min(attempts, 64))


def _held(tx: Tx, claim: Claim) -> Update:
    return update(lane).where(
        lane.c.id == claim.lane_id,
        lane.c.owner == claim.owner,
        lane.c.fence == claim.fence,
        lane.c.lease_until > tx.now,
    )


def _record(tx: Tx, claim: Claim, outcome: AttemptOutcome, tried: Tried | None, values: dict[str, Any]) -> None:
    if tried is not None:
        values["attempts"] = delivery.c.attempts + 1
        tx.connection.execute(
            attempt.insert(),
            {
                "delivery_id": claim.delivery.id,
                "started_at": tried.started_at,
                "ended_at": tx.now,
                "outcome": outcome,
                "code": tried.code,
                "error": tried.error,
                "receipt": tried.receipt,
            },
        )
    tx.connection.execute(update(delivery).where(delivery.c.id == claim.delivery.id).values(**values))
