"""`POST /ingest/{source}` on a real store: what is kept, what is answered, and what nobody learns."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import orjson
import pytest
from starlette.requests import Request

from hub import web
from hub.errors import ReceiveError, StoreError
from hub.ingest import http

World = Any
Serve = Callable[[World], httpx2.AsyncClient]
Auth = Callable[[str], dict[str, str]]


def rules(answer: httpx2.Response) -> list[str]:
    document = answer.json()
    assert answer.headers["content-type"] == "application/fhir+json"
    assert document["resourceType"] == "OperationOutcome"
    return [coding["code"] for issue in document["issue"] for coding in issue["details"]["coding"]]


async def test_accepted_when_durable(world: World, serve: Serve, auth: Auth) -> None:
    body = world.sample("incident/story-1-contact")
    async with serve(world) as client:
        answer = await client.post("/ingest/cedar-app", content=body, headers=auth("cedar-app"))
    assert answer.status_code == 202
    assert answer.json() == {"message": 1, "duplicate": False}
    assert answer.headers["location"] == "/ingest/cedar-app/messages/1"
    assert world.body(1) == body
    message = world.message(1)
    assert (message.source, message.custody, message.organization, message.state) == (
        "cedar-app",
        "cedar-coresponse",
        "cedar-coresponse",
        "received",
    )
    await world.read()
    assert world.trace(1)[0] == ("receive", "received")


async def test_the_same_bytes_are_one_message(world: World, serve: Serve, auth: Auth) -> None:
    body = world.sample("incident/story-1-contact")
    async with serve(world) as client:
        first = await client.post("/ingest/cedar-app", content=body, headers=auth("cedar-app"))
        again = await client.post("/ingest/cedar-app", content=body, headers=auth("cedar-app"))
        other = await client.post("/ingest/sunrise-app", content=body, headers=auth("sunrise-app"))
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == {"message": 1, "duplicate": True}
    # another source's message is its own, whatever is in it
    assert (other.status_code, len(world.messages())) == (202, 2)
    assert other.json()["message"] != 1


async def test_an_idempotency_key_names_a_message(world: World, serve: Serve, auth: Auth) -> None:
    head = auth("cedar-app")
    async with serve(world) as client:
        one = await client.post("/ingest/cedar-app", content=b'{"a":1}', headers=head | {"idempotency-key": "k-1"})
        same = await client.post("/ingest/cedar-app", content=b'{"a":1}', headers=head | {"idempotency-key": "k-1"})
        new = await client.post("/ingest/cedar-app", content=b'{"a":1}', headers=head | {"idempotency-key": "k-2"})
    assert one.json()["message"] == same.json()["message"] != new.json()["message"]
    assert len(world.messages()) == 2
    assert [one.status_code, same.status_code, new.status_code] == [202, 200, 202]


async def test_other_bytes_under_a_known_key_are_kept_refused_and_ring(world: World, serve: Serve, auth: Auth) -> None:
    head = auth("cedar-app") | {"idempotency-key": "k-1"}
    async with serve(world) as client:
        await client.post("/ingest/cedar-app", content=b'{"a":1}', headers=head)
        conflict = await client.post("/ingest/cedar-app", content=b'{"a":2}', headers=head)
        again = await client.post("/ingest/cedar-app", content=b'{"a":2}', headers=head)
    assert (conflict.status_code, again.status_code) == (409, 409)
    assert rules(conflict) == ["receive.conflict"]
    assert b'"a"' not in conflict.content
    kept, first = world.messages()  # newest first; kept once, however often it comes
    assert (kept.state, kept.lineage, first.state) == ("held", first.id, "received")
    assert (world.body(kept.id), world.body(first.id)) == (b'{"a":2}', b'{"a":1}')
    (hold,) = world.holds()
    assert (hold.reason, hold.subject_id) == ("receive.conflict", str(kept.id))
    assert [a.kind for a in world.alarms()] == ["held"]


async def test_what_is_not_json_is_kept_and_said_where(world: World, serve: Serve, auth: Auth) -> None:
    body = b'{"agency": "riverton-pd",\n "number": oops}'
    async with serve(world) as client:
        answer = await client.post("/ingest/cedar-app", content=body, headers=auth("cedar-app"))
        assert answer.status_code == 422
        assert rules(answer) == ["read.not-json"]
        assert answer.json()["issue"][0]["expression"] == ["line 2, column 12"]
        assert b"oops" not in answer.content
        assert world.body(1) == body
        await world.read()
        found = await client.get(answer.headers["location"], headers=auth("cedar-app"))
    assert found.json()["state"] == "rejected"
    assert found.json()["outcome"]["issue"]


async def test_one_json_value_a_line_is_taken(world: World, serve: Serve, auth: Auth) -> None:
    line = orjson.dumps(world.form("story-1-contact"))
    other = orjson.dumps(world.form("story-2-contact"))
    async with serve(world) as client:
        answer = await client.post("/ingest/cedar-app", content=line + b"\n" + other, headers=auth("cedar-app"))
    assert answer.status_code == 202
    await world.read()
    assert world.message(1).state == "translated"
    assert {r.destination for r in world.referrals()} == {"lakeshore", "northfork"}


async def test_the_limit_holds_declared_or_not(build: Callable[..., World], serve: Serve, auth: Auth) -> None:
    world = build(lambda d: d["hub"].update(max_body=100))

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 40

    async with serve(world) as client:
        declared = await client.post("/ingest/cedar-app", content=b"x" * 101, headers=auth("cedar-app"))
        chunked = await client.post("/ingest/cedar-app", content=chunks(), headers=auth("cedar-app"))
        just = await client.post("/ingest/cedar-app", content=b"[" + b" " * 98 + b"]", headers=auth("cedar-app"))
    assert (declared.status_code, chunked.status_code, just.status_code) == (413, 413, 202)
    assert rules(declared) == rules(chunked) == ["receive.too-large"]
    assert len(world.messages()) == 1


async def test_no_body(world: World, serve: Serve, auth: Auth) -> None:
    async with serve(world) as client:
        answer = await client.post("/ingest/cedar-app", headers=auth("cedar-app"))
    assert (answer.status_code, rules(answer)) == (400, ["receive.empty"])
    assert world.messages() == []


async def test_a_sender_that_goes_away_leaves_nothing() -> None:
    came = iter(({"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}))

    async def receive() -> Any:
        return next(came)

    with pytest.raises(ReceiveError) as raised:
        await web.body(Request({"type": "http", "headers": [(b"content-length", "²".encode("latin-1"))]}, receive), 100)
    assert raised.value.rule == "receive.cut"


async def test_a_full_store_says_come_again(world: World, serve: Serve, auth: Auth, monkeypatch: Any) -> None:
    async def busy(work: object) -> None:
        raise StoreError("store.busy", "the store has too much waiting", code="throttled")

    monkeypatch.setattr(world.store, "write_async", busy)
    async with serve(world) as client:
        answer = await client.post("/ingest/cedar-app", content=b"{}", headers=auth("cedar-app"))
    assert (answer.status_code, rules(answer)) == (503, ["store.busy"])
    assert answer.headers["retry-after"] == "5"


async def test_whoever_is_not_known_gets_one_and_the_same_answer(world: World, serve: Serve, auth: Auth) -> None:
    attempts = [
        ("cedar-app", auth("nobody")),
        ("cedar-app", auth("sunrise-app")),
        ("cedar-app", {}),
        ("cedar-app", {"authorization": "Basic " + "x" * 20}),
        ("cedar-app", {"authorization": "Bearer "}),
        ("no-such-source", auth("cedar-app")),
        ("no-such-source", {}),
        ("no-such-source", {"authorization": "Bearer \x00 no such source"}),
        ("riverton-rms", auth("cedar-app")),  # a watched folder: nobody may post to it
        ("riverton-rms", {}),
    ]
    seen = set()
    async with serve(world) as client:
        for source, headers in attempts:
            for answer in (
                await client.post(f"/ingest/{source}", content=b"{}", headers=headers),
                await client.get(f"/ingest/{source}/messages/1", headers=headers),
            ):
                assert answer.status_code == 401
                seen.add((answer.content, tuple(sorted(answer.headers.multi_items()))))
    assert len(seen) == 1
    assert world.messages() == []


async def test_the_status_is_for_the_same_source_only(world: World, serve: Serve, auth: Auth) -> None:
    async with serve(world) as client:
        await client.post("/ingest/cedar-app", content=b"{}", headers=auth("cedar-app"))
        own = await client.get("/ingest/cedar-app/messages/1", headers=auth("cedar-app"))
        assert own.json()["state"] == "received"
        nothing = set()
        for source, number in [
            ("sunrise-app", "1"),
            ("cedar-app", "2"),
            ("cedar-app", "x"),
            ("cedar-app", "²"),
            ("cedar-app", "-1"),
            ("cedar-app", "9" * 30),
        ]:
            answer = await client.get(f"/ingest/{source}/messages/{number}", headers=auth(source))
            assert answer.status_code == 404
            nothing.add(answer.content)
    assert len(nothing) == 1


def test_the_configured_hash_is_of_the_token(world: World) -> None:
    section = world.hub.source("cedar-app")
    assert section.token.digest() == hashlib.sha256(b"token-of-cedar-app").digest()


@pytest.mark.parametrize(
    ("method", "path", "prefix", "short"),
    [
        ("POST", "/ingest/cedar-app", "", True),
        ("GET", "/ingest/cedar-app", "", False),
        ("POST", "/ingest/", "", False),
        ("POST", "/ingest", "", False),
        ("POST", "/ingest/cedar-app/", "", False),
        ("POST", "/ingest/cedar-app/messages", "", False),
        ("POST", "/hub/ingest/cedar-app", "/hub", False),
        ("POST", "/ingest/ingest/cedar-app", "/ingest", False),
    ],
)
async def test_the_shortcut_takes_the_way_in_and_nothing_else(method: str, path: str, prefix: str, short: bool) -> None:
    taken: list[tuple[str, Any]] = []

    def end(name: str) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            taken.append((name, scope.get("path_params")))

        return app

    scope = {"type": "http", "method": method, "path": path, "root_path": prefix}
    await http.Shortcut(end("router"), end("handler"))(scope, None, None)  # type: ignore[arg-type]
    assert taken == [("handler", {"source": "cedar-app"}) if short else ("router", None)]
