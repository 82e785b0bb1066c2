"""Chunks and what is made of them: nothing lost, nothing made twice, whatever the bytes are."""

from __future__ import annotations

import io
import pickle
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings import Incident, Rejected, translate
from mappings.bulk import Done, Job, chunks, job_for, translate_chunk
from mappings.bulk.work import SHARED
from mappings.fhir.references import references
from mappings.packs import load_pack

SAMPLES = Path(__file__).parents[3] / "samples"
NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
CALLS = (SAMPLES / "new-orleans-cad" / "new-year-2017" / "input.csv").read_bytes()
JOB = job_for("new-orleans-cad", now=NOW)


def work(job: Job, data: bytes, size: int) -> list[Done]:
    return [translate_chunk(job, pickle.loads(pickle.dumps(one))) for one in chunks(job, io.BytesIO(data), size=size)]


def whole(done: list[Done]) -> tuple[int, int, int, dict[str, bytes], list[bytes]]:
    lines: dict[str, bytes] = {}
    for one in done:
        for kind, (_, data) in one.lines.items():
            lines[kind] = lines.get(kind, b"") + data
    return (
        sum(one.rows for one in done),
        sum(one.translated for one in done),
        sum(len(one.rejected) for one in done),
        lines,
        [line for one in done for line in one.rejected],
    )


# ── one chunk or many, the same ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1, 3, 500])
def test_the_size_of_chunks_changes_nothing(size: int) -> None:
    assert whole(work(JOB, CALLS, size)) == whole(work(JOB, CALLS, 7))


def test_the_lines_are_the_bundles_resources() -> None:
    made: dict[str, list[object]] = {}
    for incident in load_pack("new-orleans-cad").read(CALLS):
        assert isinstance(incident, Incident)
        for entry in translate(incident, agency=load_pack("new-orleans-cad").agency, now=NOW).bundle["entry"]:
            made.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    *_, lines, rejected = whole(work(JOB, CALLS, 4))
    assert not rejected
    for kind, data in lines.items():
        assert kind not in SHARED
        read = [orjson.loads(line) for line in data.splitlines()]
        assert [one["id"] for one in read] == [one["id"] for one in made[kind]]  # type: ignore[index]
    assert set(lines) | SHARED >= set(made)


def test_references_are_by_type_and_id_and_lead_somewhere() -> None:
    done = work(JOB, CALLS, 5)
    *_, lines, _ = whole(done)
    texts = [line for data in lines.values() for line in data.splitlines()]
    texts += [line for one in done for found in one.shared.values() for line in found.values()]
    resources = [orjson.loads(line) for line in texts]
    there = {f"{one['resourceType']}/{one['id']}" for one in resources}
    named = [name for one in resources for name in references(one)]
    assert named
    assert set(named) <= there


def test_a_text_that_looks_like_a_reference_stays_as_it_is() -> None:
    text = '"reference":"urn:uuid:00000000-0000-8000-8000-000000000000"'
    record = {"agency": "example-pd", "number": "1", "dispositions": [{"text": text}]}
    (done,) = work(Job(source="incident", now=NOW), orjson.dumps(record), 10)
    (encounter,) = (orjson.loads(line) for line in done.lines["Encounter"][1].splitlines())
    assert text in _texts(encounter)


def _texts(node: object) -> set[str]:
    if isinstance(node, dict):
        return set().union(*map(_texts, node.values()))
    if isinstance(node, list):
        return set().union(*map(_texts, node))
    return {node} if isinstance(node, str) else set()


# ── what travels ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_with_the_separator_in_it_travels_whole() -> None:
    data = CALLS.replace(b"NOPD", b"NO\x1fPD") + CALLS.splitlines()[1].replace(b",", b"\x1f,", 1) + b"\n"
    for one in chunks(JOB, io.BytesIO(data), size=5):
        assert pickle.loads(pickle.dumps(one)) == one


def test_groups_travel_with_their_rows(tmp_path: Path) -> None:
    folder = tmp_path / "units"
    folder.mkdir()
    (folder / "pack.yaml").write_text(
        "pack: {id: units, version: '1', agency: {id: example-pd, tz: America/Denver}}\n"
        "source: {format: csv, columns: [event, unit], group: event}\n"
        "incident:\n  event_number: {from: event}\n  units:\n    each_row: {id: {from: unit}}\n"
    )
    try:
        job = job_for(str(folder), now=NOW)
    except Exception:  # noqa: BLE001 the verbs of groups are the pack's tests' concern
        pytest.skip("another form of groups")
    data = b"event,unit\n1,A\n1,B\n2,C\n"
    made = list(chunks(job, io.BytesIO(data)))
    assert pickle.loads(pickle.dumps(made[0])).items[0].rows == made[0].items[0].rows
    assert whole(work(job, data, 1))[:3] == (2, 2, 0)


def test_a_pack_of_ones_own_travels_with_the_job(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "pack.yaml").write_text(
        "pack: {id: mine, version: '1', agency: {id: example-pd, tz: America/Denver}}\n"
        "source: {format: csv, columns: [event, nature]}\n"
        "incident:\n  event_number: {from: event}\n"
    )
    job = pickle.loads(pickle.dumps(job_for(str(folder), now=NOW)))
    before = job.digest()
    (folder / "pack.yaml").unlink()
    assert whole(work(job, b"event,nature\n1,x\n,y\n", 10))[:3] == (2, 1, 1)
    assert before == job.digest()


def test_another_key_agency_or_zone_is_another_job() -> None:
    jobs = [
        JOB,
        job_for("seattle-cad", now=NOW),
        job_for("new-orleans-cad", now=NOW, zone="UTC"),
        job_for("new-orleans-cad", now=NOW, namespace_key=b"x" * 32),
        job_for("new-orleans-cad", now=NOW, namespace_key=b"x" * 33),
    ]
    assert len({job.digest() for job in jobs}) == len(jobs)
    assert job_for("new-orleans-cad", now=datetime(2025, 1, 1, tzinfo=UTC)).digest() == JOB.digest()


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────

RECORD = {"agency": "example-pd", "number": "1"}


@pytest.mark.parametrize(
    ("data", "counts"),
    [
        (orjson.dumps(RECORD), (1, 1, 0)),
        (orjson.dumps(RECORD, option=orjson.OPT_INDENT_2), (1, 1, 0)),
        (orjson.dumps([RECORD, {}, RECORD]), (3, 2, 1)),
        (b"\xef\xbb\xbf\n" + orjson.dumps(RECORD) + b"\n\n{\n" + orjson.dumps(RECORD), (3, 2, 1)),
        (orjson.dumps([RECORD, 7, RECORD], option=orjson.OPT_INDENT_2), (3, 2, 1)),
        (b"[]", (1, 0, 1)),
        (b"[{", (1, 0, 1)),
        (b"{\n" + orjson.dumps(RECORD), (2, 1, 1)),
        (b"nothing", (1, 0, 1)),
        (b"", (0, 0, 0)),
        (b"\n \n", (0, 0, 0)),
    ],
)
def test_documents(data: bytes, counts: tuple[int, int, int]) -> None:
    assert whole(work(Job(source="incident", now=NOW), data, 2))[:3] == counts


def test_an_array_is_many_chunks() -> None:
    done = work(Job(source="incident", now=NOW), orjson.dumps([RECORD] * 5), 2)
    assert [one.rows for one in done] == [2, 2, 1]


def test_a_rejected_line_is_named_by_its_line_field_and_reason() -> None:
    data = orjson.dumps(RECORD) + b"\n\n" + b'{"agency": "example-pd", "contacts": 7}\n'
    *_, rejected = whole(work(Job(source="incident", now=NOW), data, 2))
    (found,) = map(orjson.loads, rejected)
    assert (found["input"], found["row"], found["line"]) == (1, 2, 3)
    assert {(one["field"], one["rule"]) for one in (found, *found.get("also", ()))} >= {("contacts", "read.wrong-type")}


def test_a_rejected_row_is_named_by_its_line_field_and_reason() -> None:
    lines = CALLS.splitlines(keepends=True)
    lines[3] = b"," + lines[3].split(b",", 1)[1]
    lines[5] = b"a,b\n"
    *_, rejected = whole(work(JOB, b"".join(lines), 2))
    found = [orjson.loads(line) for line in rejected]
    assert [(one["row"], one["line"], one["rule"]) for one in found] == [
        (3, 4, "read.no-key"),
        (5, 6, "read.row-short"),
    ]
    assert [one["field"] for one in found] == ["nopd_item", None]


# ── anything ──────────────────────────────────────────────────────────────────────────────────────────────────────

_CORRUPTION = st.tuples(
    st.integers(0, len(CALLS)),
    st.integers(0, 40),
    st.one_of(
        st.sampled_from([b'"', b'""', b"\n", b"\r", b",", b"\x00", b"\xff", b"\x1f", b"\xef\xbb\xbf", b'",\n"']),
        st.binary(max_size=8),
    ),
)


@given(st.lists(_CORRUPTION, max_size=6), st.integers(1, 9))
def test_rows_in_are_translated_or_rejected_whatever_the_file(wrong: list[tuple[int, int, bytes]], size: int) -> None:
    data = CALLS
    for at, gone, new in wrong:
        data = data[:at] + new + data[at + gone :]
    rows, translated, rejected, lines, _ = whole(work(JOB, data, size))
    direct = list(load_pack("new-orleans-cad").read(data))
    assert rows == translated + rejected == len(direct)
    assert rejected == sum(type(one) is Rejected for one in direct)
    assert lines.get("Encounter", b"").count(b"\n") == translated


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_rows_in_are_translated_or_rejected_whatever_the_json(data: bytes) -> None:
    for given_ in (data, orjson.dumps(RECORD) + b"\n" + data):
        rows, translated, rejected, *_ = whole(work(Job(source="incident", now=NOW), given_, 2))
        assert rows == translated + rejected
        assert rows > 0 or not given_.removeprefix(b"\xef\xbb\xbf").strip()
