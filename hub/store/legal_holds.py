"""Legal holds: what a court, a lawyer or an investigation wants kept, whatever the retention schedule says."""

from __future__ import annotations

from sqlalchemy import Row, select, update

from hub.errors import StoreError
from hub.records import LegalHold, LegalHoldSubject
from hub.store.tables import document, legal_hold
from hub.store.tx import Tx


def place(tx: Tx, *, custody: str, subject_type: LegalHoldSubject, subject: str, reference: str, by: str) -> LegalHold:
    """Keep a subject of one custody. `subject` of an incident is its key, of a custody it is empty."""
    values = {
        "custody": custody,
        "subject_type": subject_type,
        "subject": _subject(tx, custody, subject_type, subject),
        "reference": reference,
        "placed_by": by,
        "placed_at": tx.now,
    }
    return _record(tx.connection.execute(legal_hold.insert().returning(*legal_hold.c), values).one())


def lift(tx: Tx, hold_id: int, *, by: str) -> LegalHold:
    """The duty has ended. Raises StoreError `store.not-found`, and `store.state` when it had ended before."""
    row = tx.connection.execute(
        update(legal_hold)
        .where(legal_hold.c.id == hold_id, legal_hold.c.lifted_at.is_(None))
        .values(lifted_by=by, lifted_at=tx.now)
        .returning(*legal_hold.c)
    ).one_or_none()
    if row is not None:
        return _record(row)
    if tx.connection.execute(select(legal_hold.c.id).where(legal_hold.c.id == hold_id)).first() is None:
        raise StoreError("store.not-found", "there is no such legal hold", code="not-found")
    raise StoreError("store.state", "this legal hold has been lifted", code="conflict")


def listed(tx: Tx, *, standing: bool = True) -> list[LegalHold]:
    """All that stand, or ever stood, oldest first."""
    wanted = select(legal_hold).order_by(legal_hold.c.id)
    if standing:
        wanted = wanted.where(legal_hold.c.lifted_at.is_(None))
    return [_record(row) for row in tx.connection.execute(wanted)]


def of_messages(tx: Tx, custody: str, message_ids: list[int]) -> list[LegalHold]:
    """The standing holds on any of these messages: on the message, its incident, its person or its whole custody."""
    standing = [one for one in listed(tx) if one.custody == custody]
    if not standing or not message_ids:
        return [one for one in standing if one.subject_type == "custody"]
    rows = tx.connection.execute(
        select(document.c.patient_id, document.c.incident_key).where(document.c.message_id.in_(message_ids)).distinct()
    ).all()
    about = {("custody", "")}
    about |= {("message", str(one)) for one in message_ids}
    about |= {("patient", row.patient_id) for row in rows if row.patient_id is not None}
    about |= {("incident", bytes(row.incident_key).hex()) for row in rows if row.incident_key is not None}
    return [one for one in standing if (one.subject_type, one.subject) in about]


def _subject(tx: Tx, custody: str, subject_type: LegalHoldSubject, subject: str) -> str:
    if subject_type == "incident":
        return tx.keys.blind(custody, "incident", subject).hex()
    return "" if subject_type == "custody" else subject


def _record(row: Row[tuple[object, ...]]) -> LegalHold:
    return LegalHold(**row._mapping)
