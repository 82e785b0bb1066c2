"""Backups of the whole database, made while the hub works, and put back only when they are whole.

A backup is two files: the copy and its manifest, which says what it is of and is signed by the key ring. The keys are
not in it: without the key file a backup opens nothing, and with it everything. SQLite is copied page by page by its
own backup interface; PostgreSQL by `pg_dump` and `pg_restore`, which must be on the PATH.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, Connection, Engine, inspect, make_url, select, text

from hub.errors import StoreError
from hub.store.engine import reader_engine, sqlite_file, sqlite_module, writer_engine
from hub.store.keys import KeyRing
from hub.store.migrate import check_schema, revision_of
from hub.store.tables import sealed

_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """What one backup is of. `file` stands beside the manifest; `keys` are those that its documents are under."""

    file: str
    database: str
    made_at: datetime
    release: str
    schema: str
    size: int
    sha256: str
    keys: dict[str, list[str]]

    def signed(self) -> bytes:
        """The bytes that the manifest's signature is of."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def make(url: str, folder: Path, ring: KeyRing, *, at: datetime, cipher: bytes | None = None) -> tuple[Path, Backup]:
    """Copy the database into `folder` (mode 0700), beside a hub that writes; the manifest's path and what it says.

    The copy is one consistent state, from the time at which it ends. It is read again before the manifest is written:
    a copy without a manifest is no backup. Raises StoreError `store.backup`.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = sqlite_file(url)
    stem = f"hub-{at:%Y%m%dT%H%M%SZ}"
    copy = folder / (f"{stem}.db" if file else f"{stem}.pgdump")
    if copy.exists():
        raise StoreError("store.backup", "there is a backup of this second already", code="conflict")
    os.close(os.open(copy, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    if file is not None:
        _copy_sqlite(file, copy, cipher)
        keys, schema = _of_sqlite(copy, cipher)
    else:
        _run("pg_dump", make_url(url), "--format=custom", "--no-owner", "--no-privileges", f"--file={copy}")
        keys, schema = _of(reader_engine(url))
    size, digest = _digest(copy)
    made = Backup(
        file=copy.name,
        database="sqlite" if file else "postgresql",
        made_at=at,
        release=version("warmhandoff"),
        schema=schema,
        size=size,
        sha256=digest,
        keys=keys,
    )
    key = ring.signing_key()
    manifest = orjson.loads(made.signed()) | {"kid": key.kid, "signature": key.sign(made.signed()).hex()}
    path = folder / f"{stem}.json"
    _write(path, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return path, made


def verify(path: Path, ring: KeyRing) -> Backup:
    """What a manifest says, once it is known to be this ring's and its copy is whole.

    Raises StoreError `store.backup`: not one of ours, signed by another ring, changed or cut; KeyringError
    `keys.unknown` when a key that the copy's documents are under is not in the ring.
    """
    try:
        manifest = orjson.loads(path.read_bytes())
        signature = bytes.fromhex(manifest.pop("signature"))
        kid = manifest.pop("kid")
        made = Backup(**(manifest | {"made_at": datetime.fromisoformat(manifest["made_at"])}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StoreError("store.backup", "this is not a backup's manifest", code="invalid") from None
    key = ring.signing_key()
    if kid != key.kid or not key.holds(signature, made.signed()):
        raise StoreError("store.backup", "the manifest is not signed by this key ring", code="security")
    copy = path.parent / Path(made.file).name
    if not copy.is_file() or _digest(copy) != (made.size, made.sha256):
        raise StoreError("store.backup", "the copy is not the one of the manifest", code="security")
    for custody, kids in made.keys.items():
        for one in kids:
            ring.has(custody, one)
    return made


def restore(path: Path, url: str, ring: KeyRing, *, cipher: bytes | None = None) -> Backup:
    """Put a backup where there is no database yet, once `verify` holds; the caller migrates and opens it.

    Raises as `verify`, and StoreError `store.backup` when there is a database: it is never written over.
    """
    made = verify(path, ring)
    file = sqlite_file(url)
    if (made.database == "sqlite") != (file is not None):
        raise StoreError("store.backup", "the backup is of the other kind of database", code="invalid")
    copy = path.parent / Path(made.file).name
    if file is None:
        engine = writer_engine(url)
        try:
            with engine.connect() as connection:
                there = inspect(connection).get_table_names()
        finally:
            engine.dispose()
        if there:
            raise StoreError("store.backup", "the database has tables: restore into an empty one", code="conflict")
        arguments = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(copy))
        _run("pg_restore", make_url(url), *arguments)
        return made
    if any(Path(f"{file}{end}").exists() for end in ("", "-wal", "-shm")):
        raise StoreError("store.backup", "there is a database: move it away first", code="conflict")
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(file.name + ".restoring")
    os.close(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    shutil.copyfile(copy, new)
    with new.open("rb") as data:
        os.fsync(data.fileno())
    new.replace(file)
    return made


def _copy_sqlite(file: Path, copy: Path, cipher: bytes | None) -> None:
    module = sqlite_module(encrypted=cipher is not None)
    connections: list[Any] = []
    try:
        for one in (file, copy):
            connections.append(module.connect(str(one)))
            if cipher is not None:
                connections[-1].execute(f"PRAGMA key = \"x'{cipher.hex()}'\"")
        # in one step: in WAL a reader stops no writer, and a copy in steps begins again at each write
        connections[0].backup(connections[1])
    except module.Error as error:
        raise StoreError("store.backup", f"the copy could not be made: {type(error).__name__}") from None
    finally:
        for each in connections:
            each.close()


def _of_sqlite(copy: Path, cipher: bytes | None) -> tuple[dict[str, list[str]], str]:
    def whole(connection: Connection) -> None:
        if connection.exec_driver_sql("PRAGMA quick_check").scalar_one() != "ok":
            raise StoreError("store.backup", "the copy is damaged", code="exception")

    found = _of(reader_engine(f"sqlite:///{copy}", cipher), whole)
    for end in ("-wal", "-shm"):
        copy.with_name(copy.name + end).unlink(missing_ok=True)
    return found


def _of(engine: Engine, whole: Callable[[Connection], None] | None = None) -> tuple[dict[str, list[str]], str]:
    """Which keys the documents are under, and the schema's revision."""
    try:
        with engine.connect() as connection:
            if whole is not None:
                whole(connection)
            check_schema(connection)
            keys: dict[str, list[str]] = {}
            for custody, kid in connection.execute(select(sealed.c.custody, sealed.c.kid).distinct()):
                keys.setdefault(custody, []).append(kid)
            return {custody: sorted(kids) for custody, kids in sorted(keys.items())}, revision_of(connection)
    finally:
        engine.dispose()


def _run(program: str, url: URL, *arguments: str) -> None:
    """PostgreSQL's own program. The password goes by the environment, where no process list shows it."""
    found = shutil.which(program)
    if found is None:
        raise StoreError("store.backup", f"{program} is not on the PATH", code="not-supported")
    environ: Mapping[str, str] = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    where = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 - a fixed program with our own arguments, no shell
        [found, f"--dbname={where}", *arguments], env=environ, capture_output=True, check=False
    )
    if done.returncode != 0:
        # its own words may repeat rows; its log is where an operator looks
        raise StoreError("store.backup", f"{program} ended with {done.returncode}")


def _digest(file: Path) -> tuple[int, str]:
    state, size = hashlib.sha256(), 0
    with file.open("rb") as data:
        while piece := data.read(_PIECE):
            state.update(piece)
            size += len(piece)
    return size, state.hexdigest()


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def opens(connection: Connection, ring: KeyRing) -> int:
    """How many custodies there are, after the newest document of each has been opened: the drill's last proof.

    Raises KeyringError when one does not open.
    """
    from hub.store import crypto

    newest = text(
        "SELECT noun, noun_id, part, custody, label, blob FROM sealed s WHERE noun_id = "
        "(SELECT max(noun_id) FROM sealed o WHERE o.custody = s.custody)"
    )
    seen = set()
    for row in connection.execute(newest):
        aad = crypto.associated(row.noun, str(row.noun_id), row.part, row.custody, row.label)
        ring.unseal(row.custody, bytes(row.blob), aad)
        seen.add(row.custody)
    return len(seen)
