"""Budget `http`: POST of a CAD event with a durable answer, 32 clients, against a bare route with the same commit.

Both servers run under uvicorn in a process of their own; the load comes from this one over loopback, keep-alive, one
request in flight a client. The reference stores the body as it came through the same group commit and nothing else:
no credential, no seal, no blind index. What is received is read afterwards by a worker, which does not run here: the
budget is the way to a durable answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CLIENTS = 32
SECONDS = 3.0
WARM = 1.0
ROUNDS = 3
TOKEN = "bench-token"

REFERENCE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from hub.store.keys import FileKeys, KeyRing
from hub.store.migrate import migrate
from hub.store.store import Store

folder = Path(sys.argv[1])
url = f"sqlite:///{folder}/reference.db"
migrate(url)
store = Store(url, KeyRing(FileKeys(folder / "reference-keys.json")), lambda: datetime.now(UTC))
store.write(lambda tx: tx.connection.exec_driver_sql("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB)"))

def insert(tx, body):
    tx.connection.exec_driver_sql("INSERT INTO bare (body) VALUES (?)", (body,))

async def post(request):
    body = await request.body()
    await store.write_async(lambda tx: insert(tx, body))
    return Response(b'{"message":1}', status_code=202, media_type="application/json")

uvicorn.run(Starlette(routes=[Route("/ingest/bench", post, methods=["POST"])]), host="127.0.0.1",
            port=int(sys.argv[2]), log_level="error", access_log=False)
"""

# what `handoff run` runs
OURS = """
import sys
from pathlib import Path
from hub.cli.serving import serve
from hub.settings import load
settings = load(Path(sys.argv[1]) / "hub.toml", environ={"HANDOFF_HUB__PORT": sys.argv[2]})
serve(settings, say=lambda line: None, ready_file=None)
"""

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
reads = "incident"
token = {{ sha256 = "{digest}" }}
"""


def event(number: int) -> bytes:
    """One CAD event as the `incident` source takes it, some ten kilobytes: an event with its notes."""
    return json.dumps(
        {
            "agency": "bench-pd",
            "number": f"B{number:09d}",
            "type_initial": {"code": "WELFARE", "system": "urn:bench:type", "text": "Welfare check"},
            "timeline": {"received": "2026-11-20T21:12:40-07:00", "on_scene": "2026-11-20T21:31:05-07:00"},
            "place": {"text": "2100 block of Example Street"},
            "narratives": [{"text": "Called in by a passer-by. " * 370, "kind": "cad-note"}],
        }
    ).encode()


async def load(port: int, counter: Iterator[int], seconds: float) -> float:
    """Requests a second over CLIENTS keep-alive connections, numbered on. Raises when an answer is not 2xx."""
    done = 0
    stop = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < stop:
            body = event(next(counter))
            head = f"POST /ingest/bench HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(answer.split(b"\r\n")[0].decode())
            length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            done += 1
        writer.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return done / seconds


def run(code: str, folder: Path) -> float:
    """Starts a server, warms it up, loads it, stops it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder), str(port)], env=dict(os.environ), stderr=log
        )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        counter = iter(range(10**9))
        asyncio.run(load(port, counter, WARM))  # it may listen before it has started
        return asyncio.run(load(port, counter, SECONDS))
    except (OSError, EOFError, RuntimeError):
        sys.stderr.write((folder / "server.log").read_text(errors="replace")[-4000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def measure() -> dict[str, Any]:
    """The budget's row: the median of the rounds' ratios, ours to the reference, in turn."""
    ratios, ours, reference = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            digest = hashlib.sha256(TOKEN.encode()).hexdigest()
            (folder / "hub.toml").write_text(SETTINGS.format(digest=digest))
            reference.append(run(REFERENCE, folder))
            ours.append(run(OURS, folder))
            ratios.append(ours[-1] / reference[-1])
    ratio = statistics.median(ratios)
    return {
        "name": "http",
        "ratio": ratio,
        "budget": 0.7,
        "aim": 0.9,
        "holds": ratio >= 0.7,
        "detail": f"{statistics.median(ours):,.0f} against {statistics.median(reference):,.0f} requests/s",
    }


if __name__ == "__main__":
    print(measure())
