"""Where chunks are worked on: this process, a process pool, Dask or Spark. Results come in the order of the chunks.

An engine takes chunks only as fast as results are taken from it: what is under way is bounded by `ahead`, so memory
stays flat however slow the disk is. Dask and Spark are imported when they are asked for; their workers need this
library in the same version.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from importlib import import_module
from itertools import islice
from multiprocessing import get_all_start_methods, get_context, parent_process
from pathlib import Path
from typing import Any, TypeAlias

from hub.bulk.asked import Asked, release_of
from hub.bulk.spool import fetched, left
from hub.errors import HubError
from mappings.bulk import Chunk, Done, Job, translate_chunk

#: What works on chunks: the work, the chunks, how many workers, a cluster's address.
Engine: TypeAlias = Callable[["Work", Iterable[Chunk], int, "str | None"], Iterator[Done]]


class Work:
    """The work on one chunk: a job, and the release request if any. Can be pickled and called."""

    __slots__ = ("job", "request", "spool")

    def __init__(self, job: Job, request: Asked | None, spool: Path | None = None) -> None:
        self.job = job
        self.request = request
        #: Where workers on this machine leave what they made.
        self.spool = spool

    def __call__(self, chunk: Chunk) -> Done:
        """The chunk's lines."""
        return translate_chunk(self.job, chunk, release_of(self.request))


def ahead(workers: int) -> int:
    """How many chunks are under way at most."""
    # Enough that workers go on while a checkpoint waits for the disk.
    return 6 * workers + 4


# ── processes ─────────────────────────────────────────────────────────────────────────────────────────────────────

_work: Work | None = None


def _start(work: Work) -> None:
    """Begins a worker process: compiles the pack once, and ends when the parent is gone, however that ended."""
    global _work
    _work = work
    # Ctrl-C is the parent's to answer; a worker would only say where it was.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work.job.reading()
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    gc.collect()
    gc.freeze()  # what is compiled stays: the collector need not walk it again and again


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _context() -> Any:
    """How workers are started: forked from a process that has imported everything and has no threads, where that is
    possible; never forked from this one, which may have some."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__])
    return context


def _do(chunk: Chunk) -> Done:
    assert _work is not None
    done = _work(chunk)
    return done if _work.spool is None else left(done, _work.spool)


def processes(work: Work, chunks: Iterable[Chunk], workers: int, address: str | None = None) -> Iterator[Done]:
    """One worker works in this process; several in a pool. Raises HubError `bulk.worker-died`: a rerun continues."""
    if workers == 1:
        work.job.reading()
        gc.collect()
        gc.freeze()
        try:
            yield from map(work, chunks)
        finally:
            gc.unfreeze()
        return
    with ProcessPoolExecutor(workers, _context(), _start, (work,)) as pool:
        try:
            for done in _in_order(lambda chunk: pool.submit(_do, chunk), chunks, ahead(workers)):
                yield done if work.spool is None else fetched(done, work.spool)
        except BrokenProcessPool:
            raise HubError(
                "bulk.worker-died", "a worker process ended; the same command continues from here", code="exception"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _in_order(submit: Callable[[Chunk], Future[Done]], chunks: Iterable[Chunk], most: int) -> Iterator[Done]:
    waiting: deque[Future[Done]] = deque()
    for chunk in chunks:
        waiting.append(submit(chunk))
        while len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


# ── clusters ──────────────────────────────────────────────────────────────────────────────────────────────────────


def dask(work: Work, chunks: Iterable[Chunk], workers: int, address: str | None = None) -> Iterator[Done]:
    """On the Dask cluster at `address`, else on one of `workers` processes on this machine."""
    distributed: Any = import_module("distributed")  # untyped, and there only with its extra

    if address is not None:
        with distributed.Client(address) as client:
            threads = sum(client.nthreads().values()) or workers
            yield from _in_order(partial(client.submit, work, pure=False), chunks, ahead(threads))
        return
    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield from _in_order(partial(client.submit, work, pure=False), chunks, ahead(workers))


def spark(work: Work, chunks: Iterable[Chunk], workers: int, address: str | None = None) -> Iterator[Done]:
    """On the Spark cluster at `address`, else in `workers` threads' processes on this machine; wave after wave."""
    sql: Any = import_module("pyspark.sql")
    builder = sql.SparkSession.builder.appName("handoff bulk").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    if address is None:
        # Only this machine: nothing listens where others could reach it.
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    session = builder.master(address or f"local[{workers}]").getOrCreate()
    try:
        context = session.sparkContext
        slots = max(workers, context.defaultParallelism)
        left = iter(chunks)
        # A wave costs about a second by itself; its results are all held here before more is read.
        while wave := list(islice(left, slots * max(1, 64 // slots))):
            yield from context.parallelize(wave, len(wave)).map(work).collect()
    finally:
        session.stop()


ENGINES: dict[str, Engine] = {"processes": processes, "dask": dask, "spark": spark}

#: Engine -> the package that its extra brings.
NEEDS = {"dask": "distributed", "spark": "pyspark"}
