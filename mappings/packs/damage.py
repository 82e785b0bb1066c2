"""What Excel makes of codes and numbers when a file passes through it: said where it is seen, never repaired.

Excel turns `9-1-1` into a date, drops the zeros before a number, writes a long one as `2.60001E+11` and loses its last
digits, and stores a date as a serial number. None of it can be undone from the file alone. Zeros come back only where
a pack declares their number (`zero_pad`); `width` reports what is too short.
"""

from __future__ import annotations

import re

from mappings.found import Rule
from mappings.packs.source import Row
from mappings.packs.verbs import Get, Make, Notes, Scope, Text, issue

SCIENTIFIC = Rule(
    "read.excel-number", "warning", "value", "a number in scientific form, as Excel writes it: its last digits are lost"
)
DATE = Rule("read.excel-date", "warning", "value", "a date where a code or number is expected: Excel may have made it")
DECIMAL = Rule(
    "read.excel-decimal",
    "warning",
    "value",
    "a code with .0 behind it was read as a number: zeros before it may be lost",
)
ERROR = Rule(
    "read.excel-error",
    "warning",
    "value",
    "an error of Excel stands here instead of a value: the field is left unknown",
)
SERIAL = Rule(
    "read.excel-serial",
    "warning",
    "value",
    "a number where a date is expected, as Excel stores one: declare it as `excel` if it is; the field is left unknown",
)

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_SCIENTIFIC = re.compile(r"-?\d(?:[.,]\d+)?E\+\d{2,3}\Z", re.ASCII | re.IGNORECASE)
_DATE = re.compile(
    rf"(?:\d{{1,2}}-(?:{_MONTHS})(?:-(?:\d{{2}}|\d{{4}}))?|(?:{_MONTHS})-\d{{2}}"
    r"|\d{1,2}/\d{1,2}/(?:19|20)\d\d(?: 0?0:00(?::00)?)?|(?:19|20)\d\d-\d\d-\d\d(?:[ T]00:00:00)?)\Z",
    re.ASCII | re.IGNORECASE,
)
#: What Excel writes instead of a value that it does not have, or that its column is too narrow for.
_ERROR = re.compile(r"#(?:N/A|REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|#{3,})\Z")
_DECIMAL = re.compile(r"\d+\.0\Z", re.ASCII)
#: 1954 to 2119, with or without a time of day.
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d{1,12})?\Z", re.ASCII)


def damage(text: str) -> Rule | None:
    """What Excel seems to have done to a code or number, or None."""
    if text[:1] == "#" and _ERROR.match(text):
        return ERROR
    if "+" in text and _SCIENTIFIC.match(text):
        return SCIENTIFIC
    if ("-" in text or "/" in text) and _DATE.match(text):
        return DATE
    if text.endswith(".0") and _DECIMAL.match(text):
        return DECIMAL
    return None


def is_serial(text: str) -> bool:
    """Whether a text that is no date looks like one as Excel stores it."""
    return _SERIAL.match(text) is not None


def looked_at(get: Get, path: str, *, keys: bool) -> Make:
    """`get` with an issue for what Excel seems to have damaged.

    `keys` leaves a number unknown whose last digits are lost: it would put several incidents together.
    """
    issues = {rule: issue(rule, path) for rule in (SCIENTIFIC, DATE, DECIMAL, ERROR)}

    def looked(row: Row, notes: Notes) -> str | None:
        value = get(row, notes)
        if value is None or value.isalnum():  # nearly every one: what is damaged has a sign in it
            return value
        found = damage(value)
        if found is None:
            return value
        notes.issues.append(issues[found])
        return None if found is ERROR or (keys and found is SCIENTIFIC) else value

    return looked


def without_errors(made: Text, scope: Scope) -> Make:
    """A plain text, unknown with an issue where Excel has an error instead."""
    error = issue(ERROR, made.path)
    get = made.get
    place = made.place if not scope.empty else None

    def plain(row: Row, notes: Notes) -> str | None:
        value: str | None = (row[place].strip() or None) if place is not None else get(row, notes)
        if value is not None and value[0] == "#" and _ERROR.match(value):
            notes.issues.append(error)
            return None
        return value

    return plain
