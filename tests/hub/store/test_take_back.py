"""Claims of a process that is gone are ended at once; nobody else's are."""

from __future__ import annotations

from typing import Any

from hub.store import Store, claims, deliveries, inputs, messages


def fill(store: Store) -> None:
    def work(tx: Any) -> None:
        for key in ("p1", "p2"):
            deliveries.enqueue(
                tx,
                destination="ehr",
                order_key=key,
                kind="referral",
                custody="pd",
                control_id=f"c {key}",
                media_type="application/fhir+json",
                digest="d1",
                release=b"sealed bytes",
            )
        inputs.receive(
            tx,
            source="cad",
            custody="pd",
            organization="pd",
            control_id="m1",
            media_type="application/json",
            body=b"{}",
        )

    store.write(work)


def test_only_what_is_gone_is_taken_back(store: Store) -> None:
    fill(store)
    (dead,) = store.write(lambda tx: claims.take(tx, owner="vm:1", lease_seconds=45, limit=1))
    (alive,) = store.write(lambda tx: claims.take(tx, owner="vm:2", lease_seconds=45, limit=1))
    assert len(store.write(lambda tx: messages.claim(tx, owner="vm:1", lease_seconds=45, limit=5))) == 1
    asked: list[str] = []

    def gone(owner: str) -> bool:
        asked.append(owner)
        return owner == "vm:1"

    assert store.write(lambda tx: claims.take_back(tx, gone)) == 2
    assert sorted(set(asked)) == ["vm:1", "vm:2"]
    (again,) = store.write(lambda tx: claims.take(tx, owner="vm:3", lease_seconds=45, limit=5))
    assert again.delivery.id == dead.delivery.id
    assert len(store.write(lambda tx: messages.claim(tx, owner="vm:3", lease_seconds=45, limit=5))) == 1
    # the fence keeps out the one that was not gone after all; the other's claim still holds
    assert not store.write(lambda tx: claims.settle(tx, dead, "done"))
    assert store.write(lambda tx: claims.settle(tx, alive, "done"))
    assert store.write(lambda tx: claims.take_back(tx, lambda owner: False)) == 0
