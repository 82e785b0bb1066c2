"""The MLLP server: each row of the bad-frame table with our answer, and what holds in all of them: nothing is
acknowledged that was not handed on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hl7.client import MLLPClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.ingest.mllp import Limits, PeerInfo, Server, serve
from mappings.hl7v2.acknowledgement import acknowledge
from mappings.hl7v2.codec import header, parse
from mappings.hl7v2.framing import JUNK_LIMIT, frame

NOW = datetime(2026, 1, 14, 23, 2, 11, tzinfo=UTC)
SECRET = "Vantrupelle"


def message(number: int | str = 1, size: int = 0, modes: str = "|") -> bytes:
    msh = f"MSH|^~\\&|CAD|CITY|HUB|HUB|20260114||ADT^A04^ADT_A01|C{number}|P|2.5.1|||{modes}||UNICODE UTF-8"
    return f"{msh}\rPID|1||X||{SECRET}\rNTE|1||{'x' * size}\r".encode()


class Taker:
    """Takes messages as the hub does: keeps them, then says so."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.kept: list[tuple[bytes, str]] = []
        self.peers: list[PeerInfo] = []

    async def __call__(self, data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        self.taken.append(data)
        self.peers.append(peer)
        found = header(data)
        return (acknowledge(found, "AA", control_id="A1", now=NOW),)

    async def quarantine(self, data: bytes, peer: PeerInfo, rule: str) -> None:
        self.kept.append((data, rule))


class Slow(Taker):
    """Takes nothing before it is set free."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()

    async def __call__(self, data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        await self.free.wait()
        return await super().__call__(data, peer)


class Peer:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[str | None, str | None]:
        """MSA-1 and MSA-2 of the next frame."""
        async with asyncio.timeout(5):
            data = await self.reader.readuntil(b"\x1c\r")
        assert data[:1] == b"\x0b"
        assert SECRET.encode() not in data
        found = parse(data[1:-2])
        return found.get("MSA-1"), found.get("MSA-2")

    async def gone(self) -> bytes:
        """What came before the server closed, rudely or not."""
        try:
            return await self.closed()
        except ConnectionError:
            return b""

    async def closed(self) -> bytes:
        """What still comes until the server closes."""
        async with asyncio.timeout(5):
            return await self.reader.read()


@asynccontextmanager
async def listening(receive: Any, **options: Any) -> AsyncIterator[tuple[Server, Callable[[], Awaitable[Peer]]]]:
    server = await serve(
        "127.0.0.1",
        0,
        receive,
        quarantine=getattr(receive, "quarantine", None),
        now=lambda: NOW,
        limit_of=options.pop("limit_of", None),
        ask_at=options.pop("ask_at", None),
        limits=Limits(**options),
    )
    open_peers: list[Peer] = []

    async def connect() -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", server.port))
        open_peers.append(peer)
        return peer

    try:
        yield server, connect
    finally:
        await server.close(seconds=2)
        for peer in open_peers:
            peer.writer.close()


async def settled(check: Callable[[], bool]) -> None:
    """Lets the loop run until something is so."""
    async with asyncio.timeout(5):
        while not check():
            await asyncio.sleep(0.001)


async def test_a_message_is_taken_and_then_acknowledged() -> None:
    taker = Taker()
    async with listening(taker) as (server, connect):
        peer = await connect()
        await peer.send(frame(message()))
        assert await peer.answer() == ("AA", "C1")
        assert taker.taken == [message()]
        assert taker.peers[0].host == "127.0.0.1"
        assert taker.peers[0].subject is None
        assert (server.counts.connections, server.counts.frames, server.counts.answered) == (1, 1, 1)


async def test_bytes_without_a_start_of_block_are_skipped_and_closed_after_64_kib() -> None:
    taker = Taker()
    async with listening(taker) as (server, connect):
        peer = await connect()
        await peer.send(message())
        await peer.send(b"x" * (JUNK_LIMIT + 1))
        assert await peer.closed() == b""
        assert taker.taken == []
        assert server.counts.junk > JUNK_LIMIT


async def test_junk_before_a_frame_is_skipped_and_counted() -> None:
    taker = Taker()
    async with listening(taker) as (server, connect):
        peer = await connect()
        await peer.send(b"\r\nhello" + frame(message()))
        assert await peer.answer() == ("AA", "C1")
        assert server.counts.junk == 7


@pytest.mark.parametrize("end", [b"\x1c", b"\x1c\n", b""])
async def test_a_frame_without_its_end_waits_then_the_idle_limit_keeps_it_unanswered(end: bytes) -> None:
    taker = Taker()
    async with listening(taker, idle=0.05) as (server, connect):
        peer = await connect()
        await peer.send(b"\x0b" + message() + end)
        assert await peer.closed() == b""
        assert taker.taken == []
        await settled(lambda: taker.kept == [(message() + end, "receive.truncated")])
        assert server.counts.truncated == 1


@pytest.mark.parametrize("at", [1, 5, -2, -1])
async def test_a_frame_cut_anywhere_even_between_fs_and_cr(at: int) -> None:
    taker = Taker()
    async with listening(taker) as (_, connect):
        peer = await connect()
        data = frame(message())
        await peer.send(data[:at])
        await asyncio.sleep(0.01)
        await peer.send(data[at:])
        assert await peer.answer() == ("AA", "C1")
        assert taker.taken == [message()]


async def test_two_frames_in_one_write_are_two_messages_answered_in_order() -> None:
    taker = Taker()
    async with listening(taker) as (_, connect):
        peer = await connect()
        await peer.send(frame(message(1)) + frame(message(2)))
        assert [await peer.answer(), await peer.answer()] == [("AA", "C1"), ("AA", "C2")]
        assert taker.taken == [message(1), message(2)]


async def test_a_large_message_is_taken() -> None:
    taker = Taker()
    async with listening(taker) as (_, connect):
        peer = await connect()
        await peer.send(frame(message(1, size=100_000)))
        assert await peer.answer() == ("AA", "C1")


async def test_over_the_limit_is_ar_with_the_control_id_and_the_connection_closes() -> None:
    taker = Taker()
    async with listening(taker, max_bytes=10_000) as (server, connect):
        peer = await connect()
        await peer.send(frame(message(1)) + b"\x0b" + message(2, size=500_000))
        assert await peer.answer() == ("AA", "C1")
        assert await peer.answer() == ("AR", "C2")
        assert await peer.closed() == b""
        assert taker.taken == [message(1)]
        assert [rule for _, rule in taker.kept] == ["receive.too-large"]
        assert server.counts.oversize == 1


async def test_a_start_of_block_inside_a_frame_keeps_the_first_part_and_handles_the_second() -> None:
    taker = Taker()
    async with listening(taker) as (server, connect):
        peer = await connect()
        await peer.send(b"\x0b" + message(1)[:50] + frame(message(2)))
        assert await peer.answer() == ("AA", "C2")
        assert taker.taken == [message(2)]
        assert taker.kept == [(message(1)[:50], "receive.truncated")]
        assert server.counts.truncated == 1


async def test_an_empty_frame_is_ignored() -> None:
    taker = Taker()
    async with listening(taker) as (_, connect):
        peer = await connect()
        await peer.send(frame(b"") + frame(message()))
        assert await peer.answer() == ("AA", "C1")
        assert taker.taken == [message()]


async def test_the_end_of_the_stream_inside_a_frame_keeps_it_unanswered() -> None:
    taker = Taker()
    async with listening(taker) as (_, connect):
        peer = await connect()
        await peer.send(frame(message(1)) + b"\x0b" + message(2)[:40])
        peer.writer.write_eof()
        assert await peer.answer() == ("AA", "C1")
        assert await peer.closed() == b""
        assert taker.taken == [message(1)]
        assert taker.kept == [(message(2)[:40], "receive.truncated")]


async def test_what_is_in_hand_is_answered_although_the_sender_has_ended_its_stream() -> None:
    taker = Slow()
    async with listening(taker) as (_, connect):
        peer = await connect()
        await peer.send(frame(message(1)) + frame(message(2)))
        peer.writer.write_eof()
        await asyncio.sleep(0.01)
        taker.free.set()
        assert [await peer.answer(), await peer.answer()] == [("AA", "C1"), ("AA", "C2")]
        assert await peer.closed() == b""


@pytest.mark.parametrize(("modes", "code"), [("|", "AE"), ("AL|AL", "CE")])
async def test_what_cannot_be_stored_is_an_error_without_a_word_of_it(
    modes: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        raise RuntimeError(data.decode())

    async with listening(fails) as (server, connect):
        peer = await connect()
        await peer.send(frame(message(1, modes=modes)))
        assert await peer.answer() == (code, "C1")
        assert server.counts.failed == 1
    assert SECRET not in caplog.text
    assert "RuntimeError" in caplog.text


async def test_who_wants_no_acknowledgement_gets_none() -> None:
    async def silent(data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        return () if b"|C1|" in data else await taker(data, peer)

    taker = Taker()
    async with listening(silent) as (_, connect):
        peer = await connect()
        await peer.send(frame(message(1)) + frame(message(2)))
        assert await peer.answer() == ("AA", "C2")


async def test_answers_keep_the_order_of_arrival_whatever_finishes_first() -> None:
    taker = Taker()
    gates = [asyncio.Event() for _ in range(3)]

    async def gated(data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        number = int(header(data).control_id[1:])  # type: ignore[union-attr, index]
        await gates[number].wait()
        return await taker(data, peer)

    async with listening(gated) as (_, connect):
        peer = await connect()
        await peer.send(b"".join(frame(message(n)) for n in range(3)))
        gates[2].set()
        await settled(lambda: len(taker.taken) == 1)
        gates[1].set()
        await settled(lambda: len(taker.taken) == 2)
        gates[0].set()
        assert [(await peer.answer())[1] for _ in range(3)] == ["C0", "C1", "C2"]


async def test_no_more_are_in_hand_than_agreed_and_the_sender_is_held_back() -> None:
    now, most, release, begun = 0, 0, asyncio.Event(), 0

    async def slow(data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        nonlocal now, most, begun
        now, begun = now + 1, begun + 1
        most = max(most, now)
        await release.wait()
        now -= 1
        return (acknowledge(header(data), "AA", control_id="A", now=NOW),)

    async with listening(slow, in_flight=4) as (_, connect):
        peer = await connect()
        sending = asyncio.create_task(peer.send(b"".join(frame(message(n, size=20_000)) for n in range(400))))
        await settled(lambda: begun == 4)
        await asyncio.sleep(0.02)
        assert begun == 4
        assert not sending.done()  # 8 MB do not fit into buffers: they wait at the sender
        release.set()
        assert [(await peer.answer())[1] for _ in range(400)] == [f"C{n}" for n in range(400)]
        await sending
        assert most == 4


async def test_a_frame_that_drips_without_end_is_cut_off_and_kept() -> None:
    taker = Taker()
    async with listening(taker, frame=0.05) as (_, connect):
        peer = await connect()
        await peer.send(frame(message(1)) + b"\x0b")
        assert await peer.answer() == ("AA", "C1")
        sent = 0
        with contextlib.suppress(ConnectionError):  # it is closed while we send
            while not peer.reader.at_eof():
                await peer.send(b"x")
                sent += 1
                await asyncio.sleep(0.002)
        assert taker.taken == [message(1)]
        await settled(lambda: [rule for _, rule in taker.kept] == ["receive.truncated"])
        assert 0 < len(taker.kept[0][0]) <= sent


async def test_one_connection_more_than_agreed_is_closed() -> None:
    taker = Taker()
    async with listening(taker, connections=1) as (server, connect):
        first, second = await connect(), await connect()
        assert await second.gone() == b""
        await first.send(frame(message()))
        assert await first.answer() == ("AA", "C1")
        assert server.counts.turned_away == 1


async def test_a_limit_of_the_senders_own_is_asked_for_by_the_beginning_of_its_frame() -> None:
    taker, asked = Taker(), []

    def limit_of(head: bytes, peer: PeerInfo) -> int:
        asked.append(header(head).control_id)  # type: ignore[union-attr]
        return 5_000

    async with listening(taker, limit_of=limit_of, ask_at=2_000) as (_, connect):
        peer = await connect()
        await peer.send(frame(message(1)) + frame(message(2, size=3_000)) + frame(message(3, size=9_000)))
        assert [await peer.answer() for _ in range(3)] == [("AA", "C1"), ("AA", "C2"), ("AR", "C3")]
        assert await peer.closed() == b""
        assert asked == ["C2", "C3"]
        assert [rule for _, rule in taker.kept] == ["receive.too-large"]


async def test_a_later_message_of_ours_goes_between_the_answers_while_the_connection_is_open() -> None:
    taker = Taker()
    async with listening(taker) as (_, connect):
        peer = await connect()
        await peer.send(frame(message(1)))
        assert await peer.answer() == ("AA", "C1")
        push = taker.peers[0].push
        assert push is not None
        later = acknowledge(header(message(1)), "AR", control_id="A2", now=NOW)
        assert push(later)
        assert await peer.answer() == ("AR", "C1")
        peer.writer.close()
        await settled(lambda: not push(later))


async def test_a_connection_that_is_waited_for_is_not_idle() -> None:
    taker = Slow()
    async with listening(taker, idle=0.02) as (_, connect):
        peer = await connect()
        await peer.send(frame(message()))
        await asyncio.sleep(0.06)
        taker.free.set()
        assert await peer.answer() == ("AA", "C1")


async def test_closing_answers_what_is_in_hand_and_takes_no_more() -> None:
    taker = Slow()
    async with listening(taker) as (server, connect):
        peer = await connect()
        await peer.send(frame(message(1)) + b"\x0b" + message(2)[:30])
        await settled(lambda: server.counts.frames == 1)
        closing = asyncio.create_task(server.close(seconds=5))
        await asyncio.sleep(0.01)
        taker.free.set()
        assert await peer.answer() == ("AA", "C1")
        assert await peer.closed() == b""
        await closing
        assert taker.taken == [message(1)]


async def test_a_sender_that_goes_away_does_not_undo_what_was_taken() -> None:
    taker = Slow()
    async with listening(taker) as (server, connect):
        peer = await connect()
        await peer.send(frame(message(1)))
        await settled(lambda: server.counts.frames == 1)
        peer.writer.transport.abort()
        await asyncio.sleep(0.01)
        taker.free.set()
        await settled(lambda: taker.taken == [message(1)])


pieces = st.lists(
    st.one_of(
        st.integers(0, 9).map(lambda n: frame(message(n))),
        st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"junk", message(8)[:20], frame(b"")]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces, st.lists(st.integers(1, 400), max_size=8))
def test_any_stream_any_cuts_one_positive_answer_for_each_message_taken(stream: list[bytes], cuts: list[int]) -> None:
    data = b"".join(stream)

    async def run() -> None:
        taker = Taker()
        async with listening(taker) as (_, connect):
            peer = await connect()
            at = 0
            for cut in cuts:
                await peer.send(data[at : at + cut])
                await asyncio.sleep(0)
                at += cut
            await peer.send(data[at:])
            peer.writer.write_eof()
            answers = await peer.closed()
        # Without an MSH to answer to there is no MSA-2: this taker says AA to whatever it was given.
        assert answers.count(b"\rMSA|AA") == len(taker.taken)
        # Nothing but junk, marks and empty frames is lost: each byte of a frame is taken or kept.
        assert all(b"\x0b" not in one for one in taker.taken)

    asyncio.run(run())


async def test_python_hl7s_client() -> None:
    taker = Taker()
    async with listening(taker) as (server, _):

        def talk() -> list[bytes]:
            with MLLPClient("127.0.0.1", server.port) as client:
                return [client.send_message(message(n)) for n in range(200)]

        answers = await asyncio.to_thread(talk)
    assert len(taker.taken) == 200
    for number, one in enumerate(answers):
        assert one.startswith(b"\x0bMSH")
        assert f"MSA|AA|C{number}\r".encode() in one


async def test_many_connections_at_once() -> None:
    taker = Taker()
    async with listening(taker) as (_, connect):

        async def talk(name: int) -> None:
            peer = await connect()
            for n in range(50):
                await peer.send(frame(message(f"{name}-{n}")))
                assert await peer.answer() == ("AA", f"C{name}-{n}")

        await asyncio.gather(*(talk(name) for name in range(10)))
    assert len(taker.taken) == len(set(taker.taken)) == 500


async def test_the_free_port_is_on_the_address_asked_for() -> None:
    async with listening(Taker()) as (server, _):
        with socket.create_connection(("127.0.0.1", server.port)):
            pass


async def test_a_message_that_is_held_takes_less_than_three_times_its_bytes() -> None:
    """While its sender drips, while it is in hand, and all the same whether it comes in one piece or in many."""
    size, taker = 4 * 1024 * 1024, Slow()
    data = frame(message(1, size=size))
    async with listening(taker) as (server, connect):
        peer = await connect()
        await settled(lambda: server.counts.connections == 1)
        gc.collect()
        tracemalloc.start()
        try:
            for at in range(0, len(data), 64 * 1024):
                await peer.send(data[at : at + 64 * 1024])
            await settled(lambda: server.counts.frames == 1)
            _, peak = tracemalloc.get_traced_memory()
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        taker.free.set()
        assert await peer.answer() == ("AA", "C1")
    assert peak < 3 * len(data)
    assert held < 1.5 * len(data)
