"""How values read on a page: the templates' filters. None of them makes markup; the templates escape."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_TONES: dict[str, str] = {
    **dict.fromkeys(
        ("translated", "released", "sent", "done", "accepted", "completed", "permit", "scheduled", "labelled", "read"),
        "good",
    ),
    **dict.fromkeys(
        ("held", "withheld", "redact", "hold", "no-consent", "retry", "warning", "requested", "in-progress", "on-hold",
         "dependent", "superseded", "hold-rejected", "intended", "alarm"),
        "warn",
    ),
    **dict.fromkeys(
        ("rejected", "deny", "dead", "parked", "blocked", "error", "fatal", "failed", "unknown", "cancelled"), "bad"
    ),
}  # fmt: skip


def moment(value: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def age(value: timedelta) -> str:
    """How long something is there: minutes, hours below two days, then days."""
    minutes = int(value.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"


def size(value: int) -> str:
    """Bytes, or kB with one decimal below 100."""
    if value < 1000:
        return f"{value} bytes"
    kilobytes = value / 1000
    return f"{kilobytes:,.1f} kB" if kilobytes < 100 else f"{kilobytes:,.0f} kB"


def tone(state: str) -> str:
    """`good`, `warn`, `bad` or `soft` for a state, decision or severity. Never the only thing that says it."""
    return _TONES.get(state, "soft")


def words(key: str) -> str:
    """A code as words."""
    return key.replace("_", " ").replace("-", " ")


def plain(value: Any) -> str:
    """A trace's detail on one line: text as it is, counts as `Patient 1, Task 2`, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and all(isinstance(each, int) for each in value.values()):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value) or "none"
    return orjson.dumps(value).decode()


def entry(reference: str) -> str:
    """`Type/abcdefgh` of a reference: enough to tell entries apart on one page."""
    kind, _, identifier = reference.removeprefix("urn:uuid:").rpartition("/")
    return f"{kind}/{identifier[:8]}" if kind else identifier[:8]


def json(value: Any) -> str:
    """JSON, indented."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def templates() -> Environment:
    """The console's templates: everything is escaped, and a name that is not given is an error."""
    environment = Environment(
        loader=PackageLoader("hub.console"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (moment, age, size, tone, words, plain, entry, json):
        environment.filters[filter_.__name__] = filter_
    return environment
