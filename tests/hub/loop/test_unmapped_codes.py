"""A code that no table has is queued with its counts; once the table has it, reading again mends history."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock

import mappings.packs
from hub.errors import StoreError
from hub.loop.replaying import replay_unmapped
from hub.store import documents, unmapped
from mappings.incident import Coded, Incident, Unit
from mappings.unmapped import Unmapped
from mappings.unmapped import unmapped as unmapped_in

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"
NATURE = "code,text,apco,group,valid_from,valid_to,note\nWELF,Welfare check,WELFARE,,,,\n"
EDP = "EDP,Emotionally disturbed person,EDP,behavioral-health,,,\n"


@pytest.fixture
def world(build: Any, tmp_path: Path) -> World:
    """A hub whose CAD pack is a folder of its own, with a table that lacks a code; and the agency's own form."""
    pack = tmp_path / "pack"
    shutil.copytree(Path(mappings.packs.__file__).parent / "riverton-webhook", pack)
    (pack / "tables/nature.csv").write_text(NATURE)

    def change(document: dict[str, Any]) -> None:
        next(s for s in document["source"] if s["name"] == "riverton-cad")["reads"] = str(pack)
        app = {"name": "riverton-app", "organization": "riverton-pd", "reads": "incident"}
        document["source"].append(app | {"token": {"sha256": "a" * 64}})

    return build(change)


def table(tmp_path: Path) -> Path:
    return tmp_path / "pack/tables/nature.csv"


def queue(world: World, **wanted: Any) -> list[Any]:
    return world.store.read(lambda tx: unmapped.listed(tx, **({"open_for": "*"} | wanted)))


def natures(world: World) -> list[Any]:
    found = world.store.read(lambda tx: documents.by_type(tx, "Encounter", custody="riverton-pd"))
    return [
        {coding["system"].rpartition("/")[2] for coding in reason.get("coding", ())}
        for one in found
        for reason in one.resource["reasonCode"]
    ]


def call(world: World, number: str, revision: int = 1) -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(world.sample("riverton-webhook/story-1-call"))
    made["data"]["incident"] |= {"number": number, "caseNumber": None, "revision": revision}
    return made


async def test_an_unmapped_code_is_queued_with_its_counts_and_stops_nothing(world: World) -> None:
    first = await world.take_in("riverton-cad", call(world, "A-1"))
    assert world.message(first).state == "translated"
    world.time.forward(3600)
    await world.take_in("riverton-cad", call(world, "A-2"))
    (nature,) = [one for one in queue(world) if one.field == "type_final"]
    assert (nature.source, nature.code, nature.text) == ("riverton-cad", "EDP", "Emotionally disturbed person")
    assert (nature.number, nature.messages) == (2, 2)
    assert (nature.last_seen - nature.first_seen).total_seconds() == 3600
    assert queue(world, source="cedar-app") == []


async def test_a_code_is_open_to_its_own_custody_only(world: World) -> None:
    await world.take_in("riverton-cad", call(world, "A-1"))
    assert {one.code for one in queue(world, open_for="cedar-coresponse")} == {None}
    assert "EDP" in {one.code for one in queue(world, open_for="riverton-pd")}


async def test_mapping_and_replaying_mends_history(world: World, tmp_path: Path, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    await world.take_in("riverton-cad", world.sample("riverton-webhook/story-1-call"))
    form = world.form("story-1-contact")
    form["organization"] = form["contacts"][0]["organization"] = "riverton-pd"
    form["contacts"][0]["narratives"][0]["organization"] = "riverton-pd"
    await world.take_in("riverton-app", form)
    await world.deliver()
    (referral,) = world.referrals()
    assert {"nature"} in natures(world)
    (nature,) = [one for one in queue(world) if one.field == "type_final"]

    table(tmp_path).write_text(NATURE + EDP)
    made = world.store.write(lambda tx: replay_unmapped(tx, world.hub, [nature.id], source=None, by="A Reviewer"))
    assert [old for old, _ in made] == [1]
    await world.read()
    await world.deliver()

    assert {"nature"} not in natures(world)
    assert [one for one in queue(world) if one.field == "type_final"] == []
    # the same referral, told to the center again because what it has changes
    assert [(r.task_id, r.business_status) for r in world.referrals()] == [(referral.task_id, "delivered")]
    assert [d.kind for d in world.deliveries()] == ["referral", "update"]
    assert b"incident-type" in httpx_mock.get_requests()[-1].content
    (encounter,) = world.store.read(lambda tx: documents.by_type(tx, "Encounter", custody="riverton-pd"))
    assert encounter.version == 2


async def test_a_replayed_old_message_does_not_overrule_a_newer_one(world: World, tmp_path: Path) -> None:
    """Neither says when it was written: the order of arrival counts, and a replay keeps its place in it."""
    for revision, status in ((None, "OPEN"), (None, "CLOSED")):
        made = call(world, "A-1")
        made["data"]["incident"] |= {"revision": revision, "changedAt": None, "status": {"code": status}}
        await world.take_in("riverton-cad", made)

    def statuses() -> list[str]:
        found = world.store.read(lambda tx: documents.by_type(tx, "Encounter", custody="riverton-pd"))
        return [
            extension["valueCodeableConcept"]["coding"][-1]["code"]
            for one in found
            for extension in one.resource["extension"]
            if extension["url"].endswith("call-status")
        ]

    assert statuses() == ["CLOSED"]
    table(tmp_path).write_text(NATURE + EDP)
    world.store.write(lambda tx: replay_unmapped(tx, world.hub, None, source="riverton-cad", by="A Reviewer"))
    await world.read()
    assert statuses() == ["CLOSED"]


async def test_a_code_that_the_table_still_lacks_is_counted_as_before(world: World) -> None:
    await world.take_in("riverton-cad", call(world, "A-1"))
    (before,) = [one for one in queue(world) if one.field == "type_final"]
    world.time.forward(3600)
    world.store.write(lambda tx: replay_unmapped(tx, world.hub, [before.id], source=None, by="A Reviewer"))
    await world.read()
    (after,) = [one for one in queue(world) if one.field == "type_final"]
    assert (after.number, after.messages) == (before.number, before.messages)
    assert (after.first_seen, after.last_seen) == (before.first_seen, before.last_seen)


async def test_a_code_that_is_not_in_the_queue_is_refused(world: World) -> None:
    with pytest.raises(StoreError, match=r"store\.not-found"):
        world.store.write(lambda tx: replay_unmapped(tx, world.hub, [99], source=None, by="A Reviewer"))


def test_unmapped_codes_are_those_that_translation_reports() -> None:
    incident = Incident(
        agency="example-pd",
        number="1",
        type_final=Coded(code="X", system="https://example.org/s", text="x"),
        status=Coded(text="words alone"),
        priority=Coded(code="1", system="http://loinc.org"),
        units=(Unit(id="a", status=Coded(code="AV")), Unit(id="b", status=Coded(code="AV"))),
    )
    assert list(unmapped_in(incident)) == [
        Unmapped(field="type_final", code="X", system="https://example.org/s", text="x"),
        Unmapped(field="units[].status", code="AV"),
        Unmapped(field="units[].status", code="AV"),
    ]
