"""A secret: named in the settings, never written down there."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Self

from pydantic import model_validator

from hub.errors import SettingsError
from hub.settings.section import Strict

_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_NOTHING = hashlib.sha256(b"").hexdigest()


class Secret(Strict):
    """A bearer token, named but not written down: exactly one of the three."""

    env: str | None = None
    file: Path | None = None
    sha256: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.env, self.file, self.sha256)) != 1:
            raise ValueError("name exactly one of env, file, sha256")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256 is 64 hexadecimal digits")
        if self.sha256 is not None and self.sha256.lower() == _NOTHING:
            # a request without any token has this digest too
            raise ValueError("sha256 is that of an empty token")
        return self

    def reveal(self) -> str:
        """The token, to present it. Raises SettingsError `settings.secret` when only its hash is known."""
        if self.env is not None and os.environ.get(self.env):
            return os.environ[self.env]
        if self.file is not None and self.file.is_file() and (found := self.file.read_text().strip()):
            return found
        raise SettingsError("settings.secret", "the secret named here is not there", path=self.env or "file")

    def under(self, base: Path) -> Secret:
        """The same, with its file beside the settings."""
        return self if self.file is None else self.model_copy(update={"file": base / self.file})

    def digest(self) -> bytes:
        """SHA-256 of the token, to check one that is presented."""
        if self.sha256 is not None:
            return bytes.fromhex(self.sha256)
        return hashlib.sha256(self.reveal().encode()).digest()
