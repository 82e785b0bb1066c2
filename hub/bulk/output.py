"""The folder that a bulk translation writes: NDJSON by resource type, a manifest, and a journal to continue from.

A checkpoint puts what was written on the disk, then says so in the journal: how much of each file counts. After a kill
each file is cut to what the last checkpoint says, and the rest is made again: the same bytes as without the kill.
Files are for their owner's eyes (mode 600), the folder too when it is made here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import orjson

from hub.errors import HubError
from mappings.bulk import Done, Tally
from mappings.bulk.work import SHARED

Json = dict[str, Any]

JOURNAL = "journal.ndjson"
MANIFEST = "manifest.json"
REJECTED = "rejected.ndjson"
ERRORS = "errors.ndjson"
ACCOUNT = "account.json"
#: What stays with whoever made the release, beside the files of a release.
CUSTODY = "custody"


@dataclass(kw_only=True, slots=True)
class State:
    """How far a run is. `input` and `chunk` are the next to be made."""

    input: int = 0
    chunk: int = 0
    rows: int = 0
    translated: int = 0
    rejected: int = 0
    tally: Tally = field(default_factory=Tally)

    def to_json(self) -> Json:
        """The state as the journal has it."""
        names = ("input", "chunk", "rows", "translated", "rejected")
        return {name: getattr(self, name) for name in names} | {"tally": self.tally.to_json()}

    @classmethod
    def from_json(cls, made: Json) -> State:
        """A state that `to_json` wrote."""
        return cls(
            **{**{name: made[name] for name in made if name != "tally"}, "tally": Tally.from_json(made["tally"])}
        )


class Output:
    """A folder being written. `release`: the folder is for the recipient, and the caller's own files go below it.

    Raises HubError `bulk.other-run` for a folder with something else in it, `bulk.in-use` for one that another run
    is writing.
    """

    def __init__(self, folder: Path, *, release: bool = False) -> None:
        self.folder = folder
        self.own = folder / CUSTODY if release else folder
        self.state = State()
        self.done: Json | None = None
        self._files: dict[Path, IO[bytes]] = {}
        self._counts: dict[str, int] = {}
        self._seen: dict[str, set[bytes]] = {}
        self._journal: IO[bytes] | None = None

    # ── begin ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, header: Json, *, keeps: Iterable[str] = ()) -> Json:
        """Takes the folder: a new run, or one with the same header that was stopped. The header that counts.

        `keeps`: members that only a new run takes from `header`; a stopped one keeps its own.
        """
        for one in dict.fromkeys((self.folder, self.own)):
            one.mkdir(parents=True, exist_ok=True, mode=0o700)
        there = [one for one in self.folder.iterdir() if one != self.own]
        path = self.own / JOURNAL
        if not path.exists() and there:
            raise _other("the folder is not empty and holds no bulk translation")
        self._journal = journal = _opened(path)
        _lock(journal)
        lines = journal.read().split(b"\n")
        journal.seek(0)
        whole = [line for line in lines[:-1] if line]
        if not whole:
            # Killed before its first line was whole: nothing else had been written.
            journal.truncate(0)
            self._say(header)
            return header
        began = _json(whole[0])
        if began is None or {k: v for k, v in began.items() if k not in keeps} != {
            k: v for k, v in header.items() if k not in keeps
        }:
            raise _other("the folder holds another bulk translation: other inputs, pack, options or release")
        last = _json(whole[-1]) if len(whole) > 1 else None
        journal.truncate(sum(len(line) + 1 for line in whole))
        journal.seek(0, os.SEEK_END)
        self._take_up(last)
        return began

    def _take_up(self, last: Json | None) -> None:
        """Cuts each file to what the last checkpoint says, and drops what it does not know."""
        files: dict[str, list[int]] = {}
        if last is not None:
            files, self.state = last["files"], State.from_json(last["state"])
            self.done = last.get("summary")
        if self.done is not None:
            return
        for path in {*self.folder.glob("*.ndjson"), *self.own.glob("*.ndjson")}:
            name = path.relative_to(self.folder).as_posix()
            if path.name != JOURNAL and name not in files:
                path.unlink()
        for name, (size, count) in files.items():
            path = self.folder / name
            if not path.exists() or path.stat().st_size < size:
                raise _other("a file that the journal speaks of is gone or shorter")
            file = self._file(path)
            file.truncate(size)
            self._counts[name] = count
            kind = path.stem
            if path.parent == self.folder and kind in SHARED:
                with path.open("rb") as lines:
                    self._seen[kind] = {_digest(line.rstrip(b"\n")) for line in lines}
            file.seek(0, os.SEEK_END)

    # ── write ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, done: Done) -> None:
        """The lines of one chunk; resources that many records share only once."""
        for kind, (count, data) in done.lines.items():
            self._append(self.folder / f"{kind}.ndjson", data, count)
        for kind, found in done.shared.items():
            seen = self._seen.setdefault(kind, set())
            new = [line for digest, line in found.items() if digest not in seen]
            if new:
                seen.update(found)
                self._append(self.folder / f"{kind}.ndjson", b"\n".join(new) + b"\n", len(new))
        if done.rejected:
            self._append(self.own / REJECTED, b"\n".join(done.rejected) + b"\n", len(done.rejected))
            self._append(self.own / ERRORS, b"\n".join(done.errors) + b"\n", len(done.errors))
        state = self.state
        state.input, state.chunk = done.input, done.number + 1
        state.rows += done.rows
        state.translated += done.translated
        state.rejected += len(done.rejected)
        state.tally.add(done.tally)

    def checkpoint(self) -> None:
        """Everything written so far is on the disk, and the journal says so."""
        for file in self._files.values():
            os.fsync(file.fileno())
        _sync_folder(self.folder)
        self._say(self._known())

    def finish(self, manifest: Json, *, errors_told: bool) -> Json:
        """Writes the account and the manifest, in that order; the manifest says that the run is complete."""
        self.checkpoint()
        rejected = self._counts.get(self._name(self.own / ERRORS), 0)
        whole = {
            **manifest,
            "output": [
                {"type": path.stem, "url": manifest["base"] + path.name, "count": self._counts[self._name(path)]}
                for path in sorted(self._files)
                if path.parent == self.folder and path.name not in (REJECTED, ERRORS)
            ],
            "error": [
                {"type": "OperationOutcome", "url": manifest["base"] + ERRORS, "count": rejected}
                for _ in range(1)
                if rejected and errors_told
            ],
        }
        del whole["base"]
        state = self.state
        summary = {"rows": state.rows, "translated": state.translated, "rejected": state.rejected}
        _replace(self.own / ACCOUNT, {**summary, **state.tally.to_json()})
        _replace(self.folder / MANIFEST, whole)
        self.done = {**summary, "issues": state.tally.found, "resources": sum(o["count"] for o in whole["output"])}
        self._shorten()
        return whole

    def close(self) -> None:
        """Lets go of the folder."""
        for file in (*self._files.values(), *(() if self._journal is None else (self._journal,))):
            file.close()

    # ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _append(self, path: Path, data: bytes, count: int) -> None:
        file, view = self._file(path), memoryview(data)
        while view:
            view = view[file.write(view) :]
        name = self._name(path)
        self._counts[name] = self._counts.get(name, 0) + count

    def _file(self, path: Path) -> IO[bytes]:
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = _opened(path)
        return file

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _known(self) -> Json:
        files = {self._name(path): [file.tell(), self._counts[self._name(path)]] for path, file in self._files.items()}
        return {"files": files, "state": self.state.to_json()}

    def _say(self, line: Json) -> None:
        assert self._journal is not None
        self._journal.write(orjson.dumps(line) + b"\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def _shorten(self) -> None:
        """Of a complete run the journal keeps its first line and its last: the same, however often it was stopped."""
        assert self._journal is not None
        self._journal.seek(0)
        first = self._journal.readline()
        last = orjson.dumps({**self._known(), "summary": self.done}, option=orjson.OPT_SORT_KEYS) + b"\n"
        path = self.own / JOURNAL
        beside = path.with_suffix(".part")
        with _opened(beside) as file:
            file.truncate(0)
            file.write(first + last)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(self.own)


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)


def _json(line: bytes) -> Json | None:
    try:
        made = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return made if isinstance(made, dict) else None


def _digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=16).digest()


def _replace(path: Path, made: Json) -> None:
    beside = path.with_suffix(".part")
    with _opened(beside) as file:
        file.truncate(0)
        file.write(orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Windows has no such thing, and needs none.
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _lock(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows keeps a file to whoever opened it for writing
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise HubError("bulk.in-use", "another run is writing this folder", code="conflict") from None


def _other(text: str) -> HubError:
    return HubError("bulk.other-run", f"{text}; give another --out", code="conflict")
