"""A certificate of our own over HTTPS: shown when asked for, renewed without a restart, missed when not there."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.delivery.transport import Transport
from hub.delivery.ways import Ways
from hub.errors import DeliveryError
from hub.settings import DestinationSection
from hub.tls import peer_of
from tests.hub.certificates import Authority

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


class Center:
    """An HTTPS server that wants a certificate, and notes whose it saw."""

    def __init__(self) -> None:
        self.saw: list[str] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = peer_of(writer.get_extra_info("ssl_object"))
        self.saw.append(peer.subject if peer else "nobody")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()


@pytest.fixture
async def server(authority: Authority) -> AsyncIterator[Center]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("center"))
    context.load_verify_locations(authority.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    made = Center()
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0, ssl=context)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()
    await listening.wait_closed()


def destination(port: int, authority: Authority, certificate: Path, key: Path) -> DestinationSection:
    return DestinationSection.model_validate(
        {
            "id": "lakeshore", "organization": "lakeshore-cmhc", "adapter": "fhir-rest",
            "url": f"https://127.0.0.1:{port}", "on_failure": "block-lane",
            "fallback_telephone": "+1 555 0100 780", "owner": "intake",
            "tls": {"certificate": str(certificate), "key": str(key), "ca": str(authority.ca)},
        }
    )  # fmt: skip


async def test_our_certificate_is_shown_and_a_renewed_one_counts(server: Center, authority: Authority) -> None:
    certificate, key = authority.issue("hub")
    section = destination(server.port, authority, certificate, key)
    ways = Ways(Transport(), lambda: datetime.now(UTC))
    try:
        url = f"https://127.0.0.1:{server.port}/"
        assert (await ways.to(section).request("GET", url, timeout=20)).status == 200
        new, new_key = authority.issue("hub-renewed")
        new.replace(certificate)
        new_key.replace(key)
        later = certificate.stat().st_mtime + 5
        os.utime(certificate, (later, later))
        assert (await ways.to(section).request("GET", url, timeout=20)).status == 200
        assert server.saw == ["CN=hub,O=City", "CN=hub-renewed,O=City"]
        # nobody's certificate: the common connections show none, and do not believe this authority either
        with pytest.raises(DeliveryError, match=r"deliver\.(unreachable|cut|certificate)"):
            await ways.to(section.model_copy(update={"id": "plain", "tls": None})).request("GET", url, timeout=20)
        key.unlink()
        with pytest.raises(DeliveryError) as refused:
            ways.to(section)
        assert (refused.value.rule, refused.value.down) == ("deliver.tls", True)
    finally:
        await ways.close()


@pytest.mark.parametrize("wrong", ["expired", "of another authority"])
async def test_a_certificate_that_is_not_believed_is_told_from_nobody_there(
    wrong: str, authority: Authority, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    issuer, ends = (authority, timedelta(days=-1)) if wrong == "expired" else (Authority(other), timedelta(days=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issuer.issue("center", ends=ends))
    made = Center()
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    ways = Ways(Transport(), lambda: datetime.now(UTC))
    try:
        section = destination(port, authority, *authority.issue("hub"))
        with pytest.raises(DeliveryError) as refused:
            await ways.to(section).request("POST", f"https://127.0.0.1:{port}/", content=b"sealed", timeout=20)
    finally:
        await ways.close()
        listening.close()
        await listening.wait_closed()
    error = refused.value
    assert (error.rule, error.retry, error.unknown, error.down) == ("deliver.certificate", True, False, True)
    assert made.saw == []
