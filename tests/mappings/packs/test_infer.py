"""A file nobody has seen becomes a draft: its form, times, codes. The private is not listed, nothing is active."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.errors import PackError, ReadError
from mappings.incident import Incident
from mappings.packs import compile_pack, shipped_packs
from mappings.packs.draft import MARK, draft, skeleton
from mappings.packs.file_form import FileForm, file_form
from mappings.packs.infer import Inference, infer
from mappings.packs.load import load_yaml
from mappings.packs.time_guess import TimeTrial

PACKS = Path(__file__).parents[3] / "mappings" / "packs"


def inferred(data: bytes) -> Inference:
    return infer(io.BytesIO(data), file_form(data))


def write(folder: Path, found: Inference, zone: str | None = "America/Denver") -> Path:
    for name, text in draft(found, pack="a-pack", agency="a-pd", zone=zone).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


CALLS = b"""Event No,Call Date,Call Time,Arrived,Nature,Nature Text,Units,Location,Result,Remarks,Caller Name,DOB,NCIC
26-1,01/14/2026,2302,2318,EDP,Emotionally disturbed,"2A14, 3C12",Mill St,REF,Talked on,Ann Ivorytree,01/02/1980,
26-2,01/25/2026,0000,0009,E.D.P.,Emotionally disturbed,2A14,Depot Square,GOA,,Bea Ivorytree,03/04/1981,record
26-3,01/26/2026,0114,0131,SUPP,Supplemental report,2A15,Depot Square,RPT,,,,
26-4,01/26/2026,0230
"""


# --- form


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"a,b\n1,2\n", ("csv", "utf-8", ",", True, ("a", "b"))),
        (b"\xef\xbb\xbfa;b\n1;2\n", ("csv", "utf-8", ";", True, ("a", "b"))),
        (b"a\tb\n1\t2\n", ("csv", "utf-8", "\t", True, ("a", "b"))),
        (b"a|b\n1|2,3\n", ("csv", "utf-8", "|", True, ("a", "b"))),
        (b"a,b\nM\xfcller St,2\n", ("csv", "windows-1252", ",", True, ("a", "b"))),
        (b"01142026,230211\n01152026,000000\n", ("csv", "utf-8", ",", False, ("column-1", "column-2"))),
        (b"incident_date ,b\nx,2\n", ("csv", "utf-8", ",", True, ("incident_date", "b"))),
        (b'{"a": 1}\n{"a": 2}\n', ("ndjson", "utf-8", ",", True, ())),
        (b'[{"a": 1}]', ("json", "utf-8", ",", True, ())),
    ],
)  # fmt: skip
def test_the_form_of_a_file(head: bytes, expected: tuple[object, ...]) -> None:
    source = file_form(head).source
    assert (source.format, source.encoding, source.delimiter, source.headed, source.columns) == expected


@pytest.mark.parametrize("above", [b"", b"\n", b"Export of calls\n", b"Export of calls\n\n", b'"Export\nof calls"\n\n'])
@pytest.mark.parametrize("header", [b"Event No,Call Time\n", b"Event No,Call Time,Event No\n"])
def test_titles_above_the_header_are_skipped(above: bytes, header: bytes) -> None:
    row = b",".join([b"26-1", b"2026-01-14T23:02:00", b"x"][: header.count(b",") + 1])
    data = above + header + row + b"\n" + row.replace(b"26-1", b"26-2") + b"\n"
    found = inferred(data)
    assert found.form.source.columns[:2] == ("Event No", "Call Time")
    assert (found.rows, found.rejected) == (2, 0)
    assert found.column("event_number") == "Event No"


def test_a_header_that_names_a_column_twice_is_named_apart() -> None:
    form = file_form(b"id,type,type\n1,A,B\n")
    assert (form.source.columns, form.source.headed, form.source.skip) == (("id", "type", "type-2"), False, 1)


def test_where_rows_are_in_an_envelope() -> None:
    assert file_form(b'{"success": true, "data": {"calls": [{"a": 1}]}}').source.rows == ("data", "calls")


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b'<x:Export xmlns:x="urn:x"><x:Call a="1"/><x:Call a="2"/></x:Export>', ("Export", "Call")),
        (b'<Export xmlns="urn:x"><Call a="1"/></Export>', ("Export", "Call")),
        (b"<Event><Number>1</Number><Type>EDP</Type></Event>", ("Event",)),
        (b"<Export><Made/><Call/><Call/>", ("Export", "Call")),
    ],
)
def test_the_rows_of_xml_are_what_comes_again_below_its_root(data: bytes, rows: tuple[str, ...]) -> None:
    assert file_form(data).source.rows == rows


def test_one_event_a_file_is_read_by_its_local_names(tmp_path: Path) -> None:
    data = b'<v:Event xmlns:v="urn:v"><v:Number>E1</v:Number><v:CallTime>2026-01-14T23:02:00</v:CallTime></v:Event>'
    data = data.replace(b"v:Number", b"v:EventNumber")
    made = next(compile_pack(write(tmp_path, inferred(data))).read(data))
    assert isinstance(made, Incident)
    assert (made.number, made.timeline and made.timeline.received) == ("E1", "2026-01-14T23:02:00-07:00")


@pytest.mark.parametrize("head", [b"", b"  \n", b"\x00\x01\x02\x03", b"one line of words\nand another\n"])
def test_what_has_no_form_is_said_to_have_none(head: bytes) -> None:
    with pytest.raises(ReadError) as caught:
        file_form(head)
    assert caught.value.rule == "read.unknown-form"


# --- times


@pytest.mark.parametrize(
    ("cells", "kind", "formats"),
    [
        (["01/14/2026", "1/2/2026"], "date", ("%m/%d/%Y",)),
        (["14/01/2026", "1/2/2026"], "date", ("%d/%m/%Y",)),
        (["2302", "0000"], "time", ("%H%M",)),
        (["230211", "000000"], "time", ("%H%M%S",)),
        (["01142026"], "date", ("%m%d%Y",)),
        (["20260114"], "date", ("%Y%m%d",)),
        (["3:05 PM"], "time", ("%I:%M %p",)),
        (["14-Jan-2026 23:02"], "datetime", ("%d-%b-%Y %H:%M",)),
        (["2017-01-01T00:00:14"], "datetime", ("iso",)),
        (["2017-01-01"], "date", ("iso",)),
        (["1768430000123"], "datetime", ("epoch-ms",)),
    ],
)
def test_formats_of_times(cells: list[str], kind: str, formats: tuple[str, ...]) -> None:
    trial = TimeTrial(epochs=True)
    trial.take(cells)
    found = trial.result()
    assert found is not None
    assert (found.kind, found.formats, found.either) == (kind, formats, False)


def test_month_and_day_that_cannot_be_told_apart_are_a_doubt() -> None:
    found = inferred(b"Event No,Call Time\n1,03/04/2026 10:00\n2,05/06/2026 11:00\n")
    assert any("exchanged" in doubt for doubt in found.stages[0].doubts)
    told = inferred(b"Event No,Call Time\n1,03/04/2026 10:00\n2,05/16/2026 11:00\n")
    assert told.stages[0].doubts == ()


def test_cells_that_are_no_times_are_none() -> None:
    trial = TimeTrial()
    trial.take(["Mill St", "x", "9-1-1", "13/45/2026"])
    assert trial.result() is None


def test_a_date_and_a_time_of_day_are_one_time(tmp_path: Path) -> None:
    found = inferred(CALLS)
    received, on_scene = found.stages
    assert (received.columns, received.formats) == (("Call Date", "Call Time"), ("%m/%d/%Y %H%M",))
    assert received.unknown_time == "0000"
    assert on_scene.columns == ("Call Date", "Arrived")
    pack = compile_pack(write(tmp_path, found))
    made = [one for one in pack.read(CALLS) if isinstance(one, Incident)]
    assert [one.timeline.received for one in made if one.timeline] == [
        "2026-01-14T23:02:00-07:00",
        "2026-01-25",
        "2026-01-26T01:14:00-07:00",
    ]


def test_a_date_column_that_holds_midnights_is_one_of_dates(tmp_path: Path) -> None:
    data = (
        b"Event No,call_date,call_time\n1,01/14/2026 12:00:00 AM,23:02\n2,01/25/2026 12:00:00 AM,01:00\n"
        b"3,01/26/2026 12:00:00 AM,02:00\n"
    )
    pack = compile_pack(write(tmp_path, inferred(data)))
    made = [one for one in pack.read(data) if isinstance(one, Incident)]
    assert made[0].timeline is not None
    assert made[0].timeline.received == "2026-01-14T23:02:00-07:00"


def test_times_that_lost_their_zeros_are_padded(tmp_path: Path) -> None:
    data = b"Event No,Call Date,Call Time\n1,01/14/2026,302\n2,01/25/2026,1545\n3,01/25/2026,1550\n"
    found = inferred(data)
    assert found.stages[0].zero_pad == ("Call Time", 4)
    made = next(compile_pack(write(tmp_path, found)).read(data))
    assert isinstance(made, Incident)
    assert made.timeline is not None
    assert made.timeline.received == "2026-01-14T03:02:00-07:00"


def test_dates_of_1900_mean_that_nobody_knew(tmp_path: Path) -> None:
    data = b"Case Number,Reported Date\nA1,1/1/1900\nA2,1/25/2026\n"
    found = inferred(data)
    assert found.stages[0].unknown_date == "1900-01-01"
    made = [one for one in compile_pack(write(tmp_path, found)).read(data) if isinstance(one, Incident)]
    assert [one.timeline and one.timeline.received for one in made] == [None, "2026-01-25"]


def test_utc_in_a_name_is_a_doubt_and_no_zone() -> None:
    found = inferred(b"Event No,createddateutc\n1,2026-01-14T23:02:00\n")
    text = draft(found, pack="a", agency="b", zone=None)["pack.yaml"]
    assert "says UTC, which is no proof" in text
    assert "zone:" not in text.replace("`zone: UTC`", "")


def test_a_name_of_a_time_with_other_cells_is_left_out() -> None:
    found = inferred(b"Event No,dispatchtime,Call Time\n1,4.5,2026-01-14T23:02:00\n2,12.25,2026-01-14T23:05:00\n")
    assert [stage.stage for stage in found.stages] == ["received"]
    assert any(one.column == "dispatchtime" and "cells are none" in one.text for one in found.findings)


# --- codes


def test_spellings_of_one_code_are_one_line_with_a_suggestion() -> None:
    found = inferred(CALLS)
    (types,) = [table for table in found.tables if table.name == "type"]
    assert [(code.code, code.rows) for code in types.codes] == [("EDP", 2), ("SUPP", 1)]
    edp, supp = types.codes
    assert edp.suggestion is not None
    assert edp.suggestion.code == "EDP"
    assert supp.suggestion is None  # SUPPLEMENTAL is not MENTAL


def test_codes_stay_texts() -> None:
    found = inferred(b"Event No,Call Type\n1,09\n2,T\n3,242\n4,94F\n")
    assert {code.code for code in found.tables[0].codes} == {"09", "T", "242", "94F"}


def test_units_in_one_cell_are_several() -> None:
    found = inferred(CALLS)
    (units,) = [table for table in found.tables if table.name == "unit"]
    assert {(code.code, code.rows) for code in units.codes} == {("2A14", 2), ("3C12", 1), ("2A15", 1)}


def test_nothing_of_a_draft_is_active(tmp_path: Path) -> None:
    """A suggestion compiles as unmapped: every code travels as the agency's own, with an issue."""
    pack = compile_pack(write(tmp_path, inferred(CALLS)))
    assert all(not table.entries for table in pack.tables.values())
    for made in pack.read(CALLS):
        if isinstance(made, Incident):
            assert made.type_final is not None
            assert made.type_final.mapped == ()
            assert all(one.mapped == () for one in made.dispositions)
            assert all(unit.kind == "unknown" for unit in made.units)
            unmapped = {issue.path for issue in made.reading.issues if issue.rule == "read.unmapped-code"}
            assert unmapped >= {"Nature", "Result"}


def test_excels_damage_to_a_code_is_said() -> None:
    found = inferred(b"Event No,Call Type\n1,9-Jan\n2,EDP\n3,9/1/2001\n")
    assert any(one.column == "Call Type" and "Excel" in one.text for one in found.findings)


def test_one_number_on_several_rows_is_said() -> None:
    found = inferred(b"Event No,Unit ID\n1,2A14\n1,3C12\n2,2A15\n")
    assert any("several rows" in one.text for one in found.findings)


# --- privacy


def test_what_is_private_is_nowhere_in_the_result() -> None:
    found = inferred(CALLS)
    everything = repr(found) + "".join(draft(found, pack="a", agency="b", zone=None).values())
    for cell in ("Ivorytree", "1980", "Mill St", "Talked", "record"):
        assert cell not in everything


def test_texts_and_telephones_under_a_name_of_codes_are_not_listed() -> None:
    rows = "".join(
        f"{n},the caller said that number {n} had been seen again near the station at night\n" for n in range(40)
    )
    for data in (b"Event No,Call Type\n1,call 719-555-0142 back\n2,EDP\n", b"Event No,Problem\n" + rows.encode()):
        found = inferred(data)
        assert found.tables == ()
        assert any("not listed" in one.text for one in found.findings)
        assert "719" not in repr(found)
        assert "station" not in repr(found)


def test_too_many_different_codes_are_not_listed() -> None:
    rows = "".join(f"{n},T{n}\n" for n in range(6000))
    assert inferred(b"Event No,Call Type\n" + rows.encode()).tables == ()


# --- the draft


def test_without_a_zone_the_draft_says_where_it_wants_it(tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        compile_pack(write(tmp_path, inferred(CALLS), zone=None))
    assert [issue.path for issue in caught.value.issues] == ["pack.yaml:7:pack.agency.tz"]


def test_criminal_justice_columns_are_gated_from_the_start(tmp_path: Path) -> None:
    pack = compile_pack(write(tmp_path, inferred(CALLS)))
    made = [one for one in pack.read(CALLS) if isinstance(one, Incident)]
    assert made[1].reading.dropped[0].rule == "cjis.ncic"


def test_every_column_is_read_gated_or_named_as_not_read() -> None:
    found = inferred(CALLS)
    text = draft(found, pack="a", agency="b", zone=None)["pack.yaml"]
    for column in found.form.source.columns:
        assert text.count(column) >= 2, column


@pytest.mark.parametrize("name", shipped_packs())
def test_the_examples_of_shipped_packs_can_be_drafted(name: str, tmp_path: Path) -> None:
    for given_ in (PACKS / name / "examples").glob("*.*"):
        if given_.name.endswith(".incident.json") or given_.suffix in (".txt", ".dat"):
            continue
        data = given_.read_bytes()
        found = inferred(data) if given_.suffix != ".xlsx" else None
        if found is not None:
            assert found.rows >= 1
            root = load_yaml(draft(found, pack="a", agency="b", zone="UTC")["pack.yaml"], "pack.yaml")
            assert "incident" in root.mapping()


def test_a_skeleton_says_what_is_missing() -> None:
    text = skeleton(file_form(CALLS), pack="a", agency="b", zone=None)
    assert text.startswith(MARK)
    assert text.count("CONFIRM") >= 3


# --- any file


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)


@given(st.lists(names, min_size=2, max_size=6), st.lists(st.lists(names, min_size=6, max_size=6), max_size=5))
def test_a_draft_of_any_table_is_yaml_that_names_its_columns(columns: list[str], rows: list[list[str]]) -> None:
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(columns)
    writer.writerows(row[: len(columns)] for row in rows)
    data = made.getvalue().encode()
    try:
        form = file_form(data)
    except ReadError:
        return
    found = infer(io.BytesIO(data), form)
    root = load_yaml(draft(found, pack="a", agency="b", zone="UTC")["pack.yaml"], "pack.yaml").mapping()
    source = root["source"].mapping()
    listed = source.get("columns") or source.get("header")
    if listed is not None:
        assert tuple(str(one.value) for one in listed.items()) == form.source.columns


@given(st.binary(max_size=300))
def test_any_bytes_have_a_form_or_none(data: bytes) -> None:
    try:
        form: FileForm | None = file_form(data)
    except ReadError:
        form = None
    if form is not None and form.source.format != "xlsx":
        found = infer(io.BytesIO(data), form)
        assert found.rows + found.rejected >= 0


@pytest.mark.proof
def test_memory_does_not_grow_with_rows() -> None:
    def rows(count: int) -> bytes:
        lines = "".join(
            f"E{n},2026-01-14T23:02:00,{'EDP' if n % 2 else 'GOA'},words {n} of a remark\n" for n in range(count)
        )
        return b"Event No,Call Time,Call Type,Remarks\n" + lines.encode()

    peaks = []
    for count in (60_000, 120_000):
        data = io.BytesIO(rows(count))
        form = file_form(data.read(4096))
        data.seek(0)
        tracemalloc.start()
        assert infer(data, form).rows == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1
