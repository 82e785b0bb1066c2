"""Excel's serial numbers for dates and times (ECMA-376 part 1, 18.17.4.1), as local times without a zone."""

from __future__ import annotations

from datetime import datetime, timedelta

_DAY_MS = 86_400_000
#: 9999-12-31 and the day after, in days.
_END_1900, _END_1904 = 2_958_466, 2_957_004


def from_serial(value: float, *, since_1904: bool = False) -> datetime | None:
    """The local time of a serial number, to the millisecond; None for a number that is no day of Excel's.

    The 1900 system has a 29 February 1900 that never was (60), and calls 0 a day: both are None.
    """
    if not 0 <= value < (_END_1904 if since_1904 else _END_1900):
        return None
    if not since_1904:
        if value < 1 or 60 <= value < 61:
            return None
        # Days before the invented one count from a day later.
        value -= 0 if value >= 61 else -1
    base = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001  Excel's times have no zone
    try:
        return base + timedelta(milliseconds=round(value * _DAY_MS))
    except OverflowError:
        return None


def clock(value: float) -> str:
    """A part of a day, or several days, as `H:MM:SS`: how Excel shows a time of day or an elapsed time."""
    seconds = round(value * 86_400)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
