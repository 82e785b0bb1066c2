"""Time-based one-time codes (RFC 6238): six digits of HMAC-SHA-1 over half a minute, as authenticators make them.

A code is good for its half minute, the one before and the one after, and once only.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hub import drbg

STEP = 30


def new_secret() -> bytes:
    """160 random bits."""
    return drbg.octets(20)


def address(secret: bytes, account: str) -> str:
    """The `otpauth` address by which an authenticator program learns the secret."""
    return f"otpauth://totp/{quote(f'Warm Handoff:{account}')}?secret={_base32(secret)}&issuer={quote('Warm Handoff')}"


def step_of(secret: bytes, presented: str, now: datetime, after: int) -> int | None:
    """The time step that this code is of, if it is one of those about now and later than `after`; else None."""
    code = "".join(presented.split())
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    current = int(now.timestamp()) // STEP
    made = TOTP(secret, 6, SHA1(), STEP)  # noqa: S303 - HMAC-SHA-1, as RFC 6238 and every authenticator has it
    found = [
        step for step in (current - 1, current, current + 1)
        if hmac.compare_digest(made.generate(step * STEP), code.encode())
    ]  # fmt: skip
    return next((step for step in found if step > after), None)


def _base32(secret: bytes) -> str:
    return base64.b32encode(secret).decode().rstrip("=")
