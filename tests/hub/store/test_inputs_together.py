"""Inputs that are stored together: what each becomes is what it would have become alone, one after the other."""

from __future__ import annotations

import asyncio
import threading
from random import Random
from typing import Any

import pytest

from hub.store import KeyRing, Store, Tx, inputs, messages
from hub.store.hot_rows import AT_ONCE

OWNERS = {name: inputs.Owner(source=name, custody=f"of {name}", organization=name) for name in ("cad", "rms", "app")}


def coming(keys: KeyRing, source: str, body: bytes, control_id: str | None = None, **more: Any) -> inputs.Input:
    given = {"media_type": "application/json"} | more
    return inputs.coming(keys, OWNERS[source], control_id=control_id, body=body, **given)


async def together(store: Store, works: list[Any]) -> list[Any]:
    """Their results or errors, all from one group."""
    entered, opened = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        entered.set()
        opened.wait(60)

    holder = asyncio.ensure_future(asyncio.to_thread(store.write, hold))
    await asyncio.to_thread(entered.wait, 60)
    waiting = [asyncio.ensure_future(store.write_async(work)) for work in works]
    await asyncio.sleep(0)
    opened.set()
    await holder
    return await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("seed", range(3))
def test_in_batches_as_one_by_one(store: Store, keys: KeyRing, seed: int) -> None:
    random = Random(seed)
    known: dict[tuple[str, object], tuple[int, bytes]] = {}
    last = 0
    for _ in range(12):
        batch = [
            (
                random.choice(list(OWNERS)),
                random.choice([None, "c1", "c2", "c3"]),
                random.choice([b"one", b"two", b"3"]),
            )
            for _ in range(random.choice([1, 2, 3, 5, 17, 40]))
        ]
        found = [coming(keys, source, body, control_id) for source, control_id, body in batch]
        for (source, control_id, body), became in zip(
            batch, store.write(lambda tx, found=found: inputs.Input.together(tx, found)), strict=True
        ):
            at = (source, body if control_id is None else control_id)
            before = known.setdefault(at, (became.message_id, body))
            assert became.message_id == before[0]
            assert became.conflict == (before[1] != body)
            assert became.fresh == (became.message_id > last)
            last = max(last, became.message_id)  # new ones are numbered as they came
    assert len(store.read(lambda tx: messages.listed(tx, limit=1000))) == len(known)
    for (source, at), (made, body) in known.items():
        kept = store.read(lambda tx, made=made: messages.get(tx, made))
        assert kept is not None
        assert (kept.source, kept.custody, kept.size) == (source, f"of {source}", len(body))
        assert store.read(lambda tx, made=made: messages.body(tx, made)) == body
        control_id = at if isinstance(at, str) else None
        assert store.read(lambda tx, made=made: messages.control_id(tx, made)) == control_id


async def test_one_that_the_database_refuses_fails_alone(store: Store, keys: KeyRing) -> None:
    bad = coming(keys, "cad", b"bad", media_type=object())
    works = [coming(keys, "cad", f"{number}".encode()) for number in range(9)]
    works[4:4] = [bad]
    results = await together(store, works)
    assert isinstance(results.pop(4), Exception)
    assert [result.fresh for result in results] == [True] * 9
    ids = [result.message_id for result in results]
    assert ids == sorted(ids)
    assert store.read(messages.counts) == {"received": 9}
    assert [store.read(lambda tx, one=one: messages.body(tx, one)) for one in ids] == [
        f"{number}".encode() for number in range(9)
    ]


async def test_those_of_one_group_are_stored_in_one_go_and_in_their_order(
    store: Store, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes: list[int] = []
    real = inputs.Input.together

    def counted(tx: Tx, found: Any) -> Any:
        goes.append(len(found))
        return real(tx, found)

    monkeypatch.setattr(inputs.Input, "together", staticmethod(counted))
    first, second = ([coming(keys, "cad", f"{half} {n}".encode()) for n in range(8)] for half in "ab")

    def between(tx: Tx) -> int:
        return sum(messages.counts(tx).values())

    results = await together(store, [*first, between, *second])
    assert results.pop(8) == 8  # neither overtaken by what came after it, nor before what came before it
    assert goes == [8, 8]
    assert [result.message_id for result in results] == sorted(result.message_id for result in results)


def test_more_than_a_statement_holds(store: Store, keys: KeyRing) -> None:
    large = [bytes([number]) * (AT_ONCE // 2 - 1000 * number) for number in range(5)]
    made = store.write(lambda tx: inputs.Input.together(tx, [coming(keys, "cad", body) for body in large]))
    assert [store.read(lambda tx, one=one: messages.body(tx, one.message_id)) for one in made] == large


def test_a_control_id_that_is_in_the_body_is_not_kept_beside_it(store: Store, keys: KeyRing) -> None:
    made = store.write(coming(keys, "cad", b"MSH", "C1", keep_control=False))
    assert store.read(lambda tx: messages.control_id(tx, made.message_id)) is None
    assert not store.write(coming(keys, "cad", b"MSH", "C1")).fresh
    assert store.write(coming(keys, "cad", b"other", "C1")).conflict
