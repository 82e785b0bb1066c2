"""S58: an agency learns later that it received Part 2 records in an investigation (42 CFR 2.3(b), 2.68)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from hub import audit
from hub.errors import HubError, StoreError
from hub.loop.investigating import found, report_of, reported, settle
from hub.store import investigation_finds

World = Any
PD = "riverton-pd"
NUMBER = "RV26-004417"


@pytest.fixture
def world(build: Any) -> World:
    def with_form(settings: dict[str, Any]) -> None:
        app = {"name": "riverton-app", "organization": PD, "reads": "incident", "token": {"sha256": "a" * 64}}
        settings["source"].append(app)

    return build(with_form)


async def told(world: World) -> None:
    """The agency's own form about one incident, with its referral."""
    form = world.form("story-1-contact")
    form["organization"] = form["contacts"][0]["organization"] = PD
    form["contacts"][0]["narratives"][0]["organization"] = PD
    await world.take_in("riverton-app", form)


def learn(world: World, **more: Any) -> Any:
    values = {"custody": PD, "reference": "note-26-7", "by": "A Records Officer"} | more
    return world.store.write(lambda tx: found(tx, world.hub, NUMBER, **values))


def kinds(world: World) -> list[str]:
    events = [event for _, event in world.store.read(audit.events)]
    return [event.kind for event in events if event.kind.startswith("investigation.")]


async def test_s58_nothing_of_the_person_goes_until_it_is_settled(world: World, httpx_mock: HTTPXMock) -> None:
    await told(world)
    (find,) = learn(world)
    assert world.store.read(lambda tx: investigation_finds.stands(tx, PD, find.patient_id))
    await world.deliver()
    assert httpx_mock.get_requests() == []
    (hold,) = world.holds()
    assert (hold.kind, hold.reason) == ("law", "release.held")
    settled = world.store.write(lambda tx: settle(tx, world.hub, find.id, how="not-part2", by="A Records Officer"))
    assert settled.settled_as == "not-part2"
    assert not world.store.read(lambda tx: investigation_finds.stands(tx, PD, find.patient_id))
    assert kinds(world) == ["investigation.found", "investigation.settled"]


async def test_s58_each_find_is_in_the_report_of_its_year(world: World) -> None:
    await told(world)
    (find,) = learn(world)
    year = find.found_at.year
    made = world.store.read(lambda tx: report_of(tx, year, custody=PD))
    assert made.due == date(year + 1, 3, 1)  # 60 days after 31 December
    assert [one.id for one in made.finds] == [find.id]
    assert world.store.read(lambda tx: report_of(tx, year - 1, custody=PD)).finds == ()
    assert world.store.read(lambda tx: report_of(tx, year, custody="cedar-coresponse")).finds == ()
    filed = world.store.write(lambda tx: reported(tx, world.hub, year, custody=PD, name="annual-26", by="An Officer"))
    assert [one.report for one in filed.finds] == ["annual-26"]


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"custody": "nobody"}, "investigation.custody"),
        ({"custody": "cedar-coresponse"}, "investigation.not-found"),
        ({"agency": "lakemont-911"}, "investigation.not-found"),
        ({"reference": "a note about somebody"}, "investigation.reference"),
        ({"by": ""}, "hold.person"),
    ],
)
async def test_s58_what_is_not_there_or_not_named_stops_nothing(world: World, more: Any, rule: str) -> None:
    await told(world)
    with pytest.raises(HubError) as caught:
        learn(world, **more)
    assert caught.value.rule == rule
    assert kinds(world) == []


async def test_s58_a_find_is_settled_once_and_only_in_a_way_there_is(world: World) -> None:
    await told(world)
    (find,) = learn(world)
    with pytest.raises(HubError):
        world.store.write(lambda tx: settle(tx, world.hub, find.id, how="forgotten", by="An Officer"))
    world.store.write(lambda tx: settle(tx, world.hub, find.id, how="returned", by="An Officer"))
    for number in (find.id, find.id + 1):
        with pytest.raises(StoreError):
            world.store.write(lambda tx, one=number: settle(tx, world.hub, one, how="returned", by="An Officer"))
