"""A center that takes referrals, remembers what came and when, and does what it is told with its answers.

It honours what the hub relies on: a message Bundle that it has by its id is a repetition, and a transaction's
conditional create makes nothing a second time. It shares no code with the hub.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

#: What `benchmarks.hubs.contact` writes into a contact, to know it again: whose it is and which version.
NOTE = re.compile(rb"Case (\d+) note (\d+)\.")


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One request: when (monotonic seconds), whose, which version, under which id, and its bytes' hash."""

    at: float
    case: int
    note: int
    id: str
    digest: int


#: Treats a sender badly who has been heard: it is given the writer and what the center would have answered.
Fault = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]


@dataclass
class Center:
    """Listens in a thread of its own. Use as a context manager."""

    fault: Fault | None = None
    tls: ssl.SSLContext | None = None
    port: int = 0
    arrivals: list[Arrival] = field(default_factory=list)
    stored: dict[str, int] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Center:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listening = threading.Event()
        self._thread.start()
        self._listening.wait(30)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(30)

    def wait(self, seen: Callable[[], bool], seconds: float = 60.0) -> bool:
        """Waits until it has seen that; False when it has not in time."""
        with self.changed:
            return self.changed.wait_for(seen, seconds)

    def notes(self) -> dict[int, list[Arrival]]:
        """By case, what came first under each id, in the order in which it came."""
        found: dict[int, dict[str, Arrival]] = {}
        for one in self.arrivals:
            found.setdefault(one.case, {}).setdefault(one.id, one)
        return {case: list(by_id.values()) for case, by_id in found.items()}

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, limit=2**24, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._over.wait()
        server.close()
        for writer in tuple(self._open):
            writer.close()
        while self._open:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.005)  # the last of them is told in the loop's next turn

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                answer = http(self.take(head.split(b" ", 2)[1].decode(), body))
                if self.fault is not None:
                    await self.fault(writer, answer)
                else:
                    writer.write(answer)
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._open.discard(writer)

    def take(self, path: str, body: bytes) -> bytes:
        """Stores a request and gives its answer."""
        found = NOTE.search(body)
        bundle: dict[str, Any] = json.loads(body) if body else {}
        if path.endswith("/$process-message"):
            known, answer = str(bundle["entry"][0]["resource"]["id"]), b""
            created = [known]
        else:
            entries = bundle.get("entry", [])
            known = next(
                (
                    e["request"].get("ifNoneExist", e["request"]["url"])
                    for e in entries
                    if "Task" in e["request"]["url"]
                ),
                "",
            )
            created = [e["request"].get("ifNoneExist", e["request"]["url"]) for e in entries]
            made = [
                {"response": {"status": "201", "location": f"{e['resource']['resourceType']}/c{number}/_history/1"}}
                for number, e in enumerate(entries)
            ]
            answer = json.dumps({"resourceType": "Bundle", "type": "transaction-response", "entry": made}).encode()
        with self.changed:
            for name in created:
                self.stored[name] = self.stored.get(name, 0) or 1
            if found is not None:
                self.arrivals.append(
                    Arrival(
                        at=time.monotonic(),
                        case=int(found[1]),
                        note=int(found[2]),
                        id=known,
                        digest=hash(body),
                    )
                )
            self.changed.notify_all()
        return answer


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An HTTP answer's bytes."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/fhir+json", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
