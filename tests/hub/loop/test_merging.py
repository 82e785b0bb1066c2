"""A CAD record, a report and a contact form of one custody become one set of resources, whatever comes first."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub import pipeline
from hub.loop import merging
from hub.store import documents, tellings

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"
PD = "riverton-pd"


def with_form(document: dict[str, Any]) -> None:
    """The agency's own team has a form, too."""
    app = {"name": "riverton-app", "organization": PD, "reads": "incident", "token": {"sha256": "a" * 64}}
    document["source"].append(app)


def form(world: World, **facts: Any) -> dict[str, Any]:
    """The contact form of story 1 as the agency's own team would send it."""
    made: dict[str, Any] = world.form("story-1-contact") | facts
    made["organization"] = PD
    for contact in made["contacts"]:
        contact["organization"] = PD
        for narrative in contact["narratives"]:
            narrative["organization"] = PD
    return made


def sources(world: World) -> dict[str, bytes]:
    return {
        "riverton-cad": world.sample("riverton-webhook/story-1-call"),
        "riverton-rms": world.sample("riverton-rms/story-1-report", "input.xml"),
        "riverton-app": orjson.dumps(form(world)),
    }


def held(world: World, custody: str = PD) -> dict[str, list[Any]]:
    """What a custody holds now, by type."""
    found: dict[str, list[Any]] = {}
    for kind in ("Encounter", "Patient", "DocumentReference", "ServiceRequest", "Flag", "Provenance"):
        rows = world.store.read(lambda tx, kind=kind: documents.by_type(tx, kind, custody=custody))
        found[kind] = [row.resource for row in rows]
    return found


def content(world: World) -> set[str]:
    """All that the agency holds but the history of its records: comparable between hubs of one name space key."""
    return {
        orjson.dumps(resource, option=orjson.OPT_SORT_KEYS).decode()
        for kind, found in held(world).items()
        if kind != "Provenance"
        for resource in found
    }


@pytest.fixture
def one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every hub of a test makes the same ids."""
    monkeypatch.setattr("hub.loop.context.Hub.namespace_key", b"one key for all hubs of a test")


@pytest.mark.usefixtures("one_key")
async def test_any_order_of_arrival_gives_one_and_the_same_set(build: Any, httpx_mock: HTTPXMock) -> None:
    seen = []
    for order in itertools.permutations(("riverton-cad", "riverton-rms", "riverton-app")):
        world = build(with_form)
        for name in order:
            number = await world.take_in(name, sources(world)[name])
            assert world.message(number).state == "translated"
        now = held(world)
        assert [len(now[kind]) for kind in ("Encounter", "Patient", "ServiceRequest")] == [1, 1, 1]
        assert len(world.referrals()) == 1
        seen.append(content(world))
    assert all(one == seen[0] for one in seen)
    assert httpx_mock.get_requests() == []


async def test_the_set_has_what_each_source_knows(build: Any) -> None:
    world = build(with_form)
    for name, body in sources(world).items():
        await world.take_in(name, body)
    (encounter,) = held(world)["Encounter"]
    numbers = {i["system"].rpartition("/")[2]: i["value"] for i in encounter["identifier"]}
    assert (numbers["cad-event"], numbers["case-number"]) == ("RV26-004417", "26-10012")
    urls = {e["url"].rpartition("/")[2] for e in encounter["extension"]}
    assert {"unit-times", "call-times", "call-status"} <= urls
    kinds = {d["content"][0]["attachment"]["title"] for d in held(world)["DocumentReference"]}
    assert "Contact note" in kinds
    assert len(kinds) > 1  # the officer's narrative beside it
    latest = held(world)["Provenance"][-1]
    assert len(latest["entity"]) == 3


async def test_a_late_cad_update_reaches_the_center_only_if_what_it_has_changes(
    build: Any, httpx_mock: HTTPXMock
) -> None:
    world = build(with_form)
    httpx_mock.add_response(method="POST", url=MESSAGE, is_reusable=True)
    await world.take_in("riverton-app", form(world))
    await world.deliver()
    assert len(httpx_mock.get_requests()) == 1
    task = world.referrals()[0].task_id

    call = orjson.loads(sources(world)["riverton-cad"])
    await world.take_in("riverton-cad", call)
    await world.deliver()
    assert [d.kind for d in world.deliveries()] == ["referral", "update"]
    assert [r.task_id for r in world.referrals()] == [task]

    # the same facts as a later revision: a new version of the source, no news
    call["data"]["incident"] |= {"revision": 4, "changedAt": "2026-11-20T22:25:00-07:00"}
    number = await world.take_in("riverton-cad", call)
    await world.deliver()
    assert world.message(number).state == "translated"
    assert [d.kind for d in world.deliveries()] == ["referral", "update"]
    assert len(httpx_mock.get_requests()) == 2


async def test_a_correction_withdraws_what_was_wrong(build: Any) -> None:
    world = build(with_form)
    wrong = form(world)
    wrong["contacts"][0]["cautions"] = [{"type": {"text": "Dog"}}, {"type": {"text": "Stairs"}}]
    await world.take_in("riverton-app", wrong)
    assert len(held(world)["Flag"]) == 2
    right = form(world, version="2", updated="2026-11-20T23:41:00-07:00")
    await world.take_in("riverton-app", right)
    assert len(held(world)["Flag"]) == 1
    # an older version that comes late changes nothing
    before = content(world)
    await world.take_in("riverton-app", wrong | {"version": "0", "updated": "2026-11-20T20:00:00-07:00"})
    assert content(world) == before


async def test_conflicts_are_findings_of_the_message_with_both_places(build: Any) -> None:
    world = build(with_form)
    await world.take_in("riverton-cad", sources(world)["riverton-cad"])
    timeline = {"received": "2026-11-20T21:00:00-07:00"}
    number = await world.take_in("riverton-app", form(world, timeline=timeline))
    found = [
        (issue["details"]["coding"][0]["code"], issue.get("expression", [""])[0])
        for issue in world.message(number).issues
    ]
    conflicts = [path for rule, path in found if rule == "merge.conflict"]
    assert any(path.endswith("riverton-app: timeline.received") for path in conflicts)
    # what the CAD's own message was told of is not told again
    assert not any("riverton-cad: " in path for rule, path in found if not rule.startswith("merge."))


async def test_what_custodies_share_is_the_number_alone(world: World) -> None:
    """A program's form never becomes part of what the police hold, nor the other way round."""
    await world.take_in("cedar-app", world.sample("incident/story-1-contact"))
    alone = held(world, "cedar-coresponse")
    await world.take_in("riverton-cad", world.sample("riverton-webhook/story-1-call"))
    await world.take_in("riverton-rms", world.sample("riverton-rms/story-1-report", "input.xml"))
    assert held(world, "cedar-coresponse") == alone
    police = held(world)
    assert len(police["Encounter"]) == 1
    ids = {r["id"] for found in alone.values() for r in found}
    assert ids.isdisjoint({r["id"] for found in police.values() for r in found})
    assert "C-SSRS" not in orjson.dumps(police).decode()
    for custody in (PD, "cedar-coresponse"):
        assert world.store.read(lambda tx, c=custody: documents.by_incident(tx, c, "riverton-pd|RV26-004417"))


async def test_a_record_in_anothers_name_is_not_merged(world: World) -> None:
    await world.take_in("sunrise-app", world.form("story-4-part2"))
    claim = world.form("story-4-part2") | {"organization": "lakeshore-cmhc", "version": "9"}
    await world.take_in("sunrise-app", claim)
    rows = world.store.read(
        lambda tx: tellings.related(
            tx,
            [tellings.keys_of(tx, "sunrise-recovery", "sunrise-recovery", claim["agency"], claim.get("number"), None)],
        )
    )
    assert len(rows) == 1


async def test_a_telling_that_comes_between_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another hub told of the same incident after this one looked: it looks again."""
    await world.post("riverton-cad", world.sample("riverton-webhook/story-1-call"))
    await world.post("riverton-rms", world.sample("riverton-rms/story-1-report", "input.xml"))
    real = merging.bring_together
    inside: list[int] = []

    def meanwhile(hub: Any, source: Any, message: Any, taken: Any, now: Any) -> Any:
        made = real(hub, source, message, taken, now)
        if source.name == "riverton-cad" and not inside:
            inside.append(message.id)
            other = next(m for m in waiting if m.source == "riverton-rms")
            pipeline.process(hub, other)
        return made

    from hub.store import messages

    waiting = world.store.write(lambda tx: messages.claim(tx, owner="a", lease_seconds=60, limit=10))
    monkeypatch.setattr(merging, "bring_together", meanwhile)
    pipeline.process(world.hub, next(m for m in waiting if m.source == "riverton-cad"))
    (encounter,) = held(world)["Encounter"]
    numbers = {i["system"].rpartition("/")[2] for i in encounter["identifier"]}
    assert {"cad-event", "case-number"} <= numbers
    latest = held(world)["Provenance"][-1]
    assert len(latest["entity"]) == 2


async def test_two_rows_of_one_incident_in_one_message_are_one(build: Any) -> None:
    world = build(with_form)
    one, other = form(world), form(world)
    other["persons"][0] = {"slot": "p2", "roles": ["subject"], "unknown": True}
    other["contacts"][0] |= {"person": "p2", "referrals": [], "consents": []}
    await world.take_in("riverton-app", orjson.dumps([one, other]))
    assert len(held(world)["Encounter"]) == len(held(world)["Patient"]) == 2


async def test_what_a_replaced_telling_said_is_not_kept_twice(build: Any) -> None:
    world = build(with_form)
    await world.take_in("riverton-app", form(world))
    await world.take_in("riverton-app", form(world, version="2", updated="2026-11-21T01:00:00-07:00"))
    keys = world.store.read(lambda tx: tellings.keys_of(tx, PD, PD, PD, "RV26-004417", None))
    rows = world.store.read(lambda tx: tellings.related(tx, [keys]))
    assert [row.state for row in rows] == ["replaced", "standing"]


async def test_a_record_that_would_not_come_back_as_it_is_stays_by_itself(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A telling that cannot be opened again would stop every later one of its incident."""
    from mappings.errors import ReadError

    world = build(with_form)

    def broken(*_: Any, **__: Any) -> Any:
        raise ReadError("read.not-a-record", "not a record")

    with monkeypatch.context() as patched:
        patched.setattr(merging, "from_json", broken)
        number = await world.take_in("riverton-cad", sources(world)["riverton-cad"])
    rules = [issue["details"]["coding"][0]["code"] for issue in world.message(number).issues]
    assert "merge.by-itself" in rules
    assert world.message(number).state == "translated"
    assert world.message(await world.take_in("riverton-app", form(world))).state == "translated"
