"""Keys in one JSON file, each wrapped by a root key where one is configured.

`FileKeys` makes an independent random key for each custody on its first use, so that destroying one custody's keys
destroys only its documents.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub import drbg
from hub.errors import KeyringError
from hub.store.keys.provider import SECRETS
from hub.store.keys.wrap import KeyWrap, Plain

#: How long after a rotation another process may still seal under the key before.
SETTLE = timedelta(hours=1)

_Content = dict[str, Any]


class FileKeys:
    """Keys in one JSON file of mode 0600, made on first use. Not for a file system that others can read.

    A new key is on disk (fsync, rename) before it is used: no document may be sealed under a key that a crash loses.
    Raises KeyringError `keys.file` when the file is readable by others, not ours, or wrapped by another root key than
    `wrap`; `keys.wrap` when the root key cannot be used.
    """

    def __init__(self, path: Path | str, wrap: KeyWrap | None = None) -> None:
        self._path = Path(path)
        self._wrap: KeyWrap = wrap or Plain()
        self._lock = threading.Lock()
        self._content: _Content = {}
        self._opened: dict[str, bytes] = {}
        self._change(self._fill_secrets)

    def active(self, custody: str) -> tuple[str, bytes]:
        """The name and bytes of the key that seals now; makes the custody's first one."""
        ring = self._content["custodies"].get(custody)
        if ring is None:
            self._change(lambda content: None if custody in content["custodies"] else self._add(content, custody))
            ring = self._content["custodies"][custody]
        return ring["active"], self._open(ring["keys"][ring["active"]], _use(custody, ring["active"]))

    def key(self, custody: str, kid: str) -> bytes:
        """A key by its name. Raises KeyringError `keys.unknown`."""
        for _ in range(2):
            kept = self._content["custodies"].get(custody, {}).get("keys", {}).get(kid)
            if kept is not None:
                return self._open(kept, _use(custody, kid))
            self._change(lambda content: None)  # another process may have made it since
        raise KeyringError("keys.unknown", "the key of a sealed document is not in the key ring")

    def secret(self, name: str) -> bytes:
        """One of SECRETS."""
        return self._open(self._content["secrets"][name], f"secret\x1f{name}")

    def rotate(self, custody: str, at: datetime) -> str:
        """A new active key for one custody; the old ones stay until nothing is sealed under them."""
        self._change(lambda content: self._add(content, custody, at))
        return str(self._content["custodies"][custody]["active"])

    def retire(self, custody: str, kid: str, at: datetime) -> None:
        """Forget an old key for good. That nothing is sealed under it is the caller's to know.

        Raises KeyringError `keys.unknown`, and `keys.in-use` for the active key, or within an hour after the last
        rotation: a process that has not taken up the new key yet may still seal under this one.
        """

        def forget(content: _Content) -> None:
            ring = content["custodies"].get(custody, {"active": "", "keys": {}})
            if kid not in ring["keys"]:
                raise KeyringError("keys.unknown", "there is no such key")
            since = ring.get("since")
            if kid == ring["active"] or (since is not None and at - datetime.fromisoformat(since) < SETTLE):
                raise KeyringError("keys.in-use", "something may still be sealed under this key", code="conflict")
            del ring["keys"][kid]

        self._change(forget)

    def names(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The active key's name and the names of all keys, by custody."""
        return {custody: (ring["active"], tuple(ring["keys"])) for custody, ring in self._content["custodies"].items()}

    def refresh(self) -> bool:
        """Read the file again; whether it differs."""
        before = self._content
        self._change(lambda content: None)
        return self._content != before

    def move(self, wrap: KeyWrap) -> int:
        """Wrap every entry by another root key instead, in one replacement of the file; how many.

        The keys stay what they are, so nothing sealed changes. Other processes of this hub must be started again with
        the settings that name the new root key. Raises KeyringError `keys.wrap`.
        """
        moved = 0

        def again(content: _Content) -> None:
            nonlocal moved
            for use, entries, name in _entries(content):
                entries[name] = _text(wrap.wrap(self._open(entries[name], use), use))
                moved += 1
            content["wrapped_by"] = wrap.name

        self._change(again, wrap)
        return moved

    def _open(self, kept: str, use: str) -> bytes:
        """An entry's key; the root key is asked once for each entry and process."""
        found = self._opened.get(kept + use)
        if found is None:
            found = self._wrap.unwrap(base64.b64decode(kept), use)
            if len(found) != 32:
                raise KeyringError("keys.file", "a key of the key file does not have our form")
            self._opened[kept + use] = found
        return found

    def _fill_secrets(self, content: _Content) -> None:
        for name in SECRETS:
            if name not in content["secrets"]:
                content["secrets"][name] = self._new(f"secret\x1f{name}")

    def _add(self, content: _Content, custody: str, at: datetime | None = None) -> None:
        ring = content["custodies"].setdefault(custody, {"active": "", "keys": {}, "made": 0})
        # counted apart from the keys there are: a retired key's name is not given again
        ring["made"] = ring.get("made", len(ring["keys"])) + 1
        kid = f"k{ring['made']}-{drbg.octets(3).hex()}"
        ring["keys"][kid] = self._new(_use(custody, kid))
        ring["active"] = kid
        if at is not None:
            ring["since"] = at.isoformat()

    def _new(self, use: str) -> str:
        return _text(self._wrap.wrap(drbg.octets(32), use))

    def _change(self, change: Callable[[_Content], None], wrap: KeyWrap | None = None) -> None:
        """Read the file, change it, write it back if it differs: one process and one thread at a time."""
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            guard = os.open(self._path.with_name(self._path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(guard, fcntl.LOCK_EX)
                content = self._load()
                before = json.dumps(content, sort_keys=True)
                change(content)
                if json.dumps(content, sort_keys=True) != before:
                    self._save(content)
                self._content, self._wrap = content, wrap or self._wrap
            finally:
                os.close(guard)

    def _load(self) -> _Content:
        if not self._path.exists():
            return {"wrapped_by": self._wrap.name, "custodies": {}, "secrets": {}}
        if self._path.stat().st_mode & 0o077:
            raise KeyringError("keys.file", "the key file is open to others: its mode must be 0600")
        try:
            content = json.loads(self._path.read_bytes())
            if not isinstance(content["custodies"], dict) or not isinstance(content["secrets"], dict):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            raise KeyringError("keys.file", "the key file is not one of ours") from None
        if content.setdefault("wrapped_by", Plain.name) != self._wrap.name:
            raise KeyringError("keys.file", "the key file is wrapped by another root key than the settings name")
        return dict(content)

    def _save(self, content: _Content) -> None:
        new = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(content, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _entries(content: _Content) -> list[tuple[str, dict[str, str], str]]:
    found = [
        (_use(custody, kid), ring["keys"], kid)
        for custody, ring in content["custodies"].items()
        for kid in ring["keys"]
    ]
    return [*found, *((f"secret\x1f{name}", content["secrets"], name) for name in content["secrets"])]


def _use(custody: str, kid: str) -> str:
    return f"custody\x1f{custody}\x1f{kid}"


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
