"""Documents: the versions of each resource, sealed in the custody that holds it.

The same content is the same version; other content is a new version, never an overwrite.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Row, Select, bindparam, select, update

from hub.records import Document
from hub.store import vault
from hub.store.tables import document
from hub.store.tx import Tx

_NOUN = "document"


def put(
    tx: Tx,
    resource: dict[str, Any],
    *,
    custody: str,
    origin: str | None = None,
    patient_id: str | None = None,
    incident: str | None = None,
    message_id: int | None = None,
) -> Document:
    """Store a resource as its next version, or find that it is the current one (`fresh` is False).

    `resource` has an id; `meta.versionId` and `meta.lastUpdated` are ours and do not count as content. `incident` is
    the incident key, kept as a blind index. The security labels are bound into the seal.
    """
    content = _content(resource)
    # whose record it is decides the law: a new origin is a new version
    digest = tx.keys.blind(custody, "document.body", (origin or "").encode() + b"\x1f" + content)
    labels = _labels(resource)
    key = None if incident is None else tx.keys.blind(custody, "incident", incident)
    row = _current(tx, resource["resourceType"], resource["id"])
    if row is not None and row.digest == digest and not row.deleted:
        if key is not None and row.incident_key != key:
            # Filed under a case number until the event's own came: the same content under its better name.
            tx.connection.execute(update(document).where(document.c.id == row.id).values(incident_key=key))
        return _record(tx, row, fresh=False, content=content)
    made = _add(
        tx,
        row,
        {
            "resource_type": resource["resourceType"],
            "resource_id": resource["id"],
            "custody": custody,
            "origin": origin,
            "patient_id": patient_id,
            "incident_key": key,
            "message_id": message_id,
            "digest": digest,
            "labels": labels,
            "deleted": False,
        },
    )
    vault.put(tx, _NOUN, made.id, "resource", content, custody=custody, label=" ".join(labels))
    return _record(tx, made, content=content)


def delete(tx: Tx, resource_type: str, resource_id: str, *, message_id: int | None = None) -> Document | None:
    """Mark a resource deleted: a version without content. None when there is nothing to delete."""
    row = _current(tx, resource_type, resource_id)
    if row is None or row.deleted:
        return None
    kept = ("resource_type", "resource_id", "custody", "origin", "patient_id", "incident_key", "labels")
    values = {name: getattr(row, name) for name in kept}
    return _record(tx, _add(tx, row, values | {"message_id": message_id, "digest": b"", "deleted": True}))


def expunge(tx: Tx, resource_type: str, resource_id: str, custody: str) -> bool:
    """Delete the content of every version that a custody holds, for good; a version without content says that it was
    there. False when the custody holds none. What other custodies have of the same id stays."""
    mine = (
        tx.connection.execute(
            select(document.c.id).where(
                document.c.resource_type == resource_type,
                document.c.resource_id == resource_id,
                document.c.custody == custody,
            )
        )
        .scalars()
        .all()
    )
    if not mine:
        return False
    for row in mine:
        vault.remove(tx, _NOUN, row)
    tx.connection.execute(
        update(document).where(document.c.id.in_(mine)).values(deleted=True, digest=b"", patient_id=None, labels=[])
    )
    return True


def current(tx: Tx, resource_type: str, resource_id: str) -> Document | None:
    """The latest version, also when it is a deletion; None when the resource was never here."""
    row = _current(tx, resource_type, resource_id)
    return None if row is None else _record(tx, row)


def history(tx: Tx, resource_type: str, resource_id: str) -> list[Document]:
    """All versions, newest first."""
    wanted = select(document).where(document.c.resource_type == resource_type, document.c.resource_id == resource_id)
    return _all(tx, wanted.order_by(document.c.version.desc()))


def by_patient(tx: Tx, patient_id: str, resource_type: str | None = None) -> list[Document]:
    """What is held about a patient now, in the order it came."""
    wanted = _present().where(document.c.patient_id == patient_id)
    if resource_type is not None:
        wanted = wanted.where(document.c.resource_type == resource_type)
    return _all(tx, wanted)


def by_incident(tx: Tx, custody: str, incident: str) -> list[Document]:
    """What one custody holds about an incident now, in the order it came."""
    return _all(tx, _present().where(document.c.incident_key == tx.keys.blind(custody, "incident", incident)))


def by_message(tx: Tx, message_id: int, *, custody: str | None = None, limit: int | None = None) -> list[Document]:
    """The versions that a message made, in the order it made them; with `custody`, those sealed in it only."""
    wanted = select(document).where(document.c.message_id == message_id).order_by(document.c.id).limit(limit)
    return _all(tx, wanted if custody is None else wanted.where(document.c.custody == custody))


def by_type(tx: Tx, resource_type: str, *, custody: str | None = None, limit: int = 1000) -> list[Document]:
    """What is held of one type now, in the order it came."""
    wanted = _present().where(document.c.resource_type == resource_type).limit(limit)
    return _all(tx, wanted if custody is None else wanted.where(document.c.custody == custody))


def _content(resource: dict[str, Any]) -> bytes:
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in ("versionId", "lastUpdated")}
    bare = {key: value for key, value in resource.items() if key != "meta"}
    return orjson.dumps(bare | {"meta": meta} if meta else bare, option=orjson.OPT_SORT_KEYS)


def _labels(resource: dict[str, Any]) -> list[str]:
    codings: Iterable[dict[str, Any]] = resource.get("meta", {}).get("security", ())
    return sorted({str(coding["code"]) for coding in codings if "code" in coding})


def _present() -> Select[Any]:
    return select(document).where(document.c.current.is_(True), document.c.deleted.is_(False)).order_by(document.c.id)


def _current(tx: Tx, resource_type: str, resource_id: str) -> Row[Any] | None:
    return tx.connection.execute(_CURRENT, {"wanted_type": resource_type, "wanted_id": resource_id}).one_or_none()


# made once: a referral looks for each of its resources, and building a statement costs more than running it
_CURRENT = (
    select(document)
    .where(document.c.resource_type == bindparam("wanted_type"), document.c.resource_id == bindparam("wanted_id"))
    .order_by(document.c.version.desc())
    .limit(1)
)
_ADD = document.insert().returning(*document.c)


def _add(tx: Tx, before: Row[Any] | None, values: dict[str, Any]) -> Row[Any]:
    if before is not None:
        tx.connection.execute(update(document).where(document.c.id == before.id).values(current=False))
    version = 1 if before is None else before.version + 1
    values = values | {"version": version, "created_at": tx.now, "current": True}
    return tx.connection.execute(_ADD, values).one()


def _all(tx: Tx, wanted: Select[Any]) -> list[Document]:
    return [_record(tx, row) for row in tx.connection.execute(wanted).all()]


def _record(tx: Tx, row: Row[Any], *, fresh: bool = True, content: bytes | None = None) -> Document:
    """`content` is what is known to be sealed there: opening it again costs as much as sealing it."""
    if row.deleted:
        resource = None
    else:
        resource = orjson.loads(content if content is not None else vault.get(tx, _NOUN, row.id, "resource"))
    return Document(
        id=row.id,
        resource_type=row.resource_type,
        resource_id=row.resource_id,
        version=row.version,
        custody=row.custody,
        origin=row.origin,
        patient_id=row.patient_id,
        message_id=row.message_id,
        labels=tuple(row.labels),
        created_at=row.created_at,
        current=row.current,
        deleted=row.deleted,
        resource=resource,
        fresh=fresh,
    )
