"""The long form: small faults put into the release decision, each found by a test or explained."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof import mutation
from tests.proof.mutants import mutants

ROOT = Path(__file__).parents[3]


@pytest.mark.proof
@pytest.mark.parametrize("module", mutation.MODULES)
def test_every_fault_in_the_decision_is_found_or_explained(module: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("markexpr") != "proof":
        pytest.skip("minutes of a processor each: only when long forms are asked for (-m proof)")
    made = subprocess.run(
        [sys.executable, "-m", "tests.proof.mutation", "--again", module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]


@pytest.mark.proof
def test_each_explanation_is_of_a_mutant_that_is_looked_at() -> None:
    every = {one.key for module in mutation.MODULES for one in mutants(module)}
    assert set(json.loads(mutation.EXPLAINED.read_text())) <= every


def test_a_mutant_is_one_change_and_still_a_module() -> None:
    made = mutants("purpose")
    assert made
    assert len({one.key for one in made}) == len(made)
    for one in made[:5]:
        compile(one.source, "mutant", "exec")
        assert one.was != one.now
