"""Thousands of messages each way with MLLP peers that are not ours: none lost, none doubled."""

from __future__ import annotations

from typing import Any

import pytest

from hub.ingest import v2
from tests.conformance import mllp_peers
from tests.conformance.outcome import NotRun
from tests.hub.conftest import build as build
from tests.hub.conftest import empty_database as empty_database

COUNT = 2000


@pytest.fixture(autouse=True)
def peers() -> None:
    try:
        mllp_peers.command()
    except NotRun as reason:
        pytest.skip(str(reason))


def _feed(document: dict[str, Any]) -> None:
    document["hub"]["mllp_port"] = 0
    mllp = {"application": "PEER", "facility": "NODE"}
    document["source"].append({"name": "peer", "organization": "riverton-pd", "reads": "hl7v2", "mllp": mllp})


@pytest.mark.proof
@pytest.mark.parametrize("role", mllp_peers.CLIENTS)
async def test_what_they_send_is_in_the_store_once_and_acknowledged_once(build: Any, role: str) -> None:
    world = build(_feed)
    server = await v2.listen(world.hub, 0)
    acked = await mllp_peers.send_to_us(role, server.port, COUNT)
    await server.close()
    expected = [f"N{number:06}" for number in range(COUNT)]
    assert acked == [("AA", one) for one in expected]
    kept = [world.body(one.id).split(b"|")[9].decode() for one in world.messages(source="peer", limit=COUNT * 2)]
    assert sorted(kept) == expected


@pytest.mark.proof
@pytest.mark.parametrize("role", mllp_peers.SERVERS)
async def test_what_we_send_is_there_once(role: str) -> None:
    async with mllp_peers.listening(role) as (port, got):
        taken = await mllp_peers.send_to_them(port, COUNT)
    assert len(taken) == COUNT
    assert set(taken.values()) == {1}
    assert sorted(got) == sorted(taken)


@pytest.mark.proof
async def test_acks_that_are_sent_again_settle_nothing_twice() -> None:
    async with mllp_peers.listening("node-hl7-server") as (port, got):
        settled, stale = await mllp_peers.settled_on_one_connection(port, 40)
    assert settled == [f"S{number:06}" for number in range(40)]
    assert stale > 0  # it does, or this test shows nothing
    # That server hands its application what it has had before, too: what we sent once.
    assert list(dict.fromkeys(got)) == settled
