"""What a worker process made, left in a file for the parent: megabytes that a pipe would copy four times over.

The file is in the output's own folder, for its owner's eyes, and is gone as soon as the parent has opened it. What a
kill leaves is removed when the run is taken up.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from mappings.bulk import Done

FOLDER = ".spool"


def prepared(own: Path) -> Path | None:
    """The folder of spool files, empty; None where the system does not let go of a file that is open (Windows)."""
    if os.name == "nt":
        return None
    folder = own / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for one in folder.iterdir():
        one.unlink()
    return folder


def removed(folder: Path | None) -> None:
    """Takes the folder away again."""
    if folder is not None:
        for one in folder.iterdir():
            one.unlink()
        folder.rmdir()


def left(done: Done, folder: Path) -> Done:
    """`done` with its lines in a file: instead of them their number and size."""
    if not done.lines:
        return done
    file = os.open(_path(done, folder), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for _, data in done.lines.values():
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
    finally:
        os.close(file)
    return replace(done, lines={kind: (count, len(data)) for kind, (count, data) in done.lines.items()})  # type: ignore[misc]


def fetched(done: Done, folder: Path) -> Done:
    """`done` with its lines again, as views of the file, whose name is gone."""
    if not done.lines:
        return done
    path = _path(done, folder)
    with path.open("rb") as file:
        flags: int = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
        whole = memoryview(mmap.mmap(file.fileno(), 0, flags=flags, prot=mmap.PROT_READ))
    path.unlink()
    lines: dict[str, tuple[int, Any]] = {}
    at = 0
    for kind, (count, size) in done.lines.items():
        length: Any = size
        lines[kind] = (count, whole[at : at + length])
        at += length
    return replace(done, lines=lines)


def _path(done: Done, folder: Path) -> Path:
    return folder / f"{done.input}-{done.number}"
