"""Numbers, times, text, quantities and ranges as FHIR has them (NM, TS, DTM, TM, CQ, NR, DR).

Each takes one repetition as it stands in the message, and gives the value or None; what is no value is an issue.
"""

from __future__ import annotations

import re
from typing import Final

from mappings.fhir.systems import UCUM
from mappings.hl7v2.feed.coded import Vocabulary, system_of
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.times import earlier

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)\Z", re.ASCII)


def period(d: Draft, place: str, start: str, end: str) -> Json | None:
    first, last = d.time(start, place) if start else None, d.time(end, place) if end else None
    if not first and not last:
        return None
    made: Json = {}
    if first:
        made["start"] = first
    if last and not (first and last[: len(first)] < first[: len(last)]):
        made["end"] = last
    elif last:
        d.issue("translate.value", place)
    return made


def in_order(element: Json, d: Draft, place: str) -> None:
    """Takes the end from a period that ends before it starts, or of which nobody can tell the order (per-1)."""
    period_of = element.get("period")
    if period_of and "start" in period_of and "end" in period_of:
        start, end = period_of["start"], period_of["end"]
        if (len(start) > 10) != (len(end) > 10) or earlier(end, start):
            del period_of["end"]
            d.issue("translate.value", place)


def string(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """ST, TX, FT and whatever else is taken as text."""
    return d.text(raw)


def number(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> int | float | None:
    """NM as a FHIR decimal."""
    text = d.first(raw, place)
    if text is None:
        return None
    if not _NUMBER.match(text) or len(text) > 18:
        d.issue("translate.value", place)
        return None
    return float(text) if "." in text else int(text)


def positive(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> int | None:
    """NM as a positiveInt."""
    found = number(raw, d, place)
    if found is None:
        return None
    if isinstance(found, float) or not 0 < found < 2**31:
        d.issue("translate.value", place)
        return None
    return found


def date_time(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """TS, DTM and DT as dateTime. The degree of precision (TS.2) says again how much of it is there."""
    if d.c in raw:
        d.rest(raw.split(d.c), place, 2)
    return d.time(raw, place)


def date(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """TS and DT as date: the day alone."""
    if d.c in raw:
        parts = raw.split(d.c)
        d.rest(parts, place, 2)
        raw = parts[0]
    found = d.time(raw[:8], place)
    return found[:10] if found else None


def time_alone(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """TM as time; its offset has no place in FHIR."""
    text = d.first(raw) or ""
    digits = re.match(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)?(\.\d+)?([+-]\d{4})?\Z", text, re.ASCII)
    if digits is None:
        d.issue("translate.value", place)
        return None
    return f"{digits[1]}:{digits[2]}:{digits[3] or '00'}{digits[4] or ''}"


def instant(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """DTM as instant: a day alone is none, and is named in the account."""
    if d.c in raw:
        d.rest(raw.split(d.c), place, 2)
    found = d.time(raw, place)
    if found and len(found) > 10:
        return found
    if found:
        d.left(place)
    return None


def quantity(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """NM[Quantity], CQ[Quantity]: a number, and the unit where the type has one (2.A.12)."""
    parts = raw.split(d.c, 1)
    value = number(parts[0], d, place)
    if value is None:
        return None
    made: Json = {"value": value}
    if len(parts) > 1:
        made.update(units(parts[1].replace(d.s, d.c), d, place))
    return made


def units(raw: str, d: Draft, place: str) -> Json:
    """CWE[Quantity]: the unit, coded where its system is said."""
    parts = raw.split(d.c)
    code = d.first(parts[0])
    words = d.text(parts[1]) if len(parts) > 1 else None
    if code is None:
        return {"unit": words} if words else {}
    name = d.text(parts[2]) if len(parts) > 2 else None
    system, local = system_of(name, d, place)
    d.rest(parts, place, 4)
    if local:
        return {"unit": words or code, "code": code, "system": system} if words else {"unit": code}
    return {"unit": words or code, "system": system, "code": code}


def days(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """NM[Quantity-LengthOfStay]: days."""
    value = number(raw, d, place)
    return None if value is None else {"value": value, "unit": "days", "system": UCUM, "code": "d"}


def range_of(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """NR[Range] (2.A.50)."""
    parts = raw.split(d.c)
    made: Json = {}
    for name, part in zip(("low", "high"), parts, strict=False):
        if part and (value := number(part, d, place)) is not None:
            made[name] = {"value": value}
    return made or None


def dr_period(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """DR[Period] (2.A.22)."""
    parts = raw.split(d.c)
    return period(d, place, parts[0], parts[1] if len(parts) > 1 else "")
