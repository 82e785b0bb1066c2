"""A message that breaks a step: tried again a few times, then put aside for a person, never lost.

What broke is said by its type and by the place in our own code: an exception's text may hold what was in the message.
"""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

from hub.errors import StoreError
from hub.loop import alarm
from hub.loop.context import Hub
from hub.loop.record import trace
from hub.records import HoldKind, Message
from hub.store import holds, messages
from hub.store.tx import Tx
from profiles.issue import Issue

#: Tries before a message is put aside, and seconds between them.
TRIES = 3
PAUSE = 2.0
#: Who looks after what the hub itself could not do.
ENGINEER = "integration engineer"


def place(error: BaseException) -> str:
    """File and line where it was raised; no code, no values."""
    frames = extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def put_aside(tx: Tx, hub: Hub, message: Message, error: BaseException) -> None:
    """Gives the message back for another try, or after the last one holds it with an alarm. Raises LeaseLost.

    Trouble of the database (a full disk, a restart) is no fault of the message: that try does not count.
    """
    if isinstance(error, StoreError) and error.passing:
        messages.put_back(tx, message, delay_seconds=PAUSE, counted=False)
        return
    if message.attempts < TRIES:
        messages.put_back(tx, message, delay_seconds=PAUSE)
        return
    issue = Issue(
        severity="fatal",
        code="exception",
        rule="hub.failed",
        path="",
        text="the hub failed on this message; it is kept as it came and can be replayed after a fix",
    )
    messages.finish(tx, message, "held", (issue,))
    hold_message(tx, hub, message, "fault", "hub.failed", owner=ENGINEER)
    trace(tx, message.id, "read", "held", error=type(error).__name__, where=place(error))


def hold_message(tx: Tx, hub: Hub, message: Message, kind: HoldKind, reason: str, *, owner: str) -> None:
    """Holds a message for a person, and rings."""
    hold = holds.place(
        tx,
        kind=kind,
        reason=reason,
        owner_role=owner,
        subject_type="Message",
        subject_id=str(message.id),
        custody=message.custody,
        message_id=message.id,
    )
    alarm.sound_hold(tx, hub, hold)
