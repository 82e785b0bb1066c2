"""Measures for Prometheus: counts and times of this process, and what waits in the store when it is asked.

Labels are names of the configuration (sources, destinations), states and codes: never a value of a record. Counts are
made after the commit that they are of; a process that is killed loses some, the store does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

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
        self._acknowledged = Histogram(
            "handoff_ack_seconds",
            "From the last byte of an input to its durable acknowledgement.",
            ("way",),
            buckets=_TIMES,
            registry=self.registry,
        )
        self._ways: dict[str, Histogram] = {}
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
        self._counters[name].labels(*labels).inc()

    def acknowledged(self, way: str, seconds: float, *, inputs: int = 1) -> None:
        """So many inputs were acknowledged so long after their last byte; `way` is http or mllp."""
        one = self._ways.get(way)
        if one is None:  # to look the label up costs as much as to observe
            one = self._ways[way] = self._acknowledged.labels(way)
        for _ in range(inputs):
            one.observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)


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
