"""Restrictions and suspensions: what they may become, whose they are, and that the paper is sealed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.errors import StoreError
from hub.store import Store, disclosures, restrictions


def ask(store: Store, **given: Any) -> Any:
    named: dict[str, Any] = {
        "custody": "center",
        "patient_id": "p-1",
        "consent_id": "c-1",
        "recipient": None,
        "purposes": ("HPAYMT",),
        "sensitivities": (),
        "health_plan": True,
        "self_paid": True,
        "by": "A Person",
        "paper": "letter 7",
    } | given
    return store.write(lambda tx: restrictions.ask(tx, **named))


def test_a_request_goes_one_way_only(store: Store) -> None:
    made = ask(store)
    assert (made.state, made.purposes, made.self_paid) == ("asked", ("HPAYMT",), True)

    def change(state: Any) -> Any:
        return store.write(lambda tx: restrictions.change(tx, made.id, state, by="A Person", reason_code="r"))

    with pytest.raises(StoreError, match=r"store\.state"):
        change("ended")
    assert change("agreed").decided_by == "A Person"
    for state in ("agreed", "denied"):
        with pytest.raises(StoreError, match=r"store\.state"):
            change(state)
    assert change("ended").state == "ended"
    assert store.read(lambda tx: restrictions.patient_of(tx, made.id)) == "p-1"
    assert store.read(lambda tx: restrictions.listed(tx, custody="other")) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_suspension_ends_by_itself(store: Store, clock: Any) -> None:
    def work(tx: Any) -> Any:
        return restrictions.suspend(
            tx,
            custody="center",
            patient_id="p-1",
            recipient="pd",
            written=False,
            until=tx.now + timedelta(days=2),
            by="A Person",
            statement="an agent by telephone",
        )

    made = store.write(work)

    def standing(patient: str) -> Any:
        return store.read(lambda tx: restrictions.suspended(tx, custody="center", patient_id=patient))

    assert standing("p-1") == [made]
    assert standing("p-2") == []
    clock.forward(2 * 86_400)
    assert standing("p-1") == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_got_it_in_an_emergency_is_sealed(store: Store) -> None:
    def work(tx: Any) -> Any:
        return disclosures.intend(
            tx,
            delivery_id=None,
            discloser="center",
            recipient="medical-personnel",
            purpose="ETREAT",
            patient_id="p-1",
            what=[],
            digest="d",
            manner="emergency",
            to_whom="Dr. Ilva Tarn, Mercy Ambulance",
        )

    made = store.write(work)
    assert (made.manner, made.basis, made.part2) == ("emergency", (), False)
    assert store.read(lambda tx: disclosures.to_whom(tx, made.id)) == "Dr. Ilva Tarn, Mercy Ambulance"
    assert store.read(lambda tx: disclosures.to_whom(tx, made.id + 1)) is None
