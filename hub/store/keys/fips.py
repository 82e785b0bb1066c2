"""`crypto_mode = fips`: whether every cryptographic operation of this process is one validated module's.

Python's `ssl` and `hashlib` and the `cryptography` package must stand on one and the same OpenSSL whose FIPS provider
is active by default. The wheels of `cryptography` carry an OpenSSL of their own without that provider: build it from
source against the system's. Whether the provider's version has a FIPS 140-3 certificate, and for this platform, is for
a person to look up; `Module` names what to look for.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import ssl
import sys
from dataclasses import dataclass

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from hub.errors import KeyringError
from hub.store.keys.signing import P384Signing

#: AES-256-GCM, test case 14 of the algorithm's specification (McGrew and Viega, appendix B): all zero.
_GCM_KEY, _GCM_NONCE, _GCM_PLAIN = bytes(32), bytes(12), bytes(16)
_GCM_SEALED = bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
#: RFC 3394, 4.6: 256 bits of key data wrapped with a 256-bit key.
_WRAP_KEY = bytes(range(32))
_WRAP_PLAIN = bytes.fromhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
_WRAPPED = bytes.fromhex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21")
#: FIPS 180-4, the message "abc".
_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """The provider that does the work: its name and version, and the OpenSSL that loaded it."""

    name: str
    version: str
    library: str


def require() -> Module:
    """The active module, after a self-test of every algorithm that the hub uses.

    Raises KeyringError `keys.fips` with what is missing. There is no falling back.
    """
    library, used = ssl.OPENSSL_VERSION, backend.openssl_version_text()
    if used != library:
        raise _missing("cryptography and ssl stand on different builds of OpenSSL")
    crypto = _libcrypto()
    if crypto is None or not crypto.OSSL_PROVIDER_available(None, b"fips"):
        raise _missing("OpenSSL has no active FIPS provider")
    if not crypto.EVP_default_properties_is_fips_enabled(None):
        raise _missing("OpenSSL does not use its FIPS provider by default")
    _self_test()
    name, version = _provider(crypto)
    return Module(name=name, version=version, library=library)


def _self_test() -> None:
    """Known answers for what is used, and refusals of what is not approved: a mode that allows all is no mode."""
    sealed = AESGCM(_GCM_KEY).encrypt(_GCM_NONCE, _GCM_PLAIN, None)
    wrapped = aes_key_wrap(_WRAP_KEY, _WRAP_PLAIN)
    signing = P384Signing(_WRAP_KEY)
    if (
        sealed != _GCM_SEALED
        or wrapped != _WRAPPED
        or aes_key_unwrap(_WRAP_KEY, wrapped) != _WRAP_PLAIN
        or hashlib.sha256(b"abc").hexdigest() != _SHA256
        or not signing.holds(signing.sign(b"abc"), b"abc")
        or signing.holds(signing.sign(b"abc"), b"abd")
    ):
        raise _missing("a self-test gave a wrong answer")
    for refuses in (lambda: hashlib.md5(b""), lambda: ChaCha20Poly1305(bytes(32)).encrypt(bytes(12), b"", None)):  # noqa: S324 - asked in order to be refused
        try:
            refuses()
        except (ValueError, UnsupportedAlgorithm, InternalError):
            continue
        raise _missing("an algorithm that is not approved is not refused")


def _libcrypto() -> ctypes.CDLL | None:
    """The libcrypto that `ssl` has loaded; None before OpenSSL 3, or where it cannot be found."""
    if ssl.OPENSSL_VERSION_INFO < (3,) or sys.platform == "win32":
        return None
    try:
        import _ssl  # its shared object brings libcrypto, whose symbols are then found by its handle

        library = ctypes.CDLL(getattr(_ssl, "__file__", None) or ctypes.util.find_library("crypto"))
        library.OSSL_PROVIDER_available.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        library.EVP_default_properties_is_fips_enabled.argtypes = [ctypes.c_void_p]
    except (OSError, AttributeError, ImportError):
        return None
    return library


class _Parameter(ctypes.Structure):
    """OSSL_PARAM of OpenSSL 3 (openssl/core.h)."""

    _fields_ = (
        ("key", ctypes.c_char_p),
        ("data_type", ctypes.c_uint),
        ("data", ctypes.c_void_p),
        ("data_size", ctypes.c_size_t),
        ("return_size", ctypes.c_size_t),
    )


#: OSSL_PARAM_UTF8_PTR
_UTF8_POINTER = 6


def _provider(library: ctypes.CDLL) -> tuple[str, str]:
    """The provider's own name and version. Empty where it does not say."""
    library.OSSL_PROVIDER_load.restype = ctypes.c_void_p
    library.OSSL_PROVIDER_load.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.OSSL_PROVIDER_get_params.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    provider = library.OSSL_PROVIDER_load(None, b"fips")
    texts = (ctypes.c_char_p(), ctypes.c_char_p())
    asked = (_Parameter * 3)()
    for at, (key, text) in enumerate(zip((b"name", b"version"), texts, strict=True)):
        asked[at] = _Parameter(key, _UTF8_POINTER, ctypes.cast(ctypes.pointer(text), ctypes.c_void_p), 0, 0)
    if not provider or not library.OSSL_PROVIDER_get_params(provider, asked):
        return "", ""
    name, version = ((text.value or b"").decode("ascii", "replace") for text in texts)
    return name, version


def _missing(what: str) -> KeyringError:
    return KeyringError("keys.fips", f"crypto_mode is fips, and {what}", code="security")
