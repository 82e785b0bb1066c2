"""`/metrics`: what is counted and what waits, for who may ask; never a value of a record."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_httpx import HTTPXMock
from starlette.applications import Starlette

from hub import upkeep
from hub.api import measures
from hub.errors import StoreError
from hub.metrics import Metrics

World = Any
#: The order in which the tests name labels.
ORDER = ("source", "result", "way", "le", "step", "destination", "state", "decision", "kind", "overdue")
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


@pytest.fixture
def watched(build: Any) -> Any:
    def of(**section: Any) -> World:
        world = build(lambda settings: settings.update(metrics=section))
        object.__setattr__(world.hub, "metrics", Metrics(lambda: upkeep.gauges(world.store)))
        world.store.counted = world.hub.metrics.count
        return world

    return of


async def scrape(world: World, host: str = "127.0.0.1", **headers: str) -> httpx2.Response:
    way = httpx2.ASGITransport(app=Starlette(routes=measures.routes(world.hub)), client=(host, 1))
    async with httpx2.AsyncClient(transport=way, base_url="http://hub.test") as client:
        return await client.get("/metrics", headers=headers)


def values(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[name] for name in ORDER if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_referral_leaves_its_measures(watched: Any, httpx_mock: HTTPXMock) -> None:
    world = watched()
    httpx_mock.add_response(method="POST", url=MESSAGE, status_code=503)
    httpx_mock.add_response(method="POST", url=MESSAGE)
    await world.take_in("cedar-app", world.sample("incident/story-1-contact"))
    await world.deliver()
    first = values((await scrape(world)).text)
    assert first["handoff_received_total", "cedar-app", "new"] == 1
    assert first["handoff_messages", "translated"] == 1
    assert first["handoff_lane_depth", "lakeshore"] == 1
    assert first["handoff_deliveries_total", "lakeshore", "retry"] == 1
    assert first["handoff_decisions_total", "permit"] >= 1
    assert first["handoff_referrals_undecided", "lakeshore", "no"] == 1
    world.time.forward(3600)
    await world.deliver()
    then = values((await scrape(world)).text)
    assert ("handoff_lane_depth", "lakeshore") not in then
    assert then["handoff_steps_total", "record", "sent"] == 1
    world.time.forward(30 * 86_400)
    assert values((await scrape(world)).text)["handoff_referrals_undecided", "lakeshore", "yes"] == 1


async def test_age_and_state_of_what_waits(watched: Any, httpx_mock: HTTPXMock) -> None:
    from hub.store import gates

    world = watched()
    await world.take_in("cedar-app", world.sample("incident/story-1-contact"))
    world.store.write(lambda tx: gates.pause(tx, "lakeshore", by="A. Person"))
    world.time.forward(90)
    found = values((await scrape(world)).text)
    assert found["handoff_lane_oldest_seconds", "lakeshore"] >= 90
    assert found["handoff_destination_state", "lakeshore", "paused"] == 1


async def test_an_undone_write_counts_nothing(watched: Any) -> None:
    world = watched()

    def fails(tx: Any) -> None:
        tx.count("steps", "read", "read")
        raise ValueError

    with pytest.raises(ValueError):
        world.store.write(fails)
    world.store.write(lambda tx: tx.count("steps", "read", "rejected"))
    found = values((await scrape(world)).text)
    assert ("handoff_steps_total", "read", "read") not in found
    assert found["handoff_steps_total", "read", "rejected"] == 1


async def test_only_who_may_ask_is_told(watched: Any) -> None:
    assert (await scrape(watched(), host="192.0.2.7")).status_code == 401
    assert (await scrape(watched())).status_code == 200


async def test_a_scraper_with_the_token_may_be_elsewhere(watched: Any) -> None:
    world = watched(token={"sha256": hashlib.sha256(b"scrape").hexdigest()})
    assert (await scrape(world)).status_code == 401
    assert (await scrape(world, host="192.0.2.7", authorization="Bearer scrape")).status_code == 200
    assert (await scrape(world, authorization="Bearer other")).status_code == 401


def test_acknowledgements_are_timed_by_way() -> None:
    metrics = Metrics()
    metrics.acknowledged("mllp", 0.004)
    found = values(metrics.text().decode())
    assert found["handoff_ack_seconds_bucket", "mllp", "0.005"] == 1
    assert found["handoff_ack_seconds_bucket", "mllp", "0.0025"] == 0


async def test_a_store_that_does_not_answer_leaves_the_counts(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = watched()
    world.store.write(lambda tx: tx.count("steps", "read", "read"))

    def away(work: Any) -> None:
        raise StoreError("store.unreachable", "the database does not answer")

    monkeypatch.setattr(world.store, "read", away)
    text = (await scrape(world)).text
    assert values(text)["handoff_steps_total", "read", "read"] == 1
    assert "handoff_lane_depth" not in text
