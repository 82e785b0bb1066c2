"""Bytes at the door: what is seen of them at first sight, and what is kept though nothing here can read it."""

from __future__ import annotations

import orjson

from hub.loop import fault
from hub.loop.context import Hub
from hub.records import Message
from hub.settings import SourceSection
from hub.store import inputs, messages
from hub.store.tx import Tx
from profiles.issue import Issue

_JSON_SOURCES = frozenset({"eido", "incident"})


def at_first_sight(source: SourceSection, body: bytes) -> tuple[Issue, ...]:
    """Where JSON was agreed and this is none, what is wrong and where; the rest is seen when it is read."""
    if source.reads not in _JSON_SOURCES:
        return ()
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if body.lstrip()[:1] == b"{" and body.strip().count(b"\n") > 0 and _first_line_is_json(body):
            return ()  # one JSON value a line
        return (_not_json(body, error),)
    return ()


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> Issue:
    """What is wrong and where; orjson gives no place for bytes that are not UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError as bad:
        line = body.count(b"\n", 0, bad.start) + 1
        column = bad.start - body.rfind(b"\n", 0, bad.start)
        place = f"line {line}, column {column}"
        return Issue(severity="error", code="structure", rule="read.not-utf-8", path=place, text="not UTF-8")
    place = f"line {error.lineno}, column {error.colno}"
    return Issue(severity="error", code="structure", rule="read.not-json", path=place, text="not JSON")


def _first_line_is_json(body: bytes) -> bool:
    try:
        orjson.loads(body.strip().split(b"\n", 1)[0])
    except orjson.JSONDecodeError:
        return False
    return True


def keep_conflict(tx: Tx, hub: Hub, source: SourceSection, body: bytes, media_type: str, control_id: str) -> Message:
    """Other bytes under a known control id: which are right, a person says. What is kept of them."""
    kept = inputs.keep_conflict(
        tx,
        source=source.name,
        custody=source.organization,
        organization=source.organization,
        control_id=control_id,
        media_type=media_type[:100],
        body=body,
    )
    fault.hold_message(tx, hub, kept, "identity", "receive.conflict", owner=fault.ENGINEER)
    return kept


def put_by(tx: Tx, message: Message) -> None:
    """An answer that could not be read, or bytes of a source that is no longer configured: kept, and rejected."""
    issue = Issue(
        severity="error",
        code="not-supported",
        rule="receive.no-reader",
        path="",
        text="nothing here reads this; it is kept as it came",
    )
    messages.finish(tx, message, "rejected", (issue,))
