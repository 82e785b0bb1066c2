"""`GET /health`: counts and states for a supervisor without a credential."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy.exc import OperationalError

from hub.errors import StoreError

World = Any
Serve = Callable[[World], httpx2.AsyncClient]


async def test_counts_and_states(world: World, serve: Serve) -> None:
    await world.take_in("cedar-app", world.form("story-1-contact"))
    async with serve(world) as client:
        answer = await client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "messages": {"translated": 1}, "waiting": {"lakeshore": 1}}


@pytest.mark.parametrize(
    "error", [StoreError("store.closed", "the store is closed"), OperationalError("SELECT secret", {}, OSError("x"))]
)
async def test_a_store_that_does_not_answer(
    world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(work: object) -> None:
        raise error

    monkeypatch.setattr(world.store, "read", fails)
    async with serve(world) as client:
        answer = await client.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "failing", "store": "unreachable"})
