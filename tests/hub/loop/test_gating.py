"""Raw bytes kept only as gated: what the gate took out is nowhere in the store, opened with all its keys."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub.loop import hold, legal_holding
from hub.loop.gating import RAW_KEPT
from hub.store import inputs, vault
from hub.store.tables import sealed, trace

World = Any
PD = "riverton-pd"
#: Nothing else of the record says it.
TOLD = "two arrests for menacing in 2021"
RETURN = "no wants in four states"


def call(world: World, *, number: str = "RV26-009001", **person: str) -> dict[str, Any]:
    """The sample's call with what was returned on its subject."""
    body: dict[str, Any] = orjson.loads(world.sample("riverton-webhook/story-1-call"))
    incident = body["data"]["incident"]
    incident["number"] = number
    incident.pop("caseNumber")
    incident["persons"][0] |= person
    return body


def family(world: World, case: str, key: str) -> bytes:
    """The first one-word name that the sample has under this key: a person's family name."""
    found = re.search(rf'"{key}": "([A-Z][a-z]{{5,}})"', world.sample(case).decode())
    assert found is not None
    return found[1].encode()


def everything(world: World) -> bytes:
    """Every sealed document of the store, opened, and every trace as it stands."""

    def work(tx: Any) -> bytes:
        rows = tx.connection.execute(select(sealed.c.noun, sealed.c.noun_id, sealed.c.part)).all()
        opened = [vault.get(tx, *row) for row in rows]
        return b"\n".join([*opened, *(repr(row).encode() for row in tx.connection.execute(select(trace)).all())])

    found: bytes = world.store.read(work)
    return found


def encounters(world: World) -> set[bytes]:
    from hub.store import documents

    return {
        orjson.dumps(one.resource, option=orjson.OPT_SORT_KEYS)
        for kind in ("Encounter", "Patient", "DocumentReference")
        for one in world.store.read(lambda tx, kind=kind: documents.by_type(tx, kind, custody=PD))
        if not one.deleted
    }


def raw(value: str) -> Any:
    def change(document: dict[str, Any]) -> None:
        for source in document["source"]:
            if source["name"] in ("riverton-cad", "cedar-app"):
                source["raw"] = value

    return change


async def test_what_was_dropped_is_not_in_the_store(world: World) -> None:
    sent = orjson.dumps(call(world, priors=TOLD, queryReturn=RETURN))
    number = await world.take_in("riverton-cad", sent)
    kept = world.message(number)
    assert (kept.state, kept.media_type) == ("translated", "application/json")
    assert kept.gated_at is not None
    assert kept.size == len(sent)
    assert ("read", "gated") in world.trace(number)
    said = everything(world)
    assert TOLD.encode() not in said
    assert RETURN.encode() not in said
    assert family(world, "riverton-webhook/story-1-call", "last") in world.body(number)
    assert world.holds() == []


async def test_what_nothing_was_dropped_from_stays_as_it_came(world: World) -> None:
    sent = orjson.dumps(call(world))
    number = await world.take_in("riverton-cad", sent)
    assert world.body(number) == sent
    assert world.message(number).gated_at is None


async def test_a_pack_that_drops_for_its_own_reason_changes_nothing(world: World) -> None:
    body = call(world)
    body["callback"] = "+1 555 0100 777"
    sent = orjson.dumps(body)
    number = await world.take_in("riverton-cad", sent)
    assert world.body(number) == sent


async def test_the_same_input_is_known_when_it_comes_again(world: World) -> None:
    sent = orjson.dumps(call(world, priors=TOLD))
    number = await world.take_in("riverton-cad", sent)
    again = await world.post("riverton-cad", sent)
    assert (again.message_id, again.fresh) == (number, False)
    assert TOLD.encode() not in everything(world)


async def test_a_gated_message_is_taken_in_again_as_its_records(world: World) -> None:
    number = await world.take_in("riverton-cad", call(world, priors=TOLD))
    before = encounters(world)
    again = world.store.write(lambda tx: inputs.replay(tx, number)).id
    await world.read()
    assert world.message(again).state == "translated"
    assert world.message(again).gated_at is not None
    assert world.body(again) == world.body(number)
    assert encounters(world) == before


async def test_a_source_may_keep_what_it_sends(build: Any) -> None:
    world = build(raw("kept"))
    sent = orjson.dumps(call(world, priors=TOLD))
    number = await world.take_in("riverton-cad", sent)
    assert world.body(number) == sent


async def test_what_was_kept_before_goes_when_it_is_read_again(build: Any) -> None:
    """The source is set to gated later: a replay cleans the line of messages that it repeats."""
    world = build(raw("kept"))
    number = await world.take_in("riverton-cad", call(world, priors=TOLD))
    source = world.hub.source("riverton-cad")
    object.__setattr__(source, "raw", "gated")
    world.store.write(lambda tx: inputs.replay(tx, number))
    await world.read()
    assert TOLD.encode() not in everything(world)


async def test_a_center_keeps_what_it_sends(world: World) -> None:
    form = world.form("story-1-contact")
    form["contacts"][0]["follow_up"] = f"Call on Monday; {TOLD}"
    sent = orjson.dumps(form)
    number = await world.take_in("cedar-app", sent)
    assert world.body(number) == sent


async def test_what_is_held_stays_until_a_person_has_looked(world: World) -> None:
    body = call(world, priors=TOLD)
    body["data"]["incident"]["notes"][0]["text"] = "NCIC return: two wants. Sister is worried."
    sent = orjson.dumps(body)
    number = await world.take_in("riverton-cad", sent)
    assert world.body(number) == sent
    (held,) = world.holds()
    assert (held.kind, held.reason) == ("cjis", "cjis.ncic-return")
    world.store.write(
        lambda tx: hold.resolve(
            tx, world.hub, held.id, action="reject", by="Reviewer", reason_code="criminal-justice-information"
        )
    )
    said = everything(world)
    assert TOLD.encode() not in said
    assert b"NCIC return" not in said
    assert world.message(number).gated_at is not None


async def test_what_a_person_finds_to_be_none_stays(world: World) -> None:
    body = call(world)
    body["data"]["incident"]["notes"][0]["text"] = "She keeps asking whether there is a warrant for her soul."
    sent = orjson.dumps(body)
    number = await world.take_in("riverton-cad", sent)
    (held,) = world.holds()
    world.store.write(
        lambda tx: hold.resolve(tx, world.hub, held.id, action="release", by="Reviewer", reason_code="looked-at")
    )
    assert world.body(number) == sent


async def test_a_message_of_which_a_part_is_not_read_waits_for_a_person(build: Any) -> None:
    world = build(raw("gated"))
    form = world.form("story-1-contact")
    form["contacts"][0]["follow_up"] = f"Call on Monday; {TOLD}"
    sent = orjson.dumps(form) + b'\n{"agency": 5}'
    number = await world.take_in("cedar-app", sent)
    assert world.body(number) == sent
    (held,) = [one for one in world.holds() if one.kind == "cjis"]
    assert held.reason == RAW_KEPT
    world.store.write(
        lambda tx: hold.resolve(tx, world.hub, held.id, action="release", by="Reviewer", reason_code="looked-at")
    )
    assert TOLD.encode() not in everything(world)
    assert orjson.loads(world.body(number))["contacts"]


async def test_a_legal_hold_keeps_the_bytes(world: World) -> None:
    world.store.write(
        lambda tx: legal_holding.place(
            tx, world.hub, custody=PD, subject_type="custody", subject="", reference="26-CV-1", by="Counsel"
        )
    )
    sent = orjson.dumps(call(world, priors=TOLD))
    number = await world.take_in("riverton-cad", sent)
    assert world.body(number) == sent
    assert [one.reason for one in world.holds()] == [RAW_KEPT]


async def test_nothing_that_was_read_is_nothing_that_is_known(world: World) -> None:
    """A message that cannot be read is kept as it came: a person must look."""
    sent = b'{"event": "incident.changed", "data": {"incident": {"persons": [{"priors": "' + TOLD.encode() + b'"}]}}}'
    number = await world.take_in("riverton-cad", sent)
    assert world.message(number).state == "rejected"
    assert world.body(number) == sent


async def test_what_eido_documents_said_so_far_is_not_kept_either(world: World) -> None:
    whole = orjson.loads(world.sample("eido/story-2-call"))
    first = orjson.loads(orjson.dumps(whole))
    first["personComponent"][0]["ncPersonComponent"]["stateIdentification"] = [
        {"identificationID": [{"value": "ZQ4471203"}]}
    ]
    number = await world.take_in("lakemont-cad", first)
    assert world.message(number).gated_at is not None
    assert b"ZQ4471203" not in everything(world)
    later = {key: whole[key] for key in (*TOP, "agencyComponent", "incidentComponent")}
    later["lastUpdateTimeStamp"] = "2026-11-20T16:30:00-06:00"
    again = await world.take_in("lakemont-cad", later)
    assert world.message(again).state == "translated"
    # what the first document said of the person is merged from its record
    assert family(world, "eido/story-2-call", "value") in world.body(number)


TOP = ("$id", "lastUpdateTimeStamp", "updatedByAgencyReference", "eidoVersion", "issuingElementIdentification")


@pytest.mark.parametrize(
    ("posture", "mode", "expected"),
    [
        ("law-enforcement", "standard", "gated"),
        ("law-enforcement", "fips", "kept"),
        ("covered-entity", "standard", "kept"),
    ],
)
def test_the_default_is_by_posture_and_module(world: World, posture: str, mode: str, expected: str) -> None:
    settings = world.hub.settings
    organizations = tuple(
        one.model_copy(update={"posture": posture}) if one.id == PD else one for one in settings.organization
    )
    changed = settings.model_copy(
        update={"organization": organizations, "hub": settings.hub.model_copy(update={"crypto_mode": mode})}
    )
    source = next(one for one in changed.source if one.name == "riverton-cad")
    assert changed.raw_of(source) == expected
    assert changed.raw_of(source.model_copy(update={"raw": "kept"})) == "kept"
