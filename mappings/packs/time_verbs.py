"""`datetime` and `date`: columns compiled to FHIR dateTimes, with the markers that mean that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from mappings.found import AMBIGUOUS_TIME, BAD_TIME, MISSING_HOUR, NO_ZONE, STAGES, Rule
from mappings.incident import DateTime
from mappings.incident_json import OUT_OF_RANGE
from mappings.packs.code_verbs import BAD_NUMBER
from mappings.packs.damage import SERIAL, is_serial
from mappings.packs.formats import Row
from mappings.packs.load import Spec
from mappings.packs.stamps import MINUTES, Format, FormatError, Stamp, compile_format, date_reader, stamp_reader
from mappings.packs.verbs import TEXT_VERBS, Notes, Scope, Text, issue, text
from mappings.times import instant, moment, zone

RULED = Rule(
    "read.ambiguous-time-ruled",
    "information",
    "value",
    "a local time that comes twice at the change of the clocks: the pack's rule says which",
)
RULED_OUT = Rule(
    "read.ambiguous-time-unknown",
    "warning",
    "value",
    "a local time that comes twice at the change of the clocks: by the pack's rule only its date is kept",
)
NO_START = Rule("read.no-start", "warning", "incomplete", "a length of time after a stage whose own time is not known")

_TROUBLES = {"bad": BAD_TIME, "no-zone": NO_ZONE, "missing": MISSING_HOUR, "ambiguous": AMBIGUOUS_TIME}

TIME_VERBS = (*TEXT_VERBS, "datetime", "unknown_time", "unknown_date", "zone", "dst")
#: A stage told as a length of time after another.
AFTER_VERBS = (*TEXT_VERBS, "after", "unit")
#: What a pack says of the hour that autumn repeats: its first or second time, or the date alone.
DST = ("earlier", "later", "unknown")
LENGTHS = {"seconds": 1, "minutes": 60, "hours": 3600}
#: No call lasts a year, in seconds.
_LONGEST = 366 * 86_400
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?\Z", re.ASCII)

DATE_VERBS = (*TEXT_VERBS, "date", "unknown_date")


def _formats(spec: Spec) -> tuple[Format, ...]:
    made = []
    for item in spec.items():
        try:
            made.append(compile_format(item.text()))
        except FormatError as error:
            item.fail(str(error), "pack.format")
    return tuple(made)


def _unknown_dates(keys: dict[str, Spec], formats: tuple[Format, ...]) -> frozenset[str]:
    if "unknown_date" not in keys:
        return frozenset()
    given = [item.scalar() for item in keys["unknown_date"].items()]
    parts = (one.date_only or one.parts for one in formats)
    days = {f"{p[0]}-{p[1]}-{p[2]}" for read in parts for marker in given if (p := read(marker)) is not None}
    return frozenset(given) | days


def date(keys: dict[str, Spec], at: Spec, scope: Scope) -> Text:
    """A date as `YYYY-MM-DD`."""
    if "const" in keys:
        keys["const"].fail("expected `from`: a date is never constant", "pack.unknown-key")
    if "date" not in keys:
        at.fail("expected `date: <format>`", "pack.missing-key")
    formats = _formats(keys["date"])
    made = text({k: v for k, v in keys.items() if k in TEXT_VERBS}, at, scope)
    unknown = _unknown_dates(keys, formats)
    read = date_reader(formats)
    wrong, serial = issue(BAD_TIME, made.path), issue(SERIAL, made.path)
    get = made.get

    def dated(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        if value is None or value in unknown:
            return None
        found = read(value)
        if found is None:
            notes.issues.append(serial if is_serial(value) else wrong)
        return None if found in unknown else found

    return Text(get=dated, path=made.path)


def ruled(first: DateTime, second: DateTime, dst: str) -> tuple[DateTime, Rule]:
    """Which of two readings of a repeated hour the pack's rule takes, and what is to be said of it."""
    if dst == "unknown":
        return first[:10], RULED_OUT
    if dst:
        return (second if dst == "later" else first), RULED
    return first, AMBIGUOUS_TIME


def length(
    keys: dict[str, Spec], at: Spec, scope: Scope, local_zone: ZoneInfo | None, known: tuple[str, ...]
) -> tuple[str, Callable[[Row, Notes, Mapping[str, DateTime]], DateTime | None], str]:
    """A time told as a length of time after a stage: the stage, its closure over the stages, its source path.

    A length is a number of `unit` (minutes), or `H:MM:SS`. Nothing is computed from a stage of which only the date is
    known. PackError where `after` is no stage that comes before.
    """
    start = keys["after"].one_of(known or STAGES)
    if not known:
        keys["after"].fail("expected a stage that the pack has, before this one")
    factor = LENGTHS[keys["unit"].one_of(LENGTHS)] if "unit" in keys else 60
    made = text({k: v for k, v in keys.items() if k in TEXT_VERBS}, at, scope)
    if made.constant:
        keys["const"].fail("expected `from`: a length of time is never constant", "pack.unknown-key")
    wrong, no_start = issue(BAD_NUMBER, made.path), issue(NO_START, made.path)
    outside = issue(OUT_OF_RANGE, made.path)
    get = made.get

    def timed(row: Row, notes: Notes, found: Mapping[str, DateTime]) -> DateTime | None:
        value = get(row, notes)
        if value is None:
            return None
        clock = _CLOCK.match(value)
        if clock is not None:
            seconds = float(int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0))
        elif _NUMBER.match(value):
            seconds = float(value) * factor
        else:
            notes.issues.append(wrong)
            return None
        if seconds > _LONGEST:
            notes.issues.append(outside)
            return None
        since = found.get(start) or notes.times.get(start)
        begun = moment(since) if since is not None else None
        if begun is None:
            notes.issues.append(no_start)
            return None
        try:
            # By the length of the time itself: the clocks may change in between.
            then = begun.astimezone(UTC) + timedelta(seconds=round(seconds))
        except OverflowError:
            notes.issues.append(outside)
            return None
        return instant(then.astimezone(local_zone) if local_zone is not None else then)

    return start, timed, made.path


def time(keys: dict[str, Spec], at: Spec, scope: Scope, local_zone: ZoneInfo | None, stage: str = "") -> Text:
    """A FHIR dateTime at the agency's zone. `stage` names a stage of the timeline, which may settle a repeated hour.

    Several columns are put together without a space (`date` and `time` as `%m%d%Y%H%M%S`), unless `join` says
    otherwise. An empty last column is an unknown time of day.
    """
    if "const" in keys:
        keys["const"].fail("expected `from`: a time is never constant", "pack.unknown-key")
    if "datetime" not in keys:
        at.fail("expected `datetime: <format>`", "pack.missing-key")
    formats = _formats(keys["datetime"])
    if "zone" in keys:
        local_zone = zone(keys["zone"].text())
        if local_zone is None:
            keys["zone"].fail("expected an IANA zone such as America/Denver, or UTC")
    markers = [item.scalar() for item in keys["unknown_time"].items()] if "unknown_time" in keys else []
    for marker in markers:
        if marker and re.fullmatch(r"\d\d:?\d\d(:?\d\d)?", marker) is None and len(keys["from"].items()) == 1:
            keys["unknown_time"].fail("expected a time of day (000000, 00:00), or columns of date and time apart")
    digits = frozenset((marker.replace(":", "") + "0000")[:6] for marker in markers if marker[:2].isdigit())
    hours: dict[str, str] = {}
    read = stamp_reader(formats, local_zone, digits, _unknown_dates(keys, formats), hours)
    verbs = {k: v for k, v in keys.items() if k in TEXT_VERBS}
    if len(keys.get("from", at).items()) > 1 and "join" not in verbs and "from" in keys:
        verbs["join"] = Spec("", at.file, at.line, at.key)
    made = text(verbs, at, scope)
    whole = made.get
    path = made.path
    rules = {trouble: issue(rule, path) for trouble, rule in _TROUBLES.items()}
    serial = issue(SERIAL, path)
    dst = keys["dst"].one_of(DST) if "dst" in keys else ""

    def note(found: Stamp, notes: Notes, text: str) -> DateTime | None:
        value, trouble, second = found
        if trouble is None:
            return value
        if second is not None and value is not None:
            if stage:
                notes.twice.append((stage, path, value, second, dst))
                return value
            value, rule = ruled(value, second, dst)
            notes.issues.append(issue(rule, path))
        else:
            notes.issues.append(serial if trouble == "bad" and is_serial(text) else rules[trouble])
        return value

    if len(made.cells) > 1:
        raw = frozenset(markers)
        *day_cells, clock = made.cells
        day = date_reader(tuple(Format("", one.date_only, False, None) for one in formats if one.date_only))
        joint = verbs["join"].scalar()
        unknown = _unknown_dates(keys, formats)

        def apart(row: Row, notes: Notes) -> DateTime | None:
            clock_text = clock(row, notes)
            if clock_text is not None and clock_text not in raw:
                value = whole(row, notes)
                return note(read(value), notes, value) if value is not None else None
            day_text = joint.join(part for one in day_cells if (part := one(row, notes)) is not None)
            if not day_text or day_text in unknown:
                return None
            found = day(day_text)
            if found is None:
                notes.issues.append(rules["bad"])
            return None if found in unknown else found

        return Text(get=apart, path=path)

    def single(row: Row, notes: Notes) -> DateTime | None:
        value = whole(row, notes)
        if value is None:
            return None
        found = read(value)
        return found[0] if found[1] is None else note(found, notes, value)

    if formats[0].name != "iso" or digits or "unknown_date" in keys:
        return Text(get=single, path=path)

    place = made.place if not scope.empty else None

    def quick(row: Row, notes: Notes) -> DateTime | None:
        value = row[place].strip() if place is not None else whole(row, notes)
        if not value:
            return None
        # A local time in an hour met before, which is nearly every cell of an export; `read` fills `hours`.
        suffix = hours.get(value[:13])
        if suffix and value[13:] in MINUTES:
            return value + suffix
        return note(read(value), notes, value)

    return Text(get=quick, path=path)
