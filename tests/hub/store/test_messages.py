"""Messages: duplicates, conflicts, order per source, leases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from hub.errors import DuplicateConflict, LeaseLost, StoreError
from hub.records import Message
from hub.store import Store, Tx, inputs, messages
from profiles.issue import Issue

ISSUE = Issue(severity="warning", code="invalid", rule="read.zone", path="row[0]", text="no zone")


def receive(
    control: str | None = None, body: bytes = b"row", source: str = "cad", custody: str = "pd"
) -> Callable[[Tx], tuple[Message, bool]]:
    return lambda tx: inputs.receive(
        tx,
        source=source,
        custody=custody,
        organization=custody,
        control_id=control,
        media_type="text/csv",
        body=body,
    )


def take(store: Store, owner: str = "w", limit: int = 10) -> list[Message]:
    return store.write(lambda tx: messages.claim(tx, owner=owner, lease_seconds=30, limit=limit))


def test_the_same_bytes_are_the_same_message(store: Store) -> None:
    first, fresh = store.write(receive("c1"))
    again, fresh_again = store.write(receive("c1"))
    assert (fresh, fresh_again) == (True, False)
    assert again == first
    other, fresh = store.write(receive("c1", source="rms"))
    assert fresh
    assert other.id != first.id
    assert first.digest == other.digest
    assert first.digest != store.write(receive("c1", source="center", custody="center"))[0].digest


def test_without_a_control_id_every_input_is_new(store: Store) -> None:
    assert store.write(receive())[0].id != store.write(receive())[0].id
    assert store.read(lambda tx: messages.control_id(tx, 1)) is None


def test_other_bytes_under_a_known_control_id_are_refused_and_kept(store: Store) -> None:
    first, _ = store.write(receive("c1"))
    with pytest.raises(DuplicateConflict) as found:
        store.write(receive("c1", b"other"))
    assert (found.value.known, found.value.rule) == (first.id, "receive.conflict")
    keep: dict[str, Any] = {
        "source": "cad",
        "custody": "pd",
        "organization": "pd",
        "control_id": "c1",
        "media_type": "text/csv",
        "body": b"other",
    }
    kept = store.write(lambda tx: inputs.keep_conflict(tx, **keep))
    assert (kept.state, kept.lineage) == ("held", first.id)
    assert store.write(lambda tx: inputs.keep_conflict(tx, **keep)) == kept  # once, however often it comes
    assert store.read(lambda tx: (messages.body(tx, kept.id), messages.control_id(tx, kept.id))) == (b"other", "c1")
    assert take(store) == [m for m in store.read(messages.listed) if m.state == "received"]


def test_a_source_is_worked_on_in_order_by_one_owner(store: Store, clock: Any) -> None:
    ids = [store.write(receive(str(n)))[0].id for n in range(4)]
    other = store.write(receive(source="rms"))[0].id
    one = take(store, "w1", limit=2)
    assert [m.id for m in one] == ids[:2]
    assert [m.id for m in take(store, "w2")] == [other]  # not the rest of the first source
    for message in one:
        store.write(lambda tx, message=message: messages.finish(tx, message, "translated", [ISSUE]))
    assert [m.id for m in take(store, "w2")] == ids[2:]
    done = store.read(lambda tx: messages.get(tx, ids[0]))
    assert done is not None
    assert (done.state, done.owner, done.finished_at) == ("translated", None, clock())
    assert done.issues == (ISSUE.to_fhir(),)
    assert store.read(messages.counts) == {"translated": 2, "received": 3}


def test_a_crashed_owner_loses_its_messages_to_the_next(store: Store, clock: Any) -> None:
    store.write(receive("1"))
    (stale,) = take(store, "w1")
    clock.forward(31)
    (fresh,) = take(store, "w1")
    assert fresh.attempts == 2

    def translate(tx: Tx) -> None:
        receive("made by the stale one")(tx)
        messages.finish(tx, stale, "translated")

    with pytest.raises(LeaseLost):
        store.write(translate)
    assert store.read(messages.counts) == {"received": 1}  # all of that write was undone
    store.write(lambda tx: messages.finish(tx, fresh, "rejected"))
    with pytest.raises(LeaseLost):
        store.write(lambda tx: messages.finish(tx, fresh, "translated"))


def test_putting_back_delays_the_source_and_nothing_overtakes(store: Store, clock: Any) -> None:
    ids = [store.write(receive(str(n)))[0].id for n in range(3)]
    first, *_ = take(store)
    store.write(lambda tx: messages.put_back(tx, first, delay_seconds=5))
    assert take(store) == []
    assert store.read(messages.next_due) is not None
    clock.forward(5)
    again = take(store)
    assert [(m.id, m.attempts) for m in again] == [(ids[0], 2), (ids[1], 1), (ids[2], 1)]
    with pytest.raises(LeaseLost):
        store.write(lambda tx: messages.put_back(tx, first))


def test_next_due(store: Store, clock: Any) -> None:
    assert store.read(messages.next_due) is None
    store.write(receive())
    assert store.read(messages.next_due) == clock()
    take(store)
    due = store.read(messages.next_due)
    assert due is not None
    assert (due - clock()).total_seconds() == pytest.approx(30)


def test_a_replay_is_a_new_message_with_lineage(store: Store) -> None:
    first, _ = store.write(receive("c1"))
    with pytest.raises(StoreError, match=r"store\.state"):
        store.write(lambda tx: inputs.replay(tx, first.id))
    with pytest.raises(StoreError, match=r"store\.not-found"):
        store.write(lambda tx: inputs.replay(tx, 99))
    store.write(lambda tx: messages.finish(tx, messages.claim(tx, owner="w", lease_seconds=1, limit=1)[0], "rejected"))
    again = store.write(lambda tx: inputs.replay(tx, first.id))
    assert (again.lineage, again.state) == (first.id, "received")
    assert store.read(lambda tx: messages.body(tx, again.id)) == b"row"
    assert store.read(messages.counts) == {"replayed": 1, "received": 1}


def test_listing_pages_backwards(store: Store) -> None:
    ids = [store.write(receive(source=source))[0].id for source in ("a", "b", "a", "b")]
    page = store.read(lambda tx: messages.listed(tx, limit=2))
    assert [m.id for m in page] == ids[:1:-1]
    assert [m.id for m in store.read(lambda tx: messages.listed(tx, before=page[-1].id))] == ids[1::-1]
    assert [m.id for m in store.read(lambda tx: messages.listed(tx, source="b", state="received"))] == [ids[3], ids[1]]
    assert store.read(lambda tx: messages.listed(tx, custody="nobody")) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_on_the_way_in_or_to_a_worker_looks_through_all_messages(store: Store) -> None:
    store.write(receive("c1"))

    def plans(tx: Tx) -> list[str]:
        seen: list[tuple[str, Any]] = []
        event.listen(
            tx.connection, "before_cursor_execute", lambda c, k, sql, given, x, many: seen.append((sql, given))
        )
        receive("c1")(tx)
        inputs.keep_conflict(
            tx, source="cad", custody="pd", organization="pd", control_id="c1", media_type="text/csv", body=b"other"
        )
        messages.claim(tx, owner="w", lease_seconds=30, limit=10)
        messages.listed(tx, state="held")
        messages.next_due(tx)
        run = tx.connection.exec_driver_sql
        return [row[3] for sql, given in tuple(seen) for row in run(f"EXPLAIN QUERY PLAN {sql}", given).all()]

    found = store.write(plans)
    assert any("ix_message_state_id" in step for step in found)
    assert any("ix_message_lineage" in step for step in found)
    assert [step for step in found if step.startswith("SCAN message") or "TEMP B-TREE" in step] == []
