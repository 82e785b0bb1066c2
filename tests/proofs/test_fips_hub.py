"""A hub in `crypto_mode = fips` on a real FIPS provider: what it receives, sends, keeps, signs, and who signs in to it.

It needs a machine whose OpenSSL has the provider, and a `cryptography` that was built on that OpenSSL
(docs/operators.md, FIPS mode). Anywhere else it is skipped, and says what is missing. It shows that the hub works by
that provider alone; it says nothing of the provider's certificate.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from hub.demo.stage import Stage, call, sample
from hub.demo.story import tell
from hub.errors import KeyringError
from hub.settings import parse
from hub.store.keys import fips
from tests.hub.certificates import Authority

ORGANIZATIONS = """
[operator]
organization = "cedar-coresponse"
relation = "self"

[state_policy]
name = "none"
reviewer = "counsel"
reviewed = 2026-11-01

[[organization]]
id = "cedar-coresponse"
name = "Cedar Program"
kind = "center"
posture = "covered-entity"
"""


def missing() -> str:
    """What this environment lacks; nothing where the hub would start."""
    document = {
        "hub": {"crypto_mode": "fips"},
        "operator": {"organization": "pd", "relation": "self"},
        "state_policy": {"name": "none", "reviewer": "A reviewer", "reviewed": "2026-01-01"},
        "organization": [{"id": "pd", "name": "Police", "kind": "agency", "posture": "law-enforcement"}],
    }
    try:
        fips.require(parse(document, base=Path(__file__).parent))
    except KeyringError as error:
        return str(error)
    return ""


pytestmark = [pytest.mark.proof, pytest.mark.skipif(bool(missing()), reason=missing())]


def handoff(config: Path, *words: str) -> Any:
    """One command with `--json`: what it wrote."""
    command = [sys.executable, "-m", "hub.cli", *words, "--config", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, (words, done.stderr.decode())
    return json.loads(done.stdout)


def until(seen: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)
    return found


def test_without_the_provider_nothing_starts(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(f'[hub]\ncrypto_mode = "fips"\n{ORGANIZATIONS}')
    # it opens the hub as `run` does, and ends either way
    command = [sys.executable, "-m", "hub.cli", "audit", "verify", "--config", str(config)]
    plain = {name: value for name, value in os.environ.items() if name != "OPENSSL_MODULES"}
    plain["OPENSSL_CONF"] = os.devnull
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, env=plain)
    if done.returncode == 0:
        pytest.skip("this machine's provider is not a matter of OPENSSL_CONF")
    assert done.returncode == 2
    assert b"[keys.fips]" in done.stderr
    assert {one.name for one in tmp_path.iterdir()} == {"hub.toml"}


# ── what leaves ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Relay:
    """TLS in front of a program that has none: deciphers and passes on. `ciphers`: what was agreed on."""

    authority: Authority
    target: int
    ciphers: set[tuple[str, str]] = field(default_factory=set)
    port: int = 0

    @contextmanager
    def running(self) -> Iterator[Relay]:
        loop = asyncio.new_event_loop()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.issue(f"center-{self.target}"))
        server = loop.run_until_complete(asyncio.start_server(self._pass, "127.0.0.1", 0, ssl=context))
        self.port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(server), loop).result(30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name, version, _ = writer.get_extra_info("cipher")
        self.ciphers.add((version, name))
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))

    async def _end(self, server: asyncio.Server) -> None:
        server.close()
        mine = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not mine]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


class Approved(Stage):
    """The demo's stage with its hub in `fips`, and two of its centers reached over TLS."""

    authority: Authority
    relays: dict[str, Relay]

    def _settings(self) -> None:
        super()._settings()
        path = self.folder / "hub.toml"
        text = path.read_text().replace("[hub]\n", '[hub]\ncrypto_mode = "fips"\n')
        for name, plain, secured, before in (
            ("lakeshore-http", "http", "https", '[[destination]]\nid = "northfork"'),
            ("northfork-mllp", "mllp", "mllps", "[destination.partner]"),
        ):
            relay = self.relays[name]
            relay.target = self.ports[name]
            there, ours = f"{plain}://127.0.0.1:{relay.target}", f"{secured}://127.0.0.1:{relay.port}"
            assert there in text
            text = text.replace(there, ours)
            text = text.replace(before, f'[destination.tls]\nca = "{self.authority.ca}"\n\n{before}')
        path.write_text(text)


def test_the_story_is_told_and_everything_holds_afterwards(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    relays = {name: Relay(authority, number) for number, name in enumerate(("lakeshore-http", "northfork-mllp"))}
    stage = Approved(tmp_path / "stage", once=True)
    stage.authority, stage.relays = authority, relays
    lines: list[str] = []
    with relays["lakeshore-http"].running(), relays["northfork-mllp"].running(), stage:
        config = stage.folder / "hub.toml"
        tally = tell(stage, lambda at, who, what, tone: lines.append(f"{at:6.2f} {who} {what}"))
        assert (tally.incidents, tally.referrals, tally.delivered, tally.lost) == (4, 4, 4, 0), lines
        assert tally.answers >= 4
        assert tally.closed_loops >= 2
        assert tally.released_after_consent >= 1
        for relay in relays.values():  # neither ChaCha20 nor CBC
            assert relay.ciphers
            assert all("GCM" in name for _, name in relay.ciphers), relay.ciphers

        (module,) = [one for one in handoff(config, "doctor") if one["name"] == "cryptographic module"]
        assert module["ok"]
        assert "FIPS" in module["detail"]

        # keys, beside the running hub; what comes afterwards is sealed under the new ones
        handoff(config, "keys", "rotate", "--by", "An Operator")
        kept = handoff(config, "keys", "list")
        assert {one["state"] for one in kept} == {"active", "old"}
        body = sample("riverton-webhook/story-1-call/input.json").read_bytes().replace(b"RV26-", b"RV27-")
        status, _ = call("POST", f"{stage.hub_url}/ingest/riverton-cad", body=body, token=stage.tokens["riverton-cad"])
        assert status == 202

        checked = handoff(config, "audit", "verify")
        assert checked["holds"]
        assert checked["checkpoints"] >= 1
        handoff(config, "db", "backup", str(tmp_path / "backup"), "--by", "An Operator")

    (manifest,) = (tmp_path / "backup").glob("*.json")
    assert len(json.loads(manifest.read_bytes())["signature"]) == 2 * 96  # r and s of P-384, as hexadecimal digits
    again = tmp_path / "again"
    again.mkdir()
    for name in ("hub.toml", "hub-keys.json"):
        shutil.copy(stage.folder / name, again / name)
    shutil.copytree(stage.folder / "secrets", again / "secrets")
    handoff(again / "hub.toml", "db", "verify", str(manifest))
    restored = handoff(again / "hub.toml", "db", "restore", str(manifest), "--by", "An Operator")
    assert restored["custodies"] >= 4
    assert handoff(again / "hub.toml", "audit", "verify")["holds"]


# ── what comes in, and who signs in ───────────────────────────────────────────────────────────────────────────────

MESSAGE = (
    "MSH|^~\\&|CEDAR|C1|HUB|HUB|20260115090000-0700||ADT^A04^ADT_A01|{number}|P|2.5.1\r"
    "EVN||20260115090000-0700\r"
    "PID|1||MRN-4471^^^CEDAR^MR||Fernmarrow^Ilse||19870402|F\r"
    "PV1|1|O\r"
)
TOKEN = "a token of the form's own, long enough"
PHRASE = "eleven kettles by the harbour wall"


@dataclass
class Listening:
    """A hub as a process that takes HTTPS and MLLP over mutual TLS."""

    authority: Authority
    config: Path
    port: int
    mllp_port: int

    def request(
        self, method: str, path: str, body: bytes = b"", context: ssl.SSLContext | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes, tuple[str, str]]:
        """Status, headers, body, and (protocol, cipher) of one request."""
        trusted = context or ssl.create_default_context(cafile=str(self.authority.ca))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trusted, timeout=60)
        try:
            connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
            secured: Any = connection.sock
            name, version, _ = secured.cipher()
            answer = connection.getresponse()
            found = {key.lower(): value for key, value in answer.getheaders()}
            return answer.status, found, answer.read(), (version, name)
        finally:
            connection.close()


def _free() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("hub")
    port, mllp_port = _free(), _free()
    config = tmp_path / "hub.toml"
    config.write_text(
        f"""
[hub]
crypto_mode = "fips"
port = {port}
mllp_port = {mllp_port}
tls_certificate = "{certificate}"
tls_key = "{key}"

[mllp]
tls_certificate = "{certificate}"
tls_key = "{key}"
client_ca = "{authority.ca}"
{ORGANIZATIONS}
[[source]]
name = "form"
organization = "cedar-coresponse"
reads = "incident"
token = {{ sha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}" }}

[[source]]
name = "feed"
organization = "cedar-coresponse"
reads = "hl7v2"

[source.mllp]
application = "CEDAR"
facility = "C1"
subjects = ["CN=feed,O=City"]
"""
    )
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "hub.cli", "run", "--config", str(config), "--ready-file", str(ready)]
    with (tmp_path / "hub.log").open("wb") as log:
        hub = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        until(lambda: ready.exists() or hub.poll() is not None)
        assert hub.poll() is None, (tmp_path / "hub.log").read_text()
        yield Listening(authority=authority, config=config, port=port, mllp_port=mllp_port)
    finally:
        hub.terminate()
        hub.wait(60)


def _of(listening: Listening, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(listening.authority.ca))
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_incident_comes_over_https(listening: Listening, version: ssl.TLSVersion) -> None:
    body = sample("incident/story-1-contact/input.json").read_bytes()
    status, headers, _, agreed = listening.request(
        "POST",
        "/ingest/form",
        body,
        _of(listening, version),
        authorization=f"Bearer {TOKEN}",
        content_type="application/json",
    )
    assert status == 202
    assert "GCM" in agreed[1]
    where = urlsplit(headers["location"]).path

    def read() -> bool:
        _, _, told, _ = listening.request("GET", where, authorization=f"Bearer {TOKEN}")
        return json.loads(told)["state"] not in ("received", "waiting")

    until(read)
    (kept,) = handoff(listening.config, "messages", "list")
    assert kept["state"] == "translated", kept


def test_a_v2_message_comes_over_mutual_tls(listening: Listening, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.hl7").write_text(MESSAGE.format(number=f"F{number}"))
    shown = listening.authority.issue("feed")
    command = [
        sys.executable, "-m", "hub.cli", "hl7v2", "send", f"mllps://127.0.0.1:{listening.mllp_port}",
        str(tmp_path / "1.hl7"), str(tmp_path / "2.hl7"), "--certificate", str(shown[0]), "--key", str(shown[1]),
        "--ca", str(listening.authority.ca),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(b"AA") + done.stdout.count(b"CA") >= 2
    assert len(handoff(listening.config, "messages", "list")) == 2


#: A client that has none of this environment's OpenSSL configuration, and offers one cipher of TLS 1.2 and one group.
_ELSEWHERE = """
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.maximum_version = ssl.TLSVersion.TLSv1_2
try:
    context.set_ciphers(sys.argv[3])
    context.set_ecdh_curve(sys.argv[4])
except ssl.SSLError:
    print("not offered")
    sys.exit()
try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            print(secured.cipher()[0])
except (ssl.SSLError, ConnectionError):
    print("refused")
"""


def test_who_offers_only_what_is_not_approved_is_refused(listening: Listening) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("OPENSSL_")}

    def offers(cipher: str, group: str = "prime256v1") -> str:
        command = [sys.executable, "-c", _ELSEWHERE, str(listening.authority.ca), str(listening.port), cipher, group]
        done = subprocess.run(command, capture_output=True, timeout=60, check=True, env=plain)
        return done.stdout.decode().strip()

    assert offers("ECDHE-ECDSA-AES256-GCM-SHA384") == "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert offers("ECDHE-ECDSA-CHACHA20-POLY1305") in ("refused", "not offered")
    assert offers("ECDHE-ECDSA-AES256-GCM-SHA384", "X25519") in ("refused", "not offered")


def code_now(secret: bytes) -> str:
    """RFC 6238 by the standard library alone."""
    digest = hmac.digest(secret, struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"


def test_a_person_signs_in_with_passphrase_and_code(listening: Listening, tmp_path: Path) -> None:
    (tmp_path / "phrase").write_text(PHRASE)
    made = handoff(
        listening.config,
        *("user", "add", "Maren Osterquist", "--organization", "cedar-coresponse", "--role", "clinician"),
        *("--passphrase-file", str(tmp_path / "phrase"), "--by", "An Operator"),
    )
    text = parse_qs(urlsplit(made["otpauth"]).query)["secret"][0]
    secret = base64.b32decode(text + "=" * (-len(text) % 8))

    def enter(phrase: str) -> int:
        form = {"person": "Maren Osterquist", "custody": "cedar-coresponse", "passphrase": phrase} | {
            "code": code_now(secret)
        }
        status, _, _, _ = listening.request(
            "POST",
            "/console/sign-in",
            urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
            origin=f"https://127.0.0.1:{listening.port}",
        )
        return status

    assert enter("twelve kettles by the harbour wall") == 401
    assert enter(PHRASE) == 303


# ── what the other tests say ──────────────────────────────────────────────────────────────────────────────────────


def test_the_tests_of_the_hub_hold_with_every_hub_in_this_mode() -> None:
    """Store, keys, audit, identity, console, inputs, loop, deliveries, TLS: on SQLite and PostgreSQL."""
    command = [
        sys.executable, "-m", "pytest", "-n", "auto", "-p", "no:cacheprovider", "-p", "tests.proofs.fips_everywhere",
        "-m", "not proof", "tests/hub", "--ignore", "tests/hub/release", "--ignore", "tests/hub/bulk",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout.decode()[-8000:]
