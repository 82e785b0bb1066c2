"""Engines: how this store connects to SQLite and PostgreSQL.

SQLite is the fixed build of the `pysqlite3` wheel, in WAL with synchronous=FULL: a commit is on the disk when it
returns. PostgreSQL is reached through psycopg, and its commits wait for the disk too, whatever the server's default.
Statement parameters never appear in an error (`hide_parameters`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url

from hub.errors import StoreError

#: First release without the WAL-reset corruption bug (sqlite.org, 3.7.0 to 3.51.2).
SQLITE = (3, 51, 3)
#: How long a statement waits for another process's write, in milliseconds.
BUSY_MS = 10_000
#: Pages (4 kB) of the WAL after which it is written into the file. SQLite's own 1000 are reached after some ten commits
#: of fifty inputs; by 4000 an index's pages have changed several times each, and are written once.
CHECKPOINT = 4000
#: Connections that read at the same time.
READERS = 8
#: First PostgreSQL that is tested and has what is used; as its driver numbers it.
POSTGRESQL = 150_000
#: Statements that a session keeps prepared.
PREPARED = 400
#: How long a connection to PostgreSQL may take, in seconds.
CONNECT_S = 10


def writer_engine(url: str, cipher: bytes | None = None) -> Engine:
    """An engine whose transactions hold the write lock from their first statement.

    `cipher`: the 32 bytes under which SQLCipher keeps the file; not for PostgreSQL.

    Raises StoreError `store.sqlite-version`, `store.sqlcipher`, `store.url`; when it first connects,
    `store.postgresql-version`, and `store.sqlcipher` when the file does not open under its key.
    """
    engine = _engine(url, cipher, pool_size=1)
    if engine.dialect.name == "sqlite":
        # deferred transactions would fail half way when another process writes first
        event.listen(engine, "begin", _begin_immediate)
    return engine


def reader_engine(url: str, cipher: bytes | None = None) -> Engine:
    """An engine that cannot write; each transaction is one snapshot. `cipher` as for the writer."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = _engine(url, cipher, pool_size=READERS)
        event.listen(engine, "connect", _query_only)
        event.listen(engine, "begin", _begin)
        return engine
    return _engine(url, cipher, pool_size=READERS, begin="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def sqlite_file(url: str) -> Path | None:
    """The database file of an SQLite URL; None for PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def began(connection: Connection) -> datetime:
    """The time of PostgreSQL's clock when this connection's transaction began."""
    moment: datetime = connection.info["began"]
    return moment


def _engine(url: str, cipher: bytes | None, *, pool_size: int, begin: str = "BEGIN") -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        if cipher is not None:
            raise StoreError("store.url", "SQLCipher is for an SQLite file", code="invalid")
        return _postgresql(parsed, pool_size, begin)
    if parsed.get_backend_name() != "sqlite":
        raise StoreError("store.url", "the database must be SQLite or PostgreSQL", code="invalid")
    if parsed.database in (None, "", ":memory:"):
        raise StoreError("store.url", "the database must be a file", code="invalid")
    module = sqlite_module(encrypted=cipher is not None)
    if module.sqlite_version_info < SQLITE:
        raise StoreError(
            "store.sqlite-version", "this SQLite can corrupt a WAL database: 3.51.3 or later is needed", code="security"
        )
    file = Path(parsed.database or "")
    file.parent.mkdir(parents=True, exist_ok=True)
    # sealed or not, the file is nobody else's business; -wal and -shm take its mode
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(
        parsed,
        module=module,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"isolation_level": None, "check_same_thread": False},
    )
    if cipher is not None:
        event.listen(engine, "connect", _keyed(cipher))
    event.listen(engine, "connect", _pragmas)
    return engine


def sqlite_module(*, encrypted: bool) -> Any:
    """The driver of SQLite files; of those that SQLCipher encrypts. Raises StoreError `store.sqlcipher`."""
    if not encrypted:
        import pysqlite3.dbapi2 as plain

        return plain
    try:
        import sqlcipher3.dbapi2 as ciphered
    except ImportError:
        raise StoreError(
            "store.sqlcipher", "an encrypted database file needs the extra warmhandoff[sqlcipher]", code="not-supported"
        ) from None
    return ciphered


def _keyed(cipher: bytes) -> Callable[[Any, Any], None]:
    """Gives each connection the file's key before anything else, and finds out whether it opens the file."""

    def key(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        # a raw key (32 bytes as hexadecimal digits): no passphrase to stretch
        try:
            cursor.execute(f"PRAGMA key = \"x'{cipher.hex()}'\"")
            cursor.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except Exception:  # noqa: BLE001 - the driver's own class, which says no more
            connection.close()
            raise StoreError(
                "store.sqlcipher", "the database file does not open under its key", code="security"
            ) from None
        cursor.close()

    return key


def _postgresql(url: URL, pool_size: int, begin: str) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,  # a session that was used just now has its statements prepared
        # transactions are begun by `_began`, not by the driver
        connect_args={"autocommit": True}
        | ({"connect_timeout": CONNECT_S} if "connect_timeout" not in url.query else {}),
    )
    event.listen(engine, "connect", _durable)
    event.listen(engine, "begin", _began(begin, pool_size))
    return engine


def _began(begin: str, pool_size: int) -> Callable[[Connection], None]:
    """Begins a transaction and asks for the time, both in one way to the server and back.

    A server that was restarted costs a caller nothing: that its session is gone shows here, where nothing has been
    done yet, and the next of the pool is taken, or a new one.
    """
    # now() is frozen at the start of a transaction's first statement; leases need the time as it is
    statement = f"{begin}; SELECT clock_timestamp()"

    def run(connection: Connection) -> None:
        for left in range(pool_size, -1, -1):
            driver: Any = connection.connection.dbapi_connection
            try:
                cursor = driver.execute(statement)
                cursor.nextset()
                connection.info["began"] = cursor.fetchone()[0].astimezone(UTC)
            except Exception as error:  # the driver's own, whichever
                if not driver.closed or not left:
                    raise
                connection.invalidate(error)
            else:
                return

    return run


def _durable(connection: Any, record: Any) -> None:
    from psycopg import Pipeline

    if not Pipeline.is_supported():  # a libpq before 14, which the system may have brought
        connection.close()
        raise StoreError("store.postgresql-version", "libpq 14 or later is needed", code="not-supported")
    if connection.info.server_version < POSTGRESQL:
        connection.close()
        raise StoreError("store.postgresql-version", "PostgreSQL 15 or later is needed", code="not-supported")
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    # all that a hub says again and again, so that none is planned anew (the driver's own limit is 100)
    connection.prepared_max = PREPARED


def _pragmas(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    _into_wal(cursor)
    for pragma in (
        "synchronous=FULL",
        f"wal_autocheckpoint={CHECKPOINT}",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _into_wal(cursor: Any) -> None:
    """Processes that open a new file at the same time find it locked here, and SQLite does not wait at this statement
    as it does at others."""
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except Exception as error:
            if getattr(error, "sqlite_errorname", None) != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _query_only(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
