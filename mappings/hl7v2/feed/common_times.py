"""What most times of a feed are, read by their places: a day, or a time to the minute or second with its offset.

`mappings.hl7v2.times` has the grammar, and every time that is not read here; a test compares the two.
"""

from __future__ import annotations

from typing import Final

from mappings.times import is_date_time

#: Every offset of TS that FHIR has, as FHIR writes it; it knows no -0000, which in v2 is UTC like +0000.
_ZONES: Final = {f"{sign}{h:02}{m:02}": f"{sign}{h:02}:{m:02}" for sign in "+-" for h in range(15) for m in range(60)}
_ZONES["+0000"] = _ZONES["-0000"] = "Z"

#: Month and day of every day that each year has.
_DAYS: Final = {
    f"{month:02}{day:02}": f"-{month:02}-{day:02}"
    for month, days in enumerate((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1)
    for day in range(1, days + 1)
}

#: Hour and minute of every minute of a day.
_CLOCKS: Final = {f"{hour:02}{minute:02}": f"T{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)}
_SECONDS: Final = {f"{second:02}": f":{second:02}" for second in range(60)} | {"": ":00"}


def _day(digits: str) -> str | None:
    """YYYYMMDD as a FHIR date; None for a day that is in no calendar."""
    year = digits[:4]
    if not (year.isascii() and year.isdigit()):
        return None
    day = _DAYS.get(digits[4:8])
    if day is not None and year != "0000":
        return year + day
    told = f"{year}-{digits[4:6]}-{digits[6:8]}"
    return told if is_date_time(told) else None


def common_time(raw: str, offset: str) -> str | None:
    """A TS as FHIR dateTime, if it is of the common sort; `offset` is the message's, for a time without its own.

    None for every other, which may be a time all the same.
    """
    count = len(raw)
    if count == 8:
        return _day(raw)
    if count > 14:
        count -= 5
        offset = raw[count:]
    if count != 12 and count != 14:
        return None
    clock, second, zone = _CLOCKS.get(raw[8:12]), _SECONDS.get(raw[12:count]), _ZONES.get(offset)
    if clock is None or second is None or zone is None:
        return None
    day = _day(raw)
    return None if day is None else f"{day}{clock}{second}{zone}"
