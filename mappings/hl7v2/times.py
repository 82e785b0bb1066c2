"""Times between FHIR dateTime and HL7 v2 TS/DTM (2.A.75, 2.A.22), and nothing guessed on the way.

FHIR's precision is v2's: a date stays a date, an instant keeps its offset. A v2 time without offset needs the
partner's zone; without one, or in the hour that a clock change skips, the date alone is left, with an issue.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mappings.times import instant, is_date_time, local
from profiles.issue import Issue

_TS = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)?(?:(\d\d)(?:\.(\d{1,9}))?)?)?)?)?([+-]\d{4})?\Z",
    re.ASCII,
)
_FHIR = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d))?)?)?\Z", re.ASCII
)


def ts(value: str | None) -> str | None:
    """A FHIR dateTime, date or instant as TS with its offset; None for None or for what is no dateTime.

    Fractions are kept to the four digits that TS has.
    """
    match = _FHIR.match(value) if value and is_date_time(value) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    text = year + (month or "") + (day or "")
    if hour is None:
        return text
    text += hour + minute + second + (f".{fraction[:4]}" if fraction else "")
    return text + ("+0000" if offset == "Z" else offset.replace(":", ""))


def written(value: datetime) -> str:
    """A zone-aware datetime as TS in whole seconds with its offset. Raises ValueError if it is naive."""
    return ts(instant(value.replace(microsecond=0))) or ""


def date_time(text: str | None, path: str, zone: ZoneInfo | None) -> tuple[str | None, tuple[Issue, ...]]:
    """A TS as FHIR dateTime, and what is wrong with it. `path` is where it stands (`SCH-11.4`).

    The time's own offset goes before `zone`, the partner's. Without either: the date and `read.no-zone`. FHIR has no
    hour without minutes: such a time becomes its date. None with `read.time` when it is no time that exists.
    """
    if not text:
        return None, ()
    match = _TS.match(text)
    if match is None:
        return None, (_issue("read.time", path, "this is not a time that exists"),)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    whole = "-".join(part for part in (year, month, day) if part)
    try:
        at = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int(((fraction or "") + "000000")[:6]),
            tzinfo=UTC,
        )
    except ValueError:
        return None, (_issue("read.time", path, "this is not a time that exists"),)
    if hour is None or minute is None:
        return (whole, ()) if is_date_time(whole) else (None, (_issue("read.time", path, "this is no time"),))
    clock = f"{whole}T{hour}:{minute}:{second or '00'}" + (f".{fraction}" if fraction else "")
    if offset:
        # FHIR knows no -0000; in v2 it is UTC like +0000.
        made = clock + ("Z" if offset[1:] == "0000" else f"{offset[:3]}:{offset[3:]}")
        return (made, ()) if is_date_time(made) else (None, (_issue("read.time", path, "this is no time"),))
    found, trouble = local(at.replace(tzinfo=None), zone)
    if trouble == "no-zone":
        return found, (_issue("read.no-zone", path, "a local time without zone became its date"),)
    if trouble == "missing":
        return found, (_issue("read.skipped-hour", path, "the local time does not exist there and became its date"),)
    if trouble == "ambiguous":
        return found, (_issue("read.ambiguous-hour", path, "the local time comes twice; the first was taken"),)
    return found, ()


def _issue(rule: str, path: str, text: str) -> Issue:
    return Issue(severity="warning", code="value", rule=rule, path=path, text=text)
