"""Half an hour of a city's messages at a steady rate: nothing lost, no growing backlog, and memory stays where it was.

WARMHANDOFF_SOAK_MINUTES and WARMHANDOFF_SOAK_RATE change how long and how many a second; what it found is written
under benchmarks/results/ with both.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.bench_loop import percentile
from benchmarks.center import Center
from benchmarks.city import MIX, City, resident
from benchmarks.hubs import Hubs, free_port, processor, settings
from benchmarks.traffic import FEED, waiting
from hub.settings import parse
from hub.store import FileKeys, KeyRing, Store, messages

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
#: Seconds between two looks.
EVERY = 10.0
#: What may lie between the memory after the first third of the time and in the last tenth.
GROWTH = 1.1
#: Seconds of traffic that may wait.
BACKLOG = 10.0


@pytest.mark.proof
def test_memory_stays_flat_and_nothing_is_lost(tmp_path: Path) -> None:
    minutes = float(os.environ.get("WARMHANDOFF_SOAK_MINUTES", "30"))
    rate = float(os.environ.get("WARMHANDOFF_SOAK_RATE", "50"))
    with Center() as center, Hubs(tmp_path) as hubs:
        http, mllp = free_port(), free_port()
        document = settings(tmp_path, f"sqlite:///{tmp_path}/hub.db", center=center.port, port=http, mllp=mllp)
        document["source"].append(FEED)
        document["hub"]["lease"] = 30.0
        for name, role in (("hub", "run"), ("worker", "worker")):
            hubs.start(name, role, document)
        hubs.wait_ready("hub", "worker")
        hub = parse(document, base=tmp_path).hub
        with Store(hub.database, KeyRing(FileKeys(hub.keys)), lambda: datetime.now(UTC)) as store:
            memory: dict[str, list[int]] = {name: [] for name in hubs.alive}
            waits: list[int] = []
            over = threading.Event()

            def look() -> None:
                waits.append(waiting(store))
                for name, pid in hubs.alive.items():
                    memory[name].append(resident(pid))

            def watch() -> None:
                while not over.wait(EVERY):
                    look()

            watching = threading.Thread(target=watch)
            watching.start()
            city, began = City(http, mllp), time.monotonic()
            asyncio.run(city.send(minutes * 60, rate))
            sending = time.monotonic() - began
            over.set()
            watching.join()
            center.wait(lambda: city.due.keys() <= {one.case for one in center.arrivals}, 600)
            rest = wait_for_rest(store)
            look()
            used = sum(processor(pid) for pid in hubs.alive.values())
            kept = {m.id: m.state for m in store.read(lambda tx: messages.listed(tx, limit=1_000_000))}
    arrived: dict[int, float] = {}
    for one in center.arrivals:
        arrived.setdefault(one.case, one.at)
    times = [at - city.due[case] for case, at in arrived.items() if case in city.due]
    count = sum(city.taken.values())
    lost = len(city.due.keys() - arrived.keys())
    lost += len(city.numbers - kept.keys())
    lost += max(0, city.taken["feed"] - (len(kept) - len(city.numbers)))
    states = sorted(set(kept.values()))
    result: dict[str, Any] = {
        "proof": "a city's messages at a steady rate through a hub and a worker on one SQLite file",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "minutes": minutes,
        "rate": rate,
        "sent_in_seconds": round(sending),
        "of_fifty": MIX,
        "acknowledged": dict(sorted(city.taken.items())),
        "refused": city.refused,
        "put_off": city.put_off,
        "lost": lost,
        "states": states,
        "referrals_sent_again": len(center.arrivals) - len({(one.case, one.id) for one in center.arrivals}),
        "referral_p50_ms": round(percentile(times, 0.5) * 1000),
        "referral_p99_ms": round(percentile(times, 0.99) * 1000),
        "at_rest_after_seconds": round(rest, 1),
        "processor_ms_a_message": round(used * 1000 / count, 1),
        "waiting_every_10_s": waits,
        "resident_kib_every_10_s": memory,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-soak-{rate:g}.json").write_text(json.dumps(result, indent=1) + "\n")
    assert lost == 0
    assert city.refused == 0
    assert states == ["translated"]
    assert count == int(minutes * 60 * rate)
    assert waits[-1] == 0
    assert median(waits[len(waits) // 2 :]) <= rate * BACKLOG, "it falls behind"
    for name, seen in memory.items():
        warm, end = median(seen[len(seen) // 3 :][:5]), median(seen[-len(seen) // 10 :])
        assert end <= warm * GROWTH, (name, warm, end)


def wait_for_rest(store: Store, patience: float = 900.0) -> float:
    """Waits until nothing waits; the seconds that took."""
    began = time.monotonic()
    while waiting(store) and time.monotonic() < began + patience:
        time.sleep(0.1)
    return time.monotonic() - began
