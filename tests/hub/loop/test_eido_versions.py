"""EIDO documents that each say a part of one incident: joined in the hub, in whatever order they come."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
import pytest

from hub.loop.expunging import expunge
from hub.store import documents, inputs, tellings

World = Any
CENTER = "lakemont-911"
NUMBER = "LM-2026-118203"
TOP = ("$id", "lastUpdateTimeStamp", "updatedByAgencyReference", "eidoVersion", "issuingElementIdentification")


def parts(world: World) -> list[dict[str, Any]]:
    """The sample's document as three: the call with its people, the units, a later state of the incident alone."""
    whole: dict[str, Any] = orjson.loads(world.sample("eido/story-2-call"))
    late = ("emergencyResourceComponent", "dispatchComponent")
    first = {key: value for key, value in whole.items() if key not in late}
    first = orjson.loads(orjson.dumps(first))
    first["incidentComponent"]["lastUpdateTimeStamp"] = "2026-11-20T14:05:00-06:00"
    first["lastUpdateTimeStamp"] = "2026-11-20T14:05:00-06:00"
    units = {key: whole[key] for key in (*TOP, "agencyComponent", *late)}
    last = {key: whole[key] for key in (*TOP, "agencyComponent", "incidentComponent")}
    return [first, units | {"lastUpdateTimeStamp": "2026-11-20T14:30:00-06:00"}, last]


def held(world: World) -> set[str]:
    return {
        orjson.dumps(row.resource, option=orjson.OPT_SORT_KEYS).decode()
        for kind in ("Encounter", "Patient", "DocumentReference", "Flag", "RelatedPerson")
        for row in world.store.read(lambda tx, kind=kind: documents.by_type(tx, kind, custody=CENTER))
    }


@pytest.fixture
def one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.loop.context.Hub.namespace_key", b"one key for all hubs of a test")


@pytest.mark.usefixtures("one_key")
async def test_parts_in_any_order_are_the_whole(build: Any) -> None:
    seen = []
    for order in itertools.permutations(range(3)):
        world = build()
        for n in order:
            number = await world.take_in("lakemont-cad", parts(world)[n])
            assert world.message(number).state == "translated"
        seen.append(held(world))
        assert any("unit-times" in one and "cad-event" in one for one in seen[-1])
        stood = world.store.read(lambda tx: tellings.of_messages(tx, [1, 2, 3]))
        assert [one.state for one in stood] == ["replaced", "replaced", "standing"]
    assert all(one == seen[0] for one in seen)


async def test_parts_in_one_message_are_one_incident(world: World) -> None:
    number = await world.take_in("lakemont-cad", orjson.dumps(parts(world)))
    (step,) = [s for s in world.store.read(lambda tx: _trace(tx, number)) if s.step == "read"]
    assert step.detail["incidents"] == 1


def _trace(tx: Any, number: int) -> Any:
    from hub.store import traces

    return traces.of(tx, number)


async def test_a_part_that_is_read_again_takes_nothing_away(world: World) -> None:
    first, units, last = parts(world)
    for one in (first, units, last):
        await world.take_in("lakemont-cad", one)
    before = held(world)
    world.store.write(lambda tx: inputs.replay(tx, 1))
    await world.read()
    assert held(world) == before


async def test_an_expunged_incident_is_known_by_any_of_its_parts(world: World) -> None:
    first, units, _ = parts(world)
    await world.take_in("lakemont-cad", first)
    world.store.write(
        lambda tx: expunge(tx, world.hub, NUMBER, custody=CENTER, order="24-CV-1", by="A Records Officer")
    )
    number = await world.take_in("lakemont-cad", units)
    assert world.message(number).state == "rejected"
    assert [h.reason for h in world.holds()] == ["incident.expunged"]
    assert held(world) == set()
