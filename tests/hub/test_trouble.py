"""What the hub's own machine does to it: a disk that fills, a database that restarts. Nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pytest_httpx import HTTPXMock
from sqlalchemy import make_url

from hub import pipeline, upkeep
from hub.errors import StoreError
from hub.ingest import folder as ingest_folder
from hub.loop import sending
from hub.store import Store, claims, inputs

World = Any
Document = dict[str, Any]
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


# ── a full disk ───────────────────────────────────────────────────────────────────────────────────────────────────


def pages(world: World, more: int | None) -> None:
    """So many pages are left on the disk; None: it has room again."""

    def limit(tx: Any) -> None:
        used = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count={2**30 if more is None else used + more}")

    world.store.write(limit)


async def test_a_full_disk_answers_503_and_the_sender_tries_again(world: World, serve: Any, auth: Any) -> None:
    form = orjson.dumps(world.form("story-1-contact") | {"padding": "x" * 100_000})
    pages(world, 4)
    async with serve(world) as client:
        refused = await client.post("/ingest/cedar-app", content=form, headers=auth("cedar-app"))
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        (issue,) = refused.json()["issue"]
        assert issue["details"]["coding"][0]["code"] == "store.full"
        assert world.messages() == []
        pages(world, None)
        taken = await client.post("/ingest/cedar-app", content=form, headers=auth("cedar-app"))
        assert taken.status_code == 202
    assert world.body(1) == form


async def test_on_a_full_disk_a_file_stays_where_it_is(build: Callable[..., World], tmp_path: Path) -> None:
    def change(document: Document) -> None:
        source = next(s for s in document["source"] if s["name"] == "riverton-rms")
        source["folder"] = str(tmp_path / "inbox")

    world = build(change)
    source = world.hub.source("riverton-rms")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    file = inbox / "report.xml"
    file.write_bytes(world.sample("riverton-rms/story-1-report", "input.xml") + b" " * 100_000)
    seen = await ingest_folder.look(world.hub, source, {})
    pages(world, 4)
    with pytest.raises(StoreError) as raised:
        await ingest_folder.look(world.hub, source, seen)
    assert raised.value.rule == "store.full"
    assert file.exists()
    pages(world, None)
    await ingest_folder.look(world.hub, source, seen)
    assert not file.exists()
    assert len(world.messages()) == 1


async def test_what_was_received_waits_for_room_and_is_no_fault(world: World, httpx_mock: HTTPXMock) -> None:
    await world.post("cedar-app", world.form("story-1-contact"))
    pages(world, 3)
    for _ in range(5):  # more often than a message that breaks the hub is tried
        await pipeline.read_waiting(world.hub, "w:1", 20)
        assert [m.state for m in world.messages()] == ["received"]
        world.time.forward(10)
    assert world.holds() == []
    pages(world, None)
    httpx_mock.add_response(url=MESSAGE)
    await world.read()
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["done"]


# ── a database that restarts ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def on_postgresql(build: Callable[..., World], postgresql_url: str) -> tuple[World, Callable[[], None]]:
    """A hub on PostgreSQL, and what ends every connection to its database, as a restart of the server does."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    world = build(lambda document: document["hub"].update(database=postgresql_url))
    name = make_url(postgresql_url).database
    engine = create_engine(
        make_url(postgresql_url).set(drivername="postgresql+psycopg", database="postgres"), poolclass=NullPool
    )

    def end() -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )

    return world, end


async def test_a_restart_while_it_writes_is_said_and_passes(on_postgresql: tuple[World, Callable[[], None]]) -> None:
    world, end = on_postgresql
    store: Store = world.store

    def interrupted(tx: Any) -> int:
        made = inputs.receive(
            tx,
            source="cedar-app",
            custody="cedar-coresponse",
            organization="cedar-coresponse",
            control_id="1",
            media_type="x/y",
            body=b"{}",
        )[0]
        end()
        return made.id

    with pytest.raises(StoreError) as raised:
        await store.write_async(interrupted)
    assert raised.value.passing
    assert world.messages() == []
    # whoever comes next finds the server again
    end()
    await world.post("cedar-app", world.form("story-1-contact"))
    assert len(world.messages()) == 1


async def test_a_restart_between_sending_and_knowing_sends_nothing_twice(
    on_postgresql: tuple[World, Callable[[], None]], httpx_mock: HTTPXMock
) -> None:
    world, end = on_postgresql

    def restarts(request: httpx.Request) -> httpx.Response:
        end()
        return httpx.Response(200)

    httpx_mock.add_callback(restarts, url=MESSAGE)
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["done"]
    assert [d.state for d in world.disclosures()] == ["sent"]
    assert len(httpx_mock.get_requests()) == 1


async def test_restarts_at_any_moment_lose_nothing(
    on_postgresql: tuple[World, Callable[[], None]], httpx_mock: HTTPXMock
) -> None:
    world, end = on_postgresql
    httpx_mock.add_response(url=MESSAGE, is_reusable=True)
    over = asyncio.Event()

    async def restart() -> None:
        while not over.is_set():
            await asyncio.to_thread(end)
            await asyncio.sleep(0.05)

    restarting = asyncio.create_task(restart())
    forms = []
    for number in range(6):
        form = world.form("story-1-contact")
        form["number"] = f"RV26-6{number:05}"
        forms.append(form)
    async with asyncio.timeout(60):
        for form in forms:
            while True:  # as a sender does that hears 503
                try:
                    await world.post("cedar-app", form)
                    break
                except StoreError as error:
                    assert error.passing, error.rule
        over.set()
        await restarting
        while {d.state for d in world.deliveries()} != {"done"} or len(world.deliveries()) < len(forms):
            for step in (pipeline.read_waiting, pipeline.deliver_waiting):
                await step(world.hub, "tests", 20)
            world.time.forward(5)
    assert len(world.messages()) == len(forms)


async def test_a_sending_whose_end_nobody_wrote_down_counts_as_made(
    world: World, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = world.form("story-1-contact")
    await world.take_in("cedar-app", form)
    (claim,) = world.store.write(lambda tx: claims.take(tx, owner="other:1", lease_seconds=30, limit=1))

    async def ended(*given: Any, **named: Any) -> Any:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched, pytest.raises(asyncio.CancelledError):
        patched.setattr(sending, "_transmit", ended)
        await sending.send(world.hub, claim)
    await upkeep.ring(world.hub)
    assert [d.state for d in world.disclosures()] == ["intended"]  # for all that is known, it is under way
    world.time.forward(31)
    form["version"] = "2"
    form["contacts"][0]["follow_up"] = "Another word."
    httpx_mock.add_response(url=MESSAGE)
    await world.take_in("cedar-app", form)
    await world.deliver()
    # what was cut off is superseded by now, and never goes again
    assert [d.state for d in world.deliveries()] == ["superseded", "done"]
    assert [d.state for d in world.disclosures()] == ["intended", "sent"]
    await upkeep.ring(world.hub)
    assert [d.state for d in world.disclosures()] == ["unknown", "sent"]
