"""Random bits for keys, nonces, salts and tokens: of the DRBG of the OpenSSL that Python's `ssl` stands on.

Under `crypto_mode = fips` that generator is the module's own (SP 800-90A), which `hub.store.keys.fips` makes sure of
when the hub starts: a key that came from elsewhere would be no approved one (SP 800-133). One source for both modes.
"""

from __future__ import annotations

import base64
import ssl


def octets(count: int) -> bytes:
    """`count` random bytes. Raises ssl.SSLError where the generator has failed: there is no other to fall back to."""
    return ssl.RAND_bytes(count)


def token() -> str:
    """256 random bits as base64url, 43 characters: for a session, a credential, an assertion's id."""
    return base64.urlsafe_b64encode(octets(32)).rstrip(b"=").decode("ascii")
