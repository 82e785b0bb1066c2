"""How much of a source is taken: messages a second, requests at once, bytes held. For one process.

A rate is a bucket: `rate` messages a second in the long run, and what a second or two of silence has saved at once.
What is over is refused and never waits in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.errors import ReceiveError
from hub.settings import Settings, SourceSection

#: Seconds of its rate that a source may send at once after a silence.
SAVED = 2.0
#: Seconds after which somebody for whom there was no room may try again.
AGAIN = 1.0


class Throttled(ReceiveError):
    """More than is taken at this moment. `after` is when to try again, in seconds."""

    code = "throttled"

    def __init__(self, rule: str, text: str, *, after: float) -> None:
        super().__init__(rule, text, code="throttled")
        self.after = after


class Limits:
    """What each source has under way. `now` gives seconds that only go forward."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._most = settings.hub.bodies
        self.held = 0
        self._open: dict[str, int] = {}
        #: by source, what it has saved and when that was counted
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, source: SourceSection) -> float:
        """Takes one message of a source's rate; or the seconds after which there is one to take."""
        rate = source.rate
        if rate is None:
            return 0.0
        now = self._now()
        most = max(1.0, rate * SAVED)
        saved, since = self._buckets.get(source.name, (most, now))
        saved = min(most, saved + (now - since) * rate)
        if saved < 1.0:
            self._buckets[source.name] = (saved, now)
            return (1.0 - saved) / rate
        self._buckets[source.name] = (saved - 1.0, now)
        return 0.0

    def place(self, source: SourceSection) -> Place:
        """The place of one request: entered once, left in any case."""
        return Place(self, source)

    def enter(self, source: SourceSection) -> None:
        """Raises Throttled `receive.connections`, `receive.rate`."""
        under_way = self._open.get(source.name, 0)
        if under_way >= source.connections:
            raise Throttled("receive.connections", "too many requests of this source are under way", after=AGAIN)
        after = self.wait(source)
        if after:
            raise Throttled("receive.rate", "this source sends more than was agreed", after=after)
        self._open[source.name] = under_way + 1

    def leave(self, source: SourceSection, held: int) -> None:
        """Ends a request that was entered and held so many bytes."""
        self._open[source.name] -= 1
        self.held -= held

    def hold(self, size: int) -> None:
        """Holds a part of a body. Raises Throttled `receive.busy` where there is no room for it."""
        if self.held + size > self._most:
            raise Throttled("receive.busy", "the hub holds as much as it can at this moment", after=AGAIN)
        self.held += size


class Place:
    """One request: what it holds is given back when it leaves."""

    __slots__ = ("_entered", "_held", "_limits", "_source")

    def __init__(self, limits: Limits, source: SourceSection) -> None:
        self._limits = limits
        self._source = source
        self._entered = False
        self._held = 0

    def enter(self) -> None:
        """As `Limits.enter`."""
        self._limits.enter(self._source)
        self._entered = True

    def hold(self, size: int) -> None:
        """As `Limits.hold`."""
        self._limits.hold(size)
        self._held += size

    def leave(self) -> None:
        """Gives back what it has, if it was entered."""
        if self._entered:
            self._entered = False
            self._limits.leave(self._source, self._held)
