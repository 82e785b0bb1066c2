"""Documents: the versions of each resource, sealed in the custody that holds it.

The same content is the same version; other content is a new version, never an overwrite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import orjson
from sqlalchemy import Row, Select, and_, bindparam, false, literal, select, tuple_, update

from hub.records import Document
from hub.store import vault
from hub.store.hot import HotStatement, among, among_pairs, pairs
from hub.store.tables import document, message, sealed
from hub.store.tx import Tx

_NOUN = "document"


@dataclass(frozen=True, kw_only=True, slots=True)
class New:
    """One resource to be kept, as `put` takes it."""

    resource: dict[str, Any]
    custody: str
    origin: str | None = None
    patient_id: str | None = None
    incident: str | None = None
    message_id: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by: type and id."""
        return self.resource["resourceType"], self.resource["id"]


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
    new = New(
        resource=resource,
        custody=custody,
        origin=origin,
        patient_id=patient_id,
        incident=incident,
        message_id=message_id,
    )
    return put_all(tx, [new])[0]


def put_all(tx: Tx, found: Sequence[New]) -> list[Document]:
    """As `put` for one after the other, parallel to `found`, with a few statements for all of them.

    A resource that comes twice has the second as a version after the first.
    """
    made: list[Document] = []
    start = 0
    while start < len(found):
        keys: set[tuple[str, str]] = set()
        end = start
        while end < len(found) and end - start < _BATCH and found[end].key not in keys:
            keys.add(found[end].key)
            end += 1
        made += _put_once(tx, found[start:end])
        start = end
    return made


def _put_once(tx: Tx, found: Sequence[New]) -> list[Document]:
    """Resources that differ in type or id."""
    rows = _CURRENT_OF.all(tx, pairs([new.key for new in found]))
    standing = {(row.resource_type, row.resource_id): row for row in rows}
    values: list[dict[str, Any]] = []
    contents: list[bytes] = []
    made: dict[int, Document] = {}
    renamed: dict[bytes, list[int]] = {}
    places: list[tuple[int, dict[str, Any]]] = []
    filed = {
        (custody, incident): tx.keys.blind(custody, "incident", incident)
        for custody, incident in {(new.custody, new.incident) for new in found}
        if incident is not None
    }
    for place, new in enumerate(found):
        bare = _bare(new.resource)
        content = orjson.dumps(bare, option=orjson.OPT_SORT_KEYS)
        # whose record it is decides the law: a new origin is a new version
        digest = tx.keys.blind(new.custody, "document.body", (new.origin or "").encode() + b"\x1f" + content)
        key = None if new.incident is None else filed[new.custody, new.incident]
        row = standing.get(new.key)
        if row is not None and row.digest == digest and not row.deleted:
            if key is not None and row.incident_key != key:
                # Filed under a case number until the event's own came: the same content under its better name.
                renamed.setdefault(key, []).append(row.id)
            made[place] = _record(tx, row, fresh=False, resource=bare)
            continue
        kind, name = new.key
        values.append(
            {
                "resource_type": kind,
                "resource_id": name,
                "custody": new.custody,
                "origin": new.origin,
                "patient_id": new.patient_id,
                "incident_key": key,
                "message_id": new.message_id,
                "digest": digest,
                "labels": _labels(new.resource),
                "deleted": False,
            }
        )
        contents.append(content)
        places.append((place, bare))
    for key, ids in renamed.items():
        _RENAME.ask(tx, {"which": ids, "name": key})
    if values:
        added = _add(tx, [standing.get((one["resource_type"], one["resource_id"])) for one in values], values)
        vault.put_all(
            tx,
            _NOUN,
            [
                vault.New(
                    noun_id=row.id, part="resource", plain=content, custody=row.custody, label=" ".join(row.labels)
                )
                for row, content in zip(added, contents, strict=True)
            ],
        )
        for (place, bare), row in zip(places, added, strict=True):
            made[place] = _record(tx, row, resource=bare)
    return [made[place] for place in range(len(found))]


def delete(tx: Tx, resource_type: str, resource_id: str, *, message_id: int | None = None) -> Document | None:
    """Mark a resource deleted: a version without content. None when there is nothing to delete."""
    row = _current(tx, resource_type, resource_id)
    if row is None or row.deleted:
        return None
    kept = ("resource_type", "resource_id", "custody", "origin", "patient_id", "incident_key", "labels")
    values = {name: getattr(row, name) for name in kept}
    [made] = _add(tx, [row], [values | {"message_id": message_id, "digest": b"", "deleted": True}])
    return _record(tx, made)


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
    return ask_current(tx, resource_type, resource_id)()


def ask_current(tx: Tx, resource_type: str, resource_id: str) -> Callable[[], Document | None]:
    """As `current`, asked now and read by the call."""
    asked = _CURRENT.ask(tx, {"wanted_type": resource_type, "wanted_id": resource_id})
    return lambda: None if (row := asked.one()) is None else _record(tx, row)


def current_all(tx: Tx, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Document]:
    """As `current` for each (type, id), with one statement for a few hundred; those that were never here are not in
    it."""
    return ask_current_all(tx, wanted)()


def ask_current_all(tx: Tx, wanted: Sequence[tuple[str, str]]) -> Callable[[], dict[tuple[str, str], Document]]:
    """As `current_all`, asked now and read by the call."""
    asked = [_CURRENT_ALL.ask(tx, pairs(wanted[at : at + _BATCH])) for at in range(0, len(wanted), _BATCH)]
    return lambda: {(row.resource_type, row.resource_id): _record(tx, row) for answer in asked for row in answer.all()}


def first_recorded(tx: Tx, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], datetime | None]:
    """When each (type, id) was first recorded: when the message came that it was first made of, else when it was
    written. None where the first version is not here any more; what was never here is not in it."""
    found: dict[tuple[str, str], datetime | None] = {}
    for start in range(0, len(wanted), _BATCH):
        rows = tx.connection.execute(
            select(document.c.resource_type, document.c.resource_id, document.c.version, document.c.created_at)
            .add_columns(message.c.received_at)
            .join_from(document, message, document.c.message_id == message.c.id, isouter=True)
            .where(tuple_(document.c.resource_type, document.c.resource_id).in_(list(wanted[start : start + _BATCH])))
            .order_by(document.c.version)
        )
        for row in rows:
            at = row.received_at or row.created_at
            found.setdefault((row.resource_type, row.resource_id), at if row.version == 1 else None)
    return found


def history(tx: Tx, resource_type: str, resource_id: str) -> list[Document]:
    """All versions, newest first."""
    wanted = _WITH_CONTENT.where(document.c.resource_type == resource_type, document.c.resource_id == resource_id)
    return _all(tx, wanted.order_by(document.c.version.desc()))


def by_patient(tx: Tx, patient_id: str, resource_type: str | None = None) -> list[Document]:
    """What is held about a patient now, in the order it came."""
    if resource_type is not None:
        return ask_by_patient(tx, patient_id, resource_type)()
    return _all(tx, _present().where(document.c.patient_id == patient_id))


def ask_by_patient(tx: Tx, patient_id: str, resource_type: str) -> Callable[[], list[Document]]:
    """As `by_patient` of one type, asked now and read by the call."""
    asked = _OF_PATIENT.ask(tx, {"whose": patient_id, "wanted_type": resource_type})
    return lambda: [_record(tx, row) for row in asked.all()]


def by_patient_alone(tx: Tx, patient_id: str, custody: str) -> list[Document]:
    """As `by_patient` of one custody, without what is of an incident."""
    own = document.c.incident_key.is_(None), document.c.custody == custody
    return _all(tx, _present().where(document.c.patient_id == patient_id, *own))


def by_incident(tx: Tx, custody: str, incident: str) -> list[Document]:
    """What one custody holds about an incident now, in the order it came."""
    return _all(tx, _present().where(document.c.incident_key == tx.keys.blind(custody, "incident", incident)))


def by_message(tx: Tx, message_id: int, *, custody: str | None = None, limit: int | None = None) -> list[Document]:
    """The versions that a message made, in the order it made them; with `custody`, those sealed in it only."""
    wanted = _WITH_CONTENT.where(document.c.message_id == message_id).order_by(document.c.id).limit(limit)
    return _all(tx, wanted if custody is None else wanted.where(document.c.custody == custody))


def by_type(tx: Tx, resource_type: str, *, custody: str | None = None, limit: int = 1000) -> list[Document]:
    """What is held of one type now, in the order it came."""
    wanted = _present().where(document.c.resource_type == resource_type).limit(limit)
    return _all(tx, wanted if custody is None else wanted.where(document.c.custody == custody))


def _bare(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without what is ours of its `meta`."""
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in ("versionId", "lastUpdated")}
    bare = {key: value for key, value in resource.items() if key != "meta"}
    return bare | {"meta": meta} if meta else bare


def _labels(resource: dict[str, Any]) -> list[str]:
    codings: Iterable[dict[str, Any]] = resource.get("meta", {}).get("security", ())
    return sorted({str(coding["code"]) for coding in codings if "code" in coding})


def _present() -> Select[Any]:
    return _WITH_CONTENT.where(document.c.current.is_(True), document.c.deleted.is_(False)).order_by(document.c.id)


def _current(tx: Tx, resource_type: str, resource_id: str) -> Any | None:
    return _CURRENT.one(tx, {"wanted_type": resource_type, "wanted_id": resource_id})


#: Documents, each with what is sealed of it: opening many asks the database once.
_WITH_CONTENT = select(
    document, sealed.c.custody.label("sealed_in"), sealed.c.label.label("sealed_label"), sealed.c.blob
).outerjoin(
    sealed,
    and_(sealed.c.noun == literal(_NOUN), sealed.c.noun_id == document.c.id, sealed.c.part == literal("resource")),
)
_CURRENT = HotStatement(
    _WITH_CONTENT.where(
        document.c.resource_type == bindparam("wanted_type"), document.c.resource_id == bindparam("wanted_id")
    )
    .order_by(document.c.version.desc())
    .limit(1)
)
_OF_PATIENT = HotStatement(
    _present().where(document.c.patient_id == bindparam("whose"), document.c.resource_type == bindparam("wanted_type"))
)


def _current_among(dialect: str, wanted: Select[Any]) -> Select[Any]:
    known = among_pairs(dialect, document.c.resource_type, document.c.resource_id)
    return wanted.where(known, document.c.current.is_(True))


_CURRENT_OF = HotStatement(lambda dialect: _current_among(dialect, select(document)))
_CURRENT_ALL = HotStatement(lambda dialect: _current_among(dialect, _WITH_CONTENT))
_ADD = HotStatement.adding(document, returning=[document.c.id])
_RENAME = HotStatement(
    lambda dialect: (
        update(document).where(among(dialect, document.c.id, "which")).values(incident_key=bindparam("name"))
    )
)
_END = HotStatement(
    lambda dialect: update(document).where(among(dialect, document.c.id, "ended")).values(current=false())
)
#: Resources in one statement: well below what either database takes.
_BATCH = 400


def _add(tx: Tx, before: Sequence[Row[Any] | None], values: Sequence[dict[str, Any]]) -> list[Any]:
    """New versions, each after the one before it, which is not current any more."""
    ended = [row.id for row in before if row is not None]
    if ended:
        _END.ask(tx, {"ended": ended})
    rows = [
        one | {"version": 1 if row is None else row.version + 1, "created_at": tx.now, "current": True}
        for row, one in zip(before, values, strict=True)
    ]
    asked = [_ADD.ask(tx, row) for row in rows]
    added = [one.id for each in asked if (one := each.one()) is not None]
    return [SimpleNamespace(**row, id=number) for row, number in zip(rows, added, strict=True)]


def _all(tx: Tx, wanted: Select[Any]) -> list[Document]:
    return [_record(tx, row) for row in tx.connection.execute(wanted).all()]


def _opened(tx: Tx, row: Any) -> bytes:
    """Raises KeyringError as `vault.get` does."""
    return vault.opened(
        tx, _NOUN, row.id, "resource", None if row.blob is None else (row.sealed_in, row.sealed_label, row.blob)
    )


def _record(tx: Tx, row: Any, *, fresh: bool = True, resource: dict[str, Any] | None = None) -> Document:
    """`resource` is what is known to be sealed there: opening it again costs as much as sealing it."""
    if resource is None and not row.deleted:
        resource = orjson.loads(_opened(tx, row))
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
