"""What was done, written down: a trace step for whoever follows a message, an event for the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.audit import chain
from hub.loop.context import Hub
from hub.records import AuditAction, AuditOutcome, Event, Message, MessageState, Step
from hub.store import messages, traces
from hub.store.tx import Tx
from profiles.issue import Issue


def trace(tx: Tx, message_id: int | None, step: Step, state: str, *, at: datetime | None = None, **detail: Any) -> None:
    """One step of one message: structure, codes and counts, never a value. Without a message there is no trace."""
    tx.count("steps", step, state)
    if step == "deliver" and (destination := detail.get("destination")):
        tx.count("deliveries", destination, state)
    if message_id is not None:
        traces.add(tx, message_id, step, state, at=at, **detail)


def settle_message(tx: Tx, hub: Hub, message: Message, *, read: bool, issues: list[Issue]) -> None:
    """The last of a message that was read, or of which nothing could be: its state, and who had sent it."""
    state: MessageState = "translated" if read else "rejected"
    messages.finish(tx, message, state, issues)
    audit(
        tx,
        hub,
        who=f"source:{message.source}",
        action="C",
        kind="message",
        entity=("message", message.id),
        outcome="0" if read else "4",
        custody=message.custody,
        detail=(state,),
    )


def audit(
    tx: Tx,
    hub: Hub,
    *,
    who: str,
    action: AuditAction,
    kind: str,
    entity: tuple[str, str | int],
    outcome: AuditOutcome = "0",
    custody: str | None = None,
    purpose: str | None = None,
    patient_id: str | None = None,
    detail: tuple[str, ...] = (),
) -> None:
    """One event at the end of the audit chain. `entity` is (type, id); ids are keyed and tell nothing."""
    chain.append(
        tx,
        Event(
            who=who,
            action=action,
            kind=kind,
            entity_type=entity[0],
            entity_id=str(entity[1]),
            outcome=outcome,
            at=tx.now,
            source=hub.name,
            custody=custody,
            purpose=purpose,
            patient_id=patient_id,
            detail=detail,
        ),
    )
