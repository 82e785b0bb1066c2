"""HL7 v2 feeds in the hub: records of their sender's custody; what a later message says goes over the earlier."""

from __future__ import annotations

from typing import Any

import pytest

from hub import audit, pipeline, upkeep
from hub.errors import LeaseLost
from hub.loop import feeding, package, refiling
from hub.loop.hold import resolve
from hub.store import claims, deliveries, documents
from mappings.hl7v2.codec import parse
from profiles.check import check

World = Any
MSH = "MSH|^~\\&|ADT|CITY|HUB|HUB|20261121150000-0600||{kind}|{number}|P|2.5.1"
NUMBER = "{number}^^^CITY&2.16.840.1.113883.3.9999.8&ISO^MR"
PID = f"PID|1||{NUMBER}||Plimmershade^Ola||19900101|F|||1 Elm^^Millbrook^WI||{{phone}}"


def feeds(**more: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["hub"]["mllp_port"] = 0
        document["source"] += [
            {
                "name": "city-adt",
                "organization": "riverton-pd",
                "reads": "hl7v2",
                "mllp": {"application": "ADT", "facility": "CITY", **more},
            }
        ]

    return change


def said(kind: str, number: str, *lines: str) -> bytes:
    return ("\r".join((MSH.format(kind=kind, number=number), *lines)) + "\r").encode()


async def send(world: World, data: bytes) -> Any:
    (answer,) = await pipeline.receive_v2(world.hub, data, pipeline.Came())
    while await pipeline.read_waiting(world.hub, owner="w", limit=10):
        pass
    return parse(answer)


def kept(world: World, kind: str) -> list[dict[str, Any]]:
    found = world.hub.store.read(lambda tx: documents.by_type(tx, kind, custody="riverton-pd"))
    return [one.resource for one in found]


@pytest.fixture
def world(build: Any) -> World:
    return build(feeds())


async def test_a_feed_is_kept_as_resources_of_its_custody(world: World) -> None:
    answer = await send(
        world, said("ADT^A04", "C1", PID.format(number="1", phone="555^PRN"), "PV1|1|E|||||||||||||||||V1^^^CITY")
    )
    assert answer.get("MSA-1") == "AA"
    (patient,), (encounter,) = kept(world, "Patient"), kept(world, "Encounter")
    assert encounter["subject"]["reference"] == f"urn:uuid:{patient['id']}"
    assert encounter["status"] == "in-progress"
    assert check(patient) == []
    (message,) = world.messages(source="city-adt")
    assert message.state == "translated"


async def test_a_later_message_says_a_part_and_deletes_what_it_deletes(world: World) -> None:
    await send(world, said("ADT^A04", "C1", PID.format(number="1", phone="555^PRN"), "PD1||||||||||||Y"))
    await send(world, said("ADT^A31", "C2", 'PID|1||1^^^CITY&2.16.840.1.113883.3.9999.8&ISO^MR||||||||||""'))
    (patient,) = kept(world, "Patient")
    assert patient["birthDate"] == "1990-01-01"  # empty says nothing
    assert "telecom" not in patient  # the explicit null deletes
    assert "R" in {one["code"] for one in patient["meta"]["security"]}  # PD1-12 is never taken back by silence


MERGE = (PID.format(number="2", phone=""), "MRG|1^^^CITY&2.16.840.1.113883.3.9999.8&ISO^MR")


async def two(world: World) -> tuple[str, str]:
    """Two records that turn out to be one person, with deliveries queued in turn: old, new, old, new."""
    for number in ("1", "2"):
        await send(world, said("ADT^A04", f"C{number}", PID.format(number=number, phone="")))
    old, new = (one["id"] for one in kept(world, "Patient"))
    for key in (old, new, old, new):
        queue(world, key)
    return old, new


def queue(world: World, key: str) -> Any:
    given = {"destination": "lakeshore", "kind": "update", "custody": "riverton-pd", "control_id": "c"}
    return world.store.write(
        lambda tx: deliveries.enqueue(tx, order_key=key, media_type="x/y", digest="d", release=b"r", **given)
    )


def take(world: World) -> Any:
    return world.store.write(lambda tx: claims.take(tx, owner="w", lease_seconds=30.0, limit=5))


def waiting(world: World) -> dict[str, list[int]]:
    """By order key, what waits, in the order in which it goes."""
    found = world.deliveries(state="ready")
    keys = {one.order_key for one in found}
    return {
        key: [o.id for o in sorted(found, key=lambda one: one.position) if o.order_key == key] for key in sorted(keys)
    }


def joins(world: World) -> int:
    return sum(event.kind == "lane.joined" for _, event in world.store.read(audit.events))


async def test_a40_joins_the_lanes_of_the_two_with_the_merge(world: World) -> None:
    _, new = await two(world)
    await send(world, said("ADT^A40", "C3", *MERGE))
    assert waiting(world) == {new: [1, 2, 3, 4]}
    assert joins(world) == 1
    await send(world, said("ADT^A40", "C4", *MERGE))  # told again
    assert (waiting(world), joins(world)) == ({new: [1, 2, 3, 4]}, 1)


@pytest.mark.parametrize("ends", ["settled", "killed"])
async def test_a40_waits_for_what_is_just_being_sent(world: World, ends: str) -> None:
    """Nothing under way is lost or begun twice, nothing overtakes it; a hub that dies leaves the join to the next."""
    old, new = await two(world)
    sent = take(world)
    assert [claim.delivery.id for claim in sent] == [1, 2]
    assert world.store.write(lambda tx: claims.settle(tx, sent[1], "done"))
    await send(world, said("ADT^A40", "C3", *MERGE))
    assert kept(world, "Patient")[1]["link"][0]["type"] in ("replaces", "replaced-by")
    await upkeep.ring(world.hub)
    assert (waiting(world), joins(world)) == ({old: [1, 3], new: [4]}, 0)
    assert take(world) == []  # neither begins anything else
    later = queue(world, old)
    if ends == "settled":
        assert world.store.write(lambda tx: claims.settle(tx, sent[0], "done"))
        expected = [3, 4, later.id]
    else:
        world.time.forward(31)
        assert not world.store.write(lambda tx: claims.settle(tx, sent[0], "done"))  # its lease ran out
        expected = [1, 3, 4, later.id]
    await upkeep.ring(world.hub)
    assert (waiting(world), joins(world)) == ({new: sorted(expected)}, 1)
    assert [claim.delivery.id for claim in take(world)] == expected[:1]


async def test_a_merge_that_is_not_kept_joins_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = await two(world)

    def fails(*given: Any, **named: Any) -> None:
        raise LeaseLost

    monkeypatch.setattr(feeding, "settle_message", fails)
    await pipeline.receive_v2(world.hub, said("ADT^A40", "C3", *MERGE), pipeline.Came())
    await pipeline.read_waiting(world.hub, owner="w", limit=10)
    assert (waiting(world), joins(world)) == ({old: [1, 3], new: [2, 4]}, 0)
    assert "link" not in kept(world, "Patient")[1]


async def test_a40_merges_with_lineage_and_its_consents_bind_the_survivor(world: World) -> None:
    await send(world, said("ADT^A04", "C1", PID.format(number="1", phone="")))
    await send(world, said("ADT^A04", "C2", PID.format(number="2", phone="")))
    old, new = (one["id"] for one in kept(world, "Patient"))
    await send(
        world, said("ADT^A40", "C3", PID.format(number="2", phone=""), "MRG|1^^^CITY&2.16.840.1.113883.3.9999.8&ISO^MR")
    )
    found = {one["id"]: one for one in kept(world, "Patient")}
    assert found[new]["link"] == [{"other": {"reference": f"urn:uuid:{old}"}, "type": "replaces"}]
    assert found[old]["active"] is False
    assert found[old]["name"][0]["family"] == "Plimmershade"  # what was known of it stays
    consent = {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "patient": {"reference": f"urn:uuid:{old}"},
        "provision": {"type": "deny"},
    }

    def work(tx: Any) -> Any:
        documents.put(tx, consent, custody="riverton-pd", patient_id=old)
        return package.same_person(tx, old), package.known_consents(tx, new)

    people, (bound,) = world.hub.store.write(work)
    assert people == [old, new]
    assert bound["patient"] == {"reference": f"urn:uuid:{new}"}


async def test_what_is_told_of_a_merged_person_is_the_survivors(world: World) -> None:
    diagnosis = "DG1|1||F32.A^Depression^I10"
    consent = {"resourceType": "Consent", "id": "c1", "status": "active", "provision": {"type": "deny"}}
    await send(world, said("ADT^A04", "C1", PID.format(number="1", phone=""), diagnosis))
    (old,) = kept(world, "Patient")
    given = {**consent, "patient": {"reference": f"urn:uuid:{old['id']}"}}
    world.store.write(lambda tx: documents.put(tx, given, custody="riverton-pd", patient_id=old["id"]))
    await send(world, said("ADT^A40", "C2", *MERGE))
    (new,) = (one for one in kept(world, "Patient") if one["active"])
    assert new["id"] != old["id"]
    # what had been told before, as a version of its own
    (before,) = kept(world, "Condition")
    assert before["subject"]["reference"] == f"urn:uuid:{new['id']}"
    versions = world.store.read(lambda tx: documents.history(tx, "Condition", before["id"]))
    assert [one.resource["subject"]["reference"][9:] for one in versions] == [new["id"], old["id"]]
    # what is told later under the old number, of which the sender may not have heard
    visit = "PV1|1|E|||||||||||||||||V7^^^CITY"
    await send(world, said("ADT^A08", "C3", PID.format(number="1", phone="555^PRN"), visit, "AL1|1|DA|7980^Penicillin"))
    found = [one for kind in ("Encounter", "AllergyIntolerance") for one in kept(world, kind)]
    assert [(one.get("subject") or one.get("patient"))["reference"][9:] for one in found] == [new["id"]] * 2
    filed = world.store.read(lambda tx: documents.by_patient(tx, new["id"]))
    assert {"Condition", "Encounter", "AllergyIntolerance"} <= {one.resource_type for one in filed}
    # the lineage stays: the record that was merged away, the number under which each message came, what was signed
    (gone,) = (one for one in kept(world, "Patient") if one["id"] == old["id"])
    assert (gone["active"], gone["link"][0]["type"]) == (False, "replaced-by")
    assert sum(f"urn:uuid:{old['id']}" in str(one["target"]) for one in kept(world, "Provenance")) == 3
    assert kept(world, "Consent") == [given]


async def test_a_chain_of_merges_leads_to_the_last(world: World) -> None:
    await send(world, said("ADT^A04", "C1", PID.format(number="1", phone=""), "DG1|1||F32.A^Depression^I10"))
    await send(world, said("ADT^A40", "C2", *MERGE))
    await send(world, said("ADT^A40", "C3", PID.format(number="3", phone=""), MERGE[1].replace("MRG|1", "MRG|2")))
    (last,) = (one["id"] for one in kept(world, "Patient") if one["active"])
    await send(world, said("ADT^A08", "C4", PID.format(number="1", phone=""), "AL1|1|DA|7980^Penicillin"))
    (condition,), (allergy,) = kept(world, "Condition"), kept(world, "AllergyIntolerance")
    assert condition["subject"]["reference"] == allergy["patient"]["reference"] == f"urn:uuid:{last}"


def test_a_circle_of_merges_ends() -> None:
    circle = {"link": [{"type": "replaced-by", "other": {"reference": "urn:uuid:a"}}]}
    assert refiling.survivors(None, "c", {"a": circle}) == {}  # type: ignore[arg-type]
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/a"}, "note": [{"text": "Patient/a"}]}
    assert refiling.refiled(condition, {"a": "b"}) == {**condition, "subject": {"reference": "Patient/b"}}
    assert refiling.refiled(condition, {}) is condition


async def test_a_type_without_a_map_is_rejected_unless_its_source_may_send_it(world: World) -> None:
    data = said("DFT^P03", "C9", PID.format(number="9", phone=""))
    answer = await send(world, data)
    assert (answer.get("MSA-1"), answer.get("ERR-3")) == ("AR", "200")
    assert kept(world, "Patient") == []


async def test_a_source_may_be_allowed_any_type(build: Any) -> None:
    world = build(feeds(any_type=True))
    answer = await send(world, said("DFT^P03", "C9", PID.format(number="9", phone="")))
    assert answer.get("MSA-1") == "AA"
    assert len(kept(world, "Patient")) == 1
    (message,) = world.messages(source="city-adt")
    rules = {one["details"]["coding"][0]["code"] for one in message.issues}
    assert "translate.message-type" in rules


def test_what_is_said_now_goes_over_what_was_kept() -> None:
    before = {
        "resourceType": "Patient",
        "id": "p",
        "deceasedBoolean": False,
        "telecom": [{"value": "1"}],
        "link": [{"type": "replaces", "other": {"reference": "urn:uuid:a"}}],
        "meta": {"security": [{"system": "s", "code": "R"}]},
    }
    now = {
        "resourceType": "Patient",
        "id": "p",
        "deceasedDateTime": "2026-01-01",
        "link": [{"type": "replaces", "other": {"reference": "urn:uuid:b"}}],
    }
    assert feeding.over(before, now, ["telecom"]) == {
        "resourceType": "Patient",
        "id": "p",
        "deceasedDateTime": "2026-01-01",
        "link": [*before["link"], *now["link"]],
        "meta": {"security": [{"system": "s", "code": "R"}]},
    }
    told = {"resourceType": "Observation", "id": "o", "valueString": "a"}
    assert feeding.over({**told, "valueQuantity": {"value": 1}}, told) == told


RETURN = "NTE|1||NCIC return shows two prior felony arrests."


def of(organization: str) -> Any:
    def change(document: dict[str, Any]) -> None:
        feeds()(document)
        document["source"][-1]["organization"] = organization

    return change


async def test_the_cjis_gate_stands_before_a_police_feed(world: World) -> None:
    order = ("ORC|NW|O1^CITY", "OBR|1|O1^CITY||57133-1^Referral note^LN")
    data = said("ORM^O01", "C1", PID.format(number="1", phone=""), "DG1|1||Z1^juvenile record^L", *order, RETURN)
    await send(world, data)
    found = [one for kind in ("Condition", "ServiceRequest") for one in kept(world, kind)]
    assert found
    assert "felony" not in str(found)
    assert "juvenile" not in str(found)
    (hold,) = world.holds()
    assert hold.kind == "cjis"
    assert [one.kind for one in world.alarms()] == ["held"]
    (message,) = world.messages(source="city-adt")
    # what a person has yet to look at is still there; what is left then is the message without it
    assert b"felony" in world.body(message.id)
    world.store.write(
        lambda tx: resolve(
            tx, world.hub, hold.id, action="reject", by="Privacy Officer", reason_code="criminal-justice-information"
        )
    )
    assert b"felony" not in world.body(message.id)
    assert parse(world.body(message.id)).get("PID-3.1") == "1"


async def test_what_the_gate_drops_does_not_stay_in_the_bytes(world: World) -> None:
    await send(world, said("ADT^A04", "C1", PID.format(number="1", phone=""), "ZCO|1|NCIC hit"))
    (message,) = world.messages(source="city-adt")
    assert message.gated_at is not None
    assert b"NCIC" not in world.body(message.id)
    # and the same bytes are known again
    again = await send(world, said("ADT^A04", "C1", PID.format(number="1", phone=""), "ZCO|1|NCIC hit"))
    assert again.get("MSA-1") == "AA"
    assert len(world.messages(source="city-adt")) == 1


async def test_a_health_cares_own_note_is_a_medical_record(build: Any) -> None:
    world = build(of("lakeshore-cmhc"))
    await send(world, said("ADT^A04", "C1", PID.format(number="1", phone=""), "DG1|1||Z1^juvenile record^L"))
    found = world.hub.store.read(lambda tx: documents.by_type(tx, "Condition", custody="lakeshore-cmhc"))
    assert "juvenile record" in str(found[0].resource)
    assert not world.holds()
