"""Lanes and claims, case by case. The whole against a model is in test_lanes_model.py."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import StoreError
from hub.records import Claim, Delivery, Tried
from hub.store import Store, Tx, claims, deliveries, lanes
from hub.store.tables import attempt


def enqueue(store: Store, key: str = "p1", destination: str = "ehr", **more: Any) -> Delivery:
    values: dict[str, Any] = {
        "destination": destination,
        "order_key": key,
        "kind": "referral",
        "custody": "pd",
        "control_id": f"{destination} {key}",
        "media_type": "application/fhir+json",
        "digest": "d1",
        "release": b"sealed bytes",
    }
    return store.write(lambda tx: deliveries.enqueue(tx, **(values | more)))


def take(store: Store, owner: str = "w1", limit: int = 10, **more: Any) -> list[Claim]:
    return store.write(lambda tx: claims.take(tx, owner=owner, lease_seconds=30, limit=limit, **more))


def tried(store: Store, code: str = "200", error: str | None = None) -> Tried:
    return Tried(started_at=store.now(), code=code, error=error)


def settle(store: Store, claim: Claim, state: Any = "done") -> bool:
    return store.write(lambda tx: claims.settle(tx, claim, state, tried(store)))


def outgoing(store: Store, key: str = "p1") -> list[tuple[int, str]]:
    return [(d.id, d.state) for d in store.read(deliveries.listed) if d.order_key == key]


def test_a_lane_sends_its_head_and_then_the_next(store: Store) -> None:
    first, second = enqueue(store), enqueue(store)
    (claim,) = take(store)
    assert claim.delivery == first
    assert store.read(lambda tx: deliveries.release(tx, first.id)) == b"sealed bytes"
    assert take(store, "w2") == []
    assert settle(store, claim)
    (claim,) = take(store, "w2")
    assert claim.delivery.id == second.id
    assert settle(store, claim)
    assert outgoing(store) == [(first.id, "done"), (second.id, "done")]
    assert store.read(lanes.next_due) is None
    assert store.read(lanes.depths) == {}


def test_a_lost_lease_settles_nothing(store: Store, clock: Any) -> None:
    enqueue(store)
    (stale,) = take(store)
    clock.forward(30)  # the lease has run out to the second
    before = store.read(lambda tx: tx.connection.exec_driver_sql("SELECT * FROM lane, delivery").all())
    for ending in (
        lambda tx: claims.settle(tx, stale, "done", tried(store)),
        lambda tx: claims.retry(tx, stale, tried(store, "503"), jitter=0.5) is not None,
        lambda tx: claims.block(tx, stale, tried(store, "400"), "deliver.refused"),
        lambda tx: claims.give_back(tx, stale),
        lambda tx: claims.extend(tx, stale, lease_seconds=60) is not None,
    ):
        assert not store.write(ending)
    assert store.read(lambda tx: tx.connection.exec_driver_sql("SELECT * FROM lane, delivery").all()) == before
    assert store.read(lambda tx: tx.connection.execute(attempt.select()).all()) == []
    assert store.read(lanes.next_due) == clock()
    assert len(take(store, "w2")) == 1  # and from that very moment it is another's


def test_the_fence_tells_an_owners_claims_apart(store: Store, clock: Any) -> None:
    enqueue(store)
    (stale,) = take(store, "w1")
    clock.forward(31)
    (fresh,) = take(store, "w1")  # the same owner won the lane again
    assert not settle(store, stale)
    assert settle(store, fresh)


def test_a_heartbeat_keeps_the_lane(store: Store, clock: Any) -> None:
    enqueue(store)
    (claim,) = take(store)
    clock.forward(29)
    longer = store.write(lambda tx: claims.extend(tx, claim, lease_seconds=30))
    clock.forward(29)
    assert take(store, "w2") == []
    assert longer is not None
    assert longer.lease_until > claim.lease_until
    assert settle(store, longer)


@pytest.mark.parametrize(
    ("attempts", "jitter", "after", "seconds"),
    [
        (0, 0.0, 0, 0.0),
        (0, 0.5, 0, 1.0),  # half of 2
        (1, 0.5, 0, 2.0),  # half of 2 * 2
        (3, 0.25, 0, 4.0),  # a quarter of 2 * 2**3
        (9, 1.0, 0, 900.0),  # 1024 is over the cap
        (5000, 1.0, 0, 900.0),
        (0, 0.5, 120, 120.0),  # Retry-After is the least
    ],
)
def test_backing_off(store: Store, clock: Any, attempts: int, jitter: float, after: float, seconds: float) -> None:
    enqueue(store)
    store.write(lambda tx: tx.connection.exec_driver_sql(f"UPDATE lane SET attempts = {attempts}"))
    (claim,) = take(store)
    later = store.write(lambda tx: claims.retry(tx, claim, tried(store, "503"), jitter=jitter, after_seconds=after))
    assert later is not None
    assert (later - clock()).total_seconds() == pytest.approx(seconds, abs=1e-5)
    assert store.read(lanes.next_due) == later
    if seconds:
        clock.forward(seconds - 0.001)
        assert take(store) == []
        clock.forward(0.002)
    assert take(store)


def test_retrying_keeps_the_order_and_counts(store: Store, clock: Any) -> None:
    first, _ = enqueue(store), enqueue(store)
    for count in range(3):
        (claim,) = take(store)
        assert (claim.delivery.id, claim.attempts) == (first.id, count)
        store.write(lambda tx, claim=claim: claims.retry(tx, claim, tried(store, "503", "deliver.busy"), jitter=1.0))
        assert enqueue(store)  # what comes behind does not end the backing off
        assert take(store) == []
        clock.forward(1000)
    (claim,) = take(store)
    assert claim.delivery.attempts == 3
    assert claim.delivery.last_error == "deliver.busy"
    settle(store, claim)
    kept = store.read(lambda tx: deliveries.attempts(tx, first.id))
    assert [(one.outcome, one.code) for one in kept] == [("retry", "503")] * 3 + [("done", "200")]
    assert take(store)[0].attempts == 0  # the next begins afresh


def test_a_dead_destination_does_not_starve_the_rest(store: Store) -> None:
    for number in range(20):
        enqueue(store, f"p{number}", "dead")
    healthy = enqueue(store, "q", "ehr")
    assert {claim.delivery.destination for claim in take(store, "probe", limit=1)} == {"dead"}
    (claim,) = take(store, limit=5, skip={"dead"})
    assert claim.delivery.id == healthy.id
    assert [claim.delivery.destination for claim in take(store, limit=2, only=["dead"])] == ["dead", "dead"]
    assert store.read(lambda tx: lanes.next_due(tx, skip=["dead", "ehr"])) is None


def test_a_blocked_lane_stands_until_a_person_acts(store: Store, clock: Any) -> None:
    first, second, other = enqueue(store), enqueue(store), enqueue(store, "p2")
    claim = next(one for one in take(store) if one.delivery.id == first.id)
    assert store.write(lambda tx: claims.block(tx, claim, tried(store, "400", "deliver.refused"), "deliver.refused"))
    clock.forward(10_000)
    assert [one.delivery.id for one in take(store)] == [other.id]
    (lane,) = [one for one in store.read(lanes.listed) if one.blocked]
    assert (lane.blocked, lane.depth) == ("deliver.refused", 2)
    assert store.write(lambda tx: lanes.unblock(tx, lane.id))
    assert not store.write(lambda tx: lanes.unblock(tx, lane.id))
    (again,) = take(store)
    assert again.delivery.id == first.id
    assert not store.write(lambda tx: deliveries.give_up(tx, first.id))  # it is being sent
    assert store.write(lambda tx: claims.block(tx, again, tried(store, "400"), "deliver.refused"))
    assert store.write(lambda tx: deliveries.give_up(tx, first.id))
    assert not store.write(lambda tx: deliveries.give_up(tx, first.id))
    assert [one.delivery.id for one in take(store)] == [second.id]
    assert outgoing(store) == [(first.id, "dead"), (second.id, "ready")]


def test_giving_up_behind_a_blocked_head_leaves_it_blocked(store: Store) -> None:
    first, second = enqueue(store), enqueue(store)
    (claim,) = take(store)
    store.write(lambda tx: claims.block(tx, claim, None, "deliver.refused"))
    assert store.write(lambda tx: deliveries.give_up(tx, second.id))
    assert take(store) == []
    assert store.read(lambda tx: lanes.get(tx, first.lane_id)).depth == 1  # type: ignore[union-attr]


def test_parking_lets_the_lane_go_on(store: Store) -> None:
    first, second = enqueue(store), enqueue(store)
    (claim,) = take(store)
    settle(store, claim, "parked")
    (claim,) = take(store)
    assert claim.delivery.id == second.id
    assert outgoing(store)[0] == (first.id, "parked")
    assert store.read(deliveries.counts) == {("ehr", "parked"): 1, ("ehr", "ready"): 1}


def test_a_replacement_takes_the_place_of_the_superseded(store: Store) -> None:
    first, second = enqueue(store), enqueue(store)
    (claim,) = take(store)

    def supersede(tx: Tx) -> Delivery:
        assert claims.settle(tx, claim, "superseded")
        return deliveries.enqueue(
            tx,
            destination="ehr",
            order_key="p1",
            kind="referral",
            custody="pd",
            control_id="new",
            media_type="application/fhir+json",
            digest="d2",
            release=b"less",
            in_place_of=claim.delivery,
        )

    replaced = store.write(supersede)
    assert (replaced.replay_of, replaced.position) == (first.id, first.position)
    (claim,) = take(store)
    assert claim.delivery.id == replaced.id
    settle(store, claim)
    assert take(store)[0].delivery.id == second.id
    with pytest.raises(StoreError, match=r"store\.state"):
        enqueue(store, in_place_of=replaced)  # it is done, not superseded


def test_a_replay_is_a_new_delivery_at_the_end(store: Store) -> None:
    first = enqueue(store)
    settle(store, take(store)[0])
    waiting, again = enqueue(store), enqueue(store, replay_of=first.id)
    assert again.replay_of == first.id
    assert take(store)[0].delivery.id == waiting.id
    assert outgoing(store)[0] == (first.id, "done")


def test_deliveries_are_found_by_our_control_id_at_that_destination(store: Store) -> None:
    made = enqueue(store, control_id="MSG1", task_id="t1")
    enqueue(store, destination="other", control_id="MSG2")
    assert store.read(lambda tx: deliveries.find_by_control(tx, "ehr", "MSG1")) == made
    assert store.read(lambda tx: deliveries.find_by_control(tx, "ehr", "MSG2")) is None
    assert store.read(lambda tx: deliveries.listed(tx, task_id="t1")) == [made]


def test_hurry_ends_the_backing_off_of_one_destination(store: Store) -> None:
    for destination in ("ehr", "other"):
        enqueue(store, destination=destination)
    for claim in take(store):
        store.write(lambda tx, claim=claim: claims.retry(tx, claim, tried(store, "503"), jitter=1.0))
    assert store.write(lambda tx: lanes.hurry(tx, "ehr")) == 1
    assert [claim.delivery.destination for claim in take(store)] == ["ehr"]


def test_depth_and_age_per_destination(store: Store, clock: Any) -> None:
    began = clock()
    enqueue(store)
    clock.forward(5)
    enqueue(store)
    enqueue(store, destination="other")
    assert store.read(lanes.depths) == {"ehr": (2, began), "other": (1, clock())}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_claims_use_the_indexes(store: Store) -> None:
    def plan(tx: Tx, statement: str) -> str:
        return str(tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all())

    seen: list[str] = []

    def capture(tx: Tx) -> None:
        tx.connection.connection.driver_connection.set_trace_callback(seen.append)  # type: ignore[union-attr]
        claims.take(tx, owner="w", lease_seconds=1, limit=5, skip=["x"])
        tx.connection.connection.driver_connection.set_trace_callback(None)  # type: ignore[union-attr]

    enqueue(store)
    store.write(capture)
    chosen = next(line for line in seen if line.startswith("SELECT lane.id"))
    heads = next(line for line in seen if line.startswith("SELECT delivery."))
    assert "ix_lane_ready" in store.read(lambda tx: plan(tx, chosen))
    assert "ix_delivery_head" in store.read(lambda tx: plan(tx, heads))
