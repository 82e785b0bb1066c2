"""Referrals: where each loop stands. The resources themselves are documents; this is what the hub asks about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, case, literal_column, or_, select, update

from hub.errors import StoreError
from hub.records import Referral
from hub.store.hot import HotStatement
from hub.store.tables import Instant, alarm, delivery, further_message, referral
from hub.store.tx import Tx

_CHANGING = frozenset(
    {
        "status",
        "business_status",
        "respond_by",
        "follow_up_by",
        "control_id",
        "remote_id",
        "answered_at",
        "closed_at",
        "destination",
    }
)


def create(
    tx: Tx,
    *,
    task_id: str,
    service_request_id: str,
    patient_id: str,
    destination: str,
    organization: str,
    custody: str,
    urgency: str,
    message_id: int | None = None,
    status: str = "requested",
    business_status: str = "new",
    requested_at: datetime | None = None,
    respond_by: datetime | None = None,
    follow_up_by: datetime | None = None,
    control_id: str | None = None,
) -> tuple[Referral, bool]:
    """Open a loop; (referral, whether it is new). A Task that is known already is returned as it stands."""
    known = find_by_task(tx, task_id)
    if known is not None:
        return known, False
    row = _ADD.one(
        tx,
        {
            "task_id": task_id,
            "service_request_id": service_request_id,
            "patient_id": patient_id,
            "destination": destination,
            "organization": organization,
            "custody": custody,
            "message_id": message_id,
            "urgency": urgency,
            "status": status,
            "business_status": business_status,
            "requested_at": requested_at or tx.now,
            "respond_by": respond_by,
            "control_id": control_id,
            "follow_up_by": follow_up_by,
            "remote_id": None,
            "answered_at": None,
            "closed_at": None,
        },
    )
    assert row is not None
    return Referral(**row._asdict()), True


_ADD = HotStatement.adding(referral, returning=referral.c)


def change(tx: Tx, task_id: str, **values: Any) -> Referral:
    """Set columns of a referral: status, business_status, respond_by, follow_up_by, control_id, remote_id,
    answered_at, closed_at, destination.

    Raises StoreError `store.not-found`; TypeError for any other column: who and what is referred never changes.
    """
    if not values or not values.keys() <= _CHANGING:
        raise TypeError("only the state of a referral changes")
    row = _change(tuple(sorted(values))).one(tx, {"wanted": task_id, **{f"new_{key}": values[key] for key in values}})
    if row is None:
        raise StoreError("store.not-found", "there is no such referral", code="not-found")
    return Referral(**row._asdict())


@cache
def _change(columns: tuple[str, ...]) -> HotStatement:
    """Few sets of columns are ever changed together."""
    return HotStatement(
        update(referral)
        .where(referral.c.task_id == bindparam("wanted"))
        .values({name: bindparam(f"new_{name}", type_=referral.c[name].type) for name in columns})
        .returning(*referral.c)
    )


def find_by_task(tx: Tx, task_id: str) -> Referral | None:
    """By our Task's id."""
    return ask_by_task(tx, task_id)()


def ask_by_task(tx: Tx, task_id: str) -> Callable[[], Referral | None]:
    """As `find_by_task`, asked now and read by the call."""
    asked = _BY_TASK.ask(tx, {"wanted": task_id})
    return lambda: None if (row := asked.one()) is None else Referral(**row._asdict())


_BY_TASK = HotStatement(select(referral).where(referral.c.task_id == bindparam("wanted")))


def find_by_remote(tx: Tx, destination: str, remote_id: str) -> Referral | None:
    """By the id that the destination gave it; only that destination's."""
    return _one(tx, select(referral).where(referral.c.destination == destination, referral.c.remote_id == remote_id))


def find_by_control(tx: Tx, destination: str, control_id: str) -> Referral | None:
    """By the control id of any message that we sent, or are about to send, of it; only that destination's."""
    found = _one(tx, select(referral).where(referral.c.destination == destination, referral.c.control_id == control_id))
    if found is not None:
        return found
    # not its last, or not the first message of several
    of_several = select(further_message.c.delivery_id).where(further_message.c.control_id == control_id)
    sent = (
        select(delivery.c.task_id)
        .where(or_(delivery.c.control_id == control_id, delivery.c.id.in_(of_several)), delivery.c.kind != "notice")
        .order_by(delivery.c.id.desc())
        .limit(1)
    )
    return _one(
        tx,
        select(referral).where(referral.c.destination == destination, referral.c.task_id == sent.scalar_subquery()),
    )


def by_patient(tx: Tx, patient_id: str) -> list[Referral]:
    """All of one patient, oldest first."""
    return [Referral(**row._asdict()) for row in _BY_PATIENT.all(tx, {"wanted": patient_id})]


_BY_PATIENT = HotStatement(
    select(referral)
    .where(referral.c.patient_id == bindparam("wanted"))
    .order_by(referral.c.requested_at, referral.c.task_id)
)


def by_message(tx: Tx, message_id: int) -> list[Referral]:
    """Those that a message opened."""
    return _all(tx, select(referral).where(referral.c.message_id == message_id))


def overdue(tx: Tx) -> list[Referral]:
    """Those not answered and not closed past their respond-by time, about which no alarm of their kind rang yet:
    `undelivered` of one that was never sent, `unanswered` of any other. Each is looked at until it has rung, and not
    as long as it waits."""
    return [Referral(**row._asdict()) for row in _OVERDUE.all(tx, {"now": tx.now})]


#: Where a referral stands of which the center has nothing.
NEVER_SENT = frozenset({"withheld", "held"})
_RANG = select(alarm.c.id).where(
    alarm.c.subject_type == literal_column("'Task'"),
    alarm.c.subject_id == referral.c.task_id,
    alarm.c.kind
    == case(
        (or_(*(referral.c.business_status == state for state in sorted(NEVER_SENT))), literal_column("'undelivered'")),
        else_=literal_column("'unanswered'"),
    ),
)
_OVERDUE = HotStatement(
    select(referral)
    .where(
        referral.c.answered_at.is_(None),
        referral.c.closed_at.is_(None),
        referral.c.respond_by <= bindparam("now", type_=Instant),
        ~_RANG.exists(),
    )
    .order_by(referral.c.requested_at, referral.c.task_id)
)


def listed(
    tx: Tx,
    *,
    destination: str | None = None,
    custody: str | None = None,
    open_only: bool = False,
    newest_first: bool = False,
    limit: int = 500,
) -> list[Referral]:
    """Referrals, oldest first; or, with `newest_first`, the newest of them, newest first. `custody` is the sender's."""
    wanted = select(referral).limit(limit)
    if newest_first:
        wanted = wanted.order_by(referral.c.requested_at.desc(), referral.c.task_id)
    if destination is not None:
        wanted = wanted.where(referral.c.destination == destination)
    if custody is not None:
        wanted = wanted.where(referral.c.custody == custody)
    if open_only:
        wanted = wanted.where(referral.c.closed_at.is_(None))
    return _all(tx, wanted)


def to_poll(tx: Tx, destination: str, *, limit: int = 200) -> list[Referral]:
    """Open referrals of a destination that can be asked about: it gave them an id, or we sent a control id."""
    known = or_(referral.c.remote_id.is_not(None), referral.c.control_id.is_not(None))
    wanted = select(referral).where(referral.c.destination == destination, referral.c.closed_at.is_(None), known)
    return _all(tx, wanted.limit(limit))


def _one(tx: Tx, wanted: Select[Any]) -> Referral | None:
    row = tx.connection.execute(wanted.order_by(referral.c.requested_at.desc()).limit(1)).one_or_none()
    return None if row is None else Referral(**row._mapping)


def _all(tx: Tx, wanted: Select[Any]) -> list[Referral]:
    # a wanted order stays before this one
    rows = tx.connection.execute(wanted.order_by(referral.c.requested_at, referral.c.task_id)).all()
    return [Referral(**row._mapping) for row in rows]
