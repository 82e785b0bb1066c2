"""Decisions, as they were made, entry by entry, for the trace. The entries are sealed in the discloser's custody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Row, Select, select

from hub.records import DecisionRecord, EntryDecision
from hub.store import vault
from hub.store.hot import HotStatement
from hub.store.tables import decision
from hub.store.tx import Tx

_NOUN = "decision"


def record(
    tx: Tx,
    *,
    custody: str,
    recipient: str,
    purpose: str,
    verdict: str,
    digest: str,
    entries: Iterable[EntryDecision],
    message_id: int | None = None,
    task_id: str | None = None,
) -> DecisionRecord:
    """Keep one decision: `verdict` for the whole, and what was decided about each entry."""
    row = _ADD.one(
        tx,
        {
            "message_id": message_id,
            "task_id": task_id,
            "custody": custody,
            "recipient": recipient,
            "purpose": purpose,
            "decision": verdict,
            "digest": digest,
            "decided_at": tx.now,
        },
    )
    assert row is not None
    kept = tuple(entries)
    for entry in kept:
        tx.count("decisions", entry.decision)
    vault.put(tx, _NOUN, row.id, "entries", orjson.dumps([_plain(entry) for entry in kept]), custody=custody)
    return _record(row, kept)


_ADD = HotStatement.adding(decision, returning=decision.c)


def by_message(tx: Tx, message_id: int) -> list[DecisionRecord]:
    """What was decided about one message, in order."""
    return _all(tx, select(decision).where(decision.c.message_id == message_id))


def by_task(tx: Tx, task_id: str) -> list[DecisionRecord]:
    """What was decided about one referral, in order."""
    return _all(tx, select(decision).where(decision.c.task_id == task_id))


def _plain(entry: EntryDecision) -> dict[str, Any]:
    return {
        "entry": entry.entry,
        "decision": entry.decision,
        "because": entry.because,
        "consents": entry.consents,
        "obligations": entry.obligations,
    }


def _all(tx: Tx, wanted: Select[Any]) -> list[DecisionRecord]:
    found = []
    for row in tx.connection.execute(wanted.order_by(decision.c.id)).all():
        entries = tuple(
            EntryDecision(
                entry=plain["entry"],
                decision=plain["decision"],
                because=tuple(plain["because"]),
                consents=tuple(plain["consents"]),
                obligations=tuple(plain["obligations"]),
            )
            for plain in vault.get_json(tx, _NOUN, row.id, "entries")
        )
        found.append(_record(row, entries))
    return found


def _record(row: Row[Any], entries: tuple[EntryDecision, ...]) -> DecisionRecord:
    return DecisionRecord(
        id=row.id,
        message_id=row.message_id,
        task_id=row.task_id,
        custody=row.custody,
        recipient=row.recipient,
        purpose=row.purpose,
        decision=row.decision,
        digest=row.digest,
        decided_at=row.decided_at,
        entries=entries,
    )
