"""Inputs: the bytes that come in become messages, each stored before it is acknowledged.

The bytes and the control id are sealed; duplicates are found by blind index. What becomes of a message afterwards is
in `messages`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, update

from hub.errors import DuplicateConflict, StoreError
from hub.records import Message
from hub.store import messages, vault
from hub.store.hot import HotInsert
from hub.store.tables import EPOCH, message
from hub.store.tx import Tx
from mappings.record import record
from profiles.issue import Issue


@record
class Owner:
    """Whose a message is: the source that sent it, the custody it is kept in, the organization it speaks for."""

    source: str
    custody: str
    organization: str


def receive(
    tx: Tx,
    *,
    source: str,
    custody: str,
    organization: str,
    control_id: str | None,
    media_type: str,
    body: bytes,
    once: bool = False,
    keep_control: bool = True,
) -> tuple[Message, bool]:
    """Store one input; (message, whether it is new). The same bytes under a known control id are the known message.

    Raises DuplicateConflict `receive.conflict` for other bytes under a known control id: nothing is stored, and the
    caller keeps them with `keep_conflict`. Without a control id every input is new, or with `once` the same bytes of
    the source are one message. Without `keep_control` the control id is known again and not kept beside the body, for
    a form that has it in the body.
    """
    values = _new(tx, source, custody, organization, media_type, body)
    parts = {"body": body}
    if control_id is not None:
        values["control"] = tx.keys.blind(custody, "message.control", control_id)
        if keep_control:
            parts["control"] = control_id.encode()
    elif once:
        values["control"] = values["digest"]
    else:
        return _store(tx, values, parts), True
    inserted = _INSERT_UNKNOWN.run(tx, values)
    if inserted is not None:
        vault.put_parts(tx, messages.NOUN, inserted, parts, custody=custody)
        tx.wake("messages")
        return _made(inserted, values), True
    known = tx.connection.execute(
        select(message).where(message.c.source == source, message.c.control == values["control"])
    ).one()
    if known.digest != values["digest"]:
        raise DuplicateConflict(known.id)
    return messages.of_row(known), False


def receive_all(
    tx: Tx, owner: Owner, found: Sequence[tuple[str, bytes]], *, media_type: str
) -> list[tuple[int, bytes] | None]:
    """As `receive` without `keep_control`, for several inputs of one source, each with its control id: (id, keyed
    digest) of what is new. None for what its control id says is known: that is for `receive`."""
    blind, custody = tx.keys.blind, owner.custody
    rows = [
        (
            blind(custody, "message.control", control),
            blind(custody, "message.body", hashlib.sha256(data).digest()),
            len(data),
        )
        for control, data in found
    ]
    common = _new_row(tx, owner.source, custody, owner.organization, media_type)
    made = _INSERT_UNKNOWN.run_all(tx, common, ("control", "digest", "size"), rows)
    vault.put_all(
        tx,
        messages.NOUN,
        [
            vault.New(noun_id=one, part="body", plain=data, custody=custody)
            for one, (_, data) in zip(made, found, strict=True)
            if one is not None
        ],
    )
    tx.wake("messages")
    return [None if one is None else (one, row[1]) for one, row in zip(made, rows, strict=True)]


def keep_conflict(
    tx: Tx,
    *,
    source: str,
    custody: str,
    organization: str,
    control_id: str,
    media_type: str,
    body: bytes,
) -> Message:
    """Keep bytes that contradict a known control id as a message in state `held`, with the known one as lineage.

    The same contradicting bytes are kept once, however often they come.
    """
    values = _new(tx, source, custody, organization, media_type, body) | {"state": "held"}
    control = tx.keys.blind(custody, "message.control", control_id)
    values["lineage"] = tx.connection.execute(
        select(message.c.id).where(message.c.source == source, message.c.control == control)
    ).scalar_one_or_none()
    kept = tx.connection.execute(
        select(message).where(
            message.c.lineage == values["lineage"], message.c.digest == values["digest"], message.c.state == "held"
        )
    ).first()
    if kept is not None:
        return messages.of_row(kept)
    return _store(tx, values, {"body": body, "control": control_id.encode()})


def keep_rejected(tx: Tx, owner: Owner, *, media_type: str, body: bytes, issues: Iterable[Issue]) -> Message:
    """Keep what is not taken as it is, as a message in state `rejected`: once, however often the same bytes come."""
    values = _new(tx, owner.source, owner.custody, owner.organization, media_type, body)
    values["control"] = values["digest"]
    known = tx.connection.execute(
        select(message).where(message.c.source == owner.source, message.c.control == values["control"])
    ).one_or_none()
    if known is not None:
        return messages.of_row(known)
    values |= {"state": "rejected", "issues": [issue.to_fhir() for issue in issues], "finished_at": tx.now}
    return _store(tx, values, {"body": body})


def replay(tx: Tx, message_id: int, *, into: Owner | None = None, control_id: str | None = None) -> Message:
    """Take the same bytes in again as a new message with lineage; the old one becomes `replayed`.

    `into` takes them in for whom they turn out to be of, in place of whom they were kept for; with `control_id` the
    same message, sent again, is known.
    Raises StoreError `store.not-found`; `store.state` while the message is still waiting, when its bytes are gone, or
    when its control id has been taken since.
    """
    old = tx.connection.execute(select(message).where(message.c.id == message_id)).one_or_none()
    if old is None:
        raise StoreError("store.not-found", "there is no such message", code="not-found")
    if old.state == "received":
        raise StoreError("store.state", "a message that waits is not replayed", code="conflict")
    if old.state in ("expunged", "disposed"):
        raise StoreError("store.state", f"what was {old.state} cannot be taken in again", code="conflict")
    data = messages.body(tx, message_id)
    owner = into or Owner(source=old.source, custody=old.custody, organization=old.organization)
    values = _new(tx, owner.source, owner.custody, owner.organization, old.media_type, data)
    values |= {"lineage": message_id, "gated_at": old.gated_at}
    parts = {"body": data}
    if control_id is not None:
        values["control"] = tx.keys.blind(owner.custody, "message.control", control_id)
        parts["control"] = control_id.encode()
        known = select(message.c.id).where(message.c.source == owner.source, message.c.control == values["control"])
        if tx.connection.execute(known).first() is not None:
            raise StoreError("store.state", "a message with its control id was taken since", code="conflict")
    tx.connection.execute(update(message).where(message.c.id == message_id).values(state="replayed"))
    return _store(tx, values, parts)


_INSERT_UNKNOWN = HotInsert(
    message,
    (
        "source",
        "custody",
        "organization",
        "control",
        "digest",
        "media_type",
        "size",
        "received_at",
        "state",
        "lineage",
        "attempts",
        "lease_until",
    ),
)


def _new(tx: Tx, source: str, custody: str, organization: str, media_type: str, data: bytes) -> dict[str, Any]:
    return _new_row(tx, source, custody, organization, media_type) | {
        # keyed: a plain hash of a short row could be guessed from a stolen file
        "digest": tx.keys.blind(custody, "message.body", hashlib.sha256(data).digest()),
        "size": len(data),
    }


def _new_row(tx: Tx, source: str, custody: str, organization: str, media_type: str) -> dict[str, Any]:
    return {
        "source": source,
        "custody": custody,
        "organization": organization,
        "control": None,
        "media_type": media_type,
        "received_at": tx.now,
        "state": "received",
        "lineage": None,
        "attempts": 0,
        "lease_until": EPOCH,
    }


def _store(tx: Tx, values: dict[str, Any], parts: dict[str, bytes]) -> Message:
    made: int = tx.connection.execute(message.insert().returning(message.c.id), values).scalar_one()
    vault.put_parts(tx, messages.NOUN, made, parts, custody=values["custody"])
    if values["state"] == "received":
        tx.wake("messages")
    return _made(made, values)


def _made(message_id: int, values: dict[str, Any]) -> Message:
    return Message(
        id=message_id,
        source=values["source"],
        custody=values["custody"],
        organization=values["organization"],
        media_type=values["media_type"],
        size=values["size"],
        digest=values["digest"].hex(),
        received_at=values["received_at"],
        state=values["state"],
        lineage=values["lineage"],
        gated_at=values.get("gated_at"),
    )
