"""What a city sends: mostly CAD events and their updates, some again, a health system's HL7 v2 feed, a few referrals.

Of fifty messages one is a contact form that a referral comes of, 24 are CAD events of the city's own system (each
incident is told three times, as it goes on), nine are EIDOs of a neighbour (told twice), six are bytes that were sent
before, ten are a feed's registrations and updates. They come at fixed times, whether earlier ones are through or not.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from benchmarks.bench_loop import Feeder
from benchmarks.hubs import APP, CAD, SAMPLES, contact
from benchmarks.traffic import FEED

EIDO = "lakemont-cad"
#: How often each comes among fifty.
MIX = {"contact": 1, "cad": 24, "eido": 9, "again": 6, "feed": 10}
#: So many messages of its system later an incident is told again.
LATER = {"cad": 240, "eido": 90}

#: An incident as it goes on: the event's status and which times are known by then.
STAGES = (
    ("OPEN", "Open", ("received", "dispatched")),
    ("ONSCENE", "On scene", ("received", "dispatched", "firstOnScene")),
    ("CLOSED", "Closed", ("received", "dispatched", "firstOnScene", "closed")),
)


def _read(path: str) -> str:
    return (SAMPLES / path).read_text()


def event(case: int, stage: int) -> bytes:
    """A CAD event of an incident that has come so far (0 to 2)."""
    told = json.loads(_read("riverton-webhook/story-1-call/input.json").replace("RV26-004417", f"RV26-9{case:06}"))
    incident = told["data"]["incident"]
    code, text, known = STAGES[stage]
    last = incident["times"][known[-1]]
    incident |= {"caseNumber": f"26-7{case:06}", "revision": stage + 1, "changedAt": last}
    incident["status"] = {"code": code, "text": text}
    incident["times"] = {name: incident["times"][name] for name in known}
    if stage < 2:
        del incident["disposition"]
        del incident["nature"]["final"]
        for unit in incident["units"]:
            unit["history"] = unit["history"][: stage + 1]
    told["sentAt"] = last
    return json.dumps(told).encode()


def eido(case: int, stage: int) -> bytes:
    """An EIDO of another incident, as it began (0) or as it ended (1)."""
    text = _read("eido/story-2-call/input.json").replace("118203", f"9{case:06}")
    told = json.loads(text.replace("LM26-7731", f"LM26-8{case:06}"))
    if not stage:
        told["lastUpdateTimeStamp"] = told["incidentComponent"]["lastUpdateTimeStamp"] = "2026-11-20T14:30:00-06:00"
        told["incidentComponent"]["incidentStatusCommonRegistryText"] = ["Active"]
        del told["incidentComponent"]["dispositionComponent"]
    return json.dumps(told).encode()


def registration(number: int, *, update: bool) -> bytes:
    """A patient's ADT^A04, or the ADT^A31 about the patient who was registered under that number."""
    name = "adt-a31-update" if update else "adt-a04-registration"
    text = _read(f"hl7v2/{name}/input.hl7").replace("\n", "\r")
    sender = "LAKEADT|LAKESHORE^2.16.840.1.113883.3.9999.5^ISO"
    for old, new in {
        sender: "SUNEHR|SUNRISE",
        "|LK-0001|": f"|R{number}|",
        "|LK-0003|": f"|U{number}|",
        "44120^": f"7{number:06}^",
        "44877^": f"7{number:06}^",
        "V00417": f"V7{number:06}",
    }.items():
        text = text.replace(old, new)
    return text.encode()


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One message: through which source, its bytes, and the case of what is about the city's own."""

    kind: str
    source: str
    body: bytes
    case: int = 0


def messages(seed: int = 2026) -> Iterator[Piece]:
    """A city's messages, without end."""
    chance = Random(seed)
    numbers = {name: count(1) for name in ("cad", "eido", "feed")}
    going: dict[str, deque[tuple[int, int, int]]] = {"cad": deque(), "eido": deque()}
    turns: Counter[str] = Counter()
    sent: deque[Piece] = deque(maxlen=100)
    met: deque[int] = deque(maxlen=40)
    opened = 0
    while True:
        order = [kind for kind, times in MIX.items() for _ in range(times)]
        chance.shuffle(order)
        for kind in order:
            turns[kind] += 1
            if kind == "contact" and met:
                case = met.popleft()
                yield Piece(kind=kind, source=APP, body=contact(case), case=case)
            elif kind == "again" and sent:
                yield Piece(kind=kind, source=sent[0].source, body=sent[0].body)
            elif kind == "feed":
                number, update = divmod(turns[kind] - 1, 2)
                yield Piece(kind=kind, source=str(FEED["name"]), body=registration(number + 1, update=bool(update)))
            else:
                kind = kind if kind == "eido" else "cad"
                piece = _told(kind, going[kind], numbers[kind], turns[kind])
                if piece.case > opened:
                    opened = piece.case
                    met.append(opened)
                sent.append(piece)
                yield piece


def _told(kind: str, going: deque[tuple[int, int, int]], numbers: Iterator[int], turn: int) -> Piece:
    """The next about an incident that goes on, if its time has come, else the first about another."""
    if going and going[0][0] <= turn:
        _, case, stage = going.popleft()
    else:
        case, stage = next(numbers), 0
    if stage < (2 if kind == "cad" else 1):
        going.append((turn + LATER[kind], case, stage + 1))
    return Piece(
        kind=kind,
        source=CAD if kind == "cad" else EIDO,
        case=case if kind == "cad" else 0,
        body=event(case, stage) if kind == "cad" else eido(case, stage),
    )


@dataclass
class City:
    """Sends a city's messages to a hub, and knows what was acknowledged."""

    http: int
    mllp: int
    #: by kind, how many were acknowledged
    taken: Counter[str] = field(default_factory=Counter)
    #: the numbers that the hub gave to what came over HTTP
    numbers: set[int] = field(default_factory=set)
    #: by case of a contact, when it was to be sent (monotonic seconds)
    due: dict[int, float] = field(default_factory=dict)
    refused: int = 0
    #: answers that said: not now
    put_off: int = 0

    async def send(self, seconds: float, rate: float) -> None:
        """Sends for so long, so many a second."""
        self._feeder = Feeder(self.http)
        self._feed: asyncio.Queue[Piece | None] = asyncio.Queue()
        began = time.monotonic()
        pieces = messages()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send_feed())
            for number in range(int(seconds * rate)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                piece = next(pieces)
                if piece.kind == "contact":
                    self.due[piece.case] = due
                if piece.kind == "feed":
                    self._feed.put_nowait(piece)
                else:
                    group.create_task(self._send(piece))
            self._feed.put_nowait(None)
        self._feeder.close()

    async def _send(self, piece: Piece) -> None:
        while (answer := await self._feeder.post(piece.source, piece.body))[0] in (429, 503):
            self.put_off += 1  # not taken yet: it is sent again, as any sender does
            await asyncio.sleep(1)
        status, said = answer
        if status not in (200, 202):
            self.refused += 1
            return
        self.taken[piece.kind] += 1
        self.numbers.add(int(json.loads(said)["message"]))

    async def _send_feed(self) -> None:
        """One connection, one message after the other, as an interface engine does."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.mllp)
        while (piece := await self._feed.get()) is not None:
            writer.write(b"\x0b" + piece.body + b"\x1c\r")
            answer = await reader.readuntil(b"\x1c\r")
            good = b"\rMSA|AA|" in answer or b"\rMSA|CA|" in answer
            self.taken[piece.kind] += good
            self.refused += not good
        writer.close()
        await writer.wait_closed()


def resident(pid: int) -> int:
    """A process's memory in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
