"""A key wrap: the root key under which a key file's entries are kept, held where it cannot be copied from.

The file holds what the root key wrapped; the root key itself stays in the HSM or key service. An entry is bound to
what it is the key of (`context`), so that two entries of the file cannot be exchanged.
"""

from __future__ import annotations

from typing import Protocol

from hub.errors import KeyringError


class KeyWrap(Protocol):
    """Wraps and unwraps 32-byte keys under a root key."""

    @property
    def name(self) -> str:
        """Which root key, as the key file notes it; no secret."""

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key under the root key. Raises KeyringError `keys.wrap`."""

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key again. Raises KeyringError `keys.wrap` when it was not wrapped by this root key for this use."""


class Plain:
    """No root key: the file's mode is all that guards it."""

    name = "none"

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key itself."""
        return key

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key itself."""
        return wrapped


def refused(what: str) -> KeyringError:
    """What a wrap raises: which part of it failed, never what the service said."""
    return KeyringError("keys.wrap", f"the root key could not be used: {what}", code="security")
