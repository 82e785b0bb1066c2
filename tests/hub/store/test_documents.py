"""Documents: versions, never an overwrite."""

from __future__ import annotations

from typing import Any

from hub.records import Document
from hub.store import Store, documents, inputs
from hub.store.tables import sealed

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1", "gender": "unknown"}


def put(store: Store, resource: dict[str, Any], **more: Any) -> Document:
    values: dict[str, Any] = {"custody": "pd", "origin": "pd", "patient_id": "p1", "incident": "2026-1"}
    return store.write(lambda tx: documents.put(tx, resource, **(values | more)))


def test_the_same_content_is_the_same_version(store: Store) -> None:
    first = put(store, PATIENT)
    meta = {"versionId": "7", "lastUpdated": "2026-01-01T00:00:00Z"}
    again = put(store, dict(reversed(PATIENT.items())) | {"meta": meta})
    assert (again.id, again.version, again.fresh) == (first.id, 1, False)
    assert again.resource == PATIENT


def test_other_content_or_another_origin_is_a_new_version(store: Store) -> None:
    put(store, PATIENT)
    second = put(store, PATIENT | {"gender": "other"})
    third = put(store, PATIENT | {"gender": "other"}, origin="center")
    assert (second.version, third.version) == (2, 3)
    kept = store.read(lambda tx: documents.history(tx, "Patient", "p1"))
    assert [(one.version, one.current, one.origin) for one in kept] == [
        (3, True, "center"),
        (2, False, "pd"),
        (1, False, "pd"),
    ]
    assert kept[-1].resource == PATIENT
    now = store.read(lambda tx: documents.current(tx, "Patient", "p1"))
    assert now is not None
    assert now.version == 3


def test_when_something_was_first_recorded(store: Store, clock: Any) -> None:
    """By when its message came, whenever that was read; not known where the first version is gone."""
    came = clock.now
    section = {"source": "cad", "custody": "pd", "organization": "pd", "media_type": "x/y"}
    received, _ = store.write(lambda tx: inputs.receive(tx, body=b"1", control_id=None, **section))
    clock.forward(60)
    put(store, PATIENT, message_id=received.id)
    put(store, PATIENT | {"gender": "other"})
    put(store, {"resourceType": "Flag", "id": "f1"})
    put(store, {"resourceType": "Flag", "id": "f2"})
    store.write(lambda tx: tx.connection.exec_driver_sql("UPDATE document SET version = 2 WHERE resource_id = 'f2'"))
    wanted = [("Patient", "p1"), ("Flag", "f1"), ("Flag", "f2"), ("Flag", "f3")]
    assert store.read(lambda tx: documents.first_recorded(tx, wanted)) == {
        ("Patient", "p1"): came,
        ("Flag", "f1"): clock.now,
        ("Flag", "f2"): None,
    }


def test_going_back_to_earlier_content_is_a_new_version(store: Store) -> None:
    for gender in ("unknown", "other", "unknown"):
        last = put(store, PATIENT | {"gender": gender})
    assert last.version == 3


def test_labels_are_bound_into_the_seal(store: Store) -> None:
    security = [{"system": "x", "code": "R"}, {"system": "y", "code": "42CFRPart2"}]
    made = put(store, PATIENT | {"meta": {"security": security}})
    assert made.labels == ("42CFRPart2", "R")
    assert store.read(lambda tx: tx.connection.execute(sealed.select()).one()).label == "42CFRPart2 R"


def test_a_deletion_is_a_version_without_content(store: Store) -> None:
    put(store, PATIENT)
    gone = store.write(lambda tx: documents.delete(tx, "Patient", "p1"))
    assert gone is not None
    assert (gone.version, gone.deleted, gone.resource) == (2, True, None)
    assert store.write(lambda tx: documents.delete(tx, "Patient", "p1")) is None
    assert store.write(lambda tx: documents.delete(tx, "Patient", "nobody")) is None
    assert store.read(lambda tx: documents.by_patient(tx, "p1")) == []
    assert put(store, PATIENT).version == 3  # it came again


def test_finding(store: Store) -> None:
    put(store, PATIENT)
    put(store, PATIENT | {"gender": "other"})
    put(store, {"resourceType": "Encounter", "id": "e1"})
    put(store, {"resourceType": "Encounter", "id": "e2"}, patient_id=None, incident=None)
    put(store, {"resourceType": "Encounter", "id": "e3"}, custody="center", patient_id="p2")

    def ids(work: Any) -> list[str]:
        return [one.resource_id for one in store.read(work)]

    assert ids(lambda tx: documents.by_patient(tx, "p1")) == ["p1", "e1"]
    assert ids(lambda tx: documents.by_patient(tx, "p1", "Encounter")) == ["e1"]
    assert ids(lambda tx: documents.by_incident(tx, "pd", "2026-1")) == ["p1", "e1"]
    assert ids(lambda tx: documents.by_incident(tx, "center", "2026-1")) == ["e3"]
    assert ids(lambda tx: documents.by_type(tx, "Encounter")) == ["e1", "e2", "e3"]
    assert ids(lambda tx: documents.by_type(tx, "Encounter", custody="center")) == ["e3"]
    assert store.read(lambda tx: documents.current(tx, "Patient", "nobody")) is None
