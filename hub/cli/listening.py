"""A test partner for HL7 v2: keeps what it gets in a folder and acknowledges it. For `handoff hl7v2 listen`."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.errors import HubError
from hub.ingest.mllp import Limits, PeerInfo, serve
from hub.settings import MllpSection
from hub.tls import server_context
from mappings.errors import ReadError
from mappings.hl7v2.acknowledgement import Outcome, acknowledge, code_for, refuse
from mappings.hl7v2.codec import header, parse


class Listener:
    """What it got is in `folder`, a file each: `00001.hl7`, in the order of their arrival. It remembers nothing of an
    earlier run, and takes the same message as often as it comes."""

    def __init__(
        self,
        *,
        folder: Path,
        outcome: Outcome,
        subjects: frozenset[str],
        tell: Callable[[dict[str, Any]], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._outcome = outcome
        self._subjects = subjects
        self._tell = tell
        self._now = now
        self._taken = 0
        self._next = 1 + max((int(p.stem) for p in folder.glob("*.hl7") if p.stem.isdigit()), default=0)
        self._enough: asyncio.Event | None = None
        self._count: int | None = None

    async def run(self, host: str, port: int, section: MllpSection, *, count: int | None = None) -> None:
        """Listens until `count` messages are taken, or for ever. Raises SettingsError, OSError."""
        self._enough, self._count = asyncio.Event(), count
        server = await serve(
            host,
            port,
            self._receive,
            tls=server_context(section, lambda why: self._tell({"tls": "refused", "why": why})),
            limits=Limits(max_bytes=section.max_message, idle=section.idle, frame=section.frame),
            quarantine=self._quarantine,
            now=self._now,
        )
        self._tell({"listening": f"{host}:{server.port}"})
        try:
            await self._enough.wait()
        finally:
            await server.close()

    async def _receive(self, data: bytes, peer: PeerInfo) -> tuple[bytes, ...]:
        number = hashlib.sha256(data).hexdigest()[:20]
        if self._subjects and peer.subject not in self._subjects:
            self._tell({"refused": "its certificate", "bytes": len(data)})
            answer = self._answer(data, "reject", number, "103")
        else:
            try:
                message = parse(data)
            except ReadError as error:
                name = await self._keep(data, "refused")
                self._tell({"file": name, "refused": error.rule})
                made = refuse(data, error, control_id=number, now=self._now())
                answer = () if made is None else (made,)
            else:
                name = await self._keep(data, "hl7")
                answer = self._answer(data, self._outcome, number, None if self._outcome == "accept" else "207")
                self._tell({"file": name, "type": message.type, "control_id": message.control_id})
        self._taken += 1
        if self._count is not None and self._taken >= self._count and self._enough is not None:
            self._enough.set()
        return answer

    async def _quarantine(self, data: bytes, peer: PeerInfo, rule: str) -> None:
        self._tell({"file": await self._keep(data, "broken"), "refused": rule})

    def _answer(self, data: bytes, outcome: Outcome, number: str, error: str | None) -> tuple[bytes, ...]:
        message = header(data)
        code = code_for(message, outcome)
        return (acknowledge(message, code, control_id=number, now=self._now(), error=error),) if code else ()

    async def _keep(self, data: bytes, suffix: str) -> str:
        """The file's name, once it is on the disk. Raises HubError when it cannot be written: then nothing is
        acknowledged as taken."""
        path = self._folder / f"{self._next:05}.{suffix}"
        self._next += 1
        try:
            await asyncio.to_thread(_durable, path, data)
        except OSError:
            raise HubError("receive.folder", "the message cannot be written", path="--keep") from None
        return path.name


def _durable(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
