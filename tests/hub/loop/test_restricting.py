"""A patient's restriction refuses in every decision of the custody that agreed, and in nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from hub.audit import chain
from hub.errors import HubError, StoreError
from hub.loop import restricting
from hub.store import restrictions
from profiles.check import check

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


def act(world: World, how: Any, *given: Any, **named: Any) -> Any:
    return world.store.write(lambda tx: how(tx, world.hub, *given, **({"by": "Robin Examiner"} | named)))


async def waiting(world: World) -> Any:
    """A referral to Lakeshore that is queued."""
    await world.take_in("cedar-app", world.form("story-1-contact"))
    (referral,) = world.referrals()
    assert [d.state for d in world.deliveries()] == ["ready"]
    return referral


def asked(world: World, referral: Any, **given: Any) -> Any:
    return act(world, restricting.ask, **({"custody": "cedar-coresponse", "person": referral.patient_id} | given))


async def test_what_is_only_asked_stops_nothing(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE)
    asked(world, await waiting(world), recipient="lakeshore-cmhc")
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["done"]


async def test_agreed_it_refuses_what_waits_and_ended_it_lets_go(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await waiting(world)
    one = asked(world, referral, recipient="lakeshore-cmhc", paper="letter 7")
    assert act(world, restricting.agree, one.id).state == "agreed"
    await world.deliver()
    assert httpx_mock.get_requests() == []
    assert world.disclosures() == []
    assert world.referral(referral.task_id).business_status == "withheld"
    with pytest.raises(StoreError, match=r"store\.state"):
        act(world, restricting.agree, one.id)

    httpx_mock.add_response(method="POST", url=MESSAGE)
    act(world, restricting.end, one.id, reason_code="patient-asked")
    await world.deliver()
    assert world.referral(referral.task_id).business_status == "delivered"
    # a refusal taken back is no revocation: nobody is written to about it
    assert world.alarms() == []
    assert world.disclosures()[0].consents == ()
    kinds = [event.kind for _, event in world.store.read(chain.events) if event.kind.startswith("restrictions.")]
    assert kinds == ["restrictions.asked", "restrictions.agreed", "restrictions.ended"]


async def test_it_refuses_no_more_than_was_asked(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE)
    referral = await waiting(world)
    for narrower in (
        {"recipient": "sunrise-recovery"},
        {"purposes": ("HPAYMT",)},
        {"sensitivities": ("HIV",)},
        {"custody": "lakeshore-cmhc"},
    ):
        world.time.forward(1)
        act(world, restricting.agree, asked(world, referral, **narrower).id)
    await world.deliver()
    assert world.referral(referral.task_id).business_status == "delivered"


async def test_denied_with_a_reason_from_the_list(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE)
    referral = await waiting(world)
    one = asked(world, referral, recipient="lakeshore-cmhc")
    with pytest.raises(HubError, match=r"restricting\.reason"):
        act(world, restricting.deny, one.id, reason_code="because")
    assert act(world, restricting.deny, one.id, reason_code="needed-for-treatment").state == "denied"
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["done"]


async def test_self_paid_care_is_kept_from_a_health_plan_whether_one_likes_it_or_not(world: World) -> None:
    """45 CFR 164.522(a)(1)(vi), 42 CFR 2.26(a)(6)."""
    referral = await waiting(world)
    must = asked(world, referral, health_plan=True, self_paid=True)
    assert must.purposes == ("HPAYMT", "HOPERAT")
    with pytest.raises(HubError, match=r"restricting\.must-agree"):
        act(world, restricting.deny, must.id, reason_code="needed-for-treatment")
    assert act(world, restricting.agree, must.id, reason_code="must-agree").reason_code == "must-agree"
    for other in (
        {"health_plan": True},
        {"self_paid": True},
        {"health_plan": True, "self_paid": True, "purposes": ("TREAT",)},
    ):
        assert not restricting.must_agree(asked(world, referral, **other))


async def test_what_cannot_be_asked(world: World) -> None:
    referral = await waiting(world)
    for given in ({"recipient": "nowhere"}, {"purposes": ("WHATEVER",)}, {"sensitivities": ("WHATEVER",)}):
        with pytest.raises(HubError, match=r"restricting\.value"):
            asked(world, referral, **given)
    assert world.store.read(lambda tx: restrictions.listed(tx)) == []


async def test_its_consent_is_good_fhir(world: World) -> None:
    referral = await waiting(world)
    one = asked(
        world, referral, recipient="lakeshore-cmhc", purposes=("TREAT", "investigation"), sensitivities=("SUD",)
    )
    made = restricting.refusal(one, referral.patient_id, status="active", at="2026-11-21T21:30:00.000Z")
    assert [issue for issue in check(made) if issue.severity in ("error", "fatal")] == []
