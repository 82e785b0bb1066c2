"""Budget `v2-translate`: an ADT^A04 to Bundle bytes, against @medplum/core `Hl7Message.parse` alone of the same bytes.

The message is the golden sample of a registration: 11 segments with a person, next of kin, a visit, a diagnosis, an
allergy and insurance. Each message is another person's: control id, numbers, names, birth, address, telephones, next of
kin, insurance number, visit and times differ, and there are more of them than any memory of ours holds, so that nothing
is fast because it was seen before; the staff, the places and the codes are the same, as they are in a feed. Ours
parses, translates, keys the ids, accounts for every field and writes JSON; the reference cuts the message into
segments, fields and components. Both run on one core in one process each, warmed up.

It is measured twice: as plain Python (`v2-translate`) and with the compiled modules of `make compiled`
(`v2-compiled`), where there is a C compiler.

The reference needs Node 22 or newer, as `bench_check` has it. Without it the ratio is None: not measured, never passed.

    python -m benchmarks.bench_v2_translate
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from benchmarks.bench_check import MEDPLUM, node_with_core
from benchmarks.compiled import ROOT, compiled_site, environment
from mappings import Partner, translate_v2
from profiles.check import check

SAMPLE = Path(__file__).parent.parent / "samples" / "hl7v2" / "adt-a04-registration" / "input.hl7"

BUDGET = 2.0
AIM = 1.0
SECONDS = 2.0
#: More than the 4096 values that the largest of our memories keeps.
MESSAGES = 5000

_ROUNDS = 3
_NOW = datetime(2026, 1, 15, tzinfo=UTC)
_PARTNER = Partner(id="lakeshore")
_NODE_SCRIPT = """
import { readFileSync } from 'node:fs';
import { Hl7Message } from '@medplum/core';
const messages = JSON.parse(readFileSync('messages.json'));
const spend = (seconds) => {
  const start = performance.now(); let n = 0;
  while (performance.now() - start < seconds * 1000) { for (const one of messages) Hl7Message.parse(one); n += messages.length; }
  return n / ((performance.now() - start) / 1000);
};
if (Hl7Message.parse(messages[0]).segments.length < Number(process.argv[3])) throw new Error('not cut as expected');
spend(Number(process.argv[2]));
console.log(spend(Number(process.argv[2])));
"""  # noqa: E501 - a program of its own


#: The same measure in a process that imports the compiled modules.
_COMPILED_SCRIPT = """
from benchmarks.bench_v2_translate import SECONDS, messages, rate
from mappings.hl7v2.feed import translate
assert not translate.__file__.endswith('.py'), 'the modules are not the compiled ones'
print(rate(messages(), SECONDS))
"""

_LETTERS = "bdfgklmnprstvz"


def _word(word: bytes, n: int) -> bytes:
    """The sample's word with an end of its own: of the same shape, in no other message."""
    tail = "".join(_LETTERS[n // len(_LETTERS) ** place % len(_LETTERS)] for place in range(4))
    return word[:3] + tail.encode() + word[3:-2]


def messages() -> list[bytes]:
    """The sample's message, each time about another person, visit and time."""
    given = SAMPLE.read_bytes()
    made = []
    for n in range(MESSAGES):
        one = given.replace(b"LK-0001", b"LK-%05d" % n).replace(b"|44120^", b"|%05d^" % (40000 + n))
        one = one.replace(b"V00417", b"V%05d" % n).replace(b"WI-99-8120", b"WI-%07d" % n)
        for word in (b"Quorrigan", b"Quorry", b"Jordan", b"Morgan", b"Millbrook"):
            one = one.replace(word, _word(word, n))
        one = one.replace(b"1420 Sample", b"%d Sample" % (1000 + n)).replace(b"77 Example", b"%d Example" % (7 + n))
        one = one.replace(b"5550142", b"555%04d" % n).replace(b"5550143", b"556%04d" % n)
        one = one.replace(b"5550177", b"557%04d" % n).replace(b"MEM-55123", b"MEM-%05d" % n)
        one = one.replace(b"198904171430", b"19%02d%02d%02d%02d30" % (40 + n % 60, 1 + n % 12, 1 + n % 28, n % 24))
        times = (b"20260114221830", b"20260114222900", b"20260114225500", b"20260114230200", b"20260114230211")
        for turn, time in enumerate(times):
            told = b"202601%02d%s%02d%02d" % (11 + n // 3600, time[8:10], (n // 60 + turn) % 60, n % 60)
            one = one.replace(time, told)
        made.append(one)
    return made


def rate(work: list[bytes], seconds: float) -> float:
    """Messages a second to Bundle bytes, after a warm-up."""
    for message in work[:500]:
        orjson.dumps(translate_v2(message, partner=_PARTNER, now=_NOW).bundle)
    done, start = 0, perf_counter()
    while (spent := perf_counter() - start) < seconds:
        for message in work:
            orjson.dumps(translate_v2(message, partner=_PARTNER, now=_NOW).bundle)
        done += len(work)
    return done / spent


def _reference(node: str, folder: Path, segments: int) -> float | None:
    command = [node, "reference.mjs", str(SECONDS), str(segments)]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    except (subprocess.SubprocessError, OSError):
        return None
    return float(done.stdout)


def measure() -> dict[str, Any]:
    """The row of `make bench` for plain Python: ratio of times, ours to the reference's; None where it was not run."""
    return _row("v2-translate", rate)


def compiled() -> dict[str, Any]:
    """The row of the compiled modules."""
    site = compiled_site()
    if site is None:
        row = {"name": "v2-compiled", "ratio": None, "budget": BUDGET, "aim": AIM, "holds": None}
        return row | {"detail": "no C compiler or no header of this Python to compile the modules with"}

    def measured(work: list[bytes], seconds: float) -> float:
        command = [sys.executable, "-c", _COMPILED_SCRIPT]
        done = subprocess.run(command, env=environment(site, ROOT), capture_output=True, text=True, check=True)
        return float(done.stdout)

    return _row("v2-compiled", measured)


def _row(name: str, of: Callable[[list[bytes], float], float]) -> dict[str, Any]:
    work = messages()
    bundle = translate_v2(work[0], partner=_PARTNER, now=_NOW).bundle
    if any(issue.severity in ("error", "fatal") for issue in check(bundle)):
        raise RuntimeError("the Bundle that is measured is not right FHIR")
    segments = len(work[0].strip(b"\r").split(b"\r"))
    mine: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        node = node_with_core(folder)
        if node is not None:
            (folder / "reference.mjs").write_text(_NODE_SCRIPT)
            (folder / "messages.json").write_text(json.dumps([one.decode() for one in work]))
        for _ in range(_ROUNDS):
            mine.append(of(work, SECONDS))
            reference = _reference(node, folder, segments) if node is not None else None
            if reference is None:
                break
            theirs.append(reference)
    best = max(mine)
    row: dict[str, Any] = {"name": name, "ratio": None, "budget": BUDGET, "aim": AIM, "holds": None}
    size, made = len(work[0]), len(orjson.dumps(bundle))
    said = (
        f"{best:.0f} messages/s of {size} bytes and {segments} segments to {len(bundle['entry'])} entries, {made} bytes"
    )
    if len(theirs) < _ROUNDS:
        return row | {"detail": f"{said}; no Node 22 with @medplum/core to compare with"}
    ratio = round(max(theirs) / best, 3)
    detail = f"{said}; @medplum/core {MEDPLUM} cuts {max(theirs):.0f} a second"
    return row | {"ratio": ratio, "holds": ratio <= BUDGET, "detail": detail}


if __name__ == "__main__":
    print(json.dumps([measure(), compiled()], indent=2))
