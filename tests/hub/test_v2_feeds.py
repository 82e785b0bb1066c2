"""A referral to a center by each HL7 v2 form, to the sample EHR and back: the loop an interface analyst sets up."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub import pipeline
from hub.ingest.mllp import serve
from hub.loop import sending
from hub.loop.answering import by_mllp
from hub.store import referrals
from mappings.hl7v2.codec import parse
from mappings.hl7v2.messages import control_ids, split

EHR = Path(__file__).parents[2] / "samples/ehr/ehr.py"
WAIT = 60.0
FORMS = [
    ["OMG^O19^OMG_O19"],
    ["ORM^O01^ORM_O01"],
    ["ADT^A04^ADT_A01", "MDM^T02^MDM_T02"],
    ["ADT^A28^ADT_A05", "MDM^T02^MDM_T02"],
]
CASE = "story-2-contact"


def takes(*messages: str, **partner: Any) -> Callable[[dict[str, Any]], None]:
    """Settings in which Northfork takes these messages."""

    def change(document: dict[str, Any]) -> None:
        (northfork,) = (one for one in document["destination"] if one["id"] == "northfork")
        northfork["partner"] |= {"messages": list(messages), **partner}

    return change


class Ehr:
    """The sample EHR as a process; its answers go to `hub_mllp`."""

    def __init__(self, folder: Path, hub_mllp: int, *options: str) -> None:
        command = [sys.executable, str(EHR), "--name", "northfork", "--dir", str(folder), "--mllp", "0"]
        self.process = subprocess.Popen(
            [*command, "--hub-mllp", f"127.0.0.1:{hub_mllp}", *options],
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.folder = folder

    def call(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.ready["http"], timeout=WAIT)
        connection.request(method, path, "")
        found = json.loads(connection.getresponse().read())
        connection.close()
        return found

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=WAIT)


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[Callable[..., Ehr]]:
    started: list[Ehr] = []

    def begin(hub_mllp: int, *options: str) -> Ehr:
        started.append(Ehr(tmp_path / f"ehr-{len(started)}", hub_mllp, *options))
        return started[-1]

    yield begin
    for one in started:
        one.end()


@asynccontextmanager
async def listening(receive: Any) -> AsyncIterator[int]:
    """An MLLP server on a free port, given as its number."""
    server = await serve("127.0.0.1", 0, receive)
    try:
        yield server.port
    finally:
        await server.close()


async def until(found: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT):
        while not found():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("messages", FORMS, ids=lambda one: "+".join(m[:7] for m in one))
async def test_a_referral_goes_and_its_answer_comes(
    build: Callable[..., Any], ehr: Callable[..., Ehr], messages: list[str]
) -> None:
    worlds: list[Any] = []

    async def answer(data: bytes, _: object) -> tuple[bytes, ...]:
        found = await by_mllp(worlds[0].hub, data)
        return (found,) if found else ()

    async with listening(answer) as port:
        center = ehr(port)
        world = build(takes(*messages), NORTHFORK_MLLP=center.ready["mllp"])
        worlds.append(world)
        await world.take_in("cedar-app", world.form(CASE))
        await world.deliver()
        (delivery,) = world.deliveries()
        assert delivery.state == "done"
        (seen,) = center.call("GET", "/desk")
        (referral,) = world.referrals()
        assert (seen["via"], seen["urgency"]) == ("v2", referral.urgency)
        stored = sorted(path.read_bytes() for path in (center.folder / "messages").iterdir())
        assert {parse(one).type for one in stored} == {one.rpartition("^")[0] for one in messages}
        assert len(stored) >= len(messages)
        center.call("POST", "/desk/1/accept")
        await until(lambda: world.referrals()[0].status == "accepted")
        assert world.task(referral.task_id)["status"] == "accepted"
    assert [one.state for one in world.disclosures()] == ["sent"]


class Center:
    """A center that acknowledges the first `good` messages and then cuts, or refuses with `code`."""

    def __init__(self, good: int, code: str | None = None) -> None:
        self.good, self.code = good, code
        self.got: list[bytes] = []

    async def __call__(self, data: bytes, _: object) -> tuple[bytes, ...]:
        message = parse(data)
        self.got.append(data)
        taken = len(self.got) <= self.good
        if not taken and self.code is None:
            return ()
        code = "AA" if taken else self.code
        head = f"MSH|^~\\&|E|N|H|C|20260101||ACK|A{len(self.got)}|P|2.5.1"
        return (f"{head}\rMSA|{code}|{message.control_id}\r".encode(),)


async def leg(build: Callable[..., Any], center: Center, then: Callable[[Any], Awaitable[None]]) -> None:
    async with listening(center) as port:
        world = build(
            lambda document: [
                takes("ADT^A28", "MDM^T02")(document),
                next(one for one in document["destination"] if one["id"] == "northfork").update(timeout=0.3),
            ],
            NORTHFORK_MLLP=port,
        )
        await world.take_in("cedar-app", world.form(CASE))
        await then(world)


async def test_what_was_acknowledged_is_not_sent_again(build: Callable[..., Any]) -> None:
    center = Center(good=1)

    async def then(world: Any) -> None:
        await world.deliver()
        (delivery,) = world.deliveries()
        assert (delivery.state, delivery.acknowledged) == ("ready", 1)
        # the registration is there: the disclosure counts as made
        assert [one.state for one in world.disclosures()] == ["unknown"]
        payload = world.store.read(lambda tx: deliveries_release(tx, delivery.id))
        assert center.got == list(split(payload)[:2])
        center.good = 100
        world.time.forward(600)
        await world.deliver()
        # the same bytes under the same number, and nothing of the first again
        assert center.got == [split(payload)[0], split(payload)[1], *split(payload)[1:]]
        assert [parse(one).control_id for one in center.got[2:]] == list(control_ids(payload))[1:]
        assert world.deliveries()[0].state == "done"
        assert [one.state for one in world.disclosures()] == ["unknown", "sent"]

    await leg(build, center, then)


async def test_a_kill_between_two_messages_resends_only_the_same_bytes(
    build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    center = Center(good=100)

    async def then(world: Any) -> None:
        noted = sending._noted

        class Killed(BaseException):
            pass

        async def killed(*_: Any, **__: Any) -> None:
            raise Killed

        # dies after the first acknowledgement, before it is written down
        monkeypatch.setattr(sending, "_noted", killed)
        await world.deliver()
        assert [one.state for one in world.disclosures()] == ["intended"]
        monkeypatch.setattr(sending, "_noted", noted)
        world.time.forward(3600)
        await world.deliver()
        (delivery,) = world.deliveries()
        payload = world.store.read(lambda tx: deliveries_release(tx, delivery.id))
        assert delivery.state == "done"
        assert center.got == [split(payload)[0], *split(payload)]

    await leg(build, center, then)


async def test_a_refused_document_blocks_the_lane_and_says_so(build: Callable[..., Any]) -> None:
    center = Center(good=1, code="AR")

    async def then(world: Any) -> None:
        await world.deliver()
        (delivery,) = world.deliveries()
        assert (delivery.state, delivery.last_error) == ("ready", "deliver.application-reject")
        assert [one.kind for one in world.alarms()] == ["undelivered"]
        assert [one.state for one in world.disclosures()] == ["unknown"]

    await leg(build, center, then)


async def test_an_answer_may_name_any_message_of_several(build: Callable[..., Any]) -> None:
    center = Center(good=100)

    async def then(world: Any) -> None:
        await world.deliver()
        numbers = [parse(one).control_id for one in center.got]
        assert len(numbers) > 2
        found = world.store.read(
            lambda tx: [referrals.find_by_control(tx, "northfork", number or "") for number in numbers]
        )
        (referral,) = world.referrals()
        assert [one.task_id for one in found] == [referral.task_id] * len(numbers)
        assert world.store.read(lambda tx: referrals.find_by_control(tx, "lakeshore", numbers[-1] or "")) is None
        head = "MSH|^~\\&|northfork|NFCC|HUB|HUB|20261121150000-0600||OSU^O51|L1|P|2.5.1"
        await by_mllp(world.hub, f"{head}\rMSA|AA|{numbers[-1]}\rORC|SC||||A\r".encode())
        assert world.task(referral.task_id)["status"] == "in-progress"

    await leg(build, center, then)


ORDER_ANSWERS = [
    ("OSU^O51", "OK|{0}|||IP", ("accepted", "accepted")),
    ("OSU^O51", "UA|{0}|||CA", ("rejected", "rejected")),
    ("OSU^O51", "SC|{0}|||SC", ("requested", "scheduled")),
    ("OSU^O51", "SC|{0}|||CM", ("completed", "completed")),
    ("ORR^O02", "OK|{0}", ("requested", "delivered")),
    ("ORG^O20", "UA|{0}", ("rejected", "rejected")),
    ("OSU^O51", "ZZ|{0}|||ZZ", ("requested", "delivered")),
]


@pytest.mark.parametrize(("kind", "orc", "expected"), ORDER_ANSWERS)
async def test_what_a_center_says_of_an_order_moves_the_referral(
    build: Callable[..., Any], kind: str, orc: str, expected: tuple[str, str]
) -> None:
    async with listening(Center(good=100)) as port:
        world = build(takes("OMG^O19"), NORTHFORK_MLLP=port)
        await world.take_in("cedar-app", world.form(CASE))
        await world.deliver()
        (referral,) = world.referrals()
        head = f"MSH|^~\\&|northfork|NFCC|HUB|HUB|20261121150000-0600||{kind}|L1|P|2.5.1"
        data = f"{head}\rORC|{orc.format(referral.task_id)}\r".encode()
        answered = await pipeline.receive_v2(world.hub, data, pipeline.Came())
        assert parse(answered[0]).get("MSA-1") == "AA"
        (referral,) = world.referrals()
        assert (referral.status, referral.business_status) == expected
        # that nobody has answered rings until somebody did
        assert (referral.answered_at is not None) == (expected[0] != "requested")


async def test_the_order_itself_may_be_acknowledged_by_its_answer(build: Callable[..., Any]) -> None:
    async def answered(data: bytes, _: object) -> tuple[bytes, ...]:
        message = parse(data)
        head = "MSH|^~\\&|northfork|NFCC|HUB|HUB|20261121150000-0600||ORG^O20|L1|P|2.5.1"
        return (f"{head}\rMSA|AA|{message.control_id}\rORC|UA|{message.get('ORC-2')}\r".encode(),)

    async with listening(answered) as port:
        world = build(takes("OMG^O19"), NORTHFORK_MLLP=port)
        await world.take_in("cedar-app", world.form(CASE))
        await world.deliver()
        assert [one.status for one in world.referrals()] == ["rejected"]


def deliveries_release(tx: Any, number: int) -> bytes:
    from hub.store import deliveries

    return deliveries.release(tx, number)


async def test_a_message_that_breaks_the_standard_is_held_and_rings(build: Callable[..., Any]) -> None:
    # longer than HL7's type of a name: cut, it would be another person's
    world = build(takes("OMG^O19"))
    form = world.form(CASE)
    form["persons"][0]["names"] = [{"family": "x" * 1200}]
    await world.take_in("cedar-app", form)
    assert world.deliveries() == []
    (hold,) = world.holds()
    assert (hold.kind, hold.reason) == ("routing", "render.v2-length")
    assert [one.kind for one in world.alarms()] == ["held"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (takes("OMG^O19", version="2.3.1"), "partner.messages: the version does not have this message"),
        (takes("REF^I12", "MDM^T02"), "partner.messages: only ADT and MDM go together"),
        (takes("RRI^I12"), "partner.messages: RRI answers a referral and is none"),
        (takes("REF^I12", notice="meta"), "partner.notice: meta is a place in FHIR"),
        (takes("REF^I12", scope="con"), "partner.scope: CON stands in MDM^T02 from version 2.7 on"),
        (takes("REF^I12", charset="UTF-16"), "partner.charset: not a character set of table 0211"),
        (takes("REF^I12", omit=["PID"]), "partner.omit: the message is none without it"),
        (takes("REF^I12", answers={"ORC-1": "accepted"}), "partner.answers: not a code of ORC-1 or ORC-5"),
        (takes("REF^I12", labels=["ref-1"]), "partner.labels.0: Input should be"),
    ],
)
def test_a_profile_that_cannot_be_written_stops_the_start(
    build: Callable[..., Any], change: Callable[[dict[str, Any]], None], place: str
) -> None:
    from hub.errors import SettingsError

    with pytest.raises(SettingsError, match=place.replace("^", r"\^")):
        build(change)
