"""A revocation is told to who holds copies: by a notice where the center takes one, else by a person's letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub.audit import chain
from hub.errors import ReleaseError
from hub.loop import consenting, revoking
from hub.release import Leak
from hub.release.naming import Party
from hub.release.revocation import seal_notice
from hub.store import alarms, documents
from mappings.fhir.revocation import withdrawn
from profiles.check import check

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


def lakeshore(how: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        next(d for d in document["destination"] if d["id"] == "lakeshore")["revocation"] = how

    return change


def consented(world: World, version: str = "2", **changes: Any) -> dict[str, Any]:
    form = world.form("story-4-part2-consent")
    form["contacts"][0]["consents"][0].update(changes)
    return {**form, "version": version}


REVOKED = {"status": "revoked", "revoked_at": "2026-11-21T14:00:00-07:00"}


async def sent(world: World, mock: HTTPXMock) -> Any:
    """A Part 2 referral that went by consent; the referral."""
    mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    await world.take_in("sunrise-app", consented(world))
    await world.deliver()
    (referral,) = world.referrals()
    assert [d.state for d in world.disclosures()] == ["sent"]
    return referral


def consent_of(world: World, referral: Any) -> Any:
    (found,) = world.store.read(lambda tx: documents.by_patient(tx, referral.patient_id, "Consent"))
    return found


async def test_s44_a_center_that_takes_a_notice_gets_one_and_nothing_of_a_record(
    build: Any, httpx_mock: HTTPXMock
) -> None:
    world = build(lakeshore("notice"))
    referral = await sent(world, httpx_mock)
    await world.take_in("sunrise-app", consented(world, "3", **REVOKED))
    await world.deliver()
    first, notice = httpx_mock.get_requests()
    bundle = orjson.loads(notice.content)
    header, consent = (entry["resource"] for entry in bundle["entry"])
    assert header["eventCoding"]["code"] == "consent-revoked"
    assert header["focus"] == [{"reference": f"urn:uuid:{consent['id']}"}]
    assert (consent["status"], consent["id"]) == ("inactive", consent_of(world, referral).resource_id)
    assert consent["identifier"][0]["value"] in first.content.decode(), "the center finds its copies by it"
    assert not {"patient", "provision", "performer", "extension", "organization"} & consent.keys()
    assert [i for i in check(bundle) if i.severity in ("error", "fatal")] == []
    assert [(d.kind, d.state) for d in world.deliveries()] == [("referral", "done"), ("notice", "done")]
    assert [(d.manner, d.state) for d in world.disclosures()] == [("delivery", "sent"), ("notice", "sent")]
    assert world.alarms() == []
    assert world.referral(referral.task_id).business_status == "delivered"


async def test_a_server_gets_it_as_an_update_of_the_consent(build: Any, httpx_mock: HTTPXMock) -> None:
    def rest(document: dict[str, Any]) -> None:
        to = next(d for d in document["destination"] if d["id"] == "lakeshore")
        to |= {"adapter": "fhir-rest", "revocation": "notice"}

    world = build(rest)
    base = "http://127.0.0.1:8101/fhir"
    httpx_mock.add_response(method="POST", url=base, json={"resourceType": "Bundle"}, is_reusable=True)
    found = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Task", "id": "t-1"}}]}
    httpx_mock.add_response(method="GET", json=found, is_reusable=True)
    await world.take_in("sunrise-app", consented(world))
    await world.deliver()
    await world.take_in("sunrise-app", consented(world, "3", **REVOKED))
    await world.deliver()
    assert [(d.kind, d.state) for d in world.deliveries()] == [("referral", "done"), ("notice", "done")]
    posts = [orjson.loads(r.content) for r in httpx_mock.get_requests() if r.method == "POST"]
    (entry,) = posts[1]["entry"]
    assert entry["request"]["method"] == "PUT"
    assert entry["request"]["url"].startswith("Consent?identifier=https://warmhandoff.org/fhir/sid/resource|")
    assert (entry["resource"]["status"], "id" in entry["resource"]) == ("inactive", False)
    assert [i for i in check(posts[1]) if i.severity in ("error", "fatal")] == []


async def test_what_a_person_takes_back_at_the_hub_is_told_as_well(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await sent(world, httpx_mock)
    consent = consent_of(world, referral)
    consenting.revoke(world.hub, consent.resource_id, custody="sunrise-recovery", by="Robin Examiner", method="verbal")
    assert [(a.kind, a.subject_id) for a in world.alarms()] == [("revocation", consent.resource_id)]


async def test_a_revocation_is_told_once(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lakeshore("notice"))
    referral = await sent(world, httpx_mock)
    for version in ("3", "4"):
        await world.take_in("sunrise-app", consented(world, version, **REVOKED))
        world.store.write(lambda tx: revoking.consents_changed(tx, world.hub, referral.patient_id))
        await world.deliver()
    assert [d.kind for d in world.deliveries()] == ["referral", "notice"]


async def test_a_consent_that_stands_again_before_the_notice_went_stops_it(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lakeshore("notice"))
    await sent(world, httpx_mock)
    await world.take_in("sunrise-app", consented(world, "3", **REVOKED))
    await world.take_in("sunrise-app", consented(world, "4"))
    await world.deliver()
    assert [(d.kind, d.state) for d in world.deliveries()][1] == ("notice", "superseded")
    assert b"consent-revoked" not in b"".join(r.content for r in httpx_mock.get_requests())


async def test_for_any_other_center_a_person_tells_by_letter(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await sent(world, httpx_mock)
    await world.take_in("sunrise-app", consented(world, "3", **REVOKED))
    await world.deliver()
    assert len(httpx_mock.get_requests()) == 1
    (alarm,) = world.alarms()
    consent = consent_of(world, referral)
    assert (alarm.kind, alarm.subject_type, alarm.subject_id) == ("revocation", "Consent", consent.resource_id)
    assert (alarm.owner, alarm.custody) == ("privacy officer of the demo", "sunrise-recovery")
    fallback = world.store.read(lambda tx: alarms.fallback(tx, alarm.id))
    assert fallback == {"print": f"/console/revocations/{consent.resource_id}"}
    (holder,) = world.store.read(lambda tx: revoking.to_be_told(tx, world.hub, consent))
    assert (holder.organization, holder.tasks) == ("lakeshore-cmhc", (referral.task_id,))
    # taken, it does not ring again for the same revocation
    world.store.write(lambda tx: alarms.acknowledge(tx, alarm.id, by="A Person"))
    world.store.write(lambda tx: revoking.tell(tx, world.hub, referral.patient_id))
    assert world.alarms(open_only=True) == []
    assert "alarm.revocation" in [event.kind for _, event in world.store.read(chain.events)]


async def test_a_notice_that_is_refused_becomes_a_letter(build: Any, httpx_mock: HTTPXMock) -> None:
    world = build(lakeshore("notice"))
    httpx_mock.add_response(method="POST", url=MESSAGE)
    await world.take_in("sunrise-app", consented(world))
    await world.deliver()
    httpx_mock.add_response(method="POST", url=MESSAGE, status_code=422)
    await world.take_in("sunrise-app", consented(world, "3", **REVOKED))
    await world.deliver()
    assert [(d.kind, d.state) for d in world.deliveries()] == [("referral", "done"), ("notice", "parked")]
    assert [alarm.kind for alarm in world.alarms()] == ["revocation"]


async def test_nobody_holds_copies_of_what_never_went(world: World, httpx_mock: HTTPXMock) -> None:
    await world.take_in("sunrise-app", consented(world))
    await world.take_in("sunrise-app", consented(world, "3", **REVOKED))
    await world.deliver()
    assert (world.alarms(), httpx_mock.get_requests()) == ([], [])


CONSENT = {
    "resourceType": "Consent",
    "id": "5f5b9d1c-0000-8000-8000-00000000c0de",
    "status": "inactive",
    "scope": {"text": "privacy"},
    "category": [{"text": "consent"}],
    "patient": {"reference": "Patient/p-901", "display": "Imre Brennavar"},
    "provision": {"type": "permit"},
}


def seal(consent: dict[str, Any], render: Callable[[dict[str, Any]], bytes]) -> Any:
    return seal_notice(
        consent,
        recipient=Party(reference="Organization/x", role="covered-entity"),
        purpose="TREAT",
        destination="x",
        render=render,
        media_type="application/fhir+json",
    )


def test_no_notice_of_a_consent_in_force() -> None:
    with pytest.raises(ReleaseError, match=r"release\.not-revoked"):
        seal({**CONSENT, "status": "active"}, orjson.dumps)


def test_a_refusal_taken_back_is_no_revocation() -> None:
    with pytest.raises(ReleaseError, match=r"release\.not-revoked"):
        seal({**CONSENT, "provision": {"type": "deny"}}, orjson.dumps)


def test_the_seal_stops_a_notice_that_names_the_patient() -> None:
    assert seal(CONSENT, orjson.dumps).bytes == orjson.dumps(withdrawn(CONSENT))
    with pytest.raises(Leak):
        seal(CONSENT, lambda ended: orjson.dumps({**ended, "note": "Imre Brennavar"}))
