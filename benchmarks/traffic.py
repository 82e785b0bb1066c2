"""Traffic on every way in of hubs that may die: sends again until it is acknowledged, and knows what was.

What was acknowledged is compared with what a center has (`missing`) and with what the store has (`unread`).
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.center import Center
from benchmarks.hubs import APP, CAD, SAMPLES, Sender, call, contact
from hub.errors import StoreError
from hub.store import Store, disclosures, lanes, messages

#: The source of HL7 v2 that the hubs' settings need for it.
FEED = {
    "name": "sunrise-feed",
    "organization": "sunrise-recovery",
    "reads": "hl7v2",
    "mllp": {"application": "SUNEHR", "facility": "SUNRISE"},
}

#: Messages and deliveries that may wait before traffic pauses.
MOST = 80


@dataclass
class Traffic:
    """Sends on every way in until it is told to end; what was acknowledged."""

    folder: Path
    #: ports of the hubs, any of which takes everything
    http: tuple[int, ...]
    mllp: tuple[int, ...]
    pause: float
    #: how many wait in the hubs: with more than `MOST` nothing new is sent, whatever the machine is able to do
    waits: Callable[[], int] = lambda: 0
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

    def _goes_on(self, pause: float) -> bool:
        """Waits so long, and until there is room; False when it is over."""
        ended = self.over.wait(pause)
        while not ended and self._full():
            ended = self.over.wait(0.1)
        return not ended

    def _full(self) -> bool:
        try:
            return self.waits() > MOST
        except StoreError:  # the database is away: that is when sending must go on
            return False

    def _contacts(self) -> None:
        sender, case = Sender(self.http, APP), 0
        while self._goes_on(self.pause):
            case += 1
            for note in range(1, 2 + case % 3):
                number = sender.send(contact(case, note))
                self.notes[case] = note
                self.taken.setdefault(APP, []).append(number)
        sender.close()

    def _calls(self) -> None:
        sender, case = Sender(self.http, CAD), 0
        while self._goes_on(self.pause * 3):
            case += 1
            # the same event at times twice: a dispatcher's system that heard no answer
            numbers = {sender.send(call(case)) for _ in range(1 + case % 2)}
            self.taken.setdefault(CAD, []).extend(numbers)
        sender.close()

    def _files(self) -> None:
        inbox, number = self.folder / "in/riverton-rms", 0
        inbox.mkdir(parents=True, exist_ok=True)
        report = (SAMPLES / "riverton-rms/story-1-report/input.xml").read_text()
        while self._goes_on(self.pause * 5):
            number += 1
            part = inbox / f"{number}.xml.part"
            # an incident and a case of its own: the reports of one case are read together
            part.write_text(report.replace("RV26-004417", f"RV26-7{number:06}").replace("26-10012", f"26-2{number:04}"))
            part.rename(inbox / f"{number}.xml")
            self.taken.setdefault("riverton-rms", []).append(number)

    def _feed(self) -> None:
        number = 0
        while self._goes_on(self.pause * 3):
            number += 1
            sent = (
                f"MSH|^~\\&|SUNEHR|SUNRISE|WH|HUB|20261120221500-0700||ADT^A04^ADT_A01|F{number}|P|2.5.1\r"
                f"EVN||20261120221500-0700\rPID|1||{number}^^^SUN^MR||Brightwhistle^Ada\rPV1|1|O\r"
            )
            while not self._acknowledged(sent.encode(), f"F{number}"):
                time.sleep(0.02)
            self.taken.setdefault("sunrise-feed", []).append(f"F{number}")

    def _acknowledged(self, message: bytes, control: str) -> bool:
        """Whether one of the hubs has it now; False when none does yet."""
        return any(self._accepted(port, message, control) for port in self.mllp)

    def _accepted(self, port: int, message: bytes, control: str) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), 10) as peer:
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
        assert found[1] in (b"AA", b"CA", b"AE", b"CE"), answer
        return found[1] in (b"AA", b"CA")  # AE: not now, send it again


def missing(traffic: Traffic, center: Center) -> list[int]:
    """The cases of which the center does not have the last version that was acknowledged."""
    last: dict[int, int] = {}
    for one in tuple(center.arrivals):
        last[one.case] = max(last.get(one.case, 0), one.note)
    return [case for case, note in traffic.notes.items() if last.get(case, 0) < note]


def waiting(store: Store) -> int:
    """What was received and is not read, and what was queued and is not sent."""
    return store.read(
        lambda tx: messages.counts(tx).get("received", 0) + sum(depth for depth, _ in lanes.depths(tx).values())
    )


def at_rest(store: Store, folder: Path, patience: float) -> None:
    """Waits until nothing is left to read, send, settle or take from the folder. AssertionError if it takes longer."""
    until = time.monotonic() + patience
    inbox = folder / "in/riverton-rms"
    while time.monotonic() < until:
        unsettled = store.read(lambda tx: disclosures.listed(tx, state="intended"))
        if not waiting(store) and not unsettled and not list(inbox.glob("*.xml")):
            return
        time.sleep(0.05)
    raise AssertionError("it does not come to rest")


def unread(store: Store, traffic: Traffic) -> list[str]:
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
