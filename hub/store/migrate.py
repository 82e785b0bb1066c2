"""Bring a database's tables to this release: Alembic, forward only."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hub.errors import StoreError
from hub.store import locks
from hub.store.engine import writer_engine


def migrate(url: str, cipher: bytes | None = None) -> None:
    """Make or bring forward the tables, in one transaction: a crash leaves the old ones. Safe to call at each start,
    also by several hubs at once.

    Raises StoreError `store.schema` when the database is newer than this release, and what `engine` raises.
    """
    engine = writer_engine(url, cipher)
    try:
        with engine.begin() as connection:
            locks.hold_bare(connection, "migrate")
            found = MigrationContext.configure(connection).get_current_revision()
            known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
            if found is not None and found not in known:
                raise StoreError("store.schema", "the database was made by a later release", code="invalid")
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def revision_of(connection: Connection) -> str:
    """The revision of the tables; empty when there are none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def check_schema(connection: Connection) -> None:
    """Raises StoreError `store.schema` unless the tables are those of this release."""
    found = revision_of(connection)
    if found != ScriptDirectory.from_config(_config()).get_current_head():
        raise StoreError("store.schema", "the tables are not those of this release: migrate first", code="invalid")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
