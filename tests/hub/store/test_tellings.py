"""Tellings: found by their numbers, kept once, forgotten when their message is read again, and known after an order."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import KeyringError
from hub.store import Store, inputs, messages, tellings
from hub.store.tables import sealed


def receive(store: Store, body: bytes, control: str | None = None) -> int:
    def work(tx: Any) -> int:
        made, _ = inputs.receive(
            tx, source="cad", custody="pd", organization="pd", control_id=control, media_type="text/csv", body=body
        )
        return made.id

    return store.write(work)


def tell(store: Store, message: int, *, number: str | None = None, case: str | None = None, **more: Any) -> int:
    def work(tx: Any) -> int:
        values = {"place": 0, "body": b"{}", "made": [("Patient", "p")]} | more
        return tellings.put(
            tx,
            custody="pd",
            source="cad",
            kind="cad",
            keys=tellings.keys_of(tx, "pd", "pd", "pd", number, case),
            message_id=message,
            first_id=message,
            **values,
        )

    return store.write(work)


def related(store: Store, **wanted: Any) -> list[int]:
    values = {"custody": "pd", "owner": "pd", "agency": "pd", "number": None, "case_number": None} | wanted
    return [one.id for one in store.read(lambda tx: tellings.related(tx, [tellings.keys_of(tx, **values)]))]


def test_records_are_found_by_either_number_and_through_each_other(store: Store) -> None:
    message = receive(store, b"1")
    call = tell(store, message, number="E-1", case="C-1")
    report = tell(store, message, case="C-1", place=1)
    tell(store, message, number="E-2", place=2)
    assert related(store, number="E-1") == [call, report]
    assert related(store, case_number="C-1") == [call, report]
    # a number is no case, and belongs to one custody, owner and agency
    assert related(store, number="C-1") == []
    for other in ({"custody": "center"}, {"owner": "center"}, {"agency": "other-pd"}):
        assert related(store, number="E-1", **other) == []


def test_many_numbers_are_asked_for_in_parts(store: Store) -> None:
    message = receive(store, b"1")
    made = [tell(store, message, number=f"E-{n}", place=n) for n in range(5)]
    keys = store.read(lambda tx: [tellings.keys_of(tx, "pd", "pd", "pd", f"E-{n}", f"C-{n}") for n in range(1000)])
    assert [one.id for one in store.read(lambda tx: tellings.related(tx, keys))] == made


def test_a_replaced_and_an_expunged_telling_have_no_content_and_keep_their_row(store: Store) -> None:
    message = receive(store, b"1")
    one, other = tell(store, message, number="E-1"), tell(store, message, number="E-1", place=1, joined=b"{}")
    assert store.read(lambda tx: (tellings.body(tx, one), tellings.joined(tx, one), tellings.joined(tx, other))) == (
        b"{}",
        None,
        b"{}",
    )
    store.write(lambda tx: (tellings.replace(tx, one), tellings.expunge(tx, other)))
    kept = store.read(lambda tx: tellings.of_messages(tx, [message]))
    assert [(k.state, k.made) for k in kept] == [("replaced", (("Patient", "p"),)), ("expunged", ())]
    for row in (one, other):
        with pytest.raises(KeyringError, match=r"keys\.missing"):
            store.read(lambda tx, row=row: tellings.body(tx, row))
    left = store.read(lambda tx: [r.noun for r in tx.connection.execute(sealed.select())])
    assert "telling" not in left
    # reading the message again forgets the one, and never what was expunged
    store.write(lambda tx: tellings.forget(tx, [message]))
    assert related(store, number="E-1") == [other]


def test_a_line_of_repetitions_begins_with_the_first_bytes(store: Store) -> None:
    first = receive(store, b"1", "control")
    for _ in range(2):
        store.write(lambda tx: tx.connection.exec_driver_sql("UPDATE message SET state = 'translated'"))
        latest = max(m.id for m in store.read(messages.listed))
        again = store.write(lambda tx, latest=latest: inputs.replay(tx, latest)).id
    store.write(lambda tx: tx.connection.exec_driver_sql("UPDATE message SET state = 'replayed' WHERE id < 3"))
    assert store.read(lambda tx: tellings.lineage(tx, again)) == (first, [2, 1])
    assert store.read(lambda tx: tellings.lineage(tx, first)) == (first, [])


def test_other_bytes_under_a_known_control_id_repeat_nothing(store: Store) -> None:
    first = receive(store, b"1", "control")
    held = store.write(
        lambda tx: inputs.keep_conflict(
            tx, source="cad", custody="pd", organization="pd", control_id="control", media_type="text/csv", body=b"2"
        )
    )
    again = store.write(lambda tx: inputs.replay(tx, held.id)).id
    assert store.read(lambda tx: tellings.lineage(tx, again)) == (first, [held.id])
