"""Signing in: one-time tokens, slowed guessing, the session's cookie and its form token.

A one-time token is a secret of at least 128 bits. The one made at start is known to this process only; `handoff
token` puts the hash of another into the store. Each signs one person in, once.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import deque
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

from hub.store import marks
from hub.store.tx import Tx

COOKIE = "handoff_session"
#: A session that is not used for this long is locked (CJIS Security Policy AC-11: at most 30 minutes), in seconds.
IDLE = 30 * 60.0
#: Nobody stays signed in for longer than a shift, in seconds.
LONGEST = 12 * 3600.0
#: So many wrong tries within WINDOW seconds, and nobody is let in until the first of them is that old.
TRIES = 5
WINDOW = 60.0
#: How long a token of `handoff token` waits to be used, in seconds.
WAITS = 600.0

_MARK = "console.tokens"


def digest(token: str) -> str:
    """SHA-256 of a token, in hex. A random token needs no salt and no slow hash."""
    return hashlib.sha256(token.strip().encode()).hexdigest()


def issue(tx: Tx, token: str) -> None:
    """Lets one person sign in with `token` within the next ten minutes. Only its hash is kept."""
    marks.put(tx, _MARK, [*_waiting(tx), [digest(token), (tx.now + timedelta(seconds=WAITS)).isoformat()]])


def spend(tx: Tx, token: str) -> bool:
    """Uses an issued token up; False when there is no such token, or its time is over."""
    given, waiting = digest(token), _waiting(tx)
    found = [one for one in waiting if hmac.compare_digest(one[0], given)]
    if found:
        marks.put(tx, _MARK, [one for one in waiting if one not in found])
    return bool(found)


def _waiting(tx: Tx) -> list[list[str]]:
    kept: Any = marks.get(tx, _MARK) or []
    return [one for one in kept if datetime.fromisoformat(one[1]) > tx.now]


class LocalToken:
    """The token printed at start, until it is spent. Thread-safe."""

    def __init__(self, token: str | None) -> None:
        self._digest = None if token is None else digest(token)
        self._lock = threading.Lock()

    def spend(self, token: str) -> bool:
        """Uses it up; False for any other token, and for the same one the second time."""
        given = digest(token)
        with self._lock:
            if self._digest is None or not hmac.compare_digest(self._digest, given):
                return False
            self._digest = None
            return True


class Tries:
    """Wrong tries of late, by anybody: a token has no account to lock. Thread-safe."""

    def __init__(self) -> None:
        self._wrong: deque[datetime] = deque()
        self._lock = threading.Lock()

    def locked(self, now: datetime) -> int:
        """For how many more seconds nobody is let in; 0 when anybody may try."""
        with self._lock:
            while self._wrong and (now - self._wrong[0]).total_seconds() >= WINDOW:
                self._wrong.popleft()
            if len(self._wrong) < TRIES:
                return 0
            return max(1, round(WINDOW - (now - self._wrong[0]).total_seconds()))

    def wrong(self, now: datetime) -> None:
        """Notes a wrong try."""
        with self._lock:
            self._wrong.append(now)


def form_token(session_token: str) -> str:
    """What every form of a session carries: a page of another site can send the cookie, but cannot know this."""
    return hmac.digest(session_token.encode(), b"warmhandoff console form", "sha256").hex()


def form_is_ours(session_token: str, presented: str) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(form_token(session_token).encode(), presented.encode())


def cookie(value: str, *, secure: bool, forget: bool = False) -> str:
    """The Set-Cookie header of a session; with `forget`, the one that removes it."""
    made: SimpleCookie = SimpleCookie()
    made[COOKIE] = value
    made[COOKIE]["path"] = "/console"
    made[COOKIE]["httponly"] = True
    made[COOKIE]["samesite"] = "Strict"
    if secure:
        made[COOKIE]["secure"] = True
    if forget:
        made[COOKIE]["max-age"] = 0
    return made[COOKIE].OutputString()
