"""From a lane to a receipt: the same bytes again, disclosures that tell the truth, refusals by policy, crashes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub import pipeline
from hub.loop import sending
from hub.store import claims, disclosures, lanes
from mappings.hl7v2.codec import parse

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"
SUNRISE = "http://127.0.0.1:8103/fhir"


def states(world: World) -> list[str]:
    return [d.state for d in world.disclosures()]


async def test_a_receipt_is_not_an_acceptance(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    assert (referral.status, referral.business_status, referral.answered_at) == ("requested", "delivered", None)
    task = world.task(referral.task_id)
    assert task["status"] == "requested"
    assert task["businessStatus"]["text"] == "delivered"
    (request,) = httpx_mock.get_requests()
    assert request.headers["authorization"] == "Bearer token-of-lakeshore"
    sealed = orjson.loads(request.content)
    # what the center's MessageHeader.response.identifier will say
    assert (sealed["type"], sealed["entry"][0]["resource"]["id"]) == ("message", referral.control_id)
    (delivery,) = world.deliveries()
    (attempt,) = world.attempts(delivery.id)
    assert (delivery.state, attempt.outcome, attempt.code, attempt.error) == ("done", "done", "200", None)
    assert states(world) == ["sent"]
    assert world.trace(delivery.message_id)[-2:] == [("deliver", "sent"), ("record", "sent")]


async def test_after_a_timeout_the_same_bytes_go_again(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("x"))
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.deliver()
    (first,) = world.disclosures()
    assert first.state == "unknown"  # it may have arrived: it counts as made
    assert [r.business_status for r in world.referrals()] == ["new"]
    await world.deliver()
    assert len(httpx_mock.get_requests()) == 1  # not before its time
    httpx_mock.add_response(method="POST", url=MESSAGE)
    world.time.forward(60)
    await world.deliver()
    one, two = httpx_mock.get_requests()
    assert one.content == two.content
    assert states(world) == ["unknown", "sent"]
    (delivery,) = world.deliveries()
    assert [(a.outcome, a.error) for a in world.attempts(delivery.id)] == [("retry", "deliver.timeout"), ("done", None)]
    referral = world.referral(delivery.task_id)
    accounted = world.store.read(
        lambda tx: disclosures.accounting(tx, discloser="cedar-coresponse", patient_id=referral.patient_id)
    )
    assert len(accounted) == 2


async def test_the_disclosure_is_committed_before_the_first_byte(world: World, httpx_mock: HTTPXMock) -> None:
    seen: list[list[str]] = []

    def look(request: httpx.Request) -> httpx.Response:
        seen.append(states(world))
        return httpx.Response(200)

    httpx_mock.add_callback(look, url=MESSAGE)
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.deliver()
    assert seen == [["intended"]]
    assert states(world) == ["sent"]


async def test_no_connection_is_no_disclosure_and_rings_after_three(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ConnectError("x"), is_reusable=True)
    await world.take_in("cedar-app", world.form("story-1-contact"))
    for tries in (1, 2, 3, 4):
        await world.deliver()
        assert states(world) == ["not-sent"] * tries
        assert len(world.alarms()) == (1 if tries >= 3 else 0)
        world.time.forward(600)
    (alarm,) = world.alarms()
    assert (alarm.kind, alarm.owner, alarm.repeats) == ("undelivered", "intake coordinator, Lakeshore", 0)


async def test_delivery_clears_the_alarm_and_later_trouble_rings_anew(world: World, httpx_mock: HTTPXMock) -> None:
    await world.take_in("cedar-app", world.form("story-1-contact"))
    for _ in range(3):
        httpx_mock.add_response(status_code=503)
        await world.deliver()
        world.time.forward(600)
    assert len(world.alarms()) == 1
    httpx_mock.add_response(status_code=200)
    await world.deliver()
    assert world.alarms() == []
    update = world.form("story-1-contact")
    update["contacts"][0]["follow_up"] = "Call in the evening."
    await world.take_in("cedar-app", update)
    for _ in range(3):
        httpx_mock.add_response(status_code=503)
        await world.deliver()
        world.time.forward(600)
    assert len(world.alarms()) == 1


async def test_retry_after_is_kept_to(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(status_code=429, headers={"retry-after": "1000"})
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.deliver()
    world.time.forward(999)
    await world.deliver()
    assert len(httpx_mock.get_requests()) == 1
    httpx_mock.add_response(status_code=200)
    world.time.forward(2)
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["done"]


@pytest.mark.parametrize(
    ("status", "body", "rule"),
    [
        (400, b"", "deliver.refused"),
        (
            200,
            b'{"resourceType":"Bundle","entry":[{"resource":'
            b'{"resourceType":"MessageHeader","response":{"code":"fatal-error"}}}]}',
            "deliver.fatal-error",
        ),
    ],
)
async def test_skip_and_park_lets_the_next_pass(
    world: World, httpx_mock: HTTPXMock, status: int, body: bytes, rule: str
) -> None:
    httpx_mock.add_response(status_code=status, content=body)
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.deliver()
    (parked,) = world.deliveries()
    assert (parked.state, parked.last_error) == ("parked", rule)
    (alarm,) = world.alarms()
    assert (alarm.kind, alarm.subject_id) == ("parked", parked.task_id)
    assert states(world) == ["not-sent"]
    httpx_mock.add_response(status_code=200)
    update = world.form("story-1-contact")
    update["contacts"][0]["follow_up"] = "Call in the evening."
    await world.take_in("cedar-app", update)
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["parked", "done"]


async def test_block_lane_keeps_order_until_a_person_acts(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lambda d: d["destination"][0].update(on_failure="block-lane"))
    httpx_mock.add_response(status_code=422)
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.deliver()
    update = world.form("story-1-contact")
    update["contacts"][0]["follow_up"] = "Call in the evening."
    await world.take_in("cedar-app", update)
    world.time.forward(86_400)
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["ready", "ready"]
    assert [a.kind for a in world.alarms()] == ["undelivered"]
    assert len(httpx_mock.get_requests()) == 1
    httpx_mock.add_response(status_code=200, is_reusable=True)
    (lane,) = world.store.read(lanes.listed)
    assert lane.blocked == "deliver.refused"
    world.store.write(lambda tx: lanes.unblock(tx, lane.id))
    await world.deliver()
    # the first had grown old while it stood: the center gets the referral once, as it is now
    assert [(d.state, d.kind) for d in world.deliveries()] == [("superseded", "referral"), ("done", "referral")]
    assert len(httpx_mock.get_requests()) == 2


async def test_one_dead_destination_stops_no_other(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ConnectError("x"), url=MESSAGE)
    httpx_mock.add_callback(_transaction, url=SUNRISE)
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.take_in("cedar-app", world.form("story-3-contact"))
    await world.deliver()
    assert {d.destination: d.state for d in world.deliveries()} == {"lakeshore": "ready", "sunrise": "done"}


def _transaction(request: httpx.Request) -> httpx.Response:
    entries = orjson.loads(request.content)["entry"]
    made = [
        {"response": {"status": "201", "location": f"{e['resource']['resourceType']}/r-{n}/_history/1"}}
        for n, e in enumerate(entries)
    ]
    return httpx.Response(200, json={"resourceType": "Bundle", "type": "transaction-response", "entry": made})


async def test_fhir_rest_remembers_the_centers_own_id(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_callback(_transaction, url=SUNRISE)
    await world.take_in("cedar-app", world.form("story-3-contact"))
    await world.deliver()
    (referral,) = world.referrals()
    assert referral.remote_id.startswith("r-")
    (request,) = httpx_mock.get_requests()
    conditional = [e["request"] for e in orjson.loads(request.content)["entry"]]
    assert all("ifNoneExist" in r or r["method"] == "PUT" for r in conditional)


async def test_a_destination_no_longer_configured_blocks_its_lane(world: World, httpx_mock: HTTPXMock) -> None:
    await world.take_in("cedar-app", world.form("story-1-contact"))
    smaller = world.hub.settings.model_copy(update={"destination": world.hub.settings.destination[1:], "route": ()})
    object.__setattr__(world.hub, "settings", smaller)
    await world.deliver()
    (lane,) = world.store.read(lanes.listed)
    assert lane.blocked == "deliver.no-destination"
    assert httpx_mock.get_requests() == []


async def test_a_missing_secret_discloses_nothing_and_is_tried_again(world: World, httpx_mock: HTTPXMock) -> None:
    (world.folder / "secrets/lakeshore").unlink()
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.deliver()
    assert states(world) == ["not-sent"]
    assert httpx_mock.get_requests() == []
    (world.folder / "secrets/lakeshore").write_text("back")
    httpx_mock.add_response(status_code=200)
    world.time.forward(600)
    await world.deliver()
    assert [d.state for d in world.deliveries()] == ["done"]


async def test_a_delivery_that_breaks_the_hub_is_tried_again_and_rings(
    world: World, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    httpx_mock.add_callback(_transaction, url=SUNRISE)

    async def breaks(*given: Any, **named: Any) -> Any:
        raise ValueError("a text of the message")

    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.take_in("cedar-app", world.form("story-3-contact"))
    with monkeypatch.context() as broken:
        broken.setattr(sending.fhir_message, "send", breaks)
        for _ in range(3):
            await world.deliver()
            world.time.forward(600)
    assert {d.destination: d.state for d in world.deliveries()} == {"lakeshore": "ready", "sunrise": "done"}
    # bytes may have gone: each try counts
    assert sorted(states(world)) == ["sent", "unknown", "unknown", "unknown"]
    assert [a.kind for a in world.alarms()] == ["undelivered"]
    assert "a text of" not in capsys.readouterr().out
    httpx_mock.add_response(url=MESSAGE)
    await world.deliver()
    assert {d.state for d in world.deliveries()} == {"done"}


async def test_after_a_crash_what_was_being_sent_is_unknown(world: World, httpx_mock: HTTPXMock) -> None:
    class Killed(BaseException):
        pass

    await world.take_in("cedar-app", world.form("story-1-contact"))
    (claim,) = world.store.write(lambda tx: claims.take(tx, owner="first", lease_seconds=30, limit=1))
    httpx_mock.add_exception(httpx.ReadTimeout("x"))

    async def die(*given: Any, **named: Any) -> Any:
        raise Killed

    transmit, sending._transmit = sending._transmit, die
    try:
        with pytest.raises(Killed):
            await sending.send(world.hub, claim)
    finally:
        sending._transmit = transmit
    assert states(world) == ["intended"]
    await pipeline.recover(world.hub, "second")
    assert states(world) == ["intended"]  # for all that is known here, it is being sent
    # the lane is taken up again after its lease, with the same bytes
    await world.deliver()
    assert len(httpx_mock.get_requests()) == 0
    world.time.forward(31)
    await pipeline.recover(world.hub, "second")
    assert states(world) == ["unknown"]
    await world.deliver()
    assert states(world) == ["unknown", "unknown"]
    httpx_mock.add_response(url=MESSAGE)
    world.time.forward(600)
    await world.deliver()
    assert states(world) == ["unknown", "unknown", "sent"]
    one, two = httpx_mock.get_requests()
    assert one.content == two.content


async def test_a_lost_claim_writes_nothing_but_its_disclosure(world: World, httpx_mock: HTTPXMock) -> None:
    """The lease ran out while it was being sent: whoever has the lane now settles it."""

    def slow(request: httpx.Request) -> httpx.Response:
        world.time.forward(3600)
        return httpx.Response(200)

    httpx_mock.add_callback(slow, url=MESSAGE)
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await pipeline.deliver_waiting(world.hub, "first", 5)
    (delivery,) = world.deliveries()
    assert delivery.state == "ready"
    assert world.attempts(delivery.id) == []
    assert states(world) == ["sent"]
    assert world.referrals()[0].business_status == "new"


# ── HL7 v2 over a real socket ─────────────────────────────────────────────────────────────────────────────────────

Answer = Callable[[bytes], bytes | None]


def _header(data: bytes, kind: str) -> str:
    return f"MSH|^~\\&|northfork|NFCC|WARMHANDOFF|CEDAR|20261121213000+0000||{kind}|{_number(data)}|P|2.5.1"


def _number(data: bytes) -> str:
    return "N" + hashlib.sha256(data).hexdigest()[:12]


def ack(data: bytes, code: str = "AA") -> bytes:
    sent = parse(data).get("MSH-10")
    return f"{_header(data, 'ACK^I12^ACK')}\rMSA|{code}|{sent}\r".encode()


def rri(data: bytes, decision: str = "R^Rejected^HL70283") -> bytes:
    message = parse(data)
    rf1 = message.first("RF1")
    assert rf1 is not None
    lines = [
        _header(data, "RRI^I12^RRI_I12"),
        f"MSA|AA|{message.get('MSH-10')}",
        f"RF1|{decision}|||||{rf1.field(6)}||||",
        "NTE|1||No bed before Tuesday",
    ]
    return ("\r".join(lines) + "\r").encode()


@asynccontextmanager
async def center(answer: Answer) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A loopback MLLP server; gives its port and what it got."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frame = await reader.readuntil(b"\x1c\x0d")
        got.append(frame[1:-2])
        said = answer(got[-1])
        if said is not None:
            writer.write(b"\x0b" + said + b"\x1c\x0d")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], got


async def test_v2_goes_over_mllp_and_aa_is_a_receipt(build: Any) -> None:
    async with center(ack) as (port, got):
        world = build(NORTHFORK_MLLP=port)
        await world.take_in("cedar-app", world.form("story-2-contact"))
        await world.deliver()
    (data,) = got
    message = parse(data)
    assert message.type == "REF^I12"
    (referral,) = world.referrals()
    assert (referral.status, referral.business_status) == ("requested", "delivered")
    assert referral.control_id == message.get("MSH-10")
    assert states(world) == ["sent"]


async def test_v2_cut_before_the_acknowledgement_sends_the_same_message_again(build: Any) -> None:
    answers = iter([None, ack])
    async with center(lambda data: one(data) if (one := next(answers)) else None) as (port, got):
        world = build(NORTHFORK_MLLP=port)
        await world.take_in("cedar-app", world.form("story-2-contact"))
        await world.deliver()
        assert states(world) == ["unknown"]
        world.time.forward(600)
        await world.deliver()
    assert got[0] == got[1]
    assert states(world) == ["unknown", "sent"]


async def test_v2_ar_blocks_the_lane_as_its_policy_says(build: Any) -> None:
    async with center(lambda data: ack(data, "AR")) as (port, _):
        world = build(NORTHFORK_MLLP=port)
        await world.take_in("cedar-app", world.form("story-2-contact"))
        await world.deliver()
    (lane,) = world.store.read(lanes.listed)
    assert lane.blocked == "deliver.application-reject"
    assert [a.kind for a in world.alarms()] == ["undelivered"]
    assert states(world) == ["not-sent"]


async def test_v2_a_decision_in_the_acknowledging_message_is_taken(build: Any) -> None:
    """RRI in the place of an ACK: receipt and answer in one; neither is lost."""
    async with center(rri) as (port, _):
        world = build(NORTHFORK_MLLP=port)
        await world.take_in("cedar-app", world.form("story-2-contact"))
        await world.deliver()
    (referral,) = world.referrals()
    assert (referral.status, referral.business_status) == ("rejected", "rejected")
    assert world.task(referral.task_id)["statusReason"] == {"text": "No bed before Tuesday"}
    assert [d.state for d in world.deliveries()] == ["done"]
    assert [a.decision for a in world.answers(referral.task_id)] == ["rejected"]


async def test_v2_an_acknowledging_message_that_cannot_be_read_is_kept(build: Any) -> None:
    def junk(data: bytes) -> bytes:
        return f"{_header(data, 'ORR^O02')}\rMSA|AA|{parse(data).get('MSH-10')}\r".encode()

    async with center(junk) as (port, _):
        world = build(NORTHFORK_MLLP=port)
        await world.take_in("cedar-app", world.form("story-2-contact"))
        await world.deliver()
    assert [d.state for d in world.deliveries()] == ["done"]
    (kept,) = world.messages(source="destination:northfork")
    assert b"ORR^O02" in world.body(kept.id)
    assert [h.owner_role for h in world.holds()] == ["shift lead, Northfork"]


async def test_v2_nobody_there(build: Any) -> None:
    async with center(ack) as (port, _):
        pass
    world = build(NORTHFORK_MLLP=port)
    await world.take_in("cedar-app", world.form("story-2-contact"))
    await world.deliver()
    assert states(world) == ["not-sent"]
