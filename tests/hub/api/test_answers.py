"""Answers over HTTP: only from the destination that holds the referral; a receipt is none; nothing is moved twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx2
import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub.errors import StoreError

World = Any
Serve = Callable[[World], httpx2.AsyncClient]
TASK = "https://warmhandoff.org/fhir/sid/task"


def two_centers(document: dict[str, Any]) -> None:
    """Northfork and Sunrise may answer over HTTP too."""
    for section in document["destination"][1:]:
        digest = hashlib.sha256(f"answers-of-{section['id']}".encode()).hexdigest()
        section["answer_token"] = {"sha256": digest}


HEADERS = {
    "lakeshore": {"authorization": "Bearer token-of-lakeshore-answers"},
    "northfork": {"authorization": "Bearer answers-of-northfork"},
}


@pytest.fixture
def world(build: Any) -> World:
    return build(two_centers)


def task(task_id: str, status: str = "accepted", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "id": "their-1",
        "identifier": [{"system": TASK, "value": task_id}],
        "status": status,
        "intent": "order",
    } | more


def message(resource: dict[str, Any], number: str = "m-1", **more: Any) -> dict[str, Any]:
    header = {"resourceType": "MessageHeader", "id": number}
    entries = [{"resource": header}, {"resource": resource}]
    return {"resourceType": "Bundle", "id": number, "type": "message", "entry": entries} | more


async def put(client: httpx2.AsyncClient, url_task: str, body: Any, who: str = "lakeshore") -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await client.put(f"/fhir/Task/{url_task}", content=content, headers=HEADERS.get(who, {}))


async def post(client: httpx2.AsyncClient, body: Any, who: str = "lakeshore") -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await client.post("/answers/message", content=content, headers=HEADERS.get(who, {}))


def rules(answer: httpx2.Response) -> list[str]:
    return [c["code"] for issue in answer.json()["issue"] for c in issue["details"]["coding"]]


async def test_a_message_moves_the_task(world: World, serve: Serve, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        answer = await post(client, message(task(referral.task_id)))
        assert (answer.status_code, rules(answer)) == (200, ["answer.taken"])
        found = world.referral(referral.task_id)
        assert (found.status, found.business_status, found.answered_at) == ("accepted", "accepted", world.time())
        assert found.remote_id == "their-1"
        # later, the appointment, by their own number only
        later = task("", "accepted", identifier=[], id="their-1")
        bundle = message(later, "m-2")
        bundle["entry"].append({"resource": {"resourceType": "Appointment", "start": "2026-11-23T09:00:00-07:00"}})
        bundle["entry"][0]["resource"]["response"] = {"identifier": referral.control_id, "code": "ok"}
        assert (await post(client, bundle)).status_code == 200
    assert world.referral(referral.task_id).business_status == "scheduled"
    moved = world.task(referral.task_id)
    assert moved["output"] == [{"type": {"text": "appointment"}, "valueDateTime": "2026-11-23T09:00:00-07:00"}]
    assert moved["status"] == "accepted"
    assert [s for s in world.trace(referral.message_id) if s[0] == "answer"] == [("answer", "accepted")] * 2


async def test_a_task_written_here_moves_the_task(world: World, serve: Serve, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        reason = {"statusReason": {"text": "No evening group"}}
        answer = await put(client, referral.task_id, task(referral.task_id, "rejected", **reason))
    assert answer.status_code == 200
    found = world.referral(referral.task_id)
    assert (found.status, found.closed_at) == ("rejected", world.time())
    assert world.task(referral.task_id)["statusReason"] == {"text": "No evening group"}


async def test_the_centers_words_are_sealed_in_its_own_custody(
    world: World, serve: Serve, httpx_mock: HTTPXMock
) -> None:
    from hub.store import documents

    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        await put(client, referral.task_id, task(referral.task_id, "rejected"))
    found = world.store.read(lambda tx: documents.current(tx, "Task", referral.task_id))
    assert (found.custody, found.origin) == ("lakeshore-cmhc", "lakeshore-cmhc")
    (kept,) = world.answers(referral.task_id)
    assert kept.custody == "lakeshore-cmhc"


@pytest.mark.parametrize("status", ["requested", "received", "ready", "draft"])
async def test_word_without_a_decision_moves_nothing(
    world: World, serve: Serve, httpx_mock: HTTPXMock, status: str
) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        assert (await put(client, referral.task_id, task(referral.task_id, status))).status_code == 200
    found = world.referral(referral.task_id)
    assert (found.status, found.answered_at) == ("requested", None)
    assert [a.decision for a in world.answers(referral.task_id)] == ["pending"]


async def test_another_centers_referral_and_none_at_all_are_the_same_404(
    world: World, serve: Serve, httpx_mock: HTTPXMock
) -> None:
    referral = await world.delivered(httpx_mock)
    nobody = "00000000-0000-8000-8000-000000000000"
    async with serve(world) as client:
        answers = [
            await put(client, referral.task_id, task(referral.task_id), "northfork"),
            await put(client, nobody, task(nobody), "northfork"),
            await put(client, nobody, task(referral.task_id), "northfork"),
            await post(client, message(task(referral.task_id)), "northfork"),
            await post(client, message(task(nobody)), "northfork"),
            await put(client, nobody, task(nobody), "lakeshore"),
            await put(client, "%C2%B2", task(nobody), "lakeshore"),
        ]
        # by its control id, or with other statuses, too
        bundle = message(task(nobody), "m-9")
        bundle["entry"][0]["resource"]["response"] = {"identifier": referral.control_id, "code": "ok"}
        answers.append(await post(client, bundle, "northfork"))
        answers.append(await put(client, referral.task_id, task(referral.task_id, "completed"), "northfork"))
    assert {a.status_code for a in answers} == {404}
    assert len({(a.content, tuple(sorted(a.headers.multi_items()))) for a in answers}) == 1
    assert world.referral(referral.task_id).status == "requested"
    assert world.answers(referral.task_id) == []


async def test_who_is_not_known_gets_401(world: World, serve: Serve, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        for headers in ({}, {"authorization": "Bearer token-of-cedar-app"}, {"authorization": "Bearer "}):
            answer = await client.put(f"/fhir/Task/{referral.task_id}", content=b"{}", headers=headers)
            assert answer.status_code == 401
    assert world.referral(referral.task_id).status == "requested"


async def test_a_body_cannot_move_another_task_than_the_url(world: World, serve: Serve, httpx_mock: HTTPXMock) -> None:
    first = await world.delivered(httpx_mock)
    httpx_mock.add_response(method="POST", url="http://127.0.0.1:8101/fhir/$process-message")
    other = world.form("story-1-contact")
    other["number"] = "RV26-009999"
    other["contacts"][0]["referrals"][0]["number"] = "CED-2026-9999"
    await world.take_in("cedar-app", other)
    await world.deliver()
    (second,) = [r for r in world.referrals() if r.task_id != first.task_id]
    async with serve(world) as client:
        body = task(first.task_id, "rejected", id=first.task_id, basedOn=[{"identifier": {"value": first.task_id}}])
        assert (await put(client, second.task_id, body)).status_code == 200
    assert world.referral(first.task_id).status == "requested"
    assert world.referral(second.task_id).status == "rejected"
    kept = world.task(second.task_id)
    assert kept["id"] == second.task_id
    assert kept["for"] == world.task(second.task_id)["for"]


async def test_the_same_answer_again_changes_nothing(world: World, serve: Serve, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    body = message(task(referral.task_id))
    async with serve(world) as client:
        await post(client, body)
        before = (world.referral(referral.task_id), world.task(referral.task_id), world.trace(referral.message_id))
        world.time.forward(100)
        assert (await post(client, body)).status_code == 200
        written = task(referral.task_id, "in-progress")
        await put(client, referral.task_id, written)
        after = world.referral(referral.task_id)
        world.time.forward(100)
        assert (await put(client, referral.task_id, written)).status_code == 200
    assert before[0].status == "accepted"
    assert world.referral(referral.task_id) == after
    assert len(world.answers(referral.task_id)) == 2
    assert after.answered_at == before[0].answered_at


async def test_other_bytes_under_a_known_message_id_are_kept_and_ring(
    world: World, serve: Serve, httpx_mock: HTTPXMock
) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        await post(client, message(task(referral.task_id)))
        other = message(task(referral.task_id, "rejected"))
        for _ in range(3):
            answer = await post(client, other)
            assert (answer.status_code, rules(answer)) == (409, ["receive.conflict"])
    assert world.referral(referral.task_id).status == "accepted"
    (kept,) = world.messages(source="destination:lakeshore")
    assert world.body(kept.id) == orjson.dumps(other)
    assert len(world.holds()) == len(world.alarms()) == 1


@pytest.mark.parametrize("after", ["accepted", "in-progress", "completed"])
async def test_a_contradiction_after_a_final_answer_is_held_and_rings(
    world: World, serve: Serve, httpx_mock: HTTPXMock, after: str
) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        await put(client, referral.task_id, task(referral.task_id, "rejected"))
        answer = await put(client, referral.task_id, task(referral.task_id, after))
    assert (answer.status_code, rules(answer)) == (409, ["receive.move"])
    assert world.referral(referral.task_id).status == "rejected"
    (hold,) = world.holds()
    assert (hold.kind, hold.reason, hold.owner_role) == ("identity", "receive.move", "intake coordinator, Lakeshore")
    assert [(a.kind, a.subject_id) for a in world.alarms()] == [("held", str(hold.id))]
    assert len(world.answers(referral.task_id)) == 2  # what it said is kept


JUNK: list[tuple[bytes, int, str]] = [
    (b"", 400, "receive.empty"),
    (b"{", 422, "receive.not-json"),
    (b"\xff\xfe{}", 422, "receive.not-json"),
    (b"[]", 422, "receive.not-object"),
    (b'"text"', 422, "receive.not-object"),
]


@pytest.mark.parametrize(("body", "status", "rule"), JUNK)
async def test_what_is_no_answer(
    world: World, serve: Serve, httpx_mock: HTTPXMock, body: bytes, status: int, rule: str
) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        for answer in (await put(client, referral.task_id, body), await post(client, body)):
            assert (answer.status_code, rules(answer)) == (status, [rule])
    kept = world.messages(source="destination:lakeshore")
    assert [world.body(m.id) for m in kept] == ([body] if body else [])
    assert len(world.alarms()) == len(kept)
    await world.read()
    assert {m.state for m in world.messages(source="destination:lakeshore")} <= {"rejected"}
    assert world.referral(referral.task_id).status == "requested"


ODD_TASKS: list[dict[str, Any]] = [
    {"resourceType": "Patient"},
    {"resourceType": "Task"},
    {"resourceType": "Task", "status": 5},
    {"resourceType": "Task", "status": ["accepted"]},
    {"resourceType": "Task", "status": {"a": 1}},
    {"resourceType": "Task", "status": "banana"},
    {"resourceType": "Task", "status": "entered-in-error"},
]


@pytest.mark.parametrize("body", ODD_TASKS, ids=json.dumps)
async def test_odd_tasks_are_refused_and_kept(
    world: World, serve: Serve, httpx_mock: HTTPXMock, body: dict[str, Any]
) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        answer = await put(client, referral.task_id, body)
        assert answer.status_code == 422
        by_message = await post(client, message(body | {"identifier": [{"system": TASK, "value": referral.task_id}]}))
        assert by_message.status_code == 422
    assert len(world.messages(source="destination:lakeshore")) == 2
    assert world.referral(referral.task_id).status == "requested"


@pytest.mark.parametrize(
    "odd",
    [
        {"identifier": 5},
        {"identifier": "x"},
        {"identifier": {"system": TASK}},
        {"identifier": [5, None, {"value": 5}, {"system": TASK, "value": ["x"]}]},
        {"basedOn": 5, "focus": [5]},
        {"basedOn": [{"identifier": 5}]},
        {"statusReason": 5, "businessStatus": "x"},
        {"statusReason": {"text": {"a": 1}}, "businessStatus": {"coding": 5, "text": 7}},
        {"businessStatus": {"coding": [5, {"code": 5, "system": TASK}]}},
        {"output": 5},
        {"output": [5, {"type": 5}, {"type": {"text": "appointment"}}]},
        {"output": [{"type": {"text": "appointment"}, "valueDateTime": 5}]},
        {"output": [{"type": []}]},
        {"id": 5},
        {"meta": "x"},
    ],
    ids=json.dumps,
)
async def test_odd_parts_of_a_decision_do_not_lose_it(
    world: World, serve: Serve, httpx_mock: HTTPXMock, odd: dict[str, Any]
) -> None:
    referral = await world.delivered(httpx_mock)
    async with serve(world) as client:
        assert (await put(client, referral.task_id, task(referral.task_id) | odd)).status_code == 200
    assert world.referral(referral.task_id).status == "accepted"


@pytest.mark.parametrize(
    ("bundle", "rule"),
    [
        ({"resourceType": "Bundle", "type": "transaction"}, "receive.not-message"),
        ({"resourceType": "Task"}, "receive.not-message"),
        ({"resourceType": "Bundle", "type": "message"}, "receive.no-task"),
        ({"resourceType": "Bundle", "type": "message", "entry": 5}, "receive.no-task"),
        ({"resourceType": "Bundle", "type": "message", "entry": [5, {}, {"resource": 5}]}, "receive.no-task"),
        (
            {"resourceType": "Bundle", "type": "message", "entry": [{"resource": {"resourceType": "Task"}}] * 2},
            "receive.no-task",
        ),
    ],
)
async def test_messages_that_answer_nothing(world: World, serve: Serve, bundle: dict[str, Any], rule: str) -> None:
    async with serve(world) as client:
        answer = await post(client, bundle)
    assert (answer.status_code, rules(answer)) == (422, [rule])


async def test_a_task_in_a_message_that_names_no_referral(world: World, serve: Serve) -> None:
    async with serve(world) as client:
        answer = await post(client, message(task("", identifier=[])))
    assert (answer.status_code, rules(answer)) == (404, ["receive.no-referral"])


async def test_an_answer_over_the_limit(world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.api import answers

    monkeypatch.setattr(answers, "MAX_ANSWER", 10)
    async with serve(world) as client:
        answer = await post(client, b"x" * 11)
    assert (answer.status_code, rules(answer)) == (413, ["receive.too-large"])


async def test_a_full_store_says_come_again(
    world: World, serve: Serve, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    referral = await world.delivered(httpx_mock)

    async def busy(work: object) -> None:
        raise StoreError("store.busy", "the store has too much waiting", code="throttled")

    monkeypatch.setattr(world.store, "write_async", busy)
    async with serve(world) as client:
        answer = await put(client, referral.task_id, task(referral.task_id))
    assert answer.status_code == 503
