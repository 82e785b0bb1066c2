"""A real store on a file of its own, with a clock that tests set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.store import FileKeys, KeyRing, Store, migrate


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 29, 0, 59, 59, 250_001, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(FileKeys(tmp_path / "keys.json"))


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(address)
    return address


@pytest.fixture
def store(url: str, keys: KeyRing, clock: Clock) -> Iterator[Store]:
    with Store(url, keys, clock) as opened:
        yield opened
