"""The stages of a call or a unit: each a time of its own, or a history of statuses with times.

Nothing is sorted or clipped: stages out of order stay as they are, with an issue per pair. The hour that autumn
repeats is settled by the order of stages where only one of its two readings fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from mappings.found import OUT_OF_ORDER, STAGES, Rule
from mappings.incident import DateTime, Timeline
from mappings.packs.code_verbs import VALUE_VERBS, value
from mappings.packs.formats import Row
from mappings.packs.load import Spec
from mappings.packs.time_verbs import ruled
from mappings.packs.verbs import Get, Notes, Scope, Text, issue
from mappings.times import earlier, moment

SETTLED = Rule(
    "read.ambiguous-time-settled",
    "information",
    "value",
    "a local time that comes twice at the change of the clocks: the order of stages says which",
)
REPEATED = Rule("read.repeated-stage", "information", "duplicate", "a stage that comes again: its first time is kept")
NO_TIME = Rule("read.stage-without-time", "information", "incomplete", "a stage without a time")


class Builder(Protocol):
    """What the stages need of the builder of fields."""

    tables: Any

    def time(self, spec: Spec, scope: Scope, stage: str = "") -> Text:
        """A compiled time."""
        ...

    def length(
        self, spec: Spec, scope: Scope, known: tuple[str, ...]
    ) -> tuple[Callable[[Row, Notes, Mapping[str, DateTime]], DateTime | None], str]:
        """A time told as a length of time after one of the known stages, and its source path."""
        ...

    def items(self, keys: dict[str, Spec], at: Spec, scope: Scope) -> tuple[Callable[[Row, Notes], Any], Scope]:
        """The items of a list in the row, and the scope in which their paths stand."""
        ...


def compile_stages(
    keys: dict[str, Spec], scope: Scope, build: Builder, outer: tuple[str, ...] = ()
) -> tuple[Callable[[Row, Notes], dict[str, Any]], dict[str, str]]:
    """The closure of `received`, `dispatched` … and of `stages`, with each stage's source path.

    It gives the stages that are known, in order, as arguments of Timeline, and behind them when it happened
    (`occurred`), which is no stage of the call. `outer` are the incident's stages, where these are a unit's.
    """
    made: list[tuple[str, Get]] = []
    lengths: list[tuple[str, Callable[[Row, Notes, Mapping[str, DateTime]], DateTime | None]]] = []
    where: dict[str, str] = {}
    for n, stage in enumerate(STAGES):
        if stage in keys:
            if keys[stage].is_mapping and "after" in keys[stage].mapping():
                known = tuple(one for one in STAGES[:n] if one in keys or one in outer)
                timed, where[stage] = build.length(keys[stage], scope, known)
                lengths.append((stage, timed))
                continue
            text = build.time(keys[stage], scope, stage)
            made.append((stage, text.get))
            where[stage] = text.path
    occurred = build.time(keys["occurred"], scope) if "occurred" in keys else None
    history = None
    if "stages" in keys:
        history, history_paths = _history(keys["stages"], scope, build, frozenset(where))
        where = history_paths | where
    pairs = {
        (a, b): issue(OUT_OF_ORDER, f"{where[a]},{where[b]}")
        for n, a in enumerate(STAGES)
        for b in STAGES[n + 1 :]
        if a in where and b in where
    }
    if occurred is not None:
        where["occurred"] = occurred.path

    def stages(row: Row, notes: Notes) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for stage, get in made:
            value = get(row, notes)
            if value is not None:
                found[stage] = value
        if lengths:
            if notes.twice:
                _settle(found, notes)
            for stage, timed in lengths:
                value = timed(row, notes, found)
                if value is not None:
                    found[stage] = value
            found = {stage: found[stage] for stage in STAGES if stage in found}
        if history is not None:
            history(row, notes, found)
            found = {stage: found[stage] for stage in STAGES if stage in found}
        if notes.twice:
            _settle(found, notes)
        _order(found, pairs, notes)
        if occurred is not None and (value := occurred.get(row, notes)) is not None:
            found["occurred"] = value
        return found

    return stages, where


def stages_maker(
    keys: dict[str, Spec], scope: Scope, build: Builder, outer: tuple[str, ...]
) -> tuple[Callable[[Row, Notes], Timeline | None], dict[str, str]]:
    """The same as a Timeline, None when no stage is known."""
    stages, where = compile_stages(keys, scope, build, outer)

    def timeline(row: Row, notes: Notes) -> Timeline | None:
        found = stages(row, notes)
        notes.filled.append((*found,))
        return Timeline(**found) if found else None

    return timeline, where


def _history(
    spec: Spec, scope: Scope, build: Builder, taken: frozenset[str]
) -> tuple[Callable[[Row, Notes, dict[str, Any]], None], dict[str, str]]:
    keys = spec.mapping(("from", "by", "time"), ("from", "by", "time"))
    items, inner = build.items({"from": keys["from"]}, spec, scope)
    by = value(keys["by"].mapping(VALUE_VERBS), keys["by"], inner, build.tables, STAGES)
    time = build.time(keys["time"], inner)
    repeated = issue(REPEATED, time.path)
    timeless = issue(NO_TIME, time.path)

    def fill(row: Row, notes: Notes, found: dict[str, Any]) -> None:
        for item in items(row, notes):
            stage = by.get(item, notes)
            if stage is None or stage in taken:
                continue
            at = time.get(item, notes)
            if at is None:
                notes.issues.append(timeless)
            elif stage in found:
                notes.issues.append(repeated)
            else:
                found[stage] = at

    return fill, dict.fromkeys(STAGES, time.path)


def _settle(found: dict[str, Any], notes: Notes) -> None:
    """Choose between the two readings of a repeated hour: what the other stages leave, else by the pack's rule."""
    doubtful = {stage for stage, *_ in notes.twice}
    for stage, path, first, second, dst in notes.twice:
        place = STAGES.index(stage)
        sure = {name: at for name, text in found.items() if name not in doubtful and (at := moment(text)) is not None}
        low = [at for name, at in sure.items() if STAGES.index(name) < place]
        high = [at for name, at in sure.items() if STAGES.index(name) > place]

        def fits(reading: DateTime, low: list[Any] = low, high: list[Any] = high) -> bool:
            at = moment(reading)
            return at is not None and all(before <= at for before in low) and all(at <= after for after in high)

        fitting = [reading for reading in (first, second) if fits(reading)]
        if len(fitting) == 1:
            found[stage] = fitting[0]
            notes.issues.append(issue(SETTLED, path))
        else:
            found[stage], rule = ruled(first, second, dst)
            notes.issues.append(issue(rule, path))
    notes.twice.clear()


def _order(found: dict[str, Any], pairs: dict[tuple[str, str], Any], notes: Notes) -> None:
    before = ""
    for at in found.values():
        # Instants of one offset compare as texts; anything else is looked at properly below.
        if at < before or (before and at[19:] != before[19:]):
            break
        before = at
    else:
        return
    names = list(found)
    for n, first in enumerate(names):
        for second in names[n + 1 :]:
            if earlier(found[second], found[first]):
                notes.issues.append(pairs[first, second])
