"""Keyed, deterministic resource ids: the same thing gets the same id, and an id tells nothing.

UUIDv8 (RFC 9562, section 5.8) of HMAC-SHA-256(key, custody | kind | assigner | value). With the key unknown an id
cannot be computed from an event number; across custodies the same person has unrelated ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mappings.errors import TranslateError

#: The published key of tests and samples. A hub has its own, in its key ring.
PUBLISHED = b"warmhandoff published namespace key: for tests and samples only"

#: A hexadecimal digit with its two high bits set to 10: the variant of RFC 9562 in the ninth byte.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}

_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


@lru_cache(maxsize=16)
def _states(key: bytes) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The two hash states that HMAC (RFC 2104) begins with under a key: worked out once, then copied for each id.

    `hmac.digest` works both out each time, which costs more than the id itself; a test compares the two.
    """
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    return hashlib.sha256(block.translate(_INNER)).copy, hashlib.sha256(block.translate(_OUTER)).copy


@lru_cache(maxsize=256)
def _begun(key: bytes, custody: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The same, the first of them with the custody behind it, with which every id of a translation begins."""
    begin, end = _states(key)
    inner = begin()
    inner.update(f"{custody}\x1f".encode())
    return inner.copy, end


def keyed_uuid(key: bytes, custody: str, kind: str, assigner: str, value: str) -> str:
    """The id of one thing as a UUIDv8 string. Parts are separated by U+001F so that they cannot run together."""
    return _uuid8(_begun(key, custody), f"{kind}\x1f{assigner}\x1f{value}")


def _uuid8(states: tuple[Callable[[], Any], Callable[[], Any]], meaning: str) -> str:
    begin, end = states
    inner = begin()
    inner.update(meaning.encode())
    outer = end()
    outer.update(inner.digest())
    text: str = outer.hexdigest()
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


#: The same few hundred members of staff stand in record after record.
_recurring_uuid8 = lru_cache(maxsize=4096)(_uuid8)


class Ids:
    """The ids of one translation: remembers what each stands for, so that a collision is an error."""

    __slots__ = ("_seen", "_states")

    def __init__(self, key: bytes, custody: str) -> None:
        self._states = _begun(key, custody)
        self._seen: dict[str, str] = {}

    def of(self, kind: str, assigner: str, value: str, *, recurring: bool = False) -> str:
        """The id of (kind, assigner, value). Raises TranslateError `translate.id-collision`.

        `recurring`: it is worth remembering for the next record; never said of a person's or an incident's id.
        """
        meaning = f"{kind}\x1f{assigner}\x1f{value}"
        made = _recurring_uuid8(self._states, meaning) if recurring else _uuid8(self._states, meaning)
        if self._seen.setdefault(made, meaning) != meaning:
            raise TranslateError("translate.id-collision", "two different things have the same id", path=kind)
        return made
