"""When it happened, where a report says so: beside the stages of the call, and no stage itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from mappings import translate
from mappings.incident import Incident
from mappings.packs import Pack

PACK = """source: {format: csv, columns: [no, nature, reported, date, time]}
tables: {nature: {file: nature.csv}}
incident:
  case_number: {from: no}
  type_final: {from: nature, table: nature}
  received: {from: reported, datetime: iso}
  occurred: {from: [date, time], datetime: "%m%d%Y%H%M%S", unknown_time: "000000"}
"""
NATURE = "code,apco,valid_from,valid_to\n9,EDP,2026-01-01,\n"


def read(pack: Pack, row: str) -> Incident:
    (made,) = pack.read(f"no,nature,reported,date,time\n{row}\n".encode())
    assert isinstance(made, Incident)
    return made


def test_what_happened_before_the_call_is_in_order(make_pack: Callable[..., Pack]) -> None:
    made = read(make_pack(PACK, nature=NATURE), "1,9,2026-01-15T08:00:00,01142026,230000")
    assert made.timeline.occurred == "2026-01-14T23:00:00-07:00"
    assert made.timeline.received == "2026-01-15T08:00:00-07:00"
    assert made.reading.paths["timeline.occurred"] == "date,time"
    assert made.reading.issues == ()


def test_its_day_is_the_incident_s_where_no_stage_is_known(make_pack: Callable[..., Pack]) -> None:
    made = read(make_pack(PACK, nature=NATURE), "1,9,,01142026,000000")
    assert made.timeline.occurred == "2026-01-14"
    assert made.type_final is not None
    assert [code.code for code in made.type_final.mapped] == ["EDP"]


def test_what_a_report_tells_of_is_no_plan(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(PACK, nature=NATURE)
    for row, status in (
        ("1,9,2026-01-15T08:00:00,01142026,230000", "unknown"),
        ("1,9,2026-01-15T08:00:00,,", "planned"),
    ):
        bundle = translate(read(pack, row), agency=pack.agency, now=datetime(2026, 1, 16, tzinfo=UTC)).bundle
        found = [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Encounter"]
        assert [one["status"] for one in found] == [status]
