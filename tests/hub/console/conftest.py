"""A real hub on a database of its own, its console behind a test client, fed with the samples' stories."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from hub import pipeline
from hub.console import pages
from hub.delivery.transport import Transport
from hub.delivery.ways import Ways
from hub.loop.context import Hub
from hub.settings import parse
from hub.store import FileKeys, KeyRing, Store, migrate

TOKEN = "the-token-that-the-hub-printed-at-its-start"
SAMPLES = Path(__file__).parents[3] / "samples"


def source(digit: str) -> dict[str, Any]:
    return {"reads": "incident", "token": {"sha256": digit * 64}}


def document() -> dict[str, Any]:
    """A hub of one program, a police agency and two centers, as in hub.toml."""
    center = {"kind": "center", "posture": "covered-entity"}
    destination = {
        "adapter": "fhir-message",
        "url": "http://127.0.0.1:9/fhir",
        "on_failure": "skip-and-park",
        "fallback_telephone": "+1 555 0100 777",
    }
    return {
        "operator": {"organization": "lakeshore-cmhc", "relation": "self"},
        "state_policy": {"name": "none", "reviewer": "counsel", "reviewed": "2026-11-01"},
        "organization": [
            {"id": "riverton-pd", "name": "Riverton <b>Police</b>", "kind": "agency", "posture": "law-enforcement"},
            {"id": "cedar-coresponse", "name": "Cedar Program", **center},
            {"id": "lakeshore-cmhc", "name": "Lakeshore Center", **center},
            {"id": "northfork-crisis", "name": "Northfork Center", **center},
            {"id": "sunrise-recovery", "name": "Sunrise", "kind": "center", "posture": "part2-program"},
        ],
        "agency": [{"id": "riverton-pd", "zone": "America/Denver"}],
        "source": [
            {"name": "cedar-app", "organization": "cedar-coresponse", **source("1")},
            {"name": "sunrise-app", "organization": "sunrise-recovery", **source("2")},
            {"name": "riverton-app", "organization": "riverton-pd", **source("3")},
        ],
        "destination": [
            {"id": "lakeshore", "organization": "lakeshore-cmhc", "owner": "intake, Lakeshore", **destination},
            {"id": "northfork", "organization": "northfork-crisis", "owner": "intake, Northfork", **destination},
            {"id": "sunrise", "organization": "sunrise-recovery", "owner": "intake, Sunrise", **destination},
        ],
        "route": [
            {"organization": "lakeshore-cmhc", "destination": "lakeshore"},
            {"organization": "sunrise-recovery", "destination": "sunrise"},
        ],
    }


@pytest.fixture
def clock(clock: Any) -> Any:
    """The clock of `tests/hub/conftest.py`, on the day of the samples' stories."""
    clock.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    return clock


@pytest.fixture
def hub(tmp_path: Path, clock: Any) -> Iterator[Hub]:
    settings = parse(document(), base=tmp_path)
    migrate(settings.hub.database)
    with Store(settings.hub.database, KeyRing(FileKeys(settings.hub.keys)), clock) as store:
        yield Hub(settings=settings, store=store, clock=clock, ways=Ways(Transport(), clock), name="test-hub")


@pytest.fixture
def feed(hub: Hub, clock: Any) -> Callable[..., int]:
    """Takes an input in through the whole of receive, read, translate, label and release; its message's number."""

    def take(source: str, body: bytes) -> int:
        section = hub.source(source)
        assert section is not None

        async def through() -> int:
            received = await pipeline.receive(hub, section, body, media_type="application/json", control_id=None)
            await pipeline.read_waiting(hub, "test", 10)
            return received.message_id

        clock.forward(1)
        return asyncio.run(through())

    return take


@pytest.fixture
def story(feed: Callable[..., int]) -> Callable[[str, str], int]:
    """Takes a sample in."""
    return lambda source, case: feed(source, (SAMPLES / "incident" / case / "input.json").read_bytes())


@pytest.fixture
def client(hub: Hub) -> Iterator[TestClient]:
    """A browser that is not signed in. It does not follow redirects."""
    app = FastAPI()
    app.include_router(pages.router(hub, TOKEN))
    with TestClient(app, base_url="http://127.0.0.1:8080", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def sign_in(hub: Hub, client: TestClient) -> Callable[..., TestClient]:
    """Signs a person in to a custody, by a token of `handoff token`."""

    def enter(custody: str, person: str = "Robin Examiner") -> TestClient:
        from hub.console import signing_in

        client.cookies.clear()
        hub.store.write(lambda tx: signing_in.issue(tx, f"token for {custody} {person}"))
        answer = client.post(
            "/console/sign-in",
            data={"token": f"token for {custody} {person}", "person": person, "custody": custody},
        )
        assert answer.status_code == 303
        return client

    return enter


@pytest.fixture
def form_of() -> Callable[[str], str]:
    """Finds the form token of a page."""

    def find(html: str) -> str:
        found = re.search(r'name="form" value="([0-9a-f]+)"', html)
        assert found is not None
        return found.group(1)

    return find


@pytest.fixture
def good() -> dict[str, str]:
    """A sign-in that succeeds, once."""
    return {"token": TOKEN, "person": "Robin Examiner", "custody": "cedar-coresponse"}
