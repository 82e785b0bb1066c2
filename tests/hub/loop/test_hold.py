"""Holds settled by a person: decided again, never overruled, audited, and no referral at two centers."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from hub.audit import chain
from hub.errors import HubError, StoreError
from hub.loop import hold

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


def settle(world: World, number: int, **given: Any) -> Any:
    reason = "wrong-person" if given.get("action") == "reject" else "called-the-center"
    named = {"action": "release", "by": "A Person", "reason_code": reason} | given
    return world.store.write(lambda tx: hold.resolve(tx, world.hub, number, **named))


@pytest.fixture
async def routing(world: World) -> Any:
    """A hold for want of a center."""
    form = world.form("story-1-contact")
    del form["contacts"][0]["referrals"][0]["organization"]
    await world.take_in("cedar-app", form)
    (placed,) = world.holds()
    return placed


async def test_released_to_a_center_it_goes_there(world: World, routing: Any, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE)
    settled = settle(world, routing.id, destination="lakeshore", evidence="LOG-7")
    assert (settled.state, settled.resolved_by, settled.reason_code) == ("released", "A Person", "called-the-center")
    assert world.alarms() == []
    await world.deliver()
    (referral,) = world.referrals()
    assert (referral.destination, referral.business_status) == ("lakeshore", "delivered")
    events = [event for _, event in world.store.read(chain.events)]
    (audited,) = [e for e in events if e.kind == "hold.released"]
    assert (audited.who, audited.entity_id) == ("A Person", str(routing.id))
    assert audited.detail == ("route.no-organization", "called-the-center", "to:lakeshore-cmhc")


async def test_rejected_it_goes_nowhere_and_is_settled(world: World, routing: Any, httpx_mock: HTTPXMock) -> None:
    assert settle(world, routing.id, action="reject", reason_code="withdrawn").state == "rejected"
    await world.deliver()
    assert (world.referrals(), world.alarms(), httpx_mock.get_requests()) == ([], [], [])


async def test_a_decision_is_not_overwritten(world: World, routing: Any) -> None:
    settle(world, routing.id, action="reject")
    with pytest.raises(StoreError, match=r"store\.state"):
        settle(world, routing.id, destination="lakeshore")
    assert world.referrals() == []


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"destination": "lakeshore", "reason_code": "Because She Said So"}, "hold.reason-code"),
        ({"destination": "lakeshore", "reason_code": ""}, "hold.reason-code"),
        ({"destination": "lakeshore", "by": "  "}, "hold.person"),
        ({"destination": "lakeshore", "by": "x" * 81}, "hold.person"),
        ({"destination": "lakeshore", "by": "a\x00b"}, "hold.person"),
        ({}, "hold.destination"),
        ({"destination": "nowhere"}, "hold.destination"),
        ({"action": "reject", "destination": "lakeshore"}, "hold.destination"),
    ],
)
async def test_what_cannot_be_settled_so(world: World, routing: Any, given: dict[str, Any], rule: str) -> None:
    with pytest.raises(HubError) as raised:
        settle(world, routing.id, **given)
    assert raised.value.rule == rule
    assert [h.state for h in world.holds()] == ["open"]
    assert len(world.alarms()) == 1


async def test_releasing_does_not_overrule_the_decision(world: World, httpx_mock: HTTPXMock) -> None:
    """An undeclared origin stays one, whoever releases the hold: it is held anew, and rings anew."""
    await world.take_in("cedar-app", world.form("story-4-part2"))  # in the name of another
    (first,) = world.holds()
    settle(world, first.id)
    (second,) = world.holds()
    assert (second.id != first.id, second.kind, second.reason) == (True, "provenance", "release.origin-unknown")
    assert len(world.alarms()) == 1
    await world.deliver()
    assert httpx_mock.get_requests() == []
    with pytest.raises(HubError, match=r"hold\.destination"):
        settle(world, second.id, destination="lakeshore")


async def test_rejecting_leaves_the_referral_open_so_that_silence_still_rings(world: World) -> None:
    await world.take_in("cedar-app", world.form("story-4-part2"))
    (placed,) = world.holds()
    settle(world, placed.id, action="reject")
    (referral,) = world.referrals()
    assert (referral.status, referral.business_status) == ("requested", "withheld")


async def test_what_may_have_reached_one_center_is_not_turned_to_another(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    form = world.form("story-1-contact")
    form["contacts"][0]["referrals"][0]["organization"] = "sunrise-recovery"
    await world.take_in("cedar-app", form)
    (waiting,) = world.holds()
    assert (waiting.reason, waiting.task_id) == ("route.other-destination", referral.task_id)
    with pytest.raises(HubError, match=r"hold\.sent"):
        settle(world, waiting.id, destination="sunrise")
    settle(world, waiting.id, destination="lakeshore")
    assert world.referral(referral.task_id).destination == "lakeshore"
