"""The service's log: JSON lines on standard error. No text of an exception: it may hold what was in a message.

Our own events carry codes and counts. Of the libraries' records, uvicorn's one-line texts are kept; of all others
only the logger, the level and the type and place of the exception.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from traceback import extract_tb
from typing import Any

import orjson
import structlog

#: Loggers whose first line is ours to repeat: they write fixed words, addresses and process ids.
_PLAIN = ("uvicorn",)
_LONGEST = 200


def configure(level: int = logging.INFO) -> None:
    """Sends structlog's events and the libraries' records to standard error, a JSON object a line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_exception_text,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.INFO))
    for name in ("httpx", "httpcore", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)


def without_exception_text(logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """An event with the type and the place of its exception, and neither its text nor its frames."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, BaseException):
        raised = (type(raised), raised, raised.__traceback__)
    if isinstance(raised, tuple) and raised[0] is not None:
        event.update(_said(raised))
    event.pop("stack_info", None)
    return event


class Lines(logging.Formatter):
    """A library's record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: time, level, logger, and as much of its text as is fixed words."""
        line: dict[str, Any] = {
            "event": _text(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line.update(_said(record.exc_info))
        return orjson.dumps(line).decode()


def _text(record: logging.LogRecord) -> str:
    if not record.name.startswith(_PLAIN):
        return "a library's record; its text is not logged"
    lines = record.getMessage().strip().splitlines() or [""]
    if lines[0].startswith("Traceback"):
        return f"failed: {lines[-1].partition(':')[0]}"[:_LONGEST]
    return lines[0][:_LONGEST]


def _said(raised: Any) -> dict[str, str]:
    kind, _, trace = raised
    frames = extract_tb(trace) if trace is not None else []
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"error": kind.__name__, "at": place}


def _dumps(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=lambda value: type(value).__name__).decode()
