"""Budget `bulk`: `handoff bulk` with two worker processes against one process, by rows a second.

The same file, the same output, byte for byte (which is checked). Starting the workers, reading, writing and the journal
are counted on both sides. Both sides alternate and the best round of each counts: what else runs on the machine only
ever adds. It is watched, too: two processes beside a third busy one on two cores say nothing, and that is then said.

    python -m benchmarks.bench_bulk
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.bench_memory import below
from benchmarks.calls import SOURCE, write_calls
from hub.bulk.progress import Silent
from hub.bulk.run import Bulk, run
from mappings.bulk import job_for

BUDGET = 1.6
AIM = 1.85
ROWS = 100_000
#: Rounds at the least, and as long as something else is busy on the machine, at the most.
_ROUNDS, _MOST = 2, 5
#: Of the machine, what others may use before two processes are no longer two.
_QUIET = 0.1


def measure() -> dict[str, Any]:
    """The row of `make bench`: rows a second of two processes over those of one."""
    row: dict[str, Any] = {"name": "bulk", "budget": BUDGET, "aim": AIM}
    if (os.cpu_count() or 1) < 2:
        return {**row, "ratio": None, "holds": None, "detail": "this machine has one core"}
    best = {1: float("inf"), 2: float("inf")}
    busy = 1.0
    with tempfile.TemporaryDirectory() as folder:
        calls = write_calls(Path(folder) / "calls.csv", ROWS)
        for number in range(_MOST):
            if number >= _ROUNDS and (busy <= _QUIET or best[1] / best[2] >= AIM):
                break
            for workers in best:
                took, others = _run(calls, Path(folder) / f"out-{workers}", workers)
                best[workers] = min(best[workers], took)
            busy = min(busy, others)
            _same(Path(folder) / "out-1", Path(folder) / "out-2")
    ratio = best[1] / best[2]
    # Where others took a part of the second core, a ratio that is too low is theirs as much as ours.
    holds = True if ratio >= BUDGET else None if busy > _QUIET else False
    return {
        **row,
        "ratio": round(ratio, 2),
        "holds": holds,
        "detail": f"{ROWS / best[2]:.0f} rows/s over {ROWS / best[1]:.0f} rows/s, {os.cpu_count()} cores, "
        f"of which other programs used {100 * busy:.0f} % or more meanwhile",
    }


def _run(calls: Path, out: Path, workers: int) -> tuple[float, float]:
    """Seconds, and the part of the machine that others used."""
    job = job_for(SOURCE, now=datetime(2026, 1, 15, 8, tzinfo=UTC))
    watch = _Watch()
    start = time.perf_counter()
    counts = run(Bulk(job=job, inputs=(str(calls),), folder=out, workers=workers), Silent())
    took = time.perf_counter() - start
    assert counts.translated == ROWS
    return took, watch.others(took)


class _Watch:
    """What this process and those below it use of the machine, and what others do (Linux)."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._below: dict[int, float] = {}
        self._machine, self._self = _machine(), sum(os.times()[:2])
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for pid in below(os.getpid()):
                self._below[pid] = max(self._below.get(pid, 0.0), _used(pid))

    def others(self, took: float) -> float:
        """The part of all cores that others used since this began; 0 where that is not known."""
        self._over.set()
        self._thread.join()
        ours = sum(os.times()[:2]) - self._self + sum(self._below.values())
        return max(0.0, _machine() - self._machine - ours) / (took * (os.cpu_count() or 1))


def _machine() -> float:
    """Seconds that all cores were busy since the machine started."""
    try:
        user, nice, system, _, _, irq, softirq, steal = (int(n) for n in Path("/proc/stat").read_text().split()[1:9])
    except OSError:
        return 0.0
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _same(first: Path, second: Path) -> None:
    """Checks that both wrote the same and clears the folders."""
    for path in sorted(first.iterdir()):
        other = second / path.name
        with path.open("rb") as one, other.open("rb") as two:
            while block := one.read(1 << 20):
                assert two.read(1 << 20) == block, path.name
        path.unlink()
        other.unlink()
    first.rmdir()
    second.rmdir()


if __name__ == "__main__":
    found = measure()
    print(f"{found['name']}: {found['ratio']}x (budget {found['budget']}, aim {found['aim']}): {found['detail']}")
