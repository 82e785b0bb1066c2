"""Certificates: who is let in, who is believed, and what is said of one that has ended."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import upkeep
from hub.app import create_app
from hub.cli import certificates as doctor
from hub.delivery.hl7v2 import send
from hub.errors import DeliveryError, SettingsError
from hub.ingest.mllp import PeerInfo, Server, serve
from hub.loop import certificates
from hub.settings import ClientTlsSection, MllpSection
from hub.tls import client_context, ends_soon, read_certificate, server_context
from mappings.hl7v2.acknowledgement import acknowledge
from mappings.hl7v2.codec import header
from tests.hub.certificates import Authority

MESSAGE = b"MSH|^~\\&|CAD|CITY|HUB|HUB|20261121150000-0600||ADT^A04|C1|P|2.5.1\rPID|1||X1\r"
NOW = datetime(2026, 1, 14, tzinfo=UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def listening(
    authority: Authority, told: list[str], *, ends: timedelta = timedelta(days=1), mutual: bool = True
) -> AsyncIterator[tuple[Server, list[PeerInfo]]]:
    certificate, key = authority.issue("hub", ends=ends)
    section = MllpSection(tls_certificate=certificate, tls_key=key, client_ca=authority.ca if mutual else None)
    peers: list[PeerInfo] = []

    async def receive(data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        peers.append(peer)
        return (acknowledge(header(data), "AA", control_id="A", now=NOW),)

    server = await serve("127.0.0.1", 0, receive, tls=server_context(section, told.append))
    try:
        yield server, peers
    finally:
        await server.close()


async def attempt(server: Server, section: ClientTlsSection | None) -> str:
    return await attempt_at(server.port, section)


async def attempt_at(port: int, section: ClientTlsSection | None) -> str:
    """The receipt, or the rule and words of its failure."""
    try:
        found = await send(
            f"mllps://127.0.0.1:{port}",
            MESSAGE,
            tls=client_context(section, where="tests"),
            subjects=section.subjects if section else (),
            timeout=30,
        )
    except DeliveryError as error:
        assert error.retry
        return f"{error.rule}: {error.issues[0].text}"
    return found.code


def shown(authority: Authority, name: str = "city-cad", **more: Any) -> ClientTlsSection:
    certificate, key = authority.issue(name, **more)
    return ClientTlsSection(certificate=certificate, key=key, ca=authority.ca)


async def test_both_ends_prove_who_they_are(authority: Authority) -> None:
    told: list[str] = []
    async with listening(authority, told) as (server, peers):
        assert await attempt(server, shown(authority)) == "AA"
    assert (peers[0].subject, len(peers[0].fingerprint or ""), told) == ("CN=city-cad,O=City", 64, [])


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("no-certificate", "deliver.tls: the destination asks for a certificate"),
        ("expired", "deliver.certificate: the destination says that our certificate has expired"),
        ("untrusted", "deliver.certificate: the destination does not take our certificate"),
    ],
)
async def test_who_does_not_is_not_let_in_and_both_ends_hear_why(
    authority: Authority, tmp_path: Path, why: str, said: str
) -> None:
    if why == "no-certificate":
        section = ClientTlsSection(ca=authority.ca)
    elif why == "expired":
        section = shown(authority, ends=-timedelta(days=1))
    else:
        (tmp_path / "other").mkdir()
        section = shown(Authority(tmp_path / "other")).model_copy(update={"ca": authority.ca})
    told: list[str] = []
    async with listening(authority, told) as (server, peers):
        # asyncio drops the alert that would say why; a server that sends it is below
        assert (await attempt(server, section)).startswith("deliver.cut")
        async with asyncio.timeout(60):
            while not told:
                await asyncio.sleep(0.01)
    assert (told, peers) == ([why], [])
    with refusing(authority) as port:
        assert await attempt_at(port, section) == said


@contextmanager
def refusing(authority: Authority) -> Iterator[int]:
    """A server that takes one connection, and whose refusal of a certificate reaches the client."""
    certificate, key = authority.issue("ehr")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def once() -> None:
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as secured:
                with pytest.raises(ssl.SSLError):
                    secured.do_handshake()
                # what the client still sends would reset the connection, and throw the alert away
                with socket.socket(fileno=secured.detach()) as left, suppress(OSError):
                    left.shutdown(socket.SHUT_WR)
                    while left.recv(4096):
                        pass

        thread = threading.Thread(target=once)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


async def test_a_destination_that_cannot_be_believed_gets_nothing(authority: Authority, tmp_path: Path) -> None:
    async with listening(authority, [], ends=-timedelta(days=1), mutual=False) as (server, peers):
        said = await attempt(server, ClientTlsSection(ca=authority.ca))
        assert said == "deliver.certificate: the destination's certificate has expired"
        said = await attempt(server, None)
        assert said == "deliver.certificate: the destination's certificate is not one that is trusted"
    async with listening(authority, [], mutual=False) as (server, _):
        pinned = ClientTlsSection(ca=authority.ca, subjects=("CN=ehr,O=City",))
        said = await attempt(server, pinned)
        assert said == "deliver.certificate: the destination's certificate has another subject"
        pinned = ClientTlsSection(ca=authority.ca, subjects=("CN=ehr,O=City", "CN=hub,O=City"))
        assert await attempt(server, pinned) == "AA"
    assert peers == []


@pytest.mark.parametrize(
    "section",
    [
        {"tls_certificate": "hub.pem", "tls_key": "other.key"},
        {"tls_certificate": "missing.pem", "tls_key": "hub.key"},
        {"tls_certificate": "hub.pem", "tls_key": "hub.key", "client_ca": "hub.key"},
    ],
)
def test_files_that_are_no_certificates(authority: Authority, section: dict[str, str]) -> None:
    authority.issue("hub")
    authority.issue("other")
    with pytest.raises(SettingsError) as caught:
        server_context(MllpSection.model_validate(section).under(authority.folder), lambda why: None)
    assert caught.value.rule == "settings.tls"


def test_a_certificate_that_ends_soon(authority: Authority) -> None:
    for days, left in ((100, None), (31, None), (10, 10), (-3, -3)):
        certificate, _ = authority.issue("hub", ends=timedelta(days=days, hours=1 if days > 0 else 0))
        found = read_certificate(certificate)
        assert found.subject == "CN=hub,O=City"
        assert ends_soon(found) == left or (days < 0 and (ends_soon(found) or 0) <= left)


# ── a whole hub ───────────────────────────────────────────────────────────────────────────────────────────────────


def hub_with_tls(authority: Authority, *, ends: timedelta = timedelta(days=90)) -> Any:
    certificate, key = authority.issue("hub", ends=ends)

    def change(document: dict[str, Any]) -> None:
        document["hub"]["mllp_port"] = 0
        document["mllp"] = {
            "tls_certificate": str(certificate),
            "tls_key": str(key),
            "client_ca": str(authority.ca),
        }
        document["source"].append(
            {
                "name": "city-feed",
                "organization": "riverton-pd",
                "reads": "hl7v2",
                "mllp": {"application": "CAD", "facility": "CITY", "subjects": ["CN=city-cad,O=City"]},
            }
        )

    return change


async def test_a_feed_over_mutual_tls_into_a_hub(build: Any, authority: Authority) -> None:
    world = build(hub_with_tls(authority))
    app = create_app(world.hub.settings.model_copy(update={"destination": (), "route": ()}))
    async with app.router.lifespan_context(app):
        address = f"mllps://127.0.0.1:{app.state.mllp_port}"
        tls = client_context(shown(authority), where="tests")
        assert (await send(address, MESSAGE, tls=tls)).code == "AA"
        other = client_context(shown(authority, "stranger"), where="tests")
        with pytest.raises(DeliveryError, match="answered AR"):
            await send(address, MESSAGE, tls=other)
    assert [one.source for one in world.messages()] == ["mllp", "city-feed"]


async def test_our_certificate_rings_before_it_ends_and_stops_once_renewed(build: Any, authority: Authority) -> None:
    world = build(hub_with_tls(authority, ends=timedelta(days=5)))
    world.time.now = datetime.now(UTC)
    await upkeep.ring(world.hub)
    (alarm,) = world.alarms()
    assert (alarm.kind, alarm.subject_id) == ("certificate", "mllp.tls_certificate")
    authority.issue("hub", ends=timedelta(days=90))
    world.time.forward(certificates.EVERY + 1)
    await upkeep.ring(world.hub)
    assert world.alarms() == []


async def test_a_partners_expired_certificate_rings(build: Any) -> None:
    world = build()
    for _ in range(2):
        await upkeep.certificate_expired(world.hub)
    assert [one.kind for one in world.alarms()] == ["certificate"]


@pytest.mark.parametrize(("days", "ok", "detail"), [(90, True, "ends in"), (5, False, "ends in"), (-1, False, "ended")])
def test_doctor_says_when_a_certificate_ends(
    build: Any, authority: Authority, days: int, ok: bool, detail: str
) -> None:
    world = build(hub_with_tls(authority, ends=timedelta(days=days)))
    (found,) = doctor.certificates(world.hub.settings)
    assert (found.name, found.ok) == ("certificate mllp.tls_certificate", ok)
    assert detail in found.detail
