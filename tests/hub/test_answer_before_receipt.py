"""A center that answers before its receipt has come back: the receipt does not undo the answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


@pytest.mark.parametrize(
    ("said", "status", "business"),
    [
        ({"status": "accepted"}, "accepted", "accepted"),
        ({"status": "in-progress", "businessStatus": {"text": "scheduled"}}, "in-progress", "scheduled"),
    ],
)
async def test_the_answer_stands(
    world: Any, httpx_mock: HTTPXMock, said: dict[str, Any], status: str, business: str
) -> None:
    async def answers_first(request: httpx.Request) -> httpx.Response:
        (referral,) = world.referrals()
        task = {"resourceType": "Task", "intent": "order"}
        await world.answer("lakeshore", {**task, "status": "accepted"}, task=referral.task_id)
        if said["status"] != "accepted":
            await world.answer("lakeshore", {**task, **said}, task=referral.task_id)
        return httpx.Response(200)

    httpx_mock.add_callback(answers_first, url=MESSAGE)
    await world.take_in("cedar-app", world.form("story-1-contact"))
    await world.deliver()
    (referral,) = world.referrals()
    assert (referral.status, referral.business_status) == (status, business)
    assert referral.control_id is not None
    task = world.task(referral.task_id)
    assert (task["status"], task["businessStatus"]["text"]) == (status, business)
    assert [d.state for d in world.deliveries()] == ["done"]
