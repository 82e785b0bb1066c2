"""What a source may send: so many a second, so many at once, so much. What is over is refused, and said how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest import folder as ingest_folder
from hub.ingest.limits import SAVED, Limits, Throttled

World = Any
Document = dict[str, Any]


def limited(name: str, **limits: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        next(s for s in document["source"] if s["name"] == name).update(limits)

    return change


async def test_over_its_rate_a_source_is_told_when_to_come_again(build: Any, serve: Any, auth: Any) -> None:
    world = build(limited("cedar-app", rate=0.5))
    async with serve(world) as client:
        answers = [
            await client.post("/ingest/cedar-app", content=b'{"n": %d}' % n, headers=auth("cedar-app"))
            for n in range(3)
        ]
        other = await client.post("/ingest/riverton-cad", content=b"{}", headers=auth("riverton-cad"))
    assert [a.status_code for a in answers] == [202, 429, 429]
    assert answers[1].json()["issue"][0]["details"]["coding"][0]["code"] == "receive.rate"
    assert 1 <= int(answers[1].headers["retry-after"]) <= 2
    assert other.status_code == 202  # another one has its own
    assert len(world.messages()) == 2


@given(
    rate=st.floats(min_value=0.1, max_value=1000),
    steps=st.lists(st.floats(min_value=0, max_value=30), min_size=1, max_size=60),
)
def test_in_any_time_no_more_than_the_rate_and_what_was_saved(rate: float, steps: list[float]) -> None:
    class Source:
        name = "s"

    Source.rate = rate  # type: ignore[attr-defined]

    class Hub:
        bodies = 1

    class Settings:
        hub = Hub

    now = 0.0
    limits = Limits(Settings, lambda: now)  # type: ignore[arg-type]
    taken = 0
    for step in steps:
        now += step
        after = limits.wait(Source)  # type: ignore[arg-type]
        taken += not after
        if after:
            now += after * 1.001
            assert not limits.wait(Source)  # type: ignore[arg-type]
            taken += 1
    assert taken <= max(1.0, rate * SAVED) + now * rate + 1e-6


class Dripping:
    """A body that does not come to its end. `begun` once somebody reads it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.begun.set()
        yield b'{"a": '
        await asyncio.Event().wait()


async def test_a_source_has_so_many_requests_under_way(build: Any, serve: Any, auth: Any) -> None:
    world = build(limited("cedar-app", connections=1))
    dripping = Dripping()
    async with serve(world) as client:
        first = asyncio.create_task(client.post("/ingest/cedar-app", content=dripping, headers=auth("cedar-app")))
        await dripping.begun.wait()
        second = await client.post("/ingest/cedar-app", content=b"{}", headers=auth("cedar-app"))
        assert second.status_code == 429
        assert second.json()["issue"][0]["details"]["coding"][0]["code"] == "receive.connections"
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        third = await client.post("/ingest/cedar-app", content=b"{}", headers=auth("cedar-app"))
        assert third.status_code == 202  # its place is free again


async def test_a_body_that_drips_is_cut_off(build: Any, serve: Any, auth: Any) -> None:
    world = build(lambda document: document["hub"].update(body_seconds=0.05))
    async with serve(world) as client:
        answer = await client.post("/ingest/cedar-app", content=Dripping(), headers=auth("cedar-app"))
    assert answer.status_code == 408
    assert world.messages() == []


async def test_bodies_that_are_too_much_together_are_refused_and_leave_room(build: Any, serve: Any, auth: Any) -> None:
    world = build(lambda document: document["hub"].update(bodies=1000))
    async with serve(world) as client:
        large = await client.post("/ingest/cedar-app", content=b"x" * 1001, headers=auth("cedar-app"))
        small = await client.post("/ingest/cedar-app", content=b'{"x": 1}', headers=auth("cedar-app"))
    assert (large.status_code, small.status_code) == (503, 202)
    assert large.headers["retry-after"] == "1"


async def test_a_source_has_its_own_size(build: Any, serve: Any, auth: Any) -> None:
    world = build(limited("cedar-app", max_body=10))
    async with serve(world) as client:
        answers: list[httpx2.Response] = [
            await client.post(f"/ingest/{name}", content=b'{"x": 12345}', headers=auth(name))
            for name in ("cedar-app", "riverton-cad")
        ]
    assert [a.status_code for a in answers] == [413, 202]


async def test_over_its_rate_a_folder_keeps_its_files(build: Any, tmp_path: Path) -> None:
    world = build(limited("riverton-rms", rate=0.5, folder=str(tmp_path / "inbox")))
    source = world.hub.source("riverton-rms")
    (tmp_path / "inbox").mkdir()
    for number in range(3):
        (tmp_path / f"inbox/{number}.xml").write_text(f"<a>{number}</a>")
    now = [0.0]
    limits = Limits(world.hub.settings, lambda: now[0])
    seen = await ingest_folder.look(world.hub, source, {}, limits)
    seen = await ingest_folder.look(world.hub, source, seen, limits)
    assert len(world.messages()) == 1
    now[0] = 2.0
    seen = await ingest_folder.look(world.hub, source, seen, limits)
    assert [path.name for path in seen] == ["2.xml"]
    assert len(world.messages()) == 2


def test_what_is_refused_holds_nothing(world: World) -> None:
    limits = Limits(world.hub.settings)
    source = world.hub.source("cedar-app").model_copy(update={"connections": 1})
    first, second = limits.place(source), limits.place(source)
    first.enter()
    first.hold(10)
    with pytest.raises(Throttled):
        second.enter()
    second.leave()
    assert limits.held == 10
    first.leave()
    assert limits.held == 0
    second.enter()
