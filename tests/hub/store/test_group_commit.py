"""One writer, many callers: who fails fails alone, and nobody hears before the commit."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hub.errors import StoreError
from hub.store import KeyRing, Store, Tx, inputs, marks, messages
from hub.store.tables import attempt

CAD = {"source": "cad", "custody": "pd", "organization": "pd", "media_type": "application/json"}


def receive(number: int, body: bytes = b"{}") -> Callable[[Tx], int]:
    return lambda tx: inputs.receive(tx, control_id=f"c{number}", body=body, **CAD)[0].id


class Gate:
    """Holds the writer, so that what is written meanwhile becomes one group."""

    def __init__(self, store: Store) -> None:
        self._entered, self._open = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=store.write, args=(self._hold,))
        self._thread.start()
        self._entered.wait(5)

    def _hold(self, tx: Tx) -> None:
        self._entered.set()
        self._open.wait(5)

    def open(self) -> None:
        self._open.set()
        self._thread.join()


async def together(store: Store, works: list[Callable[[Tx], Any]]) -> list[Any]:
    """The works' results or errors, all from one group."""
    gate = Gate(store)
    waiting = [asyncio.ensure_future(store.write_async(work)) for work in works]
    await asyncio.sleep(0)
    gate.open()
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_many_threads_one_poisoned_unit_fails_alone(store: Store) -> None:
    def poisoned(tx: Tx) -> None:
        receive(1000)(tx)
        raise ValueError("mine")

    with ThreadPoolExecutor(16) as pool:
        good = [pool.submit(store.write, receive(number)) for number in range(100)]
        bad = pool.submit(store.write, poisoned)
        assert len({future.result() for future in good}) == 100
        with pytest.raises(ValueError, match="mine"):
            bad.result()
    assert store.read(messages.counts) == {"received": 100}


async def test_a_database_error_fails_alone(store: Store) -> None:
    def duplicate(tx: Tx) -> None:
        receive(7)(tx)
        tx.connection.exec_driver_sql("INSERT INTO message SELECT * FROM message")

    first, error, last = await together(store, [receive(1), duplicate, receive(2)])
    assert isinstance(first, int)
    assert isinstance(last, int)
    assert "unique" in str(error).lower()
    assert store.read(messages.counts) == {"received": 2}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_full_disk_fails_the_large_one_alone(store: Store) -> None:
    def fill(tx: Tx) -> None:
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 60}")

    store.write(fill)
    works = [receive(1), receive(2, b"x" * 1_000_000), *(receive(number) for number in range(3, 9))]
    results = await together(store, works)
    assert [isinstance(result, int) for result in results] == [True, False, *[True] * 6]
    assert store.read(messages.counts) == {"received": 7}
    assert store.read(lambda tx: messages.body(tx, results[-1])) == b"{}"


async def test_what_fails_is_run_again_and_leaves_the_others_as_if_run_once(store: Store) -> None:
    woken = store.changed.count("messages")

    def conflict(tx: Tx) -> None:
        receive(1, b"other")(tx)

    results = await together(store, [receive(1), receive(2), conflict, receive(2), receive(3)])
    assert results[2].rule == "receive.conflict"
    assert results[0] == results[2].known
    first, second, _, again, third = results
    assert again == second
    assert len({first, second, third}) == 3
    assert store.read(messages.counts) == {"received": 3}
    assert store.read(lambda tx: [messages.body(tx, one) for one in (first, second, third)]) == [b"{}"] * 3
    assert store.changed.wait("messages", woken, 5) == woken + 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_failed_commit_fails_the_whole_group(store: Store) -> None:
    def broken_at_commit(tx: Tx) -> None:
        tx.connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        tx.connection.execute(
            attempt.insert(), {"delivery_id": 99, "started_at": tx.now, "ended_at": tx.now, "outcome": "done"}
        )

    results = await together(store, [receive(1), broken_at_commit, receive(2)])
    assert [getattr(result, "rule", None) for result in results] == ["store.commit"] * 3
    assert store.read(messages.counts) == {}
    assert store.write(receive(3))  # and the writer goes on


async def test_nobody_hears_before_the_commit(store: Store, url: str, keys: KeyRing, clock: Any) -> None:
    seen: list[int] = []
    with Store(url, keys, clock) as other:

        async def one(number: int) -> None:
            made = await store.write_async(receive(number))
            if other.read(lambda tx: messages.get(tx, made)) is not None:
                seen.append(made)

        await asyncio.gather(*(one(number) for number in range(50)))
    assert len(seen) == 50


async def test_a_cancelled_caller_does_not_undo_or_disturb(store: Store) -> None:
    gate = Gate(store)
    left = asyncio.ensure_future(store.write_async(receive(1)))
    stayed = asyncio.ensure_future(store.write_async(receive(2)))
    await asyncio.sleep(0)
    left.cancel()
    gate.open()
    assert await stayed
    assert store.read(messages.counts) == {"received": 2}


async def test_too_much_waiting_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.store.store.WAITING", 1)
    gate = Gate(store)
    first = asyncio.ensure_future(store.write_async(receive(1)))
    await asyncio.sleep(0)
    with pytest.raises(StoreError, match=r"store\.busy"):
        await store.write_async(receive(2))
    gate.open()
    assert await first


def test_waking_comes_after_the_commit_and_only_then(store: Store) -> None:
    seen: list[str] = []
    stop = store.changed.subscribe(lambda topic: seen.append(f"{topic} {store.read(messages.counts)}"))
    before = store.changed.count("messages")

    def fails(tx: Tx) -> None:
        receive(1)(tx)
        raise ValueError

    with pytest.raises(ValueError):
        store.write(fails)
    assert store.changed.wait("messages", before, 0) == before
    store.write(lambda tx: messages.claim(tx, owner="w", lease_seconds=1, limit=1))
    assert store.changed.count("messages") == before  # a claim that finds nothing wakes nobody
    store.write(receive(2))
    assert store.changed.wait("messages", before, 5) == before + 1
    stop()
    store.close()
    assert seen == ["messages {'received': 1}"]


def test_closing_does_what_waits_and_then_refuses(store: Store) -> None:
    gate = Gate(store)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.write, receive(1))
        gate.open()
        assert waiting.result()
    store.close()
    store.close()
    with pytest.raises(StoreError, match=r"store\.closed"):
        store.write(receive(2))


def test_a_write_inside_a_write_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match=r"store\.nested"):
        store.write(lambda tx: store.write(receive(1)))


def test_a_read_is_one_snapshot_and_cannot_write(store: Store) -> None:
    def twice(tx: Tx) -> tuple[Any, Any]:
        first = marks.get(tx, "a")
        store.write(lambda inner: marks.put(inner, "a", 2))
        return first, marks.get(tx, "a")

    store.write(lambda tx: marks.put(tx, "a", 1))
    assert store.read(twice) == (1, 1)
    assert store.read(lambda tx: marks.get(tx, "a")) == 2
    with pytest.raises(Exception, match=r"read-?only"):
        store.read(lambda tx: marks.put(tx, "a", 3))


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    child = textwrap.dedent(
        """
        import sys, threading
        from datetime import UTC, datetime
        from hub.store import FileKeys, KeyRing, Store, inputs, migrate
        folder = sys.argv[1]
        migrate(f"sqlite:///{folder}/hub.db")
        store = Store(f"sqlite:///{folder}/hub.db", KeyRing(FileKeys(f"{folder}/keys.json")), lambda: datetime.now(UTC))
        def send(name):
            for number in range(10_000):
                made, _ = store.write(lambda tx: inputs.receive(
                    tx, source=name, custody="pd", organization="pd", control_id=f"{number}",
                    media_type="text/plain", body=f"{name} {number}".encode()))
                sys.stdout.write(f"{made.id} {name} {number}\\n")
                sys.stdout.flush()
        for name in "abcd":
            threading.Thread(target=send, args=(name,)).start()
        """
    )
    process = subprocess.Popen([sys.executable, "-c", child, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline() for _ in range(200)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    whole = [line.split() for line in acknowledged if line.endswith("\n")]
    assert len(whole) >= 200

    from datetime import UTC, datetime

    from hub.store import FileKeys

    def bodies(tx: Tx) -> list[bytes]:
        return [messages.body(tx, int(made)) for made, _, _ in whole]

    with Store(
        f"sqlite:///{tmp_path}/hub.db", KeyRing(FileKeys(tmp_path / "keys.json")), lambda: datetime.now(UTC)
    ) as store:
        assert store.read(bodies) == [f"{name} {number}".encode() for _, name, number in whole]
        assert store.read(lambda tx: tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()) == "ok"
