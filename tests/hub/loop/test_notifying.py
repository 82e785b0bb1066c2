"""Alarms by e-mail and webhook: a real SMTP conversation, what is told and what never, and a way that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub import upkeep
from hub.errors import SettingsError
from hub.settings import parse
from hub.store import alarms

World = Any
HOOK = "https://pager.example/alarms"


class Post:
    """An SMTP server that takes mail (RFC 5321), or refuses the recipient."""

    def __init__(self) -> None:
        self.took: list[bytes] = []
        self.to: list[str] = []
        self.refuse = False
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 post.example")
        while line := (await reader.readline()).decode().strip():
            word = line[:4].upper()
            if word == "DATA":
                say("354 go on")
                self.took.append(await reader.readuntil(b"\r\n.\r\n"))
                say("250 taken")
            elif word == "RCPT":
                self.to.append(line)
                say("550 no" if self.refuse else "250 yes")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 post.example")
        writer.close()


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    made = Post()
    server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


def sound(world: World) -> None:
    world.store.write(
        lambda tx: alarms.sound(
            tx, kind="undelivered", subject_type="Task", subject_id="the-task", custody="cedar-coresponse",
            owner="intake, Lakeshore", repeat_seconds=0.0, fallback={"telephone": "+1 555 0100 781"},
        )
    )  # fmt: skip


async def test_whoever_is_to_know_is_written_to(build: Any, post: Post) -> None:
    email = {
        "host": "127.0.0.1", "port": post.port, "sender": "hub@example.org", "to": ["desk@example.org"],
        "owners": {"intake, Lakeshore": ["intake@example.org"], "somebody else": ["else@example.org"]},
    }  # fmt: skip
    world = build(lambda settings: settings.update(alarm={"page": "https://hub.example", "email": email}))
    sound(world)
    await upkeep.ring(world.hub)
    assert post.to == ["rcpt TO:<desk@example.org>", "rcpt TO:<intake@example.org>"]
    message = message_from_bytes(post.took[0])
    assert message["Subject"] == "[Warm Handoff] alarm 1: undelivered"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_payload(decode=True).decode()
    assert "https://hub.example/console/alarms" in text
    assert "the-task" not in text
    assert "0100" not in text
    await upkeep.ring(world.hub)
    assert len(post.took) == 1  # it rings again after its time, not at each look
    world.time.forward(901)
    await upkeep.ring(world.hub)
    assert b"rung 2 times" in post.took[1]


async def test_an_email_that_does_not_go_is_tried_again_within_a_minute(build: Any, post: Post) -> None:
    email = {"host": "127.0.0.1", "port": post.port, "sender": "hub@example.org", "to": ["desk@example.org"]}
    world = build(lambda settings: settings.update(alarm={"email": email}))
    post.refuse = True
    sound(world)
    await upkeep.ring(world.hub)
    assert post.took == []
    post.refuse = False
    world.time.forward(61)
    await upkeep.ring(world.hub)
    assert len(post.took) == 1


async def test_a_system_that_pages_people_is_told(
    build: Any, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_TEST_HOOK", "h00k")
    hook = {"url": HOOK, "token": {"env": "HANDOFF_TEST_HOOK"}}
    world = build(lambda settings: settings.update(alarm={"webhook": [hook]}))
    httpx_mock.add_response(method="POST", url=HOOK, status_code=500)
    httpx_mock.add_response(method="POST", url=HOOK, status_code=204)
    sound(world)
    await upkeep.ring(world.hub)
    world.time.forward(61)
    await upkeep.ring(world.hub)
    first, again = httpx_mock.get_requests()
    assert first.headers["authorization"] == "Bearer h00k"
    told = orjson.loads(again.content)
    assert (told["number"], told["kind"], told["owner"], told["times"], told["link"]) == (
        1, "undelivered", "intake, Lakeshore", 2, None,
    )  # fmt: skip
    assert "the-task" not in again.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": {"host": "h", "sender": "nobody"}},
        {"email": {"host": "h", "sender": "a@b"}},
        {"email": {"host": "h", "sender": "a@b", "to": ["a b@c"]}},
        {"email": {"host": "h", "sender": "a@b", "to": ["a@b"], "user": "u"}},
        {"webhook": [{"url": "http://pager.example/x"}]},
    ],
)
def test_a_way_that_could_not_work_is_found_at_the_start(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        parse(world.document | {"alarm": wrong}, base=world.folder)
