"""Part 2 records found among what an investigation received: noted, settled, reported (42 CFR 2.3(b), 2.68)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Row, bindparam, select, update

from hub.errors import StoreError
from hub.records import InvestigationFind
from hub.store.hot import HotStatement
from hub.store.tables import investigation_find
from hub.store.tx import Tx


def note(tx: Tx, *, custody: str, patient_id: str, reference: str, by: str) -> InvestigationFind:
    """One find about one person. A second one about the same person stands beside it."""
    values = {
        "custody": custody,
        "patient_id": patient_id,
        "reference": reference,
        "found_by": by,
        "found_at": tx.now,
    }
    return _record(tx.connection.execute(investigation_find.insert().returning(*investigation_find.c), values).one())


def stands(tx: Tx, custody: str, patient_id: str) -> bool:
    """Whether a custody must not use what it has of a person."""
    return ask_stands(tx, custody, patient_id)()


def ask_stands(tx: Tx, custody: str, patient_id: str) -> Callable[[], bool]:
    """As `stands`, asked now and read by the call."""
    asked = _STANDING.ask(tx, {"whose": custody, "whom": patient_id})
    return lambda: asked.one() is not None


_STANDING = HotStatement(
    select(investigation_find.c.id)
    .where(
        investigation_find.c.custody == bindparam("whose"),
        investigation_find.c.patient_id == bindparam("whom"),
        investigation_find.c.settled_at.is_(None),
    )
    .limit(1)
)


def any_stands(tx: Tx, custody: str) -> bool:
    """Whether a custody has any find that is not settled."""
    wanted = select(investigation_find.c.id).where(
        investigation_find.c.custody == custody, investigation_find.c.settled_at.is_(None)
    )
    return tx.connection.execute(wanted.limit(1)).first() is not None


def settle(tx: Tx, find_id: int, *, by: str, how: str) -> InvestigationFind:
    """It no longer stops anything. Raises StoreError `store.not-found`, `store.state` when it was settled before."""
    row = tx.connection.execute(
        update(investigation_find)
        .where(investigation_find.c.id == find_id, investigation_find.c.settled_at.is_(None))
        .values(settled_by=by, settled_at=tx.now, settled_as=how)
        .returning(*investigation_find.c)
    ).one_or_none()
    if row is not None:
        return _record(row)
    if tx.connection.execute(select(investigation_find.c.id).where(investigation_find.c.id == find_id)).first() is None:
        raise StoreError("store.not-found", "there is no such find", code="not-found")
    raise StoreError("store.state", "this find was settled before", code="conflict")


def listed(
    tx: Tx, *, since: datetime | None = None, until: datetime | None = None, custody: str | None = None
) -> list[InvestigationFind]:
    """Finds made from `since` on and before `until`, oldest first."""
    wanted = select(investigation_find).order_by(investigation_find.c.id)
    if since is not None:
        wanted = wanted.where(investigation_find.c.found_at >= since)
    if until is not None:
        wanted = wanted.where(investigation_find.c.found_at < until)
    if custody is not None:
        wanted = wanted.where(investigation_find.c.custody == custody)
    return [_record(row) for row in tx.connection.execute(wanted)]


def report(tx: Tx, finds: Sequence[InvestigationFind], *, by: str, name: str) -> None:
    """These went into the report of that name."""
    tx.connection.execute(
        update(investigation_find)
        .where(investigation_find.c.id.in_([one.id for one in finds]))
        .values(reported_by=by, reported_at=tx.now, report=name)
    )


def _record(row: Row[tuple[object, ...]]) -> InvestigationFind:
    return InvestigationFind(**row._mapping)
