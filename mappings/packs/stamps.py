"""Time formats compiled to readers: the text of a cell -> a FHIR dateTime, and what is wrong with it.

A format is written as strptime writes it (`%m/%d/%Y %H:%M`), or is `iso` (ISO 8601, with or without zone), `epoch`
or `epoch-ms` (UTC by definition), `excel` or `excel-1904` (serial numbers; a whole one is a date). Not strptime
itself: it depends on the process's locale, takes `1112017` for a date without saying which digit is the day, and is
slow. Here a number beside another number has its full width.

No zone is guessed: a text without one is at the agency's zone, or at the one the pack declares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from mappings.incident import DateTime
from mappings.packs.excel_dates import from_serial
from mappings.times import instant, local

#: What a reader found: the value, and for an hour that comes twice the second of its two readings.
Stamp: TypeAlias = tuple[DateTime | None, "Trouble | None", DateTime | None]

Trouble = Literal["bad", "ambiguous", "missing", "no-zone"]

#: The parts of a moment as text, from one format: year, month, day, hour, minute, second, fraction, offset.
Parts: TypeAlias = tuple[str, str, str, str, str, str, str, str]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_DAYS = "mon|tue|wed|thu|fri|sat|sun"
_FULL_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"

# Directive -> (named group, pattern at full width, pattern where a neighbour bounds it).
_DIRECTIVES = {
    "Y": ("Y", r"\d{4}", r"\d{4}"),
    "y": ("y", r"\d{2}", r"\d{2}"),
    "m": ("m", r"\d{2}", r"\d{1,2}"),
    "d": ("d", r"\d{2}", r"\d{1,2}"),
    "H": ("H", r"\d{2}", r"\d{1,2}"),
    "I": ("I", r"\d{2}", r"\d{1,2}"),
    "M": ("M", r"\d{2}", r"\d{2}"),
    "S": ("S", r"\d{2}", r"\d{2}"),
    "f": ("f", r"\d{1,9}", r"\d{1,9}"),
    "p": ("p", r"[AaPp]\.?[Mm]\.?", r"[AaPp]\.?[Mm]\.?"),
    "b": ("b", "|".join(_MONTHS), "|".join(_MONTHS)),
    "B": ("B", "|".join(_FULL_MONTHS), "|".join(_FULL_MONTHS)),
    "a": (None, _DAYS, _DAYS),
    "A": (None, _FULL_DAYS, _FULL_DAYS),
    "z": ("z", r"Z|[+-]\d{2}:?\d{2}", r"Z|[+-]\d{2}:?\d{2}"),
}
_TIME_OF_DAY = frozenset("HIMSfp")

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?\Z", re.ASCII
)
_WHOLE = re.compile(r"-?\d{1,11}(?:\.\d{1,9})?\Z", re.ASCII)
_WHOLE_MS = re.compile(r"-?\d{1,14}\Z", re.ASCII)
_SERIAL = re.compile(r"\d{1,7}(?:\.\d{1,20})?\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


#: `:MM:SS` of every minute and second there is.
MINUTES = frozenset(f":{minute:02}:{second:02}" for minute in range(60) for second in range(60))


class FormatError(ValueError):
    """A format that cannot be compiled; the text says what was expected and holds no data."""


@dataclass(frozen=True, slots=True)
class Format:
    """A compiled format: its reader of parts, whether it has a time of day, and its date half for unknown times."""

    name: str
    parts: Callable[[str], Parts | None]
    has_time: bool
    date_only: Callable[[str], Parts | None] | None


def compile_format(text: str) -> Format:
    """The format's reader. Raises FormatError where a directive is not known or the date is not complete."""
    if text == "iso":
        return Format("iso", _iso_parts, True, _iso_parts)
    if text in _NUMBERS:
        return Format(text, _NUMBERS[text], True, None)
    parts, names = _compile(text)
    missing = [what for what, any_of in (("%Y", "Yy"), ("%m", "mbB"), ("%d", "d")) if not names & set(any_of)]
    if missing:
        raise FormatError("expected a year, month and day in the format; missing " + " ".join(missing))
    if names & set("MSfp") and not names & set("HI"):
        raise FormatError("expected an hour (%H, or %I with %p) beside minutes")
    if ("I" in names) != ("p" in names):
        raise FormatError("expected %I and %p together")
    has_time = bool(names & _TIME_OF_DAY)
    date_only = None
    if has_time:
        first = min(i for i in range(len(text) - 1) if text[i] == "%" and text[i + 1] in "HI")
        head = text[:first].rstrip(" T")
        try:
            head_parts, head_names = _compile(head)
        except FormatError:
            head_parts, head_names = None, frozenset()
        if head_parts is not None and head_names & set("Yy") and head_names & set("mbB") and "d" in head_names:
            date_only = head_parts
    return Format(text, parts, has_time, date_only)


def _compile(text: str) -> tuple[Callable[[str], Parts | None], frozenset[str]]:
    pattern: list[str] = []
    names: set[str] = set()
    at = 0
    was_number = False
    while at < len(text):
        if text[at] != "%":
            pattern.append(r"\s+" if text[at] == " " else re.escape(text[at]))
            was_number = text[at].isdigit()
            at += 1
            continue
        letter = text[at + 1 : at + 2]
        if letter not in _DIRECTIVES:
            listed = " ".join(f"%{known}" for known in _DIRECTIVES)
            named = ", ".join(f"`{known}`" for known in ("iso", *_NUMBERS))
            raise FormatError(f"expected {named} or a format of {listed}")
        if letter in names:
            raise FormatError(f"expected %{letter} once")
        names.add(letter)
        group, full, bounded = _DIRECTIVES[letter]
        follows = text[at + 2 : at + 3]
        beside = was_number or follows == "%" or follows.isdigit()
        body = full if beside else bounded
        pattern.append(f"(?P<{group}>{body})" if group else f"(?:{body})")
        was_number = letter in "YymdHIMSf"
        at += 2
    match = re.compile("".join(pattern) + r"\Z", re.ASCII | re.IGNORECASE).match
    chosen = frozenset(names)
    order = [name for name in "YmdHMSfz" if name in chosen]
    if chosen <= set("YmdHMSfzaA") and {"Y", "m", "d"} <= chosen:
        return _plain_parts(match, order), chosen

    def parts(text: str) -> Parts | None:
        found = match(text)
        if found is None:
            return None
        got = found.groupdict(default="")
        year = got.get("Y") or _century(got.get("y", "00"))
        month = got.get("m") or _month(got)
        hour = got.get("H", "")
        if "I" in got:
            twelve = int(got["I"])
            if not 1 <= twelve <= 12:
                return None
            hour = str(twelve % 12 + (12 if got["p"][0] in "Pp" else 0))
        has_time = bool(hour)
        return (
            year,
            month.zfill(2),
            got.get("d", "").zfill(2),
            hour.zfill(2) if has_time else "",
            got.get("M", "") or ("00" if has_time else ""),
            got.get("S", "") or ("00" if has_time else ""),
            got.get("f", ""),
            _offset(got.get("z", "")),
        )

    return parts, chosen


def _plain_parts(match: Callable[[str], re.Match[str] | None], order: list[str]) -> Callable[[str], Parts | None]:
    """Numbers only: the shape of nearly every export, so it has no dictionary on its way."""
    has_hour, has_minute, has_second = "H" in order, "M" in order, "S" in order
    has_rest = "f" in order or "z" in order

    def parts(text: str) -> Parts | None:
        found = match(text)
        if found is None:
            return None
        year, month, day = found["Y"], found["m"], found["d"]
        if len(month) == 1:
            month = "0" + month
        if len(day) == 1:
            day = "0" + day
        if not has_hour:
            return (year, month, day, "", "", "", "", "")
        hour = found["H"]
        if len(hour) == 1:
            hour = "0" + hour
        minute = found["M"] if has_minute else "00"
        second = found["S"] if has_second else "00"
        if not has_rest:
            return (year, month, day, hour, minute, second, "", "")
        fraction = found["f"] if "f" in order else ""
        return (year, month, day, hour, minute, second, fraction, _offset(found["z"] if "z" in order else ""))

    return parts


def _century(two: str) -> str:
    # POSIX: 69-99 are 1969-1999, 00-68 are 2000-2068.
    return ("19" if int(two) >= 69 else "20") + two


def _month(got: dict[str, str]) -> str:
    if got.get("b"):
        return str(_MONTHS.index(got["b"].lower()) + 1)
    return str(_FULL_MONTHS.index(got["B"].lower()) + 1)


def _offset(text: str) -> str:
    if not text or text in "Zz":
        return text.upper()
    if len(text) == 3:
        return text + ":00"
    return text if text[3] == ":" else f"{text[:3]}:{text[3:]}"


def _iso_parts(text: str) -> Parts | None:
    found = _ISO.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups("")
    if not hour:
        return (year, month, day, "", "", "", "", "")
    return (year, month, day, hour, minute, second or "00", fraction, _offset(offset) if offset else "")


def _epoch_parts(text: str) -> Parts | None:
    if _WHOLE.match(text) is None:
        return None
    whole, _, fraction = text.partition(".")
    return _since_epoch(int(whole) * 1000 + int((fraction + "000")[:3] or 0))


def _epoch_ms_parts(text: str) -> Parts | None:
    return None if _WHOLE_MS.match(text) is None else _since_epoch(int(text))


def _since_epoch(milliseconds: int) -> Parts | None:
    try:
        value = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    fraction = f"{value.microsecond // 1000:03}" if value.microsecond else ""
    return (
        f"{value.year:04}", f"{value.month:02}", f"{value.day:02}",
        f"{value.hour:02}", f"{value.minute:02}", f"{value.second:02}", fraction, "Z",
    )  # fmt: skip


def _serial_parts(text: str) -> Parts | None:
    return _of_serial(text, since_1904=False)


def _serial_1904_parts(text: str) -> Parts | None:
    return _of_serial(text, since_1904=True)


def _of_serial(text: str, *, since_1904: bool) -> Parts | None:
    if _SERIAL.match(text) is None:
        return None
    at = from_serial(float(text), since_1904=since_1904)
    if at is None:
        return None
    day = (f"{at.year:04}", f"{at.month:02}", f"{at.day:02}")
    if float(text).is_integer():
        return (*day, "", "", "", "", "")
    fraction = f"{at.microsecond // 1000:03}" if at.microsecond else ""
    return (*day, f"{at.hour:02}", f"{at.minute:02}", f"{at.second:02}", fraction, "")


#: Formats that are numbers.
_NUMBERS: dict[str, Callable[[str], Parts | None]] = {
    "epoch": _epoch_parts,
    "epoch-ms": _epoch_ms_parts,
    "excel": _serial_parts,
    "excel-1904": _serial_1904_parts,
}


def date_reader(formats: tuple[Format, ...]) -> Callable[[str], DateTime | None]:
    """A reader of dates: a text -> `YYYY-MM-DD`, or None when no format fits or the date does not exist."""

    def read(text: str) -> DateTime | None:
        for one in formats:
            parts = one.parts(text)
            if parts is not None:
                return _existing(parts[0], parts[1], parts[2])
        return None

    return _remembering(read)


#: Half a year of hours: exports are in order of time, and each process of a long run keeps its own.
_HOURS_KEPT = 4096


def stamp_reader(
    formats: tuple[Format, ...],
    at: ZoneInfo | None,
    unknown_times: frozenset[str] = frozenset(),
    unknown_dates: frozenset[str] = frozenset(),
    offsets: dict[str, str] | None = None,
) -> Callable[[str], Stamp]:
    """A reader of times at `at`, where the text names no zone itself.

    `unknown_times` are texts, or times of day as six digits (`000000`), that mean that only the date is known.
    `unknown_dates` are texts, or dates as `YYYY-MM-DD`, that mean that nothing is known. `offsets` is filled with the
    offset of each whole local hour met (`2026-01-14T23`), or "" when that hour has a change in it.
    """
    if offsets is None:
        offsets = {}

    def offset_of(year: str, month: str, day: str, hour: str) -> str | None:
        try:
            start = datetime(int(year), int(month), int(day), int(hour))  # noqa: DTZ001  local until `local` says
        except ValueError:
            return None
        last = start.replace(minute=59, second=59)
        first_text, first_trouble = local(start, at)
        last_text, last_trouble = local(last, at)
        suffix = first_text[19:]
        return suffix if first_trouble is None and last_trouble is None and suffix == last_text[19:] else ""

    def read(text: str) -> Stamp:
        if text in unknown_dates:
            return None, None, None
        for one in formats:
            parts = one.parts(text)
            if parts is None:
                continue
            year, month, day, hour, minute, second, fraction, offset = parts
            if not hour:
                whole = _existing(year, month, day)
                if whole in unknown_dates:
                    return None, None, None
                return (whole, None, None) if whole is not None else (None, "bad", None)
            if unknown_dates and f"{year}-{month}-{day}" in unknown_dates:
                return None, None, None
            if unknown_times and hour + minute + second in unknown_times:
                whole = _existing(year, month, day)
                return (whole, None, None) if whole is not None else (None, "bad", None)
            if minute > "59" or second > "59":
                return None, "bad", None
            stem = f"{year}-{month}-{day}T{hour}"
            rest = f":{minute}:{second}"
            if fraction.strip("0"):
                rest += "." + fraction
            if offset:
                if hour > "23" or _existing(year, month, day) is None or not _possible(offset):
                    return None, "bad", None
                return stem + rest + offset, None, None
            suffix = offsets.get(stem)
            if suffix is None:
                if len(offsets) > _HOURS_KEPT:
                    offsets.clear()
                suffix = offset_of(year, month, day, hour)
                if suffix is None:
                    return None, "bad", None
                offsets[stem] = suffix
            if suffix:
                return stem + rest + suffix, None, None
            naive = datetime.fromisoformat(stem + rest[:6])
            value, trouble = local(naive, at)
            if trouble == "ambiguous":
                return value, "ambiguous", instant(naive.replace(tzinfo=at, fold=1))
            return value, trouble, None
        return None, "bad", None

    return read


def _possible(offset: str) -> bool:
    return offset == "Z" or (offset[1:3] <= "14" and offset[4:] <= "59")


def _existing(year: str, month: str, day: str) -> DateTime | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _remembering(read: Callable[[str], DateTime | None]) -> Callable[[str], DateTime | None]:
    seen: dict[str, DateTime | None] = {}

    def remembered(text: str) -> DateTime | None:
        if text in seen:
            return seen[text]
        if len(seen) > 4096:
            seen.clear()
        found = seen[text] = read(text)
        return found

    return remembered
