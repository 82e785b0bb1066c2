"""Alarms: what a named person must act on, repeated until acknowledged. The printed fallback is sealed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, select, update

from hub.errors import StoreError
from hub.records import Alarm, AlarmKind
from hub.store import vault
from hub.store.hot import HotStatement
from hub.store.tables import Instant, alarm
from hub.store.tx import Tx

_NOUN = "alarm"
_OPEN = (alarm.c.acknowledged_at.is_(None), alarm.c.cleared_at.is_(None))


def sound(
    tx: Tx,
    *,
    kind: AlarmKind,
    subject_type: str,
    subject_id: str,
    custody: str,
    owner: str,
    repeat_seconds: float,
    fallback: dict[str, Any] | None = None,
) -> tuple[Alarm, bool]:
    """Raise an alarm; (alarm, whether it is new). One that is open for the same subject goes on as it is.

    `fallback` is what to do without the hub (telephone, printable referral).
    """
    about = {"of_kind": kind, "of_type": subject_type, "of_id": subject_id}
    known = _KNOWN.one(tx, about)
    if known is not None:
        return Alarm(**known._asdict()), False
    row = _ADD.one(
        tx,
        {
            "kind": kind,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "custody": custody,
            "owner": owner,
            "raised_at": tx.now,
            "next_at": tx.now + timedelta(seconds=repeat_seconds),
            "repeats": 0,
        },
    )
    assert row is not None
    if fallback is not None:
        vault.put(tx, _NOUN, row.id, "fallback", orjson.dumps(fallback), custody=custody)
    return Alarm(**row._asdict()), True


_ABOUT = (
    alarm.c.kind == bindparam("of_kind"),
    alarm.c.subject_type == bindparam("of_type"),
    alarm.c.subject_id == bindparam("of_id"),
)
_KNOWN = HotStatement(select(alarm).where(*_OPEN, *_ABOUT))
_ADD = HotStatement.adding(alarm, returning=alarm.c)


def due(tx: Tx) -> list[Alarm]:
    """Open alarms whose time to ring again has come, oldest first."""
    return [Alarm(**row._asdict()) for row in _DUE.all(tx, {"now": tx.now})]


_DUE = HotStatement(
    select(alarm).where(*_OPEN, alarm.c.next_at <= bindparam("now", type_=Instant)).order_by(alarm.c.next_at)
)


def repeat(tx: Tx, alarm_id: int, *, repeat_seconds: float) -> Alarm | None:
    """Note that it rang again and when next; None when it is no longer open, or another hub has just rung it."""
    row = tx.connection.execute(
        update(alarm)
        .where(alarm.c.id == alarm_id, alarm.c.next_at <= tx.now, *_OPEN)
        .values(repeats=alarm.c.repeats + 1, next_at=tx.now + timedelta(seconds=repeat_seconds))
        .returning(*alarm.c)
    ).one_or_none()
    return None if row is None else Alarm(**row._mapping)


def sooner(tx: Tx, alarm_id: int, *, seconds: float) -> None:
    """Ring it again within so many seconds, if it is open and its time is later."""
    at = tx.now + timedelta(seconds=seconds)
    tx.connection.execute(update(alarm).where(alarm.c.id == alarm_id, alarm.c.next_at > at, *_OPEN).values(next_at=at))


def clock_went_back(tx: Tx, *, longest_seconds: float) -> None:
    """What was to ring again at a time that a clock which was ahead made, rings within the usual time from now."""
    latest = tx.now + timedelta(seconds=longest_seconds)
    tx.connection.execute(update(alarm).where(*_OPEN, alarm.c.next_at > latest).values(next_at=latest))


def acknowledge(tx: Tx, alarm_id: int, *, by: str) -> Alarm:
    """A person takes it. Raises StoreError `store.state` when it is not open."""
    row = tx.connection.execute(
        update(alarm)
        .where(alarm.c.id == alarm_id, *_OPEN)
        .values(acknowledged_by=by, acknowledged_at=tx.now)
        .returning(*alarm.c)
    ).one_or_none()
    if row is None:
        raise StoreError("store.state", "there is no such open alarm", code="conflict")
    return Alarm(**row._mapping)


def clear(tx: Tx, *, kind: AlarmKind, subject_type: str, subject_id: str) -> bool:
    """What it rang for is over (the answer came); it stops. False when none was open."""
    found = {"of_kind": kind, "of_type": subject_type, "of_id": subject_id, "cleared": tx.now}
    return _CLEAR.run(tx, found) > 0


_CLEAR = HotStatement(update(alarm).where(*_OPEN, *_ABOUT).values(cleared_at=bindparam("cleared", type_=Instant)))


def fallback(tx: Tx, alarm_id: int) -> dict[str, Any] | None:
    """What to do without the hub; for the custody it was sealed in."""
    found = vault.find(tx, _NOUN, alarm_id, "fallback")
    return None if found is None else dict(orjson.loads(found))


def get(tx: Tx, alarm_id: int) -> Alarm | None:
    """One alarm."""
    row = tx.connection.execute(select(alarm).where(alarm.c.id == alarm_id)).one_or_none()
    return None if row is None else Alarm(**row._mapping)


def find(tx: Tx, *, kind: AlarmKind, subject_type: str, subject_id: str) -> list[Alarm]:
    """All alarms of one kind about one subject, also ended ones: raised once, it need not be raised again."""
    about = {"of_kind": kind, "of_type": subject_type, "of_id": subject_id}
    return [Alarm(**row._asdict()) for row in _FIND.all(tx, about)]


_FIND = HotStatement(select(alarm).where(*_ABOUT).order_by(alarm.c.id))


def listed(
    tx: Tx, *, open_only: bool = True, custody: str | None = None, newest_first: bool = False, limit: int = 500
) -> list[Alarm]:
    """Alarms, oldest first; or, with `newest_first`, the newest of them, newest first."""
    wanted = select(alarm).order_by(alarm.c.id.desc() if newest_first else alarm.c.id).limit(limit)
    if open_only:
        wanted = wanted.where(*_OPEN)
    if custody is not None:
        wanted = wanted.where(alarm.c.custody == custody)
    return [Alarm(**row._mapping) for row in tx.connection.execute(wanted)]
