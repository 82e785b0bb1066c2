"""The outcome back: to the referrer by treatment, to an agency by an authorization; else the same nothing, always."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import httpx2
import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub.errors import SettingsError

World = Any
Serve = Callable[[World], httpx2.AsyncClient]
Auth = Callable[[str], dict[str, str]]

NOTHING = b'{"outcomes":[]}'
INCIDENT = "RV26-004417"
TASK = "https://warmhandoff.org/fhir/sid/task"


async def ask(world: World, serve: Serve, headers: dict[str, str], incident: str = INCIDENT) -> httpx2.Response:
    async with serve(world) as client:
        return await client.get(f"/outcomes/{incident}", headers=headers)


async def decide(world: World, status: str, **more: Any) -> None:
    (referral,) = world.referrals()
    body = {"resourceType": "Task", "id": "t", "intent": "order", "status": status} | more
    await world.answer(referral.destination, body, task=referral.task_id)


def without_authorization(world: World) -> dict[str, Any]:
    form = world.form("story-1-contact")
    form["contacts"][0]["consents"] = []
    return dict(form)


async def test_the_referrer_learns_by_treatment(world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock) -> None:
    await world.delivered(httpx_mock)
    before = await ask(world, serve, auth("cedar-app"))
    assert before.json()["outcomes"][0]["status"] == "requested"
    assert world.disclosures()[1:] == []  # its own record: nothing has come from the center yet
    when = [{"type": {"text": "appointment"}, "valueDateTime": "2026-11-23T09:00:00-07:00"}]
    await decide(world, "accepted", output=when, businessStatus={"text": "scheduled"})
    answer = await ask(world, serve, auth("cedar-app"))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "outcomes": [
            {
                "referral": "CED-2026-0312",
                "to": "lakeshore-cmhc",
                "status": "accepted",
                "business": "scheduled",
                "appointment": "2026-11-23T09:00:00-07:00",
            }
        ]
    }
    disclosure = world.disclosures()[-1]
    assert (disclosure.discloser, disclosure.recipient, disclosure.purpose, disclosure.state) == (
        "lakeshore-cmhc",
        "cedar-coresponse",
        "TREAT",
        "sent",
    )


async def test_p21_an_agency_learns_by_an_authorization_that_names_it(
    world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock
) -> None:
    await world.delivered(httpx_mock)
    silence = await ask(world, serve, auth("riverton-cad"))
    assert silence.content == NOTHING  # nobody has answered yet
    await decide(world, "accepted", businessStatus={"text": "scheduled"})
    answer = await ask(world, serve, auth("riverton-cad"))
    # the closed list, and the date in the agency's own zone; no name, no id of the health side
    assert answer.content == b'{"outcomes":[{"referral":"accepted","date":"2026-11-21"}]}'
    disclosure = world.disclosures()[-1]
    assert (disclosure.recipient, disclosure.purpose, len(disclosure.consents)) == (
        "riverton-pd",
        "outcome-feedback",
        1,
    )
    # another agency, whom the authorization does not name
    other = await ask(world, serve, auth("lakemont-cad"))
    assert other.content == NOTHING


async def test_p21_an_agency_is_told_that_it_was_not_accepted_without_the_reason(
    world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock
) -> None:
    await world.delivered(httpx_mock)
    await decide(world, "rejected", statusReason={"text": "a reason"})
    answer = await ask(world, serve, auth("riverton-cad"))
    assert answer.json() == {"outcomes": [{"referral": "not-accepted", "date": "2026-11-21"}]}


async def test_s59_without_authorization_it_is_the_same_nothing_as_for_no_incident_at_all(
    world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(method="POST", url="http://127.0.0.1:8101/fhir/$process-message")
    await world.take_in("cedar-app", without_authorization(world))
    await world.deliver()
    await decide(world, "accepted")
    told = len(world.disclosures())
    answers = [
        await ask(world, serve, auth("riverton-cad")),
        await ask(world, serve, auth("riverton-cad"), "RV26-000000"),
        await ask(world, serve, auth("lakemont-cad")),
        await ask(world, serve, auth("sunrise-app")),  # another health organization, not the referrer
    ]
    assert {a.status_code for a in answers} == {200}
    assert len({(a.content, tuple(sorted(a.headers.multi_items()))) for a in answers}) == 1
    assert answers[0].content == NOTHING
    assert len(world.disclosures()) == told


async def test_a_revoked_authorization_ends_it(world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock) -> None:
    await world.delivered(httpx_mock)
    await decide(world, "accepted")
    assert (await ask(world, serve, auth("riverton-cad"))).content != NOTHING
    form = world.form("story-1-contact")
    form["contacts"][0]["referrals"] = []
    form["contacts"][0]["consents"][0] |= {"status": "revoked", "revoked_at": "2026-11-21T13:20:00-07:00"}
    await world.take_in("cedar-app", form)
    assert (await ask(world, serve, auth("riverton-cad"))).content == NOTHING


def to_sunrise(world: World) -> dict[str, Any]:
    form = world.form("story-1-contact")
    form["contacts"][0]["referrals"][0]["organization"] = "sunrise-recovery"
    form["contacts"][0]["consents"] = []
    return dict(form)


def sunrise_answers(document: dict[str, Any]) -> None:
    digest = hashlib.sha256(b"answers-of-sunrise").hexdigest()
    document["destination"][2]["answer_token"] = {"sha256": digest}


async def test_p2_a_part2_center_tells_nobody_without_consent(
    build: Any, serve: Serve, auth: Auth, httpx_mock: HTTPXMock
) -> None:
    """Treatment is no reason of Part 2's: neither referrer nor agency learns that anybody answered."""
    world = build(sunrise_answers)
    made = {"resourceType": "Task", "id": "r-1"}
    httpx_mock.add_response(method="POST", url="http://127.0.0.1:8103/fhir", json={})
    httpx_mock.add_response(method="GET", json={"resourceType": "Bundle", "entry": [{"resource": made}]})
    await world.take_in("cedar-app", to_sunrise(world))
    await world.deliver()
    told = len(world.disclosures())
    await decide(world, "accepted")
    assert (await ask(world, serve, auth("cedar-app"))).content == NOTHING
    assert (await ask(world, serve, auth("riverton-cad"))).content == NOTHING
    assert len(world.disclosures()) == told


async def test_who_is_not_known_gets_401(world: World, serve: Serve, auth: Auth) -> None:
    answers = [
        await ask(world, serve, {}),
        await ask(world, serve, {"authorization": "Bearer "}),
        await ask(world, serve, auth("nobody")),
        await ask(world, serve, auth("lakeshore-answers")),
    ]
    assert {a.status_code for a in answers} == {401}
    assert len({a.content for a in answers}) == 1


@pytest.mark.parametrize("incident", ["%00", "²", "a" * 500, "a|b", "'; drop table", "%C3%28"])
async def test_odd_numbers_are_numbers_that_nobody_has(world: World, serve: Serve, auth: Auth, incident: str) -> None:
    answer = await ask(world, serve, auth("riverton-cad"), incident)
    assert (answer.status_code, answer.content) == (200, NOTHING)


async def test_the_answer_is_the_released_bytes(world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock) -> None:
    await world.delivered(httpx_mock)
    await decide(world, "accepted", note=[{"text": "called by telephone"}], description="another text")
    answer = await ask(world, serve, auth("cedar-app"))
    assert b"telephone" not in answer.content
    assert set(orjson.loads(answer.content)["outcomes"][0]) <= {
        "referral",
        "to",
        "status",
        "business",
        "reason",
        "appointment",
    }


def consented_to(world: World, *purposes: str) -> dict[str, Any]:
    form = world.form("story-1-contact")
    form["contacts"][0]["consents"][0]["purposes"] = list(purposes)
    return dict(form)


ADVICE = {"type": {"text": "safety-advice"}, "valueString": "Approach without sirens; a dog is in the yard."}
ITEMS = {
    "outcome-feedback": {"referral": "accepted", "date": "2026-11-21"},
    "follow-up": {"engagement": "engaged"},
    "scene-safety": {"safety_advice": "Approach without sirens; a dog is in the yard."},
}


@pytest.mark.parametrize(
    "purposes",
    [("outcome-feedback",), ("follow-up",), ("scene-safety",), ("outcome-feedback", "scene-safety"), tuple(ITEMS)],
)
async def test_p21_each_item_of_the_closed_list_is_decided_by_itself(
    world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock, purposes: tuple[str, ...]
) -> None:
    httpx_mock.add_response(method="POST", url="http://127.0.0.1:8101/fhir/$process-message")
    await world.take_in("cedar-app", consented_to(world, *purposes))
    await world.deliver()
    await decide(world, "in-progress", businessStatus={"text": "in-progress"}, output=[ADVICE], note=[{"text": "more"}])
    answer = await ask(world, serve, auth("riverton-cad"))
    assert answer.json() == {"outcomes": [said for purpose, said in ITEMS.items() if purpose in purposes]}
    given = [one.purpose for one in world.disclosures() if one.recipient == "riverton-pd"]
    assert given == [purpose for purpose in ITEMS if purpose in purposes]
    assert (await ask(world, serve, auth("lakemont-cad"))).content == NOTHING


async def test_p21_no_other_purpose_tells_an_agency_anything(
    world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock
) -> None:
    """Not an investigation, not proceedings, not treatment: the list of items is closed."""
    httpx_mock.add_response(method="POST", url="http://127.0.0.1:8101/fhir/$process-message")
    await world.take_in("cedar-app", consented_to(world, "investigation", "custody-care", "TREAT"))
    await world.deliver()
    await decide(world, "in-progress", businessStatus={"text": "in-progress"}, output=[ADVICE])
    assert (await ask(world, serve, auth("riverton-cad"))).content == NOTHING
    assert [one for one in world.disclosures() if one.recipient == "riverton-pd"] == []


def counted(real: Callable[..., Any], way: str, done: list[str]) -> Callable[..., Any]:
    def work(*args: Any, **named: Any) -> Any:
        done.append(way)
        return real(*args, **named)

    return work


async def test_p21_what_is_not_told_costs_what_is_not_there_costs(
    world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same number of looks and of commits, so that nobody learns from a clock what no byte says."""
    httpx_mock.add_response(method="POST", url="http://127.0.0.1:8101/fhir/$process-message")
    await world.take_in("cedar-app", without_authorization(world))
    await world.deliver()
    await decide(world, "in-progress", businessStatus={"text": "in-progress"}, output=[ADVICE])
    cost: dict[str, list[str]] = {}
    for incident in (INCIDENT, "RV26-000000"):
        done = cost[incident] = []
        with monkeypatch.context() as watched:
            for way in ("read", "write"):
                watched.setattr(type(world.store), way, counted(getattr(type(world.store), way), way, done))
            assert (await ask(world, serve, auth("riverton-cad"), incident)).content == NOTHING
    assert cost[INCIDENT] == cost["RV26-000000"]
    assert cost[INCIDENT].count("write") == 1


async def test_p21_who_did_not_come_is_not_engaged_and_who_is_expected_is_nothing_yet(
    world: World, serve: Serve, auth: Auth, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(method="POST", url="http://127.0.0.1:8101/fhir/$process-message")
    await world.take_in("cedar-app", consented_to(world, "follow-up"))
    await world.deliver()
    await decide(world, "accepted", businessStatus={"text": "scheduled"})
    assert (await ask(world, serve, auth("riverton-cad"))).content == NOTHING
    await decide(world, "accepted", businessStatus={"text": "no-show"})
    assert (await ask(world, serve, auth("riverton-cad"))).json() == {"outcomes": [{"engagement": "not-engaged"}]}


@pytest.mark.parametrize("adapter", ["fhir-message", "fhir-rest", "hl7v2"])
def test_p21_no_destination_is_of_law_enforcement(build: Any, adapter: str) -> None:
    """Nothing is written into CAD: there is nowhere to write it to."""

    def to_the_police(document: dict[str, Any]) -> None:
        found = next(one for one in document["destination"] if one["adapter"] == adapter)
        found["organization"] = "riverton-pd"

    with pytest.raises(SettingsError, match="law enforcement"):
        build(to_the_police)
