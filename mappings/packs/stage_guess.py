"""The timeline from columns: which columns together are one time, in which format. Guesses with their doubts.

A date and a time of day are often apart, and the date column may hold midnights (`01/14/2026 12:00:00 AM`). A zone is
never guessed: not from a name that says UTC, nor from where the agency is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.packs.column_roles import TIMES, Role
from mappings.packs.time_guess import TimeForm

#: A share of midnights above this is more than calls at midnight are.
_MIDNIGHTS = 0.02

_UTC = "its name says UTC, which is no proof: look at one row whose local time is known, then set `zone: UTC`"
_EITHER = "month and day could be exchanged in every cell: look at one row whose date is known"
_MARKER = "midnights: does one mean that nobody knew the time? Then keep `unknown_time`, else delete it"
_NO_DATE = "dates before 1902: they mean that nobody knew the date; `unknown_date` says so"
_LOST = "times of day with fewer digits: the zeros before them are lost; `zero_pad` puts them back"
_OTHERS = "several formats: each row is tried by them in their order"


@dataclass(frozen=True, kw_only=True, slots=True)
class StageGuess:
    """A time of the timeline: its columns (a date and a time of day, or one), formats and markers, and the doubts."""

    stage: str
    columns: tuple[str, ...]
    formats: tuple[str, ...]
    unknown_time: str | None = None
    unknown_date: str | None = None
    zero_pad: tuple[str, int] | None = None
    doubts: tuple[str, ...] = ()


def stage_guesses(
    times: Mapping[str, TimeForm | None], roles: Mapping[str, Role | None]
) -> tuple[tuple[StageGuess, ...], dict[str, str]]:
    """The stages, in order, and of columns that are left over why.

    A time of day without a date of its own takes the date of the call; a call that goes past midnight makes that
    wrong, which is said.
    """
    by_stage: dict[str, list[str]] = {}
    left: dict[str, str] = {}
    for name, role in roles.items():
        if role is None or role.field not in TIMES:
            continue
        if times.get(name) is None:
            left[name] = "its name says a time, and its cells are none that is known here"
            continue
        by_stage.setdefault(role.field, []).append(name)
    if not by_stage:
        return _by_content(times), left
    found: dict[str, StageGuess] = {}
    dates = {
        stage: _first(names, times, ("date",)) or _midnight_date(names, times) for stage, names in by_stage.items()
    }
    base = dates.get("received") or next((one for one in dates.values() if one), None)
    for stage in TIMES:
        names = by_stage.get(stage, [])
        if not names:
            continue
        clock = _first(names, times, ("time",))
        whole = next(
            (n for n in _by_confidence(names, roles) if n not in (dates[stage],) and _kind(times, n) == "datetime"),
            None,
        )
        if whole is not None:
            found[stage] = _guess(stage, (whole,), times, roles)
        elif clock is not None:
            day = dates[stage] or base
            if day is None:
                left[clock] = "a time of day, and no column has its date"
                continue
            borrowed = dates[stage] is None
            found[stage] = _guess(stage, (day, clock), times, roles, borrowed=borrowed)
        elif dates[stage] is not None:
            found[stage] = _guess(stage, (dates[stage],), times, roles)  # type: ignore[arg-type]
        for name in names:
            if name not in found.get(stage, _NOTHING).columns:
                left.setdefault(name, f"another column for {stage}: which one is it?")
    return tuple(found[stage] for stage in TIMES if stage in found), left


_NOTHING = StageGuess(stage="", columns=(), formats=())


def _by_content(times: Mapping[str, TimeForm | None]) -> tuple[StageGuess, ...]:
    """Of a file without names: its first moment, or first date with the time of day beside it, may be the call's."""
    known = [name for name, time in times.items() if time is not None]
    for place, name in enumerate(known):
        if _kind(times, name) == "datetime":
            return (_guess("received", (name,), times, {}),)
        if _kind(times, name) == "date":
            after = known[place + 1 : place + 2]
            columns = (name, *after) if after and _kind(times, after[0]) == "time" else (name,)
            return (_guess("received", columns, times, {}),)
    return ()


def _kind(times: Mapping[str, TimeForm | None], name: str) -> str:
    form = times.get(name)
    return form.kind if form is not None else ""


def _first(names: list[str], times: Mapping[str, TimeForm | None], kinds: tuple[str, ...]) -> str | None:
    return next((name for name in names if _kind(times, name) in kinds), None)


def _midnight_date(names: list[str], times: Mapping[str, TimeForm | None]) -> str | None:
    """A column of moments that are all at midnight is one of dates, where another has the times of day."""
    if _first(names, times, ("time",)) is None and len(names) < 2:
        return None
    return next(
        (n for n in names if _kind(times, n) == "datetime" and (form := times[n]) and form.midnights == 1.0), None
    )


def _by_confidence(names: list[str], roles: Mapping[str, Role | None]) -> list[str]:
    def sure(name: str) -> float:
        role = roles.get(name)
        return -(role.confidence if role is not None else 0.0)

    return sorted(names, key=sure)


def _guess(
    stage: str,
    columns: tuple[str, ...],
    times: Mapping[str, TimeForm | None],
    roles: Mapping[str, Role | None],
    *,
    borrowed: bool = False,
) -> StageGuess:
    forms = [form for name in columns if (form := times[name]) is not None]
    doubts: list[str] = []
    first, last = forms[0], forms[-1]
    formats = first.formats
    if len(forms) == 2:
        formats = tuple(
            f"{day} {clock}" for one in first.formats for day in _days(one, first) for clock in last.formats
        )
    if len(formats) > 1:
        doubts.append(_OTHERS)
    if first.either:
        doubts.append(_EITHER)
    if borrowed:
        doubts.append("the date is the call's: a call that goes past midnight gets the day before")
    if any((role := roles.get(name)) is not None and role.utc for name in columns) and not last.zoned:
        doubts.append(_UTC)
    marker = None
    if last.kind != "date" and last.midnights > _MIDNIGHTS and (len(forms) == 2 or last.midnights < 1.0):
        marker = _midnight(last.formats[0])
        doubts.append(_MARKER)
    if first.no_date is not None:
        doubts.append(_NO_DATE)
    pad = None
    if last.short and len(forms) == 2:
        width = 4 if last.formats[0] == "%H%M" else 6
        pad = (columns[-1], width)
        doubts.append(_LOST)
    return StageGuess(
        stage=stage,
        columns=columns,
        formats=formats,
        unknown_time=marker,
        unknown_date=first.no_date,
        zero_pad=pad,
        doubts=tuple(doubts),
    )


def _midnight(clock: str) -> str:
    """Midnight as a column of this format writes it."""
    if ":" in clock or clock == "iso":
        return "00:00:00" if "%S" in clock or clock == "iso" else "00:00"
    return "000000" if "%S" in clock else "0000"


def _days(text: str, form: TimeForm) -> tuple[str, ...]:
    """The format of a date column; where it holds midnights, with the midnight as it is written."""
    if text == "iso":
        # With a midnight there, the sign between is a T or a space.
        return ("%Y-%m-%d",) if form.kind == "date" else ("%Y-%m-%dT00:00:00", "%Y-%m-%d 00:00:00")
    for clock, midnight in (
        (" %I:%M:%S %p", " 12:00:00 AM"),
        (" %I:%M %p", " 12:00 AM"),
        (" %H:%M:%S.%f", " 00:00:00.000"),
        (" %H:%M:%S", " 00:00:00"),
        (" %H:%M", " 00:00"),
    ):
        if text.endswith(clock):
            return (text.removesuffix(clock) + midnight,)
    return (text,)
