"""Any bytes at the HL7 v2 door: no crash, no hang, no memory that grows, no positive ACK for what was not stored.

The short form is part of every run; the long one (`make proof`) gives a million inputs, guided by coverage where
Atheris is installed, and keeps what it saw under benchmarks/results/. HANDOFF_FUZZ_INPUTS says how many instead.
It goes on where it was stopped (`fuzz_v2_parts`).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import json
import logging
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.ingest import v2
from mappings.hl7v2.codec import parse
from mappings.hl7v2.framing import Broken, Frames
from tests.hub.conftest import build as build
from tests.hub.conftest import empty_database as empty_database
from tests.proofs import fuzz_v2_parts
from tests.proofs.fuzz_v2 import SECRET, look, mutated


def test_any_bytes_keep_every_promise() -> None:
    for data in itertools.islice(mutated(20261123), 1500):
        look(data)


def _feeds(document: dict[str, Any]) -> None:
    document["hub"]["mllp_port"] = 0
    document["mllp"] = {"idle": 5.0, "frame": 5.0, "max_message": 4096}
    for name, more in (("city-feed", {}), ("other-feed", {"batches": True})):
        application = "CAD" if more else "CAD^1.2.3^ISO"
        document["source"].append(
            {
                "name": name,
                "organization": "riverton-pd",
                "reads": "hl7v2",
                "mllp": {"application": application, "facility": "CITY", **more},
            }
        )


async def test_a_hub_answers_any_stream_and_says_yes_only_to_what_it_has(build: Any) -> None:
    """Whole streams over a socket into a real store: each AA and CA names a message that is there, byte for byte."""
    world = build(_feeds)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    server = await v2.listen(world.hub, 0)
    yes: set[tuple[str, str]] = set()
    try:
        for data in itertools.islice(mutated(7), 150):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(data)
            writer.write_eof()
            frames = Frames(limit=1_000_000)
            async with asyncio.timeout(60):
                with contextlib.suppress(ConnectionError):
                    frames.feed(await reader.read())
            writer.close()
            while (piece := frames.take()) is not None:
                assert not isinstance(piece, Broken)
                answer = parse(piece.payload)
                if answer.get("MSA-1") in ("AA", "CA"):
                    yes.add((str(answer.get("MSA-2")), str(answer.get("MSH-5"))))
    finally:
        await server.close()
        logging.getLogger().removeHandler(handler)
    kept = [parse(world.body(one.id)) for one in world.messages(state="received", limit=10_000)]
    assert yes
    assert yes <= {(str(one.get("MSH-10")), str(one.get("MSH-3"))) for one in kept}
    assert SECRET not in written.getvalue()
    assert server.counts.failed == 0


def test_parts_count_while_what_is_fuzzed_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "found.json"
    asked = []

    def part(command: list[str], **_: Any) -> Any:
        asked.append(command[-2:])
        line = {"inputs": int(command[-2]), "longest_input_seconds": 0.1, "grown_bytes_after_first_quarter": 0}
        return subprocess.CompletedProcess(command, 0, stdout=json.dumps(line), stderr="")

    monkeypatch.setattr(subprocess, "run", part)
    assert fuzz_v2_parts.run(5, path, 2) is None
    assert fuzz_v2_parts.run(6, path, 2) is None
    assert asked == [["2", "1"], ["2", "2"], ["1", "3"], ["1", "4"]]
    assert json.loads(path.read_text())["inputs"] == 6
    monkeypatch.setattr(fuzz_v2_parts, "source", lambda: "other")
    assert fuzz_v2_parts.kept(path) == []
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, stdout="", stderr="x"))
    assert fuzz_v2_parts.run(1, path) == "seed 1: x"


@pytest.mark.proof
def test_a_million_inputs() -> None:
    runs = int(os.environ.get("HANDOFF_FUZZ_INPUTS", str(fuzz_v2_parts.WANTED)))
    path = fuzz_v2_parts.results()
    assert fuzz_v2_parts.run(runs, path) is None
    found = json.loads(path.read_text())
    assert found["inputs"] >= runs
    assert found["longest_input_seconds"] < 5
    assert found["most_grown_bytes"] < 64 * 1024 * 1024
