"""FHIR date, dateTime and instant: whether they exist, and which of two comes first.

Follows FHIR R4 datatypes (date, dateTime, instant): years 0001 to 9999, partial dates, seconds may be 60, offsets up
to 14:00. Does not guess a zone: a value without one may lie anywhere in the 26 hours that zones span.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_MOMENT = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)
_DATE = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?")
_DAYS = {"01": 31, "03": 31, "04": 30, "05": 31, "06": 30, "07": 31, "08": 31, "09": 30, "10": 31, "11": 30, "12": 31}


def _exists(text: str) -> bool:
    """Whether the calendar has the day with which this well-formed text begins, and the year is not 0000."""
    if text[:4] == "0000":
        return False
    day = text[8:10]
    if day < "29":  # also when there is no day
        return True
    month = text[5:7]
    if month != "02":
        return int(day) <= _DAYS[month]
    year = int(text[:4])
    return day == "29" and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def is_date(text: str) -> bool:
    """A FHIR date: YYYY, YYYY-MM or YYYY-MM-DD, of the calendar."""
    return _DATE.fullmatch(text) is not None and _exists(text)


def is_instant(text: str) -> bool:
    """A FHIR instant: date, time to the second or finer, and zone."""
    return _MOMENT.fullmatch(text) is not None and _exists(text)


def is_datetime(text: str) -> bool:
    """A FHIR dateTime: a date, or a date with time to the second or finer and zone."""
    if len(text) > 10:
        return _MOMENT.fullmatch(text) is not None and _exists(text)
    return _DATE.fullmatch(text) is not None and _exists(text)


def is_time(text: str) -> bool:
    """A FHIR time of day: hh:mm:ss, without zone."""
    return _TIME.fullmatch(text) is not None


def span(text: str) -> tuple[datetime, datetime]:
    """The earliest and the latest moment that a valid FHIR date, dateTime or instant may mean, in UTC.

    `ValueError` or `OverflowError` at the ends of the calendar (year 0001 or 9999), where no span can be given.
    """
    if len(text) > 10:
        clock, fraction, offset = _clock(text)
        moment = datetime.fromisoformat(clock[:17] + "00" + offset).astimezone(UTC)
        moment += timedelta(seconds=int(clock[17:19]), microseconds=fraction)
        return moment, moment
    year, month, day = int(text[:4]), int(text[5:7] or 1), int(text[8:10] or 1)
    start = datetime(year, month, day, tzinfo=UTC)
    if len(text) == 10:
        end = start + timedelta(days=1)
    elif len(text) == 7:
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    else:
        end = datetime(year + 1, 1, 1, tzinfo=UTC)
    # the date is local somewhere between UTC+14 and UTC-12
    return start - timedelta(hours=14), end + timedelta(hours=12)


def _clock(text: str) -> tuple[str, int, str]:
    """YYYY-MM-DDThh:mm:ss, microseconds, offset."""
    rest = text[19:]
    digits = ""
    if rest[0] == ".":
        digits = rest[1:].rstrip("Z").split("+")[0].split("-")[0]
        rest = rest[1 + len(digits) :]
    return text[:19], int((digits + "000000")[:6]), "+00:00" if rest == "Z" else rest


def after(first: str, second: str) -> bool:
    """Whether the first is certainly later than the second. What cannot be told apart is not later.

    Two dates are compared as far as both go, as dates of one place. False if either is not valid.
    """
    return _after(first, second) and is_datetime(first) and is_datetime(second)


def _after(first: str, second: str) -> bool:
    if len(first) == len(second) and first[19:] == second[19:]:
        return first > second  # the same precision and zone: the text orders as the time does
    if len(first) <= 10 and len(second) <= 10:
        both = min(len(first), len(second))
        return first[:both] > second[:both]
    try:
        return span(first)[0] > span(second)[1]
    except (ValueError, OverflowError, IndexError):  # not valid, or at an end of the calendar
        return first[:4] > second[:4]
