"""From bytes to a verdict: routing, origins, Part 2 and consent. A denied case ends with no request at all."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub.loop import hold as holding
from hub.loop.keeping import incident_key
from hub.store import decisions, documents
from mappings.incident import Incident

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


async def held(world: World, form: dict[str, Any], httpx_mock: HTTPXMock, source: str = "cedar-app") -> Any:
    """The one hold that a form leads to, with its alarm, and nothing sent."""
    number = await world.take_in(source, form)
    await world.deliver()
    assert httpx_mock.get_requests() == []
    assert world.deliveries() == []
    assert world.disclosures() == []
    assert world.message(number).state == "translated"
    (hold,) = world.holds()
    assert hold.owner_role == "privacy officer of the demo"
    (alarm,) = world.alarms()
    assert (alarm.subject_type, alarm.subject_id, alarm.owner) == ("Hold", str(hold.id), hold.owner_role)
    assert ("release", "held") in world.trace(number)
    return hold


# ── routing ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_referral_to_no_organization_is_held(world: World, httpx_mock: HTTPXMock) -> None:
    form = world.form("story-1-contact")
    del form["contacts"][0]["referrals"][0]["organization"]
    hold = await held(world, form, httpx_mock)
    assert (hold.kind, hold.reason, hold.subject_type) == ("routing", "route.no-organization", "Task")
    assert world.referrals() == []


async def test_a_referral_without_a_route_is_held(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lambda d: d["route"].pop(0))
    hold = await held(world, world.form("story-1-contact"), httpx_mock)
    assert (hold.kind, hold.reason) == ("routing", "route.no-route")


async def test_a_referral_with_several_routes_is_held(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lambda d: d["route"].append({"organization": "lakeshore-cmhc", "destination": "sunrise"}))
    hold = await held(world, world.form("story-1-contact"), httpx_mock)
    assert (hold.kind, hold.reason) == ("routing", "route.several-routes")


async def test_a_cad_event_alone_refers_nobody(world: World, httpx_mock: HTTPXMock) -> None:
    number = await world.take_in("riverton-cad", world.sample("riverton-webhook/story-1-call"))
    await world.take_in("lakemont-cad", world.sample("eido/story-2-call"))
    await world.deliver()
    assert world.message(number).state == "translated"
    assert (world.referrals(), world.holds(), httpx_mock.get_requests()) == ([], [], [])


async def test_a_routing_hold_is_released_to_a_destination_and_stays_there(build: Any, httpx_mock: HTTPXMock) -> None:
    """An update goes where a person turned the referral, not to a second center."""
    world = build(lambda d: d["route"].pop(0))
    httpx_mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    form = world.form("story-1-contact")
    await world.take_in("cedar-app", form)
    (hold,) = world.holds()
    world.store.write(
        lambda tx: holding.resolve(
            tx,
            world.hub,
            hold.id,
            action="release",
            by="A Person",
            reason_code="called-the-center",
            destination="lakeshore",
        )
    )
    await world.deliver()
    assert [r.destination for r in world.referrals()] == ["lakeshore"]
    assert len(httpx_mock.get_requests()) == 1
    form["contacts"][0]["follow_up"] = "Call in the evening."
    await world.take_in("cedar-app", form)
    await world.deliver()
    assert world.holds() == []
    assert len(httpx_mock.get_requests()) == 2
    assert [d.kind for d in world.deliveries()] == ["referral", "update"]


async def test_a_changed_route_sends_no_update_to_a_second_center(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    form = world.form("story-1-contact")
    form["contacts"][0]["referrals"][0]["organization"] = "northfork-crisis"
    number = await world.take_in("cedar-app", form)
    await world.deliver()
    assert [(r.task_id, r.destination) for r in world.referrals()] == [(referral.task_id, "lakeshore")]
    assert world.deliveries(destination="northfork") == []
    assert [h.reason for h in world.holds()] == ["route.other-destination"]
    assert world.message(number).state == "translated"
    assert len(httpx_mock.get_requests()) == 1


# ── origins ───────────────────────────────────────────────────────────────────────────────────────────────────────


def claiming(form: dict[str, Any], where: str) -> dict[str, Any]:
    form = copy.deepcopy(form)
    if where in ("record", "both"):
        form["organization"] = "lakeshore-cmhc"
    if where in ("contact", "both"):
        form["contacts"][0]["organization"] = "lakeshore-cmhc"
    if where == "record" and form["contacts"][0].get("organization"):
        del form["contacts"][0]["organization"]
    return form


@pytest.mark.parametrize("where", ["record", "contact", "both"])
async def test_s_a_payload_cannot_choose_its_origin(world: World, httpx_mock: HTTPXMock, where: str) -> None:
    """A Part 2 program cannot become a covered entity by saying so: undeclared, enforced as Part 2, held, and rings."""
    form = claiming(world.form("story-4-part2"), where)
    hold = await held(world, form, httpx_mock, source="sunrise-app")
    assert (hold.kind, hold.reason, hold.custody) == ("provenance", "release.origin-unknown", "sunrise-recovery")
    assert [a.kind for a in world.alarms()] == ["provenance"]
    (message,) = world.messages()
    assert "read.origin-not-believed" in {c["code"] for i in message.issues for c in i["details"]["coding"]}
    (referral,) = world.referrals()
    assert (referral.organization, referral.business_status) == ("sunrise-recovery", "held")
    patient = world.store.read(lambda tx: documents.current(tx, "Patient", referral.patient_id))
    assert (patient.origin, patient.custody) == (None, "sunrise-recovery")
    assert "origin-unknown" in patient.labels
    # and no decision let any of it go
    made = world.store.read(lambda tx: decisions.by_task(tx, referral.task_id))
    assert {e.decision for d in made for e in d.entries} <= {"hold", "no-consent", "deny", "dependent"}


async def test_a_claim_never_reaches_the_ids_of_the_one_it_names(world: World) -> None:
    """Ids are made in the name space of the sender: its claim cannot touch another's referral."""
    await world.take_in("sunrise-app", world.form("story-4-part2"))
    await world.take_in("cedar-app", world.form("story-4-part2"))  # in the name of Sunrise
    own, forged = sorted(world.referrals(), key=lambda r: r.organization != "sunrise-recovery")
    assert own.organization == "sunrise-recovery"
    assert forged.organization == "cedar-coresponse"
    assert own.task_id != forged.task_id
    assert own.patient_id != forged.patient_id
    assert len(world.store.read(lambda tx: documents.history(tx, "Patient", own.patient_id))) == 1


async def test_a_source_may_speak_for_whom_it_is_agreed(build: Any, httpx_mock: HTTPXMock) -> None:
    def change(document: dict[str, Any]) -> None:
        next(s for s in document["source"] if s["name"] == "cedar-app")["speaks_for"] = ["sunrise-recovery"]

    world = build(change)
    number = await world.take_in("cedar-app", world.form("story-4-part2"))
    await world.deliver()
    assert world.holds() == []
    # believed, so it is Part 2 and withheld for want of consent
    assert ("release", "withheld") in world.trace(number)
    assert httpx_mock.get_requests() == []


async def test_an_unbelieved_narrative_is_undeclared_and_the_rest_is_not(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE)
    form = world.form("story-1-contact")
    form["contacts"][0]["narratives"][0]["organization"] = "sunrise-recovery"
    await world.take_in("cedar-app", form)
    await world.deliver()
    (request,) = httpx_mock.get_requests()
    sent = {e["resource"]["resourceType"] for e in orjson.loads(request.content)["entry"]}
    assert {"Patient", "Task", "ServiceRequest"} <= sent
    assert "DocumentReference" not in sent


# ── exchange policy ───────────────────────────────────────────────────────────────────────────────────────────────


def police_refers(document: dict[str, Any], to: list[str]) -> None:
    """Riverton's exchange policy names these only; its own form is posted by a source of its own."""
    document["exchange"][0]["to"] = to
    cedar = next(s for s in document["source"] if s["name"] == "cedar-app")
    cedar["organization"] = "riverton-pd"


def police_form(world: World) -> dict[str, Any]:
    form = world.form("story-1-contact")
    text = orjson.dumps(form).decode().replace("cedar-coresponse", "riverton-pd")
    return dict(orjson.loads(text))


@pytest.mark.parametrize(
    ("to", "goes"),
    [
        (["lakeshore-cmhc"], True),
        (["covered-entity"], True),
        (["northfork-crisis"], False),  # another covered entity: naming one center names no other
        (["part2-program"], False),
        ([], False),
    ],
)
async def test_p_an_agencys_exchange_policy_names_who_gets_it(
    build: Any, httpx_mock: HTTPXMock, to: list[str], goes: bool
) -> None:
    world = build(lambda d: police_refers(d, to))
    if goes:
        httpx_mock.add_response(method="POST", url=MESSAGE)
    await world.take_in("cedar-app", police_form(world))
    await world.deliver()
    assert len(httpx_mock.get_requests()) == int(goes)
    assert [r.business_status for r in world.referrals()] == ["delivered" if goes else "withheld"]


# ── Part 2 and consent ────────────────────────────────────────────────────────────────────────────────────────────


async def test_p2_without_consent_is_withheld_then_released_when_it_is_signed(
    world: World, httpx_mock: HTTPXMock
) -> None:
    number = await world.take_in("sunrise-app", world.form("story-4-part2"))
    await world.deliver()
    assert httpx_mock.get_requests() == []
    assert world.disclosures() == []
    (referral,) = world.referrals()
    assert referral.business_status == "withheld"
    assert ("release", "withheld") in world.trace(number)

    httpx_mock.add_response(method="POST", url=MESSAGE)
    await world.take_in("sunrise-app", world.form("story-4-part2-consent"))
    await world.deliver()
    (request,) = httpx_mock.get_requests()
    bundle = orjson.loads(request.content)
    assert "42 CFR part 2" in request.content.decode()  # the notice of 2.32
    labels = {c["code"] for e in bundle["entry"] for c in e["resource"].get("meta", {}).get("security", ())}
    assert "42CFRPart2" in labels
    (disclosure,) = world.disclosures()
    assert (disclosure.discloser, disclosure.recipient, disclosure.state) == (
        "sunrise-recovery",
        "lakeshore-cmhc",
        "sent",
    )
    assert len(disclosure.consents) == 1
    assert world.referral(referral.task_id).business_status == "delivered"


def consent_alone(world: World, **changes: Any) -> dict[str, Any]:
    """The form with its consent, and no referral: the consent comes by itself."""
    form = world.form("story-4-part2-consent")
    form["contacts"][0]["consents"][0].update(changes)
    return dict(form)


async def test_a_consent_by_itself_frees_what_waits_for_it(world: World, httpx_mock: HTTPXMock) -> None:
    await world.take_in("sunrise-app", world.form("story-4-part2"))
    form = consent_alone(world)
    form["contacts"][0]["referrals"] = []
    httpx_mock.add_response(method="POST", url=MESSAGE)
    await world.take_in("sunrise-app", form)
    await world.deliver()
    (referral,) = world.referrals()
    assert referral.business_status == "delivered"


async def test_a_consent_revoked_between_queue_and_send_supersedes(world: World, httpx_mock: HTTPXMock) -> None:
    await world.take_in("sunrise-app", world.form("story-4-part2-consent"))
    (queued,) = world.deliveries()
    assert queued.state == "ready"
    revoked = consent_alone(world, status="revoked", revoked_at="2026-11-21T13:20:00-07:00")
    revoked["version"] = "3"
    await world.take_in("sunrise-app", revoked)
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["superseded"]
    assert httpx_mock.get_requests() == []
    assert world.disclosures() == []
    (referral,) = world.referrals()
    assert referral.business_status == "withheld"


async def test_a_consent_that_runs_out_while_it_waits_supersedes(world: World, httpx_mock: HTTPXMock) -> None:
    await world.take_in("sunrise-app", consent_alone(world, expires="2026-11-30"))
    world.time.forward(30 * 86_400)
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["superseded"]
    assert httpx_mock.get_requests() == []


async def test_the_same_facts_again_send_nothing_again(world: World, httpx_mock: HTTPXMock) -> None:
    await world.delivered(httpx_mock)
    world.time.forward(60)
    form = world.form("story-1-contact")
    await world.take_in("cedar-app", orjson.dumps(form, option=orjson.OPT_INDENT_2))  # other bytes, the same facts
    await world.deliver()
    assert len(httpx_mock.get_requests()) == 1
    assert len(world.deliveries()) == 1


def test_incidents_are_filed_under_agency_and_number() -> None:
    assert incident_key(Incident(agency="a", number="7")) == "a|7"
