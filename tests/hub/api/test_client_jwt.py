"""The JWT that a CDS client signs itself, at the service `patient-consent-consult`: taken, and each refusal."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx2
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pytest_httpx import HTTPXMock
from starlette.applications import Starlette

from hub.api import deciding
from hub.errors import SettingsError
from hub.store.tables import client_jwt

World = Any
Claims = dict[str, Any]

ISSUER = "https://ehr.example.org"
TO = "https://hub.test/cds-services/patient-consent-consult"
JKU = "https://ehr.example.org/keys.json"

EC = ECKey.generate_key("P-384", {"kid": "ec"}, private=True)
RSA = RSAKey.generate_key(2048, {"kid": "rsa"}, private=True)
SMALL = ECKey.generate_key("P-256", {"kid": "small"}, private=True)
STRANGER = ECKey.generate_key("P-384", {"kid": "ec"}, private=True)

QUESTION = {
    "hook": "patient-consent-consult",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {
        "patientId": "p-1",
        "actor": [{"value": "Organization/lakeshore-cmhc"}],
        "purposeOfUse": "TREAT",
        "content": {"resourceType": "Bundle", "type": "collection", "entry": []},
    },
}


def key_set(*keys: Any) -> dict[str, Any]:
    return {"keys": [{**key.as_dict(private=False)} for key in keys]}


def asks_by_jwt(document: dict[str, Any], **more: Any) -> None:
    """Cedar's app is the client of that issuer, and of nothing else."""
    source = next(one for one in document["source"] if one["name"] == "cedar-app")
    source.pop("token_sha256", None)
    source.pop("token", None)
    source["client_jwt"] = {"issuer": ISSUER, "audience": [TO], **(more or {"jku": JKU})}


@pytest.fixture
def asked(build: Callable[..., World]) -> World:
    return build(asks_by_jwt)


def signed(world: World, *, key: Any = EC, head: Claims | None = None, **claims: Any) -> str:
    """A good token but for what is given; a claim of None is left out."""
    now = int(world.time.now.timestamp())
    given = {"iss": ISSUER, "aud": TO, "iat": now, "exp": now + 300, "jti": "first", **claims}
    algorithm = {"EC": "ES384", "RSA": "RS384"}[key.key_type]
    if key is SMALL:
        algorithm = "ES256"
    header = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **(head or {})}
    kept = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(header, kept, key, algorithms=[algorithm])


async def ask(world: World, token: str, path: str = "/cds-services/patient-consent-consult") -> int:
    transport = httpx2.ASGITransport(app=Starlette(routes=deciding.routes(world.hub)))
    async with httpx2.AsyncClient(transport=transport, base_url="https://hub.test") as client:
        answer = await client.post(path, content=json.dumps(QUESTION), headers={"authorization": f"Bearer {token}"})
    if answer.status_code == 200:
        assert answer.json()["cards"]
    return answer.status_code


def publish(mock: HTTPXMock, *keys: Any) -> None:
    mock.add_response(url=JKU, json=key_set(*(keys or (EC, RSA, SMALL))))


@pytest.mark.parametrize(
    ("key", "head", "claims"),
    [
        (EC, {}, {}),
        (RSA, {}, {}),
        (EC, {"jku": JKU}, {}),
        (EC, {}, {"aud": ["https://elsewhere.example.org", TO]}),
        (EC, {}, {"iat": 1, "exp": 2, "shift": 20}),  # a clock that is 20 s ahead
        (EC, {}, {"iat": 1, "exp": 2, "shift": -320}),  # and one that ended 20 s ago
    ],
)
async def test_what_the_client_signed_is_taken(
    asked: World, httpx_mock: HTTPXMock, key: Any, head: Claims, claims: Claims
) -> None:
    publish(httpx_mock)
    if (shift := claims.pop("shift", None)) is not None:
        made = int(asked.time.now.timestamp()) + shift
        claims = {"iat": made, "exp": made + 300}
    assert await ask(asked, signed(asked, key=key, head=head, **claims)) == 200


def _resigned(world: World) -> str:
    """Other claims under a signature that was good."""
    head, _, signature = signed(world).split(".")
    _, claims, _ = signed(world, jti="second").split(".")
    return f"{head}.{claims}.{signature}"


def _unsigned(world: World) -> str:
    head = base64.urlsafe_b64encode(orjson.dumps({"alg": "none", "kid": "ec"})).rstrip(b"=").decode()
    return f"{head}.{signed(world).split('.')[1]}."


def _by_public_key(world: World) -> str:
    """The public key's own bytes as a shared secret: the confusion of algorithms."""
    head = base64.urlsafe_b64encode(orjson.dumps({"alg": "HS384", "kid": "ec"})).rstrip(b"=").decode()
    text = f"{head}.{signed(world).split('.')[1]}"
    mac = hmac.digest(EC.as_pem(private=False), text.encode(), "sha384")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _now(world: World, seconds: int) -> int:
    return int(world.time.now.timestamp()) + seconds


#: What says of itself that it cannot be good: nothing is fetched for it.
UNLOOKED: list[tuple[str, Callable[[World], str]]] = [
    ("form", lambda w: "a.b.c"),
    ("form", lambda w: signed(w, iss=None)),
    ("form", lambda w: signed(w) + "A" * 8192),
    ("form", lambda w: signed(w, head={"kid": ""})),
    ("algorithm", _unsigned),
    ("algorithm", _by_public_key),
    ("algorithm", lambda w: signed(w, key=SMALL)),
    ("issuer", lambda w: signed(w, iss="https://other.example.org")),
    ("jku", lambda w: signed(w, head={"jku": "https://evil.example.org/keys.json"})),
]
#: What the client's keys are needed to see.
LOOKED: list[tuple[str, Callable[[World], str]]] = [
    ("key", lambda w: signed(w, head={"kid": "another"})),
    ("key", lambda w: signed(w, key=RSA, head={"kid": "ec"})),
    ("signature", lambda w: signed(w, key=STRANGER)),
    ("signature", _resigned),
    ("audience", lambda w: signed(w, aud="https://elsewhere.example.org")),
    ("audience", lambda w: signed(w, aud=None)),
    ("id", lambda w: signed(w, jti=None)),
    ("id", lambda w: signed(w, jti=7)),
    ("times", lambda w: signed(w, exp=None)),
    ("times", lambda w: signed(w, iat=None)),
    ("times", lambda w: signed(w, exp="tomorrow")),
    ("expired", lambda w: signed(w, iat=_now(w, -331), exp=_now(w, -31))),
    ("early", lambda w: signed(w, iat=_now(w, 31), exp=_now(w, 331))),
    ("early", lambda w: signed(w, nbf=_now(w, 31))),
    ("lifetime", lambda w: signed(w, exp=_now(w, 301))),
]


@pytest.mark.parametrize(("table", "fetched"), [(UNLOOKED, []), (LOOKED, [JKU])], ids=["without keys", "with keys"])
async def test_each_refusal(
    asked: World,
    httpx_mock: HTTPXMock,
    capsys: pytest.CaptureFixture[str],
    table: list[tuple[str, Callable[[World], str]]],
    fetched: list[str],
) -> None:
    """One answer for all, the rule in the log and no word of the token."""
    if fetched:
        publish(httpx_mock)
    for rule, token in table:
        made = token(asked)
        assert await ask(asked, made) == 401, rule
        assert f"identity.jwt-{rule}" in (said := capsys.readouterr().out), rule
        assert made.split(".")[1] not in said
    assert [str(one.url) for one in httpx_mock.get_requests()] == fetched


async def test_shown_again_it_is_refused_until_it_has_ended_and_then_forgotten(
    asked: World, httpx_mock: HTTPXMock, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(httpx_mock)
    token = signed(asked)
    assert [await ask(asked, token), await ask(asked, token)] == [200, 401]
    assert "identity.jwt-replayed" in capsys.readouterr().out
    asked.time.forward(329)
    assert await ask(asked, token) == 401
    asked.time.forward(1)
    assert await ask(asked, token) == 401  # ended, by now
    assert await ask(asked, signed(asked, jti="second")) == 200
    rows = asked.store.read(lambda tx: tx.connection.execute(client_jwt.select()).all())
    assert len(rows) == 1


async def test_it_is_for_the_cds_service_alone(asked: World) -> None:
    assert await ask(asked, signed(asked), "/fhir/$decide") == 401


async def test_keys_are_kept_and_asked_for_again_for_a_new_one_once_a_minute(
    asked: World, httpx_mock: HTTPXMock
) -> None:
    publish(httpx_mock, EC)
    assert await ask(asked, signed(asked)) == 200
    assert await ask(asked, signed(asked, key=RSA, jti="2")) == 401  # not yet: asked for just now
    assert len(httpx_mock.get_requests()) == 1
    asked.time.forward(61)
    publish(httpx_mock, EC, RSA)
    assert await ask(asked, signed(asked, key=RSA, jti="3")) == 200
    asked.time.forward(3601)
    httpx_mock.add_response(url=JKU, status_code=500)
    assert await ask(asked, signed(asked, jti="4")) == 200  # the ones it has are believed for a day
    asked.time.forward(24 * 3600)
    httpx_mock.add_response(url=JKU, status_code=500)
    assert await ask(asked, signed(asked, jti="5")) == 503


async def test_without_keys_the_client_is_asked_to_come_again(asked: World, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=JKU, text="<html>")
    token = signed(asked)
    assert [await ask(asked, token), await ask(asked, token)] == [503, 503]
    assert len(httpx_mock.get_requests()) == 1
    asked.time.forward(61)
    publish(httpx_mock)
    assert await ask(asked, signed(asked)) == 200


async def test_keys_of_a_file_are_fetched_from_nowhere(build: Callable[..., World]) -> None:
    world = build(lambda document: asks_by_jwt(document, jwks="ehr.json"))
    assert await ask(world, signed(world)) == 503
    (world.folder / "ehr.json").write_bytes(orjson.dumps(key_set(EC)))
    assert await ask(world, signed(world)) == 200
    assert await ask(world, signed(world, head={"jku": JKU}, jti="2")) == 401


async def test_tenants_of_one_issuer_are_clients_of_their_own(build: Callable[..., World]) -> None:
    world = build(lambda document: asks_by_jwt(document, jwks="ehr.json", tenant="cedar"))
    (world.folder / "ehr.json").write_bytes(orjson.dumps(key_set(EC)))
    assert await ask(world, signed(world, tenant="cedar")) == 200
    assert await ask(world, signed(world, tenant="other", jti="2")) == 401
    assert await ask(world, signed(world, jti="3")) == 401


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"jku": "http://ehr.example.org/keys.json"},
        {"jku": JKU, "audience": []},
        {"jku": JKU, "issuer": ""},
        {"jku": JKU, "lifetime": 86400},
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(build: Callable[..., World], section: Claims) -> None:
    def change(document: dict[str, Any]) -> None:
        asks_by_jwt(document)
        document["source"][0]["client_jwt"] = {"issuer": "https://x.example.org", "audience": [TO], **section}

    with pytest.raises(SettingsError, match=r"client_jwt"):
        build(change)


def test_one_issuer_is_not_the_client_of_two(build: Callable[..., World]) -> None:
    def change(document: dict[str, Any]) -> None:
        asks_by_jwt(document)
        document["source"][0]["client_jwt"] = {"issuer": ISSUER, "audience": [TO], "jku": JKU, "tenant": "riverton"}

    with pytest.raises(SettingsError, match=r"client_jwt"):
        build(change)
