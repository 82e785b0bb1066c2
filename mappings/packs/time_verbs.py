"""`datetime` and `date`: columns compiled to FHIR dateTimes, with the markers that mean that nobody knows."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from mappings.found import AMBIGUOUS_TIME, BAD_TIME, MISSING_HOUR, NO_ZONE
from mappings.incident import DateTime
from mappings.packs.formats import Row
from mappings.packs.load import Spec
from mappings.packs.stamps import MINUTES, Format, FormatError, Stamp, compile_format, date_reader, stamp_reader
from mappings.packs.verbs import TEXT_VERBS, Notes, Scope, Text, issue, text
from mappings.times import zone

_TROUBLES = {"bad": BAD_TIME, "no-zone": NO_ZONE, "missing": MISSING_HOUR, "ambiguous": AMBIGUOUS_TIME}

TIME_VERBS = (*TEXT_VERBS, "datetime", "unknown_time", "unknown_date", "zone")
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
    wrong = issue(BAD_TIME, made.path)
    get = made.get

    def dated(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        if value is None or value in unknown:
            return None
        found = read(value)
        if found is None:
            notes.issues.append(wrong)
        return None if found in unknown else found

    return Text(get=dated, path=made.path)


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

    def note(found: Stamp, notes: Notes) -> DateTime | None:
        value, trouble, second = found
        if trouble is not None:
            if stage and second is not None and value is not None:
                notes.twice.append((stage, path, value, second))
            else:
                notes.issues.append(rules[trouble])
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
                return note(read(value), notes) if value is not None else None
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
        return found[0] if found[1] is None else note(found, notes)

    if formats[0].name != "iso" or digits or "unknown_date" in keys:
        return Text(get=single, path=path)

    def quick(row: Row, notes: Notes) -> DateTime | None:
        value = whole(row, notes)
        if value is None:
            return None
        # A local time in an hour met before, which is nearly every cell of an export; `read` fills `hours`.
        suffix = hours.get(value[:13])
        if suffix and value[13:] in MINUTES:
            return value + suffix
        return note(read(value), notes)

    return Text(get=quick, path=path)
