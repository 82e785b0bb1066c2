"""Answers that do not come over our API: HL7 v2 over MLLP, and Tasks that are asked for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import structlog
from pytest_httpx import HTTPXMock

from hub import pipeline
from hub.delivery.hl7v2 import Acknowledged
from hub.loop import foreign, sending
from mappings.hl7v2.codec import parse

World = Any
SUNRISE = "http://127.0.0.1:8103/fhir"
TASK = "https://warmhandoff.org/fhir/sid/task"

# ── HL7 v2 ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def sent(world: World, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A referral that Northfork has acknowledged; the REF^I12 that it got."""
    got: list[bytes] = []

    async def send(address: str, payload: bytes, **named: Any) -> Acknowledged:
        got.append(payload)
        number = parse(payload).get("MSH-10")
        assert number is not None
        return Acknowledged(code="AA", control_id=number)

    monkeypatch.setattr(sending.hl7v2, "send", send)
    await world.take_in("cedar-app", world.form("story-2-contact"))
    await world.deliver()
    return got[0]


def said(kind: str, *segments: str, number: str = "N1", who: str = "northfork|NFCC") -> bytes:
    head = f"MSH|^~\\&|{who}|WARMHANDOFF|CEDAR|20261121150000-0600||{kind}|{number}|P|2.5.1"
    return "\r".join((head, *segments, "")).encode()


def rf1(ref: bytes, status: str) -> str:
    segment = parse(ref).first("RF1")
    assert segment is not None
    return f"RF1|{status}|||||{segment.field(6)}"


async def receive(world: World, data: bytes) -> bytes | None:
    """The one answer to a message, or None."""
    answers = await pipeline.receive_v2(world.hub, data, pipeline.Came())
    assert len(answers) <= 1
    return answers[0] if answers else None


def code(answer: bytes | None) -> str | None:
    assert answer is not None
    return parse(answer).get("MSA-1")


async def test_rri_moves_the_task_and_is_stored_before_it_is_acknowledged(world: World, sent: bytes) -> None:
    data = said("RRI^I12^RRI_I12", rf1(sent, "A^Accepted^HL70283"), "NTE|1||Come at nine")
    assert code(await receive(world, data)) == "AA"
    (referral,) = world.referrals()
    assert (referral.status, referral.answered_at) == ("accepted", world.time())
    assert len(world.answers(referral.task_id)) == 1
    # again: acknowledged again, nothing changes
    assert code(await receive(world, data)) == "AA"
    assert len(world.answers(referral.task_id)) == 1


async def test_siu_schedules_without_accepting(world: World, sent: bytes) -> None:
    segment = parse(sent).first("RF1")
    assert segment is not None
    sch = f"SCH|{segment.field(6)}|A-7^NFCC|||||||||^^^20261123090000-0600^20261123100000-0600"
    assert code(await receive(world, said("SIU^S12^SIU_S12", sch))) == "AA"
    (referral,) = world.referrals()
    assert (referral.status, referral.business_status, referral.answered_at) == ("requested", "scheduled", None)
    assert world.task(referral.task_id)["output"][0]["valueDateTime"].startswith("2026-11-23T09:00:00")


async def test_a_reference_to_our_control_id_is_enough(world: World, sent: bytes) -> None:
    data = said("RRI^I12^RRI_I12", f"MSA|AA|{parse(sent).get('MSH-10')}", "RF1|R|||||unknown-number")
    assert code(await receive(world, data)) == "AA"
    assert [r.status for r in world.referrals()] == ["rejected"]


@pytest.mark.parametrize("who", ["other|NFCC", "northfork|OTHER", "|", "lakeshore|LS"])
async def test_a_peer_that_is_not_configured_gets_ar_and_moves_nothing(world: World, sent: bytes, who: str) -> None:
    data = said("RRI^I12^RRI_I12", rf1(sent, "A"), who=who)
    assert code(await receive(world, data)) == "AR"
    assert [r.status for r in world.referrals()] == ["requested"]


async def test_a_destination_without_a_name_answers_for_nobody(build: Any) -> None:
    def unnamed(document: dict[str, Any]) -> None:
        for key in ("receiving_application", "receiving_facility"):
            del document["destination"][1]["partner"][key]

    world = build(unnamed)
    assert code(await receive(world, said("RRI^I12", "RF1|A|||||x", who="|"))) == "AR"


async def test_a_contradiction_is_refused_and_rings(world: World, sent: bytes) -> None:
    await receive(world, said("RRI^I12^RRI_I12", rf1(sent, "R"), number="N1"))
    answer = await receive(world, said("RRI^I12^RRI_I12", rf1(sent, "A"), number="N2"))
    assert code(answer) == "AR"
    assert [r.status for r in world.referrals()] == ["rejected"]
    assert len(world.holds()) == len(world.alarms()) == 1


async def test_other_bytes_under_a_known_number_are_refused_and_kept(world: World, sent: bytes) -> None:
    await receive(world, said("RRI^I12^RRI_I12", rf1(sent, "A"), number="N1"))
    other = said("RRI^I12^RRI_I12", rf1(sent, "R"), number="N1")
    assert code(await receive(world, other)) == "AR"
    assert [r.status for r in world.referrals()] == ["accepted"]
    (kept,) = world.messages(source="destination:northfork")
    assert world.body(kept.id) == other


@pytest.mark.parametrize(
    "data",
    [said("ADT^A04", "PID|1"), said("RRI^I12"), said("RRI^I12", "RF1|A")],
    ids=["another type", "no RF1", "no referral"],
)
async def test_what_is_no_answer_is_kept_and_rings(world: World, sent: bytes, data: bytes) -> None:
    assert code(await receive(world, data)) == "AR"
    (kept,) = world.messages(source="destination:northfork")
    assert world.body(kept.id) == data
    assert [h.owner_role for h in world.holds()] == ["shift lead, Northfork"]


@pytest.mark.parametrize("data", [b"", b"junk", b"MSH", b"\xff\xfe\x00", b"MSH|^~\\&"])
async def test_bytes_that_are_no_message(world: World, data: bytes) -> None:
    answer = await receive(world, data)
    assert answer is None or code(answer) in ("AR", "AE")


# ── polling ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def asked(world: World, httpx_mock: HTTPXMock) -> Any:
    """A referral that Sunrise has as its Task r-1."""
    httpx_mock.add_response(method="POST", url=SUNRISE, json={})
    found = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Task", "id": "r-1"}}]}
    httpx_mock.add_response(method="GET", json=found)
    await world.take_in("cedar-app", world.form("story-3-contact"))
    await world.deliver()
    (referral,) = world.referrals()
    assert referral.remote_id == "r-1"
    return referral


def theirs(httpx_mock: HTTPXMock, status: str, **more: Any) -> None:
    body = {"resourceType": "Task", "id": "r-1", "intent": "order", "status": status} | more
    httpx_mock.add_response(method="GET", url=f"{SUNRISE}/Task/r-1", json=body)


async def test_polling_takes_a_decision_and_asks_no_more(world: World, asked: Any, httpx_mock: HTTPXMock) -> None:
    theirs(httpx_mock, "received")
    await pipeline.poll(world.hub)
    assert world.referral(asked.task_id).status == "requested"
    await pipeline.poll(world.hub)  # not before its turn
    world.time.forward(1)
    theirs(httpx_mock, "accepted")
    await pipeline.poll(world.hub)
    assert world.referral(asked.task_id).status == "accepted"
    world.time.forward(1)
    theirs(httpx_mock, "completed", meta={"versionId": "3"})
    await pipeline.poll(world.hub)
    assert world.referral(asked.task_id).status == "completed"
    count = len(httpx_mock.get_requests())
    world.time.forward(1)
    await pipeline.poll(world.hub)
    assert len(httpx_mock.get_requests()) == count
    assert httpx_mock.get_requests()[-1].headers["authorization"] == "Bearer token-of-sunrise"


async def test_a_polled_task_moves_only_its_own_referral(world: World, asked: Any, httpx_mock: HTTPXMock) -> None:
    other = {"identifier": [{"system": TASK, "value": "some-other"}]}
    theirs(httpx_mock, "accepted", **other)
    await pipeline.poll(world.hub)
    assert world.referral(asked.task_id).status == "accepted"


@pytest.mark.parametrize("answer", [{"status_code": 404}, {"status_code": 500}, {"content": b"<html/>"}])
async def test_polling_that_fails_moves_nothing(
    world: World, asked: Any, httpx_mock: HTTPXMock, answer: dict[str, Any]
) -> None:
    httpx_mock.add_response(method="GET", url=f"{SUNRISE}/Task/r-1", **answer)
    await pipeline.poll(world.hub)
    assert world.referral(asked.task_id).status == "requested"


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        ("banana", "receive.status"),
        (5, "receive.not-fhir"),
        (None, "receive.not-fhir"),
        ({"a": 1}, "receive.not-fhir"),
    ],
)
async def test_a_polled_task_of_no_known_status(
    world: World, asked: Any, httpx_mock: HTTPXMock, status: Any, rule: str
) -> None:
    theirs(httpx_mock, status)
    await pipeline.poll(world.hub)
    assert world.referral(asked.task_id).status == "requested"
    assert [h.reason for h in world.holds()] == [rule]


async def test_a_polled_task_that_is_not_fhir_is_kept_once_and_read_once(
    world: World, asked: Any, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    real = foreign.check

    def check(document: dict[str, Any]) -> None:
        read.append(document)
        real(document)

    monkeypatch.setattr(foreign, "check", check)
    raw = b'{"resourceType":"Task", "id":"r-1", "status":"accepted", "lastModified":"Quorrimex", "quorrimex":[1]}'
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            httpx_mock.add_response(method="GET", url=f"{SUNRISE}/Task/r-1", content=raw)
            await pipeline.poll(world.hub)
            world.time.forward(1)
    assert world.referral(asked.task_id).status == "requested"
    (kept,) = world.messages(source="destination:sunrise")
    assert (world.body(kept.id), kept.custody) == (raw, "sunrise-recovery")
    (hold,) = world.holds()
    assert hold.reason == "receive.not-fhir"
    assert [(a.kind, a.subject_id) for a in world.alarms()] == [("held", str(hold.id))]
    assert len(read) == 1
    (line,) = [one for one in logged if one["event"] == "poll.unreadable"]
    assert (line["rule"], line["places"]) == ("receive.not-fhir", 2)
    assert "uorrimex" not in str(logged)
    # after a new start it is read once more, and kept and rung about no more
    world.hub.polled.clear()
    httpx_mock.add_response(method="GET", url=f"{SUNRISE}/Task/r-1", content=raw)
    await pipeline.poll(world.hub)
    assert len(world.messages(source="destination:sunrise")) == len(world.holds()) == len(world.alarms()) == 1
    # mended, it counts
    world.time.forward(1)
    theirs(httpx_mock, "accepted")
    await pipeline.poll(world.hub)
    assert world.referral(asked.task_id).status == "accepted"


@pytest.mark.parametrize(
    "bad",
    [
        b'{"resourceType": "Task", "id": "r-1", "status": "accepted", "output": 5}',
        b'{"resourceType": "Task", "id": "r-1", "status": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}",
        b"<html/>",
    ],
    ids=["not R4", "deep", "not JSON"],
)
async def test_after_a_bad_task_the_next_one_is_read(world: World, httpx_mock: HTTPXMock, bad: bytes) -> None:
    for number in ("r-1", "r-2"):
        httpx_mock.add_response(method="POST", url=SUNRISE, json={})
        found = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Task", "id": number}}]}
        httpx_mock.add_response(method="GET", json=found)
        form = world.form("story-3-contact")
        form["number"] += number
        form["contacts"][0]["referrals"][0]["number"] += number
        await world.take_in("cedar-app", form)
        await world.deliver()
    assert {r.remote_id for r in world.referrals()} == {"r-1", "r-2"}
    httpx_mock.add_response(method="GET", url=f"{SUNRISE}/Task/r-1", content=bad)
    good = {"resourceType": "Task", "id": "r-2", "intent": "order", "status": "rejected"}
    httpx_mock.add_response(method="GET", url=f"{SUNRISE}/Task/r-2", json=good)
    await pipeline.poll(world.hub)
    assert {r.remote_id: r.status for r in world.referrals()} == {"r-1": "requested", "r-2": "rejected"}


async def test_a_closed_referral_is_forgotten_by_the_poll(world: World, asked: Any, httpx_mock: HTTPXMock) -> None:
    theirs(httpx_mock, "completed")
    await pipeline.poll(world.hub)
    assert set(world.hub.polled["sunrise"]) == {asked.task_id}
    world.time.forward(1)
    await pipeline.poll(world.hub)
    assert world.hub.polled == {"sunrise": {}}


async def test_polled_once_more_after_a_failure(world: World, asked: Any, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", url=f"{SUNRISE}/Task/r-1", status_code=503)
    await pipeline.poll(world.hub)
    world.time.forward(1)
    theirs(httpx_mock, "rejected", statusReason={"text": "full"})
    await pipeline.poll(world.hub)
    assert world.referral(asked.task_id).status == "rejected"
    (kept,) = world.answers(asked.task_id)
    assert orjson.loads(world.store.read(lambda tx: _body(tx, kept.id)))["status"] == "rejected"


def _body(tx: Any, number: int) -> bytes:
    from hub.store import answers

    return answers.body(tx, number)
