"""Times of a pack: formats, unknown markers, the two nights of the clocks, stages out of order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.errors import PackError
from mappings.incident import Agency, Incident
from mappings.packs import Pack
from mappings.packs.stamps import FormatError, compile_format, stamp_reader

DENVER = ZoneInfo("America/Denver")

TIMES = """source: {format: csv, header: [event, a, b, c]}
incident:
  event_number: {from: event}
  received: {from: a, datetime: iso}
  dispatched: {from: b, datetime: iso}
  on_scene: {from: c, datetime: iso}
"""


def one(pack: Pack, row: str, agency: Agency | None = None) -> Incident:
    (made,) = pack.read(row.encode(), agency)
    assert isinstance(made, Incident)
    return made


def stage_values(made: Incident) -> tuple[str | None, str | None, str | None]:
    return made.timeline.received, made.timeline.dispatched, made.timeline.on_scene


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("iso", "2017-01-01T00:00:14", "2017-01-01T00:00:14-07:00"),
        ("iso", "2017-07-01 00:00", "2017-07-01T00:00:00-06:00"),
        ("iso", "2017-01-01T00:00:14.250Z", "2017-01-01T00:00:14.250Z"),
        ("iso", "2017-01-01T00:00:14.000-0600", "2017-01-01T00:00:14-06:00"),
        ("iso", "2017-01-01", "2017-01-01"),
        ("iso", "2017-13-01", None),
        ("iso", "2017-01-01T24:00:00", None),
        ("iso", "2017-01-01T23:60:00", None),
        ("iso", "2017-01-01T23:00:00+19:00", None),
        ("epoch", "1483254014", "2017-01-01T07:00:14Z"),
        ("epoch-ms", "1483254014125", "2017-01-01T07:00:14.125Z"),
        ("epoch-ms", "99999999999999999", None),
        ("%m%d%Y%H%M%S", "01022017030405", "2017-01-02T03:04:05-07:00"),
        ("%m%d%Y%H%M%S", "1022017030405", None),  # without separators each number has its full width
        ("%m/%d/%Y %I:%M:%S %p", "1/2/2017 12:04:05 AM", "2017-01-02T00:04:05-07:00"),
        ("%m/%d/%Y %I:%M %p", "1/2/2017 12:04 pm", "2017-01-02T12:04:00-07:00"),
        ("%m/%d/%Y %I:%M %p", "1/2/2017 13:04 pm", None),
        ("%d-%b-%y %H:%M", "02-JAN-17 03:04", "2017-01-02T03:04:00-07:00"),
        ("%d-%b-%y %H:%M", "02-Jan-85 03:04", "1985-01-02T03:04:00-07:00"),
        ("%a, %d %B %Y %H:%M:%S", "Mon, 2 January 2017 03:04:05", "2017-01-02T03:04:05-07:00"),
        ("%Y-%m-%dT%H:%M:%S%z", "2017-01-02T03:04:05+0100", "2017-01-02T03:04:05+01:00"),
        ("%m/%d/%Y", "2/30/2017", None),
        ("%m/%d/%Y", "٢/٣/٢٠١٧", None),  # digits of another script are not what an export writes
    ],
)
def test_format(form: str, text: str, expected: str | None) -> None:
    value, trouble, _ = stamp_reader((compile_format(form),), DENVER)(text)
    assert value == expected
    assert (trouble == "bad") is (expected is None)


@pytest.mark.parametrize("form", ["%H:%M", "%Y-%m", "%Y-%m-%d %M", "%Y-%m-%d %I:%M", "%Y-%m-%d %Y", "%", "%j", ""])
def test_format_that_cannot_be_meant(form: str) -> None:
    with pytest.raises(FormatError, match="expected"):
        compile_format(form)


LOCAL = st.datetimes(datetime.fromisoformat("1950-01-01"), datetime.fromisoformat("2049-12-31"))


@given(LOCAL, st.sampled_from(
    ["%Y-%m-%dT%H:%M:%S", "%m%d%Y%H%M%S", "%m/%d/%Y %I:%M:%S %p", "%d %b %Y %H:%M:%S", "%B %d, %Y %H:%M:%S"]
))  # fmt: skip
def test_format_reads_what_strftime_writes(moment: datetime, form: str) -> None:
    moment = moment.replace(microsecond=0)
    value, trouble, second = stamp_reader((compile_format(form),), DENVER)(moment.strftime(form))
    assert value is not None
    if trouble == "missing":
        assert value == moment.date().isoformat()
    else:
        assert datetime.fromisoformat(value).replace(tzinfo=None) == moment
        at = datetime.fromisoformat(value).astimezone(DENVER)
        assert (at.replace(tzinfo=None) == moment) and (trouble == "ambiguous") is (second is not None)


def test_repeated_hour_is_settled_by_the_other_stages(make_pack: Callable[..., Pack]) -> None:
    """America/Denver, 1 November 2026: 01:30 is 07:30Z and again 08:30Z."""
    pack = make_pack(TIMES)
    # arrival between 01:50 (first, by its offset) and nothing: the second reading alone is after the call
    late = one(pack, "1,2026-11-01T01:50:00-06:00,2026-11-01T01:30:00,2026-11-01T03:00:00\n")
    assert late.timeline.dispatched == "2026-11-01T01:30:00-07:00"
    early = one(pack, "1,2026-11-01T00:50:00,2026-11-01T01:30:00,2026-11-01T01:40:00-06:00\n")
    assert early.timeline.dispatched == "2026-11-01T01:30:00-06:00"
    for made in (late, early):
        assert [issue.rule for issue in made.reading.issues] == ["read.ambiguous-time-settled"]
    open_ = one(pack, "1,2026-11-01T00:50:00,2026-11-01T01:30:00,2026-11-01T03:00:00\n")
    assert open_.timeline.dispatched == "2026-11-01T01:30:00-06:00"
    assert [(issue.rule, issue.path) for issue in open_.reading.issues] == [("read.ambiguous-time", "b")]


def test_skipped_hour_keeps_the_date(make_pack: Callable[..., Pack]) -> None:
    made = one(make_pack(TIMES), "1,2026-03-08T01:59:59,2026-03-08T02:30:00,2026-03-08T03:00:00\n")
    assert stage_values(made) == ("2026-03-08T01:59:59-07:00", "2026-03-08", "2026-03-08T03:00:00-06:00")
    assert [(issue.rule, issue.path) for issue in made.reading.issues] == [("read.missing-hour", "b")]


def test_the_agency_read_for_gives_the_zone(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(TIMES)
    row = "1,2026-01-08T01:00:00,,\n"
    assert one(pack, row).timeline.received == "2026-01-08T01:00:00-07:00"
    chicago = one(pack, row, Agency(id="other-pd", zone="America/Chicago"))
    assert (chicago.agency, chicago.timeline.received) == ("other-pd", "2026-01-08T01:00:00-06:00")
    nowhere = one(pack, row, Agency(id="other-pd"))
    assert nowhere.timeline.received == "2026-01-08"
    assert [issue.rule for issue in nowhere.reading.issues] == ["read.no-zone"]


def test_stages_out_of_order_stay_with_an_issue_per_pair(make_pack: Callable[..., Pack]) -> None:
    made = one(make_pack(TIMES), "1,2026-01-08T03:00:00,2026-01-08T02:00:00,2026-01-08T01:00:00Z\n")
    assert stage_values(made) == ("2026-01-08T03:00:00-07:00", "2026-01-08T02:00:00-07:00", "2026-01-08T01:00:00Z")
    found = [(issue.rule, issue.path) for issue in made.reading.issues]
    assert found == [("read.out-of-order", path) for path in ("a,b", "a,c", "b,c")]


MIDNIGHT = """source: {format: csv, header: [event, date, clock, other]}
incident:
  event_number: {from: event}
  received: {from: [date, clock], datetime: "%m%d%Y%H%M%S", unknown_time: ["000000", UNK], unknown_date: "01011900"}
  on_scene: {from: [date, other], datetime: "%m%d%Y%H%M%S"}
"""


@pytest.mark.parametrize(
    ("row", "received", "on_scene"),
    [
        ("1,01142026,000000,000000\n", "2026-01-14", "2026-01-14T00:00:00-07:00"),  # the marker is for one stage
        ("1,01142026,UNK,235959\n", "2026-01-14", "2026-01-14T23:59:59-07:00"),
        ("1,01142026,,\n", "2026-01-14", "2026-01-14"),
        ("1,01142026,000001,\n", "2026-01-14T00:00:01-07:00", "2026-01-14"),
        ("1,,,\n", None, None),
        ("1,01011900,,\n", None, "1900-01-01"),
        ("1,01011900,101010,\n", None, "1900-01-01"),
    ],
)
def test_midnight_may_mean_unknown_and_never_becomes_a_time(
    make_pack: Callable[..., Pack], row: str, received: str | None, on_scene: str | None
) -> None:
    made = one(make_pack(MIDNIGHT), row)
    assert (made.timeline.received, made.timeline.on_scene) == (received, on_scene)
    assert not [issue for issue in made.reading.issues if issue.rule != "read.out-of-order"]


def test_a_time_that_is_none_is_an_issue_and_no_time(make_pack: Callable[..., Pack]) -> None:
    made = one(make_pack(MIDNIGHT), "1,13142026,101010,\n")
    assert made.timeline.received is None
    assert {(issue.rule, issue.path) for issue in made.reading.issues} == {
        ("read.bad-time", "date,clock"),
        ("read.bad-time", "date,other"),
    }


@pytest.mark.parametrize(
    ("dst", "expected", "rule"),
    [
        ("", "2026-11-01T01:30:00-06:00", "read.ambiguous-time"),
        (", dst: earlier", "2026-11-01T01:30:00-06:00", "read.ambiguous-time-ruled"),
        (", dst: later", "2026-11-01T01:30:00-07:00", "read.ambiguous-time-ruled"),
        (", dst: unknown", "2026-11-01", "read.ambiguous-time-unknown"),
    ],
)
def test_a_rule_for_the_repeated_hour(make_pack: Callable[..., Pack], dst: str, expected: str, rule: str) -> None:
    text = TIMES.replace("{from: b, datetime: iso}", f"{{from: b, datetime: iso{dst}}}")
    text += f"  units: {{id: {{from: event}}, on_scene: {{from: b, datetime: iso{dst}}}}}\n"
    made = one(make_pack(text + f"  updated: {{from: b, datetime: iso{dst}}}\n"), "1,,2026-11-01T01:30:00,\n")
    assert (made.timeline.dispatched, made.updated) == (expected, expected)
    assert made.units[0].timeline.on_scene == expected
    assert [(issue.rule, issue.path) for issue in made.reading.issues] == [(rule, "b")]
    # what the other stages say goes before the rule
    settled = one(make_pack(text), "1,2026-11-01T01:50:00-06:00,2026-11-01T01:30:00,2026-11-01T03:00:00\n")
    assert settled.timeline.dispatched == "2026-11-01T01:30:00-07:00"


LENGTHS = """source: {format: csv, header: [event, a, b, c]}
incident:
  event_number: {from: event}
  received: {from: a, datetime: iso}
  dispatched: {from: b, after: received}
  on_scene: {from: c, after: dispatched, unit: seconds, when: {c: {not_in: ["-1"]}}}
  units: {id: {from: event}, on_scene: {from: b, after: received, unit: hours}}
"""


@pytest.mark.parametrize(
    ("row", "expected", "rules"),
    [
        ("1,2026-01-08T01:00:00,5,90", ("2026-01-08T01:05:00-07:00", "2026-01-08T01:06:30-07:00"), []),
        ("1,2026-01-08T01:00:00,2.5,-1", ("2026-01-08T01:02:30-07:00", None), []),
        ("1,2026-01-08T01:00:00,1:05:00,0", ("2026-01-08T02:05:00-07:00", "2026-01-08T02:05:00-07:00"), []),
        ("1,2026-01-08T23:59:00Z,2,", ("2026-01-08T17:01:00-07:00", None), []),
        # the clocks go back in between: an hour later it is the same time on the wall
        ("1,2026-11-01T01:30:00-06:00,60,0", ("2026-11-01T01:30:00-07:00", "2026-11-01T01:30:00-07:00"), []),
        ("1,2026-01-08,5,", (None, None), [("read.no-start", "b")]),
        ("1,,5,5", (None, None), [("read.no-start", "b"), ("read.no-start", "c")]),
        ("1,2026-01-08T01:00:00,-5,", (None, None), [("read.bad-number", "b")]),
        ("1,2026-01-08T01:00:00,999999999,", (None, None), [("read.out-of-range", "b")]),
        ("1,2026-01-08T01:00:00,,", (None, None), []),
    ],
)
def test_lengths_of_time(
    make_pack: Callable[..., Pack], row: str, expected: tuple[str | None, str | None], rules: list[tuple[str, str]]
) -> None:
    made = one(make_pack(LENGTHS), row)
    assert (made.timeline.dispatched, made.timeline.on_scene) == expected
    assert [(issue.rule, issue.path) for issue in made.reading.issues] == rules


def test_a_units_length_counts_from_the_incidents_stage(make_pack: Callable[..., Pack]) -> None:
    made = one(make_pack(LENGTHS), "1,2026-01-08T01:00:00,1.5,\n")
    assert made.units[0].timeline.on_scene == "2026-01-08T02:30:00-07:00"
    assert made.reading.paths["units[0].timeline.on_scene"] == "b"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("after: received}", "after: lunch}", "dispatched.after"),
        ("after: dispatched", "after: cleared", "on_scene.after"),
        ("unit: seconds", "unit: days", "on_scene.unit"),
        ("  received: {from: a, datetime: iso}\n", "", "dispatched.after"),
    ],
)
def test_lengths_that_cannot_be_meant(make_pack: Callable[..., Pack], old: str, new: str, place: str) -> None:
    with pytest.raises(PackError) as caught:
        make_pack(LENGTHS.replace(old, new))
    assert any(issue.path.endswith(f"incident.{place}") for issue in caught.value.issues)
