"""The tables: migrations make what the code says, on a safe SQLite, in a file of one's own."""

from __future__ import annotations

import io
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData, create_engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from hub.audit.tables import metadata as audit_metadata
from hub.errors import StoreError
from hub.store import KeyRing, Store, Tx, migrate
from hub.store import engine as engines
from hub.store.migrations.versions import v0001_first_tables
from hub.store.tables import Instant, metadata


def shape(tx_or_connection: Any) -> dict[str, Any]:
    """Tables, columns, keys and indexes, as SQLite itself tells them."""
    run = tx_or_connection.exec_driver_sql
    found: dict[str, Any] = {}
    for name, sql in run("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all():
        if name.startswith("sqlite_") or name == "alembic_version":
            continue
        indexes = [tuple(row)[1:] for row in run(f"PRAGMA index_list('{name}')").all()]
        found[name] = {
            "columns": sorted(tuple(row)[1:] for row in run(f"PRAGMA table_info('{name}')").all()),
            "foreign": sorted(tuple(row)[2:] for row in run(f"PRAGMA foreign_key_list('{name}')").all()),
            "unique": sorted(
                tuple(row[2] for row in run(f"PRAGMA index_info('{index[0]}')").all()) for index in indexes if index[1]
            ),
            "autoincrement": "AUTOINCREMENT" in sql,
        }
    found["indexes"] = sorted(run("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").scalars())
    return found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_migrations_make_the_tables(store: Store) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for tables in (metadata, audit_metadata):
            tables.create_all(connection)
        said = shape(connection)
    engine.dispose()
    assert store.read(lambda tx: shape(tx.connection)) == said


def test_migrations_and_tables_agree_on_postgresql() -> None:
    written = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written})
    with Operations.context(context):
        v0001_first_tables.upgrade()
    migrated = {line.strip().rstrip(",") for line in written.getvalue().splitlines()}
    for table in (*metadata.tables.values(), *audit_metadata.tables.values()):
        ddl = str(CreateTable(table).compile(dialect=postgresql.dialect()))
        columns = [line.strip().rstrip(",") for line in ddl.splitlines() if line.startswith("\t")]
        assert [line for line in columns if line not in migrated] == []
    assert "TIMESTAMP WITH TIME ZONE" in written.getvalue()


def test_migrating_again_changes_nothing(url: str, keys: KeyRing, clock: Any) -> None:
    migrate(url)
    with Store(url, keys, clock) as store:
        assert store.read(lambda tx: tx.connection.exec_driver_sql("SELECT * FROM alembic_version").all()) == [
            ("0001",)
        ]


def test_a_store_without_tables_does_not_open(tmp_path: Path, keys: KeyRing, clock: Any) -> None:
    with pytest.raises(StoreError, match=r"store\.schema"):
        Store(f"sqlite:///{tmp_path / 'empty.db'}", keys, clock)


def test_tables_of_a_later_release_are_refused(url: str, keys: KeyRing, clock: Any) -> None:
    with Store(url, keys, clock) as store:
        store.write(lambda tx: tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="later release"):
        migrate(url)
    with pytest.raises(StoreError, match=r"store\.schema"):
        Store(url, keys, clock)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_connection_is_as_durable_as_promised(store: Store, tmp_path: Path) -> None:
    def pragmas(tx: Tx) -> dict[str, Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return {name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}

    promised = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": engines.BUSY_MS}
    assert store.write(pragmas) == promised
    assert store.read(pragmas) == promised
    for file in tmp_path.glob("hub.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_an_sqlite_that_can_corrupt_wal_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysqlite3.dbapi2.sqlite_version_info", (3, 51, 2))
    with pytest.raises(StoreError, match=r"store\.sqlite-version"):
        engines.writer_engine(f"sqlite:///{tmp_path / 'old.db'}")


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_memory_is_no_database(address: str) -> None:
    with pytest.raises(StoreError, match=r"store\.url"):
        migrate(address)


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001 (hypothesis wants them so)
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_times_keep_their_microseconds(naive: datetime, minutes: int) -> None:
    time = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    kept = Instant().process_bind_param(time, sqlite.dialect())
    back = Instant().process_result_value(kept, sqlite.dialect())
    assert back == time
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_is_not_stored() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        Instant().process_bind_param(datetime(2026, 1, 1), sqlite.dialect())  # noqa: DTZ001


def test_every_table_is_named_once() -> None:
    both = MetaData()
    for table in (*metadata.tables.values(), *audit_metadata.tables.values()):
        assert table.name not in both.tables
        table.to_metadata(both)
