"""The EHR's folder: JSON and HL7 files that a person can read, changed all or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

#: The journal is emptied past this size. Until then its lines are what survives a power cut.
JOURNAL_LIMIT = 8 * 1024 * 1024


def pretty(value: Any) -> bytes:
    """JSON as a person wants to read it in a file."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


class Store:
    """Files under one folder, written in atomic groups.

    `commit` appends the whole group to `journal.ndjson` and calls fsync once; only then are the files
    themselves written (temporary file, then rename). After a crash the journal is replayed, so a group
    is there whole or not at all, and what was committed is on the disk before anything is answered.
    Does not lock: one process per folder.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._unsynced: set[Path] = set()
        self._last = datetime.fromtimestamp(0, UTC)
        self._journal_path = directory / "journal.ndjson"
        self._replay()
        self._journal = self._journal_path.open("ab")
        self._checkpoint()
        self.stats: dict[str, int] = json.loads(self.read("stats.json") or b"{}")

    def now(self) -> datetime:
        """The time in UTC, to the millisecond, later than every time given before.

        Strictly increasing, so that a poll for `_lastUpdated=gt<last seen>` misses nothing.
        """
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = max(now, self._last + timedelta(milliseconds=1))
        return self._last

    def seen(self, stamp: str) -> None:
        """Take note of a time found in a stored file, in case the clock was set back since."""
        self._last = max(self._last, datetime.fromisoformat(stamp))

    def read(self, path: str) -> bytes | None:
        """The content of one file, or None."""
        try:
            return (self.directory / path).read_bytes()
        except FileNotFoundError:
            return None

    def each(self, pattern: str) -> Iterator[tuple[Path, Any]]:
        """Each JSON file that matches the pattern, parsed, in order of name."""
        for path in sorted(self.directory.glob(pattern)):
            yield path, json.loads(path.read_bytes())

    def commit(self, files: Mapping[str, bytes | None]) -> None:
        """Write (or with None, delete) every file of the group; durable on return.

        Raises OSError when the journal cannot be written; then nothing is committed.
        """
        group = {path: None if data is None else data.decode("latin-1") for path, data in files.items()}
        line = json.dumps(group).encode() + b"\n"
        before = self._journal.tell()
        try:
            self._journal.write(line)
            self._journal.flush()
            os.fsync(self._journal.fileno())
        except OSError:
            # half a line in the middle would hide every later one from the replay
            os.ftruncate(self._journal.fileno(), before)
            raise
        self._write(files)
        if self._journal.tell() > JOURNAL_LIMIT:
            self._checkpoint()

    def count(self, name: str) -> None:
        """Add one to a number in stats.json."""
        self.stats[name] = self.stats.get(name, 0) + 1
        self.commit({"stats.json": pretty(self.stats)})

    def log(self, line: str) -> None:
        """A line for ehr.log: numbers and states, never what a referral says.

        Not to standard error: a parent that does not read its pipe would stop the program.
        """
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        with (self.directory / "ehr.log").open("a", encoding="utf-8") as log:
            log.write(f"{stamp} {line}\n")

    def close(self) -> None:
        """Bring everything to the disk and empty the journal."""
        self._checkpoint()
        self._journal.close()

    def _write(self, files: Mapping[str, bytes | None]) -> None:
        for name, data in files.items():
            path = self.directory / name
            self._unsynced.add(path)
            if data is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(path.name + ".part")
            temporary.write_bytes(data)
            temporary.replace(path)

    def _replay(self) -> None:
        if not self._journal_path.exists():
            return
        for line in self._journal_path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break  # the write that the crash cut off; it was never acknowledged
            try:
                group = json.loads(line)
            except ValueError:
                break
            self._write({path: None if t is None else t.encode("latin-1") for path, t in group.items()})

    def _checkpoint(self) -> None:
        for path in self._unsynced:
            if path.exists():
                _fsync(path)
        for folder in {path.parent for path in self._unsynced}:
            if folder.exists():
                _fsync(folder)
        self._unsynced.clear()
        os.ftruncate(self._journal.fileno(), 0)
        os.fsync(self._journal.fileno())
        _fsync(self.directory)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
