"""A stolen database shows no identifier and no text; errors of the database show no value."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hub.audit import Event, append
from hub.errors import DuplicateConflict
from hub.records import EntryDecision
from hub.store import (
    FileKeys,
    KeyRing,
    Store,
    Tx,
    alarms,
    answers,
    decisions,
    deliveries,
    disclosures,
    documents,
    holds,
    inputs,
    referrals,
    sessions,
)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_raw_files_show_nothing(store: Store, tmp_path: Path) -> None:
    # random, so that a hit is a hit: name, control id, incident number, telephone, evidence, token, consent
    name, control, incident, phone, reason, token = (f"V{secrets.token_hex(8)}" for _ in range(6))

    def fill(tx: Tx) -> None:
        message, _ = inputs.receive(
            tx,
            source="cad",
            custody="pd",
            organization="pd",
            control_id=control,
            media_type="text/csv",
            body=name.encode() * 1000,
        )
        inputs.keep_conflict(
            tx,
            source="cad",
            custody="pd",
            organization="pd",
            control_id=control,
            media_type="text/csv",
            body=phone.encode(),
        )
        patient = {"resourceType": "Patient", "id": "p1", "name": [{"family": name}], "telecom": [{"value": phone}]}
        documents.put(tx, patient, custody="pd", patient_id="p1", incident=incident, message_id=message.id)
        documents.put(tx, patient | {"active": True}, custody="pd", patient_id="p1", incident=incident)
        sent = deliveries.enqueue(
            tx,
            destination="ehr",
            order_key="p1",
            kind="referral",
            custody="pd",
            control_id="c",
            media_type="a/b",
            digest="d",
            release=f"PID|||{name}".encode(),
            message_id=message.id,
        )
        referrals.create(
            tx,
            task_id="t1",
            service_request_id="s1",
            patient_id="p1",
            destination="ehr",
            organization="pd",
            custody="pd",
            urgency="urgent",
            respond_by=tx.now + timedelta(hours=1),
        )
        answers.record(
            tx,
            task_id="t1",
            destination="ehr",
            custody="center",
            control_id=control,
            media_type="a/b",
            decision="accepted",
            body=reason.encode(),
        )
        held = holds.place(
            tx,
            kind="law",
            reason="law.unknown",
            owner_role="privacy",
            subject_type="Task",
            subject_id="t1",
            custody="pd",
        )
        holds.resolve(tx, held.id, state="released", by="officer", reason_code="order", evidence={"text": reason})
        alarms.sound(
            tx,
            kind="held",
            subject_type="Task",
            subject_id="t1",
            custody="pd",
            owner="nurse",
            repeat_seconds=60,
            fallback={"telephone": phone, "patient": name},
        )
        disclosures.intend(
            tx,
            delivery_id=sent.id,
            discloser="pd",
            recipient="center",
            purpose="TREAT",
            patient_id=name,
            what=[("Task", "t1")],
            digest="d",
        )
        decisions.record(
            tx,
            custody="pd",
            recipient="center",
            purpose="TREAT",
            verdict="permit",
            digest="d",
            entries=[EntryDecision(entry=f"Patient/{incident}", decision="permit")],
        )
        sessions.begin(tx, token=token, person="nurse", custody="pd", seconds=60)
        append(
            tx,
            Event(who="nurse", action="R", kind="view", entity_type="message", entity_id="1", at=tx.now, source="hub"),
        )

    store.write(fill)
    open_files = {file.name: file.read_bytes() for file in tmp_path.glob("hub.db*")}
    assert {"hub.db", "hub.db-wal"} <= open_files.keys()
    store.write(lambda tx: tx.connection.exec_driver_sql("DELETE FROM sealed").rowcount)  # free pages stay in the file
    store.close()
    closed_files = {f"closed {file.name}": file.read_bytes() for file in tmp_path.glob("hub.db*")}
    for where, raw in (open_files | closed_files).items():
        for value in (name, control, incident, phone, reason, token):
            for spelled in (value.encode(), value.lower().encode(), value.encode("utf-16-le"), value[::-1].encode()):
                assert spelled not in raw, where
    assert any(b"referral" in raw for raw in closed_files.values())  # the files are what we looked for


def test_a_key_ring_of_another_hub_opens_nothing(store: Store, tmp_path: Path) -> None:
    other = KeyRing(FileKeys(tmp_path / "other.json"))
    assert other.namespace_key != store.keys.namespace_key
    assert other.blind("pd", "mrn", "1") != store.keys.blind("pd", "mrn", "1")


def test_errors_show_no_value(store: Store) -> None:
    secret = f"V{secrets.token_hex(8)}"

    def receive(tx: Tx, body: str) -> int:
        return inputs.receive(
            tx,
            source="cad",
            custody="pd",
            organization=secret,
            control_id=secret,
            media_type="a/b",
            body=body.encode(),
        )[0].id

    made = store.write(lambda tx: receive(tx, secret))
    with pytest.raises(DuplicateConflict) as conflict:
        store.write(lambda tx: receive(tx, secret + "other"))
    with pytest.raises(IntegrityError) as integrity:
        store.write(
            lambda tx: tx.connection.execute(
                text("INSERT INTO sealed SELECT * FROM sealed WHERE noun_id = :made AND custody <> :secret"),
                {"made": made, "secret": secret},
            )
        )
    for error in (conflict.value, integrity.value):
        assert secret not in str(error)
        assert secret not in repr(error)
    assert secret not in str(conflict.value.outcome())
