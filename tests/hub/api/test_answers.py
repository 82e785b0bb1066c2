"""Answers over HTTP: only from the destination that holds the referral; a receipt is none; nothing is moved twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx2
import orjson
import pytest
import structlog
from pytest_httpx import HTTPXMock

from hub.errors import StoreError

World = Any
Serve = Callable[[World], httpx2.AsyncClient]
TASK = "https://warmhandoff.org/fhir/sid/task"
EVENTS = "https://warmhandoff.org/fhir/CodeSystem/message-event"


def two_centers(document: dict[str, Any]) -> None:
    """Northfork and Sunrise may answer over HTTP too."""
    for section in document["destination"][1:]:
        digest = hashlib.sha256(f"answers-of-{section['id']}".encode()).hexdigest()
        section["answer_token"] = {"sha256": digest}


APPOINTMENT = {
    "resourceType": "Appointment",
    "status": "booked",
    "start": "2026-11-23T09:00:00-07:00",
    "end": "2026-11-23T10:00:00-07:00",
    "participant": [{"actor": {"display": "Lakeshore"}, "status": "accepted"}],
}

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
    header = {
        "resourceType": "MessageHeader",
        "id": number,
        "eventCoding": {"system": EVENTS, "code": "referral-response"},
        "source": {"endpoint": "https://ehr.example.org/fhir"},
    }
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
        bundle["entry"].append({"resource": APPOINTMENT})
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


ODD_PARTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"identifier": 5}, ["Task.identifier"]),
    ({"identifier": "x"}, ["Task.identifier"]),
    ({"identifier": [5, {"value": 5}]}, ["Task.identifier[0]", "Task.identifier[1].value"]),
    ({"basedOn": 5, "focus": [5]}, ["Task.basedOn", "Task.focus"]),
    ({"statusReason": 5, "businessStatus": "x"}, ["Task.businessStatus", "Task.statusReason"]),
    ({"statusReason": {"text": {"a": 1}}}, ["Task.statusReason.text"]),
    ({"businessStatus": {"coding": [{"code": 5}]}}, ["Task.businessStatus.coding[0].code"]),
    ({"output": 5}, ["Task.output"]),
    ({"output": [{"type": {"text": "appointment"}}]}, ["Task.output[0]"]),
    ({"output": [{"type": {"text": "appointment"}, "valueDateTime": "tomorrow"}]}, ["Task.output[0].valueDateTime"]),
    ({"lastModified": "2026-11-21T10:00:00"}, ["Task.lastModified"]),
    ({"id": "Quorrimex Ada"}, ["Task.id"]),
    ({"meta": "x"}, ["Task.meta"]),
    ({"quorrimex": 1}, ["Task"]),
    ({"extension": [{"url": "x", "valueQuorrimex": 1}]}, ["Task.extension[0]"]),
    ({"contained": [{"resourceType": "Quorrimex"}]}, ["Task"]),
    ({"intent": None, "status": None}, ["Task.intent", "Task.status"]),
    ({"status": ""}, ["Task.status"]),
]


def expressions(answer: httpx2.Response) -> list[str]:
    """The places that an OperationOutcome names."""
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return [place for issue in outcome["issue"] for place in issue["expression"]]


@pytest.mark.parametrize(("odd", "places"), ODD_PARTS, ids=lambda value: json.dumps(value)[:60])
async def test_what_is_not_fhir_is_refused_with_each_place_and_kept(
    world: World, serve: Serve, httpx_mock: HTTPXMock, odd: dict[str, Any], places: list[str]
) -> None:
    referral = await world.delivered(httpx_mock)
    body = orjson.dumps(task(referral.task_id) | odd)
    async with serve(world) as client:
        with structlog.testing.capture_logs() as logged:
            answer = await put(client, referral.task_id, body)
            again = await put(client, referral.task_id, body)
    assert (answer.status_code, set(rules(answer))) == (422, {"receive.not-fhir"})
    assert [p.removesuffix(".root") for p in expressions(answer)] == places
    assert again.content == answer.content
    assert {issue["code"] for issue in answer.json()["issue"]} == {"structure"}
    assert world.referral(referral.task_id).status == "requested"
    assert world.answers(referral.task_id) == []
    (kept,) = world.messages(source="destination:lakeshore")
    assert (world.body(kept.id), kept.custody) == (body, "lakeshore-cmhc")
    (hold,) = world.holds()
    assert (hold.reason, hold.owner_role) == ("receive.not-fhir", "intake coordinator, Lakeshore")
    unreadable = [line for line in logged if line["event"] == "answer.unreadable"]
    assert [(line["rule"], line["places"]) for line in unreadable] == [("receive.not-fhir", len(places))] * 2
    assert "uorrimex" not in answer.text
    assert "uorrimex" not in str(logged)


async def test_each_place_of_a_message_is_named(world: World, serve: Serve, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    bundle = message(task(referral.task_id) | {"lastModified": "yesterday"})
    del bundle["entry"][0]["resource"]["source"]
    bundle["entry"].append({"resource": {k: v for k, v in APPOINTMENT.items() if k != "participant"}})
    bundle["entry"].append({"fullUrl": 5, "resource": APPOINTMENT})
    async with serve(world) as client:
        answer = await post(client, bundle)
    assert (answer.status_code, set(rules(answer))) == (422, {"receive.not-fhir"})
    assert expressions(answer) == [
        "Bundle.entry[0].resource.source",
        "Bundle.entry[1].resource.lastModified",
        "Bundle.entry[2].resource.participant",
        "Bundle.entry[3].fullUrl",
    ]
    (kept,) = world.messages(source="destination:lakeshore")
    assert world.body(kept.id) == orjson.dumps(bundle)


@pytest.mark.parametrize("depth", [40, 200, 500, 2000])
async def test_depth_is_no_way_to_break_the_hub(world: World, serve: Serve, httpx_mock: HTTPXMock, depth: int) -> None:
    referral = await world.delivered(httpx_mock)
    deep = b'{"url": "u", "extension": [' * depth + b"]}" * depth
    body = b'{"resourceType": "Task", "status": "accepted", "intent": "order", "extension": [' + deep + b"]}"
    async with serve(world) as client:
        answer = await put(client, referral.task_id, body)
    assert answer.status_code == (200 if depth == 40 else 422)
    assert [world.body(m.id) for m in world.messages(source="destination:lakeshore")] == ([body] if depth > 40 else [])


async def test_a_whole_r4_task_is_taken(world: World, serve: Serve, httpx_mock: HTTPXMock) -> None:
    """Elements that a center may well set, extensions and primitive extensions among them."""
    referral = await world.delivered(httpx_mock)
    whole = task(
        referral.task_id,
        meta={"versionId": "2", "lastUpdated": "2026-11-21T21:30:00.123Z", "profile": ["http://example.org/p"]},
        text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">accepted</div>'},
        contained=[{"resourceType": "Practitioner", "id": "p"}],
        extension=[{"url": "http://example.org/e", "valueString": "x"}],
        owner={"reference": "#p"},
        authoredOn="2026-11-21",
        _authoredOn={"extension": [{"url": "http://example.org/e", "valueCode": "x"}]},
        executionPeriod={"start": "2026-11-22T09:00:00-07:00"},
        note=[{"text": "glad to", "time": "2026-11-21T21:00:00Z"}],
        restriction={"repetitions": 1},
    )
    async with serve(world) as client:
        assert (await put(client, referral.task_id, whole)).status_code == 200
    assert world.referral(referral.task_id).status == "accepted"


@pytest.mark.parametrize(
    ("bundle", "rule"),
    [
        ({"resourceType": "Bundle", "type": "transaction"}, "receive.not-message"),
        ({"resourceType": "Task"}, "receive.not-message"),
        ({"resourceType": "Bundle", "type": "message"}, "receive.no-task"),
        ({"resourceType": "Bundle", "type": "message", "entry": 5}, "receive.not-fhir"),
        ({"resourceType": "Bundle", "type": "message", "entry": [5, {}, {"resource": 5}]}, "receive.not-fhir"),
        ({"resourceType": "Bundle", "type": 5}, "receive.not-fhir"),
        ({"resourceType": "Bundle", "type": "message", "entry": [{"resource": task("t")}] * 2}, "receive.no-task"),
    ],
)
async def test_messages_that_answer_nothing(world: World, serve: Serve, bundle: dict[str, Any], rule: str) -> None:
    async with serve(world) as client:
        answer = await post(client, bundle)
    assert (answer.status_code, set(rules(answer))) == (422, {rule})


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
