"""A million rows need the memory that fifty thousand need. Its short form is the benchmark `memory`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.bench_memory import measure

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results"


@pytest.mark.proof
def test_a_million_rows_need_no_more_memory() -> None:
    row = measure(1_000_000)
    if row["ratio"] is None:
        pytest.skip(row["detail"])
    now = datetime.now(UTC)
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"proof": "memory of a bulk translation", "at": now.isoformat(timespec="seconds"), **row}
    (RESULTS / f"{now:%Y-%m-%d}-bulk-memory.json").write_text(json.dumps(result, indent=1) + "\n")
    assert row["holds"]
