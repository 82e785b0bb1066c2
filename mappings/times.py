"""Times as FHIR dateTime strings (R4 datatypes): with a zone, or a date alone. Nothing here guesses a zone.

A local time becomes an instant only with an IANA zone. In the hour that autumn repeats (`fold`) and the hour that
spring skips there is no single answer: `local` says which, and the caller adds the issue.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mappings.incident import DateTime

_DATE_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:[0-5]\d))?)?)?\Z", re.ASCII
)

Trouble = Literal["ambiguous", "missing", "no-zone"]


@lru_cache(maxsize=128)
def zone(name: str) -> ZoneInfo | None:
    """The IANA zone of that name, or None when there is none such."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


@lru_cache(maxsize=4096)
def is_date_time(text: str) -> bool:
    """Whether `text` is a FHIR dateTime: a year, month, date that exists, or an instant with its zone."""
    match = _DATE_TIME.match(text)
    if match is None:
        return False
    year, month, day, hour, minute, second, offset = match.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    if hour is None:
        return True
    return int(hour) < 24 and int(minute) < 60 and int(second) < 60 and (offset == "Z" or int(offset[1:3]) <= 14)


def is_instant(value: DateTime) -> bool:
    """Whether a FHIR dateTime has a time (and so a zone)."""
    return len(value) > 10


def instant(value: datetime) -> DateTime:
    """A zone-aware datetime as FHIR writes it; whole seconds unless there are fractions. Raises ValueError if naive."""
    if value.tzinfo is None:
        raise ValueError("a datetime without zone is not an instant")
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def local(value: datetime, at: ZoneInfo | None) -> tuple[DateTime, Trouble | None]:
    """A naive local time at a zone, as FHIR dateTime, and what is wrong with it.

    No zone, or an hour that does not exist there: the date alone. An hour that comes twice: the first of the two
    (standard practice of CAD exports is not known), with `ambiguous`, so that the caller can use the order of
    stages or say so.
    """
    if at is None:
        return value.date().isoformat(), "no-zone"
    first = value.replace(tzinfo=at, fold=0)
    second = value.replace(tzinfo=at, fold=1)
    if first.utcoffset() == second.utcoffset():
        return instant(first), None
    # In the skipped hour a round trip through UTC does not come back to the same wall time.
    if first.astimezone(UTC).astimezone(at).replace(tzinfo=None) != value:
        return value.date().isoformat(), "missing"
    return instant(first), "ambiguous"


def moment(value: DateTime) -> datetime | None:
    """The point in time of an instant, for comparison; None for a date, which has none."""
    return datetime.fromisoformat(value) if len(value) > 10 else None


def earlier(first: DateTime, second: DateTime) -> bool:
    """Whether `first` is surely before `second`: instants by time, dates by day; a date and an instant by day."""
    if len(first) > 10 and len(second) > 10:
        if len(first) == len(second) and first[19:] == second[19:]:
            return first < second  # with the same offset and the same fractions the texts sort as the times do
        return datetime.fromisoformat(first) < datetime.fromisoformat(second)
    shared = min(len(first), len(second), 10)  # 2026 is not surely before 2026-01-14
    return first[:shared] < second[:shared]
