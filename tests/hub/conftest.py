"""A store, or a whole hub of the demo's settings on one, with a clock that stands and everything below it real."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import tomllib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from string import Template
from typing import Any

import httpx2
import orjson
import pytest
from pysqlite3 import dbapi2
from sqlalchemy import URL
from starlette.applications import Starlette

from benchmarks.postgresql import administer, running, url_of
from hub import pipeline
from hub.api import answers as edge
from hub.api import health, outcomes
from hub.delivery.transport import Transport
from hub.delivery.ways import Ways
from hub.ingest import http
from hub.loop.context import Hub
from hub.settings import Settings, parse
from hub.store import (
    FileKeys,
    KeyRing,
    Store,
    alarms,
    answers,
    deliveries,
    disclosures,
    documents,
    holds,
    messages,
    migrate,
    referrals,
    traces,
)

SAMPLES = Path(__file__).parents[2] / "samples"
SOURCES = ("riverton-cad", "lakemont-cad", "cedar-app", "sunrise-app")
LAKESHORE = "http://127.0.0.1:8101/fhir"
SUNRISE = "http://127.0.0.1:8103/fhir"

Document = dict[str, Any]


class Time:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def demo_settings(**ports: int) -> Document:
    """The demo's settings as a document, with ports and hashes filled in."""
    names: dict[str, Any] = {
        "HUB_PORT": 0,
        "HUB_MLLP": 0,
        "LAKESHORE_HTTP": 8101,
        "NORTHFORK_MLLP": 8102,
        "SUNRISE_HTTP": 8103,
    } | ports
    for name in (*SOURCES, "lakeshore-answers"):
        names[name.upper().replace("-", "_")] = hashlib.sha256(token(name).encode()).hexdigest()
    document = tomllib.loads(Template((SAMPLES / "demo/hub.toml").read_text()).safe_substitute(names))
    for destination in document["destination"]:
        destination.pop("revocation", None)  # the default, a letter, unless a test says otherwise
    return document


def token(name: str) -> str:
    """The token of a source or destination in these tests."""
    return f"token-of-{name}"


@dataclass(kw_only=True)
class World:
    """One hub with its clock, and short ways to do and to look."""

    hub: Hub
    time: Time
    folder: Path
    document: Document

    @property
    def store(self) -> Store:
        return self.hub.store

    def sample(self, path: str, name: str = "input.json") -> bytes:
        return (SAMPLES / path / name).read_bytes()

    def form(self, case: str) -> Document:
        """A contact form of the samples, to change."""
        return dict(orjson.loads(self.sample(f"incident/{case}")))

    async def post(self, source: str, body: bytes | Document, key: str | None = None) -> pipeline.Received:
        section = self.hub.source(source)
        assert section is not None
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return await pipeline.receive(self.hub, section, data, media_type="application/json", control_id=key)

    async def read(self) -> None:
        """Reads what waits, to the end."""
        while await pipeline.read_waiting(self.hub, "tests", 20):
            pass

    async def deliver(self) -> None:
        """Sends what may go now, to the end."""
        for _ in range(20):
            if not await pipeline.deliver_waiting(self.hub, "tests", 20):
                return
        raise AssertionError("the lanes do not come to rest")

    async def take_in(self, source: str, body: bytes | Document) -> int:
        """Received and read; the message's id."""
        received = await self.post(source, body)
        await self.read()
        return received.message_id

    async def delivered(self, mock: Any, case: str = "story-1-contact", source: str = "cedar-app") -> Any:
        """A referral that has gone to Lakeshore; the referral."""
        mock.add_response(method="POST", url=f"{LAKESHORE}/$process-message", status_code=200)
        await self.take_in(source, self.sample(f"incident/{case}"))
        await self.deliver()
        (referral,) = self.referrals()
        assert referral.business_status == "delivered"
        return referral

    async def answer(
        self, destination: str, body: bytes | Document, *, task: str | None = None, media_type: str = "application/json"
    ) -> None:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        section = self.hub.settings.destination_of(destination)
        await pipeline.receive_answer(self.hub, section, data, media_type=media_type, task_id=task)

    def message(self, number: int) -> Any:
        return self.store.read(lambda tx: messages.get(tx, number))

    def body(self, number: int) -> bytes:
        return self.store.read(lambda tx: messages.body(tx, number))

    def messages(self, **wanted: Any) -> list[Any]:
        return self.store.read(lambda tx: messages.listed(tx, **wanted))

    def referrals(self) -> list[Any]:
        return self.store.read(referrals.listed)

    def referral(self, task_id: str) -> Any:
        return self.store.read(lambda tx: referrals.find_by_task(tx, task_id))

    def holds(self, **wanted: Any) -> list[Any]:
        return self.store.read(lambda tx: holds.listed(tx, **wanted))

    def alarms(self, **wanted: Any) -> list[Any]:
        return self.store.read(lambda tx: alarms.listed(tx, **wanted))

    def deliveries(self, **wanted: Any) -> list[Any]:
        return self.store.read(lambda tx: deliveries.listed(tx, **wanted))

    def attempts(self, delivery: int) -> list[Any]:
        return self.store.read(lambda tx: deliveries.attempts(tx, delivery))

    def disclosures(self) -> list[Any]:
        return self.store.read(disclosures.listed)

    def answers(self, task_id: str) -> list[Any]:
        return self.store.read(lambda tx: answers.by_task(tx, task_id))

    def trace(self, number: int) -> list[tuple[str, str]]:
        return [(step.step, step.state) for step in self.store.read(lambda tx: traces.of(tx, number))]

    def task(self, task_id: str) -> Document:
        found = self.store.read(lambda tx: documents.current(tx, "Task", task_id))
        assert found is not None
        assert found.resource is not None
        return found.resource


def world_of(folder: Path, empty: Path, change: Callable[[Document], None] | None = None, **ports: int) -> World:
    """A hub of the demo's settings, changed as wanted. The caller closes its store."""
    document = demo_settings(**ports)
    document["hub"] |= {"mllp_port": None, "max_body": 64 * 1024 * 1024}
    document["hub"].pop("mllp_port")
    if change is not None:
        change(document)
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for name in ("lakeshore", "sunrise"):
        (secrets / name).write_text(token(name))
    settings: Settings = parse(document, base=folder)
    time = Time(datetime(2026, 11, 21, 21, 30, tzinfo=UTC))
    shutil.copy(empty, folder / "hub.db")
    store = Store(settings.hub.database, KeyRing(FileKeys(settings.hub.keys)), time)
    hub = Hub(
        settings=settings,
        store=store,
        clock=time,
        ways=Ways(Transport(), time),
        random=Random(7),
        name="hub-under-test",
    )
    return World(hub=hub, time=time, folder=folder, document=document)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once and copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "hub.db"
    migrate(f"sqlite:///{path}")
    with contextlib.closing(dbapi2.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[URL]:
    """A real PostgreSQL: DATABASE_URL, whose account may make databases, or one of this run's own on a unix socket."""
    with running() as address:
        yield address


@pytest.fixture(scope="session")
def empty_postgresql(postgresql: URL) -> Iterator[str]:
    """The name of a migrated database, to copy."""
    name = f"handoff_empty_{os.getpid()}"
    administer(postgresql, f"CREATE DATABASE {name}")
    migrate(url_of(postgresql, name))
    yield name
    administer(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_url(postgresql: URL, empty_postgresql: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a migrated PostgreSQL database of the test's own, in which the test's clock is the time."""
    name = f"handoff_{uuid.uuid4().hex}"
    administer(postgresql, f"CREATE DATABASE {name} TEMPLATE {empty_postgresql}")
    monkeypatch.setattr(Store, "_now", lambda self, connection: self.now())
    yield url_of(postgresql, name)
    administer(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clock() -> Time:
    """Under a second before clocks go forward in Europe: UTC must not mind."""
    return Time(datetime(2026, 3, 29, 0, 59, 59, 250_001, tzinfo=UTC))


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(FileKeys(tmp_path / "keys.json"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Which database: each, unless a test is parametrized with one."""
    return str(request.param)


@pytest.fixture
def url(database: str, tmp_path: Path, empty_database: Path, request: pytest.FixtureRequest) -> str:
    """The address of a migrated database."""
    if database == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{shutil.copy(empty_database, tmp_path / 'hub.db')}"


@pytest.fixture
def store(url: str, keys: KeyRing, clock: Time) -> Iterator[Store]:
    """A real store on a file of its own."""
    with Store(url, keys, clock) as opened:
        yield opened


@pytest.fixture
def build(tmp_path: Path, empty_database: Path) -> Iterator[Callable[..., World]]:
    """Makes hubs: `build(change)` with a function that changes the settings' document first."""
    made: list[World] = []

    def make(change: Callable[[Document], None] | None = None, **ports: int) -> World:
        folder = tmp_path / f"hub-{len(made)}"
        folder.mkdir()
        made.append(world_of(folder, empty_database, change, **ports))
        return made[-1]

    yield make
    for world in made:
        world.store.close()
        asyncio.run(world.hub.ways.close())


@pytest.fixture
def world(build: Callable[..., World]) -> World:
    """One hub of the demo's settings."""
    return build()


@pytest.fixture
def serve() -> Callable[[World], httpx2.AsyncClient]:
    """A client of a hub's HTTP edge, without a socket and without its worker."""

    def client(world: World) -> httpx2.AsyncClient:
        routes = [*http.routes(world.hub), *edge.routes(world.hub), *outcomes.routes(world.hub)]
        app = Starlette(routes=[*routes, *health.routes(world.hub)])
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://hub.test")

    return client


def bearer(name: str) -> dict[str, str]:
    """The authorization header of a source or destination of these tests."""
    return {"authorization": f"Bearer {token(name)}"}


@pytest.fixture
def auth() -> Callable[[str], dict[str, str]]:
    return bearer
