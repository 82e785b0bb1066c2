"""What Excel did to a file on its way: said where it is seen, repaired only where the pack says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mappings.incident import Incident, Rejected
from mappings.packs import Pack
from mappings.packs.damage import DATE, DECIMAL, ERROR, SCIENTIFIC, damage

PACK = """source: {format: csv, header: [event, case, nature, at, unit, note]}
tables: {nature: {file: nature.csv}}
incident:
  event_number: {from: event%s}
  case_number: {from: case}
  type_final: {from: nature, table: nature}
  received: {from: at, datetime: "%%m/%%d/%%Y %%H:%%M"}
  units: {from: unit, split: ";", for_each: {}}
  narratives: [{from: note, kind: cad-note, organization: test-pd}]
"""
NATURE = "code,text\n9-1-1,Abandoned call\n1/2/2026,A code that looks so\n"


def issues(made: Incident | Rejected) -> list[tuple[str, str]]:
    return [(i.rule, i.path) for i in (made.issues if isinstance(made, Rejected) else made.reading.issues)]


@pytest.fixture
def pack(make_pack: Callable[..., Pack]) -> Pack:
    return make_pack(PACK % "", nature=NATURE)


def one(pack: Pack, row: str) -> Incident | Rejected:
    (made,) = pack.read(row.encode())
    return made


@pytest.mark.parametrize("text", ["1-Sep", "9-Jan-01", "Sep-01", "9/1/2001", "9/1/2001 0:00", "2001-09-01",
                                  "2001-09-01T00:00:00"])  # fmt: skip
def test_a_code_that_became_a_date(pack: Pack, text: str) -> None:
    assert damage(text) is DATE
    made = one(pack, f"1,,{text},,,")
    assert isinstance(made, Incident)
    assert issues(made) == [("read.unmapped-code", "nature"), ("read.excel-date", "nature")]
    assert made.type_final is not None
    assert made.type_final.code == text  # as it is: nobody knows what it was


def test_a_code_of_the_table_is_what_it_says(pack: Pack) -> None:
    assert issues(one(pack, "1,,1/2/2026,,,")) == []


@pytest.mark.parametrize("text", ["9-1-1", "26-000117", "2026-0117", "10-96", "3E12", "94F", "1E5", "12.5", "A.0",
                                  "01/02", "Mar-A-Lago", "#4", ""])  # fmt: skip
def test_what_codes_look_like_is_no_damage(text: str) -> None:
    assert damage(text) is None


def test_a_number_that_lost_its_digits_is_no_number(pack: Pack) -> None:
    """It would put every incident of that day together."""
    assert damage("2.60001E+11") is SCIENTIFIC
    made = one(pack, "2.60001E+11,,,,,")
    assert isinstance(made, Rejected)
    assert issues(made) == [("read.no-key", "line 1, event or case"), ("read.excel-number", "event")]
    other = one(pack, "2.60001E+11,26-17,,,,")
    assert isinstance(other, Incident)
    assert (other.number, other.case_number) == (None, "26-17")
    assert issues(other) == [("read.excel-number", "event")]


def test_numbers_that_were_read_as_numbers(pack: Pack) -> None:
    assert damage("26117.0") is DECIMAL
    made = one(pack, "26117.0,,,,7.0,")
    assert isinstance(made, Incident)
    assert (made.number, made.units[0].id) == ("26117.0", "7.0")
    assert issues(made) == [("read.excel-decimal", "event"), ("read.excel-decimal", "unit")]


@pytest.mark.parametrize("text", ["#N/A", "#REF!", "#NAME?", "########"])
def test_errors_of_excel_are_no_values(pack: Pack, text: str) -> None:
    assert damage(text) is ERROR
    made = one(pack, f"1,{text},{text},{text},{text},{text}")
    assert isinstance(made, Incident)
    assert (made.case_number, made.type_final, made.units, made.narratives) == (None, None, (), ())
    assert {rule for rule, _ in issues(made)} == {"read.excel-error", "read.bad-time"}


def test_a_serial_number_where_a_time_is_expected(pack: Pack, make_pack: Callable[..., Pack]) -> None:
    made = one(pack, "1,,,46036.959722,,")
    assert isinstance(made, Incident)
    assert made.timeline.received is None
    assert issues(made) == [("read.excel-serial", "at")]
    declared = (PACK % "").replace('"%m/%d/%Y %H:%M"', "excel")
    made = one(make_pack(declared, nature=NATURE), "1,,,46036.95972222,,")
    assert isinstance(made, Incident)
    assert made.timeline.received == "2026-01-14T23:02:00-07:00"
    made = one(make_pack(declared, nature=NATURE), "1,,,46036,,")
    assert isinstance(made, Incident)
    assert made.timeline.received == "2026-01-14"  # a whole number has no time of day


def test_zeros_come_back_only_where_their_number_is_declared(make_pack: Callable[..., Pack]) -> None:
    wide = make_pack(PACK % ", width: 6", nature=NATURE)
    made = one(wide, "117,,,,,")
    assert isinstance(made, Incident)
    assert made.number == "117"
    assert issues(made) == [("read.width", "event")]
    padded = make_pack(PACK % ", zero_pad: 6, width: 6", nature=NATURE)
    made = one(padded, "117,,,,,")
    assert isinstance(made, Incident)
    assert (made.number, issues(made)) == ("000117", [])
    made = one(padded, "A117,,,,,")  # no number: nothing to pad
    assert isinstance(made, Incident)
    assert (made.number, issues(made)) == ("A117", [("read.width", "event")])


def test_a_time_that_lost_its_zero(make_pack: Callable[..., Pack]) -> None:
    text = """source: {format: csv, header: [event, day, clock]}
incident:
  event_number: {from: event}
  received: {from: [day, clock], datetime: "%m/%d/%Y%H%M"%s}
"""
    bare = one(make_pack(text.replace("%s", "")), "1,1/14/2026,256")
    assert isinstance(bare, Incident)
    assert issues(bare) == [("read.bad-time", "day,clock")]
    made = one(make_pack(text.replace("%s", ", zero_pad: {clock: 4}")), "1,1/14/2026,256")
    assert isinstance(made, Incident)
    assert made.timeline.received == "2026-01-14T02:56:00-07:00"
