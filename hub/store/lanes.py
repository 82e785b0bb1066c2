"""Lanes: what goes to one destination in one order. Only a lane's head is sent; `claims` takes lanes and settles.

An order key is a keyed id, never an identifier of a payload.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, func, select, update

from hub.records import Lane
from hub.store.tables import EPOCH, ZERO, delivery, insert_into, lane
from hub.store.tx import Tx


def append(tx: Tx, destination: str, order_key: str) -> tuple[int, int]:
    """Make room at the end of a lane, which may be new: (lane id, position).

    The row stays locked to the commit, so order in the lane is the order of commits. A lane that backs off keeps
    doing so.
    """
    new = insert_into(tx.connection.dialect.name, lane).values(
        destination=destination,
        order_key=order_key,
        depth=1,
        tail=1,
        ready_at=tx.now,
        lease_until=EPOCH,
        fence=0,
        attempts=0,
    )
    row = tx.connection.execute(
        new.on_conflict_do_update(
            index_elements=["destination", "order_key"],
            set_={
                "depth": lane.c.depth + 1,
                "tail": lane.c.tail + 1,
                "ready_at": case((lane.c.depth == ZERO, new.excluded.ready_at), else_=lane.c.ready_at),
            },
        ).returning(lane.c.id, lane.c.tail)
    ).one()
    tx.wake("lanes")
    return row.id, row.tail


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
