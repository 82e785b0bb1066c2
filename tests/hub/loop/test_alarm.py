"""Silence rings: once at respond-by, again until somebody takes it, and never again after that."""

from __future__ import annotations

from typing import Any

from pytest_httpx import HTTPXMock

from hub import upkeep
from hub.loop import alarm
from hub.store import alarms

World = Any
DAY = 86_400


async def ring(world: World) -> list[Any]:
    rung: list[Any] = world.store.write(lambda tx: alarm.ring(tx, world.hub))
    return rung


async def test_an_unanswered_referral_rings_once_at_its_time_and_repeats(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    world.time.forward(DAY - 1)  # urgent: 24 hours
    assert await ring(world) == []
    world.time.forward(1)
    (first,) = await ring(world)
    assert (first.kind, first.subject_id) == ("unanswered", referral.task_id)
    assert (first.owner, first.repeats) == ("intake coordinator, Lakeshore", 1)
    assert await ring(world) == []
    world.time.forward(29)  # [alarm] every = 30
    assert await ring(world) == []
    world.time.forward(1)
    assert [a.repeats for a in await ring(world)] == [2]
    world.time.forward(30)
    assert [a.repeats for a in await ring(world)] == [3]
    assert len(world.alarms(open_only=False)) == 1
    fallback = world.store.read(lambda tx: alarms.fallback(tx, first.id))
    assert fallback == {"telephone": "+1 555 0100 210", "print": f"/console/referrals/{referral.task_id}/print"}
    assert ("record", "alarm") in world.trace(referral.message_id)


async def test_a_person_takes_it_and_it_does_not_start_again(world: World, httpx_mock: HTTPXMock) -> None:
    await world.delivered(httpx_mock)
    world.time.forward(DAY)
    (first,) = await ring(world)
    taken = world.store.write(lambda tx: alarm.take(tx, world.hub, first.id, by="A Person"))
    assert taken.acknowledged_by == "A Person"
    for _ in range(3):
        world.time.forward(DAY)
        assert await ring(world) == []
    assert world.alarms() == []


async def test_an_answer_clears_it(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    world.time.forward(DAY)
    await ring(world)
    # word without a decision is no answer
    task = {"resourceType": "Task", "intent": "order"}
    await world.answer("lakeshore", {**task, "status": "received"}, task=referral.task_id)
    world.time.forward(30)
    assert len(await ring(world)) == 1
    await world.answer("lakeshore", {**task, "status": "accepted"}, task=referral.task_id)
    world.time.forward(DAY)
    assert await ring(world) == []
    (ended,) = world.alarms(open_only=False)
    assert ended.cleared_at is not None


async def test_a_referral_that_nothing_could_be_sent_of_rings_too(world: World, httpx_mock: HTTPXMock) -> None:
    await world.take_in("sunrise-app", world.form("story-4-part2"))
    world.time.forward(DAY)
    (rung,) = await ring(world)
    # For this side: the center must not learn that there is such a referral.
    assert (rung.kind, rung.owner) == ("undelivered", world.hub.settings.hub.privacy_officer)
    assert httpx_mock.get_requests() == []


async def test_what_is_held_rings_until_it_is_settled(world: World) -> None:
    form = world.form("story-1-contact")
    del form["contacts"][0]["referrals"][0]["organization"]
    await world.take_in("cedar-app", form)
    assert [(a.kind, a.repeats) for a in await ring(world)] == [("held", 1)]
    assert await ring(world) == []
    world.time.forward(30)
    assert [(a.kind, a.repeats) for a in await ring(world)] == [("held", 2)]


async def test_ringing_logs_numbers_and_kinds_only(world: World, httpx_mock: HTTPXMock, capsys: Any) -> None:
    await world.delivered(httpx_mock)
    world.time.forward(DAY)
    assert await upkeep.ring(world.hub) is False
    said = capsys.readouterr().out
    assert "unanswered" in said
    form = world.form("story-1-contact")
    person = form["persons"][0]
    name = person["names"][0]
    for value in (name["family"], name["given"][0], person["birth_date"], form["number"]):
        assert value not in said


async def test_the_referrals_own_time_goes_before_the_destinations(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url="http://127.0.0.1:8101/fhir/$process-message")
    form = world.form("story-1-contact")
    form["contacts"][0]["referrals"][0]["respond_by"] = "2026-11-21T22:00:00Z"
    await world.take_in("cedar-app", form)
    await world.deliver()
    (referral,) = world.referrals()
    assert referral.respond_by.isoformat() == "2026-11-21T22:00:00+00:00"
    world.time.forward(1800)
    assert len(await ring(world)) == 1
