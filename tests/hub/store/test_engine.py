"""Connections to a file that several processes open."""

from __future__ import annotations

from pathlib import Path
from threading import Timer

from pysqlite3 import dbapi2 as sqlite

from hub.store.engine import writer_engine


def test_a_new_file_that_another_process_begins_with_is_waited_for(tmp_path: Path) -> None:
    other = sqlite.connect(tmp_path / "hub.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE t (a)")
    other.execute("BEGIN IMMEDIATE")  # not in WAL yet: of this SQLite says at once that it is locked
    ends = Timer(0.2, other.execute, ["ROLLBACK"])
    ends.start()
    engine = writer_engine(f"sqlite:///{tmp_path}/hub.db")
    try:
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    finally:
        ends.join()
        engine.dispose()
        other.close()
