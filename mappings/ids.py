"""Keyed, deterministic resource ids: the same thing gets the same id, and an id tells nothing.

UUIDv8 (RFC 9562, section 5.8) of HMAC-SHA-256(key, custody | kind | assigner | value). With the key unknown an id
cannot be computed from an event number; across custodies the same person has unrelated ids.
"""

from __future__ import annotations

import hmac

from mappings.errors import TranslateError

#: The published key of tests and samples. A hub has its own, in its key ring.
PUBLISHED = b"warmhandoff published namespace key: for tests and samples only"


def keyed_uuid(key: bytes, custody: str, kind: str, assigner: str, value: str) -> str:
    """The id of one thing as a UUIDv8 string. Parts are separated by U+001F so that they cannot run together."""
    digest = hmac.digest(key, f"{custody}\x1f{kind}\x1f{assigner}\x1f{value}".encode(), "sha256")
    number = int.from_bytes(digest[:16], "big")
    number = (number & ~(0xF000 << 64)) | (0x8000 << 64)  # version 8
    number = (number & ~(0xC000 << 48)) | (0x8000 << 48)  # RFC 4122 variant
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Ids:
    """The ids of one translation: remembers what each stands for, so that a collision is an error."""

    __slots__ = ("_custody", "_key", "_seen")

    def __init__(self, key: bytes, custody: str) -> None:
        self._key = key
        self._custody = custody
        self._seen: dict[str, str] = {}

    def of(self, kind: str, assigner: str, value: str) -> str:
        """The id of (kind, assigner, value). Raises TranslateError `translate.id-collision`."""
        made = keyed_uuid(self._key, self._custody, kind, assigner, value)
        meaning = f"{kind}\x1f{assigner}\x1f{value}"
        if self._seen.setdefault(made, meaning) != meaning:
            raise TranslateError("translate.id-collision", "two different things have the same id", path=kind)
        return made
