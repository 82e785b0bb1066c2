"""What waits in the store, in numbers: for who watches a hub and for who is woken by it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, func, select

from hub.metrics import Gauge
from hub.records import Gate
from hub.store import gates, lanes, messages
from hub.store.tables import alarm, hold, lane, referral
from hub.store.tx import Tx


def gauges(tx: Tx) -> list[Gauge]:
    """Messages by state, lanes by destination, gates, holds, alarms and referrals that no decision has come to."""
    depths = lanes.depths(tx)
    shut = gates.every(tx)
    states = {name: _state(gate) for name, gate in shut.items()}
    return [
        _one("messages", "Messages by state.", ("state",), {(s,): float(n) for s, n in messages.counts(tx).items()}),
        _one("lane_depth", "Deliveries that wait.", ("destination",), {(d,): float(n) for d, (n, _) in depths.items()}),
        _one(
            "lane_oldest_seconds",
            "Age of the oldest delivery that waits.",
            ("destination",),
            {(d,): (tx.now - since).total_seconds() for d, (_, since) in depths.items()},
        ),
        _one(
            "lanes_blocked",
            "Lanes that a person must let go on.",
            ("destination",),
            _counted(tx, lane.c.destination, lane.c.blocked.is_not(None)),
        ),
        _one(
            "destination_state",
            "1 for the state that a destination is in.",
            ("destination", "state"),
            dict.fromkeys(states.items(), 1.0),
        ),
        _one(
            "holds_open",
            "What waits for a person's decision.",
            ("kind",),
            _counted(tx, hold.c.kind, hold.c.state == "open"),
        ),
        _one(
            "alarms_open",
            "Alarms that nobody has taken.",
            ("kind",),
            _counted(tx, alarm.c.kind, alarm.c.acknowledged_at.is_(None) & alarm.c.cleared_at.is_(None)),
        ),
        _one(
            "referrals_undecided",
            "Referrals without a decision of the center, and those of them past their time.",
            ("destination", "overdue"),
            _undecided(tx),
        ),
    ]


def _one(name: str, text: str, labels: tuple[str, ...], values: dict[tuple[str, ...], float]) -> Gauge:
    return Gauge(name=name, help=text, labels=labels, values=values)


def _counted(tx: Tx, by: ColumnElement[str], condition: ColumnElement[bool]) -> dict[tuple[str, ...], float]:
    found = tx.connection.execute(select(by, func.count()).where(condition).group_by(by))
    return {(name,): float(count) for name, count in found}


def _undecided(tx: Tx) -> dict[tuple[str, ...], float]:
    overdue = case((referral.c.respond_by < tx.now, "yes"), else_="no")
    found = tx.connection.execute(
        select(referral.c.destination, overdue, func.count())
        .where(referral.c.answered_at.is_(None), referral.c.closed_at.is_(None))
        .group_by(referral.c.destination, overdue)
    )
    return {(destination, late): float(count) for destination, late, count in found}


def _state(gate: Gate) -> str:
    if gate.paused_at is not None:
        return "draining" if gate.drain_to is not None else "paused"
    return "down" if gate.trips else "sending"
