"""Half an hour of contacts at a steady rate: nothing lost, and the hub's memory stays where it was.

WARMHANDOFF_SOAK_MINUTES and WARMHANDOFF_SOAK_RATE change how long and how many a second; what it found is written
under benchmarks/results/ with both.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench_loop import Feeder, percentile
from benchmarks.center import Center
from benchmarks.hubs import Hubs, free_port, settings

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
#: Seconds between two looks at the memory.
EVERY = 10.0
#: What may lie between the memory in the middle of the time and at its end.
GROWTH = 1.1


def resident(pid: int) -> int:
    """The process's memory in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


@pytest.mark.proof
def test_memory_stays_flat_and_nothing_is_lost(tmp_path: Path) -> None:
    minutes = float(os.environ.get("WARMHANDOFF_SOAK_MINUTES", "30"))
    rate = float(os.environ.get("WARMHANDOFF_SOAK_RATE", "50"))
    with Center() as center, Hubs(tmp_path) as hubs:
        port = free_port()
        document = settings(tmp_path, f"sqlite:///{tmp_path}/hub.db", center=center.port, port=port)
        document["hub"]["lease"] = 30.0
        for name, role in (("hub", "run"), ("worker", "worker")):
            hubs.start(name, role, document)
        hubs.wait_ready("hub", "worker")
        memory: dict[str, list[int]] = {name: [] for name in hubs.alive}
        over = threading.Event()

        def watch() -> None:
            while not over.wait(EVERY):
                for name, pid in hubs.alive.items():
                    memory[name].append(resident(pid))

        watching = threading.Thread(target=watch)
        watching.start()
        feeder = Feeder(port)

        async def feed() -> None:
            await feeder.feed(0, minutes * 60, rate)
            feeder.close()

        asyncio.run(feed())
        over.set()
        watching.join()
        center.wait(lambda: len({one.case for one in center.arrivals}) == len(feeder.due), 600)
        arrived: dict[int, float] = {}
        for one in center.arrivals:
            arrived.setdefault(one.case, one.at)
    times = [at - feeder.due[case] for case, at in arrived.items()]
    lost = len(feeder.due) - len(arrived)
    result: dict[str, Any] = {
        "proof": "contacts at a steady rate through a hub and a worker on one SQLite file",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "minutes": minutes,
        "rate": rate,
        "contacts": len(feeder.due),
        "refused": feeder.refused,
        "lost": lost,
        "sent_again": len(center.arrivals) - len(arrived),
        "p50_ms": round(percentile(times, 0.5) * 1000),
        "p99_ms": round(percentile(times, 0.99) * 1000),
        "resident_kib_every_10_s": memory,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-soak.json").write_text(json.dumps(result, indent=1) + "\n")
    assert lost == 0
    assert feeder.refused == 0
    for name, seen in memory.items():
        middle, end = seen[len(seen) // 2], max(seen[-3:])
        assert end <= middle * GROWTH, (name, middle, end)
