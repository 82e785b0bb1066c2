"""Budget `mllp`: an ADT^A04 over MLLP with a durable ACK, 50 in flight, against a bare ACK server with the same commit.

Both servers run in a process of their own; the load comes from this one over loopback on one connection that keeps 50
messages in flight. The reference cuts frames and echoes the control id, having stored the bytes as they came through
the same group commit, and nothing else: no sender to know, no seal, no duplicate to find. What is received is read
afterwards by a worker, which does not run here. Every acknowledgement is counted and must be AA with its control id.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from benchmarks import bare

IN_FLIGHT = 50
SECONDS = 3.0
WARM = 1.0

REFERENCE = (
    bare.REFERENCE
    + """
import asyncio
import uvloop

class Bare(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer, self.tasks = transport, bytearray(), set()

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\\x1c\\r")) >= 0:
            payload = bytes(self.buffer[1:end])
            del self.buffer[: end + 2]
            task = asyncio.get_running_loop().create_task(self.take(payload))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def take(self, payload):
        await store.write_async(lambda tx: insert(tx, payload))
        number = payload.split(b"\\r", 1)[0].split(b"|")[9]
        head = b"\\x0bMSH|^~\\\\&|HUB|HUB|CAD|CITY|20260114||ACK|A|P|2.5.1\\rMSA|AA|"
        self.transport.write(head + number + b"\\r\\x1c\\r")

async def run():
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", int(sys.argv[2]))
    await server.serve_forever()

uvloop.run(run())
"""
)

OURS = bare.HUB.format(environ='{"HANDOFF_HUB__PORT": "0", "HANDOFF_HUB__MLLP_PORT": sys.argv[2]}')

SETTINGS = (
    bare.SETTINGS
    + """
reads = "hl7v2"
[source.mllp]
application = "CAD"
facility = "CITY"
"""
)

_LINES = (
    "EVN|A04|20260114230211-0600",
    "PID|1||MPD-{0}^^^METROPD&2.16.840.1.113883.3.9999.2.1&ISO^PI||BENCHPERSON^JORDAN^A^^^^L||19890417|F||2106-3^White^CDCREC"
    "|1420 SAMPLE ST^APT 3B^MILLBROOK^WI^53000^USA^H||^PRN^PH^^1^414^5550142|||S",
    "NK1|1|BENCHPERSON^MORGAN^^^^^L|SIB^Sibling^HL70063|77 X AVE^^MILLBROOK^WI^53000^USA^H|^PRN^PH^^1^414^5550177",
    "PV1|1|E|FIELD^^^METROPD||||||||||||||||CR-{0}^^^METROPD&2.16.840.1.113883.3.9999.2&ISO^VN",
    "DG1|1||R45.851^Suicidal ideations^I10|Suicidal ideations|20260114222900-0600|W",
    "AL1|1|DA^Drug Allergy^HL70127|7980^Penicillin^RXNORM|MO^Moderate^HL70128|Hives",
    "NTE|1||" + "Caller reported a sibling who expressed hopelessness. " * 8,
)
_BODY = "\r".join(_LINES)


def message(number: int) -> bytes:
    """One ADT^A04 of some 1.5 kB, framed."""
    head = f"MSH|^~\\&|CAD|CITY|HUB|HUB|20260114230211-0600||ADT^A04^ADT_A01|B{number:09d}|P|2.5.1||||||UNICODE UTF-8"
    return f"\x0b{head}\r{_BODY.replace('{0}', str(number))}\r\x1c\r".encode()


class Sender(asyncio.Protocol):
    """Keeps IN_FLIGHT messages unanswered until the time is over, then waits for the last of them."""

    def __init__(self, first: int, stop: float) -> None:
        self.stop = stop
        self.next = self.expected = first
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.first = first
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send(IN_FLIGHT)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        got = 0
        while (end := self._buffer.find(b"\x1c\r")) >= 0:
            if f"\rMSA|AA|B{self.expected:09d}\r".encode() not in self._buffer[:end]:
                self._fail(RuntimeError("another answer than was expected"))
                return
            del self._buffer[: end + 2]
            self.expected += 1
            got += 1
        if time.perf_counter() < self.stop:
            self._send(got)
        elif self.expected == self.next and not self.done.done():
            self.done.set_result(self.expected - self.first)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(ConnectionError("the server closed the connection"))

    def _send(self, count: int) -> None:
        self._transport.write(b"".join(message(self.next + n) for n in range(count)))
        self.next += count

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


async def load(port: int, first: int, seconds: float) -> tuple[float, int]:
    """Messages a second, and the next number. Raises when an answer is not the one that was expected."""
    begin = time.perf_counter()
    _, sender = await asyncio.get_running_loop().create_connection(
        lambda: Sender(first, begin + seconds), "127.0.0.1", port
    )
    count = await sender.done
    return count / (time.perf_counter() - begin), first + count


def run(code: str, folder: Path) -> float:
    """Messages a second of a server that is warm."""
    with bare.serving(code, folder) as port:
        _, number = asyncio.run(load(port, 1, WARM))
        return asyncio.run(load(port, number, SECONDS))[0]


def measure() -> Any:
    """The budget's row."""
    return bare.measure("mllp", "messages", run, ours=OURS, reference=REFERENCE, settings=SETTINGS)


if __name__ == "__main__":
    print(measure())
