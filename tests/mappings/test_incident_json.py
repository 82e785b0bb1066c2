"""The `incident` source: strict, with every place, and never a value in what it says."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.errors import ReadError
from mappings.incident import Agency, Incident, Rejected
from mappings.incident_json import agency_from_json, agency_to_json, read_incident, to_json

DENVER = Agency(id="a-pd", zone="America/Denver")

#: A value that must never come back in an issue.
SECRET = "Vexelburgh"


def read(value: Any, agency: Agency | None = None) -> list[Incident | Rejected]:
    return list(read_incident(value if isinstance(value, bytes) else orjson.dumps(value), agency))


def accepted(value: Any, agency: Agency | None = None) -> Incident:
    (one,) = read(value, agency)
    assert isinstance(one, Incident), one
    return one


def found(one: Incident | Rejected) -> list[tuple[str, str]]:
    issues = one.issues if isinstance(one, Rejected) else one.reading.issues
    return [(issue.rule, issue.path) for issue in issues]


def record(**members: Any) -> dict[str, Any]:
    return {"agency": "a-pd", "number": "1", **members}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", [("read.not-json", "line 1, column 1")]),
        (b"Subject: hello", [("read.not-json", "line 1, column 1")]),
        (b'{"agency": "a",\n "number": tru}', [("read.not-json", "line 2, column 12")]),
        (b'{"agency": "a"', [("read.not-json", "line 1, column 15")]),
        (b"\xff\xfe{\x00}\x00", [("read.not-utf-8", "line 1, column 1")]),
        (b'{"agency":\n "caf\xe9"}', [("read.not-utf-8", "line 2, column 6")]),
        (b'"text"', [("read.not-an-object", "")]),
        (b"12", [("read.not-an-object", "")]),
        (b"null", [("read.not-an-object", "")]),
        (b"[]", [("read.empty-array", "")]),
        (b"[1]", [("read.not-an-object", "[0]")]),
        (b"[" * 100_000, [("read.not-json", "line 1, column 1025")]),
    ],
)
def test_what_is_no_record_is_rejected_with_its_place(data: bytes, expected: list[tuple[str, str]]) -> None:
    (one,) = read(data)
    assert isinstance(one, Rejected)
    if data.startswith(b"[["):
        assert found(one)[0][0] == "read.not-json"
    else:
        assert found(one) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"agency": None, "number": "1"}, [("read.missing", "agency")]),
        ({"number": "1"}, [("read.missing", "agency")]),
        ({"agency": "  ", "number": "1"}, [("read.missing", "agency")]),
        ({"agency": "a-pd"}, [("read.no-key", "")]),
        ({"agency": "a-pd", "number": ""}, [("read.no-key", "")]),
        ({"agency": 5, "number": "1"}, [("read.wrong-type", "agency")]),
        (record(persons={}), [("read.wrong-type", "persons")]),
        (record(persons=[SECRET]), [("read.wrong-type", "persons[0]")]),
        (record(persons=[{}]), [("read.missing", "persons[0].slot")]),
        (record(persons=[None]), [("read.missing", "persons[0]")]),
        (record(persons=[{"slot": "1", "roles": ["patient"]}]), [("read.not-listed", "persons[0].roles[0]")]),
        (record(persons=[{"slot": "1", "roles": [7]}]), [("read.wrong-type", "persons[0].roles[0]")]),
        (record(persons=[{"slot": "1", "unknown": "yes"}]), [("read.wrong-type", "persons[0].unknown")]),
        (record(persons=[{"slot": "1", "age_years": "40"}]), [("read.wrong-type", "persons[0].age_years")]),
        (record(persons=[{"slot": "1", "age_years": True}]), [("read.wrong-type", "persons[0].age_years")]),
        (record(persons=[{"slot": "1"}, {"slot": "1"}]), [("read.same-slot", "persons[1].slot")]),
        (record(contacts=[{"person": "2"}]), [("read.no-such-person", "contacts[0].person")]),
        (record(cautions=[{"type": {"text": "x"}, "person": "2"}]), [("read.no-such-person", "cautions[0].person")]),
        (record(contacts=[{"mode": SECRET}]), [("read.not-listed", "contacts[0].mode")]),
        (
            record(contacts=[{"referrals": [{"urgency": "now"}]}]),
            [("read.not-listed", "contacts[0].referrals[0].urgency")],
        ),
        (record(place={"latitude": "39"}), [("read.wrong-type", "place.latitude")]),
        (
            record(status=SECRET, persons=[{"names": [{"given": SECRET}]}]),
            [
                ("read.wrong-type", "status"),
                ("read.wrong-type", "persons[0].names[0].given"),
                ("read.missing", "persons[0].slot"),
            ],
        ),
        (
            record(contacts=[{"screenings": [{"instrument": {}, "items": [{"item": {}, "value": []}]}]}]),
            [("read.wrong-type", "contacts[0].screenings[0].items[0].value")],
        ),
    ],
)
def test_a_wrong_record_is_rejected_with_every_place(members: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    (one,) = read(members)
    assert isinstance(one, Rejected)
    assert found(one) == expected
    assert SECRET not in repr(one)


def test_one_bad_record_stops_nothing_else() -> None:
    lines = b"\n".join([orjson.dumps(record()), b"{broken", b"", b"3", orjson.dumps(record(number="2"))]) + b"\n"
    first, second, third, last = read(lines)
    assert isinstance(first, Incident) and isinstance(last, Incident) and last.number == "2"
    assert (
        isinstance(second, Rejected) and second.index == 1 and found(second) == [("read.not-json", "line 2, column 2")]
    )
    assert isinstance(third, Rejected) and third.index == 2 and found(third) == [("read.not-an-object", "line 4")]


def test_an_array_and_one_object_over_several_lines_and_a_byte_order_mark() -> None:
    assert [one.number for one in read([record(), record(number="2")]) if isinstance(one, Incident)] == ["1", "2"]
    assert accepted(b"\xef\xbb\xbf" + orjson.dumps(record(), option=orjson.OPT_INDENT_2)).number == "1"


def test_an_indented_object_inside_broken_json_is_not_ndjson() -> None:
    (one,) = read(b'{"persons": [\n  {"slot": "1"}\n  {"slot": "2"}]}')
    assert found(one) == [("read.not-json", "line 3, column 3")]


@pytest.mark.parametrize(
    ("written", "kept", "rule"),
    [
        ("2026-01-14T23:02:11-07:00", "2026-01-14T23:02:11-07:00", None),
        ("2026-01-14T23:02:11.250Z", "2026-01-14T23:02:11.250Z", None),
        ("2026-01-14", "2026-01-14", None),
        ("2026-01", "2026-01", None),
        ("2026-01-14T23:02:11", "2026-01-14T23:02:11-07:00", None),
        ("2026-01-14T23:02", "2026-01-14T23:02:00-07:00", None),
        ("2026-07-14 23:02", "2026-07-14T23:02:00-06:00", None),
        ("2026-01-14T23:02+01:00", "2026-01-14T23:02:00+01:00", None),
        ("2026-11-01T01:30:00", "2026-11-01T01:30:00-06:00", "read.ambiguous-time"),
        ("2026-03-08T02:30:00", "2026-03-08", "read.missing-hour"),
        ("2026-02-30", None, "read.bad-time"),
        ("2026-01-14T24:00:00Z", None, "read.bad-time"),
        ("2026-01-14T23:02:11+05:99", None, "read.bad-time"),
        ("2026-01-14T23:61", None, "read.bad-time"),
        ("0000-01-14T23:01", None, "read.bad-time"),
        ("14.01.2026", None, "read.bad-time"),
        (SECRET, None, "read.bad-time"),
    ],
)
def test_times(written: str, kept: str | None, rule: str | None) -> None:
    one = accepted(record(timeline={"received": written}), DENVER)
    assert one.timeline.received == kept
    assert found(one) == ([(rule, "timeline.received")] if rule else [])
    assert SECRET not in repr(one.reading)


def test_a_local_time_without_a_zone_keeps_its_date() -> None:
    one = accepted(record(timeline={"received": "2026-01-14T23:02"}))
    assert one.timeline.received == "2026-01-14"
    assert found(one) == [("read.no-zone", "timeline.received")]


def test_a_record_of_another_agency_does_not_get_this_ones_zone() -> None:
    one = accepted(record(agency="b-pd", timeline={"received": "2026-01-14T23:02"}), DENVER)
    assert one.agency == "b-pd" and one.timeline.received == "2026-01-14"
    assert found(one) == [("read.other-agency", "agency"), ("read.no-zone", "timeline.received")]


def test_the_given_agency_stands_in() -> None:
    one = accepted({"number": "1"}, DENVER)
    assert one.agency == "a-pd"
    assert dict(one.reading.paths) == {"number": "number"}


def test_unknown_members_are_listed_and_nothing_is_repeated_that_may_be_a_value() -> None:
    one = accepted(record(foo=1, contacts=[{"bar": {"x": 1}, "mode": "phone"}], **{f"{SECRET} Ada": 1}))
    assert one.reading.unused == ("foo", "contacts[0].bar", "*")


def test_null_and_empty_text_stand_for_unknown() -> None:
    one = accepted(record(case_number="", place=None, contacts=[{"end": None, "follow_up": " "}]))
    assert to_json(one) == record(contacts=[{"mode": "in-person"}])


def test_numbers_that_cannot_be_true_are_left_unknown() -> None:
    one = accepted(record(place={"latitude": 391, "longitude": -105}, persons=[{"slot": "1", "age_years": -4}]))
    assert one.place is not None and one.place.latitude is None and one.place.longitude == -105
    assert found(one) == [("read.out-of-range", "place.latitude"), ("read.out-of-range", "persons[0].age_years")]


def test_a_birth_date_is_a_date() -> None:
    one = accepted(
        record(persons=[{"slot": "1", "birth_date": "1984-02-30T00:00:00Z"}, {"slot": "2", "birth_date": "1984"}])
    )
    assert [person.birth_date for person in one.persons] == [None, "1984"]
    assert found(one) == [("read.bad-time", "persons[0].birth_date")]


def test_stages_out_of_order_are_kept_and_said() -> None:
    timeline = {"received": "2026-01-14T10:00:00Z", "dispatched": "2026-01-14T09:00:00Z", "on_scene": "2026-01-14"}
    one = accepted(record(timeline=timeline, units=[{"id": "1", "timeline": timeline}]))
    assert to_json(one)["timeline"] == timeline
    assert found(one) == [
        ("read.out-of-order", "timeline.dispatched"),
        ("read.out-of-order", "units[0].timeline.dispatched"),
    ]


def test_class_is_spelled_without_the_underscore() -> None:
    recipients = [{"class": "my treating providers"}]
    one = accepted(record(contacts=[{"consents": [{"recipients": recipients}]}]))
    assert one.contacts[0].consents[0].recipients[0].class_ == "my treating providers"
    assert to_json(one)["contacts"][0]["consents"][0]["recipients"] == recipients


def test_a_no_that_was_said_stays_and_a_plain_no_goes() -> None:
    consent = {"revocation_statement": False, "counselling_notes": False}
    items = [{"item": {"text": "x"}, "value": False}, {"item": {"text": "y"}, "value": 0}]
    one = accepted(
        record(contacts=[{"consents": [consent], "screenings": [{"instrument": {"text": "z"}, "items": items}]}])
    )
    made = to_json(one)["contacts"][0]
    assert made["consents"][0]["revocation_statement"] is False
    assert "counselling_notes" not in made["consents"][0]
    assert made["screenings"][0]["items"] == items


def test_agency_file() -> None:
    agency = agency_from_json(
        b'{"id": "a-pd", "zone": "America/Denver", "posture": "law-enforcement",'
        b' "organizations": [{"id": "c", "kind": "center"}]}'
    )
    assert agency.organizations[0].kind == "center"
    assert agency_from_json(agency_to_json(agency)) == agency


@pytest.mark.parametrize(
    ("data", "rule", "path"),
    [
        (b"{", "read.not-json", "line 1, column 2"),
        (b"", "read.not-json", "line 1, column 1"),
        (b"[]", "read.empty-array", ""),
        (b"{}", "read.bad-agency", "id"),
        (b'{"id": "a", "zon": "America/Denver"}', "read.bad-agency", "zon"),
        (b'{"id": "a", "posture": "police"}', "read.bad-agency", "posture"),
        (b'{"id": "a", "zone": "Mars/Base"}', "read.unknown-zone", "zone"),
    ],
)
def test_agency_file_errors(data: bytes, rule: str, path: str) -> None:
    with pytest.raises(ReadError) as caught:
        agency_from_json(data)
    assert (caught.value.rule, caught.value.issues[0].path) == (rule, path)


# Any JSON and any bytes.

_NAMES = st.sampled_from(
    [field.name for field in dataclasses.fields(Incident)]
    + ["slot", "person", "text", "type", "names", "class", "at", "by"]
)
_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["", SECRET, "2026-01-14"])
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)


@given(
    st.fixed_dictionaries(
        {"agency": _JSON, "number": _JSON},
        optional=dict.fromkeys(("persons", "contacts", "timeline", "units"), _JSON),
    )
    | _JSON
)
@settings(max_examples=120, deadline=None)
def test_any_json_is_read_or_rejected(value: Any) -> None:
    try:
        data = orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):  # integers beyond 64 bits
        return
    for one in read_incident(data, DENVER):
        assert SECRET not in repr(one.issues if isinstance(one, Rejected) else one.reading)
        if isinstance(one, Incident):
            (again,) = read_incident(orjson.dumps(to_json(one)), DENVER)
            assert isinstance(again, Incident)
            assert to_json(again) == to_json(one)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    for one in read_incident(data):
        assert isinstance(one, Incident | Rejected)
