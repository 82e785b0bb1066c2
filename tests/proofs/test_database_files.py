"""The hub's files on disk, taken while it runs and after: no value of a sample person is in them in any spelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.demo.stage import Stage
from hub.demo.story import tell
from hub.demo.tally import Tally


@dataclass(frozen=True, kw_only=True)
class Played:
    """The whole story, played once: every sample that begins with `story-`, delivered to three EHRs and answered."""

    folder: Path
    tally: Tally
    lines: list[str]
    running: dict[str, bytes]
    stopped: dict[str, bytes]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name.startswith("hub")}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("played")
    lines: list[str] = []
    with Stage(folder, once=True) as stage:
        tally = tell(stage, lambda at, who, what, tone: lines.append(f"{who} {what}"))
        running = _files(folder)
    yield Played(folder=folder, tally=tally, lines=lines, running=running, stopped=_files(folder))


def _in_bytes(needles: dict[bytes, str], raw: bytes) -> set[str]:
    return {value for needle, value in needles.items() if needle in raw}


def test_the_search_sees_a_value_in_every_spelling(sensitive: Any, played: Played) -> None:
    import base64

    needles = sensitive.needles()
    family = min(sensitive.families)
    raw = f'{{"name":"{family}"}}'
    for spelled in (
        raw.encode(),
        raw.encode("utf-16-le"),
        raw.encode().hex().encode(),
        *(base64.b64encode(b"x" * shift + raw.encode()) for shift in range(3)),
    ):
        assert family in _in_bytes(needles, spelled)
    # and in the files that may hold it: an EHR's own
    assert _in_bytes(needles, (played.folder / "ehr/lakeshore/referrals/1.json").read_bytes())


def test_the_hub_s_files_hold_no_value(sensitive: Any, played: Played) -> None:
    assert played.tally.complete(), played.lines
    assert {"hub.db", "hub.db-wal", "hub.db-shm", "hub-keys.json", "hub.toml"} <= played.running.keys()
    # written to: what is looked through is the database and not an empty file
    assert len(played.running["hub.db"]) + len(played.running["hub.db-wal"]) > 500_000
    assert b"lakeshore" in played.stopped["hub.db"]
    needles = sensitive.needles()
    for when, files in (("running", played.running), ("stopped", played.stopped)):
        for name, raw in files.items():
            assert _in_bytes(needles, raw) == set(), f"{name}, {when}"


def test_the_timeline_and_the_logs_hold_no_value(sensitive: Any, played: Played) -> None:
    logs = [*(played.folder / "logs").iterdir(), *(played.folder / "ehr").glob("*/ehr.log")]
    assert len(logs) >= 7
    for text in (*played.lines, *(path.read_text() for path in logs)):
        assert sensitive.found_in(text) == set()
