"""Inputs: the bytes that come in become messages, each stored before it is acknowledged.

The bytes and the control id are sealed; duplicates are found by blind index. What becomes of a message afterwards is
in `messages`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from hub.errors import DuplicateConflict, StoreError
from hub.records import Message
from hub.store import messages, vault
from hub.store.hot import HotStatement
from hub.store.hot_rows import HotRows
from hub.store.keys import KeyRing
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


@record
class Taken:
    """What became of one input: the message that it is now, or was before (not `fresh`), and when that was received.
    `conflict`: that message has other bytes under the same control id; nothing was stored, and the caller keeps these
    with `keep_conflict`."""

    message_id: int
    received_at: datetime
    fresh: bool
    conflict: bool = False


@record
class Input:
    """One input as a unit of work for the store, which stores those together that wait for the same commit.

    `control` and `digest` are keyed, `control` is what its source's inputs are known by. A `control_id` is kept.
    """

    owner: Owner
    media_type: str
    control: bytes
    digest: bytes
    body: bytes = field(repr=False)
    control_id: str | None = field(default=None, repr=False)

    def __call__(self, tx: Tx) -> Taken:
        """Stores it by itself."""
        return self.together(tx, [self])[0]

    @staticmethod
    def together(tx: Tx, found: Sequence[Input]) -> list[Taken]:
        """Stores several in their order, of whatever sources; one that is the same as another before it is known."""
        made = _store_unknown(tx, found)
        return [
            Taken(message_id=new, received_at=tx.now, fresh=True) if new is not None else _known(tx, one)
            for one, new in zip(found, made, strict=True)
        ]


def coming(
    keys: KeyRing, owner: Owner, *, control_id: str | None, media_type: str, body: bytes, keep_control: bool = True
) -> Input:
    """An input to be stored; all of the work on it that needs no database, so that others' is not kept waiting.

    The same bytes under a known control id will be the known message; without a control id, the same bytes of the
    source. Without `keep_control` the control id is not kept beside the body, for a form that has it in the body.
    """
    digest = _digest(keys, owner.custody, body)
    return Input(
        owner=owner,
        media_type=media_type,
        control=digest if control_id is None else keys.blind(owner.custody, "message.control", control_id),
        digest=digest,
        body=body,
        control_id=control_id if keep_control else None,
    )


def receive(
    tx: Tx, *, source: str, custody: str, organization: str, control_id: str | None, media_type: str, body: bytes
) -> tuple[Message, bool]:
    """Store one input; (message, whether it is new). The same bytes under a known control id are the known message;
    without a control id every input is new.

    Raises DuplicateConflict `receive.conflict` for other bytes under a known control id: nothing is stored, and the
    caller keeps them with `keep_conflict`.
    """
    owner = Owner(source=source, custody=custody, organization=organization)
    if control_id is None:
        return _store(tx, _new(tx, source, custody, organization, media_type, body), {"body": body}), True
    taken = coming(tx.keys, owner, control_id=control_id, media_type=media_type, body=body)(tx)
    if taken.conflict:
        raise DuplicateConflict(taken.message_id)
    kept = messages.get(tx, taken.message_id)
    assert kept is not None
    return kept, taken.fresh


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


_ROWS = HotRows(
    message,
    common=("received_at", "state", "lineage", "attempts", "lease_until"),
    own=("source", "custody", "organization", "media_type", "control", "digest", "size"),
)
_KNOWN = HotStatement(
    select(message.c.id, message.c.digest, message.c.received_at).where(
        message.c.source == bindparam("of_source"), message.c.control == bindparam("of_control")
    )
)


def _store_unknown(tx: Tx, found: Sequence[Input]) -> list[int | None]:
    """For each its new id, or None where it is known."""
    rows = [
        (
            one.owner.source,
            one.owner.custody,
            one.owner.organization,
            one.media_type,
            one.control,
            one.digest,
            len(one.body),
        )
        for one in found
    ]
    made = _ROWS.add_unknown(tx, _beginning(tx), rows, key=("source", "control"))
    parts = []
    for one, new in zip(found, made, strict=True):
        if new is not None:
            custody = one.owner.custody
            parts.append(vault.New(noun_id=new, part="body", plain=one.body, custody=custody))
            if one.control_id is not None:
                parts.append(vault.New(noun_id=new, part="control", plain=one.control_id.encode(), custody=custody))
    if parts:
        vault.put_all(tx, messages.NOUN, parts)
        tx.wake("messages")
    return made


def _known(tx: Tx, one: Input) -> Taken:
    known = _KNOWN.one(tx, {"of_source": one.owner.source, "of_control": one.control})
    assert known is not None
    return Taken(message_id=known.id, received_at=known.received_at, fresh=False, conflict=known.digest != one.digest)


def _digest(keys: KeyRing, custody: str, data: bytes) -> bytes:
    # keyed: a plain hash of a short row could be guessed from a stolen file
    return keys.blind(custody, "message.body", hashlib.sha256(data).digest())


def _beginning(tx: Tx) -> dict[str, Any]:
    """What every new message has."""
    return {"received_at": tx.now, "state": "received", "lineage": None, "attempts": 0, "lease_until": EPOCH}


def _new(tx: Tx, source: str, custody: str, organization: str, media_type: str, data: bytes) -> dict[str, Any]:
    return _beginning(tx) | {
        "source": source,
        "custody": custody,
        "organization": organization,
        "control": None,
        "media_type": media_type,
        "digest": _digest(tx.keys, custody, data),
        "size": len(data),
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
