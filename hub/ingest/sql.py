"""A table or view of another system's database: its rows are received as they are written and changed.

Each look reads, in the order of the watermark column, the rows from the last value on; a row (of a pack that groups
rows, the rows of one group that came together) is one message, a JSON object a line. The messages are durable before
the mark moves, so a crash in between reads them again, and the store knows the same bytes. A row that changes later
comes again when the watermark is a column of updates; that is how rows that change after close are kept up with. Rows
of the last value are read again each time: others of the same value may have been written since. `overlap` reads
further back, where transactions end out of order.

The connection is read-only where the database knows that, and this only ever selects. A row whose watermark is NULL
cannot be read in order: they are counted once, in the log.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import structlog
from sqlalchemy import Engine, NullPool, bindparam, column, create_engine, make_url, select, table, text

from hub import pipeline
from hub.errors import ReceiveError
from hub.settings import SourceSection, SqlSection
from hub.store import marks
from mappings.packs import load_pack

log = structlog.get_logger("hub.ingest.sql")

#: Messages that wait for one commit together.
_TOGETHER = 50
#: More rows than this with one value of the watermark cannot be read in order.
_MOST = 1_000_000

#: A row as it is received: column -> value.
SqlRow = dict[str, Any]


@dataclass(slots=True)
class Seen:
    """A source's connection, and the digests of the rows that the next look will meet again."""

    engine: Engine
    rows: set[bytes] = field(default_factory=set)
    counted: bool = False


async def watch(hub: pipeline.Hub, source: SourceSection) -> None:
    """Looks every `sql.every` seconds until cancelled. A database that is away is tried again at the next look."""
    assert source.sql is not None
    seen: Seen | None = None
    try:
        while True:
            try:
                if seen is None:
                    seen = Seen(engine=connect(source.sql))
                await look(hub, source, seen)
            except Exception as error:  # noqa: BLE001  a stranger's database must not end the looking
                # The error's own text may hold a row.
                log.error("sql.failed", source=source.name, error=type(error).__name__)
            await asyncio.sleep(source.sql.every)
    finally:
        if seen is not None:
            seen.engine.dispose()


async def look(hub: pipeline.Hub, source: SourceSection, seen: Seen) -> int:
    """One look, to the end of what is there; how many messages were new.

    Raises SQLAlchemyError when the database cannot be read, and StoreError, ReceiveError when a row cannot be kept:
    the mark then stands where it stood.
    """
    sql = source.sql
    assert sql is not None
    name = f"sql.{source.name}"
    kept = _of_mark(await hub.store.read_async(lambda tx: marks.get(tx, name)))
    since, limit, fresh = _back(kept, sql.overlap), sql.batch, 0
    met: set[bytes] = set()
    if not seen.counted:
        missing = await asyncio.to_thread(_without_watermark, seen.engine, sql)
        seen.counted = True
        if missing:
            log.warning("sql.without-watermark", source=source.name, rows=missing)
    while True:
        rows = await asyncio.to_thread(_read, seen.engine, sql, since, limit)
        if rows:
            newest = rows[-1][sql.watermark]
            digests = [hashlib.sha256(_line(row)).digest() for row in rows]
            known = seen.rows | met
            unseen = [row for row, digest in zip(rows, digests, strict=True) if digest not in known]
            fresh += await _receive(hub, source, unseen)
            again = _back(newest, sql.overlap)
            met |= {d for row, d in zip(rows, digests, strict=True) if row[sql.watermark] >= again}
            if kept is None or newest > kept:
                kept = newest
                await hub.store.write_async(partial(marks.put, name=name, value=_as_mark(newest)))
        if len(rows) < limit:
            seen.rows = met
            return fresh
        if newest == since:
            # Nothing but one value: only a longer look gets past it.
            limit *= 2
            if limit > _MOST:
                raise ReceiveError("receive.watermark", "too many rows have one value of the watermark column")
        else:
            since, limit = newest, sql.batch


async def _receive(hub: pipeline.Hub, source: SourceSection, rows: Sequence[SqlRow]) -> int:
    """Makes the rows durable, in their order."""
    bodies = _messages(rows, source.reads)
    fresh = 0
    for at in range(0, len(bodies), _TOGETHER):
        done = await asyncio.gather(
            *(
                pipeline.receive(hub, source, body, media_type="application/x-ndjson", control_id=None)
                for body in bodies[at : at + _TOGETHER]
            )
        )
        fresh += sum(one.fresh for one in done)
    return fresh


def _messages(rows: Sequence[SqlRow], reads: str) -> list[bytes]:
    pack = load_pack(reads)
    if pack.source.group is None:
        return [_line(row) for row in rows]
    wanted = pack.source.group.strip().casefold()
    groups: dict[Any, list[bytes]] = {}
    for n, row in enumerate(rows):
        key = next((value for name, value in row.items() if name.strip().casefold() == wanted), None)
        groups.setdefault(n if key is None else str(key), []).append(_line(row))
    return [b"".join(lines) for lines in groups.values()]


def _line(row: SqlRow) -> bytes:
    return orjson.dumps(row, default=_plain, option=orjson.OPT_APPEND_NEWLINE)


def _plain(value: Any) -> str:
    """A value that JSON has no form for: numbers keep their digits, bytes are hexadecimal."""
    return value.hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)


# ── the database ──────────────────────────────────────────────────────────────────────────────────────────────────


def connect(sql: SqlSection) -> Engine:
    """An engine of the source's database that does not write. Raises SettingsError when its password is not there."""
    url = make_url(sql.url)
    if url.get_backend_name() == "sqlite":
        # `mode=ro` also makes no empty file where there is none.
        address = f"file:{quote(str(Path(url.database or '')))}?mode=ro"
        return create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False),
            hide_parameters=True,
            poolclass=NullPool,  # the looks run in whatever thread is free
        )
    if sql.password is not None:
        url = url.set(password=sql.password.reveal())
    engine = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0, pool_pre_ping=True)
    if engine.dialect.name == "postgresql":
        return engine.execution_options(postgresql_readonly=True)
    return engine


def columns(engine: Engine, sql: SqlSection) -> tuple[str, ...]:
    """The columns that the table or query has. Raises SQLAlchemyError when it cannot be read."""
    with engine.connect() as connection:
        return tuple(connection.execute(_select(sql, "*").limit(1)).keys())


def _select(sql: SqlSection, what: str) -> Any:
    if sql.query is not None:
        return select(text(what)).select_from(text(f"({sql.query}) source_rows"))
    schema, _, name = (sql.table or "").rpartition(".")
    return select(text(what)).select_from(table(name, schema=schema or None))


def _read(engine: Engine, sql: SqlSection, since: Any, limit: int) -> list[SqlRow]:
    mark: Any = column(sql.watermark)
    wanted = mark.is_not(None) if since is None else mark >= bindparam("since", since)
    with engine.connect() as connection:
        found = connection.execute(_select(sql, "*").where(wanted).order_by(mark).limit(limit))
        return [dict(row) for row in found.mappings()]


def _without_watermark(engine: Engine, sql: SqlSection) -> int:
    with engine.connect() as connection:
        counted = _select(sql, "count(*)").where(column(sql.watermark).is_(None))
        return int(connection.execute(counted).scalar_one())


# ── the mark ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _back(value: Any, overlap: float) -> Any:
    """A watermark's value some way back: seconds of a time, units of a number."""
    if value is None or not overlap:
        return value
    if isinstance(value, datetime):
        return value - timedelta(seconds=overlap)
    if isinstance(value, Decimal):
        return value - Decimal(str(overlap))
    if isinstance(value, int | float):
        return value - type(value)(overlap)
    raise ReceiveError("receive.overlap", "an overlap needs a watermark that is a time or a number")


def _as_mark(value: Any) -> dict[str, Any]:
    for kind, (cls, write, _) in _KINDS.items():
        if type(value) is cls:
            return {"kind": kind, "value": write(value)}
    raise ReceiveError("receive.watermark", "a watermark is a time, a date, a number, a text or bytes")


def _of_mark(mark: Any) -> Any:
    return None if mark is None else _KINDS[mark["kind"]][2](mark["value"])


#: A watermark's type -> its class, and its form as JSON there and back.
_KINDS: dict[str, tuple[type, Any, Any]] = {
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "date": (date, date.isoformat, date.fromisoformat),
    "decimal": (Decimal, str, Decimal),
    "integer": (int, int, int),
    "number": (float, float, float),
    "text": (str, str, str),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
}
