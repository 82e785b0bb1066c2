"""Lanes: what goes to one destination in one order. Only a lane's head is sent; `claims` takes lanes and settles.

An order key is a keyed id, never an identifier of a payload.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, func, select, update

from hub.errors import StoreError
from hub.records import Lane
from hub.store import locks
from hub.store.hot import HotStatement
from hub.store.tables import EPOCH, ONE, READY, ZERO, Instant, delivery, insert_into, joined, lane
from hub.store.tables import join_due as due
from hub.store.tx import Tx


def append(tx: Tx, destination: str, order_key: str) -> tuple[int, int, str]:
    """Make room at the end of a lane, which may be new: (lane id, position, the order key that this one is led to).

    The row stays locked to the commit, so order in the lane is the order of commits. A lane that backs off keeps
    doing so.
    """
    # two hubs on one PostgreSQL: a join of this key that is under way is waited for
    locks.hold(tx, "lane.order", order_key.encode())
    under = led_to(tx, order_key)
    row = _append(tx.dialect.name).one(tx, {"to": destination, "under": under, "now": tx.now, "never": EPOCH})
    assert row is not None
    tx.wake("lanes")
    return row.id, row.tail, under


@cache
def _append(dialect: str) -> HotStatement:
    new = insert_into(dialect, lane).values(
        destination=bindparam("to"),
        order_key=bindparam("under"),
        depth=ONE,
        tail=ONE,
        ready_at=bindparam("now", type_=Instant),
        lease_until=bindparam("never", type_=Instant),
        fence=ZERO,
        attempts=ZERO,
    )
    return HotStatement(
        new.on_conflict_do_update(
            index_elements=["destination", "order_key"],
            set_={
                "depth": lane.c.depth + ONE,
                "tail": lane.c.tail + ONE,
                "ready_at": case((lane.c.depth == ZERO, new.excluded.ready_at), else_=lane.c.ready_at),
            },
        ).returning(lane.c.id, lane.c.tail)
    )


def join(tx: Tx, order_key: str, into: str) -> int:
    """Two order keys are one person: what waits under the first goes into the other's lanes, at every destination,
    and so does what comes under it later. How many deliveries moved.

    What waits in both is put into the order in which it was queued, and no lane's own order changes. A blocked lane
    that is taken in blocks the one that takes it. Raises StoreError `store.state` while one of the lanes is being
    sent, or where the two are joined already.
    """
    for key in sorted({order_key, into}):
        locks.hold(tx, "lane.order", key.encode())
    target = led_to(tx, into)
    if order_key == target or led_to(tx, order_key) != order_key:
        raise StoreError("store.state", "these order keys are joined already", code="conflict")
    # None stands still for a join any more; the rows below are as that leaves them.
    tx.connection.execute(
        update(lane).where(lane.c.order_key.in_([order_key, target]), lane.c.blocked == JOINING).values(blocked=None)
    )
    known = tx.connection.execute(
        select(lane).where(lane.c.order_key.in_([order_key, target])).order_by(lane.c.id).with_for_update()
    ).all()
    if any(row.lease_until > tx.now for row in known):
        raise StoreError("store.state", "one of the lanes is being sent: try again", code="transient")
    tx.connection.execute(joined.insert(), {"order_key": order_key, "into": target, "at": tx.now})
    takers = {row.destination: row for row in known if row.order_key == target}
    moved = 0
    for taken in known:
        if taken.order_key == order_key and taken.depth:
            other = takers.get(taken.destination) or _empty(tx, taken.destination, target)
            moved += _take_in(tx, taken, other)
    tx.wake("lanes")
    return moved


#: Why a lane stands still that is to be joined with another.
JOINING = "lane.joining"


def join_when_free(tx: Tx, order_key: str, into: str) -> int | None:
    """As `join`, but where one of the lanes is being sent it is written down and done by `join_due`: then None.

    Until then nothing else of the two is begun; what is being sent ends as it would. Raises StoreError `store.state`
    where the two are joined already.
    """
    if not _sent_now(tx, order_key, into):
        return join(tx, order_key, into)
    new = insert_into(tx.connection.dialect.name, due).values(order_key=order_key, into=into, at=tx.now)
    tx.connection.execute(new.on_conflict_do_nothing(index_elements=["order_key", "into"]))
    _stand_still(tx, order_key, into)
    return None


def join_due(tx: Tx) -> list[tuple[str, str]]:
    """Does the joins that were written down and whose lanes are not being sent any more; which."""
    waiting = tx.connection.execute(select(due).order_by(due.c.id)).all()
    done = []
    for one in waiting:
        if led_to(tx, one.order_key) != led_to(tx, one.into):
            if _sent_now(tx, one.order_key, one.into):
                _stand_still(tx, one.order_key, one.into)
                continue
            join(tx, led_to(tx, one.order_key), one.into)
            done.append((str(one.order_key), str(one.into)))
        tx.connection.execute(due.delete().where(due.c.id == one.id))
    return done


def _sent_now(tx: Tx, order_key: str, into: str) -> bool:
    keys = sorted({led_to(tx, order_key), led_to(tx, into)})
    for key in keys:
        locks.hold(tx, "lane.order", key.encode())
    found = select(lane.c.lease_until).where(lane.c.order_key.in_(keys)).order_by(lane.c.id).with_for_update()
    return any(until > tx.now for until in tx.connection.execute(found).scalars())


def _stand_still(tx: Tx, order_key: str, into: str) -> None:
    keys = [led_to(tx, order_key), led_to(tx, into)]
    tx.connection.execute(
        update(lane).where(lane.c.order_key.in_(keys), lane.c.blocked.is_(None)).values(blocked=JOINING)
    )


def led_to(tx: Tx, order_key: str) -> str:
    """The order key in whose lanes this one's deliveries wait."""
    found = _LED_TO.one(tx, {"wanted": order_key})
    return order_key if found is None else led_to(tx, found.into)


_LED_TO = HotStatement(select(joined.c.into).where(joined.c.order_key == bindparam("wanted")))


def _take_in(tx: Tx, taken: Row[Any], other: Row[Any]) -> int:
    first, second = _waiting(tx, taken.id), _waiting(tx, other.id)
    one, two = list(first), list(second)
    position = other.tail
    while one or two:
        # each lane's own order stays; between the two, whichever was queued first
        each = (one if not two or (one and one[0] < two[0]) else two).pop(0)
        position += 1
        tx.connection.execute(update(delivery).where(delivery.c.id == each).values(lane_id=other.id, position=position))
    tx.connection.execute(
        update(lane)
        .where(lane.c.id == other.id)
        .values(
            depth=len(first) + len(second),
            tail=position,
            ready_at=tx.now,
            attempts=0,
            blocked=other.blocked or taken.blocked,
        )
    )
    tx.connection.execute(
        update(lane).where(lane.c.id == taken.id).values(depth=0, attempts=0, blocked=None, owner=None)
    )
    return len(first)


def _waiting(tx: Tx, lane_id: int) -> list[int]:
    ready = select(delivery.c.id).where(delivery.c.lane_id == lane_id, delivery.c.state == READY)
    return list(tx.connection.execute(ready.order_by(delivery.c.position)).scalars())


def _empty(tx: Tx, destination: str, order_key: str) -> Row[Any]:
    made = lane.insert().returning(lane)
    return tx.connection.execute(
        made,
        {
            "destination": destination,
            "order_key": order_key,
            "depth": 0,
            "tail": 0,
            "ready_at": tx.now,
            "lease_until": EPOCH,
            "fence": 0,
            "attempts": 0,
        },
    ).one()


def unblock(tx: Tx, lane_id: int) -> bool:
    """Let a blocked lane go on with its head at once; False when it was not blocked."""
    changed = tx.connection.execute(
        update(lane)
        .where(lane.c.id == lane_id, lane.c.blocked.is_not(None))
        .values(blocked=None, ready_at=tx.now, attempts=0)
    )
    if changed.rowcount == 1:
        tx.wake("lanes")
    return changed.rowcount == 1


def hurry(tx: Tx, destination: str) -> int:
    """End the backing off of a destination's lanes (it is back, or a person asks); how many."""
    changed = tx.connection.execute(
        update(lane)
        .where(lane.c.destination == destination, lane.c.depth > ZERO, lane.c.ready_at > tx.now)
        .values(ready_at=tx.now)
    )
    if changed.rowcount:
        tx.wake("lanes")
    return changed.rowcount


def next_due(tx: Tx, *, skip: Collection[str] = ()) -> datetime | None:
    """When the next lane can be claimed; None when nothing is to be sent."""
    due = case((lane.c.ready_at > lane.c.lease_until, lane.c.ready_at), else_=lane.c.lease_until)
    wanted = select(func.min(due)).where(lane.c.depth > ZERO, lane.c.blocked.is_(None))
    if skip:
        wanted = wanted.where(lane.c.destination.not_in(sorted(skip)))
    found: datetime | None = tx.connection.execute(wanted).scalar_one()
    return None if found is None else max(found, tx.now)


def get(tx: Tx, lane_id: int) -> Lane | None:
    """One lane."""
    row = tx.connection.execute(select(lane).where(lane.c.id == lane_id)).one_or_none()
    return None if row is None else _record(row)


def listed(tx: Tx, *, destination: str | None = None, waiting: bool = False, limit: int = 500) -> list[Lane]:
    """Lanes, longest waiting first. With `waiting`, only those with something to send, the blocked too."""
    wanted = select(lane).order_by(lane.c.ready_at, lane.c.id).limit(limit)
    if destination is not None:
        wanted = wanted.where(lane.c.destination == destination)
    if waiting:
        wanted = wanted.where(lane.c.depth > ZERO)
    return [_record(row) for row in tx.connection.execute(wanted)]


def depths(tx: Tx) -> dict[str, tuple[int, datetime]]:
    """Per destination: how many deliveries wait, and since when the oldest does."""
    found = tx.connection.execute(
        select(lane.c.destination, func.count(), func.min(delivery.c.created_at))
        .join(delivery, and_(delivery.c.lane_id == lane.c.id, delivery.c.state == "ready"))
        .group_by(lane.c.destination)
    )
    return {destination: (number, oldest) for destination, number, oldest in found}


def _record(row: Row[Any]) -> Lane:
    return Lane(
        id=row.id,
        destination=row.destination,
        order_key=row.order_key,
        depth=row.depth,
        ready_at=row.ready_at,
        lease_until=row.lease_until,
        owner=row.owner,
        fence=row.fence,
        attempts=row.attempts,
        blocked=row.blocked,
    )
