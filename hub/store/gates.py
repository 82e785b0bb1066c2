"""Gates: what one destination is doing, for all hubs on the database. A row is there once something happened.

A gate opens like a circuit breaker: after failures in a row nothing is sent until a time, then one lane's head alone
(the probe) shows whether the destination is back. A person pauses a destination, or drains it: what is queued by now
still goes, what comes after waits. A gate moves no delivery and ends none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update

from hub.records import Claim, Gate
from hub.store.hot import HotStatement
from hub.store.tables import READY, ZERO, delivery, gate, insert_into, lane
from hub.store.tx import Tx


def every(tx: Tx) -> dict[str, Gate]:
    """The gates by destination."""
    return {row.destination: Gate(**row._asdict()) for row in _EVERY.all(tx, {})}


_EVERY = HotStatement(select(gate))


def get(tx: Tx, destination: str) -> Gate:
    """One destination's gate: shut nowhere, when nothing has happened yet."""
    row = tx.connection.execute(select(gate).where(gate.c.destination == destination)).one_or_none()
    return Gate(destination=destination) if row is None else _record(row)


# ── the breaker ───────────────────────────────────────────────────────────────────────────────────────────────────


def probe(tx: Tx, destination: str, lane_id: int, *, lease_seconds: float) -> None:
    """The head of this lane is sent to see whether the destination is back; nobody else sends to it for the lease."""
    _change(tx, destination, probe=lane_id, open_until=tx.now + timedelta(seconds=lease_seconds))


def failed(tx: Tx, claim: Claim, *, after: int, wait_seconds: float) -> bool:
    """One sending failed in a way that the next may fail too. True when that broke the connection just now.

    `after` failures in a row do; nothing is sent then for `wait_seconds`. A failed probe waits again; any other
    failure behind a broken connection (it was on its way when it broke) changes nothing.
    """
    destination = claim.delivery.destination
    _ensure(tx, destination)
    row = tx.connection.execute(select(gate).where(gate.c.destination == destination).with_for_update()).one()
    until = tx.now + timedelta(seconds=wait_seconds)
    if row.trips:
        if row.probe == claim.lane_id:
            _change(tx, destination, trips=row.trips + 1, open_until=until, probe=None)
        return False
    if row.failures + 1 < after:
        _change(tx, destination, failures=row.failures + 1)
        return False
    _change(tx, destination, failures=row.failures + 1, trips=1, open_until=until, opened_at=tx.now, probe=None)
    return True


def answered(tx: Tx, destination: str) -> bool:
    """The destination answered, be it no: its failures are forgotten. True when it was broken until now."""
    # no row, no lock: the usual case costs a look
    row = _TROUBLED.one(tx, {"wanted": destination})
    if row is None:
        return False
    _change(tx, destination, failures=0, trips=0, open_until=None, opened_at=None, probe=None)
    return bool(row.trips)


_TROUBLED = HotStatement(
    select(gate.c.trips).where(
        gate.c.destination == bindparam("wanted"), (gate.c.failures > ZERO) | (gate.c.trips > ZERO)
    )
)


# ── what a person does ────────────────────────────────────────────────────────────────────────────────────────────


def pause(tx: Tx, destination: str, *, by: str) -> bool:
    """Nothing more is claimed for the destination until `resume`. What is being sent is finished. False: it was."""
    return _shut(tx, destination, by, None)


def drain(tx: Tx, destination: str, *, by: str) -> bool:
    """What is queued by now still goes; what comes after waits for `resume`. False: it was paused or draining."""
    last = tx.connection.execute(
        select(func.max(delivery.c.id))
        .join(lane, lane.c.id == delivery.c.lane_id)
        .where(lane.c.destination == destination)
    ).scalar_one()
    return _shut(tx, destination, by, last or 0)


def resume(tx: Tx, destination: str) -> bool:
    """Ends a pause or a draining, and closes a broken connection: it is tried now. False when there was neither."""
    row = tx.connection.execute(select(gate).where(gate.c.destination == destination).with_for_update()).one_or_none()
    if row is None or (row.paused_at is None and not row.trips and not row.failures):
        return False
    _change(
        tx,
        destination,
        paused_at=None,
        paused_by=None,
        drain_to=None,
        failures=0,
        trips=0,
        open_until=None,
        opened_at=None,
        probe=None,
    )
    tx.wake("lanes")
    return True


def to_drain(tx: Tx, destination: str) -> int:
    """How many deliveries still go before a draining destination is empty; 0 when it is, or is not draining."""
    known = get(tx, destination)
    if known.drain_to is None:
        return 0
    found: int = tx.connection.execute(
        select(func.count())
        .select_from(delivery.join(lane, lane.c.id == delivery.c.lane_id))
        .where(lane.c.destination == destination, delivery.c.state == READY, delivery.c.id <= known.drain_to)
    ).scalar_one()
    return found


def _shut(tx: Tx, destination: str, by: str, drain_to: int | None) -> bool:
    _ensure(tx, destination)
    changed = tx.connection.execute(
        update(gate)
        .where(gate.c.destination == destination, gate.c.paused_at.is_(None))
        .values(paused_at=tx.now, paused_by=by, drain_to=drain_to)
    )
    if changed.rowcount != 1 and drain_to is None:
        # a draining destination can be stopped at once
        changed = tx.connection.execute(
            update(gate)
            .where(gate.c.destination == destination, gate.c.drain_to.is_not(None))
            .values(paused_at=tx.now, paused_by=by, drain_to=None)
        )
    return changed.rowcount == 1


def clock_went_back(tx: Tx) -> None:
    """A time before which nothing is tried, set by a clock that was ahead, is now."""
    tx.connection.execute(update(gate).where(gate.c.open_until > tx.now).values(open_until=tx.now, probe=None))


def _ensure(tx: Tx, destination: str) -> None:
    new = insert_into(tx.connection.dialect.name, gate).values(destination=destination, failures=0, trips=0)
    tx.connection.execute(new.on_conflict_do_nothing(index_elements=["destination"]))


def _change(tx: Tx, destination: str, **values: Any) -> None:
    tx.connection.execute(update(gate).where(gate.c.destination == destination).values(**values))


def _record(row: Row[Any]) -> Gate:
    return Gate(**row._mapping)


def is_shut(known: Gate, now: datetime) -> bool:
    """Whether nothing at all may be claimed for the destination at this moment."""
    paused = known.paused_at is not None and known.drain_to is None
    return paused or (known.open_until is not None and known.open_until > now)
