"""Sources by the tokens they present: issued, rotated with an overlap, revoked, ended."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from hub.audit import chain
from hub.errors import IdentityError, SettingsError, StoreError
from hub.ingest import http
from hub.loop import credentialing
from hub.settings import parse
from hub.store.tables import credential

World = Any


@pytest.fixture
def world(build: Any) -> World:
    def change(settings: dict[str, Any]) -> None:
        settings["source"].append(
            {"name": "team-app", "organization": "cedar-coresponse", "reads": "incident", "issued": True}
        )

    return build(change)


def know(world: World) -> None:
    world.store.read(world.hub.callers.refresh)


async def status(world: World, token: str, source: str = "team-app") -> int:
    way = httpx2.ASGITransport(app=Starlette(routes=http.routes(world.hub)))
    async with httpx2.AsyncClient(transport=way, base_url="http://hub.test") as client:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return (await client.post(f"/ingest/{source}", content=b'{"x": 1}', headers=headers)).status_code


async def test_a_token_lives_and_dies(world: World) -> None:
    know(world)
    assert await status(world, "") == 401  # none was issued yet
    first, token = credentialing.issue(world.hub, "team-app", by="An Operator", days=None)
    assert await status(world, token) == 401
    know(world)
    assert await status(world, token) == 202
    assert await status(world, token, source="cedar-app") == 401
    assert await status(world, token + "x") == 401

    _, second = credentialing.rotate(world.hub, "team-app", by="An Operator", overlap_hours=24, days=None)
    know(world)
    assert (await status(world, token), await status(world, second)) == (200, 200)  # the same bytes again
    world.time.forward(24 * 3600 + 1)
    know(world)
    assert (await status(world, token), await status(world, second)) == (401, 200)

    third, last = credentialing.issue(world.hub, "team-app", by="An Operator", days=30)
    world.store.write(lambda tx: credentialing.revoke(tx, world.hub, third.id, by="An Operator"))
    know(world)
    assert await status(world, last) == 401
    with pytest.raises(StoreError, match=r"store\.state"):
        world.store.write(lambda tx: credentialing.revoke(tx, world.hub, third.id, by="An Operator"))
    with pytest.raises(StoreError, match=r"store\.not-found"):
        world.store.write(lambda tx: credentialing.revoke(tx, world.hub, 99, by="An Operator"))
    done = [(e.kind, e.detail) for _, e in world.store.read(chain.events) if e.kind.startswith("credential.")]
    assert [kind for kind, _ in done] == [
        "credential.issued", "credential.rotated", "credential.issued", "credential.revoked",
    ]  # fmt: skip
    assert {detail for _, detail in done} == {("source:team-app",)}
    kept = world.store.read(lambda tx: [row.digest for row in tx.connection.execute(credential.select())])
    assert hashlib.sha256(token.encode()).digest() in kept
    assert first.digest == kept[0]


async def test_a_token_ends_by_its_days(world: World) -> None:
    _, token = credentialing.issue(world.hub, "team-app", by="An Operator", days=30)
    know(world)
    assert await status(world, token) == 202
    world.time.forward(30 * 86_400 + 1)
    know(world)
    assert await status(world, token) == 401


def test_only_a_source_that_says_so_has_issued_tokens(world: World) -> None:
    for name in ("cedar-app", "nobody"):
        with pytest.raises(IdentityError, match=r"identity\.source"):
            credentialing.issue(world.hub, name, by="An Operator", days=None)
    source = {"name": "both", "organization": "cedar-coresponse", "reads": "incident", "issued": True}
    with pytest.raises(SettingsError):
        parse(world.document | {"source": [source | {"token": {"sha256": "aa" * 32}}]}, base=world.folder)


def test_no_token_is_nobody_s(world: World) -> None:
    assert world.hub.callers.by_token(hashlib.sha256(b"").digest()) is None
    assert world.hub.callers.by_token(hashlib.sha256(b"what").digest()) is None
    _, token = credentialing.issue(world.hub, "team-app", by="An Operator", days=None)
    know(world)
    found = world.hub.callers.by_token(hashlib.sha256(token.encode()).digest())
    assert found is not None
    assert found.name == "team-app"
