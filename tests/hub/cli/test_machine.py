"""`handoff doctor` on the machine: room on the disk, and a clock that is right."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.cli.machine import machine
from hub.settings import parse
from hub.store import KeyRing, Store, inputs, migrate


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    return parse(
        {
            "operator": {"organization": "pd", "relation": "self"},
            "state_policy": {"name": "none", "reviewer": "A reviewer", "reviewed": "2026-01-01"},
            "organization": [{"id": "pd", "name": "Police", "kind": "agency", "posture": "law-enforcement"}],
        },
        base=tmp_path,
    )


def found(settings: Any) -> dict[str, bool]:
    return {one.name: one.ok for one in machine(settings)}


def test_before_there_is_a_database(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 0, 3 * 1024**3))
    assert found(settings) == {"disk": True, "clock": True}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 10**12, 1024**3))
    assert found(settings) == {"disk": False, "clock": True}
    assert not Path(settings.hub.database.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize(("ahead", "ok"), [(-3600.0, True), (2.0, True), (120.0, False)])
def test_nothing_comes_from_the_future(settings: Any, keys: KeyRing, ahead: float, ok: bool) -> None:
    then = datetime.now(UTC) + timedelta(seconds=ahead)
    migrate(settings.hub.database)
    with Store(settings.hub.database, keys, lambda: then) as store:
        store.write(
            lambda tx: inputs.receive(
                tx, source="cad", custody="pd", organization="pd", control_id=None, media_type="text/plain", body=b"x"
            )
        )
    assert found(settings)["clock"] is ok


def test_a_database_that_does_not_answer_is_another_finding_s(settings: Any) -> None:
    gone = settings.hub.model_copy(update={"database": "postgresql://nobody@127.0.0.1:9/none"})
    assert found(settings.model_copy(update={"hub": gone})) == {"clock": True}
