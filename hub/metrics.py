"""Measures for Prometheus: counts and times of this process, and what waits in the store when it is asked.

Labels are names of the configuration (sources, destinations), states and codes: never a value of a record. Counts are
made after the commit that they are of; a process that is killed loses some, the store does not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import Any

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

#: Seconds: a commit takes about one millisecond, a group that waits for the disk a hundred.
_TIMES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauge:
    """One measure of what is in the store now: its name after `handoff_`, what it means, its labels and values."""

    name: str
    help: str
    labels: tuple[str, ...]
    values: dict[tuple[str, ...], float]


class Metrics:
    """The measures of one hub. `gauges` is asked at each scrape for what waits in the store."""

    def __init__(self, gauges: Callable[[], Iterable[Gauge]] = tuple) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Store(gauges))
        self._acknowledged = _Acknowledged()
        self.registry.register(self._acknowledged)
        self._counted: dict[tuple[str, tuple[str, ...]], Counter] = {}
        self._counters: dict[str, Counter] = {
            name: Counter(f"handoff_{name}", text, labels, registry=self.registry)
            for name, text, labels in (
                ("received", "Inputs that are durable.", ("source", "result")),
                ("steps", "Steps of messages, by how they ended.", ("step", "state")),
                ("deliveries", "What became of sendings.", ("destination", "state")),
                ("decisions", "Entries decided, by what was decided.", ("decision",)),
            )
        }

    def count(self, name: str, *labels: str) -> None:
        """One more of `received`, `steps`, `deliveries`, `decisions`."""
        one = self._counted.get((name, labels))
        if one is None:  # to look the labels up costs more than to count
            one = self._counted[name, labels] = self._counters[name].labels(*labels)
        one.inc()

    def acknowledged(self, way: str, seconds: float, *, inputs: int = 1) -> None:
        """So many inputs were acknowledged so long after their last byte; `way` is http or mllp."""
        self._acknowledged.add(way, seconds, inputs)

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)


class _Acknowledged(Collector):
    """How long acknowledgements took. The library's own histogram takes one at a time, which for messages that came
    together costs each of them as much as to find out whose it is."""

    def __init__(self) -> None:
        #: By way, how many took no longer than each of _TIMES and longer than the one before; and all their seconds.
        self._counts: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def add(self, way: str, seconds: float, inputs: int) -> None:
        """So many more of one way, each of which took so long."""
        if way not in self._counts:
            self._seconds[way], self._counts[way] = 0.0, [0] * (len(_TIMES) + 1)
        self._counts[way][bisect_left(_TIMES, seconds)] += inputs
        self._seconds[way] += seconds * inputs

    def describe(self) -> list[Any]:
        """Nothing before the first scrape."""
        return []

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """All since the process started."""
        family = HistogramMetricFamily(
            "handoff_ack_seconds", "From the last byte of an input to its durable acknowledgement.", labels=("way",)
        )
        for way, counts in tuple(self._counts.items()):
            bounds = map(floatToGoString, (*_TIMES, inf))
            family.add_metric((way,), list(zip(bounds, accumulate(counts), strict=True)), self._seconds[way])
        yield family


class _Store(Collector):
    def __init__(self, gauges: Callable[[], Iterable[Gauge]]) -> None:
        self._gauges = gauges

    def describe(self) -> list[Any]:
        """Nothing before the first scrape: the store is not asked for it."""
        return []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """What waits now."""
        for one in self._gauges():
            family = GaugeMetricFamily(f"handoff_{one.name}", one.help, labels=one.labels)
            for labels, value in one.values.items():
                family.add_metric(labels, value)
            yield family
