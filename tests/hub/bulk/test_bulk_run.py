"""A bulk translation's folder: what is in it, and that a run that was stopped ends in the same bytes."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hub.bulk import engines
from hub.bulk.engines import Work
from hub.bulk.output import State
from hub.bulk.progress import Lines, Silent
from hub.bulk.run import Bulk, run
from hub.cli import app
from hub.errors import HubError
from mappings.bulk import Chunk, Done, job_for

SAMPLES = Path(__file__).parents[3] / "samples"
NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
CALLS = (SAMPLES / "new-orleans-cad" / "new-year-2017" / "input.csv").read_bytes()


def calls(times: int) -> bytes:
    """The sample's rows again and again under other numbers, with a broken row now and then."""
    header, *rows = CALLS.splitlines(keepends=True)
    made = [header]
    for n in range(times):
        for row in rows:
            made.append(b"%b%d%b" % (row[:1], n, row[1:]))
        made.append(b"broken,row\n")
    return b"".join(made)


@pytest.fixture
def bulk(tmp_path: Path) -> Bulk:
    for name, times in (("a.csv", 4), ("b.csv", 2)):
        (tmp_path / name).write_bytes(calls(times))
    return Bulk(
        job=job_for("new-orleans-cad", now=NOW),
        inputs=(str(tmp_path / "a.csv"), str(tmp_path / "b.csv")),
        folder=tmp_path / "out",
        size=7,
        checkpoint=0,
    )


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ── what is written ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_manifest_says_what_is_there(bulk: Bulk) -> None:
    counts = run(replace(bulk, base="https://hub.example/bulk/"), Silent())
    assert counts.rows == counts.translated + counts.rejected
    assert counts.rejected == 6
    manifest = json.loads((bulk.folder / "manifest.json").read_text())
    assert set(manifest) == {"transactionTime", "request", "requiresAccessToken", "output", "error"}
    assert manifest["transactionTime"] == "2026-01-15T08:00:00Z"
    assert manifest["requiresAccessToken"] is False
    for one in (*manifest["output"], *manifest["error"]):
        assert one["url"].startswith("https://hub.example/bulk/")
        lines = (bulk.folder / one["url"].rsplit("/", 1)[1]).read_bytes().splitlines()
        assert len(lines) == one["count"] > 0
        assert {orjson.loads(line)["resourceType"] for line in lines} == {one["type"]}
    types = [one["type"] for one in manifest["output"]]
    assert types == sorted(types)
    assert {"Encounter", "Location", "Organization", "Provenance"} <= set(types)
    rejected = [json.loads(line) for line in (bulk.folder / "rejected.ndjson").read_text().splitlines()]
    assert [one["input"] for one in rejected] == [1, 1, 1, 1, 2, 2]
    assert {one["rule"] for one in rejected} == {"read.row-short"}
    account = json.loads((bulk.folder / "account.json").read_text())
    assert (account["rows"], account["translated"], account["rejected"]) == (
        counts.rows, counts.translated, counts.rejected,
    )  # fmt: skip
    assert sum(one["count"] for one in account["issues"]) == counts.issues


def test_what_many_records_share_is_written_once(bulk: Bulk) -> None:
    run(bulk, Silent())
    ids = [orjson.loads(line)["id"] for line in (bulk.folder / "Organization.ndjson").read_bytes().splitlines()]
    assert len(ids) == len(set(ids)) == 1


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_the_files_are_for_their_owner_only(bulk: Bulk) -> None:
    run(bulk, Silent())
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (bulk.folder, *bulk.folder.iterdir())}
    assert modes == {0o700, 0o600}


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    what = Bulk(job=job_for("new-orleans-cad", now=NOW), inputs=(str(tmp_path / "empty.csv"),), folder=tmp_path / "out")
    assert run(what, Silent()).rows == 0
    assert json.loads((what.folder / "manifest.json").read_text())["output"] == []


def test_two_workers_write_the_same(bulk: Bulk, tmp_path: Path) -> None:
    run(bulk, Silent())
    run(replace(bulk, folder=tmp_path / "two", workers=2), Silent())
    assert everything(tmp_path / "two") == everything(bulk.folder)


# ── stopped and taken up ──────────────────────────────────────────────────────────────────────────────────────────


class _StoppedError(Exception):
    """Stands for a kill."""


def _stopping(after: int) -> Callable[..., Iterator[Done]]:
    def engine(work: Work, chunks: Iterable[Chunk], workers: int, address: str | None) -> Iterator[Done]:
        for number, chunk in enumerate(chunks):
            if number >= after:
                raise _StoppedError
            yield work(chunk)

    return engine


def test_a_stopped_run_ends_in_the_same_bytes(bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(replace(bulk, folder=tmp_path / "whole"), Silent())
    stops = 0
    while True:
        monkeypatch.setitem(engines.ENGINES, "processes", _stopping(1 + stops % 3))
        # A time that nobody chose is that of the first run.
        job = replace(bulk.job, now=NOW if stops == 0 else datetime(2030, 1, 1, tzinfo=UTC))
        try:
            counts = run(replace(bulk, job=job), Silent())
        except _StoppedError:
            stops += 1
            # A kill tears a line, and leaves what no checkpoint speaks of.
            with (bulk.folder / "Encounter.ndjson").open("ab") as file:
                file.write(b'{"torn')
            with (bulk.folder / "journal.ndjson").open("ab") as file:
                file.write(b'{"torn')
            (bulk.folder / "Patient.ndjson").write_bytes(b"{}\n")
            continue
        break
    assert stops > 3
    assert 0 < counts.resumed < counts.rows
    assert everything(bulk.folder) == everything(tmp_path / "whole")


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_stop_ends_in_the_same_bytes(
    bulk: Bulk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    """Whatever of the unjournaled end of each file reached the disk."""
    folder = tmp_path_factory.mktemp("bulk")
    run(replace(bulk, folder=folder / "whole", checkpoint=9), Silent())
    out = folder / "out"
    for _ in range(data.draw(st.integers(1, 3))):
        with monkeypatch.context() as patch:
            patch.setitem(engines.ENGINES, "processes", _stopping(data.draw(st.integers(0, 5))))
            with contextlib.suppress(_StoppedError):
                run(replace(bulk, folder=out, checkpoint=data.draw(st.sampled_from([0, 9]))), Silent())
                break  # it came to its end: a whole run is left as it is
        for path in sorted(out.glob("*.ndjson")):
            with path.open("ab") as file:
                file.write(data.draw(st.sampled_from([b"", b"{", b'{"resourceType":"Encounter"}\n', b"\n"]))[
                    : None if path.name != "journal.ndjson" else 1
                ])  # fmt: skip
    run(replace(bulk, folder=out), Silent())
    assert everything(out) == everything(folder / "whole")


def test_a_complete_run_is_left_as_it_is(bulk: Bulk) -> None:
    first = run(bulk, Silent())
    before = everything(bulk.folder)
    assert run(bulk, Silent()) == replace(first, resumed=first.rows)
    assert everything(bulk.folder) == before


def test_another_input_pack_or_time_is_another_run(bulk: Bulk) -> None:
    run(bulk, Silent())
    for other in (
        replace(bulk, inputs=bulk.inputs[:1]),
        replace(bulk, size=8),
        replace(bulk, base="https://x/"),
        replace(bulk, job=job_for("seattle-cad", now=NOW)),
        replace(bulk, job=replace(bulk.job, now=datetime(2030, 1, 1, tzinfo=UTC)), now_given=True),
    ):
        with pytest.raises(HubError) as caught:
            run(other, Silent())
        assert caught.value.rule == "bulk.other-run"
    with Path(bulk.inputs[0]).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(HubError):
        run(bulk, Silent())


def test_a_folder_with_something_else_in_it_is_not_touched(bulk: Bulk) -> None:
    bulk.folder.mkdir()
    (bulk.folder / "Patient.ndjson").write_text("mine")
    with pytest.raises(HubError) as caught:
        run(bulk, Silent())
    assert caught.value.rule == "bulk.other-run"
    assert everything(bulk.folder) == {"Patient.ndjson": b"mine"}


def test_a_row_that_an_engine_loses_stops_the_run(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    def losing(work: Work, chunks: Iterable[Chunk], workers: int, address: str | None) -> Iterator[Done]:
        for chunk in chunks:
            short = replace(chunk, items=chunk.items[1:], indexes=chunk.indexes[1:], lines=chunk.lines[1:])
            yield work(short)

    monkeypatch.setitem(engines.ENGINES, "processes", losing)
    with pytest.raises(HubError) as caught:
        run(bulk, Silent())
    assert caught.value.rule == "bulk.lost-row"


# ── telling ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_tell_rate_time_and_issues(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    told = Lines(lambda: now)
    told(State(rows=100), 1000, 10_000)
    for now, rows in ((5.0, 200), (10.0, 1100), (15.0, 1500), (20.0, 2100)):  # noqa: B007 read by the clock above
        told(State(rows=rows, rejected=3), rows * 2, 10_000)
    assert capsys.readouterr().err.splitlines() == [
        "1100 rows, 100 rows/s, 0:01:05 left, 0 issues, 3 rejected",
        "2100 rows, 100 rows/s, 0:00:36 left, 0 issues, 3 rejected",
    ]


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command(bulk: Bulk) -> None:
    words = ["bulk", "--source", "new-orleans-cad", "--out", str(bulk.folder), "--workers", "1", *bulk.inputs]
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 1, first.output
    assert "rows in 66 = translated 60 + rejected 6" in first.stdout
    again = CliRunner().invoke(app, [*words, "--json"])
    assert again.exit_code == 1
    assert json.loads(again.stdout)["resumed"] == 66
    assert again.stderr == ""


def test_an_engine_that_is_not_installed_names_its_extra(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.cli.bulk.find_spec", lambda name: None)
    for engine in ("dask", "spark"):
        words = ["bulk", "--source", "new-orleans-cad", "--engine", engine, "--out", str(bulk.folder), *bulk.inputs]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2
        assert f"pip install 'warmhandoff[{engine}]'" in done.stderr
    assert not bulk.folder.exists()


@pytest.mark.parametrize(
    "words", [["--engine", "x"], ["--zone", "x"], ["--now", "x"], ["--scheduler", "tcp://x"], ["--workers", "0"]]
)
def test_usage(bulk: Bulk, words: list[str]) -> None:
    done = CliRunner().invoke(
        app, ["bulk", "--source", "new-orleans-cad", "--out", str(bulk.folder), *words, *bulk.inputs]
    )
    assert done.exit_code == 2
    assert not bulk.folder.exists()
