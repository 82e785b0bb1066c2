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
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import bare

CLIENTS = 32
SECONDS = 3.0
WARM = 1.0
TOKEN = "bench-token"

REFERENCE = (
    bare.REFERENCE
    + """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

async def post(request):
    body = await request.body()
    await store.write_async(lambda tx: insert(tx, body))
    return Response(b'{"message":1}', status_code=202, media_type="application/json")

uvicorn.run(Starlette(routes=[Route("/ingest/bench", post, methods=["POST"])]), host="127.0.0.1",
            port=int(sys.argv[2]), log_level="error", access_log=False)
"""
)

OURS = bare.HUB.format(environ='{"HANDOFF_HUB__PORT": sys.argv[2]}')

SETTINGS = (
    bare.SETTINGS
    + f"""
reads = "incident"
token = {{ sha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}" }}
"""
)


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
    """Requests a second of a server that is warm."""
    with bare.serving(code, folder) as port:
        counter = iter(range(10**9))
        asyncio.run(load(port, counter, WARM))  # it may listen before it has started
        return asyncio.run(load(port, counter, SECONDS))


def measure() -> Any:
    """The budget's row."""
    return bare.measure("http", "requests", run, ours=OURS, reference=REFERENCE, settings=SETTINGS)


if __name__ == "__main__":
    print(measure())
