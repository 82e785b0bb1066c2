"""Other systems' public keys: JWK Sets (RFC 7517, 5) fetched from where the settings say, and kept a while.

Nothing is fetched from an address that a message names: the caller passes one of the settings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from hub.delivery.authorization import Sender
from hub.errors import DeliveryError

#: Seconds for which a set is not asked for again; and for which it is not even for a key that is not in it.
KEPT, AT_MOST_EVERY = 3600.0, 60.0
#: Seconds after which a set that cannot be renewed is no longer believed: a withdrawn key must end some time.
BELIEVED: Final = 24 * 3600.0
TIMEOUT: Final = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    keys: list[Any]
    #: When it was fetched, and when it was last asked for, in epoch seconds.
    fetched: float
    asked: float


class KeySets:
    """The sets that one process knows, by their address."""

    def __init__(self, sender: Sender, clock: Callable[[], datetime]) -> None:
        self._sender = sender
        self._clock = clock
        self._known: dict[str, _Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, url: str, key: str) -> list[Any]:
        """The set's keys as they stand there; asked for anew when it is old or `key` is not among them, but not more
        often than each minute.

        Raises DeliveryError as the sender does, and `deliver.key-set` for what is no set, when there is none to go on
        with.
        """
        async with self._locks.setdefault(url, asyncio.Lock()):
            now = self._clock().timestamp()
            known = self._known.get(url)
            if known is not None:
                old = now - known.fetched >= KEPT
                lacks = all(not isinstance(one, dict) or one.get("kid") != key for one in known.keys)
                if not ((old or lacks) and abs(now - known.asked) >= AT_MOST_EVERY):
                    return self._believed(known, now)
            try:
                found = await self._fetch(url)
            except DeliveryError:
                if known is None:
                    self._known[url] = _Kept(keys=[], fetched=0.0, asked=now)
                    raise
                self._known[url] = kept = _Kept(keys=known.keys, fetched=known.fetched, asked=now)
                return self._believed(kept, now)
            self._known[url] = _Kept(keys=found, fetched=now, asked=now)
            return found

    def _believed(self, known: _Kept, now: float) -> list[Any]:
        if now - known.fetched >= BELIEVED:
            raise DeliveryError("deliver.key-set", "the client's keys cannot be fetched")
        return known.keys

    async def _fetch(self, url: str) -> list[Any]:
        answer = await self._sender.request("GET", url, headers={"accept": "application/json"}, timeout=TIMEOUT)
        try:
            document = orjson.loads(answer.body) if answer.status == 200 else None
        except orjson.JSONDecodeError:
            document = None
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list):
            raise DeliveryError("deliver.key-set", "what is there is no JWK Set")
        return keys
