"""Whose signature counts by the patient's age, under what the state's law declares (42 CFR 2.14, S50).

Asked of each moment anew: a birthday changes the answer, and no record has to be touched for it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from hub.release.policy import ReleasePolicy

#: Who must have signed. `adult`: the patient, or who represents an adult (2.15), never a parent as such. `minor`: the
#: minor and nobody else, 2.14(b). `both`: the minor and who may consent for them, 2.14(c). `unknown`: the age is not
#: known, so that at least the patient must have.
Signers = Literal["adult", "minor", "both", "unknown"]

#: Capacities in which somebody signs for a minor.
FOR_MINOR: Final = frozenset({"parent", "guardian", "representative"})


def signers(birth_date: str | None, *, at: datetime, zone: str, policy: ReleasePolicy) -> Signers | None:
    """Who must have signed a consent that is relied on at `at` (aware); None where the state's ages are not declared.

    `birth_date` as FHIR has it; a year or a month alone answers only where every day in it answers the same. A day
    begins in `zone` (IANA). Who is born on 29 February is a year older on 1 March where there is no such day.
    """
    if policy.minor_alone_from is None or policy.majority is None:
        return None
    here = at.astimezone(UTC if zone == "UTC" else ZoneInfo(zone)).date()
    days = _days(birth_date)
    if days is None or days[0] > here:
        return "unknown"
    found = {_of(_age(born, here), policy.minor_alone_from, policy.majority) for born in days}
    return found.pop() if len(found) == 1 else "unknown"


def _of(age: int, alone_from: int, majority: int) -> Signers:
    if age >= majority:
        return "adult"
    return "minor" if age >= alone_from else "both"


def _age(born: date, here: date) -> int:
    return here.year - born.year - ((here.month, here.day) < (born.month, born.day))


def _days(birth_date: str | None) -> tuple[date, date] | None:
    """First and last day that a FHIR date can mean; None for none and for what is no date."""
    try:
        parts = [int(part) for part in (birth_date or "").split("-")]
        if len(parts) == 3:
            day = date(*parts)
            return day, day
        year, month = parts[0], parts[1] if len(parts) > 1 else None
        if len(parts) > 2:
            return None
        first = date(year, 1 if month is None else month, 1)
        after = date(year + 1, 1, 1) if month is None or month == 12 else date(year, month + 1, 1)
        return first, date.fromordinal(after.toordinal() - 1)
    except (ValueError, OverflowError):
        return None
