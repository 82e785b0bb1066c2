"""The budgets `mllp`, `http` and `loop` on PostgreSQL, in a short form, and two hubs that share one database.

The references of `mllp` and `http` commit to the same PostgreSQL as the hub beside them. The server runs on this
machine and has its share of its processors, which an agency's own would not take.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks import bare, bench_http, bench_loop, bench_mllp
from benchmarks.postgresql import server

#: Seconds of referrals that are measured.
SECONDS = 6.0


def mllp() -> Any:
    """The row of `mllp` with both servers on PostgreSQL."""
    return _beside("mllp-pg", "messages", bench_mllp)


def http() -> Any:
    """The row of `http` with both servers on PostgreSQL."""
    return _beside("http-pg", "requests", bench_http)


def _beside(name: str, what: str, bench: Any) -> Any:
    with server() as database:
        return bare.measure(
            name,
            what,
            bench.run,
            ours=bench.OURS,
            reference=bench.REFERENCE,
            settings=bench.SETTINGS,
            rounds=1,
            database=database,
        )


def loop() -> dict[str, Any]:
    """The row of `loop` with a hub and a worker on PostgreSQL."""
    with server() as database, tempfile.TemporaryDirectory() as name:
        return bench_loop.row("loop-pg", bench_loop.run(Path(name), seconds=SECONDS, url=database()))


def measure() -> dict[str, Any]:
    """Two hubs on one PostgreSQL, each of which receives half: how long a referral takes, and what each one worked."""
    with server() as database, tempfile.TemporaryDirectory() as name:
        found = bench_loop.run(Path(name), seconds=SECONDS, url=database(), second="run")
    shares = " and ".join(f"{seconds:.1f} s" for seconds in found.worked.values())
    return {"detail": f"{bench_loop.row('two-hubs', found)['detail']}; the hubs worked {shares}"}
