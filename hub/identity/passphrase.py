"""Passphrases: long, not composed by rule, kept as a slow hash that approved modules have.

NIST SP 800-63B-4, 3.1.1: length matters, composition rules do not; what is commonly expected is refused. PBKDF2 with
HMAC-SHA-512 (SP 800-132).
"""

from __future__ import annotations

import hashlib
import hmac

from hub import drbg
from hub.errors import IdentityError

#: Characters. SP 800-63B-4 asks for eight with a second factor; a phrase is longer.
SHORTEST, LONGEST = 15, 256
#: So many rounds take about a tenth of a second.
ROUNDS = 210_000
_SALT = 16


def check(passphrase: str, account: str) -> None:
    """Raises IdentityError `identity.passphrase` for one that is too short, too long, too plain, or the name again."""
    text = passphrase.casefold()
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise IdentityError("identity.passphrase", f"a passphrase has {SHORTEST} to {LONGEST} characters")
    if len(set(text)) < 6 or account.casefold() in text or "warmhandoff" in text.replace(" ", ""):
        raise IdentityError("identity.passphrase", "this passphrase is among the first that somebody would try")


def hashed(passphrase: str) -> bytes:
    """salt (16) | hash (64), to keep."""
    salt = drbg.octets(_SALT)
    return salt + _hash(passphrase, salt)


def matches(passphrase: str, kept: bytes | None) -> bool:
    """Whether it is the one that was kept. It takes as long for an account that is not there (None)."""
    known = kept or bytes(_SALT + 64)
    same = hmac.compare_digest(_hash(passphrase[:LONGEST], known[:_SALT]), known[_SALT:])
    return same and kept is not None


def _hash(passphrase: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", passphrase.encode(), salt, ROUNDS)
