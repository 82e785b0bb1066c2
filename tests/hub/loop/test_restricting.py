"""A patient's restriction refuses in every decision of the custody that agreed, and in nobody else's."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
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


def second(world: World) -> Any:
    """Another contact with the same person a day later, whom both forms name by one number, and its referral."""
    form = world.form("story-1-contact")
    (contact,) = form["contacts"]
    contact["referrals"][0]["number"] = "CED-2026-0999"
    contact["consents"], contact["screenings"] = [], []
    contact["narratives"][0] |= {"id": "note-2", "text": "Second visit, after the letter."}
    return known(form)


def known(form: Any) -> Any:
    form["persons"][0]["identifiers"] = [{"value": "MRN-1207", "assigner": "https://cedar.example.org/mrn"}]
    return form


def texts(bundle: Any) -> list[str]:
    """The notes in a Bundle."""
    notes = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DocumentReference"]
    return [base64.b64decode(part["attachment"]["data"]).decode() for one in notes for part in one["content"]]


async def test_ended_by_the_custodys_notice_it_stands_for_what_was_here(world: World, httpx_mock: HTTPXMock) -> None:
    """45 CFR 164.522(a)(2)(iii)(B): only what is created or received after the patient was told may go."""
    await world.take_in("cedar-app", known(world.form("story-1-contact")))
    (first,) = world.referrals()
    one = act(world, restricting.agree, asked(world, first, recipient="lakeshore-cmhc").id)
    world.time.forward(3600)
    early = await world.post("cedar-app", second(world) | {"number": "RV26-009900"})  # here, and not read yet
    told = world.time.now
    world.time.forward(3600)
    made = act(world, restricting.notice, one.id, informed_at=told)
    assert (made.state, made.informed_at) == ("noticed", told)
    await world.read()
    world.time.forward(3600)
    late = await world.take_in("cedar-app", second(world) | {"number": "RV26-009901"})
    httpx_mock.add_response(method="POST", url=MESSAGE)
    await world.deliver()

    by_message = {one.message_id: one.business_status for one in world.referrals()}
    assert by_message == {first.message_id: "withheld", early.message_id: "withheld", late: "delivered"}
    (request,) = httpx_mock.get_requests()
    told_of = texts(json.loads(request.content))
    assert "Second visit, after the letter." in told_of
    assert not any("Met at home with the officer" in text for text in told_of)
    # the patient's own word ends it for everything
    httpx_mock.add_response(method="POST", url=MESSAGE)
    httpx_mock.add_response(method="POST", url=MESSAGE)
    act(world, restricting.end, one.id, reason_code="patient-agreed")
    await world.deliver()
    assert {one.business_status for one in world.referrals()} == {"delivered"}


async def test_a_correction_of_what_was_here_stays_too(world: World, httpx_mock: HTTPXMock) -> None:
    await world.take_in("cedar-app", known(world.form("story-1-contact")))
    (first,) = world.referrals()
    one = act(world, restricting.agree, asked(world, first, recipient="lakeshore-cmhc").id)
    world.time.forward(60)
    act(world, restricting.notice, one.id)
    world.time.forward(60)
    again = known(world.form("story-1-contact"))
    again |= {"version": "2", "updated": "2026-11-21T22:41:00-07:00"}
    again["contacts"][0]["narratives"][0]["text"] = "Corrected afterwards."
    await world.take_in("cedar-app", again)
    await world.deliver()
    assert httpx_mock.get_requests() == []


async def test_who_may_not_end_it_so(world: World) -> None:
    """164.522(a)(2)(iii)(A): what must be agreed to is ended by the patient alone; nobody is told in the future."""
    referral = await waiting(world)
    must = act(world, restricting.agree, asked(world, referral, health_plan=True, self_paid=True).id)
    with pytest.raises(HubError, match=r"restricting\.must-agree"):
        act(world, restricting.notice, must.id)
    world.time.forward(1)
    other = act(world, restricting.agree, asked(world, referral).id)
    with pytest.raises(HubError, match=r"restricting\.value"):
        act(world, restricting.notice, other.id, informed_at=world.time.now + timedelta(seconds=1))
    act(world, restricting.end, other.id, reason_code="patient-asked")
    with pytest.raises(StoreError, match=r"store\.state"):
        act(world, restricting.notice, other.id)


@pytest.mark.parametrize(
    ("declared", "given", "goes"),
    [
        (True, {"health_plan": True}, False),
        (None, {"health_plan": True}, False),  # it may be one: nobody said
        (False, {"health_plan": True}, True),
        (False, {}, False),  # asked of anybody
        (False, {"recipient": "lakeshore-cmhc"}, False),
    ],
)
async def test_who_is_a_health_plan_is_declared(
    build: Any, httpx_mock: HTTPXMock, declared: bool | None, given: Any, goes: bool
) -> None:
    def change(document: Any) -> None:
        center = next(one for one in document["organization"] if one["id"] == "lakeshore-cmhc")
        if declared is not None:
            center["health_plan"] = declared

    world = build(change)
    referral = await waiting(world)
    act(world, restricting.agree, asked(world, referral, purposes=("TREAT",), **given).id)
    if goes:
        httpx_mock.add_response(method="POST", url=MESSAGE)
    await world.deliver()
    assert (world.referral(referral.task_id).business_status == "delivered") is goes


async def test_a_request_about_a_declared_health_plan_is_about_one(build: Any) -> None:
    def change(document: Any) -> None:
        for one in document["organization"]:
            one["health_plan"] = one["id"] == "lakeshore-cmhc"

    world = build(change)
    referral = await waiting(world)
    made = asked(world, referral, recipient="lakeshore-cmhc", self_paid=True)
    assert made.health_plan
    assert restricting.must_agree(made)
    with pytest.raises(HubError, match=r"restricting\.value"):
        asked(world, referral, recipient="sunrise-recovery", health_plan=True)


async def test_its_consents_are_good_fhir_whatever_they_are_about(world: World) -> None:
    referral = await waiting(world)
    one = act(world, restricting.agree, asked(world, referral, health_plan=True).id)
    world.time.forward(1)
    one = act(world, restricting.notice, one.id)
    made = restricting.refusal(one, referral.patient_id, status="active", at="2026-11-21T21:30:00.000Z")
    assert [issue for issue in check(made) if issue.severity in ("error", "fatal")] == []
