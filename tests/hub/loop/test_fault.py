"""A message that breaks a step: tried three times, then held with an alarm; nothing else waits for it for ever."""

from __future__ import annotations

from typing import Any

import pytest

from hub import pipeline
from hub.loop import fault, hold
from hub.store import traces

World = Any


@pytest.fixture
def breaks_on_oops(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Reading breaks on every body that says oops, with the body's text in the exception; how often it did."""
    tried: list[int] = []
    real = pipeline.take_apart

    def take_apart(hub: Any, source: Any, body: bytes, now: Any, **as_kept: Any) -> Any:
        if b"oops" in body:
            tried.append(1)
            raise RuntimeError(body.decode())
        return real(hub, source, body, now, **as_kept)

    monkeypatch.setattr(pipeline, "take_apart", take_apart)
    return tried


async def test_three_tries_then_held_with_an_alarm(
    world: World, breaks_on_oops: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    received = await world.post("cedar-app", b'{"oops": "a secret text"}')
    for tries in (1, 2, 3):
        await world.read()
        assert len(breaks_on_oops) == tries
        world.time.forward(fault.PAUSE)
    await world.read()
    assert len(breaks_on_oops) == 3
    message = world.message(received.message_id)
    assert message.state == "held"
    assert [i["details"]["coding"][0]["code"] for i in message.issues] == ["hub.failed"]
    (held,) = world.holds()
    assert (held.kind, held.reason, held.subject_id) == ("fault", "hub.failed", str(message.id))
    assert [a.kind for a in world.alarms()] == ["held"]
    (step,) = [s for s in world.store.read(lambda tx: traces.of(tx, message.id)) if s.state == "held"]
    assert step.detail["error"] == "RuntimeError"
    assert step.detail["where"].startswith("test_fault.py:")
    assert "secret text" not in f"{message}{held}{step}{capsys.readouterr().out}"
    assert world.body(message.id) == b'{"oops": "a secret text"}'


async def test_it_stops_no_other_source_and_is_not_overtaken_by_its_own(
    world: World, breaks_on_oops: list[int]
) -> None:
    await world.post("cedar-app", b'{"oops": 1}')
    behind = await world.post("cedar-app", world.form("story-1-contact"))
    beside = await world.post("sunrise-app", world.form("story-4-part2"))
    await world.read()
    assert world.message(beside.message_id).state == "translated"
    assert world.message(behind.message_id).state == "received"
    for _ in range(3):
        world.time.forward(fault.PAUSE)
        await world.read()
    assert world.message(behind.message_id).state == "translated"


async def test_two_broken_ones_of_one_source_do_not_break_the_loop(world: World, breaks_on_oops: list[int]) -> None:
    """The second goes back with the first: its claim is lost when it fails too."""
    numbers = [(await world.post("cedar-app", b'{"oops": %d}' % n)).message_id for n in (1, 2)]
    beside = await world.post("sunrise-app", world.form("story-4-part2"))
    for _ in range(8):
        await world.read()
        world.time.forward(fault.PAUSE)
    assert {world.message(n).state for n in numbers} == {"held"}
    assert world.message(beside.message_id).state == "translated"
    assert len(world.alarms()) == 2


async def test_released_after_a_fix_it_is_read_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "take_apart", lambda *_, **__: 1 / 0)
        await world.post("cedar-app", world.form("story-1-contact"))
        for _ in range(3):
            await world.read()
            world.time.forward(fault.PAUSE)
    (held,) = world.holds()
    world.store.write(
        lambda tx: hold.resolve(tx, world.hub, held.id, action="release", by="A Person", reason_code="fault-mended")
    )
    await world.read()
    assert [m.state for m in world.messages()] == ["translated", "replayed"]
    assert world.alarms() == []
    assert len(world.referrals()) == 1


async def test_a_conflicting_message_that_a_person_releases_is_read(world: World) -> None:
    from hub.errors import DuplicateConflict

    await world.post("cedar-app", world.form("story-1-contact"), key="k")
    other = world.form("story-1-contact")
    other["contacts"][0]["follow_up"] = "Call in the evening."
    with pytest.raises(DuplicateConflict):
        await world.post("cedar-app", other, key="k")
    (held,) = world.holds()
    world.store.write(
        lambda tx: hold.resolve(tx, world.hub, held.id, action="release", by="A Person", reason_code="takes-its-place")
    )
    await world.read()
    assert sorted(m.state for m in world.messages()) == ["replayed", "translated", "translated"]


async def test_bytes_of_a_source_no_longer_configured_are_kept_and_rejected(world: World) -> None:
    received = await world.post("cedar-app", b"{}")
    smaller = world.hub.settings.model_copy(update={"source": ()})
    object.__setattr__(world.hub, "settings", smaller)
    await world.read()
    message = world.message(received.message_id)
    assert message.state == "rejected"
    assert [i["details"]["coding"][0]["code"] for i in message.issues] == ["receive.no-reader"]
    assert world.body(message.id) == b"{}"
