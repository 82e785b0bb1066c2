"""Who the hub says it is to a center: each way, what it sends, and what it does when it is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pytest_httpx import HTTPXMock

from hub.delivery import client_keys
from hub.delivery.transport import Transport
from hub.delivery.ways import Ways
from hub.errors import DeliveryError, SettingsError
from hub.settings import DestinationSection

BASE = "https://center.example/fhir"
TOKEN = "https://center.example/token"


class Clock:
    now = datetime(2026, 1, 15, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ways(clock: Clock) -> Any:
    made = Ways(Transport(), clock)
    yield made
    await made.close()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    client_keys.make(tmp_path / "client.pem")
    return tmp_path / "client.pem"


def center(**more: Any) -> DestinationSection:
    return DestinationSection.model_validate(
        {
            "id": "lakeshore", "organization": "lakeshore-cmhc", "adapter": "fhir-rest", "url": BASE,
            "on_failure": "block-lane", "fallback_telephone": "+1 555 0100 779", "owner": "intake",
        } | more
    )  # fmt: skip


def smart(key: Path, **more: Any) -> DestinationSection:
    return center(
        smart={"client_id": "handoff", "keys": [str(key)], "token_url": TOKEN, "scope": "system/Task.rs"} | more
    )


async def ask(ways: Ways, destination: DestinationSection) -> int:
    sender = ways.to(destination)
    return (await sender.request("GET", f"{BASE}/Task/1", headers={"accept": "x/y"}, timeout=5)).status


def given(httpx_mock: HTTPXMock, **body: Any) -> None:
    httpx_mock.add_response(
        method="POST", url=TOKEN, json={"access_token": "t-1", "token_type": "bearer", "expires_in": 300} | body
    )


@pytest.mark.parametrize(
    ("section", "header", "value"),
    [
        ({"token": {"env": "HANDOFF_TEST_SECRET"}}, "authorization", "Bearer s3cret"),
        (
            {"basic": {"user": "hub", "password": {"env": "HANDOFF_TEST_SECRET"}}},
            "authorization",
            "Basic " + base64.b64encode(b"hub:s3cret").decode(),
        ),
        ({"api_key": {"header": "X-Key", "value": {"env": "HANDOFF_TEST_SECRET"}}}, "x-key", "s3cret"),
    ],
)
async def test_a_secret_in_its_header(
    ways: Ways,
    httpx_mock: HTTPXMock,
    monkeypatch: pytest.MonkeyPatch,
    section: dict[str, Any],
    header: str,
    value: str,
) -> None:
    monkeypatch.setenv("HANDOFF_TEST_SECRET", "s3cret")
    httpx_mock.add_response(url=f"{BASE}/Task/1", status_code=401, is_reusable=True)
    assert await ask(ways, center(**section)) == 401  # and is not tried twice with the same
    (request,) = httpx_mock.get_requests()
    assert request.headers[header] == value
    assert request.headers["accept"] == "x/y"
    monkeypatch.setenv("HANDOFF_TEST_SECRET", "r0tated")
    await ask(ways, center(**section))
    assert (
        "r0tated"
        in base64.b64decode(httpx_mock.get_requests()[1].headers[header].split(" ")[-1] + "==").decode("latin-1")
        or "r0tated" in httpx_mock.get_requests()[1].headers[header]
    )
    monkeypatch.delenv("HANDOFF_TEST_SECRET")
    with pytest.raises(DeliveryError) as refused:
        await ask(ways, center(**section))
    assert (refused.value.rule, refused.value.retry, refused.value.down) == ("deliver.credential", True, True)


async def test_none_is_none(ways: Ways, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=f"{BASE}/Task/1")
    await ask(ways, center())
    assert "authorization" not in httpx_mock.get_requests()[0].headers


def claims_of(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    head, body, signature = assertion.split(".")

    def plain(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    return json.loads(plain(head)), json.loads(plain(body)), plain(signature), f"{head}.{body}".encode()


async def test_an_assertion_is_exchanged_for_a_token(
    ways: Ways, httpx_mock: HTTPXMock, key: Path, clock: Clock
) -> None:
    given(httpx_mock)
    httpx_mock.add_response(url=f"{BASE}/Task/1", is_reusable=True)
    destination = smart(key)
    for _ in range(3):
        assert await ask(ways, destination) == 200
    asked, *read = httpx_mock.get_requests()
    assert [one.headers["authorization"] for one in read] == ["Bearer t-1"] * 3
    form = {name: values[0] for name, values in parse_qs(asked.content.decode()).items()}
    assertion = form.pop("client_assertion")
    assert form == {
        "grant_type": "client_credentials",
        "scope": "system/Task.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    head, body, signature, signed = claims_of(assertion)
    assert (head["alg"], head["typ"], head["kid"]) == ("ES384", "JWT", client_keys.ClientKey.read(key).kid)
    assert (body["iss"], body["sub"], body["aud"]) == ("handoff", "handoff", TOKEN)
    assert 0 < body["exp"] - clock.now.timestamp() <= 300
    assert len(body["jti"]) >= 22
    private = load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = int.from_bytes(signature[:48]), int.from_bytes(signature[48:])
    private.public_key().verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA384()))


async def test_rsa_keys_sign_too(ways: Ways, httpx_mock: HTTPXMock, tmp_path: Path) -> None:
    private = rsa.generate_private_key(65537, 2048)
    path = tmp_path / "rsa.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    given(httpx_mock)
    httpx_mock.add_response(url=f"{BASE}/Task/1")
    await ask(ways, smart(path))
    head, _, signature, signed = claims_of(
        parse_qs(httpx_mock.get_requests()[0].content.decode())["client_assertion"][0]
    )
    assert head["alg"] == "RS384"
    private.public_key().verify(signature, signed, padding.PKCS1v15(), SHA384())


async def test_a_token_is_renewed_before_it_ends_with_a_new_assertion(
    ways: Ways, httpx_mock: HTTPXMock, key: Path, clock: Clock
) -> None:
    given(httpx_mock)
    given(httpx_mock, access_token="t-2")
    httpx_mock.add_response(url=f"{BASE}/Task/1", is_reusable=True)
    await ask(ways, smart(key))
    clock.now += timedelta(seconds=271)
    await ask(ways, smart(key))
    requests = httpx_mock.get_requests()
    assert [one.headers.get("authorization") for one in requests] == [None, "Bearer t-1", None, "Bearer t-2"]
    ids = [
        claims_of(parse_qs(one.content.decode())["client_assertion"][0])[1]["jti"]
        for one in requests
        if one.method == "POST"
    ]
    assert len(set(ids)) == 2


async def test_a_token_that_ended_early_is_renewed_once(ways: Ways, httpx_mock: HTTPXMock, key: Path) -> None:
    given(httpx_mock)
    httpx_mock.add_response(url=f"{BASE}/Task/1")
    await ask(ways, smart(key))
    given(httpx_mock, access_token="t-2")
    httpx_mock.add_response(url=f"{BASE}/Task/1", status_code=401, is_reusable=True)
    assert await ask(ways, smart(key)) == 401
    used = [one.headers.get("authorization") for one in httpx_mock.get_requests() if one.method == "GET"]
    assert used == ["Bearer t-1", "Bearer t-1", "Bearer t-2"]


async def test_the_server_says_where_its_tokens_are(ways: Ways, httpx_mock: HTTPXMock, key: Path) -> None:
    httpx_mock.add_response(url=f"{BASE}/.well-known/smart-configuration", json={"token_endpoint": TOKEN})
    given(httpx_mock)
    httpx_mock.add_response(url=f"{BASE}/Task/1", is_reusable=True)
    destination = smart(key, token_url=None)
    assert await ask(ways, destination) == await ask(ways, destination) == 200
    assert len([one for one in httpx_mock.get_requests() if "well-known" in str(one.url)]) == 1


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, b'{"error": "invalid_client", "error_description": "what she said"}', "400 invalid_client"),
        (401, b'{"error": "she said so"}', "401"),
        (200, b'{"access_token": "t", "token_type": "mac"}', "200"),
        (200, b'{"access_token": "", "token_type": "bearer"}', "200"),
        (200, b'{"access_token": "a\\r\\nb", "token_type": "bearer"}', "200"),
        (200, b"<html>", "200"),
        (200, b"[]", "200"),
        (503, b"", "503"),
    ],
)
async def test_no_token_is_the_destination_s_trouble_and_no_message_s(
    ways: Ways, httpx_mock: HTTPXMock, key: Path, status: int, body: bytes, says: str
) -> None:
    httpx_mock.add_response(method="POST", url=TOKEN, status_code=status, content=body)
    with pytest.raises(DeliveryError) as refused:
        await ask(ways, smart(key))
    assert (refused.value.rule, refused.value.retry, refused.value.down) == ("deliver.token", True, True)
    assert str(refused.value).endswith(says)
    assert not refused.value.unknown  # nothing of the message went


@pytest.mark.parametrize("answer", [b"{}", b"no", b'{"token_endpoint": "http://elsewhere.example/token"}'])
async def test_a_server_that_does_not_say_where(ways: Ways, httpx_mock: HTTPXMock, key: Path, answer: bytes) -> None:
    httpx_mock.add_response(url=f"{BASE}/.well-known/smart-configuration", content=answer)
    with pytest.raises(DeliveryError, match=r"deliver\.token"):
        await ask(ways, smart(key, token_url=None))


async def test_a_server_of_tokens_that_is_away(ways: Ways, httpx_mock: HTTPXMock, key: Path) -> None:
    httpx_mock.add_exception(httpx.ConnectError("x"))
    with pytest.raises(DeliveryError, match=r"deliver\.unreachable"):
        await ask(ways, smart(key))


@pytest.fixture
def bad_keys(tmp_path: Path) -> Iterator[dict[str, Path]]:
    found = {name: tmp_path / f"{name}.pem" for name in ("gone", "text", "p256", "open", "public")}
    found["text"].write_text("no key")
    curve = ec.generate_private_key(ec.SECP256R1())
    found["p256"].write_bytes(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    client_keys.make(found["open"])
    found["open"].chmod(0o644)
    for name in ("text", "p256"):
        found[name].chmod(0o600)
    found["public"].write_text(json.dumps({}))
    found["public"].chmod(0o600)
    yield found


@pytest.mark.parametrize("name", ["gone", "text", "p256", "open", "public"])
async def test_a_key_that_cannot_sign(ways: Ways, bad_keys: dict[str, Path], name: str) -> None:
    with pytest.raises(SettingsError, match=r"settings\.client-key"):
        client_keys.ClientKey.read(bad_keys[name])
    with pytest.raises(DeliveryError, match=r"deliver\.credential"):
        await ask(ways, smart(bad_keys[name]))


def test_only_public_halves_are_published(key: Path, tmp_path: Path, bad_keys: dict[str, Path]) -> None:
    second = client_keys.make(tmp_path / "second.pem")
    found = client_keys.published([key, key, bad_keys["gone"], tmp_path / "second.pem"])
    assert [one["kid"] for one in found] == [client_keys.ClientKey.read(key).kid, second.kid]
    assert all(one["alg"] == "ES384" and one["use"] == "sig" and "d" not in one for one in found)
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(SettingsError, match="is there"):
        client_keys.make(key)


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": {"env": "A"}, "basic": {"user": "u", "password": {"env": "B"}}},
        {"token": {"sha256": "11" * 32}},
        {"api_key": {"header": "a b", "value": {"env": "A"}}},
        {"smart": {"client_id": "c", "keys": []}},
        {"smart": {"client_id": "c", "keys": ["k"], "token_url": "http://center.example/token"}},
        {"smart": {"client_id": "c", "keys": ["k"], "lifetime": 301}},
        {"url": "http://center.example", "tls": {"ca": "ca.pem"}},
        {"tls": {"ca": "ca.pem", "subjects": ["CN=x"]}},
        {"adapter": "hl7v2", "url": "mllp://127.0.0.1:1", "token": {"env": "A"}},
    ],
)
def test_a_destination_says_one_way_and_a_possible_one(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        center(**wrong)
