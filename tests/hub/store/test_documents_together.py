"""Documents kept together are what they are when kept one by one."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.store import Store, documents
from hub.store.tables import document, sealed
from hub.store.tx import Tx

RESOURCES = st.builds(
    lambda kind, number, said, code: {
        "resourceType": kind,
        "id": f"d{number}",
        "language": said,
        "meta": {"versionId": "4", "security": [{"system": "x", "code": code}]},
    },
    st.sampled_from(["Patient", "Encounter"]),
    st.integers(1, 3),
    st.sampled_from(["en", "es"]),
    st.sampled_from(["R", "N"]),
)
NEW = st.builds(
    documents.New,
    resource=RESOURCES,
    custody=st.sampled_from(["pd", "center"]),
    origin=st.sampled_from([None, "pd", "center"]),
    patient_id=st.sampled_from([None, "p1"]),
    incident=st.sampled_from([None, "2026-1", "2026-2"]),
)
#: Units of work: what is put together in each, or (a number) the resource that is deleted.
UNITS = st.lists(st.one_of(st.lists(NEW, max_size=9), st.integers(1, 3)), max_size=5)


class _Undone(Exception):
    """Raised to leave the database as it was."""


def kept(store: Store, units: list[list[documents.New] | int], *, together: bool) -> tuple[list[Any], list[Any]]:
    """What each put gave and what the database holds after it; nothing of it stays."""
    gave: list[Any] = []
    rows: list[Any] = []

    def work(tx: Tx) -> None:
        first = (tx.connection.execute(document.select().order_by(document.c.id.desc())).scalars().first() or 0) + 1
        for unit in units:
            if isinstance(unit, int):
                documents.delete(tx, "Patient", f"d{unit}")
            elif together:
                gave.extend(documents.put_all(tx, unit))
            else:
                gave.extend(
                    documents.put(
                        tx,
                        new.resource,
                        custody=new.custody,
                        origin=new.origin,
                        patient_id=new.patient_id,
                        incident=new.incident,
                    )
                    for new in unit
                )
        found = tx.connection.execute(document.select().order_by(document.c.id)).all()
        # PostgreSQL's numbers go on after what was undone
        start = found[0].id if found else first
        for row in found:
            opened = documents.history(tx, row.resource_type, row.resource_id)
            rows.append((row.id - start, *row[1:11], *row[12:], [one.resource for one in opened]))
        labels = tx.connection.execute(sealed.select().order_by(sealed.c.noun_id)).all()
        rows.append([(one.noun, one.noun_id - start, one.part, one.custody, one.label, one.kid) for one in labels])
        gave[:] = [(one.id - start, one.version, one.fresh, one.labels, one.deleted, one.resource) for one in gave]
        raise _Undone

    try:
        store.write(work)
    except _Undone:
        return gave, rows
    raise AssertionError("it was to be undone")


@settings(max_examples=25, deadline=None)
@given(units=UNITS)
def both_ways(store: Store, units: list[list[documents.New] | int]) -> None:
    assert kept(store, units, together=True) == kept(store, units, together=False)


def test_together_is_one_by_one(store: Store) -> None:
    both_ways(store)


def test_many_are_kept_in_the_order_given(store: Store) -> None:
    many = [
        documents.New(resource={"resourceType": "Patient", "id": f"p{number % 450}", "n": number}, custody="pd")
        for number in range(1000)
    ]
    made = store.write(lambda tx: documents.put_all(tx, many))
    assert [one.id for one in made] == sorted(one.id for one in made)
    assert [one.resource for one in made] == [new.resource for new in many]
    assert [one.version for one in made] == [1 + number // 450 for number in range(1000)]
