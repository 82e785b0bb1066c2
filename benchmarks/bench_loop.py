"""Budget `loop`: a contact form in, its referral stored by the center, at 50 a second over loopback; p99 to 250 ms.

`handoff run` receives and a `handoff worker` beside it shares the work, each in a process of its own on one SQLite
file, as on any machine with two cores; the forms come at fixed times, whether earlier ones are through or not, and the
center answers from this process. A form's time runs from when it was to be sent to when the center has its referral.
Half of the referrals go as messages, half as transactions.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.center import Center
from benchmarks.hubs import APP, Hubs, contact, free_port, settings, token

RATE = 50.0
SECONDS = 12.0
WARM = 3.0
LIMIT = 0.250


class Feeder:
    """Sends contacts at fixed times over keep-alive connections, as many as are needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
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
        while True:
            known = bool(self._idle)
            reader, writer = self._idle.pop() if known else await asyncio.open_connection("127.0.0.1", self._port)
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
            self._idle.append((reader, writer))
            return int(answer.split(b" ", 2)[1]), said

    def close(self) -> None:
        """Ends the connections."""
        for _, writer in self._idle:
            writer.transport.abort()


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(folder: Path, *, seconds: float, rate: float = RATE, url: str | None = None) -> tuple[list[float], int]:
    """The times of the measured forms in seconds, and how many did not arrive or were refused."""
    gc.disable()  # this process holds the center's clock
    try:
        with Center() as center, Hubs(folder) as hubs:
            port = free_port()
            document = settings(folder, url or f"sqlite:///{folder}/hub.db", center=center.port, port=port)
            document["hub"]["lease"] = 30.0
            for name, role in (("hub", "run"), ("worker", "worker")):
                hubs.start(name, role, document)
            hubs.wait_ready("hub", "worker")
            feeder = Feeder(port)

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
            return times, len(feeder.due) - len(arrived) + feeder.refused
    finally:
        gc.enable()


def measure() -> dict[str, Any]:
    """The budget's row."""
    with tempfile.TemporaryDirectory() as name:
        times, lost = run(Path(name), seconds=SECONDS)
    p99 = percentile(times, 0.99)
    ratio = p99 / LIMIT
    return {
        "name": "loop",
        "ratio": ratio,
        "budget": 1,
        "aim": 0.5,
        "holds": ratio <= 1 and not lost,
        "detail": f"p50 {percentile(times, 0.5) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, {len(times)} contacts at "
        f"{RATE:.0f}/s, {lost} lost",
    }


if __name__ == "__main__":
    sys.stdout.write(f"{measure()}\n")
