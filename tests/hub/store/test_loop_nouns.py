"""Referrals, answers, holds, alarms, disclosures, decisions, traces, sessions, marks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.errors import DuplicateConflict, StoreError
from hub.records import EntryDecision, Referral
from hub.store import (
    Store,
    alarms,
    answers,
    client_jwts,
    decisions,
    disclosures,
    holds,
    inputs,
    marks,
    referrals,
    sessions,
    traces,
)


def refer(store: Store, task: str = "t1", **more: Any) -> tuple[Referral, bool]:
    values: dict[str, Any] = {
        "task_id": task,
        "service_request_id": f"s-{task}",
        "patient_id": "p1",
        "destination": "ehr",
        "organization": "pd",
        "custody": "pd",
        "urgency": "urgent",
        "respond_by": store.now() + timedelta(hours=2),
    }
    return store.write(lambda tx: referrals.create(tx, **(values | more)))


def message(store: Store) -> int:
    return store.write(
        lambda tx: (
            inputs.receive(
                tx, source="s", custody="pd", organization="pd", control_id=None, media_type="a/b", body=b""
            )[0].id
        )
    )


def test_a_referral_is_opened_once_and_found_by_its_destination_only(store: Store) -> None:
    made, fresh = refer(store, control_id="MSG1")
    assert (fresh, made.status) == (True, "requested")
    assert refer(store, urgency="routine") == (made, False)
    changed = store.write(lambda tx: referrals.change(tx, "t1", remote_id="9", business_status="delivered"))
    assert store.read(lambda tx: referrals.find_by_task(tx, "t1")) == changed
    assert store.read(lambda tx: referrals.find_by_remote(tx, "ehr", "9")) == changed
    assert store.read(lambda tx: referrals.find_by_control(tx, "ehr", "MSG1")) == changed
    assert store.read(lambda tx: referrals.find_by_remote(tx, "other", "9")) is None
    assert store.read(lambda tx: referrals.find_by_control(tx, "other", "MSG1")) is None
    assert store.read(lambda tx: referrals.to_poll(tx, "ehr")) == [changed]


def test_who_was_referred_never_changes(store: Store) -> None:
    refer(store)
    for values in ({}, {"patient_id": "p2"}, {"status": "accepted", "custody": "x"}):
        with pytest.raises(TypeError):
            store.write(lambda tx, values=values: referrals.change(tx, "t1", **values))
    with pytest.raises(StoreError, match=r"store\.not-found"):
        store.write(lambda tx: referrals.change(tx, "t2", status="accepted"))


def test_overdue_from_the_minute_and_not_once_answered(store: Store, clock: Any) -> None:
    made, _ = refer(store)
    refer(store, "t2", respond_by=None)
    clock.forward(7200 - 0.001)
    assert store.read(referrals.overdue) == []
    clock.forward(0.001)
    assert store.read(referrals.overdue) == [made]
    store.write(lambda tx: referrals.change(tx, "t1", answered_at=tx.now))
    assert store.read(referrals.overdue) == []


def test_listing_referrals(store: Store) -> None:
    refer(store)
    refer(store, "t2", destination="other", custody="sheriff")
    store.write(lambda tx: referrals.change(tx, "t1", closed_at=tx.now))
    assert [r.task_id for r in store.read(referrals.listed)] == ["t1", "t2"]
    assert [r.task_id for r in store.read(lambda tx: referrals.listed(tx, open_only=True))] == ["t2"]
    assert [r.task_id for r in store.read(lambda tx: referrals.listed(tx, custody="sheriff"))] == ["t2"]
    assert [r.task_id for r in store.read(lambda tx: referrals.by_patient(tx, "p1"))] == ["t1", "t2"]
    assert store.read(lambda tx: referrals.to_poll(tx, "ehr")) == []


def test_answers_come_once(store: Store) -> None:
    refer(store)
    values: dict[str, Any] = {
        "task_id": "t1",
        "destination": "ehr",
        "custody": "center",
        "control_id": "A1",
        "media_type": "x-application/hl7-v2+er7",
        "decision": "accepted",
        "body": b"MSH|",
    }
    made, fresh = store.write(lambda tx: answers.record(tx, **values))
    assert fresh
    assert store.write(lambda tx: answers.record(tx, **values)) == (made, False)
    with pytest.raises(DuplicateConflict):
        store.write(lambda tx: answers.record(tx, **(values | {"body": b"other"})))
    polled = values | {"control_id": None, "body": b"Task"}
    _, fresh = store.write(lambda tx: answers.record(tx, **polled))
    _, again = store.write(lambda tx: answers.record(tx, **polled))
    assert (fresh, again) == (True, False)
    kept = store.read(lambda tx: answers.by_task(tx, "t1"))
    assert [store.read(lambda tx, one=one: answers.body(tx, one.id)) for one in kept] == [b"MSH|", b"Task"]


def test_a_hold_is_placed_once_and_decided_once(store: Store) -> None:
    values: dict[str, Any] = {
        "kind": "routing",
        "reason": "routing.none",
        "owner_role": "intake",
        "subject_type": "Task",
        "subject_id": "t1",
        "custody": "pd",
    }
    made = store.write(lambda tx: holds.place(tx, **values))
    assert store.write(lambda tx: holds.place(tx, **values)) == made
    other = store.write(lambda tx: holds.place(tx, **(values | {"task_id": "t1"})))
    assert store.read(holds.listed) == [made, other]
    done = store.write(
        lambda tx: holds.resolve(
            tx, made.id, state="released", by="nurse", reason_code="routed", evidence={"to": "center"}
        )
    )
    assert (done.state, done.resolved_by, done.reason_code) == ("released", "nurse", "routed")
    assert store.read(lambda tx: holds.evidence(tx, made.id)) == {"to": "center"}
    assert store.read(lambda tx: holds.evidence(tx, other.id)) is None
    with pytest.raises(StoreError, match=r"store\.state"):
        store.write(lambda tx: holds.resolve(tx, made.id, state="rejected", by="x", reason_code="y"))
    assert store.read(holds.listed) == [other]
    assert store.read(lambda tx: holds.listed(tx, state=None, kind="routing")) == [done, other]
    assert store.read(lambda tx: holds.get(tx, made.id)) == done
    assert store.write(lambda tx: holds.place(tx, **values)).id != made.id  # the same again is a new question


def test_an_alarm_rings_until_somebody_takes_it(store: Store, clock: Any) -> None:
    about: dict[str, Any] = {"kind": "unanswered", "subject_type": "Task", "subject_id": "t1"}
    values = about | {"custody": "pd", "owner": "case-manager", "repeat_seconds": 60, "fallback": {"telephone": "988"}}
    made, fresh = store.write(lambda tx: alarms.sound(tx, **values))
    assert fresh
    assert store.write(lambda tx: alarms.sound(tx, **values)) == (made, False)
    assert store.read(alarms.due) == []
    clock.forward(60)
    assert store.read(alarms.due) == [made]
    rung = store.write(lambda tx: alarms.repeat(tx, made.id, repeat_seconds=60))
    assert rung is not None
    assert rung.repeats == 1
    assert store.read(alarms.due) == []
    assert store.read(lambda tx: alarms.fallback(tx, made.id)) == {"telephone": "988"}
    taken = store.write(lambda tx: alarms.acknowledge(tx, made.id, by="nurse"))
    assert taken.acknowledged_by == "nurse"
    clock.forward(600)
    assert store.read(alarms.due) == []
    assert store.write(lambda tx: alarms.repeat(tx, made.id, repeat_seconds=60)) is None
    with pytest.raises(StoreError, match=r"store\.state"):
        store.write(lambda tx: alarms.acknowledge(tx, made.id, by="other"))
    second, fresh = store.write(lambda tx: alarms.sound(tx, **values))
    assert fresh
    assert store.write(lambda tx: alarms.clear(tx, **about))
    assert not store.write(lambda tx: alarms.clear(tx, **about))
    assert [one.id for one in store.read(lambda tx: alarms.find(tx, **about))] == [made.id, second.id]
    assert store.read(alarms.listed) == []
    assert len(store.read(lambda tx: alarms.listed(tx, open_only=False))) == 2


def test_disclosures_are_intended_then_settled_and_accounted_for(store: Store, clock: Any) -> None:
    def intend(patient: str = "p1") -> int:
        return store.write(
            lambda tx: (
                disclosures.intend(
                    tx,
                    delivery_id=None,
                    discloser="pd",
                    recipient="center",
                    purpose="TREAT",
                    patient_id=patient,
                    what=[("Task", "t1"), ("Patient", "p1")],
                    consents=["c1"],
                    digest="d",
                ).id
            )
        )

    def settle(which: int, state: Any) -> None:
        store.write(lambda tx: disclosures.settle(tx, which, state))

    sent, lost, unsent, open_, _ = intend(), intend(), intend(), intend(), intend("p2")
    settle(sent, "sent")
    settle(lost, "unknown")
    settle(unsent, "not-sent")
    counted = store.read(lambda tx: disclosures.accounting(tx, discloser="pd", patient_id="p1"))
    assert [(one.id, one.state) for one in counted] == [(sent, "sent"), (lost, "unknown"), (open_, "intended")]
    assert counted[0].what == (("Task", "t1"), ("Patient", "p1"))
    assert counted[0].consents == ("c1",)
    settle(lost, "sent")  # it became known
    for which in (sent, unsent):
        with pytest.raises(StoreError, match=r"store\.state"):
            settle(which, "unknown")
    assert len(store.read(lambda tx: disclosures.listed(tx, state="intended"))) == 2
    assert len(store.read(lambda tx: disclosures.abandoned(tx, "hub:1"))) == 2  # no lane: nobody is sending them
    assert store.read(lambda tx: disclosures.accounting(tx, discloser="center", patient_id="p1")) == []
    clock.forward(1)
    assert store.read(lambda tx: disclosures.accounting(tx, discloser="pd", patient_id="p1", since=tx.now)) == []


def test_decisions_are_kept_entry_by_entry(store: Store) -> None:
    entries = (
        EntryDecision(entry="Patient/p1", decision="permit", because=("hipaa.treatment",)),
        EntryDecision(entry="Condition/c", decision="no-consent", because=("part2.consent",), obligations=("notice",)),
    )
    number = message(store)
    made = store.write(
        lambda tx: decisions.record(
            tx,
            custody="pd",
            recipient="center",
            purpose="TREAT",
            verdict="permit",
            digest="d",
            entries=entries,
            message_id=number,
            task_id="t1",
        )
    )
    assert made.entries == entries
    assert store.read(lambda tx: decisions.by_message(tx, number)) == [made]
    assert store.read(lambda tx: decisions.by_task(tx, "t1")) == [made]


def test_a_trace_is_in_order(store: Store, clock: Any) -> None:
    one, two = message(store), message(store)
    store.write(lambda tx: traces.add(tx, one, "receive", "received", size=3))
    clock.forward(1)
    store.write(lambda tx: [traces.add(tx, one, "read", "ok", incidents=1), traces.add(tx, one, "translate", "ok")])
    store.write(lambda tx: traces.add(tx, two, "receive", "received"))
    kept = store.read(lambda tx: traces.of(tx, one))
    assert [(s.seq, s.step, s.detail) for s in kept] == [
        (1, "receive", {"size": 3}),
        (2, "read", {"incidents": 1}),
        (3, "translate", {}),
    ]


def test_a_session_ends_by_itself_and_by_hand(store: Store, clock: Any) -> None:
    made = store.write(lambda tx: sessions.begin(tx, token="secret", person="nurse", custody="pd", seconds=60))
    assert store.read(lambda tx: sessions.find(tx, "secret")) == made
    assert store.read(lambda tx: sessions.find(tx, "guess")) is None
    clock.forward(60)
    assert store.read(lambda tx: sessions.find(tx, "secret")) is None
    store.write(lambda tx: sessions.begin(tx, token="other", person="nurse", custody="pd", seconds=60))
    store.write(lambda tx: sessions.end(tx, "other"))
    assert store.read(lambda tx: tx.connection.exec_driver_sql("SELECT * FROM session").all()) == []


def test_a_clients_token_is_good_once_and_forgotten_when_it_has_ended(store: Store, clock: Any) -> None:
    def shown(name: bytes) -> bool:
        until = clock.now + timedelta(seconds=60)
        return store.write(lambda tx: client_jwts.first_seen(tx, name, until=until))

    assert [shown(b"one"), shown(b"one"), shown(b"two")] == [True, False, True]
    clock.forward(60)
    assert shown(b"three")
    assert len(store.read(lambda tx: tx.connection.exec_driver_sql("SELECT * FROM client_jwt").all())) == 1


def test_marks_are_set_and_set_again(store: Store) -> None:
    assert store.read(lambda tx: marks.get(tx, "poll")) is None
    for value in ({"at": 1}, ["two"]):
        store.write(lambda tx, value=value: marks.put(tx, "poll", value))
    assert store.read(lambda tx: marks.get(tx, "poll")) == ["two"]
