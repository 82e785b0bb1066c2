"""The properties of release, each on as many examples as are asked for, a part at a time, and what came of it is kept.

The functions are those that `make test` runs on few examples. Each part has a seed of its own and runs in a process of
its own. What was done counts as long as `hub/release` and the test's file are the same; a run that was stopped goes on
where it was.

    python -m tests.proof.properties                        all of them, 100,000 examples each
    python -m tests.proof.properties --examples 5000 sealed these, by a part of their name
    python -m tests.proof.properties --list
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.proof.examples import ASKED

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests" / "hub" / "release"
_RESULTS = ROOT / "benchmarks" / "results"
#: So many of each, and so many at a time.
WANTED = 100_000
PART = 2_000

#: Each property: its file and its function. None takes a fixture.
PROPERTIES: tuple[tuple[str, str], ...] = (
    ("test_properties_sealed", "test_nothing_withheld_is_in_what_leaves_and_it_is_as_if_it_were_deleted"),
    ("test_properties_release", "test_released_is_what_an_input_without_the_withheld_thing_gives"),
    ("test_properties_release", "test_permits_never_grow_when_a_deny_is_added"),
    ("test_properties_release", "test_order_of_consents_does_not_matter"),
    ("test_properties_release", "test_the_decision_for_an_entry_does_not_depend_on_others"),
    ("test_properties_release", "test_part2_goes_by_consent_alone_and_with_its_notice"),
    ("test_properties_release", "test_any_provision_is_decided"),
    ("test_properties_part2", "test_nothing_of_part2_goes_that_no_single_consent_names"),
    ("test_view", "test_s62_every_answer_is_that_of_a_store_without_the_withheld"),
    ("test_view", "test_s62_a_change_of_the_withheld_is_no_notification"),
    ("test_view", "test_s62_the_audit_of_the_withheld_is_not_seen"),
)


def source(file: str) -> str:
    """The digest of what a property is about: all of `hub/release`, and its own file."""
    made = hashlib.sha256()
    for path in [*sorted((ROOT / "hub" / "release").glob("*.py")), TESTS / f"{file}.py"]:
        made.update(path.read_bytes())
    return made.hexdigest()[:16]


def results() -> Path:
    """The file of the last run, or of today's first."""
    kept = sorted(_RESULTS.glob("*-release-properties.json"))
    return kept[-1] if kept else _RESULTS / f"{datetime.now(UTC).date()}-release-properties.json"


def _part(file: str, name: str, seed: int) -> None:
    """One part, in this process: prints how many examples the function was called with; raises what it raises."""
    import hypothesis

    spec = importlib.util.spec_from_file_location(file, TESTS / f"{file}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file] = module
    spec.loader.exec_module(module)
    function: Any = getattr(module, name)
    inner: Callable[..., None] = function.hypothesis.inner_test
    count = 0

    def counted(*given: Any, **named: Any) -> None:
        nonlocal count
        inner(*given, **named)
        count += 1

    function.hypothesis.inner_test = counted
    hypothesis.seed(seed)(function)()
    print(count)


def run(chosen: Sequence[tuple[str, str]], wanted: int) -> list[str]:
    """Runs what is left of each property. Returns those that failed, with the end of what they said."""
    failed: list[str] = []
    for file, name in chosen:
        done = _kept(file, name)
        turn = len(done)
        while sum(done) < wanted:
            began = time.monotonic()
            asked = str(min(PART, wanted - sum(done)))
            made = subprocess.run(
                [sys.executable, "-m", "tests.proof.properties", "--part", file, name, str(turn)],
                cwd=ROOT, env={**os.environ, ASKED: asked}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if made.returncode:
                failed.append(f"{name}, seed {turn}: {made.stdout[-500:]}{made.stderr[-3000:]}")
                print(failed[-1], flush=True)  # at once: the others take hours
                break
            done.append(int(made.stdout.split()[-1]))
            turn += 1
            _keep(file, name, done)
            print(f"{name}: {sum(done)} of {wanted} ({time.monotonic() - began:.0f} s)", flush=True)
    return failed


def _kept(file: str, name: str) -> list[int]:
    path = results()
    row = json.loads(path.read_text()).get(name, {}) if path.exists() else {}
    return list(row["parts"]) if row.get("source") == source(file) else []


def _keep(file: str, name: str, done: list[int]) -> None:
    path = results()
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept[name] = {"source": source(file), "examples": sum(done), "failed": 0, "parts": done}
    path.write_text(json.dumps(kept, indent=1) + "\n")


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.properties")
    parser.add_argument("names", nargs="*", help="parts of names; all properties without any")
    parser.add_argument("--examples", type=int, default=WANTED)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--part", nargs=3, metavar=("FILE", "NAME", "SEED"), help="one part, in this process")
    given = parser.parse_args(arguments)
    if given.part:
        _part(given.part[0], given.part[1], int(given.part[2]))
        return 0
    chosen = [one for one in PROPERTIES if not given.names or any(part in "::".join(one) for part in given.names)]
    if given.list:
        print(*("::".join(one) for one in chosen), sep="\n")
        return 0
    return 1 if run(chosen, given.examples) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
