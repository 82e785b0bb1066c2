"""MLLP with peers that are not ours, both ways: @medplum/hl7, node-hl7-client and -server, simple-hl7, in Node.

node-hl7-server sends all its earlier ACKs again on a connection that stays open: only MSA-2 tells which is whose.
"""

from __future__ import annotations

import asyncio
import json
import platform
import shutil
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from hub.delivery.hl7v2 import receipt_of, send
from mappings.hl7v2.framing import Broken, Frames, frame
from tests.conformance import node
from tests.conformance.outcome import NotRun

#: Exactly these: later and earlier ones behave otherwise.
PACKAGES = (
    "@medplum/hl7@5.0.10",
    "@medplum/core@5.0.10",
    "node-hl7-client@3.2.0",
    "node-hl7-server@2.5.0",
    "simple-hl7@3.3.0",
)
CLIENTS = ("medplum-client", "node-hl7-client", "simple-hl7-client")
SERVERS = ("medplum-server", "node-hl7-server", "simple-hl7-server")
_SECONDS = 240


@cache
def command() -> tuple[str, str]:
    """Node of the version that these need, and the script beside them. Raises NotRun."""
    fetched = node._NODE_PACKAGES.get((platform.system(), platform.machine()))
    if fetched is None:
        raise NotRun("npm has no Node for this machine")
    folder = node._installed([*PACKAGES, f"{fetched}@{node.NODE[0]}"])
    script = folder / "mllp.mjs"
    shutil.copyfile(Path(__file__).parent / "mllp.mjs", script)
    return str(folder / "node_modules" / fetched / "bin" / "node"), str(script)


async def send_to_us(role: str, port: int, count: int) -> list[tuple[str, str]]:
    """A peer sends so many messages to our port; each acknowledgement that it took: code and control id."""
    process = await _started(role, port, count)
    async with asyncio.timeout(_SECONDS):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-500:]
    return [(code, control_id) for code, control_id in json.loads(out)["acked"]]


@asynccontextmanager
async def listening(role: str) -> AsyncIterator[tuple[int, list[str]]]:
    """A peer that listens: its port, and after the block the control ids that it got, in their order."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    got: list[str] = []
    process = await _started(role, port)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_SECONDS):
            assert json.loads(await process.stdout.readline()) == {"listening": port}
            yield port, got
            process.stdin.close()
            got += json.loads(await process.stdout.read())["got"]
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def message(number: int) -> bytes:
    """One of ours."""
    msh = f"MSH|^~\\&|HUB|CITY|EHR|CMHC|20260114230211-0600||ADT^A04^ADT_A01|S{number:06}|P|2.5.1||||||UNICODE UTF-8"
    return f"{msh}\rEVN|A04|20260114230211-0600\rPID|1||X1^^^CITY||PEERPERSON^SAM\rPV1|1|E\r".encode()


async def send_to_them(port: int, count: int) -> Counter[str]:
    """So many messages to a peer, eight at a time, each on a connection of its own; the control ids acknowledged."""
    taken: Counter[str] = Counter()
    numbers = iter(range(count))

    async def one_after_the_other() -> None:
        for number in numbers:
            receipt = await send(f"mllp://127.0.0.1:{port}", message(number), timeout=60)
            assert receipt.code == "AA"
            taken[receipt.control_id] += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(8)))
    return taken


async def settled_on_one_connection(port: int, count: int) -> tuple[list[str], int]:
    """So many messages on one connection, one after the other, each settled by what its peer answers: the control ids
    in the order in which they were settled, and how many answers were about another message and passed over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    frames, settled, stale = Frames(limit=1_000_000), [], 0
    try:
        for number in range(count):
            writer.write(frame(message(number)))
            found: Any = None
            while found is None:
                piece = frames.take()
                if piece is None:
                    frames.feed(await reader.read(65536))
                    continue
                assert not isinstance(piece, Broken)
                found = receipt_of(piece.payload, f"S{number:06}", "original")
                stale += found is None
            settled.append(found.control_id)
    finally:
        writer.close()
    return settled, stale


async def _started(role: str, *arguments: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command(),
        role,
        *map(str, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
