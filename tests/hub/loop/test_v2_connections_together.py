"""What several MLLP connections bring at the same time shares a commit, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from hub import pipeline
from hub.store import Tx
from mappings.hl7v2.codec import parse


def feeds(document: dict[str, Any]) -> None:
    document["hub"]["mllp_port"] = 0
    document["mllp"] = {}
    document["source"] += [
        {
            "name": f"feed-{who.lower()}",
            "organization": "riverton-pd",
            "reads": "hl7v2",
            "mllp": {"application": "CAD", "facility": who},
        }
        for who in ("EAST", "WEST")
    ]


def said(who: str, number: str, text: str = "one", version: str = "2.5.1") -> bytes:
    head = f"MSH|^~\\&|CAD|{who}|HUB|HUB|20261121150000-0600||ADT^A04^ADT_A01|{number}|P|{version}"
    return f"{head}\rPID|1||X1^^^CITY||Quarrybell\rNTE|1||{text}\r".encode()


async def test_each_connection_gets_its_own_answers_in_its_order(build: Any) -> None:
    world = build(feeds)
    entered, opened = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        entered.set()
        opened.wait(60)

    holder = asyncio.ensure_future(asyncio.to_thread(world.store.write, hold))
    await asyncio.to_thread(entered.wait, 60)
    east = [said("EAST", "A"), said("EAST", "B"), said("EAST", "C", version="3"), said("EAST", "B")]
    west = [said("WEST", "A", "two"), said("WEST", "A", "three"), said("WEST", "B")]
    also_east = [said("EAST", "B", "other"), said("EAST", "D")]
    waiting = [
        asyncio.ensure_future(pipeline.receive_all_v2(world.hub, frames, pipeline.Came()))
        for frames in (east, west, also_east)
    ]
    await asyncio.sleep(0)
    opened.set()
    answers = await asyncio.gather(*waiting)
    await holder
    assert [[(m.get("MSA-2"), m.get("MSA-1")) for m in map(parse, of_one)] for of_one in answers] == [
        [("A", "AA"), ("B", "AA"), ("C", "AR"), ("B", "AA")],
        [("A", "AA"), ("A", "AR"), ("B", "AA")],
        [("B", "AR"), ("D", "AA")],
    ]
    assert answers[0][1] == answers[0][3]  # the same message again, the same acknowledgement
    kept = sorted(world.messages(), key=lambda m: m.id)
    taken = [(m.source, world.body(m.id)) for m in kept if m.state == "received"]
    assert taken == [
        ("feed-east", east[0]),
        ("feed-east", east[1]),
        ("feed-west", west[0]),
        ("feed-west", west[2]),
        ("feed-east", also_east[1]),
    ]
    assert sorted(m.state for m in kept if m.state != "received") == ["held", "held", "rejected"]
