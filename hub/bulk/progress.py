"""How far a bulk translation is: a bar on a terminal, a plain line now and then elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeAlias

from hub.bulk.output import State

#: Seconds between two plain lines.
EVERY = 10.0

#: Told after each chunk: the state, and how much of the input was read (bytes; total 0 when unknown).
Told: TypeAlias = Callable[[State, int, int], None]


class Silent(AbstractContextManager["Silent"]):
    """Says nothing."""

    def __call__(self, state: State, read: int, total: int) -> None:
        """Says nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Lines(Silent):
    """A plain line on standard error every ten seconds: rows, rows/s, remaining time, issues, rejected."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._last = clock()
        self._first: tuple[int, int] | None = None

    def __call__(self, state: State, read: int, total: int) -> None:
        """Writes a line if it is time for one."""
        now = self._clock()
        if self._first is None:
            # What an earlier run had done is not this one's rate.
            self._first = (state.rows, read)
        if now - self._last < EVERY:
            return
        self._last = now
        took, rows, done = now - self._began, state.rows - self._first[0], read - self._first[1]
        left = f", {_clock((total - read) * took / done)} left" if total and done > 0 else ""
        sys.stderr.write(
            f"{state.rows} rows, {rows / took:.0f} rows/s{left}, "
            f"{state.tally.found} issues, {state.rejected} rejected\n"
        )
        sys.stderr.flush()


class Bar(Silent):
    """A bar on a terminal, drawn by rich on standard error."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._progress: Any = Progress(
            TextColumn("{task.fields[rows]:,} rows"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[rate]:,.0f} rows/s"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[issues]:,} issues, {task.fields[rejected]:,} rejected"),
            console=Console(stderr=True),
        )
        self._task: Any = None
        self._first = 0
        self._began = time.monotonic()

    def __call__(self, state: State, read: int, total: int) -> None:
        """Moves the bar."""
        if self._task is None:
            self._first, self._began = state.rows, time.monotonic()
            self._task = self._progress.add_task("", total=total or None, rows=0, rate=0.0, issues=0, rejected=0)
            self._progress.start()
        took = time.monotonic() - self._began
        self._progress.update(
            self._task,
            completed=read,
            rows=state.rows,
            rate=(state.rows - self._first) / took if took else 0.0,
            issues=state.tally.found,
            rejected=state.rejected,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def progress(*, quiet: bool) -> Silent:
    """A bar where standard error is a terminal, lines where it is not, nothing where quiet."""
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
