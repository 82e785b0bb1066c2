"""A watched folder: whole files are received and moved away; one bad file stops none of the others."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from hub import pipeline
from hub.errors import StoreError
from hub.ingest import folder

World = Any
XML = b"<Reports/>"


@pytest.fixture
def inbox(world: World) -> Path:
    path: Path = world.hub.source("riverton-rms").folder
    path.mkdir(parents=True)
    return path


def names(path: Path) -> list[str]:
    return sorted(p.name for p in path.iterdir()) if path.exists() else []


async def look(world: World, seen: folder.Seen | None = None) -> folder.Seen:
    return await folder.look(world.hub, world.hub.source("riverton-rms"), seen or {})


async def test_a_file_that_stands_still_is_received_then_moved(world: World, inbox: Path) -> None:
    body = world.sample("riverton-rms/story-1-report", "input.xml")
    (inbox / "a.xml").write_bytes(body)
    seen = await look(world)
    assert world.messages() == []  # seen once: it may still grow
    assert await look(world, seen) == {}
    assert names(inbox) == ["received"]
    assert (inbox / "received/a.xml").read_bytes() == body
    (message,) = world.messages()
    assert world.body(message.id) == body
    assert (message.custody, message.media_type) == ("riverton-pd", "application/xml")
    await world.read()
    assert world.message(message.id).state == "translated"


async def test_a_file_that_grows_is_left_until_it_stands(world: World, inbox: Path) -> None:
    (inbox / "a.xml").write_bytes(b"<Rep")
    seen = await look(world)
    (inbox / "a.xml").write_bytes(XML)
    seen = await look(world, seen)
    assert world.messages() == []
    await look(world, seen)
    assert [world.body(m.id) for m in world.messages()] == [XML]


async def test_a_crash_before_the_move_reads_it_again_as_the_same(
    world: World, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "a.xml").write_bytes(XML)
    seen = await look(world)
    with monkeypatch.context() as crash:
        crash.setattr(folder, "_move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            await look(world, seen)
    assert names(inbox) == ["a.xml"]
    await look(world, await look(world))
    assert len(world.messages()) == 1
    assert names(inbox / "received") == ["a.xml"]


async def test_the_same_name_again_never_overwrites(world: World, inbox: Path) -> None:
    for body in (b"<A/>", b"<B/>", b"<C/>"):
        (inbox / "a.xml").write_bytes(body)
        await look(world, await look(world))
    assert names(inbox / "received") == ["a.1.xml", "a.2.xml", "a.xml"]
    assert len(world.messages()) == 3


async def test_what_is_not_looked_at(world: World, inbox: Path) -> None:
    for name in ("a.csv", ".b.xml", "c.xml.part"):
        (inbox / name).write_bytes(XML)
    (inbox / "d.xml").mkdir()
    assert await look(world) == {}
    assert len(names(inbox)) == 4


async def test_too_large_and_empty_files_are_put_aside_unread(build: Any) -> None:
    world = build(lambda d: d["hub"].update(max_body=100))
    inbox = world.hub.source("riverton-rms").folder
    inbox.mkdir(parents=True)
    (inbox / "big.xml").write_bytes(b"x" * 101)
    (inbox / "empty.xml").write_bytes(b"")
    (inbox / "good.xml").write_bytes(XML)
    await look(world, await look(world))
    assert names(inbox / "rejected") == ["big.xml", "empty.xml"]
    assert names(inbox / "received") == ["good.xml"]
    assert len(world.messages()) == 1


async def test_a_file_that_may_not_be_read_stops_no_other(
    world: World, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.xml", "b.xml"):
        (inbox / name).write_bytes(XML + name.encode())
    seen = await look(world)
    read = Path.read_bytes
    with monkeypatch.context() as locked:
        locked.setattr(
            Path,
            "read_bytes",
            lambda path: (_ for _ in ()).throw(PermissionError("a.xml")) if path.name == "a.xml" else read(path),
        )
        seen = await look(world, seen)
    assert list(seen) == [inbox / "a.xml"]
    assert names(inbox / "received") == ["b.xml"]
    await look(world, seen)  # it may be read now
    assert names(inbox / "received") == ["a.xml", "b.xml"]


async def test_the_watch_outlives_a_store_that_is_busy(
    world: World, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "a.xml").write_bytes(XML)
    busy = [True, True]
    done = asyncio.Event()
    receive = pipeline.receive

    async def sometimes(*given: Any, **named: Any) -> Any:
        if busy:
            busy.pop()
            raise StoreError("store.busy", "the store has too much waiting")
        found = await receive(*given, **named)
        done.set()
        return found

    monkeypatch.setattr(pipeline, "receive", sometimes)
    task = asyncio.create_task(folder.watch(world.hub, world.hub.source("riverton-rms"), every=0.001))
    await asyncio.wait_for(done.wait(), 5)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert len(world.messages()) == 1
