"""The whole way on PostgreSQL: two hubs on one database, each doing what the other began."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub import audit, pipeline
from hub.loop import sending
from hub.store import claims

World = Any
Document = dict[str, Any]
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


@pytest.fixture
def hubs(build: Callable[..., World], postgresql_url: str, tmp_path: Path) -> tuple[World, World]:
    """Two hubs with one key file and one database."""

    def change(document: Document) -> None:
        document["hub"] |= {"database": postgresql_url, "keys": str(tmp_path / "keys.json")}

    return build(change), build(change)


async def test_what_one_hub_received_the_other_reads_sends_and_settles(
    hubs: tuple[World, World], httpx_mock: HTTPXMock
) -> None:
    one, two = hubs
    httpx_mock.add_response(method="POST", url=MESSAGE)
    await one.post("cedar-app", one.sample("incident/story-1-contact"), key="f1")
    await two.read()
    await one.deliver()
    (sent,) = httpx_mock.get_requests()
    assert orjson.loads(sent.content)["entry"][0]["resource"]["resourceType"] == "MessageHeader"
    (referral,) = two.referrals()
    assert referral.business_status == "delivered"
    assert [d.state for d in two.disclosures()] == ["sent"]
    # the same input again, at the other hub, is the message that is known
    again = await two.post("cedar-app", two.sample("incident/story-1-contact"), key="f1")
    assert not again.fresh
    await two.read()
    await two.deliver()
    assert len(httpx_mock.get_requests()) == 1
    # the report of the same incident comes to the other
    await two.take_in("riverton-cad", two.sample("riverton-webhook/story-1-call"))
    assert {m.state for m in one.messages()} == {"translated"}
    assert one.holds() == []
    assert one.store.read(lambda tx: audit.verify(tx)) == []


async def test_a_hub_that_starts_leaves_to_the_other_what_that_one_is_sending(
    hubs: tuple[World, World], httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = hubs
    await one.take_in("cedar-app", one.sample("incident/story-1-contact"))
    (claim,) = one.store.write(lambda tx: claims.take(tx, owner="one:1", lease_seconds=30, limit=1))
    transmit = sending._transmit

    async def meanwhile(*given: Any, **named: Any) -> Any:
        await pipeline.recover(two.hub, "two:1")
        assert [d.state for d in two.disclosures()] == ["intended"]
        await two.deliver()  # the lane is not free
        return await transmit(*given, **named)

    monkeypatch.setattr(sending, "_transmit", meanwhile)
    httpx_mock.add_response(method="POST", url=MESSAGE)
    await sending.send(one.hub, claim)
    assert [d.state for d in two.disclosures()] == ["sent"]
    assert len(httpx_mock.get_requests()) == 1
