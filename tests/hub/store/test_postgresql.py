"""What is PostgreSQL's alone: several hubs on one database, its clock, its locks, its going away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, NullPool, create_engine, make_url, text

from hub import audit
from hub.audit.tables import metadata as audit_metadata
from hub.errors import StoreError
from hub.records import Event
from hub.store import KeyRing, Store, Tx, alarms, claims, deliveries, disclosures, inputs, lanes, messages, migrate
from hub.store import engine as engines
from hub.store.tables import attempt, metadata

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def other(store: Store, url: str, keys: KeyRing, clock: Any) -> Iterator[Store]:
    """Another hub on the same database."""
    with Store(url, keys, clock) as opened:
        yield opened


def enqueue(tx: Tx, key: str, destination: str = "ehr") -> int:
    return deliveries.enqueue(
        tx,
        destination=destination,
        order_key=key,
        kind="referral",
        custody="pd",
        control_id=f"c {key}",
        media_type="application/fhir+json",
        digest="d1",
        release=b"sealed bytes",
    ).id


def receive(tx: Tx, source: str, number: int) -> int:
    made, _ = inputs.receive(
        tx,
        source=source,
        custody="pd",
        organization="pd",
        control_id=f"{source} {number}",
        media_type="application/json",
        body=b"{}",
    )
    return made.id


def intend(tx: Tx, delivery: int) -> int:
    return disclosures.intend(
        tx,
        delivery_id=delivery,
        discloser="pd",
        recipient="center",
        purpose="TREAT",
        patient_id="p1",
        what=[("Task", "t1")],
        digest="d1",
    ).id


def states(store: Store) -> list[str]:
    return [one.state for one in store.read(disclosures.listed)]


def test_migrations_make_the_tables(store: Store) -> None:
    def differences(tx: Tx) -> list[Any]:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        return list(compare_metadata(context, [metadata, audit_metadata]))

    assert store.read(differences) == []


def test_hubs_that_start_together_migrate_once(postgresql: URL, url: str, database: str) -> None:
    engine = engines.writer_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(migrate, url) for _ in range(3)]:
            done.result()


def test_commits_wait_for_the_disk_whatever_the_servers_default(url: str, keys: KeyRing, clock: Any) -> None:
    engine = engines.writer_engine(url)
    with engine.begin() as connection:
        name = make_url(url).database
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    engine.dispose()
    with Store(url, keys, clock) as store:
        assert store.write(lambda tx: tx.connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()) == "on"


def test_an_early_server_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "POSTGRESQL", 990_000)
    with pytest.raises(StoreError, match=r"store\.postgresql-version"):
        migrate(url)


def test_the_time_is_the_databases(store: Store, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the fixture's clock
    one = store.write(lambda tx: tx.now)
    two = store.read(lambda tx: tx.now)
    assert one.tzinfo is UTC
    assert one < two
    assert two.year > clock().year - 1
    assert two != clock()


async def test_a_failed_commit_fails_the_whole_group(store: Store) -> None:
    def deferred(tx: Tx) -> None:
        tx.connection.exec_driver_sql(
            "ALTER TABLE attempt ALTER CONSTRAINT fk_attempt_delivery_id DEFERRABLE INITIALLY DEFERRED"
        )

    def broken_at_commit(tx: Tx) -> None:
        tx.connection.execute(
            attempt.insert(), {"delivery_id": 99, "started_at": tx.now, "ended_at": tx.now, "outcome": "done"}
        )

    store.write(deferred)
    entered, go = threading.Event(), threading.Event()

    def gate(tx: Tx) -> None:
        entered.set()
        go.wait(60)

    first = asyncio.ensure_future(store.write_async(gate))
    await asyncio.to_thread(entered.wait, 60)
    waiting = [
        asyncio.ensure_future(store.write_async(work))
        for work in (lambda tx: receive(tx, "cad", 1), broken_at_commit, lambda tx: receive(tx, "cad", 2))
    ]
    await asyncio.sleep(0)
    go.set()
    await first
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [getattr(result, "rule", None) for result in results] == ["store.commit"] * 3
    assert store.read(messages.counts) == {}
    assert store.write(lambda tx: receive(tx, "cad", 3))  # and the writer goes on


def test_a_lane_is_one_hubs_and_a_locked_one_is_skipped(store: Store, other: Store) -> None:
    for key in ("p1", "p2"):
        store.write(lambda tx, key=key: enqueue(tx, key))
    entered, go = threading.Event(), threading.Event()

    def slow(tx: Tx) -> list[int]:
        taken = claims.take(tx, owner="a:1", lease_seconds=30, limit=1)
        entered.set()
        go.wait(60)
        return [one.lane_id for one in taken]

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(store.write, slow)
        assert entered.wait(60)
        second = other.write(lambda tx: claims.take(tx, owner="b:1", lease_seconds=30, limit=5))
        go.set()
        assert len(second) == 1
        assert first.result() != [second[0].lane_id]
    assert other.write(lambda tx: claims.take(tx, owner="b:1", lease_seconds=30, limit=5)) == []


def test_a_source_is_one_hubs_even_while_the_other_is_claiming(store: Store, other: Store) -> None:
    for source in ("cad", "rms"):
        for number in range(4):
            store.write(lambda tx, source=source, number=number: receive(tx, source, number))
    entered, go = threading.Event(), threading.Event()

    def slow(tx: Tx) -> set[str]:
        taken = messages.claim(tx, owner="a:1", lease_seconds=30, limit=2)
        entered.set()
        go.wait(60)
        return {one.source for one in taken}

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(store.write, slow)
        assert entered.wait(60)
        meanwhile = other.write(lambda tx: messages.claim(tx, owner="b:1", lease_seconds=30, limit=8))
        go.set()
        assert first.result() == {"cad"}
    assert [one.source for one in meanwhile] == ["rms"] * 4  # not the two of "cad" that were free
    assert other.write(lambda tx: messages.claim(tx, owner="b:1", lease_seconds=30, limit=8)) == []


def test_a_deadlock_costs_nobody_anything(store: Store, other: Store) -> None:
    """Two hubs append to the same two lanes, each in its own order."""
    both = threading.Barrier(2, timeout=10)
    runs: Counter[str] = Counter()

    def work(name: str, one: str, two: str) -> Any:
        def run(tx: Tx) -> None:
            runs[name] += 1
            enqueue(tx, one)
            if runs[name] == 1:
                both.wait()
            enqueue(tx, two)

        return run

    with ThreadPoolExecutor(2) as pool:
        for done in (
            pool.submit(store.write, work("a", "p1", "p2")),
            pool.submit(other.write, work("b", "p2", "p1")),
        ):
            done.result()
    assert sum(runs.values()) > 2  # one of them was run again
    assert [lane.depth for lane in store.read(lanes.listed)] == [2, 2]
    assert len(store.read(deliveries.listed)) == 4


def test_two_hubs_write_one_audit_chain(store: Store, other: Store) -> None:
    def append(hub: Store, number: int) -> int:
        event = Event(
            who="nurse",
            action="R",
            kind="view",
            entity_type="message",
            entity_id=str(number),
            at=datetime(2026, 1, 1, tzinfo=UTC),
            source="hub",
        )
        return hub.write(lambda tx: audit.append(tx, event))

    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(append, hub, number) for number in range(25) for hub in (store, other)]
        assert sorted(one.result() for one in made) == list(range(1, 51))
    assert store.read(lambda tx: audit.verify(tx)) == []


def test_a_start_settles_only_what_nobody_is_sending(store: Store, other: Store, clock: Any) -> None:
    for key in ("p1", "p2"):
        store.write(lambda tx, key=key: enqueue(tx, key))
    (mine,) = store.write(lambda tx: claims.take(tx, owner="a:1", lease_seconds=30, limit=1))
    (theirs,) = other.write(lambda tx: claims.take(tx, owner="b:1", lease_seconds=60, limit=1))
    first = store.write(lambda tx: intend(tx, mine.delivery.id))
    second = other.write(lambda tx: intend(tx, theirs.delivery.id))

    def abandoned(owner: str) -> list[int]:
        return [one.id for one in store.read(lambda tx: disclosures.abandoned(tx, owner))]

    assert abandoned("c:1") == []
    assert abandoned("a:1") == [first]
    clock.forward(30)  # the first lease is over
    assert abandoned("c:1") == [first]
    clock.forward(30)
    assert abandoned("c:1") == [first, second]


def test_who_takes_a_lane_over_says_what_the_one_before_left_open(store: Store, other: Store, clock: Any) -> None:
    store.write(lambda tx: enqueue(tx, "p1"))
    (stale,) = store.write(lambda tx: claims.take(tx, owner="a:1", lease_seconds=30, limit=1))
    left = store.write(lambda tx: intend(tx, stale.delivery.id))
    clock.forward(31)
    (claim,) = other.write(lambda tx: claims.take(tx, owner="b:1", lease_seconds=30, limit=1))
    other.write(lambda tx: intend(tx, claim.delivery.id))
    assert states(store) == ["unknown", "intended"]
    store.write(lambda tx: disclosures.settle(tx, left, "sent"))  # it lived after all, and knows
    assert states(store) == ["sent", "intended"]


def test_giving_up_waits_for_a_claim_that_is_being_made(store: Store, other: Store) -> None:
    made = store.write(lambda tx: enqueue(tx, "p1"))
    entered, go = threading.Event(), threading.Event()

    def slow(tx: Tx) -> Any:
        (claim,) = claims.take(tx, owner="a:1", lease_seconds=30, limit=1)
        entered.set()
        go.wait(0.3)
        return claim

    with ThreadPoolExecutor(2) as pool:
        taking = pool.submit(store.write, slow)
        assert entered.wait(60)
        given_up = pool.submit(other.write, lambda tx: deliveries.give_up(tx, made))
        claim = taking.result()
        assert given_up.result() is False
    assert store.write(lambda tx: claims.settle(tx, claim, "done"))
    (lane,) = store.read(lanes.listed)
    assert lane.depth == 0


def test_an_alarm_that_two_hubs_see_rings_once(store: Store, other: Store) -> None:
    def sound(tx: Tx) -> int:
        subject = {"kind": "held", "subject_type": "Task", "subject_id": "t1", "custody": "pd", "owner": "nurse"}
        return alarms.sound(tx, **subject, repeat_seconds=0)[0].id  # type: ignore[arg-type]

    number = store.write(sound)
    entered, go = threading.Event(), threading.Event()

    def slow(tx: Tx) -> bool:
        rang = alarms.repeat(tx, number, repeat_seconds=60) is not None
        entered.set()
        go.wait(60)
        return rang

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(store.write, slow)
        assert entered.wait(60)
        assert other.write(lambda tx: [one.id for one in alarms.due(tx)]) == [number]
        threading.Timer(0.3, go.set).start()  # while the other waits for it
        assert other.write(lambda tx: alarms.repeat(tx, number, repeat_seconds=60)) is None
        assert first.result()


def test_a_lost_connection_is_an_error_once_and_then_there_is_another(store: Store) -> None:
    def cut(tx: Tx) -> None:
        tx.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Exception, match=r"terminat|store\.commit|closed|lost"):
        store.write(cut)
    assert store.write(lambda tx: receive(tx, "cad", 1))
    assert store.read(messages.counts) == {"received": 1}


def test_sessions_that_ended_in_the_pool_cost_nobody_anything(store: Store, postgresql: URL, url: str) -> None:
    """Nothing asks a session whether it lives before it is used: a transaction's beginning shows it."""
    together = threading.Barrier(4, timeout=60)

    def look(tx: Tx) -> int:
        together.wait()  # each of them has a session of its own
        return tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()

    store.write(lambda tx: receive(tx, "cad", 1))
    with ThreadPoolExecutor(4) as pool:
        before = {done.result() for done in [pool.submit(store.read, look) for _ in range(4)]}
        assert len(before) == 4
        engine = create_engine(postgresql, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as server:
            name = make_url(url).database
            server.execute(
                text("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = :n"), {"n": name}
            )
        engine.dispose()
        assert store.write(lambda tx: receive(tx, "cad", 2))
        after = {done.result() for done in [pool.submit(store.read, look) for _ in range(4)]}
    assert len(after) == 4
    assert not before & after
    assert store.read(messages.counts) == {"received": 2}


def test_a_reader_sees_one_committed_state_and_cannot_write(store: Store, other: Store) -> None:
    def look(tx: Tx) -> tuple[Any, Any]:
        first = messages.counts(tx)
        other.write(lambda tx: receive(tx, "cad", 1))
        return first, messages.counts(tx)

    assert store.read(look) == ({}, {})
    assert store.read(messages.counts) == {"received": 1}
    entered, go = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        receive(tx, "cad", 2)
        entered.set()
        go.wait(60)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(store.write, slow)
        entered.wait(60)
        assert store.read(messages.counts) == {"received": 1}  # what is not committed is not there
        go.set()
        writing.result()
    with pytest.raises(Exception, match="read-only"):
        store.read(lambda tx: receive(tx, "cad", 3))
    assert store.read(messages.counts) == {"received": 2}


async def test_what_was_asked_and_broke_is_its_own_units_error(store: Store) -> None:
    """Of a group in which one unit's statement fails where it is sent with others, the rest is stored."""
    entered, go = threading.Event(), threading.Event()

    def gate(tx: Tx) -> None:
        entered.set()
        go.wait(60)

    def broken(tx: Tx) -> None:
        receive(tx, "cad", 7)
        for statement in ("SELECT 1", "SELECT 1/0", "SELECT 2"):
            tx.ask(statement, ())

    first = asyncio.ensure_future(store.write_async(gate))
    await asyncio.to_thread(entered.wait, 60)
    works: list[Any] = [lambda tx: receive(tx, "cad", 1), broken, lambda tx: receive(tx, "cad", 2)]
    waiting = [asyncio.ensure_future(store.write_async(work)) for work in works]
    await asyncio.sleep(0)
    go.set()
    await first
    one, failed, two = await asyncio.gather(*waiting, return_exceptions=True)
    assert (getattr(failed, "sqlstate", None), one != two) == ("22012", True)
    assert store.read(messages.counts) == {"received": 2}
    with pytest.raises(Exception, match="division by zero"):
        store.write(broken)  # alone, without a savepoint
    assert store.read(messages.counts) == {"received": 2}


def test_what_is_asked_runs_in_order_and_before_what_follows(store: Store) -> None:
    def work(tx: Tx) -> tuple[list[Any], int]:
        tx.ask("CREATE TEMPORARY TABLE asked (n int) ON COMMIT DROP", ())
        tx.ask("INSERT INTO asked VALUES (%s)", [(n,) for n in range(3)], many=True)
        changed = tx.ask("UPDATE asked SET n = n + 10", ())
        found = tx.ask("SELECT n FROM asked ORDER BY n", ())
        tx.ask("DELETE FROM asked", ())
        left: int = tx.connection.exec_driver_sql("SELECT count(*) FROM asked").scalar_one()
        assert changed.changed() == 3
        return [n for (n,) in found.rows()], left

    assert store.write(work) == ([10, 11, 12], 0)


def test_while_the_database_is_away_writes_are_refused_and_afterwards_taken(
    store: Store, postgresql: URL, url: str
) -> None:
    name = make_url(url).database
    assert store.write(lambda tx: receive(tx, "cad", 1))
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as server:
        server.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"), {"n": name})
        for number in (2, 3):
            with pytest.raises(StoreError, match=r"store\.commit"):
                store.write(lambda tx, number=number: receive(tx, "cad", number))
        server.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert store.write(lambda tx: receive(tx, "cad", 2))
    assert store.read(messages.counts) == {"received": 2}
    engine.dispose()


def test_two_processes_share_the_lanes_and_send_nothing_twice(store: Store, url: str, tmp_path: Path) -> None:
    wanted = {(store.write(lambda tx, n=n: enqueue(tx, f"p{n % 12}")), f"p{n % 12}") for n in range(120)}
    child = textwrap.dedent(
        """
        import sys
        from datetime import UTC, datetime
        from hub.store import FileKeys, KeyRing, Store, claims, lanes
        url, keys, owner = sys.argv[1:]
        with Store(url, KeyRing(FileKeys(keys)), lambda: datetime.now(UTC)) as store:
            sys.stdout.write("ready\\n")
            sys.stdout.flush()
            sys.stdin.readline()
            while store.read(lanes.depths):
                for claim in store.write(lambda tx: claims.take(tx, owner=owner, lease_seconds=30, limit=2)):
                    sys.stdout.write(f"{claim.delivery.id} {claim.delivery.order_key}\\n")
                    assert store.write(lambda tx: claims.settle(tx, claim, "done"))
        """
    )
    hubs = [
        subprocess.Popen(
            [sys.executable, "-c", child, url, str(tmp_path / "keys.json"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a:1", "b:1")
    ]
    for hub in hubs:
        assert hub.stdout is not None
        assert hub.stdout.readline() == "ready\n"
    for hub in hubs:
        assert hub.stdin is not None
        hub.stdin.write("go\n")
        hub.stdin.flush()
    said = [hub.communicate(timeout=60)[0].splitlines() for hub in hubs]
    assert [hub.returncode for hub in hubs] == [0, 0]
    assert all(said), "both took part"
    sent = [(int(line.split()[0]), line.split()[1]) for lines in said for line in lines]
    assert len(sent) == len(set(sent)) == 120
    assert set(sent) == wanted
    for lines in said:
        for key in {line.split()[1] for line in lines}:
            ids = [int(line.split()[0]) for line in lines if line.split()[1] == key]
            assert ids == sorted(ids)
    assert {one.state for one in store.read(lambda tx: deliveries.listed(tx, limit=1000))} == {"done"}
