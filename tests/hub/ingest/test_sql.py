"""Rows of another system's table: each received once, again when it changed, durable before the mark moves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from hub import pipeline
from hub.cli import checkup
from hub.errors import ReceiveError, StoreError
from hub.ingest import sql
from hub.settings import SourceSection, SqlSection

World = Any

PACK = """pack: {id: replica, version: 1, agency: {id: riverton-pd, tz: America/Denver, posture: law-enforcement}}
source: {format: csv, columns: [event, nature, received, changed, unit], group: %s}
incident:
  event_number: {from: event}
  priority: {from: nature}
  received: {from: received, datetime: iso}
  units: {each_row: {id: {from: unit}}}
drop: {changed: when the row was written}
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The other system's database, as its owner has it open."""
    with contextlib.closing(sqlite3.connect(tmp_path / "replica.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE calls (event TEXT, nature TEXT, received TEXT, changed INTEGER, unit TEXT)")
        yield connection


def put(foreign: sqlite3.Connection, *rows: tuple[Any, ...]) -> None:
    foreign.executemany("INSERT INTO calls VALUES (?, ?, '2026-01-14T23:02:00', ?, '2A14')", rows)


@pytest.fixture
def feeding(build: Callable[..., World], tmp_path: Path, foreign: sqlite3.Connection) -> Callable[..., World]:
    """A hub with a source that reads the table."""

    def make(group: str = "event", **settings: Any) -> World:
        pack = tmp_path / "packs" / "replica"
        pack.mkdir(parents=True, exist_ok=True)
        (pack / "pack.yaml").write_text(PACK % group)
        section = {"url": f"sqlite:///{tmp_path}/replica.db", "watermark": "changed"} | settings
        if "query" not in section:
            section.setdefault("table", "calls")

        def change(document: dict[str, Any]) -> None:
            document["source"].append(
                {"name": "replica", "organization": "riverton-pd", "reads": str(pack), "sql": section}
            )

        return build(change)

    return make


async def look(world: World, seen: sql.Seen | None = None) -> int:
    source = world.hub.source("replica")
    opened = seen or sql.Seen(engine=sql.connect(source.sql))
    try:
        return await sql.look(world.hub, source, opened)
    finally:
        if seen is None:
            opened.engine.dispose()


def bodies(world: World) -> list[bytes]:
    return sorted(world.body(message.id) for message in world.messages())


async def test_each_row_is_a_message_and_comes_once(feeding: Callable[..., World], foreign: sqlite3.Connection) -> None:
    world = feeding()
    assert await look(world) == 0
    put(foreign, ("26-1", "EDP", 1), ("26-2", None, 2))
    assert await look(world) == 2
    assert bodies(world)[0] == (
        b'{"event":"26-1","nature":"EDP","received":"2026-01-14T23:02:00","changed":1,"unit":"2A14"}\n'
    )
    assert await look(world) == 0
    put(foreign, ("26-3", "A", 2), ("26-4", "A", 3))  # one more with the last value of the mark
    assert await look(world) == 2
    assert len(world.messages()) == 4
    await world.read()
    assert {message.state for message in world.messages()} == {"translated"}
    assert (world.messages()[0].custody, world.messages()[0].media_type) == ("riverton-pd", "application/x-ndjson")


async def test_a_row_that_changed_after_close_comes_again(
    feeding: Callable[..., World], foreign: sqlite3.Connection
) -> None:
    world = feeding()
    put(foreign, ("26-1", "EDP", 1), ("26-2", "A", 2))
    await look(world)
    foreign.execute("UPDATE calls SET nature = 'WELF', changed = 3 WHERE event = '26-1'")
    assert await look(world) == 1
    foreign.execute("UPDATE calls SET nature = 'EDP', changed = 4 WHERE event = '26-1'")
    assert await look(world) == 1
    assert sum(b"26-1" in body for body in bodies(world)) == 3


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
async def test_batches_of_any_size_lose_no_row(
    feeding: Callable[..., World], foreign: sqlite3.Connection, batch: int
) -> None:
    world = feeding(batch=batch)
    put(foreign, *((f"26-{n}", "A", n // 4) for n in range(10)))
    assert await look(world) == 10
    assert await look(world) == 0


async def test_rows_of_one_group_are_one_message(feeding: Callable[..., World], foreign: sqlite3.Connection) -> None:
    world = feeding()
    put(foreign, ("26-1", "EDP", 1), ("26-2", "A", 1), ("26-1", "EDP", 2))
    assert await look(world) == 2
    assert [body.count(b"\n") for body in bodies(world)] == [2, 1]
    await world.read()
    assert {message.state for message in world.messages()} == {"translated"}


async def test_the_mark_moves_after_the_rows_are_durable(
    feeding: Callable[..., World], foreign: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = feeding()
    put(foreign, ("26-1", "A", 1), ("26-2", "A", 2))
    whole = pipeline.receive

    async def failing(hub: Any, source: SourceSection, body: bytes, **rest: Any) -> Any:
        if b"26-2" in body:
            raise StoreError("store.commit", "the commit failed")
        return await whole(hub, source, body, **rest)

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "receive", failing)
        with pytest.raises(StoreError):
            await look(world)
    assert await look(world) == 1  # both are read again; one is known
    assert len(world.messages()) == 2


async def test_an_overlap_finds_what_was_committed_late(
    feeding: Callable[..., World], foreign: sqlite3.Connection
) -> None:
    world = feeding(overlap=5)
    seen = sql.Seen(engine=sql.connect(world.hub.source("replica").sql))
    put(foreign, ("26-1", "A", 10))
    assert await look(world, seen) == 1
    put(foreign, ("26-2", "A", 7), ("26-3", "A", 4))
    assert await look(world, seen) == 1
    assert await look(world, seen) == 0
    seen.engine.dispose()


async def test_rows_without_watermark_are_counted_in_the_log(
    feeding: Callable[..., World], foreign: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    world = feeding(query="SELECT event, nature, received, changed, unit FROM calls WHERE nature <> 'TEST'", table=None)
    put(foreign, ("26-1", "A", None), ("26-2", "A", 1), ("26-3", "TEST", 2))
    with sql.structlog.testing.capture_logs() as logs:
        assert await look(world) == 1
    assert logs == [{"event": "sql.without-watermark", "source": "replica", "rows": 1, "log_level": "warning"}]


async def test_nothing_is_written_to_the_other_database(
    feeding: Callable[..., World], foreign: sqlite3.Connection, tmp_path: Path
) -> None:
    world = feeding()
    engine = sql.connect(world.hub.source("replica").sql)
    with engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM calls")
    engine.dispose()
    gone = sql.connect(SqlSection(url=f"sqlite:///{tmp_path}/none.db", table="calls", watermark="changed"))
    with pytest.raises(OperationalError):
        gone.connect()
    gone.dispose()
    assert not (tmp_path / "none.db").exists()


async def test_a_database_that_is_away_is_tried_again(
    feeding: Callable[..., World], foreign: sqlite3.Connection
) -> None:
    world = feeding(every=0.01)
    foreign.execute("ALTER TABLE calls RENAME TO moved")
    watching = asyncio.create_task(sql.watch(world.hub, world.hub.source("replica")))
    with sql.structlog.testing.capture_logs() as logs:
        while not logs:
            await asyncio.sleep(0.01)
    assert logs[0] == {"event": "sql.failed", "source": "replica", "error": "OperationalError", "log_level": "error"}
    foreign.execute("ALTER TABLE moved RENAME TO calls")
    put(foreign, ("26-1", "A", 1))
    while not world.messages():
        await asyncio.sleep(0.01)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def test_an_overlap_of_a_text_cannot_be_meant(feeding: Callable[..., World], foreign: sqlite3.Connection) -> None:
    world = feeding(overlap=5, watermark="received")
    put(foreign, ("26-1", "A", 1))
    with pytest.raises(ReceiveError) as caught:
        await look(world)
    assert caught.value.issues[0].rule == "receive.overlap"


@pytest.mark.parametrize(
    "wrong",
    [
        {"table": None},
        {"query": "SELECT 1"},
        {"table": None, "query": "DELETE FROM calls"},
        {"table": None, "query": "SELECT 1; SELECT 2"},
        {"url": "postgresql://reader:hush@db/cad"},
        {"url": "no database"},
        {"password": {"sha256": "0" * 64}},
        {"watermark": ""},
    ],
)
def test_settings_that_cannot_be_meant(wrong: dict[str, Any]) -> None:
    given = {"url": "sqlite:///replica.db", "table": "calls", "watermark": "changed"} | wrong
    with pytest.raises(ValidationError) as caught:
        SqlSection(**given)
    assert "hush" not in str(caught.value.errors(include_input=False, include_url=False))


@pytest.mark.parametrize("way", [{"folder": "in"}, {"reads": "eido"}])
def test_a_source_has_one_way_in_and_a_pack(way: dict[str, Any]) -> None:
    section = {"url": "sqlite:///replica.db", "table": "calls", "watermark": "changed"}
    given = {"name": "replica", "organization": "a", "reads": "seattle-cad", "sql": section} | way
    with pytest.raises(ValidationError):
        SourceSection(**given)


@pytest.mark.parametrize(
    ("table", "watermark", "ok"), [("calls", "changed", True), ("calls", "altered", False), ("cals", "changed", False)]
)
def test_doctor_asks_the_database_for_its_columns(
    foreign: sqlite3.Connection, tmp_path: Path, table: str, watermark: str, ok: bool
) -> None:
    section = {"url": f"sqlite:///{tmp_path}/replica.db", "table": table, "watermark": watermark}
    source = SourceSection(name="replica", organization="a", reads="seattle-cad", sql=section)
    (found,) = checkup._source(source)
    assert (found.name, found.ok, bool(found.todo)) == ("source replica", ok, not ok)


def test_a_driver_that_is_not_there_is_a_finding_of_doctor() -> None:
    section = {"url": "oracle+oracledb://reader@db/cad", "table": "calls", "watermark": "changed"}
    source = SourceSection(name="replica", organization="a", reads="seattle-cad", sql=section)
    (found,) = checkup._source(source)
    assert not found.ok
    assert "ModuleNotFoundError" in found.detail


@pytest.mark.parametrize(
    ("value", "overlap", "back"),
    [
        (
            datetime.fromisoformat("2026-01-14T23:02:00.123456"),
            60.0,
            datetime.fromisoformat("2026-01-14T23:01:00.123456"),
        ),
        (datetime.fromisoformat("2026-01-14T23:02:00-07:00"), 0.0, datetime.fromisoformat("2026-01-14T23:02:00-07:00")),
        (date.fromisoformat("2026-01-14"), 0.0, date.fromisoformat("2026-01-14")),
        (Decimal("12345678901234567890.5"), 1.0, Decimal("12345678901234567889.5")),
        (7, 5.0, 2),
        (7.5, 5.0, 2.5),
        ("2026-01-14 23:02:00", 0.0, "2026-01-14 23:02:00"),
        (b"\x00\x07\xd1", 0.0, b"\x00\x07\xd1"),
    ],
)
def test_a_mark_comes_back_as_it_was(value: Any, overlap: float, back: Any) -> None:
    kept = sql._of_mark(json.loads(json.dumps(sql._as_mark(value))))
    assert (type(kept), kept) == (type(value), value)
    assert sql._back(kept, overlap) == back


def test_a_row_is_written_with_every_digit() -> None:
    row = {"n": Decimal("1.10"), "at": datetime.fromisoformat("2026-01-14T23:02:00"), "v": b"\x07", "none": None}
    assert sql._line(row) == b'{"n":"1.10","at":"2026-01-14T23:02:00","v":"07","none":null}\n'
