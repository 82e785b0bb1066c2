"""What OpenSSL says of its providers, asked of libcrypto through ctypes: neither `ssl` nor `cryptography` tells."""

from __future__ import annotations

import ctypes
import ctypes.util
import ssl
import sys
from typing import Literal, Self

#: What an algorithm is, as OpenSSL's functions spell it: EVP_MD_fetch, EVP_CIPHER_fetch, ...
Kind = Literal["MD", "MAC", "CIPHER", "KDF", "SIGNATURE", "KEYMGMT"]


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


class Libcrypto:
    """The libcrypto that Python's `ssl` has loaded. It is asked only; nothing in it is changed."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    @classmethod
    def loaded(cls) -> Self | None:
        """None before OpenSSL 3, on Windows, or where it cannot be found."""
        if ssl.OPENSSL_VERSION_INFO < (3,) or sys.platform == "win32":
            return None
        try:
            import _ssl  # its shared object brings libcrypto, whose symbols are then found by its handle

            library = ctypes.CDLL(getattr(_ssl, "__file__", None) or ctypes.util.find_library("crypto"))
            _ = library.OSSL_PROVIDER_available
        except (OSError, AttributeError, ImportError):
            return None
        return cls(library)

    def active(self, provider: str) -> bool:
        """Whether a provider of that name is loaded and active."""
        return bool(self._ask("OSSL_PROVIDER_available", ctypes.c_int, None, provider.encode()))

    def fips_by_default(self) -> bool:
        """Whether an algorithm that is asked for by its name alone must be an approved one."""
        return bool(self._ask("EVP_default_properties_is_fips_enabled", ctypes.c_int, None))

    def provider_of(self, kind: Kind, algorithm: str) -> str:
        """The name of the provider that does this algorithm where nothing else is said; empty where none does."""
        fetched = self._ask(f"EVP_{kind}_fetch", ctypes.c_void_p, None, algorithm.encode(), None)
        if not fetched:
            self._ask("ERR_clear_error", None)
            return ""
        try:
            return self._name(self._ask(f"EVP_{kind}_get0_provider", ctypes.c_void_p, fetched))
        finally:
            self._ask(f"EVP_{kind}_free", None, fetched)

    def provider_of_random(self) -> str:
        """The name of the provider whose DRBG this thread's random bits come from; empty where there is none."""
        context = self._ask("RAND_get0_public", ctypes.c_void_p, None)
        generator = self._ask("EVP_RAND_CTX_get0_rand", ctypes.c_void_p, context) if context else None
        return self._name(self._ask("EVP_RAND_get0_provider", ctypes.c_void_p, generator)) if generator else ""

    def described(self, provider: str) -> tuple[str, str]:
        """An active provider's own name and version; empty where it does not say."""
        found = self._ask("OSSL_PROVIDER_load", ctypes.c_void_p, None, provider.encode())
        texts = (ctypes.c_char_p(), ctypes.c_char_p())
        asked = (_Parameter * 3)()
        for at, (key, text) in enumerate(zip((b"name", b"version"), texts, strict=True)):
            asked[at] = _Parameter(key, _UTF8_POINTER, ctypes.cast(ctypes.pointer(text), ctypes.c_void_p), 0, 0)
        if not found or not self._ask("OSSL_PROVIDER_get_params", ctypes.c_int, found, ctypes.byref(asked)):
            return "", ""
        name, version = ((text.value or b"").decode("ascii", "replace") for text in texts)
        return name, version

    def _name(self, provider: object) -> str:
        name = self._ask("OSSL_PROVIDER_get0_name", ctypes.c_char_p, provider) if provider else None
        return name.decode("ascii", "replace") if isinstance(name, bytes) else ""

    def _ask(self, function: str, answer: type | None, *given: object) -> object:
        called = getattr(self._library, function)
        called.restype = answer
        # an address that came back as a number is a pointer again, not a C int that would be cut
        return called(*(ctypes.c_void_p(one) if isinstance(one, int) else one for one in given))
