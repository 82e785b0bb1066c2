"""The store: one writer thread with group commit, pooled snapshot reads.

Callers hand a unit of work to the writer and wait. The writer takes what is there (up to GROUP units), runs all in
one transaction, commits once, and only then answers: a result that a caller has seen is on the disk. Units next to each
other whose type has a `together(tx, units)`, which gives a result for each, are run in one go by it. A unit that
fails fails alone, with its own error: the transaction is rolled back and the group run again, now each unit in a
savepoint, so that only its own is undone. Where an error undoes more than that (a full disk, say), the units are run
again one by one. So it is where a unit lost a race against another hub on the same PostgreSQL: it is run again alone,
up to RACES times. A unit is therefore a function of the database only, and does nothing outside it. A commit that
fails fails every unit of its group.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from hub.errors import StoreError
from hub.store.engine import began, reader_engine, writer_engine
from hub.store.keys import KeyRing
from hub.store.migrate import check_schema
from hub.store.tx import After, Topic, Tx

T = TypeVar("T")

#: Most units in one commit.
GROUP = 200
#: Units that may wait; beyond it `write` waits and `write_async` refuses, so that load shows at the door.
WAITING = 10_000
#: How often a unit that lost a race is run again.
RACES = 8
#: How PostgreSQL says so (SQLSTATE): serialization failure, deadlock, a unique key that another transaction took.
LOST = frozenset(("40001", "40P01", "23505"))


class Changes:
    """Wakes sleeping workers after a commit that has something for them. In-process only: others poll."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._counts: dict[Topic, int] = {"messages": 0, "lanes": 0}
        self._callbacks: list[Callable[[Topic], None]] = []

    def count(self, topic: Topic) -> int:
        """How often the topic has been woken: take it before looking for work, then `wait` on it."""
        with self._condition:
            return self._counts[topic]

    def wait(self, topic: Topic, seen: int, timeout: float) -> int:
        """Block until the topic was woken since `seen`, or `timeout` seconds passed; the count now."""
        with self._condition:
            self._condition.wait_for(lambda: self._counts[topic] != seen, timeout)
            return self._counts[topic]

    def subscribe(self, callback: Callable[[Topic], None]) -> Callable[[], None]:
        """Call back from the writer thread after such commits; returns how to stop. It must not block or raise:
        an event loop gives `lambda topic: loop.call_soon_threadsafe(event.set)`."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def wake(self, topics: set[Topic]) -> None:
        """Wake these topics: the store after a commit, or whoever is stopping."""
        if not topics:
            return
        with self._condition:
            for topic in topics:
                self._counts[topic] += 1
            self._condition.notify_all()
        for callback in tuple(self._callbacks):
            for topic in topics:
                with contextlib.suppress(Exception):  # a closed event loop, say: the writer must go on
                    callback(topic)


class _Unit:
    """One piece of work and who waits for it: a thread (`future`) or a coroutine (`loop`, `waiter`)."""

    __slots__ = ("error", "future", "loop", "result", "waiter", "work")

    def __init__(self, work: Callable[[Tx], Any], loop: asyncio.AbstractEventLoop | None) -> None:
        self.work = work
        self.loop = loop
        self.waiter: asyncio.Future[Any] | None = loop.create_future() if loop else None
        self.future: Future[Any] | None = None if loop else Future()
        self.result: Any = None
        self.error: BaseException | None = None


class Store:
    """The hub's store on one database.

    `clock` gives aware times; on PostgreSQL, which several hubs share, the database's clock is used instead.
    `cipher` is the key of an SQLCipher file. Raises StoreError `store.schema` when the tables are not those of this
    release: run `migrate(url)` first.
    """

    def __init__(self, url: str, keys: KeyRing, clock: Callable[[], datetime], *, cipher: bytes | None = None) -> None:
        self.keys = keys
        self.changed = Changes()
        #: Called from the writer's thread for each thing counted, after its commit; it must not block or raise.
        self.counted: Callable[..., None] = lambda *what: None
        self._clock = clock
        self._writer = writer_engine(url, cipher)
        self._reader = reader_engine(url, cipher)
        #: The writer's connection between two transactions; its thread's alone while that runs.
        self._kept: Connection | None = None
        self._queue: deque[_Unit] = deque()
        self._wanted = threading.Condition()
        self._closing = False
        try:
            with self._reader.connect() as connection:
                check_schema(connection)
        except BaseException:  # whatever it is goes on; nobody will close what was not opened
            self._reader.dispose()
            raise
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in a transaction and return its result once it is durable.

        Blocks: not for an event loop's thread. Raises what `work` raises, having written nothing of it; StoreError
        `store.commit` when the database did not take it, `store.full` when its disk is full, `store.closed` after
        `close`.
        """
        if threading.current_thread() is self._thread:
            raise StoreError("store.nested", "a write cannot wait for another write")
        unit = _Unit(work, None)
        with self._wanted:
            self._wanted.wait_for(lambda: len(self._queue) < WAITING or self._closing)
            self._put(unit)
        assert unit.future is not None
        result: T = unit.future.result()
        return result

    async def write_async(self, work: Callable[[Tx], T]) -> T:
        """As `write`, for coroutines. Raises StoreError `store.busy` when too much waits already.

        A caller that is cancelled stops waiting; its work is done all the same.
        """
        unit = _Unit(work, asyncio.get_running_loop())
        with self._wanted:
            if len(self._queue) >= WAITING:
                raise StoreError("store.busy", "the store has too much waiting", code="throttled")
            self._put(unit)
        assert unit.waiter is not None
        result: T = await unit.waiter
        return result

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work` on one snapshot. It sees what was committed before it began, and cannot write.

        Raises StoreError `store.unreachable` when the database does not answer.
        """
        try:
            with self._reader.connect() as connection, self._transaction(connection) as tx:
                return work(tx)
        except Exception as error:  # the driver's own too, of what runs on its cursor: each driver has its own class
            cause = error.orig if isinstance(error, DBAPIError) else error
            # it tried to write: a fault of ours, which does not pass
            if not _operational(cause) or getattr(cause, "sqlite_errorcode", 0) & 0xFF == _READ_ONLY:
                raise
            raise StoreError("store.unreachable", "the database does not answer") from error

    async def read_async(self, work: Callable[[Tx], T]) -> T:
        """As `read`, in a thread of the event loop's pool."""
        return await asyncio.to_thread(self.read, work)

    def now(self) -> datetime:
        """The clock, in UTC."""
        return self._clock().astimezone(UTC)

    def close(self) -> None:
        """Do what waits, then stop. Idempotent."""
        with self._wanted:
            self._closing = True
            self._wanted.notify_all()
        self._thread.join()
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self._writer.dispose()
        self._reader.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _put(self, unit: _Unit) -> None:
        if self._closing:
            raise StoreError("store.closed", "the store is closed")
        self._queue.append(unit)
        self._wanted.notify_all()

    def _now(self, connection: Connection) -> datetime:
        return began(connection) if connection.dialect.name == "postgresql" else self.now()

    def _run(self) -> None:
        for group in self._groups():
            after = After()
            try:
                if len(group) == 1:
                    self._alone(group[0], after)
                # savepoints cost a unit as much as a row, and units that fail are few
                elif not self._together(group, after):
                    self._commit(group, after)
            except _Broken:
                for unit in group:
                    self._alone(unit, after)
            except BaseException as error:  # noqa: BLE001 (whatever it is, the callers must hear that nothing was stored)
                self._fail(group, error)
            _answer(group)
            self.changed.wake(after.topics)
            for what in after.counted:
                self.counted(*what)

    def _groups(self) -> Iterator[list[_Unit]]:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                group = [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
                if len(self._queue) + len(group) >= WAITING:
                    self._wanted.notify_all()
            yield group

    def _together(self, group: list[_Unit], after: After) -> bool:
        """One transaction for the group. False, and nothing is written, when a unit failed."""
        try:
            with self._writing() as tx:
                for kind, found in groupby(group, key=lambda unit: type(unit.work)):
                    units = list(found)
                    try:
                        _run_all(tx, kind, units)
                        tx.settle()
                    except BaseException as error:  # of several, each is run again, and what it raises then is its own
                        for unit in units:
                            unit.error = error
                        raise _Broken from error
        except _Broken:
            return False
        after.take(tx.after)
        return True

    def _commit(self, group: list[_Unit], after: After) -> None:
        """One transaction for the group. Raises _Broken when a unit's failure undid more than itself."""
        done = After()
        with self._writing() as whole:
            # on the driver's cursor: through Core two savepoint statements cost as much as storing a row
            cursor = whole.cursor
            for unit in group:
                tx = Tx(connection=whole.connection, keys=self.keys, now=whole.now)
                unit.error = None
                cursor.execute("SAVEPOINT unit")
                try:
                    unit.result = unit.work(tx)
                    tx.settle()
                except BaseException as error:
                    unit.error = error
                    if _lost_race(error):
                        raise _Broken from error  # with whatever locks the group held
                    _undo(cursor)
                    continue
                cursor.execute("RELEASE SAVEPOINT unit")
                done.take(tx.after)
        after.take(done)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Tx]:
        """A transaction of the writer's, on the connection that it keeps as long as nothing goes wrong there."""
        connection, self._kept = self._kept or self._writer.connect(), None
        try:
            with self._transaction(connection) as tx:
                yield tx
        except BaseException:  # whatever it is goes on; the pool sees to what is left of the connection
            connection.close()
            raise
        self._kept = connection

    @contextlib.contextmanager
    def _transaction(self, connection: Connection) -> Iterator[Tx]:
        """A transaction: committed at the end, rolled back when something is raised."""
        transaction = connection.begin()
        try:
            yield Tx(connection=connection, keys=self.keys, now=self._now(connection))
            transaction.commit()
        except BaseException:  # whatever it is goes on, but not with a lock or a snapshot held
            with contextlib.suppress(Exception):  # what cannot be rolled back is gone already
                transaction.rollback()
            raise

    def _alone(self, unit: _Unit, after: After) -> None:
        for _ in range(RACES):
            unit.error = None
            try:
                self._together([unit], after)
            except BaseException as error:  # noqa: BLE001 (as in _run)
                self._fail([unit], error)
            if not _lost_race(unit.error):
                return

    @staticmethod
    def _fail(group: list[_Unit], cause: BaseException) -> None:
        for unit in group:
            error = StoreError("store.commit", "the database did not take the write: nothing was stored")
            error.__cause__ = cause
            unit.error = error


def _run_all(tx: Tx, kind: Any, units: list[_Unit]) -> None:
    """Units of one kind that stand next to each other: in one go where their kind can."""
    together = getattr(kind, "together", None)
    if together is not None and len(units) > 1:
        results = together(tx, [unit.work for unit in units])
        for unit, result in zip(units, results, strict=True):
            unit.result = result
    else:
        for unit in units:
            unit.result = unit.work(tx)


class _Broken(Exception):
    """A unit's failure undid the whole transaction."""


def _lost_race(error: BaseException | None) -> bool:
    """Whether another hub's transaction was in the way: run again, the unit sees what that one did."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) in LOST


def _undo(cursor: DBAPICursor) -> None:
    """Undo one unit. Raises _Broken when the savepoint is gone."""
    try:
        cursor.execute("ROLLBACK TO SAVEPOINT unit")
        cursor.execute("RELEASE SAVEPOINT unit")
    except Exception as error:  # each driver has its own; whichever it is, the savepoint is gone
        raise _Broken from error


#: What SQLite answers who writes where he may only read.
_READ_ONLY = 8
#: How PostgreSQL says that its disk is full (SQLSTATE), and SQLite (result code).
_FULL = ("53100", 13)


def _honest(error: BaseException) -> BaseException:
    """What a caller is told: trouble of the database itself is no fault of the caller's unit."""
    cause = error.__cause__ if isinstance(error, StoreError) and error.rule == "store.commit" else error
    cause = cause.orig if isinstance(cause, DBAPIError) else cause
    if getattr(cause, "sqlstate", None) == _FULL[0] or getattr(cause, "sqlite_errorcode", None) == _FULL[1]:
        told = StoreError("store.full", "the database's disk is full: nothing was stored")
    elif _operational(cause):
        told = StoreError("store.commit", "the database did not take the write: nothing was stored")
    else:
        return error
    told.__cause__ = cause
    return told


def _operational(cause: BaseException | None) -> bool:
    """Whether it is trouble of the database itself; by name, as each driver has its own class (PEP 249)."""
    return "OperationalError" in {each.__name__ for each in type(cause).__mro__}


def _answer(group: list[_Unit]) -> None:
    """Hand out results: threads at once, each event loop with one call for all its waiters."""
    loops: dict[asyncio.AbstractEventLoop, list[_Unit]] = {}
    for unit in group:
        if unit.error is not None:
            unit.error = _honest(unit.error)
        if unit.future is not None:
            if unit.error is not None:
                unit.future.set_exception(unit.error)
            else:
                unit.future.set_result(unit.result)
        elif unit.loop is not None:
            loops.setdefault(unit.loop, []).append(unit)
    for loop, units in loops.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, units)


def _resolve(units: list[_Unit]) -> None:
    for unit in units:
        waiter = unit.waiter
        if waiter is None or waiter.done():
            continue
        if unit.error is not None:
            waiter.set_exception(unit.error)
        else:
            waiter.set_result(unit.result)
