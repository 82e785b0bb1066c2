"""The audit chain: whatever is done to it is found, and where."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import audit
from hub.audit import chain
from hub.records import Event
from hub.store import Store, Tx
from hub.store.keys.signing import Signing

AT = datetime(2026, 3, 29, 1, 0, 0, 123456, tzinfo=UTC)


def event(number: int = 0, **more: Any) -> Event:
    values: dict[str, Any] = {
        "who": "nurse",
        "action": "R",
        "kind": "message.view",
        "entity_type": "message",
        "entity_id": str(number),
        "at": AT + timedelta(seconds=number),
        "source": "hub",
    }
    return Event(**(values | more))


@pytest.fixture
def filled(store: Store) -> Store:
    for number in range(1, 8):
        assert store.write(lambda tx, number=number: audit.append(tx, event(number))) == number
    return store


#: What SQLite and PostgreSQL do not spell alike in the statements below.
SPELLED = (
    (
        "CAST(replace(event, 'nurse', 'ghost') AS BLOB)",
        "convert_to(replace(convert_from(event, 'UTF8'), 'nurse', 'ghost'), 'UTF8')",
    ),
    ("x'7b7d'", r"'\x7b7d'"),
    ("zeroblob(32)", r"decode(repeat('00', 32), 'hex')"),
)


def run(store: Store, *statements: str) -> None:
    def work(tx: Tx) -> None:
        for statement in statements:
            for here, there in SPELLED if tx.connection.dialect.name == "postgresql" else ():
                statement = statement.replace(here, there)
            tx.connection.exec_driver_sql(statement)

    store.write(work)


def found(store: Store, *keys: Any, exported: Any = ()) -> list[tuple[int, str]]:
    return [(one.seq, one.why) for one in store.read(lambda tx: audit.verify(tx, keys, exported))]


def test_a_whole_chain_verifies(filled: Store) -> None:
    assert found(filled) == []
    assert [seq for seq, _ in filled.read(audit.events)] == [1, 2, 3, 4, 5, 6, 7]
    assert filled.read(lambda tx: audit.events(tx, after=5, limit=1)) == [(6, event(6))]


def test_an_empty_chain_verifies_and_has_no_checkpoint(store: Store) -> None:
    assert found(store) == []
    assert store.write(lambda tx: audit.checkpoint(tx, tx.keys.signing_key())) is None


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        (
            "UPDATE audit_event SET event = CAST(replace(event, 'nurse', 'ghost') AS BLOB) WHERE seq = 3",
            [(3, "changed")],
        ),
        ("UPDATE audit_event SET event = x'7b7d' WHERE seq = 3", [(3, "changed")]),
        ("UPDATE audit_event SET at = at + 1 WHERE seq = 3", [(3, "changed")]),
        ("UPDATE audit_event SET hash = zeroblob(32) WHERE seq = 3", [(3, "changed"), (4, "unlinked")]),
        ("UPDATE audit_event SET previous = zeroblob(32) WHERE seq = 3", [(3, "unlinked"), (3, "changed")]),
        ("DELETE FROM audit_event WHERE seq = 3", [(3, "missing")]),
        ("DELETE FROM audit_event WHERE seq < 3", [(1, "missing")]),
        (
            "DELETE FROM audit_event WHERE seq = 3; UPDATE audit_event SET seq = seq - 1 WHERE seq > 3",
            [(3, "unlinked")],
        ),
        (
            "INSERT INTO audit_event SELECT 8, at, event, previous, hash FROM audit_event WHERE seq = 3",
            [(8, "unlinked")],
        ),
        (
            "UPDATE audit_event SET seq = 99 WHERE seq = 3; UPDATE audit_event SET seq = 3 WHERE seq = 4;"
            "UPDATE audit_event SET seq = 4 WHERE seq = 99",
            [(3, "unlinked"), (4, "unlinked"), (5, "unlinked")],
        ),
    ],
    ids=["actor", "emptied", "time", "hash", "link", "dropped", "head-cut", "dropped-renumbered", "added", "swapped"],
)
def test_tampering_is_found_and_located(filled: Store, statement: str, broken: list[tuple[int, str]]) -> None:
    run(filled, *statement.split(";"))
    assert found(filled) == broken


def test_a_rewritten_chain_does_not_match_its_checkpoint(filled: Store) -> None:
    key = filled.keys.signing_key()
    point = filled.write(lambda tx: audit.checkpoint(tx, key))
    assert point is not None
    assert found(filled, key, exported=[point]) == []

    def rewrite(tx: Tx) -> None:
        kept = chain.events(tx)
        tx.connection.exec_driver_sql("DELETE FROM audit_event")
        for number, one in kept:
            audit.append(tx, dataclasses.replace(one, who="ghost") if number == 2 else one)

    filled.write(rewrite)
    assert found(filled, key) == [(7, "checkpoint")]
    run(filled, "DELETE FROM audit_checkpoint")
    assert found(filled, key) == []  # all of it rewritten: only what was exported shows it
    assert found(filled, key, exported=[point]) == [(7, "checkpoint")]


def test_a_cut_tail_shows_against_a_checkpoint(filled: Store) -> None:
    point = filled.write(lambda tx: audit.checkpoint(tx, tx.keys.signing_key()))
    run(filled, "DELETE FROM audit_event WHERE seq > 4")
    assert found(filled) == [(7, "cut")]
    run(filled, "DELETE FROM audit_checkpoint")
    assert found(filled) == []
    assert found(filled, exported=[point]) == [(7, "cut")]


def test_only_the_hubs_own_key_signs(filled: Store) -> None:
    key, strange = filled.keys.signing_key(), Signing(bytes(32))
    filled.write(lambda tx: audit.checkpoint(tx, strange))
    assert found(filled, key) == [(7, "signature")]
    assert found(filled, strange) == []
    run(filled, "UPDATE audit_checkpoint SET at = '2020-01-01T00:00:00+00:00'")
    assert found(filled, strange) == [(7, "signature")]


def test_a_checkpoint_of_the_same_state_is_the_same(filled: Store) -> None:
    def point(tx: Tx) -> Any:
        return audit.checkpoint(tx, tx.keys.signing_key())

    first = filled.write(point)
    assert filled.write(point) == first
    filled.write(lambda tx: audit.append(tx, event(8)))
    second = filled.write(point)
    assert second.size == 8
    assert filled.read(audit.checkpoints) == [first, second]
    assert found(filled, filled.keys.signing_key()) == []


def test_an_undone_write_leaves_no_gap(filled: Store) -> None:
    def fails(tx: Tx) -> None:
        audit.append(tx, event(8))
        raise ValueError

    with pytest.raises(ValueError):
        filled.write(fails)
    assert filled.write(lambda tx: audit.append(tx, event(8))) == 8
    assert found(filled) == []


@given(
    st.builds(
        Event,
        who=st.text(max_size=20),
        action=st.sampled_from("CRUDE"),
        kind=st.text(max_size=20),
        entity_type=st.text(max_size=20),
        entity_id=st.text(max_size=20),
        outcome=st.sampled_from(["0", "4", "8", "12"]),
        at=st.datetimes(min_value=datetime(1980, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis wants it so)
        source=st.text(max_size=20),
        custody=st.none() | st.text(max_size=20),
        purpose=st.none() | st.text(max_size=20),
        patient_id=st.none() | st.text(max_size=20),
        detail=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    )
)
def test_an_event_is_read_as_it_was_written(one: Event) -> None:
    assert chain.parse(chain.canonical(one)) == one
