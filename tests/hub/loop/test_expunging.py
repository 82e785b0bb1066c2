"""An incident removed by order: no content is left, who has it is known, and it does not come back by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock
from sqlalchemy import select

from hub.audit import chain
from hub.errors import HubError, StoreError
from hub.loop.expunging import expunge
from hub.store import documents, inputs, unmapped
from hub.store.tables import document, sealed

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"
PD = "riverton-pd"
NUMBER = "RV26-004417"


@pytest.fixture
def world(build: Any) -> World:
    def with_form(settings: dict[str, Any]) -> None:
        app = {"name": "riverton-app", "organization": PD, "reads": "incident", "token": {"sha256": "a" * 64}}
        settings["source"].append(app)

    return build(with_form)


def order(world: World, number: str = NUMBER, **more: Any) -> Any:
    values = {"custody": PD, "order": "24-CV-1138", "by": "A Records Officer"} | more
    return world.store.write(lambda tx: expunge(tx, world.hub, number, **values))


async def told(world: World) -> list[int]:
    """The call, the report and the agency's own form about one incident."""
    form = world.form("story-1-contact")
    form["organization"] = form["contacts"][0]["organization"] = PD
    form["contacts"][0]["narratives"][0]["organization"] = PD
    return [
        await world.take_in("riverton-cad", world.sample("riverton-webhook/story-1-call")),
        await world.take_in("riverton-rms", world.sample("riverton-rms/story-1-report", "input.xml")),
        await world.take_in("riverton-app", form),
    ]


def sealed_of(world: World, custody: str) -> list[tuple[str, int]]:
    """What of a custody can still be opened."""
    return world.store.read(
        lambda tx: [
            tuple(row)
            for row in tx.connection.execute(
                select(sealed.c.noun, sealed.c.noun_id).where(sealed.c.custody == custody).order_by(sealed.c.noun)
            )
        ]
    )


async def test_nothing_of_it_can_be_opened_any_more(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    took = await told(world)
    await world.deliver()
    made = order(world)
    assert list(made.messages) == took
    assert [world.message(one).state for one in took] == ["expunged"] * 3
    left = world.store.read(
        lambda tx: [
            row.resource_type
            for row in tx.connection.execute(
                select(document.c.resource_type).where(document.c.custody == PD, document.c.deleted.is_(False))
            )
        ]
    )
    assert left == []
    # decisions (codes and ids, no content) are all that is left sealed
    assert {noun for noun, _ in sealed_of(world, PD)} <= {"decision"}
    assert world.store.read(lambda tx: unmapped.listed(tx, open_for="*")) == []


async def test_who_was_given_it_is_told_and_stays(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    await told(world)
    await world.deliver()
    given = [(d.id, d.recipient) for d in world.disclosures()]
    assert given
    made = order(world)
    assert [(d.id, d.recipient) for d in made.recipients] == given
    assert [(d.id, d.recipient) for d in world.disclosures()] == given
    events = [event for _, event in world.store.read(lambda tx: chain.events(tx))]
    gone = [event for event in events if event.kind == "incident.expunged"]
    assert {event.who for event in gone} == {"A Records Officer"}
    assert {event.action for event in gone} == {"D"}
    assert {event.detail for event in gone} == {("order:24-CV-1138",)}
    assert any(event.entity_type == "Patient" for event in gone)
    assert world.store.read(lambda tx: chain.verify(tx)) == []


async def test_what_waits_to_be_sent_is_stopped(world: World, httpx_mock: HTTPXMock) -> None:
    await told(world)
    made = order(world)
    await world.deliver()
    assert httpx_mock.get_requests() == []
    assert len(made.stopped) >= 1
    assert {d.state for d in world.deliveries()} <= {"dead", "superseded"}
    assert made.recipients == ()
    (referral,) = world.referrals()
    assert (referral.status, referral.closed_at) == ("cancelled", world.time.now)
    world.time.forward(10 * 24 * 3600)
    assert [a for a in world.alarms() if a.kind == "unanswered"] == []


async def test_an_answer_that_comes_later_is_kept_and_moves_nothing(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    await told(world)
    await world.deliver()
    (referral,) = world.referrals()
    task = world.task(referral.task_id)
    order(world)
    await world.answer("lakeshore", {**task, "status": "accepted"}, task=referral.task_id)
    assert len(world.answers(referral.task_id)) == 1
    assert world.referral(referral.task_id).status == "cancelled"


async def test_what_another_organization_holds_is_named_and_left(world: World) -> None:
    await told(world)
    await world.take_in("cedar-app", world.sample("incident/story-1-contact"))
    before = sealed_of(world, "cedar-coresponse")
    made = order(world)
    assert made.elsewhere == ("cedar-coresponse",)
    assert sealed_of(world, "cedar-coresponse") == before


async def test_the_same_record_that_comes_again_is_held(world: World) -> None:
    await told(world)
    order(world)
    call = orjson.loads(world.sample("riverton-webhook/story-1-call"))
    # the same bytes are the same message, and stay what they are
    again = await world.take_in("riverton-cad", world.sample("riverton-webhook/story-1-call"))
    assert world.message(again).state == "expunged"
    call["data"]["incident"]["revision"] = 9
    number = await world.take_in("riverton-cad", call)
    assert world.message(number).state == "rejected"
    (hold,) = [h for h in world.holds() if h.reason == "incident.expunged"]
    assert hold.message_id == number
    assert world.store.read(lambda tx: documents.by_type(tx, "Encounter", custody=PD)) == []
    # and the order reaches it, too
    assert order(world).messages == (number,)
    assert world.holds() == []
    with pytest.raises(StoreError, match="expunged"):
        world.store.write(lambda tx: inputs.replay(tx, number))


async def test_a_file_that_tells_of_others_too_goes_only_when_that_is_said(world: World) -> None:
    one = world.form("story-1-contact")
    other = world.form("story-2-contact") | {"agency": PD}
    for form in (one, other):
        form["organization"] = PD
        for contact in form["contacts"]:
            contact |= {"organization": PD, "referrals": [], "consents": [], "narratives": []}
    number = await world.take_in("riverton-app", orjson.dumps([one, other]))
    with pytest.raises(HubError, match=r"incident\.shared-message"):
        order(world)
    assert world.message(number).state == "translated"
    made = order(world, with_files=True)
    assert made.messages == (number,)
    left = world.store.read(lambda tx: documents.by_type(tx, "Encounter", custody=PD))
    assert len(left) == 1  # the other incident's
    assert left[0].resource is not None


async def test_a_replayed_message_goes_with_its_first_bytes(world: World) -> None:
    first, *_ = await told(world)
    again = world.store.write(lambda tx: inputs.replay(tx, first)).id
    await world.read()
    made = order(world)
    assert {first, again} <= set(made.messages)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"order": "a name, or so"}, "incident.order"),
        ({"custody": "nobody"}, "incident.custody"),
        ({"by": ""}, "hold.person"),
        ({"number": "RV26-999999"}, "incident.not-found"),
        ({"agency": "lakemont-911"}, "incident.not-found"),
    ],
)
async def test_what_is_asked_wrongly_changes_nothing(world: World, more: dict[str, Any], rule: str) -> None:
    await told(world)
    before = sealed_of(world, PD)
    with pytest.raises(HubError, match=rule.replace(".", r"\.")):
        order(world, **more)
    assert sealed_of(world, PD) == before


async def test_no_value_is_left_in_the_files(world: World) -> None:
    await told(world)
    order(world)
    (person,) = world.form("story-1-contact")["persons"]
    world.store.close()
    for file in Path(world.folder).glob("hub.db*"):
        assert person["names"][0]["family"].encode() not in file.read_bytes()
