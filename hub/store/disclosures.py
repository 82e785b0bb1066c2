"""Disclosures: what left, from whom to whom, why. Intended before the first byte, then settled.

Accounting (45 CFR 164.528; 42 CFR 2.25) counts `sent` and `unknown`. The patient is a blind index of the discloser's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, Select, bindparam, literal_column, or_, select, update

from hub.errors import StoreError
from hub.records import Disclosure, DisclosureState, Manner
from hub.store import vault
from hub.store.hot import HotStatement
from hub.store.tables import INTENDED, Instant, delivery, disclosure, lane
from hub.store.tx import Tx


def intend(
    tx: Tx,
    *,
    delivery_id: int | None,
    discloser: str,
    recipient: str,
    purpose: str,
    patient_id: str,
    what: Iterable[tuple[str, str]],
    consents: Iterable[str] = (),
    digest: str,
    manner: Manner = "delivery",
    basis: Iterable[str] = (),
    part2: bool = False,
    to_whom: str | None = None,
) -> Disclosure:
    """Record what is about to leave: commit this before the first byte. `what` are (resource type, id) pairs,
    `basis` the decision's reasons; one without a basis is accounted for as if no rule excused it. `to_whom` names a
    recipient that is no organization of the hub; it is sealed.

    Whoever sends a delivery has its lane alone: an earlier sending of it that was never settled is `unknown` now.
    """
    if delivery_id is not None:
        _UNSETTLED.ask(tx, {"of_delivery": delivery_id, "settled": tx.now})
    row = _ADD.one(
        tx,
        {
            "delivery_id": delivery_id,
            "discloser": discloser,
            "recipient": recipient,
            "purpose": purpose,
            "patient": _patient(tx, discloser, patient_id),
            "what": [list(pair) for pair in what],
            "consents": list(consents),
            "manner": manner,
            "basis": list(basis),
            "part2": part2,
            "digest": digest,
            "state": "intended",
            "intended_at": tx.now,
            "settled_at": None,
        },
    )
    assert row is not None
    if to_whom is not None:
        vault.put(tx, "disclosure", row.id, "to-whom", to_whom.encode(), custody=discloser)
    return _record(row)


_UNSETTLED = HotStatement(
    update(disclosure)
    .where(disclosure.c.delivery_id == bindparam("of_delivery"), disclosure.c.state == INTENDED)
    .values(state="unknown", settled_at=bindparam("settled", type_=Instant))
)
_ADD = HotStatement.adding(disclosure, returning=disclosure.c)


def to_whom(tx: Tx, disclosure_id: int) -> str | None:
    """The recipient as the one who disclosed named it, where it is no organization of the hub."""
    found = vault.find(tx, "disclosure", disclosure_id, "to-whom")
    return None if found is None else found.decode()


def settle(tx: Tx, disclosure_id: int, state: Literal["sent", "not-sent", "unknown"]) -> Disclosure:
    """Say how it ended. `unknown` may later become known; nothing else changes again.

    Raises StoreError `store.state`.
    """
    row = _SETTLE.one(tx, {"wanted": disclosure_id, "ended": state, "settled": tx.now})
    if row is None:
        raise StoreError("store.state", "there is no such disclosure to settle", code="conflict")
    return _record(row)


_SETTLE = HotStatement(
    update(disclosure)
    .where(
        disclosure.c.id == bindparam("wanted"),
        or_(disclosure.c.state == INTENDED, disclosure.c.state == literal_column("'unknown'")),
    )
    .values(state=bindparam("ended"), settled_at=bindparam("settled", type_=Instant))
    .returning(*disclosure.c)
)


def abandoned(tx: Tx, owner: str | None = None, *, before: datetime | None = None) -> list[Disclosure]:
    """Those still `intended` that nobody is sending, oldest first: their lane's claim has run out, or is `owner`'s own
    (which has just started, and sends nothing yet); of those alone that were intended `before`. Whoever cannot tell
    settles them `unknown`."""
    wanted = (
        select(disclosure)
        .outerjoin(delivery, delivery.c.id == disclosure.c.delivery_id)
        .outerjoin(lane, lane.c.id == delivery.c.lane_id)
        .where(
            disclosure.c.state == INTENDED,
            or_(lane.c.id.is_(None), lane.c.owner == owner, lane.c.lease_until <= tx.now),
        )
    )
    return _all(tx, wanted if before is None else wanted.where(disclosure.c.intended_at < before))


def accounting(tx: Tx, *, discloser: str, patient_id: str, since: datetime | None = None) -> list[Disclosure]:
    """What one discloser must account for about one patient, oldest first: `sent` and `unknown`.

    Still `intended` ones are in it too: bytes may be on their way.
    """
    wanted = select(disclosure).where(
        disclosure.c.discloser == discloser,
        disclosure.c.patient == _patient(tx, discloser, patient_id),
        disclosure.c.state != "not-sent",
    )
    return _all(tx, wanted if since is None else wanted.where(disclosure.c.intended_at >= since))


def under_consent(tx: Tx, *, disclosers: Iterable[str], patient_id: str, consent: str) -> list[Disclosure]:
    """What went out about a patient under one Consent (`Consent/id`), oldest first; what never left is not in it."""
    found = [one for discloser in disclosers for one in accounting(tx, discloser=discloser, patient_id=patient_id)]
    return sorted((one for one in found if consent in one.consents), key=lambda one: one.id)


def by_delivery(tx: Tx, delivery_id: int) -> list[Disclosure]:
    """Those of one delivery: one for each time its sending was begun."""
    return _all(tx, select(disclosure).where(disclosure.c.delivery_id == delivery_id))


def listed(tx: Tx, *, state: DisclosureState | None = None, limit: int = 500) -> list[Disclosure]:
    """Disclosures, oldest first."""
    wanted = select(disclosure).limit(limit)
    return _all(tx, wanted if state is None else wanted.where(disclosure.c.state == state))


def _patient(tx: Tx, discloser: str, patient_id: str) -> bytes:
    return tx.keys.blind(discloser, "disclosure.patient", patient_id)


def _all(tx: Tx, wanted: Select[Any]) -> list[Disclosure]:
    return [_record(row) for row in tx.connection.execute(wanted.order_by(disclosure.c.id)).all()]


def _record(row: Row[Any]) -> Disclosure:
    return Disclosure(
        id=row.id,
        delivery_id=row.delivery_id,
        discloser=row.discloser,
        recipient=row.recipient,
        purpose=row.purpose,
        what=tuple((kind, name) for kind, name in row.what),
        consents=tuple(row.consents),
        manner=row.manner,
        basis=tuple(row.basis),
        part2=row.part2,
        digest=row.digest,
        state=row.state,
        intended_at=row.intended_at,
        settled_at=row.settled_at,
    )
