"""HTTP inputs that come at the same time share a commit, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from hub.store import Tx

World = Any


async def test_each_gets_its_own_answer(
    world: World, serve: Callable[[World], httpx2.AsyncClient], auth: Callable[[str], dict[str, str]]
) -> None:
    entered, opened, waiting = threading.Event(), threading.Event(), 0

    def hold(tx: Tx) -> None:
        entered.set()
        opened.wait(60)

    sent = [
        ("cedar-app", b'{"number": 1}', "k1", 202),
        ("sunrise-app", b'{"number": 1}', "k1", 202),
        ("cedar-app", b'{"number": }', None, 422),
        ("cedar-app", b'{"number": 1}', "k1", 200),
        ("cedar-app", b'{"number": 2}', "k1", 409),
        ("cedar-app", b'{"number": 3}', None, 202),
        ("cedar-app", b"", None, 400),
        ("sunrise-app", b'{"number": 4}', "k2", 202),
    ]
    holder = asyncio.ensure_future(asyncio.to_thread(world.store.write, hold))
    await asyncio.to_thread(entered.wait, 60)
    async with serve(world) as client:

        async def post(source: str, body: bytes, key: str | None) -> httpx2.Response:
            headers = auth(source) | ({"idempotency-key": key} if key else {})
            return await client.post(f"/ingest/{source}", content=body, headers=headers)

        asked = [asyncio.ensure_future(post(*one[:3])) for one in sent]
        while waiting < len(sent) - 1:  # all but the one without a body wait for the writer
            await asyncio.sleep(0.01)
            waiting = len(world.store._queue)
            assert not any(one.done() for one, (*_, status) in zip(asked, sent, strict=True) if status != 400)
        opened.set()
        answers = await asyncio.gather(*asked)
    await holder
    assert [answer.status_code for answer in answers] == [status for *_, status in sent]
    bad = answers[2].json()
    assert [issue["details"]["coding"][0]["code"] for issue in bad["issue"]] == ["read.not-json"]
    assert answers[3].json() == {"message": answers[0].json()["message"], "duplicate": True}
    kept = {m.id: (m.source, m.state, world.body(m.id)) for m in world.messages()}
    assert sorted(kept.values()) == sorted(
        [(s, "received", b) for s, b, _, status in sent if status in (202, 422)] + [("cedar-app", "held", sent[4][1])]
    )
    # a source's are numbered as they came
    assert answers[0].json()["message"] < answers[5].json()["message"]


async def test_a_lone_one_is_not_kept_waiting(
    world: World,
    serve: Callable[[World], httpx2.AsyncClient],
    auth: Callable[[str], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*given: Any) -> None:
        raise AssertionError("nobody waits for company")

    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", never)
    async with serve(world) as client:
        answer = await client.post("/ingest/cedar-app", content=b"{}", headers=auth("cedar-app"))
    assert answer.status_code == 202
