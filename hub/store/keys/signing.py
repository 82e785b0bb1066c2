"""Signatures of audit checkpoints, by a key that the key ring's secret gives.

Ed25519 (RFC 8032), or ECDSA over P-384 with SHA-384 (FIPS 186-5) where only approved algorithms may be used. A
signature is of fixed length: 64 bytes, or r and s of 48 bytes each.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.store.keys.provider import derive

#: The order of the P-384 group (SP 800-186, 3.2.1.4).
_ORDER = int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)
_BYTES = 48


class Signing(Protocol):
    """A key that signs, and checks its own signatures."""

    @property
    def kid(self) -> str:
        """The first 16 hex digits of the SHA-256 of the public key's bytes."""

    def sign(self, data: bytes) -> bytes:
        """The signature."""

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's, of these bytes."""


class Ed25519Signing:
    """Ed25519 with the secret (32 bytes) as its seed. Raises UnsupportedAlgorithm where the module lacks it."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.kid = _kid(self._key.public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(data)

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's, of these bytes."""
        try:
            self._key.public_key().verify(signature, data)
        except InvalidSignature:
            return False
        return True


class P384Signing:
    """ECDSA P-384 with SHA-384; the private key is HKDF of the secret, with 64 bits to spare (FIPS 186-5, A.2.1)."""

    def __init__(self, secret: bytes) -> None:
        number = int.from_bytes(derive(secret, "checkpoint\x1fP-384", _BYTES + 8))
        self._key = ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP384R1())
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.kid = _kid(public)

    def sign(self, data: bytes) -> bytes:
        """r and s, 96 bytes."""
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA384())))
        return r.to_bytes(_BYTES) + s.to_bytes(_BYTES)

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's, of these bytes."""
        if len(signature) != 2 * _BYTES:
            return False
        r, s = int.from_bytes(signature[:_BYTES]), int.from_bytes(signature[_BYTES:])
        try:
            self._key.public_key().verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA384()))
        except InvalidSignature:
            return False
        return True


def _kid(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]
