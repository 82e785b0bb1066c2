"""S51 at release: what came into a police record past the gate does not leave, and a person hears of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock

World = Any
TOLD = "He has two prior arrests for menacing."


@pytest.fixture
def open_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look lets everything through: as if the text had come another way."""
    for place in ("hub.loop.reading.gate", "mappings.fhir.translate.gate"):
        monkeypatch.setattr(place, lambda incident: (incident, incident.reading.dropped, ()))


@pytest.mark.usefixtures("open_gate")
async def test_it_is_withheld_and_held_with_an_alarm(world: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response()
    body = orjson.loads(world.sample("riverton-webhook/co-responder-referral"))
    body["data"]["incident"].setdefault("notes", []).append(
        {"at": "2026-11-20T21:14:02-07:00", "by": "D-31", "text": TOLD}
    )
    await world.take_in("riverton-cad", body)
    await world.deliver()
    assert TOLD.encode() not in b"".join(one.content for one in httpx_mock.get_requests())
    assert world.referrals()
    (held,) = [one for one in world.holds() if one.kind == "cjis"]
    assert held.reason == "release.criminal-justice"
    assert [one.kind for one in world.alarms() if one.subject_id == str(held.id)] == ["held"]
