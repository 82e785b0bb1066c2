"""Bulk translation on a real Dask cluster of this machine, and on Spark where it is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CALLS = (ROOT / "samples" / "new-orleans-cad" / "new-year-2017" / "input.csv").read_bytes()


def _bulk(source: Path, out: Path, *words: str) -> dict[str, bytes]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "hub.cli", "bulk", "--source", "new-orleans-cad", "--now", "2026-01-15T08:00:00Z"),
            *("--out", str(out), *words, str(source)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.parametrize(("engine", "needs"), [("dask", "distributed"), ("spark", "pyspark")])
def test_an_engine_writes_what_one_process_writes(engine: str, needs: str, tmp_path: Path) -> None:
    if find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    header, *rows = CALLS.splitlines(keepends=True)
    source = tmp_path / "calls.csv"
    source.write_bytes(header + b"".join(b"%b%d%b" % (row[:1], n, row[1:]) for n in range(120) for row in rows))
    alone = _bulk(source, tmp_path / "alone", "--workers", "1")
    assert _bulk(source, tmp_path / engine, "--engine", engine, "--workers", "2") == alone
