"""`crypto_mode = fips`: refused where the module is not there; its own self-test; the algorithms it allows.

That it starts where the module is there is shown by `tests/proofs/test_fips_hub.py`, on a machine that has one.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.backends.openssl import backend
from psycopg import pq

from hub import drbg
from hub.app import open_hub
from hub.errors import KeyringError
from hub.settings import Settings, parse
from hub.store.keys import client_hello, fips
from hub.store.keys.libcrypto import Libcrypto
from hub.store.keys.signing import Signing


def settings(base: Path, **hub: Any) -> Settings:
    return parse(
        {
            "hub": {"crypto_mode": "fips", **hub},
            "operator": {"organization": "pd", "relation": "self"},
            "state_policy": {"name": "none", "reviewer": "A reviewer", "reviewed": "2026-01-01"},
            "organization": [{"id": "pd", "name": "Police", "kind": "agency", "posture": "law-enforcement"}],
        },
        base=base,
    )


class _Library:
    """What libcrypto answers with an active provider, or with one of the things missing."""

    def __init__(self, *, active: bool = True, default: bool = True, does: str = "fips", draws: str = "fips") -> None:
        self._active, self._default, self._does, self._draws = active, default, does, draws

    def active(self, provider: str) -> bool:
        assert provider == "fips"
        return self._active

    def fips_by_default(self) -> bool:
        return self._default

    def provider_of(self, kind: str, algorithm: str) -> str:
        return self._does if algorithm == "PBKDF2" else "fips"

    def provider_of_random(self) -> str:
        return self._draws

    def described(self, provider: str) -> tuple[str, str]:
        return "A module", "1.0"


def approved_here(base: Path) -> bool:
    try:
        fips.require(settings(base))
    except KeyringError:
        return False
    return True


@pytest.fixture
def no_module(tmp_path: Path) -> None:
    if approved_here(tmp_path):
        pytest.skip("this machine has the module: nothing is refused")


def test_a_hub_does_not_start_without_the_module(tmp_path: Path, no_module: None) -> None:
    wanted = settings(tmp_path)
    with pytest.raises(KeyringError) as refused:
        open_hub(wanted)
    assert refused.value.rule == "keys.fips"
    assert not Path(wanted.hub.keys).exists()


@pytest.mark.parametrize(
    ("library", "says"),
    [
        (None, "no active FIPS provider"),
        (_Library(active=False), "no active FIPS provider"),
        (_Library(default=False), "does not use its FIPS provider by default"),
        (_Library(does="default"), "does not have every algorithm"),
        (_Library(does=""), "does not have every algorithm"),
        (_Library(draws="default"), "random numbers"),
    ],
)
def test_each_thing_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: Any, says: str) -> None:
    monkeypatch.setattr(backend, "openssl_version_text", lambda: ssl.OPENSSL_VERSION)
    monkeypatch.setattr(Libcrypto, "loaded", lambda: library)
    with pytest.raises(KeyringError, match=says):
        fips.require(settings(tmp_path))


def test_a_mode_that_refuses_nothing_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_module: None) -> None:
    """All is claimed, and MD5 still works."""
    monkeypatch.setattr(backend, "openssl_version_text", lambda: ssl.OPENSSL_VERSION)
    monkeypatch.setattr(Libcrypto, "loaded", _Library)
    with pytest.raises(KeyringError, match="not approved is not refused"):
        fips.require(settings(tmp_path))


def test_two_builds_of_openssl_are_not_one_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(backend, "openssl_version_text", lambda: "OpenSSL 9.9.9 1 Jan 2099")
    with pytest.raises(KeyringError, match="different builds"):
        fips.require(settings(tmp_path))


def test_a_wrong_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fips, "_HMAC", bytes(32))
    with pytest.raises(KeyringError, match="wrong answer"):
        fips._self_test()


def test_python_s_own_hashes_are_not_the_module_s(monkeypatch: pytest.MonkeyPatch) -> None:
    import _sha256  # what Python takes in silence where OpenSSL's cannot be had

    monkeypatch.setattr(hashlib, "sha256", _sha256.sha256)
    with pytest.raises(KeyringError, match="hashlib computes by itself"):
        fips._self_test()


@pytest.mark.parametrize(("offered", "refused"), [({0x17, 0x1D}, True), ({0x1E}, True), ({0x17, 0x18}, False)])
def test_tls_offers_no_group_that_is_not_approved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offered: set[int], refused: bool
) -> None:
    monkeypatch.setattr(backend, "openssl_version_text", lambda: ssl.OPENSSL_VERSION)
    monkeypatch.setattr(Libcrypto, "loaded", _Library)
    monkeypatch.setattr(fips, "_self_test", lambda: None)
    monkeypatch.setattr(client_hello, "groups", lambda: frozenset(offered))
    if refused:
        with pytest.raises(KeyringError, match="X25519"):
            fips.require(settings(tmp_path))
    else:
        assert fips.require(settings(tmp_path)).name == "A module"


def test_what_tls_offers_is_read_from_its_own_hello(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0x17 in client_hello.groups()  # P-256, which every TLS 1.3 has

    class One(ssl.SSLContext):
        def __init__(self, protocol: int) -> None:
            self.set_ecdh_curve("secp384r1")

    monkeypatch.setattr(ssl, "SSLContext", One)
    assert client_hello.groups() == {0x18}


@pytest.mark.parametrize(
    ("hub", "driver", "says"),
    [
        ({"sqlcipher": True}, "c", "SQLCipher"),
        ({"database": "postgresql+psycopg://hub@db.example.org/hub"}, "binary", "psycopg"),
        ({"database": "postgresql+psycopg://hub@db.example.org/hub"}, "c", None),
        ({}, "binary", None),
    ],
)
def test_no_database_by_other_cryptography(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hub: dict[str, Any], driver: str, says: str | None
) -> None:
    monkeypatch.setattr(pq, "__impl__", driver)
    if says is None:
        fips._database(settings(tmp_path, **hub))
        return
    with pytest.raises(KeyringError, match=says):
        fips._database(settings(tmp_path, **hub))


def test_libcrypto_is_found_where_ssl_has_it() -> None:
    library = Libcrypto.loaded()
    assert library is not None
    assert not library.active("no such provider")
    assert library.provider_of("MD", "no such digest") == ""
    doer = library.provider_of("MD", "SHA256")
    assert library.active(doer)
    assert library.provider_of_random() == doer
    name, version = library.described(doer)
    assert name.startswith("OpenSSL")
    assert version


@pytest.mark.parametrize("draw", [lambda: drbg.octets(32), drbg.token])
def test_what_is_drawn_comes_once(draw: Callable[[], bytes | str]) -> None:
    assert len({draw() for _ in range(100)}) == 100


def test_a_token_is_of_256_bits() -> None:
    assert len(base64.urlsafe_b64decode(drbg.token() + "=")) == 32


def test_a_signature_holds_for_its_bytes_and_its_key() -> None:
    key, other = Signing(b"s" * 32), Signing(b"t" * 32)
    made = key.sign(b"what was signed")
    assert key.kid == Signing(b"s" * 32).kid != other.kid
    assert Signing(b"s" * 32).holds(made, b"what was signed")
    assert not key.holds(made, b"what was not")
    assert not other.holds(made, b"what was signed")
    assert not key.holds(b"", b"what was signed")
    assert not key.holds(bytes(len(made)), b"what was signed")
