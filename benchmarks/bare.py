"""A hub that only receives, and a bare server beside it that stores the same bytes through the same group commit.

Both run in a process of their own, in turn, and `measure` compares what they answer a second.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROUNDS = 3

#: How a reference begins: `store`, and `insert` of a body. Its arguments are a folder and a port.
REFERENCE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from hub.store.keys import FileKeys, KeyRing
from hub.store.migrate import migrate
from hub.store.store import Store

folder = Path(sys.argv[1])
given = folder / "database"
url = given.read_text() if given.exists() else f"sqlite:///{folder}/reference.db"
migrate(url)
store = Store(url, KeyRing(FileKeys(folder / "reference-keys.json")), lambda: datetime.now(UTC))
if url.startswith("sqlite"):
    TABLE, INSERT = "id INTEGER PRIMARY KEY, body BLOB", "INSERT INTO bare (body) VALUES (?)"
else:
    TABLE, INSERT = "id BIGSERIAL PRIMARY KEY, body BYTEA", "INSERT INTO bare (body) VALUES (%s)"
store.write(lambda tx: tx.connection.exec_driver_sql(f"CREATE TABLE bare ({TABLE})"))

def insert(tx, body):
    tx.connection.exec_driver_sql(INSERT, (body,))
"""

#: What `handoff run` runs; `environ` is to be filled in.
HUB = """
import sys
from pathlib import Path
from hub.cli.serving import serve
from hub.settings import load
settings = load(Path(sys.argv[1]) / "hub.toml", environ={environ})
serve(settings, say=lambda line: None, ready_file=None)
"""

#: A hub without a worker: what it receives is durable, and read by another process. One source, to be added to.
SETTINGS = """
[hub]
worker = false
[operator]
organization = "bench-pd"
relation = "self"
[state_policy]
name = "none"
reviewer = "benchmark"
reviewed = 2026-11-01
[[organization]]
id = "bench-pd"
name = "Bench Police"
kind = "agency"
posture = "law-enforcement"
[[agency]]
id = "bench-pd"
zone = "America/Denver"
[[source]]
name = "bench"
organization = "bench-pd"
"""


@contextlib.contextmanager
def serving(code: str, folder: Path) -> Iterator[int]:
    """A server in a process of its own, which listens; its port. Stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder), str(port)], env=dict(os.environ), stderr=log
        )
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    except (OSError, EOFError, RuntimeError):
        sys.stderr.write((folder / "server.log").read_text(errors="replace")[-4000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def measure(
    name: str,
    unit: str,
    run: Callable[[str, Path], float],
    *,
    ours: str,
    reference: str,
    settings: str,
    rounds: int = ROUNDS,
    database: Callable[[], str] | None = None,
) -> Any:
    """The budget's row: the median of the rounds' ratios, ours to the reference, in turn. `run` gives what a server
    of this code answers a second; `database` makes an empty one for each, in the place of an SQLite file."""
    ratios, ours_s, reference_s = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            own = settings if database is None else settings.replace("[hub]\n", f'[hub]\ndatabase = "{database()}"\n')
            (folder / "hub.toml").write_text(own)
            if database is not None:
                (folder / "database").write_text(database())
            reference_s.append(run(reference, folder))
            ours_s.append(run(ours, folder))
            ratios.append(ours_s[-1] / reference_s[-1])
    ratio = statistics.median(ratios)
    return {
        "name": name,
        "ratio": ratio,
        "budget": 0.7,
        "aim": 0.9,
        "holds": ratio >= 0.7,
        "detail": f"{statistics.median(ours_s):,.0f} against {statistics.median(reference_s):,.0f} {unit}/s",
    }
