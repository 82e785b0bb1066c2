"""`kill -9` in the middle of the demo: nothing is lost, nothing is stored twice, the story still ends as it should.

The short form is part of every run. The long form (`make proof`) kills fifty times; WARMHANDOFF_KILL_SEED chooses
other moments, and what it found is written under benchmarks/results/.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.demo.stage import Stage
from hub.demo.story import tell
from hub.demo.tally import Tally

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
CENTERS = ("lakeshore", "northfork", "sunrise")
#: referrals of the story by who gets them
EXPECTED = {"lakeshore": 2, "northfork": 1, "sunrise": 1}
#: seconds that the story takes when nobody is killed, from the first call to the last answer
STORY = 4.5
#: seconds after a kill in which the next one comes: while the hub starts again, or takes up what it was doing
AGAIN = 2.5
#: what a center writes before it answers a message
STORED = "ehr/*/messages/*.*"


@dataclass
class Killer:
    """Kills processes of a stage: (name, seconds after the story began or the last one killed was started again).

    With `stored`, each waits then until a center has written one more file that matches it: its answer is under way,
    and the hub does not know yet that the message was stored.
    """

    stage: Stage
    plan: list[tuple[str, float]]
    stored: str = ""
    done: list[tuple[str, float]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        began = time.monotonic()
        for name, after in self.plan:
            if self.over.wait(after):
                return
            if not self._stored():
                return
            process = self.stage.processes[name]
            starts = process.starts
            if not self._kill(name):
                continue
            self.done.append((name, round(time.monotonic() - began, 3)))
            while process.starts == starts:
                if self.over.wait(0.01):
                    return

    def _stored(self) -> bool:
        """Waits for the next file, if that is the moment. False when the story is over first."""
        before = self._files()
        while self.stored and self._files() == before:
            if self.over.is_set():
                return False
            time.sleep(0.0005)
        return True

    def _files(self) -> int:
        return sum(1 for _ in self.stage.folder.glob(self.stored)) if self.stored else 0

    def _kill(self, name: str) -> bool:
        process = self.stage.processes[name].running
        if process is None or process.returncode is not None:
            return False
        # By its own id: the stage started it in this test, and reaps it when it looks who has fallen.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        return True


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one telling ended."""

    tally: Tally
    killed: list[tuple[str, float]]
    starts: int
    lines: list[str]
    stored: dict[str, list[str]]
    resent: dict[str, dict[str, int]]
    malformed: int


def play(folder: Path, plan: list[tuple[str, float]], *, stored: str = "") -> Ended:
    lines: list[str] = []
    with Stage(folder, once=True) as stage:
        killer = Killer(stage=stage, plan=plan, stored=stored)
        thread = threading.Thread(target=killer.run)
        thread.start()
        try:
            tally = tell(stage, lambda at, who, what, tone: lines.append(f"{at:6.2f} {who} {what}"))
        finally:
            killer.over.set()
            thread.join()
        starts = sum(process.starts for process in stage.processes.values())
    resent = {name: _stats(folder, name) for name in CENTERS}
    return Ended(
        tally=tally,
        killed=killer.done,
        starts=starts,
        lines=lines,
        stored={name: _tasks(folder, name) for name in CENTERS},
        resent=resent,
        malformed=sum(stats.get("malformed", 0) for stats in resent.values()),
    )


def _stats(folder: Path, center: str) -> dict[str, int]:
    file = folder / "ehr" / center / "stats.json"
    found: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    return found


def _tasks(folder: Path, center: str) -> list[str]:
    """What identifies each referral on a center's desk, as the desk has it."""
    found = []
    for path in sorted((folder / "ehr" / center / "referrals").glob("*.json")):
        referral: dict[str, Any] = json.loads(path.read_text())
        found.append(json.dumps(referral["hub_ref"], sort_keys=True))
    return found


def check(ended: Ended) -> None:
    """Nothing lost, nothing twice, and the whole story all the same."""
    said = "\n".join([*ended.lines, str(ended.killed), str(ended.tally)])
    assert ended.tally.lost == 0, said
    assert ended.tally.complete(), said
    for center, referrals in ended.stored.items():
        twice = [one for one, times in Counter(referrals).items() if times > 1]
        assert not twice, f"{center} has a referral twice\n{said}"
        assert len(referrals) == EXPECTED[center], f"{center} has {len(referrals)}\n{said}"
    # the same message may come again, byte for byte; another one under its id never
    assert all("conflicts" not in stats for stats in ended.resent.values()), said
    assert ended.malformed == 0, said


def moments(seed: int, count: int, *, first: float = STORY, again: float = AGAIN) -> list[tuple[str, float]]:
    """When the hub is killed: somewhere in the story, and then soon after it was started again."""
    chance = Random(seed)
    return [("hub", chance.uniform(0.0, again if number else first)) for number in range(count)]


def test_three_kills_of_the_hub_lose_nothing(tmp_path: Path) -> None:
    # early enough that the story is not over before the third
    ended = play(tmp_path, moments(2026, 3, first=1.5, again=1.5))
    check(ended)
    assert [name for name, _ in ended.killed] == ["hub", "hub", "hub"]
    assert ended.starts == len(CENTERS) + 1 + 3


@pytest.mark.proof
def test_a_kill_between_storing_and_knowing_stores_nothing_twice(tmp_path: Path) -> None:
    ended = play(tmp_path, [("hub", 0.0), ("hub", 0.0)], stored=STORED)
    check(ended)
    assert len(ended.killed) >= 1


@pytest.mark.proof
def test_a_kill_of_an_ehr_loses_nothing(tmp_path: Path) -> None:
    ended = play(tmp_path, [("lakeshore", Random(7).uniform(0.3, 2.0))])
    check(ended)
    assert len(ended.killed) == 1


@pytest.mark.proof
def test_fifty_kills_of_the_hub_lose_nothing(tmp_path: Path) -> None:
    """Two or three kills a telling until there were fifty: at any moment, in every third telling just when a center
    has stored a message. One telling in five kills an EHR as well."""
    seed = int(os.environ.get("WARMHANDOFF_KILL_SEED", "1"))
    chance = Random(seed)
    rows: list[dict[str, Any]] = []
    kills, told = 0, 0
    began = time.monotonic()
    while kills < 50 and told < 60:
        told += 1
        plan = moments(seed * 1000 + told, chance.choice((2, 3)))
        if told % 5 == 0:
            plan.insert(1, (chance.choice(CENTERS), chance.uniform(0.0, AGAIN)))
        stored = STORED if told % 3 == 0 else ""
        if stored:
            plan = [(name, chance.uniform(0.0, 0.02)) for name, _ in plan]
        ended = play(tmp_path / str(told), plan, stored=stored)
        kills += sum(name == "hub" for name, _ in ended.killed)
        rows.append(
            {
                "killed": ended.killed,
                "when": stored or "any",
                "starts": ended.starts,
                "resent": ended.resent,
                "tally": asdict(ended.tally),
            }
        )
        try:
            check(ended)
        except AssertionError:
            rows[-1]["failed"] = True
            _write(seed, kills, rows, began)
            raise
    _write(seed, kills, rows, began)
    assert kills >= 50


def _write(seed: int, kills: int, rows: list[dict[str, Any]], began: float) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    result = {
        "proof": "kill -9 of the hub during the demo",
        "at": now.isoformat(timespec="seconds"),
        "seed": seed,
        "kills_of_the_hub": kills,
        "kills_of_an_ehr": sum(name != "hub" for row in rows for name, _ in row["killed"]),
        "tellings": len(rows),
        "sent_again": sum(stats.get("resends", 0) for row in rows for stats in row["resent"].values()),
        "stored_twice": 0 if not any(row.get("failed") for row in rows) else None,
        "lost": sum(row["tally"]["lost"] for row in rows),
        "failed": sum(bool(row.get("failed")) for row in rows),
        "seconds": round(time.monotonic() - began),
        "rows": rows,
    }
    (RESULTS / f"{now:%Y-%m-%d}-kill.json").write_text(json.dumps(result, indent=1) + "\n")
