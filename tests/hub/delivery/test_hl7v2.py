"""The MLLP client: strict about whose acknowledgement it is, clear about what may have arrived."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hl7.mllp import start_hl7_server

from hub.delivery.hl7v2 import Acknowledged, Mode, send
from hub.errors import DeliveryError
from hub.ingest.mllp import PeerInfo, serve
from mappings.hl7v2.acknowledgement import acknowledge
from mappings.hl7v2.codec import header

SECRET = "Brenndolvic"
MESSAGE = (
    "MSH|^~\\&|HUB|CITY|EHR|CMHC|20260114230211-0600||REF^I12^REF_I12|M1|P|2.5.1||||||UNICODE UTF-8\r"
    f"PID|1||X||{SECRET}\r"
).encode()
NOW = datetime(2026, 1, 14, tzinfo=UTC)


def ack(code: str, control_id: str = "M1", kind: str = "ACK^I12^ACK", rest: str = "") -> bytes:
    msh = f"MSH|^~\\&|EHR|CMHC|HUB|CITY|20260114||{kind}|E1|P|2.5.1"
    return f"\x0b{msh}\rMSA|{code}|{control_id}\r{rest}\x1c\r".encode()


@asynccontextmanager
async def center(answer: Callable[[asyncio.StreamWriter], Any], got: list[bytes] | None = None) -> AsyncIterator[str]:
    """A center that reads one frame and then does as it is told."""
    seen = got if got is not None else []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\x1c\r"))
        made = answer(writer)
        if asyncio.iscoroutine(made):
            await made
        await writer.drain()
        if not writer.is_closing():
            # The client closes; until then this end stays open.
            await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"mllp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def refusal(address: str, **options: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await send(address, MESSAGE, **{"timeout": 5.0, **options})
    assert SECRET not in str(caught.value) + repr(caught.value.issues)
    return caught.value


async def test_a_receipt() -> None:
    got: list[bytes] = []
    async with center(lambda w: w.write(ack("AA")), got) as address:
        assert await send(address, MESSAGE) == Acknowledged(code="AA", control_id="M1")
    assert got == [b"\x0b" + MESSAGE + b"\x1c\r"]


@pytest.mark.parametrize(
    ("mode", "answers", "code"),
    [
        ("original", ["AA"], "AA"),
        ("original", ["CA", "AA"], "AA"),
        ("enhanced", ["CA"], "CA"),
        ("enhanced", ["AA"], "AA"),
    ],
)
async def test_the_mode_says_what_a_receipt_is(mode: Mode, answers: list[str], code: str) -> None:
    async with center(lambda w: w.write(b"".join(map(ack, answers)))) as address:
        assert (await send(address, MESSAGE, mode=mode)).code == code


async def test_in_original_mode_a_commit_alone_is_no_receipt() -> None:
    async with center(lambda w: w.write(ack("CA"))) as address:
        error = await refusal(address, timeout=0.1)
    assert (error.rule, error.retry, error.unknown) == ("deliver.timeout", True, True)


@pytest.mark.parametrize(
    ("code", "rule", "retry"),
    [
        ("AE", "deliver.application-error", True),
        ("CE", "deliver.application-error", True),
        ("AR", "deliver.application-reject", False),
        ("CR", "deliver.application-reject", False),
    ],
)
async def test_a_refusal(code: str, rule: str, retry: bool) -> None:
    async with center(lambda w: w.write(ack(code, rest=f"ERR||||E||||{SECRET}\r"))) as address:
        error = await refusal(address)
    assert (error.rule, error.retry, error.unknown) == (rule, retry, False)


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(ack("AA", "M0"), id="a late acknowledgement of another message"),
        pytest.param(ack("AR", "M0") + ack("AE", ""), id="foreign refusals"),
        pytest.param(ack("AA", "m1") + ack("AA", "M1 "), id="nearly our control id"),
        pytest.param(ack("XX") + ack(""), id="no code of table 0008"),
        pytest.param(b"junk\x0bhello\x1c\r\x0b\x1c\r", id="what is no message"),
        pytest.param(b"\x0bMSH|broken off", id="a frame that was broken off"),
        pytest.param(b"\x0bMSH|^~\\&|EHR||||1||SIU^S12|9|P|2.5\rSCH|1\r\x1c\r", id="a message of its own"),
    ],
)
async def test_what_is_not_ours_is_passed_over(noise: bytes) -> None:
    async with center(lambda w: w.write(noise + ack("AA"))) as address:
        assert (await send(address, MESSAGE)).code == "AA"
    async with center(lambda w: w.write(noise)) as address:
        assert (await refusal(address, timeout=0.05)).rule == "deliver.timeout"


async def test_an_acknowledgement_in_pieces() -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        for byte in ack("AA"):
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0)

    async with center(slowly) as address:
        assert (await send(address, MESSAGE)).code == "AA"


async def test_a_decision_on_the_same_connection_is_handed_on() -> None:
    reply = ack("AA", kind="RRI^I12^RRI_I12", rest="RF1|A|||||REF-1\r")
    async with center(lambda w: w.write(reply)) as address:
        found = await send(address, MESSAGE)
    assert found.reply == reply[1:-2]
    assert "REF-1" not in repr(found)


async def test_nobody_there() -> None:
    async with center(lambda w: None) as address:
        pass
    error = await refusal(address)
    assert (error.rule, error.retry, error.unknown) == ("deliver.unreachable", True, False)


async def test_closed_without_a_word() -> None:
    async with center(lambda w: w.close()) as address:
        error = await refusal(address)
    assert (error.rule, error.retry, error.unknown) == ("deliver.cut", True, True)


async def test_a_timeout_closes_the_connection_so_that_no_late_answer_meets_another_message() -> None:
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\x1c\r")
            await reader.read()
        except ConnectionError:
            pass
        closed.set()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    error = await refusal(f"mllp://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout=0.05)
    assert (error.rule, error.unknown) == ("deliver.timeout", True)
    async with asyncio.timeout(5):
        await closed.wait()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1",
        "mllp://127.0.0.1",
        "mllp://:2575",
        "127.0.0.1:2575",
        "mllp://127.0.0.1:99999",
        "mllp://[::1:2",
    ],
)
async def test_addresses_that_are_none(address: str) -> None:
    error = await refusal(address)
    assert (error.rule, error.retry) == ("deliver.url", False)


async def test_tls_that_is_wished_for_is_never_left_out() -> None:
    error = await refusal("mllp://127.0.0.1:1", tls=ssl.create_default_context())
    assert (error.rule, error.retry) == ("deliver.url", False)


async def test_a_message_without_control_id_is_not_sent() -> None:
    with pytest.raises(DeliveryError) as caught:
        await send("mllp://127.0.0.1:1", b"MSH|^~\\&|A\r")
    assert (caught.value.rule, caught.value.retry) == ("deliver.no-control-id", False)


async def test_python_hl7s_server() -> None:
    got: list[str] = []

    async def talk(reader: Any, writer: Any) -> None:
        while not writer.is_closing():
            try:
                received = await reader.readmessage()
            except asyncio.IncompleteReadError:
                break
            got.append(str(received))
            writer.writemessage(received.create_ack())
            await writer.drain()
        writer.close()

    server = await start_hl7_server(talk, host="127.0.0.1", port=0, encoding="utf-8")
    address = f"mllp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for number in range(100):
        found = await send(address, MESSAGE.replace(b"|M1|", f"|M{number}|".encode()))
        assert (found.code, found.control_id) == ("AA", f"M{number}")
    server.close()
    await server.wait_closed()
    assert len(got) == 100


async def test_our_own_server() -> None:
    taken: list[bytes] = []

    async def receive(data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        taken.append(data)
        return (acknowledge(header(data), "AA", control_id="A", now=NOW),)

    server = await serve("127.0.0.1", 0, receive)
    found = await asyncio.gather(
        *(send(f"mllp://127.0.0.1:{server.port}", MESSAGE.replace(b"|M1|", f"|M{n}|".encode())) for n in range(50))
    )
    await server.close()
    assert [one.control_id for one in found] == [f"M{n}" for n in range(50)]
    assert len(set(taken)) == 50
