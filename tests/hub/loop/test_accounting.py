"""Reports of a custody about one of its people: audited, found by the custody's own number, nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from hub.audit import chain
from hub.errors import HubError
from hub.loop import accounting

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


def made(world: World, how: Any = accounting.of_person, **given: Any) -> Any:
    named = {"by": "Robin Examiner"} | given
    return world.store.write(lambda tx: how(tx, world.hub, **named))


async def consented(world: World, mock: HTTPXMock) -> Any:
    mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    await world.take_in("sunrise-app", world.form("story-4-part2-consent"))
    await world.deliver()
    (referral,) = world.referrals()
    return referral


async def test_s61_a_consented_disclosure_is_accounted_for_and_the_view_is_audited(
    world: World, httpx_mock: HTTPXMock
) -> None:
    referral = await consented(world, httpx_mock)
    report = made(world, custody="sunrise-recovery", person=referral.patient_id)
    (item,) = report.items
    assert (item.recipient.name, item.purpose) == ("Lakeshore Community Mental Health Center", "TREAT")
    assert item.rules == ("42 CFR 2.25",)
    assert "consent" in item.grounds
    assert len(item.consents) == 1
    assert ("Patient", 1) in item.what
    (event,) = [e for _, e in world.store.read(chain.events) if e.kind == "disclosures.accounting"]
    assert (event.who, event.action, event.custody, event.patient_id) == (
        "Robin Examiner", "R", "sunrise-recovery", referral.patient_id,
    )  # fmt: skip
    assert event.detail == ("listed:1",)


async def test_a_person_is_found_by_the_custody_s_own_number(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE)
    form = world.form("story-1-contact")
    form["persons"][0]["identifiers"] = [
        {"value": "CED-MRN-55173", "assigner": "https://cedar.example/mrn", "kind": "mrn"}
    ]
    await world.take_in("cedar-app", form)
    await world.deliver()
    (referral,) = world.referrals()
    for person in ("CED-MRN-55173", "https://cedar.example/mrn|CED-MRN-55173", referral.patient_id):
        report = made(world, custody="cedar-coresponse", person=person, every=True)
        assert report.patients == (referral.patient_id,)
        assert [one.recipient.id for one in report.items] == ["lakeshore-cmhc"]
        assert report.items[0].rules == ()
    # treatment is excused by 164.528, and these are no Part 2 records
    assert made(world, custody="cedar-coresponse", person="CED-MRN-55173").items == ()


async def test_whom_nobody_knows(world: World) -> None:
    for custody, person, rule in (
        ("nowhere", "x", "accounting.custody"),
        ("cedar-coresponse", "NOBODY-1", "accounting.person"),
        ("cedar-coresponse", "2f0f2ad7-0000-8000-8000-000000000000", "accounting.person"),
    ):
        with pytest.raises(HubError) as raised:
            made(world, custody=custody, person=person)
        assert raised.value.rule == rule
        assert person == "x" or person not in str(raised.value)


async def test_another_custody_finds_nobody_and_a_period_ends_after_it_begins(
    world: World, httpx_mock: HTTPXMock
) -> None:
    referral = await consented(world, httpx_mock)
    with pytest.raises(HubError, match=r"accounting\.person"):
        made(world, custody="riverton-pd", person=referral.patient_id)
    now = world.time.now
    with pytest.raises(HubError, match=r"accounting\.period"):
        made(world, custody="sunrise-recovery", person=referral.patient_id, since=now, until=now - timedelta(days=1))


async def test_an_intermediary_s_list_is_the_operator_s_or_its_own(build: Any, httpx_mock: HTTPXMock) -> None:
    def change(document: dict[str, Any]) -> None:
        document["operator"] |= {"relation": "intermediary"}

    world = build(change)
    referral = await consented(world, httpx_mock)
    listed = made(world, accounting.of_intermediary, intermediary="cedar-coresponse", person=referral.patient_id)
    assert [one.recipient.id for one in listed.items] == ["lakeshore-cmhc"]
    with pytest.raises(HubError, match=r"accounting\.not-intermediary"):
        made(world, accounting.of_intermediary, intermediary="lakeshore-cmhc", person=referral.patient_id)


async def test_a_statement_by_word_of_mouth_lasts_thirty_days(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await consented(world, httpx_mock)
    given = {
        "custody": "sunrise-recovery",
        "person": referral.patient_id,
        "official": "lakeshore-cmhc",
        "statement": "a letter",
    }
    with pytest.raises(HubError, match=r"accounting\.suspension"):
        made(world, accounting.suspend, **given, until=world.time.now + timedelta(days=31), written=False)
    made(world, accounting.suspend, **given, until=world.time.now + timedelta(days=20), written=False)
    asked = {"custody": "sunrise-recovery", "person": referral.patient_id}
    assert made(world, **asked).items == ()
    world.time.forward(21 * 86_400)
    assert len(made(world, **asked).items) == 1
