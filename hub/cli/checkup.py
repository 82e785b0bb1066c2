"""What the hub needs, checked one by one without changing anything."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from hub.cli.certificates import certificates, handshake
from hub.cli.finding import Finding
from hub.cli.machine import machine
from hub.errors import HubError
from hub.loop import declared
from hub.settings import DestinationSection, HubSection, Settings, SmartSection, SourceSection, SqlSection, load

_PORTS = {"http": 80, "https": 443, "mllp": 2575, "mllps": 2575}
#: Seconds to wait for a destination's TCP port.
REACH = 2.0


def checkup(config: Path) -> Iterator[Finding]:
    """Each check in turn. Nothing after the settings can be checked without them."""
    try:
        settings = load(config)
        declared.check(settings)
    except HubError as error:
        detail = "; ".join(f"{issue.path}: {issue.text}" if issue.path else issue.text for issue in error.issues)
        yield Finding(name="settings", ok=False, detail=detail, todo=f"Correct {config.name}")
        return
    yield Finding(
        name="settings", ok=True, detail=f"{len(settings.source)} sources, {len(settings.destination)} destinations"
    )
    yield _library(settings.hub)
    yield _schema(settings)
    yield _keys(settings)
    yield _module(settings)
    yield from machine(settings)
    yield _address(settings)
    yield from certificates(settings)
    for source in settings.source:
        yield from _source(source)
    for destination in settings.destination:
        yield from _destination(destination)
        if destination.smart is not None:
            yield from _client_keys(destination.id, destination.smart)


def _client_keys(destination: str, section: SmartSection) -> Iterator[Finding]:
    from hub.delivery.client_keys import ClientKey

    for path in section.keys:
        name = f"client key of {destination}"
        try:
            key = ClientKey.read(path)
        except HubError as error:
            todo = f"handoff smart new-key --out {path.name}, and give the center its public half"
            yield Finding(name=name, ok=False, detail=error.issues[0].text, todo=todo)
        else:
            yield Finding(name=name, ok=True, detail=f"{key.algorithm} {key.kid}")


def _library(section: HubSection) -> Finding:
    name = "database library"
    if not section.database.startswith("sqlite"):
        return Finding(name=name, ok=True, detail="PostgreSQL: its driver's")
    from hub.store.engine import SQLITE, sqlite_module

    try:
        module = sqlite_module(encrypted=section.sqlcipher)
    except HubError as error:
        return Finding(name=name, ok=False, detail=error.issues[0].text, todo="pip install 'warmhandoff[sqlcipher]'")
    ok = module.sqlite_version_info >= SQLITE
    return Finding(
        name=name,
        ok=ok,
        detail=f"SQLite {module.sqlite_version}",
        todo="" if ok else "Install the pysqlite3 wheel with SQLite 3.51.3 or later: earlier ones can corrupt the file",
    )


def _schema(settings: Settings) -> Finding:
    from sqlalchemy.exc import SQLAlchemyError

    from hub.store.engine import reader_engine, sqlite_file
    from hub.store.keys.opened import key_ring
    from hub.store.migrate import check_schema

    url = settings.hub.database
    file = sqlite_file(url)
    if file is not None and not file.exists():
        there = file.parent if file.parent.exists() else None
        ok = there is not None and os.access(there, os.W_OK)
        return Finding(
            name="database",
            ok=ok,
            detail="not made yet",
            todo="" if ok else "Make its folder and let the hub write there",
        )
    try:
        cipher = key_ring(settings, os.environ).database_key() if settings.hub.sqlcipher else None
        engine = reader_engine(url, cipher)
        try:
            with engine.connect() as connection:
                check_schema(connection)
        finally:
            engine.dispose()
    except HubError as error:
        return Finding(
            name="database", ok=False, detail=error.issues[0].text, todo="Start this release once: it migrates"
        )
    except SQLAlchemyError as error:
        return Finding(
            name="database", ok=False, detail=type(error).__name__, todo="See that the database can be reached"
        )
    return Finding(name="database", ok=True, detail="the tables are those of this release")


def _keys(settings: Settings) -> Finding:
    from hub.store.keys import EnvKeys
    from hub.store.keys.opened import VARIABLE, key_file, root_key

    if VARIABLE in os.environ:
        try:
            EnvKeys(os.environ, VARIABLE)
        except HubError as error:
            return Finding(name="keys", ok=False, detail=error.issues[0].text, todo=f"Set {VARIABLE} as documented")
        return Finding(name="keys", ok=True, detail=f"from {VARIABLE}")
    path = settings.hub.keys
    try:
        if not path.exists():
            root = root_key(settings.keys).name
            made = "the key file is made on the first start; then keep a copy apart"
            return Finding(name="keys", ok=True, detail=made if root == "none" else f"{made}; root key {root}")
        key_file(settings)
    except HubError as error:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        todo = f"chmod 600 {path.name}" if mode & 0o077 else "See that the root key can be used (handoff keys root)"
        return Finding(name="keys", ok=False, detail=error.issues[0].text, todo=todo)
    detail = f"mode {path.stat().st_mode & 0o777:04o}, root key {settings.keys.root}"
    return Finding(name="keys", ok=True, detail=detail)


def _module(settings: Settings) -> Finding:
    """The cryptographic module: under `fips` which one it is, else what that means for criminal justice information."""
    from hub.store.keys import fips

    name = "cryptographic module"
    if settings.hub.crypto_mode == "standard":
        text = "crypto_mode is standard: no FIPS 140-3 module (CJIS SC-13), so this hub should not hold CJI"
        return Finding(name=name, ok=True, detail=text)
    try:
        module = fips.require(settings)
    except HubError as error:
        return Finding(
            name=name, ok=False, detail=error.issues[0].text, todo="docs/operators.md, FIPS mode, says how it is built"
        )
    return Finding(name=name, ok=True, detail=f"{module.name} {module.version} in {module.library}")


def _address(settings: Settings) -> Finding:
    """Whether the hub can listen, or somebody does already: most often this hub itself."""
    section = settings.hub
    where = f"{section.bind}:{section.port}"
    family = socket.AF_INET6 if ":" in section.bind else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((section.bind, section.port))
        except OSError:
            taken = probe.connect_ex((section.bind, section.port)) == 0
            return Finding(
                name="address",
                ok=taken,
                detail=f"{where} is in use" + (", by a hub that runs or by another program" if taken else ""),
                todo="" if taken else "Choose another hub.bind or hub.port",
            )
    return Finding(name="address", ok=True, detail=f"{where} is free")


def _source(source: SourceSection) -> Iterator[Finding]:
    name = f"source {source.name}"
    if source.folder is not None:
        ok = source.folder.is_dir() and os.access(source.folder, os.R_OK | os.W_OK)
        detail = "its folder can be watched" if ok else "its folder is not there, or not ours to write in"
        yield Finding(name=name, ok=ok, detail=detail, todo="" if ok else "Make the folder, or correct source.folder")
    elif source.sql is not None:
        yield _database(name, source.sql)
    elif source.token is not None:
        try:
            source.token.digest()
        except HubError as error:
            yield Finding(name=name, ok=False, detail=error.issues[0].text, todo="Set its token")
        else:
            yield Finding(name=name, ok=True, detail="has its token")
    if source.client_jwt is not None and source.client_jwt.jwks is not None:
        yield _signer(f"client of {source.name}", source.client_jwt.jwks)


def _signer(name: str, path: Path) -> Finding:
    """Whether the file of a client's public keys holds any."""
    from hub.loop.client_jwts import read_key_set

    try:
        ok = bool(read_key_set(path))
        detail = "its public keys are there" if ok else "the file of its public keys is empty"
    except HubError as error:
        ok, detail = False, error.issues[0].text
    return Finding(name=name, ok=ok, detail=detail, todo="" if ok else f"Put the client's JWK Set into {path.name}")


def _database(name: str, sql: SqlSection) -> Finding:
    """Whether the source's database answers and has the watermark column."""
    from sqlalchemy.exc import SQLAlchemyError

    from hub.ingest.sql import columns, connect

    todo = "Correct source.sql: the url, the password, the table or query"
    try:
        engine = connect(sql)
        try:
            found = columns(engine, sql)
        finally:
            engine.dispose()
    except HubError as error:
        return Finding(name=name, ok=False, detail=error.issues[0].text, todo="Set its password")
    except (SQLAlchemyError, ImportError, OSError) as error:
        # The error's own text may hold an address or a row.
        return Finding(name=name, ok=False, detail=f"its database cannot be read ({type(error).__name__})", todo=todo)
    ok = sql.watermark in found
    detail = "its database can be read" if ok else "its table has no such watermark column"
    return Finding(name=name, ok=ok, detail=detail, todo="" if ok else "Correct source.sql.watermark")


def _destination(destination: DestinationSection) -> Iterator[Finding]:
    name = f"destination {destination.id}"
    for what, secret, needed in (
        ("token", destination.token, "reveal"),
        ("answer token", destination.answer_token, "digest"),
    ):
        if secret is not None:
            try:
                getattr(secret, needed)()
            except HubError as error:
                yield Finding(name=name, ok=False, detail=f"{what}: {error.issues[0].text}", todo=f"Set its {what}")
    parts = urlsplit(destination.url)
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        port = None
    if parts.hostname is None or port is None:
        yield Finding(name=name, ok=False, detail="its URL names no host and port", todo="Correct destination.url")
        return
    try:
        socket.create_connection((parts.hostname, port), timeout=REACH).close()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else type(error).__name__
        yield Finding(
            name=name,
            ok=False,
            detail=f"cannot be reached by TCP ({why})",
            todo="See that it runs, and that nothing between here and there refuses the connection",
        )
    else:
        yield Finding(name=name, ok=True, detail="can be reached by TCP")
        if parts.scheme == "mllps":
            yield handshake(destination, seconds=REACH)
