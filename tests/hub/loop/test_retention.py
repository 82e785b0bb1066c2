"""The retention schedule: what is finished and old goes; what is open, young or under a legal hold stays."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_httpx import HTTPXMock
from sqlalchemy import func, select

from hub.audit import chain
from hub.errors import HubError, KeyringError, SettingsError, StoreError
from hub.loop import legal_holding, retention
from hub.loop.expunging import expunge
from hub.settings import parse
from hub.store import disclosures, documents, inputs, legal_holds, messages, referrals
from hub.store.tables import sealed

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"
CEDAR = "cedar-coresponse"
DAY = 86_400.0


@pytest.fixture
def schedule(build: Any) -> Any:
    def of(**days: int) -> World:
        return build(lambda settings: settings.update(retention=days))

    return of


def run(world: World) -> retention.Disposed:
    total = retention.Disposed()
    while step := world.store.write(lambda tx: retention.dispose(tx, world.hub, by="the schedule")):
        total = retention.Disposed(
            **{name: getattr(total, name) + getattr(step, name) for name in retention.Disposed.__slots__}
        )
    return total


def due(world: World) -> retention.Disposed:
    found = world.store.read(lambda tx: retention.due(tx, world.hub))
    assert isinstance(found, retention.Disposed)
    return found


async def closed(world: World, httpx_mock: HTTPXMock) -> int:
    """One referral sent, answered and closed; its message."""
    httpx_mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    number = await world.take_in("cedar-app", world.sample("incident/story-1-contact"))
    await world.deliver()
    for one in world.store.read(referrals.listed):
        world.store.write(lambda tx, task=one.task_id: referrals.change(tx, task, status="completed", closed_at=tx.now))
    return int(number)


def count(world: World, noun: str) -> int:
    return int(
        world.store.read(
            lambda tx: tx.connection.execute(
                select(func.count()).select_from(sealed).where(sealed.c.noun == noun)
            ).scalar_one()
        )
    )


async def test_nothing_goes_unless_it_is_said(world: World, httpx_mock: HTTPXMock) -> None:
    await closed(world, httpx_mock)
    world.time.forward(3650 * DAY)
    assert not due(world)
    assert not run(world)


async def test_each_kind_goes_at_its_time_and_not_before(schedule: Any, httpx_mock: HTTPXMock) -> None:
    world = schedule(messages=30, releases=60, records=90, disclosures=2192)
    number = await closed(world, httpx_mock)
    kept = disclosures_of(world)
    for days, name in ((29, ""), (2, "messages"), (30, "releases"), (30, "records"), (2110, "disclosures")):
        world.time.forward(days * DAY)
        wanted = due(world)
        assert [one for one in retention.Disposed.__slots__ if getattr(wanted, one)] == [name][: bool(name)]
        went = run(world)  # what is common to an incident is due once its persons' records went
        assert getattr(went, name, 0) >= getattr(wanted, name, 0)
        assert not due(world)
    assert world.message(number).state == "disposed"
    with pytest.raises(KeyringError, match=r"keys\.missing"):
        world.store.read(lambda tx: messages.body(tx, number))
    with pytest.raises(StoreError, match="what was disposed"):
        world.store.write(lambda tx: inputs.replay(tx, number))
    assert kept > 0
    assert disclosures_of(world) == 0
    assert count(world, "message") == count(world, "delivery") == 0
    told = [event for _, event in world.store.read(chain.events) if event.kind == "retention"]
    assert list(dict.fromkeys(event.detail[0].split(":")[0] for event in told)) == [
        "messages",
        "releases",
        "records",
        "disclosures",
    ]
    assert world.store.read(chain.verify) == []


def disclosures_of(world: World) -> int:
    return len(world.store.read(lambda tx: disclosures.listed(tx)))


async def test_what_is_open_stays(schedule: Any, httpx_mock: HTTPXMock) -> None:
    world = schedule(messages=1, releases=1, records=1)
    httpx_mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    number = await world.take_in("cedar-app", world.sample("incident/story-1-contact"))
    await world.deliver()
    world.time.forward(400 * DAY)
    assert run(world) == retention.Disposed(releases=1)  # what left has left; the loop needs it no more
    assert world.store.read(lambda tx: messages.body(tx, number))


async def test_a_person_s_record_is_kept_while_anything_new_comes(schedule: Any, httpx_mock: HTTPXMock) -> None:
    world = schedule(records=30)
    await closed(world, httpx_mock)
    world.time.forward(29 * DAY)
    patient = world.store.read(referrals.listed)[0].patient_id
    note = {"resourceType": "Observation", "id": "late", "status": "final", "code": {"text": "x"}}
    world.store.write(lambda tx: documents.put(tx, note, custody=CEDAR, patient_id=patient))
    world.time.forward(2 * DAY)
    # the incident's own, which have no person, are old enough
    assert {one.patient_id for one in deleted(world)} == set()
    run(world)
    assert patient not in {one.patient_id for one in deleted(world)}
    assert world.store.read(lambda tx: documents.by_patient(tx, patient))
    world.time.forward(30 * DAY)
    run(world)
    assert world.store.read(lambda tx: documents.by_patient(tx, patient)) == []


def deleted(world: World) -> list[Any]:
    from hub.store.tables import document

    return list(
        world.store.read(lambda tx: tx.connection.execute(select(document).where(document.c.deleted.is_(True))).all())
    )


@pytest.mark.parametrize("subject", ["patient", "incident", "message", "custody"])
async def test_a_legal_hold_keeps_all_of_it_until_it_is_lifted(
    schedule: Any, httpx_mock: HTTPXMock, subject: str
) -> None:
    world = schedule(messages=1, releases=1, records=1, disclosures=2192)
    number = await closed(world, httpx_mock)
    patient = world.store.read(referrals.listed)[0].patient_id
    named = {
        "patient": patient,
        "incident": "riverton-pd|RV26-004417",
        "message": str(number),
        "custody": "",
    }[subject]
    placed = world.store.write(
        lambda tx: legal_holding.place(
            tx, world.hub, custody=CEDAR, subject_type=subject, subject=named, reference="24-CV-1", by="A Lawyer"
        )
    )
    world.time.forward(4000 * DAY)
    run(world)
    assert world.store.read(lambda tx: messages.body(tx, number))
    if subject != "message":
        assert world.store.read(lambda tx: documents.by_patient(tx, patient))
    assert count(world, "delivery") == 1
    with pytest.raises(HubError, match=r"incident\.legal-hold"):
        world.store.write(
            lambda tx: expunge(tx, world.hub, "RV26-004417", custody=CEDAR, order="24-X", by="A Records Officer")
        )
    assert [one.id for one in world.store.read(legal_holds.listed)] == [placed.id]
    world.store.write(lambda tx: legal_holding.lift(tx, world.hub, placed.id, by="A Lawyer"))
    assert run(world)
    assert count(world, "message") == count(world, "delivery") == 0
    with pytest.raises(StoreError, match=r"store\.state"):
        world.store.write(lambda tx: legal_holding.lift(tx, world.hub, placed.id, by="A Lawyer"))
    kinds = [event.kind for _, event in world.store.read(chain.events) if event.kind.startswith("legal-hold")]
    assert kinds == ["legal-hold.placed", "legal-hold.lifted"]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"reference": "what she said"}, "legal-hold.reference"),
        ({"custody": "nobody"}, "legal-hold.custody"),
        ({"subject_type": "message", "subject": "77"}, "legal-hold.not-found"),
        ({"subject_type": "patient", "subject": "77"}, "legal-hold.not-found"),
        ({"by": ""}, "hold.person"),
    ],
)
def test_a_legal_hold_names_what_is_there(world: World, wrong: dict[str, Any], rule: str) -> None:
    good = {"custody": CEDAR, "subject_type": "custody", "subject": "", "reference": "24-CV-1", "by": "A Lawyer"}
    with pytest.raises(HubError) as refused:
        world.store.write(lambda tx: legal_holding.place(tx, world.hub, **(good | wrong)))
    assert refused.value.rule == rule


def test_the_accounting_is_kept_six_years_at_least(world: World) -> None:
    with pytest.raises(SettingsError):
        parse(world.document | {"retention": {"disclosures": 2191}}, base=world.folder)
