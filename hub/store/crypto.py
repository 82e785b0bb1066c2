"""The envelope: AES-256-GCM with a fresh key per document, itself wrapped under a custody's key, also by AES-256-GCM.

blob = version (1) | length of kid (1) | kid | nonce (12), wrapped key and tag (48) | nonce (12) | ciphertext and tag.
The associated data bind what the blob is: rows cannot be swapped and a label cannot be lowered unnoticed.
Rotation rewraps the 60 bytes and leaves the ciphertext alone. Pure: keys are given, nothing is stored here.

GCM wraps, as SP 800-38F (section 3.1) lets an approved authenticated mode do, so that the module does all of it: the
AES key wrap of `cryptography` is that package's own loop around the module's AES. Keys and nonces are 256 and 96 bits
of the DRBG (SP 800-38D, 8.2.2), so a custody's key is good for 2^32 documents (8.3).
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub import drbg
from hub.errors import KeyringError

_VERSION = 2
_NONCE = 12
_WRAPPED = _NONCE + 32 + 16


def associated(noun: str, noun_id: str, part: str, custody: str, label: str) -> bytes:
    """The associated data of one document. Parts are separated by U+001F so that they cannot run together."""
    return f"{noun}\x1f{noun_id}\x1f{part}\x1f{custody}\x1f{label}".encode()


def seal(kek: bytes, kid: str, plain: bytes, aad: bytes) -> bytes:
    """Seal one document under a key-encryption key (32 bytes) named `kid` (at most 255 bytes)."""
    drawn = drbg.octets(32 + 2 * _NONCE)
    dek, nonce, first = drawn[:32], drawn[32:-_NONCE], drawn[-_NONCE:]
    return _head(kid) + first + _under(kek).encrypt(first, dek, None) + nonce + AESGCM(dek).encrypt(nonce, plain, aad)


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
        dek = _under(kek).decrypt(blob[at : at + _NONCE], blob[at + _NONCE : at + _WRAPPED], None)
        nonce = blob[at + _WRAPPED : at + _WRAPPED + _NONCE]
        return AESGCM(dek).decrypt(nonce, blob[at + _WRAPPED + _NONCE :], aad)
    except InvalidTag:
        raise KeyringError("keys.tampered", "a sealed document does not open as what it is stored as") from None


def rewrap(old: bytes, new: bytes, new_kid: str, blob: bytes) -> bytes:
    """The same ciphertext with its document key wrapped under another key. Raises KeyringError `keys.tampered`."""
    kid_of(blob)
    at = 2 + blob[1]
    try:
        dek = _under(old).decrypt(blob[at : at + _NONCE], blob[at + _NONCE : at + _WRAPPED], None)
    except InvalidTag:
        raise KeyringError("keys.tampered", "a document key does not open under its key") from None
    nonce = drbg.octets(_NONCE)
    return _head(new_kid) + nonce + _under(new).encrypt(nonce, dek, None) + blob[at + _WRAPPED :]


@lru_cache(maxsize=64)
def _under(kek: bytes) -> AESGCM:
    """A custody's key, made ready once: every document is wrapped by one of a few."""
    return AESGCM(kek)


@lru_cache(maxsize=256)
def _head(kid: str) -> bytes:
    name = kid.encode("ascii")
    return bytes((_VERSION, len(name))) + name
