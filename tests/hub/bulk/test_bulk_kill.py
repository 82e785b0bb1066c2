"""`kill -9` of a bulk translation, again and again: the same command ends in the same bytes, and nothing stays behind.

The short form is part of every run. The long form (`make proof`) kills a hundred times; WARMHANDOFF_KILL_SEED chooses
other moments, and what it found is written under benchmarks/results/.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "benchmarks" / "results"
CALLS = (ROOT / "samples" / "new-orleans-cad" / "new-year-2017" / "input.csv").read_bytes()

#: The command with small chunks and a checkpoint after each, so that a short run has many moments.
PROGRAM = """
import sys
from datetime import datetime
from pathlib import Path
from hub.bulk.progress import Silent
from hub.bulk.run import Bulk, run
from mappings.bulk import job_for

if __name__ == "__main__":
    source, out, workers, size = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    job = job_for("new-orleans-cad", now=datetime.fromisoformat("2026-01-15T08:00:00+00:00"))
    run(Bulk(job=job, inputs=(source,), folder=out, workers=workers, size=size, checkpoint=0), Silent())
"""


def _input(folder: Path, times: int) -> Path:
    header, *rows = CALLS.splitlines(keepends=True)
    with (folder / "calls.csv").open("wb") as file:
        file.write(header)
        for n in range(times):
            file.writelines(b"%b%d%b" % (row[:1], n, row[1:]) for row in rows)
            file.write(b"broken,row\n")
    (folder / "program.py").write_text(PROGRAM)
    return folder / "calls.csv"


def _start(source: Path, out: Path, workers: int, size: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, str(source.parent / "program.py"), str(source), str(out), str(workers), str(size)]
    return subprocess.Popen(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _journaled(out: Path) -> int:
    try:
        return (out / "journal.ndjson").stat().st_size
    except FileNotFoundError:
        return 0


def _descendants(pid: int) -> list[int]:
    """The processes below a process (Linux)."""
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(one) for one in (task / "children").read_text().split()]
    return found + [below for one in found for below in _descendants(one)]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False


def _killed_runs(folder: Path, *, times: int, size: int, workers: int, kills: int, chance: Random) -> list[int]:
    """Kills until it was often enough or the run is over; how many bytes of journal there were at each kill."""
    source = _input(folder, times)
    _finish(_start(source, folder / "whole", 1, size))
    expected = _digests(folder / "whole")
    out = folder / "out"
    moments: list[int] = []
    orphans: list[int] = []
    for _ in range(kills):
        process = _start(source, out, workers, size)
        before = _journaled(out)
        # Some time into the work itself: after so many more checkpoints, and a little.
        more = chance.randrange(0, 2500)
        until = time.monotonic() + 20
        while process.poll() is None and _journaled(out) - before < more and time.monotonic() < until:
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, 0.01))
        if process.poll() is None:
            orphans += _descendants(process.pid)
            process.kill()
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            break
        moments.append(_journaled(out))
    _finish(_start(source, out, workers, size))
    assert _digests(out) == expected
    until = time.monotonic() + 10
    while any(map(_alive, orphans)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not [pid for pid in orphans if _alive(pid)], "worker processes that outlive their parent"
    return moments


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.proof), 2])
def test_a_killed_run_ends_in_the_same_bytes(workers: int, tmp_path: Path) -> None:
    moments = _killed_runs(tmp_path, times=60, size=20, workers=workers, kills=3, chance=Random(2026 + workers))
    assert moments


@pytest.mark.proof
def test_a_hundred_kills_end_in_the_same_bytes(tmp_path: Path) -> None:
    seed = int(os.environ.get("WARMHANDOFF_KILL_SEED", "1"))
    chance = Random(seed)
    rows = []
    began = time.monotonic()
    kills = told = 0
    while kills < 100 and told < 60:
        told += 1
        folder = tmp_path / str(told)
        folder.mkdir()
        workers, size = chance.choice((1, 2, 3)), chance.choice((3, 20, 100))
        moments = _killed_runs(folder, times=80, size=size, workers=workers, kills=8, chance=chance)
        kills += len(moments)
        rows.append({"workers": workers, "chunk": size, "journal_at_kill": moments})
    now = datetime.now(UTC)
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {
        "proof": "kill -9 of a bulk translation",
        "at": now.isoformat(timespec="seconds"),
        "seed": seed,
        "kills": kills,
        "runs": told,
        "differing_bytes": 0,
        "seconds": round(time.monotonic() - began),
        "rows": rows,
    }
    (RESULTS / f"{now:%Y-%m-%d}-bulk-kill.json").write_text(json.dumps(result, indent=1) + "\n")
    assert kills >= 100
