"""`handoff demo --once --json`: exit 0, one JSON object, everything under its folder, nobody left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

KEYS = [
    "incidents", "referrals", "delivered", "answers", "closed_loops", "overdue", "withheld", "released_after_consent",
    "held", "lost", "seconds",
]  # fmt: skip

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "hub.cli", "demo", "--dir", str(folder), *options]


def play(folder: Path) -> dict[str, Any]:
    """One telling, as a program; its tally."""
    done = subprocess.run(command(folder, "--once", "--json"), capture_output=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    lines = done.stdout.splitlines()
    assert len(lines) == 1
    tally = json.loads(lines[0])
    assert list(tally) == KEYS
    assert isinstance(tally, dict)
    return tally


def processes_of(folder: Path) -> list[str]:
    """The command lines that name the folder: the demo's own, its hub and its EHRs."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # it ended while we looked
            if str(folder) in line:
                found.append(line)
    return found


def stored(folder: Path) -> dict[str, int]:
    """What each EHR has: referrals on its desk, messages and Tasks that it stored."""
    return {
        f"{center}/{kind}": len(list((folder / "ehr" / center).glob(f"{kind}/*")))
        for center in ("lakeshore", "northfork", "sunrise")
        for kind in ("referrals", "messages", "resources/Task", "resources/Patient", "sent")
    }


def until(seen: Callable[[], Any], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def test_the_demo_tells_all_and_again_sends_nothing_twice(tmp_path: Path) -> None:
    tally = play(tmp_path)
    assert tally["incidents"] == 4
    assert tally["referrals"] == tally["delivered"] == 4
    assert tally["answers"] >= 4
    assert tally["closed_loops"] >= 2
    assert tally["overdue"] >= 1
    assert tally["withheld"] >= 1
    assert 1 <= tally["released_after_consent"] <= tally["withheld"]
    assert tally["lost"] == 0
    assert processes_of(tmp_path) == []
    databases = [p for p in tmp_path.rglob("*") if p.is_file() and p.read_bytes()[:15] == b"SQLite format 3"]
    assert databases == [tmp_path / "hub.db"]
    assert all((p.stat().st_mode & 0o077) == 0 for p in (tmp_path / "hub.db", tmp_path / "hub-keys.json"))
    before = stored(tmp_path)
    assert (before["lakeshore/referrals"], before["northfork/referrals"], before["sunrise/referrals"]) == (2, 1, 1)

    again = play(tmp_path)
    assert {key: again[key] for key in KEYS if key not in ("seconds", "closed_loops")} == {
        key: tally[key] for key in KEYS if key not in ("seconds", "closed_loops")
    }
    assert again["closed_loops"] >= tally["closed_loops"]
    assert stored(tmp_path) == before
    for center in ("lakeshore", "northfork", "sunrise"):
        # stats.json counts resends, conflicts and malformed messages; there were none
        assert not (tmp_path / "ehr" / center / "stats.json").exists()
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("moment", ["while it is set up", pytest.param("in the story", marks=pytest.mark.proof)])
def test_sigterm_ends_everything(tmp_path: Path, moment: str) -> None:
    reached: Callable[[], bool] = {
        "while it is set up": lambda: (tmp_path / "logs" / "hub.log").exists(),
        "in the story": lambda: any((tmp_path / "ehr" / "lakeshore" / "referrals").glob("1.json")),
    }[moment]
    with (tmp_path / "out").open("wb") as out, subprocess.Popen(command(tmp_path), stdout=out, stderr=out) as demo:
        try:
            until(lambda: reached() or demo.poll() is not None)
            demo.send_signal(signal.SIGTERM)
            assert demo.wait(30) == 143, (tmp_path / "out").read_text()
        finally:
            demo.kill()
    until(lambda: processes_of(tmp_path) == [], 10)


@pytest.mark.proof
def test_without_once_the_hub_keeps_running_and_says_where(tmp_path: Path) -> None:
    from urllib.request import urlopen

    with (tmp_path / "out").open("wb") as out, subprocess.Popen(command(tmp_path), stdout=out, stderr=out) as demo:
        try:
            until(lambda: "Ctrl-C ends it." in (tmp_path / "out").read_text() or demo.poll() is not None, 120)
            said = (tmp_path / "out").read_text()
            ports = json.loads((tmp_path / "ports.json").read_text())
            assert f"http://127.0.0.1:{ports['hub-port']}/console" in said
            with urlopen(f"http://127.0.0.1:{ports['hub-port']}/health", timeout=10) as answer:
                assert json.load(answer)["status"] == "ok"
            demo.send_signal(signal.SIGINT)
            assert demo.wait(30) == 0
        finally:
            demo.kill()
    assert "Stopping." in (tmp_path / "out").read_text()
    until(lambda: processes_of(tmp_path) == [], 10)
