"""Budget `loop`: a contact form in, its referral stored by the center, at 50 a second over loopback; p99 to 250 ms.

`handoff run` receives and a `handoff worker` beside it shares the work, each in a process of its own on one SQLite
file, as on any machine with two cores; the forms come at fixed times, whether earlier ones are through or not, and the
center answers from this process. A form's time runs from when it was to be sent to when the center has its referral.
Half of the referrals go as messages, half as transactions.
"""

from __future__ import annotations

import asyncio
import gc
import math
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

from benchmarks.center import Center
from benchmarks.hubs import APP, Hubs, contact, free_port, processor, settings, token

RATE = 50.0
SECONDS = 12.0
WARM = 3.0
LIMIT = 0.250


class Feeder:
    """Sends contacts at fixed times over keep-alive connections, as many as are needed."""

    def __init__(self, *ports: int) -> None:
        self._idle: dict[int, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {port: [] for port in ports}
        self._turn = cycle(ports)
        #: by case, when it was to be sent (monotonic seconds)
        self.due: dict[int, float] = {}
        self.refused = 0

    async def feed(self, first: int, seconds: float, rate: float) -> int:
        """Sends for so long; the case after the last one."""
        began = time.monotonic()
        count = int(seconds * rate)
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.due[first + number] = due
                group.create_task(self._send(first + number))
        return first + count

    async def _send(self, case: int) -> None:
        status, _ = await self.post(APP, contact(case))
        self.refused += not 200 <= status < 300

    async def post(self, source: str, body: bytes) -> tuple[int, bytes]:
        """Sends that as it is; the answer's status and body."""
        head = f"POST /ingest/{source} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token(source)}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        port = next(self._turn)
        idle = self._idle[port]
        while True:
            known = bool(idle)
            reader, writer = idle.pop() if known else await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head.encode() + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                said = await reader.readexactly(int(length.split(b":")[1]))
            except (OSError, EOFError):
                writer.close()
                if not known:  # one that was idle for long is closed by the hub; a fresh one is not
                    raise
                continue
            idle.append((reader, writer))
            return int(answer.split(b" ", 2)[1]), said

    def close(self) -> None:
        """Ends the connections."""
        for idle in self._idle.values():
            for _, writer in idle:
                writer.transport.abort()


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The times of the measured forms in seconds, how many did not arrive or were refused, and the processor's seconds
    that each process took, by name."""

    times: list[float]
    lost: int
    worked: dict[str, float]


def run(
    folder: Path,
    *,
    seconds: float,
    rate: float = RATE,
    url: str | None = None,
    second: Literal["worker", "run"] = "worker",
) -> Found:
    """Sends forms to a hub, beside which another process of that role runs: a `worker`, or another hub that receives
    too, and is sent every other form."""
    gc.disable()  # this process holds the center's clock
    try:
        with Center() as center, Hubs(folder) as hubs:
            ports = [free_port(), free_port()] if second == "run" else [free_port()]
            document = settings(folder, url or f"sqlite:///{folder}/hub.db", center=center.port, port=ports[0])
            document["hub"]["lease"] = 30.0
            hubs.start("hub", "run", document)
            hubs.wait_ready("hub")
            hubs.start(second, second, {**document, "hub": {**document["hub"], "port": ports[-1]}})
            hubs.wait_ready(second)
            began = {name: processor(pid) for name, pid in hubs.alive.items()}
            feeder = Feeder(*ports)

            async def feed() -> int:
                first = await feeder.feed(0, WARM, rate)
                await feeder.feed(first, seconds, rate)
                feeder.close()
                return first

            first = asyncio.run(feed())
            center.wait(lambda: len({one.case for one in center.arrivals}) == len(feeder.due), 60)
            arrived: dict[int, float] = {}
            for one in center.arrivals:
                arrived.setdefault(one.case, one.at)
            measured = [case for case in feeder.due if case >= first]
            times = [arrived[case] - feeder.due[case] for case in measured if case in arrived]
            worked = {name: processor(pid) - began[name] for name, pid in hubs.alive.items()}
            return Found(times=times, lost=len(feeder.due) - len(arrived) + feeder.refused, worked=worked)
    finally:
        gc.enable()


def measure() -> dict[str, Any]:
    """The budget's row."""
    with tempfile.TemporaryDirectory() as name:
        return row("loop", run(Path(name), seconds=SECONDS))


def row(name: str, found: Found) -> dict[str, Any]:
    """A row of this budget with what was found."""
    times, lost = found.times, found.lost
    p99 = percentile(times, 0.99) if times else math.inf
    ratio = p99 / LIMIT
    spent = sum(found.worked.values()) * 1000 / max(1, len(times) + round(WARM * RATE))
    return {
        "name": name,
        "ratio": ratio,
        "budget": 1,
        "aim": 0.5,
        "holds": ratio <= 1 and not lost,
        "detail": f"p50 {percentile(times or [math.inf], 0.5) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, {len(times)} "
        f"contacts at {RATE:.0f}/s, {lost} lost, {spent:.0f} ms of processor time each",
    }


if __name__ == "__main__":
    sys.stdout.write(f"{measure()}\n")
