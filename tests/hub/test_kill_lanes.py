"""`kill -9` of hubs and workers with traffic on every way in: nothing acknowledged is lost, nothing overtakes.

One process receives by HTTP, MLLP and folder, and reads and sends; two more read and send. Any of the three is killed
at any moment, also while it starts, and started again. The short form kills six times on each database; the long one
(`make proof`) a hundred times on each; WARMHANDOFF_KILL_SEED chooses other moments, and what it found is written
under benchmarks/results/.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.center import Center
from benchmarks.hubs import APP, CAD, SAMPLES, Hubs, Sender, call, contact, free_port, settings
from hub.settings import parse
from hub.store import FileKeys, KeyRing, Store, disclosures, lanes, messages

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
#: Seconds in which everything comes to rest, on a machine that does much else.
PATIENCE = 240.0
FEED = {
    "name": "sunrise-feed",
    "organization": "sunrise-recovery",
    "reads": "hl7v2",
    "mllp": {"application": "SUNEHR", "facility": "SUNRISE"},
}


@dataclass
class Traffic:
    """Sends on every way in until it is told to end; what was acknowledged."""

    folder: Path
    http: int
    mllp: int
    pause: float
    over: threading.Event = field(default_factory=threading.Event)
    #: by case, the last version that was acknowledged
    notes: dict[int, int] = field(default_factory=dict)
    #: by source, the messages' numbers, control ids or file names
    taken: dict[str, list[Any]] = field(default_factory=dict)
    broken: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.threads = [
            threading.Thread(target=self._run, args=(work,))
            for work in (self._contacts, self._calls, self._files, self._feed)
        ]

    def __enter__(self) -> Traffic:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - said by the test, not by a thread that nobody watches
            self.broken.append(error)

    def _contacts(self) -> None:
        sender, case = Sender(self.http, APP), 0
        while not self.over.wait(self.pause):
            case += 1
            for note in range(1, 2 + case % 3):
                number = sender.send(contact(case, note))
                self.notes[case] = note
                self.taken.setdefault(APP, []).append(number)
        sender.close()

    def _calls(self) -> None:
        sender, case = Sender(self.http, CAD), 0
        while not self.over.wait(self.pause * 3):
            case += 1
            # the same event at times twice: a dispatcher's system that heard no answer
            numbers = {sender.send(call(case)) for _ in range(1 + case % 2)}
            self.taken.setdefault(CAD, []).extend(numbers)
        sender.close()

    def _files(self) -> None:
        inbox, number = self.folder / "in/riverton-rms", 0
        inbox.mkdir(parents=True, exist_ok=True)
        report = (SAMPLES / "riverton-rms/story-1-report/input.xml").read_text()
        while not self.over.wait(self.pause * 5):
            number += 1
            part = inbox / f"{number}.xml.part"
            # an incident and a case of its own: the reports of one case are read together
            part.write_text(report.replace("RV26-004417", f"RV26-7{number:06}").replace("26-10012", f"26-2{number:04}"))
            part.rename(inbox / f"{number}.xml")
            self.taken.setdefault("riverton-rms", []).append(number)

    def _feed(self) -> None:
        number = 0
        while not self.over.wait(self.pause * 3):
            number += 1
            sent = (
                f"MSH|^~\\&|SUNEHR|SUNRISE|WH|HUB|20261120221500-0700||ADT^A04^ADT_A01|F{number}|P|2.5.1\r"
                f"EVN||20261120221500-0700\rPID|1||{number}^^^SUN^MR||Brightwhistle^Ada\rPV1|1|O\r"
            )
            while not self._acknowledged(sent.encode(), f"F{number}"):
                time.sleep(0.02)
            self.taken.setdefault("sunrise-feed", []).append(f"F{number}")

    def _acknowledged(self, message: bytes, control: str) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.mllp), 10) as peer:
                peer.sendall(b"\x0b" + message + b"\x1c\r")
                answer = b""
                while not answer.endswith(b"\x1c\r"):
                    part = peer.recv(65536)
                    if not part:
                        return False
                    answer += part
        except OSError:
            return False
        found = re.search(rb"MSA\|(\w\w)\|(\w+)", answer)
        assert found is not None, answer
        assert found[2].decode() == control
        assert found[1] in (b"AA", b"CA"), answer
        return True


@dataclass(kw_only=True)
class Ended:
    """What one run has shown."""

    database: str
    kills: int
    acknowledged: dict[str, int]
    arrivals: int
    sent_again: int
    lost: list[str]
    disordered: list[int]
    twice: list[int]


def play(folder: Path, hubs: Hubs, database: str, url: str, *, kills: int, seed: int, pause: float) -> Ended:
    chance = Random(seed)
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
        with Traffic(folder, http, mllp, pause) as traffic:
            for _ in range(kills):
                time.sleep(chance.uniform(0.0, 0.35))
                name = chance.choice(sorted(roles))
                hubs.kill(name)
                hubs.start(name, roles[name], document)
            hubs.wait_ready(*roles)
        assert traffic.broken == []
        settled = parse(document, base=folder)
        with Store(url, KeyRing(FileKeys(settled.hub.keys)), lambda: datetime.now(UTC)) as store:
            center.wait(lambda: not _missing(traffic, center), PATIENCE)
            _at_rest(store, folder, traffic)
            lost = [f"case {case}" for case in _missing(traffic, center)] + _unread(store, traffic)
            states = {d.state for d in store.read(disclosures.listed)}
            assert states <= {"sent", "unknown", "not-sent"}, states
        first = center.notes()
        return Ended(
            database=database,
            kills=kills,
            acknowledged={source: len(taken) for source, taken in traffic.taken.items()},
            arrivals=len(center.arrivals),
            sent_again=len(center.arrivals) - sum(len(each) for each in first.values()),
            lost=lost,
            disordered=[case for case, each in first.items() if [a.note for a in each] != sorted(a.note for a in each)],
            twice=[case for case, each in first.items() if max(Counter(a.note for a in each).values()) > 1],
        )


def _missing(traffic: Traffic, center: Center) -> list[int]:
    last: dict[int, int] = {}
    for one in tuple(center.arrivals):
        last[one.case] = max(last.get(one.case, 0), one.note)
    return [case for case, note in traffic.notes.items() if last.get(case, 0) < note]


def _at_rest(store: Store, folder: Path, traffic: Traffic) -> None:
    """Waits until nothing is left to read, to send or to take from the folder."""
    until = time.monotonic() + PATIENCE
    inbox = folder / "in/riverton-rms"
    while time.monotonic() < until:
        waiting = store.read(
            lambda tx: messages.counts(tx).get("received", 0) + sum(n for n, _ in lanes.depths(tx).values())
        )
        if not waiting and not list(inbox.glob("*.xml")):
            return
        time.sleep(0.05)
    raise AssertionError("it does not come to rest")


def _unread(store: Store, traffic: Traffic) -> list[str]:
    """What was acknowledged and is not there, or is there twice."""
    kept = {m.id: m for m in store.read(lambda tx: messages.listed(tx, limit=100_000))}
    found = [f"message {n}" for source in (APP, CAD) for n in traffic.taken.get(source, ()) if n not in kept]
    # what a v2 message becomes is no matter here
    found += [
        f"message {m.id} {m.state}" for m in kept.values() if m.state != "translated" and m.source != FEED["name"]
    ]
    for source, taken in traffic.taken.items():
        times = sum(m.source == source for m in kept.values())
        # one that was being sent at the end may be there without its answer
        if not len(set(taken)) <= times <= len(set(taken)) + 1:
            found.append(f"{source}: {len(set(taken))} taken, {times} there")
    return found


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
        ended = play(tmp_path, hubs, database, url, kills=100, seed=seed, pause=0.1)
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
