"""What was found in resources that come again: the same content is read once, and looked at twice or thrice.

A record is labelled when it is translated, when it is decided, and when it is sent. What its content tells is the
same each time, so it is remembered by a digest of that content: codes, rules and places, never a value.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from mappings.labels.codes import Finding
from mappings.labels.scan import Place, Reader, path_of, scan
from mappings.labels.text import SHIPPED, TextLabels

#: (label code, what told it, by which means, where under the resource)
Told = tuple[str, Finding, str, str]


class Known:
    """Remembers for one way of reading texts. Make one and keep it: at most twice `size` resources are remembered,
    the oldest forgotten first. It may be used by several threads."""

    __slots__ = ("_before", "_now", "_size", "text")

    def __init__(self, text: TextLabels = SHIPPED, *, size: int = 4096) -> None:
        self.text: Final = text
        self._size = size
        self._now: dict[bytes, tuple[Told, ...]] = {}
        self._before: dict[bytes, tuple[Told, ...]] = {}

    def told(self, resource: dict[str, Any]) -> tuple[Told, ...]:
        """What `scan` reports of a resource without its own labels, which it does not read, in the same order.

        What references lead to is not in it: that is another resource's content.
        """
        bare = _unlabelled(resource)
        try:
            content = orjson.dumps(bare, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:  # a number or a text that our JSON cannot have: nothing to know it by
            return _scanned(resource, Reader(self.text))
        digest = hashlib.sha256(content).digest()
        found = self._now.get(digest)
        if found is None:
            found = self._before.get(digest)
        if found is None:
            # exactly what the digest is of, in its own order
            found = _scanned(orjson.loads(orjson.dumps(bare)), Reader(self.text))
            if len(self._now) >= self._size:
                self._before, self._now = self._now, {}
            self._now[digest] = found
        return found


def _unlabelled(resource: dict[str, Any]) -> dict[str, Any]:
    meta = resource.get("meta")
    if not isinstance(meta, dict) or "security" not in meta:
        return resource
    kept = {key: value for key, value in meta.items() if key != "security"}
    if kept:
        return {**resource, "meta": kept}
    return {key: value for key, value in resource.items() if key != "meta"}


def _scanned(resource: dict[str, Any], reader: Reader) -> tuple[Told, ...]:
    found: list[Told] = []

    def report(code: str, finding: Finding, basis: str, at: Place) -> None:
        found.append((code, finding, basis, path_of(at)[1:]))

    scan(resource, (None, "$"), report, reader)
    return tuple(found)
