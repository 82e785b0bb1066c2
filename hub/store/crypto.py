"""The envelope: AES-256-GCM with a fresh key per document, itself wrapped under a custody's key.

blob = version (1) | length of kid (1) | kid | wrapped key (40, RFC 3394) | nonce (12) | ciphertext and tag.
The associated data bind what the blob is: rows cannot be swapped and a label cannot be lowered unnoticed.
Rotation rewraps the 40 bytes and leaves the ciphertext alone. Pure: keys are given, nothing is stored here.
"""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from hub.errors import KeyringError

_VERSION = 1
_WRAPPED = 40
_NONCE = 12


def associated(noun: str, noun_id: str, part: str, custody: str, label: str) -> bytes:
    """The associated data of one document. Parts are separated by U+001F so that they cannot run together."""
    return f"{noun}\x1f{noun_id}\x1f{part}\x1f{custody}\x1f{label}".encode()


def seal(kek: bytes, kid: str, plain: bytes, aad: bytes) -> bytes:
    """Seal one document under a key-encryption key (32 bytes) named `kid` (at most 255 bytes)."""
    drawn = os.urandom(32 + _NONCE)
    dek, nonce = drawn[:32], drawn[32:]
    return _head(kid) + aes_key_wrap(kek, dek) + nonce + AESGCM(dek).encrypt(nonce, plain, aad)


def kid_of(blob: bytes) -> str:
    """Which key a blob is sealed under. Raises KeyringError `keys.format`."""
    if len(blob) < 2 or blob[0] != _VERSION or len(blob) < 2 + blob[1] + _WRAPPED + _NONCE + 16:
        raise KeyringError("keys.format", "a sealed document does not have our form")
    return blob[2 : 2 + blob[1]].decode("ascii", "replace")


def unseal(kek: bytes, blob: bytes, aad: bytes) -> bytes:
    """Open one document.

    Raises KeyringError `keys.tampered` when the key, the bytes or what they were sealed as differ: which of the
    three cannot be told.
    """
    kid_of(blob)
    at = 2 + blob[1]
    try:
        dek = aes_key_unwrap(kek, blob[at : at + _WRAPPED])
        nonce = blob[at + _WRAPPED : at + _WRAPPED + _NONCE]
        return AESGCM(dek).decrypt(nonce, blob[at + _WRAPPED + _NONCE :], aad)
    except (InvalidUnwrap, InvalidTag):
        raise KeyringError("keys.tampered", "a sealed document does not open as what it is stored as") from None


def rewrap(old: bytes, new: bytes, new_kid: str, blob: bytes) -> bytes:
    """The same ciphertext with its document key wrapped under another key. Raises KeyringError `keys.tampered`."""
    kid_of(blob)
    at = 2 + blob[1]
    try:
        dek = aes_key_unwrap(old, blob[at : at + _WRAPPED])
    except InvalidUnwrap:
        raise KeyringError("keys.tampered", "a document key does not open under its key") from None
    return _head(new_kid) + aes_key_wrap(new, dek) + blob[at + _WRAPPED :]


@lru_cache(maxsize=256)
def _head(kid: str) -> bytes:
    name = kid.encode("ascii")
    return bytes((_VERSION, len(name))) + name
