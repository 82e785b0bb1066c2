"""A center that treats the hub badly over a real socket: what is noted, and that all is well once it behaves."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.center import Center, http
from tests.hub.certificates import Authority

World = Any
Document = dict[str, Any]
Writer = asyncio.StreamWriter
#: Seconds that the destination has in these tests.
TIMEOUT = 0.15


async def delays(writer: Writer, answer: bytes) -> None:
    await asyncio.sleep(TIMEOUT * 2)
    writer.write(answer)


async def cuts(writer: Writer, answer: bytes) -> None:
    writer.transport.abort()


async def half_closes(writer: Writer, answer: bytes) -> None:
    writer.write_eof()


async def cuts_the_head(writer: Writer, answer: bytes) -> None:
    writer.write(answer[:20])
    await writer.drain()
    writer.close()


async def truncates(writer: Writer, answer: bytes) -> None:
    writer.write(http(b"x" * 1000)[:-500])
    await writer.drain()
    writer.close()


async def drips(writer: Writer, answer: bytes) -> None:
    for each in http(b"x" * 1000):
        writer.write(bytes([each]))
        await writer.drain()
        await asyncio.sleep(0.01)


async def talks_nonsense(writer: Writer, answer: bytes) -> None:
    writer.write(b"220 mail.example ESMTP\r\n\r\n")


def says(status: str, *headers: str) -> Callable[[Writer, bytes], Awaitable[None]]:
    async def fault(writer: Writer, answer: bytes) -> None:
        writer.write(http(b"", status, *headers))

    return fault


#: By what the center does: the rule that is noted, and what the disclosure counts as.
FAULTS: dict[str, tuple[Callable[[Writer, bytes], Awaitable[None]], str, str]] = {
    "delays": (delays, "deliver.timeout", "unknown"),
    "cuts": (cuts, "deliver.cut", "unknown"),
    "half-closes": (half_closes, "deliver.cut", "unknown"),
    "cuts in the head": (cuts_the_head, "deliver.cut", "unknown"),
    "truncates": (truncates, "deliver.cut", "unknown"),
    "drips": (drips, "deliver.timeout", "unknown"),
    "talks nonsense": (talks_nonsense, "deliver.cut", "unknown"),
    "429": (says("429 Too Many Requests", "Retry-After: 30"), "deliver.busy", "not-sent"),
    "500": (says("500 Internal Server Error"), "deliver.busy", "unknown"),
    "502": (says("502 Bad Gateway"), "deliver.busy", "unknown"),
    "503": (says("503 Service Unavailable"), "deliver.busy", "not-sent"),
}


@pytest.fixture
def center() -> Iterator[Center]:
    with Center() as listening:
        yield listening


#: A contact that is referred in one of the two forms of FHIR; the forms differ only after the answer's bytes.
CASES = [(fault, "story-1-contact") for fault in FAULTS]
CASES += [(fault, "story-3-contact") for fault in ("cuts", "truncates", "429")]


@pytest.mark.parametrize(("fault", "case"), CASES)
async def test_what_a_center_does_to_us_passes(
    fault: str, case: str, build: Callable[..., World], center: Center
) -> None:
    def change(document: Document) -> None:
        for destination in document["destination"]:
            destination["timeout"] = TIMEOUT if fault in ("delays", "drips") else 30.0

    world = build(change, LAKESHORE_HTTP=center.port, SUNRISE_HTTP=center.port)
    form = world.form(case)
    form["contacts"][0]["follow_up"] = "Case 7 note 1."
    center.fault, rule, disclosed = FAULTS[fault]
    await world.take_in("cedar-app", form)
    await world.deliver()
    (delivery,) = world.deliveries()
    assert (delivery.state, delivery.last_error) == ("ready", rule)
    assert [d.state for d in world.disclosures()] == [disclosed]
    center.fault = None
    async with asyncio.timeout(60):
        while world.deliveries()[0].state == "ready":  # on a busy machine its time may be over once more
            world.time.forward(600)
            await world.deliver()
    (delivery,) = world.deliveries()
    assert delivery.state == "done"
    assert world.disclosures()[-1].state == "sent"
    # the same bytes under the same id: the center has it once, although it had it before
    assert len({(one.id, one.digest) for one in center.arrivals}) == 1
    assert len(center.arrivals) >= 2
    assert set(center.stored.values()) == {1}
    await world.hub.ways.close()


async def test_an_expired_certificate_gets_not_one_byte_until_it_is_renewed(
    build: Callable[..., World], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("center", ends=timedelta(days=-1)))
    with Center(tls=context) as center:

        def change(document: Document) -> None:
            for destination in document["destination"]:
                if destination["id"] == "lakeshore":
                    destination["url"] = f"https://127.0.0.1:{center.port}/fhir"
                    destination["tls"] = {"ca": str(authority.ca)}

        world = build(change)
        form = world.form("story-1-contact")
        form["contacts"][0]["follow_up"] = "Case 7 note 1."
        await world.take_in("cedar-app", form)
        await world.deliver()
        (delivery,) = world.deliveries()
        assert (delivery.state, delivery.last_error) == ("ready", "deliver.certificate")
        # nothing left the machine, so nothing counts as told
        assert [d.state for d in world.disclosures()] == ["not-sent"]
        assert center.arrivals == []
        context.load_cert_chain(*authority.issue("center"))
        world.time.forward(600)
        await world.deliver()
        assert [d.state for d in world.deliveries()] == ["done"]
        assert [(one.case, one.note) for one in center.arrivals] == [(7, 1)]
        await world.hub.ways.close()
