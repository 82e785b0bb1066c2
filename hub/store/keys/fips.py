"""`crypto_mode = fips`: whether every cryptographic operation of this process is one validated module's.

Python's `ssl` and `hashlib` and the `cryptography` package must stand on one and the same OpenSSL whose FIPS provider
is active by default. The wheels of `cryptography` carry an OpenSSL of their own without that provider: build it from
source against the system's. So do the wheels of psycopg and of SQLCipher, which are refused as well. Whether the
provider's version has a FIPS 140-3 certificate, and for this platform, is for a person to look up; `Module` names what
to look for.
"""

from __future__ import annotations

import hashlib
import hmac
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from sqlalchemy import make_url

from hub.errors import KeyringError
from hub.settings import Settings
from hub.store.keys import client_hello
from hub.store.keys.libcrypto import Kind, Libcrypto
from hub.store.keys.signing import Signing

#: The provider's name, as OpenSSL and every distribution has it.
_PROVIDER = "fips"
#: What the hub does with keys, as OpenSSL names it: documents, blind indexes, key derivation, passphrases, one-time
#: codes (HMAC-SHA-1 stays approved, SP 800-131A), checkpoints, certificates, client assertions, TLS.
_USED: tuple[tuple[Kind, str], ...] = (
    ("MD", "SHA1"),
    ("MD", "SHA256"),
    ("MD", "SHA384"),
    ("MD", "SHA512"),
    ("MAC", "HMAC"),
    ("CIPHER", "AES-256-GCM"),
    ("KDF", "PBKDF2"),
    ("KDF", "TLS13-KDF"),
    ("KEYMGMT", "EC"),
    ("KEYMGMT", "RSA"),
    ("SIGNATURE", "ECDSA"),
    ("SIGNATURE", "RSA"),
)
#: X25519 and X448 (RFC 8446, 4.2.7), which SP 800-56A does not have. A provider of OpenSSL 3.0 offers them still.
_UNAPPROVED_GROUPS = frozenset((0x001D, 0x001E))
#: AES-256-GCM, test case 14 of the algorithm's specification (McGrew and Viega, appendix B): all zero.
_GCM_KEY, _GCM_NONCE, _GCM_PLAIN = bytes(32), bytes(12), bytes(16)
_GCM_SEALED = bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
#: FIPS 180-4, the message "abc".
_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#: RFC 4231, 4.2.
_HMAC_KEY, _HMAC_DATA = b"\x0b" * 20, b"Hi There"
_HMAC = bytes.fromhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """The provider that does the work: its name and version, and the OpenSSL that loaded it."""

    name: str
    version: str
    library: str


def require(settings: Settings) -> Module:
    """The active module, after a self-test of the algorithms that the hub uses.

    Raises KeyringError `keys.fips` with what is missing, also where the settings' database would be reached or kept by
    other cryptography than the module's. There is no falling back.
    """
    library, used = ssl.OPENSSL_VERSION, backend.openssl_version_text()
    if used != library:
        raise _missing("cryptography and ssl stand on different builds of OpenSSL")
    crypto = Libcrypto.loaded()
    if crypto is None or not crypto.active(_PROVIDER):
        raise _missing("OpenSSL has no active FIPS provider")
    if not crypto.fips_by_default():
        raise _missing("OpenSSL does not use its FIPS provider by default")
    if any(crypto.provider_of(*one) != _PROVIDER for one in _USED):
        raise _missing("the provider does not have every algorithm that the hub uses")
    if crypto.provider_of_random() != _PROVIDER:
        raise _missing("random numbers are not the provider's")
    _self_test()
    if client_hello.groups() & _UNAPPROVED_GROUPS:
        raise _missing("TLS would agree on X25519 or X448: set Groups in OpenSSL's configuration")
    _database(settings)
    name, version = crypto.described(_PROVIDER)
    return Module(name=name, version=version, library=library)


def _self_test() -> None:
    """Known answers for what is used, and refusals of what is not approved: a mode that allows all is no mode."""
    if any(type(made()).__module__ != "_hashlib" for made in (hashlib.sha1, hashlib.sha256, hashlib.sha512)):
        # Python has these of its own as well, and takes them without a word where OpenSSL's cannot be had
        raise _missing("hashlib computes by itself and not by OpenSSL")
    signing, blind = Signing(_GCM_KEY), HMAC(_HMAC_KEY, SHA256())
    blind.update(_HMAC_DATA)
    if (
        AESGCM(_GCM_KEY).encrypt(_GCM_NONCE, _GCM_PLAIN, None) != _GCM_SEALED
        or AESGCM(_GCM_KEY).decrypt(_GCM_NONCE, _GCM_SEALED, None) != _GCM_PLAIN
        or hashlib.sha256(b"abc").hexdigest() != _SHA256
        or hmac.digest(_HMAC_KEY, _HMAC_DATA, "sha256") != _HMAC
        or blind.finalize() != _HMAC
        or not signing.holds(signing.sign(b"abc"), b"abc")
        or signing.holds(signing.sign(b"abc"), b"abd")
    ):
        raise _missing("a self-test gave a wrong answer")
    # hashlib.md5 would tell nothing: Python's own answers where OpenSSL refuses. pbkdf2_hmac is OpenSSL's alone.
    refused: tuple[Callable[[], object], ...] = (
        lambda: hashlib.pbkdf2_hmac("md5", bytes(16), bytes(16), 1000),
        lambda: ChaCha20Poly1305(bytes(32)).encrypt(bytes(12), b"", None),
    )
    for refuses in refused:
        try:
            refuses()
        except (ValueError, UnsupportedAlgorithm, InternalError):
            continue
        raise _missing("an algorithm that is not approved is not refused")


def _database(settings: Settings) -> None:
    """Neither SQLCipher nor a PostgreSQL driver with an OpenSSL of its own: keys and TLS would be that one's."""
    if settings.hub.sqlcipher:
        raise _missing("SQLCipher encrypts by a library of its own")
    if make_url(settings.hub.database).get_backend_name() == "postgresql":
        from psycopg import pq

        if pq.__impl__ == "binary":
            raise _missing("psycopg[binary] brings an OpenSSL of its own: install psycopg on the system's libpq")


def _missing(what: str) -> KeyringError:
    return KeyringError("keys.fips", f"crypto_mode is fips, and {what}", code="security")
