"""Claims: the right to send a lane's head for a while, and how a sending ends.

A claim holds while its owner and fence are the lane's and its lease runs. Every ending is one UPDATE under that
condition; when it changes no row the claim was lost, and nothing at all is written. Retry moves the lane's
`ready_at` and holds no worker. Fencing guards the database, not the other side: a paused sender can still send late
or twice, so every send must be idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Integer, Select, Update, bindparam, func, select, update

from hub.records import AttemptOutcome, Claim, Tried
from hub.store import deliveries
from hub.store.hot import HotStatement, among
from hub.store.tables import EPOCH, ONE, READY, ZERO, Instant, attempt, delivery, lane, message
from hub.store.tx import Tx


def take(
    tx: Tx,
    *,
    owner: str,
    lease_seconds: float,
    limit: int,
    only: Collection[str] | None = None,
    skip: Collection[str] = (),
    room: Mapping[str, int] | None = None,
    drain: Mapping[str, int] | None = None,
) -> list[Claim]:
    """Claim up to `limit` lanes that are ready, longest waiting first, each with its head.

    `skip` names destinations that are paused, broken or full: they are left out before the limit, so that a dead one
    does not starve the rest. `room` says how many lanes of a destination at most; `drain`, up to which delivery a
    destination's lanes still go. With `only`, no other destination's.
    """
    asked = {"now": tx.now, "skipped": sorted(skip), "most": limit}
    if only is not None:
        asked["only"] = sorted(only)
    left = dict(room or {})
    ids = []
    for row in _found(tx, _ready if only is None else _ready_only, asked, drain):
        if left.setdefault(row.destination, limit) > 0:
            left[row.destination] -= 1
            ids.append(row.id)
    if not ids:
        return []
    until = tx.now + timedelta(seconds=lease_seconds)
    claimed = _TAKE.ask(tx, {"which": ids, "until": until, "by": owner})
    heads = deliveries.heads(tx, ids)
    taken = {row.id: row for row in claimed.all()}
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


def ready_for(tx: Tx, *, limit: int, skip: Collection[str] = (), drain: Mapping[str, int] | None = None) -> list[str]:
    """The destinations of the lanes that `take` would look at; nothing is locked."""
    asked = {"now": tx.now, "skipped": sorted(skip), "most": limit}
    return list(dict.fromkeys(row.destination for row in _found(tx, _looked_at, asked, drain)))


def ask_held(tx: Tx, destinations: Collection[str]) -> Callable[[], dict[str, int]]:
    """How many lanes of these destinations are being sent, by any hub: asked now and read by the call."""
    asked = _HELD.ask(tx, {"now": tx.now, "whose": sorted(destinations)})
    return lambda: {row.destination: row.number for row in asked.all()}


_NOW = bindparam("now", type_=Instant)


def _looked_at(dialect: str) -> Select[Any]:
    return (
        select(lane.c.destination)
        .where(
            lane.c.depth > ZERO,
            lane.c.blocked.is_(None),
            lane.c.ready_at <= _NOW,
            lane.c.lease_until <= _NOW,
            ~among(dialect, lane.c.destination, "skipped"),
        )
        .order_by(lane.c.ready_at, lane.c.id)
        .limit(bindparam("most", type_=Integer))
    )


def _ready(dialect: str) -> Select[Any]:
    wanted = _looked_at(dialect).with_only_columns(lane.c.id, lane.c.destination)
    return wanted.with_for_update(skip_locked=True, of=lane)


def _ready_only(dialect: str) -> Select[Any]:
    return _ready(dialect).where(among(dialect, lane.c.destination, "only"))


_TAKE = HotStatement(
    lambda dialect: (
        update(lane)
        .where(among(dialect, lane.c.id, "which"))
        .values(lease_until=bindparam("until", type_=Instant), owner=bindparam("by"), fence=lane.c.fence + ONE)
        .returning(lane.c.id, lane.c.fence, lane.c.attempts)
    )
)
_HELD = HotStatement(
    lambda dialect: (
        select(lane.c.destination, func.count().label("number"))
        .where(
            lane.c.owner.is_not(None),
            lane.c.lease_until > _NOW,
            among(dialect, lane.c.destination, "whose"),
        )
        .group_by(lane.c.destination)
    )
)


def _found(
    tx: Tx, wanted: Callable[[str], Select[Any]], asked: Mapping[str, Any], drain: Mapping[str, int] | None
) -> list[Any]:
    """The lanes that a statement finds, or finds of those that are not drained yet."""
    if not drain:
        return _HOT[wanted].all(tx, asked)
    rest = wanted(tx.dialect.name)
    for destination, last in sorted(drain.items()):
        early = select(delivery.c.id).where(
            delivery.c.lane_id == lane.c.id, delivery.c.state == READY, delivery.c.id <= last
        )
        rest = rest.where((lane.c.destination != destination) | early.exists())
    return list(tx.connection.execute(rest, dict(asked)).all())


_HOT: dict[Callable[[str], Select[Any]], HotStatement] = {
    one: HotStatement(one) for one in (_looked_at, _ready, _ready_only)
}


def extend(tx: Tx, claim: Claim, *, lease_seconds: float) -> Claim | None:
    """Hold a slow send's lane longer (heartbeat): the claim as it is now, or None when it was lost."""
    until = tx.now + timedelta(seconds=lease_seconds)
    changed = tx.connection.execute(_held(tx, claim).values(lease_until=until))
    return replace(claim, lease_until=until) if changed.rowcount == 1 else None


def clock_went_back(tx: Tx, *, longest_seconds: float) -> int:
    """What a clock that was ahead has put into the future is due now: lanes, and leases longer than any can be.

    Backing off begins anew, which costs an attempt; a lease that is still somebody's is long enough to be settled.
    Returns how many rows were ahead.
    """
    latest = tx.now + timedelta(seconds=longest_seconds)
    ahead = tx.connection.execute(update(lane).where(lane.c.ready_at > tx.now).values(ready_at=tx.now)).rowcount
    for table in (lane, message):
        ahead += tx.connection.execute(
            update(table).where(table.c.lease_until > latest).values(lease_until=latest)
        ).rowcount
    if ahead:
        tx.wake("lanes")
        tx.wake("messages")
    return ahead


def advance(tx: Tx, claim: Claim, acknowledged: int, *, lease_seconds: float) -> bool:
    """Note that the destination has the first `acknowledged` messages of a delivery that is several, and hold the lane
    longer for the next. False when the claim was lost: nothing was written, and nothing more may be sent.
    """
    if extend(tx, claim, lease_seconds=lease_seconds) is None:
        return False
    tx.connection.execute(update(delivery).where(delivery.c.id == claim.delivery.id).values(acknowledged=acknowledged))
    return True


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
    whose = {"of_lane": claim.lane_id, "of_owner": claim.owner, "of_fence": claim.fence, "now": tx.now}
    if _FREE.run(tx, whose | {"never": EPOCH}) != 1:
        return False
    ended = {"of_delivery": claim.delivery.id, "ended": state, "now": tx.now}
    if tried is None:
        _END.ask(tx, ended)
    else:
        _note(tx, claim, state, tried)
        _END_TRIED.ask(tx, ended | {"failed": tried.error})
    tx.wake("lanes")
    return True


_FREE = HotStatement(
    update(lane)
    .where(
        lane.c.id == bindparam("of_lane"),
        lane.c.owner == bindparam("of_owner"),
        lane.c.fence == bindparam("of_fence"),
        lane.c.lease_until > bindparam("now", type_=Instant),
    )
    .values(
        depth=lane.c.depth - ONE,
        lease_until=bindparam("never", type_=Instant),
        owner=None,
        ready_at=bindparam("now", type_=Instant),
        attempts=ZERO,
    )
)
_OF_DELIVERY = update(delivery).where(delivery.c.id == bindparam("of_delivery"))
_END = HotStatement(_OF_DELIVERY.values(state=bindparam("ended"), done_at=bindparam("now", type_=Instant)))
_END_TRIED = HotStatement(
    _OF_DELIVERY.values(
        state=bindparam("ended"),
        done_at=bindparam("now", type_=Instant),
        last_error=bindparam("failed"),
        attempts=delivery.c.attempts + ONE,
    )
)
_ATTEMPT = HotStatement.adding(attempt)


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
        values["attempts"] = delivery.c.attempts + ONE
        _note(tx, claim, outcome, tried)
    tx.connection.execute(update(delivery).where(delivery.c.id == claim.delivery.id).values(**values))


def _note(tx: Tx, claim: Claim, outcome: AttemptOutcome, tried: Tried) -> None:
    _ATTEMPT.ask(
        tx,
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
