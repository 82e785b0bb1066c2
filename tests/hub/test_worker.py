"""The worker: woken by the store, outliving any failure, ending when told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from hub import pipeline
from hub.store import disclosures, messages
from hub.worker import Worker

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


@contextlib.asynccontextmanager
async def working(world: World) -> AsyncIterator[None]:
    worker = Worker(world.hub, "worker-under-test")
    await worker.start()
    try:
        yield
    finally:
        async with asyncio.timeout(10):
            await worker.stop()


async def until(world: World, seen: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for the store to say that something changed, and looks again."""
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()
    stop = world.store.changed.subscribe(lambda topic: loop.call_soon_threadsafe(changed.set))
    try:
        async with asyncio.timeout(seconds):
            while not seen():
                changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await changed.wait()
    finally:
        stop()


@pytest.fixture
def slow_poll(build: Any) -> World:
    """A hub that would look by itself only after an hour: what happens is by waking."""
    return build(lambda d: d["hub"].update(poll=3600.0))


async def test_a_message_goes_all_the_way_by_waking(slow_poll: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE)
    async with working(slow_poll):
        await slow_poll.post("cedar-app", slow_poll.form("story-1-contact"))
        await until(slow_poll, lambda: [r.business_status for r in slow_poll.referrals()] == ["delivered"])


async def test_what_waited_before_the_start_is_taken_up(slow_poll: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE)
    await slow_poll.post("cedar-app", slow_poll.form("story-1-contact"))
    async with working(slow_poll):
        await until(slow_poll, lambda: [d.state for d in slow_poll.deliveries()] == ["done"])


async def test_starting_settles_what_a_crash_left_open(world: World) -> None:
    def intend(tx: Any) -> None:
        disclosures.intend(
            tx,
            delivery_id=None,
            discloser="cedar-coresponse",
            recipient="lakeshore-cmhc",
            purpose="TREAT",
            patient_id="p",
            what=(("Task", "t"),),
            digest="d",
        )

    world.store.write(intend)
    async with working(world):
        assert [d.state for d in world.disclosures()] == ["unknown"]


async def test_a_loop_outlives_a_failure_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, failing = pipeline.read_waiting, [True]

    async def sometimes(*given: Any) -> bool:
        if failing:
            failing.pop()
            raise RuntimeError("a text of the message")
        return await real(*given)

    monkeypatch.setattr(pipeline, "read_waiting", sometimes)
    async with working(world):
        await world.post("riverton-cad", world.sample("riverton-webhook/story-1-call"))
        await until(world, lambda: [m.state for m in world.messages()] == ["translated"])
    said = capsys.readouterr().out
    assert "loop.failed" in said
    assert "a text of" not in said


async def test_silence_rings_by_itself(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lambda d: d["hub"].update(poll=0.01))
    await world.delivered(httpx_mock)
    world.time.forward(86_400)
    async with working(world):
        await until(world, lambda: [a.kind for a in world.alarms()] == ["unanswered"])


async def test_stopping_ends_every_loop(world: World) -> None:
    before = asyncio.all_tasks()
    async with working(world):
        assert len(asyncio.all_tasks() - before) >= 4
    assert asyncio.all_tasks() == before


async def test_what_waits_in_a_batch_stays_with_who_took_it(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine so busy that reading the batch takes longer than a lease."""
    world = build(lambda d: d["hub"].update(lease=0.09))
    for number in range(3):
        await world.post("cedar-app", world.form("story-1-contact") | {"number": f"RV26-5{number:05}"})
    real, read = pipeline.process, []

    def slow(hub: Any, message: Any) -> None:
        before = world.message(3).lease_until
        world.time.forward(0.06)
        while len(read) < 2 and world.message(3).lease_until == before:
            time.sleep(0.005)
        assert world.store.write(lambda tx: messages.claim(tx, owner="another", lease_seconds=9, limit=9)) == []
        read.append(message.id)
        real(hub, message)

    monkeypatch.setattr(pipeline, "process", slow)
    async with asyncio.timeout(60):
        await pipeline.read_waiting(world.hub, "tests", 20)
    assert read == [1, 2, 3]
    assert {m.state for m in world.messages()} == {"translated"}
