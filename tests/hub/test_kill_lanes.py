"""`kill -9` of hubs and workers with traffic on every way in: nothing acknowledged is lost, nothing overtakes.

One process receives by HTTP, MLLP and folder, and reads and sends; two more read and send. Any of the three is killed
at any moment, also while it starts, and started again. The short form kills six times on each database; the long one
(`make proof`) a hundred times on each, most of them in the middle of work; WARMHANDOFF_KILL_SEED chooses other moments,
and what it found is written under benchmarks/results/.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

import pytest

from benchmarks.center import Center
from benchmarks.hubs import APP, CAD, Hubs, free_port, settings
from benchmarks.traffic import FEED, Traffic, at_rest, missing, unread, waiting
from hub.settings import parse
from hub.store import FileKeys, KeyRing, Store, disclosures

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
#: Seconds in which everything comes to rest, on a machine that does much else.
PATIENCE = 240.0


@dataclass(kw_only=True)
class Ended:
    """What one run has shown."""

    database: str
    kills: int
    #: of the kills, those of a process that had not begun to work yet
    while_starting: int
    acknowledged: dict[str, int]
    arrivals: int
    sent_again: int
    lost: list[str]
    disordered: list[int]
    twice: list[int]


def play(
    folder: Path, hubs: Hubs, database: str, url: str, *, kills: int, seed: int, pause: float, working: float = 0.0
) -> Ended:
    """`working` is the share of the kills before which all three are let come to work."""
    chance = Random(seed)
    starting = 0
    with Center() as center:
        http, mllp = free_port(), free_port()
        document = settings(folder, url, center=center.port, port=http, mllp=mllp)
        document["source"].append(FEED)
        # what is claimed by a process that was killed is free soon; a day that nobody waits for has no place here
        document["hub"]["lease"] = 2.0
        roles = {f"{database}-hub": "run", f"{database}-one": "worker", f"{database}-two": "worker"}
        for name, role in roles.items():
            hubs.start(name, role, document)
        hubs.wait_ready(*roles)
        settled = parse(document, base=folder)
        store = Store(url, KeyRing(FileKeys(settled.hub.keys)), lambda: datetime.now(UTC))
        with Traffic(folder, (http,), (mllp,), pause, partial(waiting, store)) as traffic:
            for _ in range(kills):
                at_work = chance.random() < working
                if at_work:
                    hubs.wait_ready(*roles, seconds=PATIENCE)
                time.sleep(chance.uniform(0.0, 1.0 if at_work else 0.35))
                name = chance.choice(sorted(roles))
                starting += not hubs.ready(name).exists()
                hubs.kill(name)
                hubs.start(name, roles[name], document)
            hubs.wait_ready(*roles, seconds=PATIENCE)
        assert traffic.broken == []
        with store:
            center.wait(lambda: not missing(traffic, center), PATIENCE)
            at_rest(store, folder, PATIENCE)
            lost = [f"case {case}" for case in missing(traffic, center)] + unread(store, traffic)
            states = {d.state for d in store.read(disclosures.listed)}
            assert states <= {"sent", "unknown", "not-sent"}, states
        first = center.notes()
        return Ended(
            database=database,
            kills=kills,
            while_starting=starting,
            acknowledged={source: len(taken) for source, taken in traffic.taken.items()},
            arrivals=len(center.arrivals),
            sent_again=len(center.arrivals) - sum(len(each) for each in first.values()),
            lost=lost,
            disordered=[case for case, each in first.items() if [a.note for a in each] != sorted(a.note for a in each)],
            twice=[case for case, each in first.items() if max(Counter(a.note for a in each).values()) > 1],
        )


def check(ended: Ended) -> None:
    """0 lost, 0 out of order, nothing that the center would have twice."""
    assert ended.lost == []
    assert ended.disordered == []
    assert ended.twice == []
    # at most what each killed process was sending
    assert ended.sent_again <= 16 * ended.kills
    assert set(ended.acknowledged) == {APP, CAD, "riverton-rms", "sunrise-feed"}


def test_six_kills_lose_nothing(database: str, tmp_path: Path, url: str) -> None:
    with Hubs(tmp_path) as hubs:
        check(play(tmp_path, hubs, database, url, kills=6, seed=2026, pause=0.25))


@pytest.mark.proof
def test_a_hundred_kills_lose_nothing(database: str, tmp_path: Path, url: str) -> None:
    seed = int(os.environ.get("WARMHANDOFF_KILL_SEED", "1"))
    began = time.monotonic()
    with Hubs(tmp_path) as hubs:
        ended = play(tmp_path, hubs, database, url, kills=100, seed=seed, pause=0.1, working=0.7)
    now = datetime.now(UTC)
    result = {
        "proof": "kill -9 of hubs and workers with traffic on every way in",
        "at": now.isoformat(timespec="seconds"),
        "seed": seed,
        "seconds": round(time.monotonic() - began),
        **vars(ended),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{now:%Y-%m-%d}-kill-lanes-{database}.json").write_text(json.dumps(result, indent=1) + "\n")
    check(ended)
    # there was work to lose
    assert min(ended.acknowledged.values()) >= 20, ended.acknowledged
