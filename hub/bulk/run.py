"""One bulk translation: reads the inputs, has their chunks worked on, writes what comes back in order.

    inputs → chunks (read here) → engine (made elsewhere) → output (written here) → manifest

A run that was stopped is taken up where its journal ends: what was done is read past and not made again. Rows in =
translated + rejected is counted on both sides and checked.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode
from uuid import uuid4

import orjson

from hub.bulk.asked import Asked
from hub.bulk.engines import ENGINES, Work
from hub.bulk.output import Output
from hub.bulk.progress import Silent
from hub.bulk.spool import prepared, removed
from hub.errors import HubError
from mappings.bulk import CHUNK, Chunk, Job, chunks

try:
    #: The version of this package: another one may write other bytes.
    RELEASE = version("warmhandoff")
except PackageNotFoundError:  # run from a checkout that is not installed
    RELEASE = "checkout"

#: Seconds between two checkpoints: at most so much is made again after a kill.
CHECKPOINT = 2.0

#: Standard input. It cannot be read again, so a run of it that was stopped cannot be taken up.
STDIN = "-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulk:
    """What to do: `job` with the time of a new run, `inputs` (files, or -), where to, and how.

    `now_given`: whether the caller chose the job's time; else a run that is taken up keeps its own. `base` stands
    before each file's name in the manifest.
    """

    job: Job
    inputs: tuple[str, ...]
    folder: Path
    request: Asked | None = None
    engine: str = "processes"
    workers: int = 1
    address: str | None = None
    base: str = ""
    now_given: bool = False
    size: int = CHUNK
    checkpoint: float = CHECKPOINT


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What became of the rows, over all runs of the same folder. `resumed`: rows that an earlier run had done."""

    rows: int
    translated: int
    rejected: int
    issues: int
    resources: int
    resumed: int = 0


def run(bulk: Bulk, told: Silent) -> Counts:
    """Translates everything and gives the counts. A folder that is complete already is left as it is.

    Raises HubError `bulk.other-run`, `bulk.in-use`, `bulk.worker-died`, `bulk.lost-row` (a fault of this program),
    PackError, and OSError of the files.
    """
    output = Output(bulk.folder, release=bulk.request is not None)
    with closing(output), told:
        began = output.begin(_header(bulk), keeps=() if bulk.now_given else ("now",))
        if output.done is not None:
            return Counts(**output.done, resumed=output.done["rows"])
        now = datetime.fromisoformat(began["now"])
        bulk = replace(bulk, job=replace(bulk.job, now=now))
        resumed = output.state.rows
        read = _Reading(bulk, output.state.input, output.state.chunk)
        spool = prepared(output.own)
        work = Work(bulk.job, bulk.request, spool)
        last = time.monotonic()
        for done in ENGINES[bulk.engine](work, read, bulk.workers, bulk.address):
            if done.rows != done.translated + len(done.rejected) or done.rows < read.expected(done.input, done.number):
                raise HubError("bulk.lost-row", "rows read are not rows translated and rejected", code="exception")
            output.write(done)
            told(output.state, read.before[done.input] + done.position, read.total)
            if time.monotonic() - last >= bulk.checkpoint:
                output.checkpoint()
                last = time.monotonic()
        removed(spool)
        manifest = {
            "transactionTime": now.isoformat().replace("+00:00", "Z"),
            "request": f"handoff:bulk?{urlencode({'source': began['source']})}",
            "requiresAccessToken": False,
            "base": bulk.base,
        }
        output.finish(manifest, errors_told=bulk.request is None)
        assert output.done is not None
        return Counts(**output.done, resumed=resumed)


class _Reading:
    """The chunks of all inputs from (`first`, `skip`) on, and how many rows each one under way has."""

    def __init__(self, bulk: Bulk, first: int, skip: int) -> None:
        self._bulk = bulk
        self._first = first
        self._skip = skip
        self._rows: dict[tuple[int, int], int] = {}
        sizes = [0 if name == STDIN else Path(name).stat().st_size for name in bulk.inputs]
        self.before = [sum(sizes[:n]) for n in range(len(sizes))]
        self.total = 0 if STDIN in bulk.inputs else sum(sizes)

    def __iter__(self) -> Iterator[Chunk]:
        bulk = self._bulk
        for number in range(self._first, len(bulk.inputs)):
            skip = self._skip if number == self._first else 0
            with _open(bulk.inputs[number]) as handle:
                for chunk in chunks(bulk.job, handle, input=number, size=bulk.size):
                    if chunk.number >= skip:
                        self._rows[number, chunk.number] = len(chunk.items)
                        yield chunk

    def expected(self, of: int, number: int) -> int:
        """How many rows a chunk had at the least: a document may hold several records."""
        return self._rows.pop((of, number))


def _open(name: str) -> IO[bytes]:
    return sys.stdin.buffer if name == STDIN else Path(name).open("rb")


def _header(bulk: Bulk) -> dict[str, Any]:
    """What makes two runs the same: all that the output depends on."""
    pack = bulk.job.pack()
    return {
        "bulk": 1,
        "release": RELEASE,
        "source": f"{pack.id}@{pack.version}" if pack is not None else bulk.job.source,
        "job": bulk.job.digest(),
        "request": None if bulk.request is None else _digest(orjson.dumps(bulk.request.document)),
        "inputs": [_input(name) for name in bulk.inputs],
        "chunk": bulk.size,
        "base": bulk.base,
        "now": bulk.job.now.isoformat(),
    }


def _input(name: str) -> str:
    if name == STDIN:
        return f"stdin {uuid4()}"
    with Path(name).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
