"""Lanes are claimed as there is room: a destination that is slow, down, paused or full holds up nothing but itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub import upkeep
from hub.errors import StoreError
from hub.loop import sending
from hub.loop.dispatching import Dispatcher
from hub.store import claims, gates, lanes
from hub.worker import Worker

World = Any
Document = dict[str, Any]
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"
SUNRISE = "http://127.0.0.1:8103/fhir"


def contact(world: World, number: int, case: str = "story-1-contact") -> Document:
    """A contact of another incident, so of another person."""
    form: Document = world.form(case)
    form["number"] = f"RV26-8{number:05}"
    return form


async def take_in(world: World, *numbers: int, case: str = "story-1-contact") -> None:
    for number in numbers:
        await world.post("cedar-app", contact(world, number, case))
    await world.read()


def taken(request: httpx.Request) -> httpx.Response:
    """A transaction's answer that names the Task."""
    sent = orjson.loads(request.content)
    entries = [
        {"response": {"status": "201", "location": f"{e['resource']['resourceType']}/{number}"}}
        for number, e in enumerate(sent["entry"])
    ]
    return httpx.Response(200, json={"resourceType": "Bundle", "type": "transaction-response", "entry": entries})


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not seen():
            await asyncio.sleep(0.005)


def states(world: World, destination: str) -> list[str]:
    return [d.state for d in world.deliveries(destination=destination)]


def gate(world: World, destination: str = "lakeshore") -> Any:
    return world.store.read(lambda tx: gates.get(tx, destination))


async def test_a_destination_that_does_not_answer_holds_up_no_other(world: World, httpx_mock: HTTPXMock) -> None:
    answer = asyncio.Event()

    async def hangs(request: httpx.Request) -> httpx.Response:
        await answer.wait()
        return httpx.Response(200)

    httpx_mock.add_callback(hangs, url=MESSAGE, is_reusable=True)
    httpx_mock.add_callback(taken, url=SUNRISE, is_reusable=True)
    worker = Worker(world.hub, "w:1")
    await worker.start()
    try:
        await take_in(world, 1, 2)
        await until(lambda: len(httpx_mock.get_requests(url=MESSAGE)) == 2)
        await take_in(world, 3, case="story-3-contact")
        await until(lambda: states(world, "sunrise") == ["done"])
        assert states(world, "lakeshore") == ["ready", "ready"]
        answer.set()
        await until(lambda: states(world, "lakeshore") == ["done", "done"])
    finally:
        answer.set()
        await worker.stop()


@pytest.fixture
def pair(build: Callable[..., World], url: str, tmp_path: Path) -> tuple[World, World]:
    """Two hubs on one database, which take two lanes to Lakeshore at a time."""

    def change(document: Document) -> None:
        document["hub"] |= {"database": url, "keys": str(tmp_path / "keys.json"), "retry_base": 10.0}
        document["destination"][0] |= {"concurrency": 2, "breaker_after": 3}

    return build(change), build(change)


async def test_a_destination_takes_so_many_at_once_from_all_hubs(
    pair: tuple[World, World], httpx_mock: HTTPXMock
) -> None:
    at_once, most, turn = 0, 0, asyncio.Event()

    async def counts(request: httpx.Request) -> httpx.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await turn.wait()
        at_once -= 1
        return httpx.Response(200)

    httpx_mock.add_callback(counts, url=MESSAGE, is_reusable=True)
    one, two = pair
    await take_in(one, 1, 2, 3, 4, 5)
    dispatchers = [Dispatcher(one.hub, "one:1"), Dispatcher(two.hub, "two:1")]
    assert await dispatchers[0].claim(1)
    assert await dispatchers[1].claim(20)
    assert not await dispatchers[0].claim(20)  # full
    await until(lambda: at_once == 2)
    turn.set()
    while states(one, "lakeshore").count("done") < 5:
        for each in dispatchers:
            await each.claim(20)
            await each.idle()
    assert most == 2


async def test_a_destination_that_is_down_is_tried_with_one_lane_only(
    pair: tuple[World, World], httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_exception(httpx.ConnectError("x"), url=MESSAGE, is_reusable=True)
    httpx_mock.add_callback(taken, url=SUNRISE, is_reusable=True)
    one, two = pair
    await take_in(one, *range(1, 7))
    await one.deliver()
    # three failures in a row; the fourth was on its way already
    assert len(httpx_mock.get_requests()) == 4
    assert (gate(one).failures, gate(one).trips) == (3, 1)
    await take_in(two, 7, case="story-3-contact")
    await two.deliver()
    assert states(one, "sunrise") == ["done"]
    one.time.now = two.time.now = gate(one).open_until
    await two.deliver()
    assert len(httpx_mock.get_requests(url=MESSAGE)) == 5  # the probe, of whichever hub
    assert gate(two).trips == 2
    one.time.now = two.time.now = gate(one).open_until
    httpx_mock.reset()
    httpx_mock.add_response(url=MESSAGE, is_reusable=True)
    await one.deliver()
    await two.deliver()
    # one came through: all go at once, though each was put off for longer
    assert states(one, "lakeshore") == ["done"] * 6
    assert gate(one).trips == 0


async def test_while_the_probe_is_under_way_nobody_else_tries(pair: tuple[World, World], httpx_mock: HTTPXMock) -> None:
    one, two = pair
    httpx_mock.add_exception(httpx.ConnectError("x"), url=MESSAGE, is_reusable=True)
    await take_in(one, *range(1, 7))
    await one.deliver()
    one.time.now = two.time.now = gate(one).open_until
    httpx_mock.reset()
    answer = asyncio.Event()

    async def hangs(request: httpx.Request) -> httpx.Response:
        await answer.wait()
        return httpx.Response(200)

    httpx_mock.add_callback(hangs, url=MESSAGE, is_reusable=True)
    first, second = Dispatcher(one.hub, "one:1"), Dispatcher(two.hub, "two:1")
    assert await first.claim(20)
    assert not await second.claim(20)
    assert not await first.claim(20)
    answer.set()
    await first.idle()
    assert await second.claim(20)
    await second.idle()


async def test_an_error_of_one_message_does_not_stop_the_others(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=MESSAGE, status_code=500, is_reusable=True)
    await take_in(world, *range(1, 8))
    await world.deliver()
    assert len(httpx_mock.get_requests()) == 7
    assert gate(world).trips == 0


async def test_what_waits_for_a_destination_that_is_down_rings(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lambda d: d["destination"][0].update(breaker_after=1, concurrency=1))
    httpx_mock.add_exception(httpx.ConnectError("x"), url=MESSAGE, is_reusable=True)
    await take_in(world, 1, 2, 3)
    await world.deliver()
    await upkeep.ring(world.hub)
    assert world.alarms() == []  # it may be back in a moment
    world.time.now = gate(world).open_until
    await world.deliver()
    await upkeep.ring(world.hub)
    assert [(a.kind, a.repeats) for a in world.alarms()] == [("undelivered", 1)] * 3
    await take_in(world, 4)
    await upkeep.ring(world.hub)
    await upkeep.ring(world.hub)
    assert [a.repeats for a in world.alarms()] == [1] * 4


async def test_retry_after_of_a_destination_that_is_full_is_its_own_time(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lambda d: d["destination"][0].update(breaker_after=1))
    httpx_mock.add_response(url=MESSAGE, status_code=429, headers={"retry-after": "120"})
    await take_in(world, 1)
    await world.deliver()
    assert (gate(world).open_until - world.time.now).total_seconds() == 120
    await take_in(world, 2)
    world.time.forward(119)
    await world.deliver()
    assert len(httpx_mock.get_requests()) == 1
    httpx_mock.add_response(url=MESSAGE, is_reusable=True)
    world.time.forward(1)
    await world.deliver()
    await world.deliver()
    assert states(world, "lakeshore") == ["done", "done"]


# ── pause, drain, resume ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_paused_destination_gets_nothing_until_it_is_resumed(
    pair: tuple[World, World], httpx_mock: HTTPXMock
) -> None:
    one, two = pair
    await take_in(one, 1)
    assert one.store.write(lambda tx: gates.pause(tx, "lakeshore", by="R"))
    assert not one.store.write(lambda tx: gates.pause(tx, "lakeshore", by="R"))
    await two.deliver()
    assert httpx_mock.get_requests() == []
    httpx_mock.add_response(url=MESSAGE, is_reusable=True)
    assert two.store.write(lambda tx: gates.resume(tx, "lakeshore"))
    assert not two.store.write(lambda tx: gates.resume(tx, "lakeshore"))
    await one.deliver()
    assert states(two, "lakeshore") == ["done"]


async def test_draining_sends_what_was_queued_and_keeps_what_comes(
    pair: tuple[World, World], httpx_mock: HTTPXMock
) -> None:
    one, two = pair
    httpx_mock.add_response(url=MESSAGE, is_reusable=True)
    await take_in(one, 1, 2)
    assert one.store.write(lambda tx: gates.drain(tx, "lakeshore", by="R"))
    await take_in(two, 3)
    changed = contact(two, 1)
    changed["contacts"][0]["follow_up"] = "Call in the evening."
    changed["version"] = "2"
    assert two.store.read(lambda tx: gates.to_drain(tx, "lakeshore")) == 2
    await two.deliver()
    await one.deliver()
    assert states(one, "lakeshore") == ["done", "done", "ready"]
    assert one.store.read(lambda tx: gates.to_drain(tx, "lakeshore")) == 0
    await two.post("cedar-app", changed)
    await two.read()
    await two.deliver()
    assert len(httpx_mock.get_requests()) == 2
    # a draining one can be stopped at once, and either goes on
    assert one.store.write(lambda tx: gates.pause(tx, "lakeshore", by="R"))
    assert one.store.write(lambda tx: gates.resume(tx, "lakeshore"))
    await one.deliver()
    assert set(states(one, "lakeshore")) == {"done"}


# ── leases, stopping, the clock ───────────────────────────────────────────────────────────────────────────────────


async def test_a_slow_sending_keeps_its_lane(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lambda d: d["hub"].update(lease=0.09))

    def lease() -> Any:
        return world.store.read(lambda tx: lanes.listed(tx))[0].lease_until

    async def slow(request: httpx.Request) -> httpx.Response:
        for _ in range(3):  # longer than a lease by the clock that counts
            before = lease()
            world.time.forward(0.05)
            await until(lambda before=before: lease() > before)  # type: ignore[misc]
        return httpx.Response(200)

    httpx_mock.add_callback(slow, url=MESSAGE)
    await take_in(world, 1)
    await world.deliver()
    assert states(world, "lakeshore") == ["done"]


async def test_stopping_gives_back_what_it_cuts_off(world: World, httpx_mock: HTTPXMock) -> None:
    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    httpx_mock.add_callback(never, url=MESSAGE)
    await take_in(world, 1)
    first = Dispatcher(world.hub, "w:1")
    assert await first.claim(20)
    await until(lambda: len(httpx_mock.get_requests()) == 1)
    await first.stop(seconds=0.0)
    assert [d.state for d in world.disclosures()] == ["unknown"]  # it may have arrived
    httpx_mock.add_response(url=MESSAGE)
    await world.deliver()  # at once, not after the lease
    assert states(world, "lakeshore") == ["done"]
    one, two = httpx_mock.get_requests()
    assert one.content == two.content


async def test_how_a_sending_ended_is_noted_when_the_database_is_back(
    world: World, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpx_mock.add_response(url=MESSAGE)
    monkeypatch.setattr(sending, "_AGAIN", 0.001)
    await take_in(world, 1)
    write, away = world.store.write_async, []

    async def sometimes(work: Any) -> Any:
        if httpx_mock.get_requests() and len(away) < 3:
            away.append(work)
            raise StoreError("store.commit", "x")
        return await write(work)

    monkeypatch.setattr(world.store, "write_async", sometimes)
    await world.deliver()
    assert len(away) == 3
    assert states(world, "lakeshore") == ["done"]
    assert len(httpx_mock.get_requests()) == 1


async def test_a_clock_that_is_set_back_delays_nothing(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=MESSAGE, status_code=503)
    await take_in(world, 1, 2)
    (claim,) = world.store.write(lambda tx: claims.take(tx, owner="dead:1", lease_seconds=30, limit=1))
    await world.deliver()
    await upkeep.ring(world.hub)
    assert states(world, "lakeshore") == ["ready", "ready"]
    world.time.forward(-7 * 24 * 3600)
    httpx_mock.add_response(url=MESSAGE, is_reusable=True)
    await upkeep.ring(world.hub)
    await world.deliver()
    assert sorted(states(world, "lakeshore")) == ["done", "ready"]
    # nobody knows whether the other is still being sent: it is free after the longest that a lease can last
    world.time.forward(301)
    await world.deliver()
    assert states(world, "lakeshore") == ["done", "done"]
    assert not world.store.write(lambda tx: claims.settle(tx, claim, "done"))


async def test_a_clock_that_jumps_ahead_sends_again_at_most_the_same(world: World, httpx_mock: HTTPXMock) -> None:
    def jumps(request: httpx.Request) -> httpx.Response:
        if len(httpx_mock.get_requests()) == 1:
            world.time.forward(365 * 24 * 3600)
        return httpx.Response(200)

    httpx_mock.add_callback(jumps, url=MESSAGE, is_reusable=True)
    await take_in(world, 1)
    await world.deliver()
    one, two = httpx_mock.get_requests()
    assert one.content == two.content
    assert states(world, "lakeshore") == ["done"]
