"""`crypto_mode = fips`: refused where the module is not there; its own self-test; the algorithms it allows."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.backends.openssl import backend

from hub.app import open_hub
from hub.errors import KeyringError
from hub.settings import parse
from hub.store.keys import FileKeys, KeyRing, fips
from hub.store.keys.signing import Ed25519Signing, P384Signing


class _Library:
    """What libcrypto answers with an active provider, or with one of two things missing."""

    def __init__(self, available: int, default: int) -> None:
        self._available, self._default = available, default

    def OSSL_PROVIDER_available(self, context: Any, name: bytes) -> int:
        assert name == b"fips"
        return self._available

    def EVP_default_properties_is_fips_enabled(self, context: Any) -> int:
        return self._default


def approved_here() -> bool:
    try:
        fips.require()
    except KeyringError:
        return False
    return True


needs_no_module = pytest.mark.skipif(approved_here(), reason="this machine has the module: nothing is refused")


@needs_no_module
def test_a_hub_does_not_start_without_the_module(tmp_path: Path) -> None:
    settings = parse(
        {
            "hub": {"crypto_mode": "fips"},
            "operator": {"organization": "pd", "relation": "self"},
            "state_policy": {"name": "none", "reviewer": "A reviewer", "reviewed": "2026-01-01"},
            "organization": [{"id": "pd", "name": "Police", "kind": "agency", "posture": "law-enforcement"}],
        },
        base=tmp_path,
    )
    with pytest.raises(KeyringError) as refused:
        open_hub(settings)
    assert refused.value.rule == "keys.fips"
    assert not Path(settings.hub.keys).exists()


@needs_no_module
@pytest.mark.parametrize(
    ("library", "says"),
    [
        (None, "no active FIPS provider"),
        (_Library(0, 0), "no active FIPS provider"),
        (_Library(1, 0), "does not use its FIPS provider by default"),
        (_Library(1, 1), "not approved is not refused"),  # all is claimed, and MD5 still works
    ],
)
def test_each_thing_missing_is_named(monkeypatch: pytest.MonkeyPatch, library: Any, says: str) -> None:
    monkeypatch.setattr(backend, "openssl_version_text", lambda: ssl.OPENSSL_VERSION)
    monkeypatch.setattr(fips, "_libcrypto", lambda: library)
    with pytest.raises(KeyringError, match=says):
        fips.require()


def test_two_builds_of_openssl_are_not_one_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "openssl_version_text", lambda: "OpenSSL 9.9.9 1 Jan 2099")
    with pytest.raises(KeyringError, match="different builds"):
        fips.require()


def test_the_known_answers_are_this_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-test fails for what is allowed here and should not be, not for an answer."""
    if not approved_here():
        with pytest.raises(KeyringError, match="not approved is not refused"):
            fips._self_test()
    monkeypatch.setattr(fips, "_WRAPPED", bytes(40))
    with pytest.raises(KeyringError, match="wrong answer"):
        fips._self_test()


def test_libcrypto_is_found_where_ssl_has_it() -> None:
    library = fips._libcrypto()
    assert library is not None
    assert library.OSSL_PROVIDER_available(None, b"default") == 1


def test_checkpoints_are_signed_by_p_384_where_only_that_is_approved(tmp_path: Path) -> None:
    standard = KeyRing(FileKeys(tmp_path / "keys.json"))
    approved = KeyRing(FileKeys(tmp_path / "keys.json"), fips=True)
    assert isinstance(standard.signing_key(), Ed25519Signing)
    assert isinstance(approved.signing_key(), P384Signing)
    for ring in (standard, approved):  # whoever verifies knows both: a hub may change its mode
        kids = {one.kid for one in ring.verifying_keys()}
        assert kids == {standard.signing_key().kid, approved.signing_key().kid}


@pytest.mark.parametrize("kind", [Ed25519Signing, P384Signing])
def test_a_signature_holds_for_its_bytes_and_its_key(kind: type[Any]) -> None:
    key, other = kind(b"s" * 32), kind(b"t" * 32)
    made = key.sign(b"what was signed")
    assert key.kid == kind(b"s" * 32).kid != other.kid
    assert kind(b"s" * 32).holds(made, b"what was signed")
    assert not key.holds(made, b"what was not")
    assert not other.holds(made, b"what was signed")
    assert not key.holds(b"", b"what was signed")
    assert not key.holds(bytes(len(made)), b"what was signed")
