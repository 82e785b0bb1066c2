"""A million inputs at the HL7 v2 door, a part at a time; what was done is kept, and a run that was stopped goes on.

    python -m tests.proofs.fuzz_v2_parts                    what is left of a million
    python -m tests.proofs.fuzz_v2_parts --inputs 2000000   of two
    python -m tests.proofs.fuzz_v2_parts --state            how many count by now

Each part has a seed of its own and runs in a process of its own. Parts count as long as what is fuzzed, and the
promises it is held to, are the same files: `FUZZED`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_RESULTS = ROOT / "benchmarks" / "results"
WANTED = 1_000_000
#: Inputs of one part: long enough that coverage guides them, short enough to lose one.
PART = 50_000
#: What the inputs are given to, and `look` itself.
FUZZED = (
    "hub/delivery/hl7v2.py",
    "mappings/hl7v2/acknowledgement.py",
    "mappings/hl7v2/batch.py",
    "mappings/hl7v2/build.py",
    "mappings/hl7v2/codec.py",
    "mappings/hl7v2/delimiters.py",
    "mappings/hl7v2/explain.py",
    "mappings/hl7v2/first_line.py",
    "mappings/hl7v2/framing.py",
    "mappings/hl7v2/times.py",
    "tests/proofs/fuzz_v2.py",
)
Part = dict[str, Any]


def source() -> str:
    """The digest of what is fuzzed."""
    made = hashlib.sha256()
    for name in FUZZED:
        made.update((ROOT / name).read_bytes())
    return made.hexdigest()[:16]


def results() -> Path:
    """The file of the last run, or of today's first."""
    kept = sorted(_RESULTS.glob("*-fuzz-v2.json"))
    return kept[-1] if kept else _RESULTS / f"{datetime.now(UTC).date()}-fuzz-v2.json"


def kept(path: Path) -> list[Part]:
    """The parts of that file that count now."""
    found = json.loads(path.read_text()) if path.exists() else {}
    return list(found["parts"]) if found.get("source") == source() else []


def keep(path: Path, parts: Sequence[Part]) -> None:
    """Writes what was done; earlier parts of other code go."""
    summary = {
        "proof": "any bytes at the HL7 v2 door",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": source(),
        "inputs": sum(one["inputs"] for one in parts),
        "longest_input_seconds": max(one["longest_input_seconds"] for one in parts),
        "most_grown_bytes": max(one["grown_bytes_after_first_quarter"] for one in parts),
        "parts": list(parts),
    }
    path.write_text(json.dumps(summary, indent=1) + "\n")


def run(wanted: int, path: Path, part: int = PART) -> str | None:
    """Runs what is left, and keeps each part at once. None, or the end of what a part said that failed."""
    parts = kept(path)
    while (left := wanted - sum(one["inputs"] for one in parts)) > 0:
        seed = len(parts) + 1
        done = subprocess.run(
            [sys.executable, "-m", "tests.proofs.fuzz_v2", str(min(part, left)), str(seed)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not lines:
            return f"seed {seed}: {done.stderr[-4000:]}"
        parts.append({"seed": seed, **json.loads(lines[-1])})
        keep(path, parts)
        _say(f"{sum(one['inputs'] for one in parts)} of {wanted}")
    return None


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.fuzz_v2_parts")
    parser.add_argument("--inputs", type=int, default=WANTED)
    parser.add_argument("--state", action="store_true")
    given = parser.parse_args(arguments)
    if given.state:
        _say(str(sum(one["inputs"] for one in kept(results()))))
        return 0
    failed = run(given.inputs, results())
    if failed is not None:
        _say(failed)
    return 1 if failed is not None else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
