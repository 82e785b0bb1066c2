"""Budget `memory`: the peak of each process of `handoff bulk` at 200 000 rows over that at 50 000.

The parent and the two workers are looked at apart, by the kernel's own high-water mark of each (VmHWM, Linux); the
worse of the two ratios counts.

    python -m benchmarks.bench_memory
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.calls import SOURCE, write_calls

BUDGET = 1.1
AIM = 1.02
FEW, MANY = 50_000, 200_000
_ROOT = Path(__file__).resolve().parent.parent


def measure(many: int = MANY) -> dict[str, Any]:
    """The row of `make bench`. `many`: the longer run's rows."""
    row: dict[str, Any] = {"name": "memory", "budget": BUDGET, "aim": AIM}
    if not Path("/proc/self/status").exists():
        return {**row, "ratio": None, "holds": None, "detail": "needs Linux's /proc"}
    with tempfile.TemporaryDirectory() as folder:
        few, more = (_peaks(Path(folder), rows) for rows in (FEW, many))
    ratios = {name: more[name] / few[name] for name in few}
    worst = max(ratios.values())
    return {
        **row,
        "ratio": round(worst, 3),
        "holds": worst <= BUDGET,
        "detail": f"{many} rows over {FEW}: "
        + "; ".join(f"{name} {more[name] / 1024:.1f} MB over {few[name] / 1024:.1f} MB" for name in few),
    }


def _peaks(folder: Path, rows: int) -> dict[str, int]:
    """The highest peak of the parent, and of its workers, in kB."""
    calls = write_calls(folder / f"{rows}.csv", rows)
    words = ["-m", "hub.cli", "bulk", "--source", SOURCE, "--out", str(folder / str(rows)), "--workers", "2", "--json"]
    process = subprocess.Popen([sys.executable, *words, str(calls)], cwd=_ROOT, stdout=subprocess.PIPE)
    # The last mark of each: a process that has not yet become its own program has its parent's.
    marks: dict[int, int] = {}
    while process.poll() is None:
        for pid in (process.pid, *below(process.pid)):
            marks[pid] = _peak(pid) or marks.get(pid, 0)
        time.sleep(0.01)
    parent = marks.pop(process.pid)
    said, _ = process.communicate()
    assert process.returncode == 0
    assert b'"rejected":0' in said
    for path in (calls, *(folder / str(rows)).iterdir()):
        path.unlink()
    return {"parent": parent, "worker": max(marks.values())}


def below(pid: int) -> list[int]:
    """Every process below a process."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found + [other for one in found for other in below(one)]


def _peak(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


if __name__ == "__main__":
    found = measure()
    print(f"{found['name']}: {found['ratio']}x (budget {found['budget']}, aim {found['aim']}): {found['detail']}")
