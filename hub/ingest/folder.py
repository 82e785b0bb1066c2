"""A watched folder: a file that has stopped growing is received, then moved away.

The file's bytes are durable in the store before it is moved to `received/` beside it, so a crash in between reads
it again and the store knows it by its hash. A file that keeps growing is left until two looks find it the same.
Files larger than the limit go to `rejected/` unread. Only whole files at the top level that match the source's
pattern are looked at; names that start with a dot or end in `.part` are not.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from hub import pipeline
from hub.errors import ReceiveError, StoreError
from hub.ingest.limits import Limits
from hub.settings import SourceSection

log = structlog.get_logger("hub.ingest.folder")

Seen = dict[Path, tuple[int, int]]


async def watch(hub: pipeline.Hub, source: SourceSection, *, every: float = 0.5) -> None:
    """Looks every `every` seconds until cancelled."""
    seen: Seen = {}
    limits = Limits(hub.settings)
    while True:
        try:
            seen = await look(hub, source, seen, limits)
        except (OSError, StoreError) as error:
            log.error("folder.failed", source=source.name, error=type(error).__name__)
        await asyncio.sleep(every)


async def look(hub: pipeline.Hub, source: SourceSection, seen: Seen, limits: Limits | None = None) -> Seen:
    """One look: takes the files that are as they were in `seen`; gives what is there now and still to take.

    Over the source's rate the rest is left for a later look.
    """
    folder = source.folder
    assert folder is not None
    waiting: Seen = {}
    for path in await asyncio.to_thread(_candidates, folder, source.pattern):
        try:
            stat = path.stat()
        except OSError:
            continue
        mark = (stat.st_size, stat.st_mtime_ns)
        if seen.get(path) != mark:
            waiting[path] = mark
            continue
        if limits is not None and limits.wait(source):
            waiting[path] = mark
            continue
        if stat.st_size > (source.max_body or hub.settings.hub.max_body) or stat.st_size == 0:
            log.warning("folder.rejected", source=source.name, size=stat.st_size)
            _move(path, folder / "rejected")
            continue
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            # One that may not be read stops none of the others.
            log.warning("folder.unreadable", source=source.name, error=type(error).__name__)
            waiting[path] = mark
            continue
        try:
            await pipeline.receive(hub, source, data, media_type=_media_type(path), control_id=None)
        except ReceiveError:
            _move(path, folder / "rejected")
            continue
        _move(path, folder / "received")
    return waiting


def _candidates(folder: Path, pattern: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return sorted(
        path
        for path in folder.glob(pattern)
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".part"
    )


def _move(path: Path, into: Path) -> None:
    """Moves a file, never over another of the same name."""
    into.mkdir(exist_ok=True)
    target = into / path.name
    number = 1
    while target.exists():
        target = into / f"{path.stem}.{number}{path.suffix}"
        number += 1
    path.rename(target)


def _media_type(path: Path) -> str:
    return {".json": "application/json", ".xml": "application/xml", ".csv": "text/csv"}.get(
        path.suffix.lower(), "application/octet-stream"
    )
