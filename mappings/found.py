"""What a reader finds on its way through one record: issues, unused fields, gated fields, source paths.

A `Rule` has fixed words: a finding is a rule and a place, never a value (guides of FHIR: OperationOutcome.issue).
`Found` collects them and becomes the record's `Reading`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from mappings.incident import DateTime, Gated, Reading, Timeline
from mappings.times import earlier, is_date_time, local
from profiles.issue import Issue, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A stable rule with its FHIR severity and issue type, and its fixed words."""

    rule: str
    severity: Severity
    code: str
    text: str


NO_ZONE = Rule("read.no-zone", "warning", "value", "a local time without a zone: only its date is kept")
BAD_TIME = Rule("read.bad-time", "warning", "value", "not a date or time that exists: the field is left unknown")
AMBIGUOUS_TIME = Rule(
    "read.ambiguous-time",
    "warning",
    "value",
    "a local time that comes twice at the change of the clocks: the first is taken",
)
MISSING_HOUR = Rule(
    "read.missing-hour", "warning", "value", "a local time that the change of the clocks skips: only its date is kept"
)
OUT_OF_ORDER = Rule(
    "read.out-of-order",
    "warning",
    "business-rule",
    "this stage is before the one that precedes it: both are kept as they are",
)

_TROUBLES = {"no-zone": NO_ZONE, "missing": MISSING_HOUR, "ambiguous": AMBIGUOUS_TIME}

#: Stages in the order in which a call passes through them.
STAGES = ("received", "dispatched", "en_route", "on_scene", "transporting", "cleared", "closed")

# Seconds may be absent: a form's local date and time has none.
_CLOCK = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)

# A member's name is itself text of the sender: only a plain word is repeated.
_PLAIN = re.compile(r"[@$A-Za-z_][\w:.@$-]{0,63}\Z", re.ASCII)


def under(path: str, name: str) -> str:
    """The place of a member: `persons[0].names`. A name that is not a plain word is `*`, as it may be a value."""
    return f"{path}.{said(name)}" if path else said(name)


@lru_cache(maxsize=1024)
def said(name: str) -> str:
    """A member's name where it is a plain word, else `*`."""
    return name if _PLAIN.match(name) is not None else "*"


class Found:
    """The findings of one record. `at` is the zone of its local times; None makes them dates."""

    __slots__ = ("at", "dropped", "issues", "paths", "unused")

    def __init__(self, at: ZoneInfo | None = None) -> None:
        self.at = at
        self.issues: list[Issue] = []
        self.unused: list[str] = []
        self.dropped: list[Gated] = []
        self.paths: dict[str, str] = {}

    def issue(self, rule: Rule, path: str) -> None:
        """One finding at one place."""
        self.issues.append(Issue(severity=rule.severity, code=rule.code, rule=rule.rule, path=path, text=rule.text))

    def drop(self, path: str, rule: str, count: int = 1) -> None:
        """A field left out on purpose, by a named rule."""
        self.dropped.append(Gated(path=path, rule=rule, count=count))

    def time(self, value: str, path: str, name: str = "") -> DateTime | None:
        """A FHIR dateTime of what the source wrote at `path` (member `name`); None, with an issue, of what is none.

        A local time gets the record's zone; without one its date stays. `T` or a space; seconds may be absent.
        """
        if is_date_time(value):
            return value
        found = _CLOCK.match(value)
        if found is not None:
            day, clock, seconds, offset = found.groups()
            whole = f"{day}T{clock}{seconds or ':00'}"
            if offset is not None:
                if is_date_time(whole + offset):
                    return whole + offset
            else:
                try:
                    result, trouble = local(datetime.fromisoformat(whole[:26]), self.at)
                except (ValueError, OverflowError):
                    pass
                else:
                    if trouble is not None:
                        self.issue(_TROUBLES[trouble], f"{path}.{name}" if name else path)
                    return result
        self.issue(BAD_TIME, f"{path}.{name}" if name else path)
        return None

    def order(self, timeline: Timeline, path: str) -> None:
        """An issue for each stage that is surely before the stage preceding it. Nothing is sorted or clipped."""
        before: DateTime | None = None
        for stage in STAGES:
            value = getattr(timeline, stage)
            if value is None:
                continue
            if before is not None and earlier(value, before):
                self.issue(OUT_OF_ORDER, f"{path}.{stage}")
            before = value

    def reading(self, source: str) -> Reading:
        """Everything found, as the record carries it."""
        return Reading(
            source=source,
            paths=MappingProxyType(self.paths),
            issues=tuple(self.issues),
            unused=tuple(self.unused),
            dropped=tuple(self.dropped),
        )
