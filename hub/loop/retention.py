"""Retention: content whose time has come is disposed of; that it was there, and what was done with it, stays.

What is open is not touched whatever its age: a message that waits or is held, a referral whose loop is not closed, a
delivery that is not settled, and everything under a legal hold. Rows without content, decisions and the audit stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update

from hub.loop.context import Hub
from hub.loop.record import audit, trace
from hub.records import LegalHold
from hub.store import documents, legal_holds, vault
from hub.store.tables import delivery, disclosure, document, hold, message, referral, sealed
from hub.store.tx import Tx

#: Rows of each kind in one transaction: others write between.
BATCH = 200
_FINISHED = ("translated", "rejected", "ignored", "replayed")
_SETTLED = ("done", "superseded", "parked", "dead")


@dataclass(frozen=True, kw_only=True, slots=True)
class Disposed:
    """How many bodies of messages, bodies of deliveries, resources and disclosures went, or would go."""

    messages: int = 0
    releases: int = 0
    records: int = 0
    disclosures: int = 0

    def __bool__(self) -> bool:
        return bool(self.messages or self.releases or self.records or self.disclosures)


def due(tx: Tx, hub: Hub) -> Disposed:
    """What the schedule of the settings would dispose of now. Nothing is changed."""
    holds = legal_holds.listed(tx)
    counts = {}
    for kind, wanted in _selections(tx, hub, holds).items():
        counts[kind] = tx.connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one()
    return Disposed(**counts)


def dispose(tx: Tx, hub: Hub, *, by: str) -> Disposed:
    """Disposes of a batch of each kind; call it again while it did something. One audit event says how many."""
    wanted = _selections(tx, hub, legal_holds.listed(tx))
    done = Disposed(
        messages=_messages(tx, wanted["messages"]) if "messages" in wanted else 0,
        releases=_releases(tx, wanted["releases"]) if "releases" in wanted else 0,
        records=_records(tx, wanted["records"]) if "records" in wanted else 0,
        disclosures=_disclosures(tx, wanted["disclosures"]) if "disclosures" in wanted else 0,
    )
    if done:
        counts = tuple(f"{name}:{getattr(done, name)}" for name in Disposed.__slots__ if getattr(done, name))
        audit(tx, hub, who=by, action="D", kind="retention", entity=("schedule", "retention"), detail=counts)
    return done


def _selections(tx: Tx, hub: Hub, holds: list[LegalHold]) -> dict[str, Select[int]]:
    """What is due of each kind that the settings name a time for: the ids of rows."""
    section = hub.settings.retention
    found: dict[str, Select[int]] = {}
    if section.messages is not None:
        found["messages"] = select(message.c.id).where(
            message.c.state.in_(_FINISHED),
            message.c.finished_at < _before(tx, section.messages),
            _sealed("message", message.c.id),
            ~exists().where(hold.c.message_id == message.c.id, hold.c.state == "open"),
            ~exists().where(referral.c.message_id == message.c.id, referral.c.closed_at.is_(None)),
            ~exists().where(delivery.c.message_id == message.c.id, delivery.c.state == "ready"),
            _free_message(holds),
        )
    if section.releases is not None:
        found["releases"] = select(delivery.c.id).where(
            delivery.c.state.in_(_SETTLED),
            delivery.c.done_at < _before(tx, section.releases),
            _sealed("delivery", delivery.c.id),
            or_(
                delivery.c.message_id.is_(None),
                delivery.c.message_id.in_(select(message.c.id).where(_free_message(holds))),
            ),
        )
    if section.records is not None:
        newer = document.alias("newer")
        mine = or_(
            and_(document.c.patient_id.is_not(None), newer.c.patient_id == document.c.patient_id),
            and_(document.c.patient_id.is_(None), newer.c.incident_key == document.c.incident_key),
        )
        person = document.alias("person")
        # what is common to an incident goes after its last person's record
        of_somebody = and_(
            document.c.patient_id.is_(None),
            person.c.incident_key == document.c.incident_key,
            person.c.patient_id.is_not(None),
            person.c.current.is_(True),
            person.c.deleted.is_(False),
        )
        found["records"] = select(document.c.id).where(
            document.c.current.is_(True),
            document.c.deleted.is_(False),
            or_(document.c.patient_id.is_not(None), document.c.incident_key.is_not(None)),
            ~exists().where(mine, newer.c.created_at >= _before(tx, section.records)),
            ~exists().where(of_somebody),
            ~exists().where(referral.c.patient_id == document.c.patient_id, referral.c.closed_at.is_(None)),
            ~exists().where(hold.c.message_id == document.c.message_id, hold.c.state == "open"),
            _free_document(holds),
        )
    if section.disclosures is not None:
        found["disclosures"] = select(disclosure.c.id).where(
            disclosure.c.state.in_(("sent", "not-sent", "unknown")),
            disclosure.c.settled_at < _before(tx, section.disclosures),
            disclosure.c.discloser.not_in([one.custody for one in holds]) if holds else disclosure.c.id.is_not(None),
        )
    return found


def _messages(tx: Tx, wanted: Select[int]) -> int:
    ids = list(tx.connection.execute(wanted.order_by(message.c.id).limit(BATCH)).scalars())
    for number in ids:
        vault.remove(tx, "message", number)
        trace(tx, number, "record", "disposed")
    tx.connection.execute(update(message).where(message.c.id.in_(ids)).values(state="disposed"))
    return len(ids)


def _releases(tx: Tx, wanted: Select[int]) -> int:
    ids = list(tx.connection.execute(wanted.order_by(delivery.c.id).limit(BATCH)).scalars())
    for number in ids:
        vault.remove(tx, "delivery", number)
    return len(ids)


def _records(tx: Tx, wanted: Select[int]) -> int:
    ids = list(tx.connection.execute(wanted.order_by(document.c.id).limit(BATCH)).scalars())
    rows = tx.connection.execute(
        select(document.c.resource_type, document.c.resource_id, document.c.custody).where(document.c.id.in_(ids))
    ).all()
    return sum(documents.expunge(tx, row.resource_type, row.resource_id, row.custody) for row in rows)


def _disclosures(tx: Tx, wanted: Select[int]) -> int:
    ids = list(tx.connection.execute(wanted.order_by(disclosure.c.id).limit(BATCH)).scalars())
    for number in ids:
        vault.remove(tx, "disclosure", number)
    tx.connection.execute(delete(disclosure).where(disclosure.c.id.in_(ids)))
    return len(ids)


def _before(tx: Tx, days: int) -> datetime:
    return tx.now - timedelta(days=days)


def _sealed(noun: str, number: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(sealed.c.noun == noun, sealed.c.noun_id == number)


def _free_message(holds: list[LegalHold]) -> ColumnElement[bool]:
    """That no legal hold is on the message, nor on anything that was made of it."""
    made = and_(document.c.message_id == message.c.id, ~_free_document(holds)) if holds else None
    kept = [message.c.custody == one.custody for one in holds if one.subject_type == "custody"]
    kept += [
        and_(message.c.custody == one.custody, message.c.id == int(one.subject))
        for one in holds
        if one.subject_type == "message"
    ]
    if made is not None:
        kept.append(exists().where(made))
    return ~or_(*kept) if kept else message.c.id.is_not(None)


def _free_document(holds: list[LegalHold]) -> ColumnElement[bool]:
    """That no legal hold is on the resource: on its person, its incident, the message that made it or its custody."""
    kept: list[ColumnElement[bool]] = []
    for one in holds:
        on: dict[str, ColumnElement[bool]] = {"custody": document.c.id.is_not(None)}
        if one.subject_type == "patient":
            on["patient"] = document.c.patient_id == one.subject
        elif one.subject_type == "incident":
            on["incident"] = document.c.incident_key == bytes.fromhex(one.subject)
        elif one.subject_type == "message":
            on["message"] = document.c.message_id == int(one.subject)
        kept.append(and_(document.c.custody == one.custody, func.coalesce(on[one.subject_type], False)))
    return ~or_(*kept) if kept else document.c.id.is_not(None)
