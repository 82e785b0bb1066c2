"""Signatures of audit checkpoints and backups, by a key that the key ring's secret gives.

ECDSA over P-384 with SHA-384 (FIPS 186-5), in either `crypto_mode`: what one hub has signed verifies in the other, on
any module. A signature is r and s, 48 bytes each.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.store.keys.provider import derive

#: The order of the P-384 group (SP 800-186, 3.2.1.4).
_ORDER = int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)
_BYTES = 48


class Signing:
    """A key that signs, and checks its own signatures.

    The private key is HKDF of the secret (32 bytes), with 64 bits to spare (FIPS 186-5, A.2.1). `kid`: the first 16 hex
    digits of the SHA-256 of the public point.
    """

    def __init__(self, secret: bytes) -> None:
        number = int.from_bytes(derive(secret, "checkpoint\x1fP-384", _BYTES + 8))
        self._key = ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP384R1())
        self._public = self._key.public_key()
        point = self._public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.kid = hashlib.sha256(point).hexdigest()[:16]

    def sign(self, data: bytes) -> bytes:
        """96 bytes."""
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA384())))
        return r.to_bytes(_BYTES) + s.to_bytes(_BYTES)

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's, of these bytes."""
        if len(signature) != 2 * _BYTES:
            return False
        r, s = int.from_bytes(signature[:_BYTES]), int.from_bytes(signature[_BYTES:])
        try:
            self._public.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA384()))
        except InvalidSignature:
            return False
        return True
