"""Deliveries: sealed releases on their way, and every attempt to send them.

A delivery is made in the transaction that records the decision it rests on. It is never edited into another one: a
replay or a replacement is a new delivery with lineage. How one ends is in `claims`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, literal_column, select, update

from hub.errors import StoreError
from hub.records import Attempt, Delivery, DeliveryKind, DeliveryState
from hub.store import lanes, vault
from hub.store.hot import HotStatement, among
from hub.store.tables import READY, attempt, delivery, further_message, lane
from hub.store.tx import Tx

_NOUN = "delivery"


def enqueue(
    tx: Tx,
    *,
    destination: str,
    order_key: str,
    kind: DeliveryKind,
    custody: str,
    control_id: str,
    media_type: str,
    digest: str,
    release: bytes,
    message_id: int | None = None,
    task_id: str | None = None,
    decided: str | None = None,
    replay_of: int | None = None,
    in_place_of: Delivery | None = None,
    further: Sequence[str] = (),
) -> Delivery:
    """Put a release at the end of its lane, its bytes sealed under the sender's custody. `further`: the control ids of
    its messages behind the first, where it is several.

    `in_place_of`: a delivery of this lane that was settled `superseded` in this same transaction: the new one takes
    its position, ahead of what follows. Raises StoreError `store.state` when that one is not superseded.
    """
    lane_id, position, led_to = lanes.append(tx, destination, order_key)
    if in_place_of is not None:
        state = tx.connection.execute(select(delivery.c.state).where(delivery.c.id == in_place_of.id)).scalar_one()
        if state != "superseded" or in_place_of.lane_id != lane_id:
            raise StoreError("store.state", "only a superseded delivery of the same lane has a place to take")
        position = in_place_of.position
        replay_of = in_place_of.id
    added = _ADD.one(
        tx,
        {
            "message_id": message_id,
            "lane_id": lane_id,
            "position": position,
            "kind": kind,
            "task_id": task_id,
            "custody": custody,
            "control_id": control_id,
            "media_type": media_type,
            "digest": digest,
            "decided": decided,
            "state": "ready",
            "attempts": 0,
            "acknowledged": 0,
            "replay_of": replay_of,
            "created_at": tx.now,
        },
    )
    assert added is not None
    vault.put(tx, _NOUN, added.id, "release", release, custody=custody, label=digest)
    if further:
        tx.connection.execute(
            further_message.insert(),
            [{"delivery_id": added.id, "number": n, "control_id": one} for n, one in enumerate(further, 1)],
        )
    return Delivery(**added._asdict(), destination=destination, order_key=led_to)


_ADD = HotStatement.adding(delivery, returning=delivery.c)


def release(tx: Tx, delivery_id: int) -> bytes:
    """The sealed release's bytes, opened. Raises KeyringError `keys.missing`, `keys.unknown`, `keys.tampered`."""
    return ask_release(tx, delivery_id)()


def ask_release(tx: Tx, delivery_id: int) -> Callable[[], bytes]:
    """As `release`, asked now and read by the call."""
    return vault.ask(tx, _NOUN, delivery_id, "release")


def heads(tx: Tx, lane_ids: Iterable[int]) -> dict[int, Delivery]:
    """The first ready delivery of each lane."""
    return {row.lane_id: Delivery(**row._asdict()) for row in _HEADS.all(tx, {"lanes": list(lane_ids)})}


def _heads(dialect: str) -> Select[Any]:
    first = (
        select(delivery.c.lane_id, func.min(delivery.c.position).label("position"))
        .where(delivery.c.state == READY, among(dialect, delivery.c.lane_id, "lanes"))
        .group_by(delivery.c.lane_id)
        .subquery()
    )
    head = and_(
        delivery.c.lane_id == first.c.lane_id, delivery.c.position == first.c.position, delivery.c.state == READY
    )
    return _select().join(first, head)


_HEADS = HotStatement(_heads)


def give_up(tx: Tx, delivery_id: int) -> bool:
    """A person ends a waiting delivery as `dead`; if it blocked its lane, the lane goes on. False if it has ended
    already or is being sent."""
    # on PostgreSQL another hub may be claiming the lane at this moment
    of_it = select(delivery.c.lane_id).where(delivery.c.id == delivery_id).scalar_subquery()
    tx.connection.execute(select(lane.c.id).where(lane.c.id == of_it).with_for_update())
    waiting = select(lane.c.id).where(lane.c.id == delivery.c.lane_id, lane.c.lease_until <= tx.now).exists()
    ended = tx.connection.execute(
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.state == READY, waiting)
        .values(state="dead", done_at=tx.now)
        .returning(delivery.c.lane_id, delivery.c.position)
    ).one_or_none()
    if ended is None:
        return False
    change: dict[str, Any] = {"depth": lane.c.depth - 1}
    ahead = tx.connection.execute(
        select(func.count()).where(
            delivery.c.lane_id == ended.lane_id, delivery.c.state == READY, delivery.c.position < ended.position
        )
    ).scalar_one()
    if not ahead:  # it was the head: what comes next starts afresh
        change |= {"blocked": None, "ready_at": tx.now, "attempts": 0}
    tx.connection.execute(update(lane).where(lane.c.id == ended.lane_id).values(**change))
    tx.wake("lanes")
    return True


def get(tx: Tx, delivery_id: int) -> Delivery | None:
    """One delivery."""
    row = tx.connection.execute(_select().where(delivery.c.id == delivery_id)).one_or_none()
    return None if row is None else record(row)


def find_by_control(tx: Tx, destination: str, control_id: str) -> Delivery | None:
    """The latest delivery to a destination under our control id (MSH-10, Bundle.identifier)."""
    wanted = _select().where(delivery.c.control_id == control_id, lane.c.destination == destination)
    row = tx.connection.execute(wanted.order_by(delivery.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else record(row)


def listed(
    tx: Tx,
    *,
    message_id: int | None = None,
    task_id: str | None = None,
    destination: str | None = None,
    state: DeliveryState | None = None,
    lane_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 500,
) -> list[Delivery]:
    """Deliveries, oldest first; those queued from `since` on and before `until`."""
    wanted = _select().order_by(delivery.c.id).limit(limit)
    if since is not None:
        wanted = wanted.where(delivery.c.created_at >= since)
    if until is not None:
        wanted = wanted.where(delivery.c.created_at < until)
    for column, value in (
        (delivery.c.message_id, message_id),
        (delivery.c.task_id, task_id),
        (lane.c.destination, destination),
        (delivery.c.state, state),
        (delivery.c.lane_id, lane_id),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    return [record(row) for row in tx.connection.execute(wanted)]


def of_task(tx: Tx, task_id: str, destination: str) -> list[Delivery]:
    """All deliveries of a referral to a destination, oldest first."""
    return [Delivery(**row._asdict()) for row in _OF_TASK.all(tx, {"wanted": task_id, "to": destination})]


_OF_TASK = HotStatement(
    select(delivery, lane.c.destination, lane.c.order_key)
    .join(lane, lane.c.id == delivery.c.lane_id)
    .where(delivery.c.task_id == bindparam("wanted"), lane.c.destination == bindparam("to"))
    .order_by(delivery.c.id)
)


def went(tx: Tx, task_id: str) -> bool:
    """Whether anything was delivered of a referral."""
    return ask_went(tx, task_id)()


def ask_went(tx: Tx, task_id: str) -> Callable[[], bool]:
    """As `went`, asked now and read by the call."""
    asked = _WENT.ask(tx, {"wanted": task_id})
    return lambda: asked.one() is not None


_WENT = HotStatement(
    select(delivery.c.id)
    .where(delivery.c.task_id == bindparam("wanted"), delivery.c.state == literal_column("'done'"))
    .limit(1)
)


def repeated(tx: Tx, delivery_ids: Iterable[int]) -> set[int]:
    """Which of these deliveries another one repeats."""
    wanted = select(delivery.c.replay_of).where(delivery.c.replay_of.in_(list(delivery_ids)))
    return {number for number in tx.connection.execute(wanted).scalars() if number is not None}


def behind(tx: Tx, destination: str, *, after: int, limit: int) -> list[Delivery]:
    """What waits for a destination, oldest first, from after that delivery on."""
    wanted = _select().where(lane.c.destination == destination, delivery.c.state == READY, delivery.c.id > after)
    return [record(row) for row in tx.connection.execute(wanted.order_by(delivery.c.id).limit(limit))]


def attempts(tx: Tx, delivery_id: int) -> list[Attempt]:
    """Every sending of a delivery, in order."""
    rows = tx.connection.execute(
        select(attempt).where(attempt.c.delivery_id == delivery_id).order_by(attempt.c.id)
    ).all()
    return [Attempt(**row._mapping) for row in rows]


def counts(tx: Tx) -> dict[tuple[str, str], int]:
    """How many deliveries per (destination, state)."""
    rows = tx.connection.execute(
        select(lane.c.destination, delivery.c.state, func.count())
        .join(lane, lane.c.id == delivery.c.lane_id)
        .group_by(lane.c.destination, delivery.c.state)
    )
    return {(destination, state): number for destination, state, number in rows}


def _select() -> Select[Any]:
    return select(delivery, lane.c.destination, lane.c.order_key).join(lane, lane.c.id == delivery.c.lane_id)


def record(row: Row[Any]) -> Delivery:
    """A delivery from a row of `delivery` and its lane's destination and order key."""
    return Delivery(**row._mapping)
