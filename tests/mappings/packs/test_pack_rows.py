"""Every row stands alone: a broken one is rejected in its place and the others are read; none is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mappings.incident import Incident, Rejected
from mappings.packs import Pack, load_pack
from mappings.packs.formats import Layout, Source, csv_rows

ONE = """source: {format: csv, columns: [event, nature, note]%s}
incident:
  event_number: {from: event}
  priority: {from: nature}
  narratives: [{from: note, kind: cad-note, organization: test-pd}]
"""


def reasons(found: list[Incident | Rejected]) -> list[tuple[str, str] | str]:
    return [
        (one.issues[0].rule, one.issues[0].path) if isinstance(one, Rejected) else one.number or "" for one in found
    ]


def test_short_and_long_rows(make_pack: Callable[..., Pack]) -> None:
    data = b"event,nature,note\n1,A,x\n2,A\n3,A,x,more\n\n4,A,x\n,A,no number\n"
    found = list(make_pack(ONE % "").read(data))
    assert reasons(found) == [
        "1",
        ("read.row-short", "line 3"),
        ("read.row-long", "line 4"),
        "4",
        ("read.no-key", "line 7, event"),
    ]
    assert [one.index for one in found if isinstance(one, Rejected)] == [1, 2, 4]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ('2,A,"open\n3,A,x\n4,A,x\n', [("read.not-csv", "line 4"), "3", "4"]),
        ('2,A,"open\n3,A,x\n4,A,"shut"\n', [("read.not-csv", "line 4"), "3", "4"]),
        ('2,"A,open\n3,A,x\n4,A,x\n', [("read.not-csv", "line 4"), "3", "4"]),
        ('2,"A,open\n3,A",x\n4,A,x\n', ["2", "4"]),  # a cell of two lines
        ('2,A,5" pipe\n3,A,"x\ny"\n4,A,x', ["2", "3", "4"]),
        ('2,A,x\n3,A,"cut off', ["2", ("read.not-csv", "line 5")]),
    ],
)
def test_a_quote_without_end_takes_its_own_line_only(
    make_pack: Callable[..., Pack], rows: str, expected: list[tuple[str, str] | str]
) -> None:
    data = 'event,nature,note\n1,A,"two\nlines, ""quoted"""\n' + rows
    found = list(make_pack(ONE % "").read(data.encode()))
    assert reasons(found) == ["1", *expected]
    assert isinstance(found[0], Incident)
    assert found[0].narratives[0].text == 'two\nlines, "quoted"'


def test_a_cell_beyond_what_csv_takes(make_pack: Callable[..., Pack]) -> None:
    data = b"event,nature,note\n1,A," + b"x" * 140_000 + b"\n2,A,x\n"
    assert reasons(list(make_pack(ONE % "").read(data))) == [("read.not-csv", "line 2"), "2"]


def test_wrong_bytes_reject_their_row_with_the_offset(make_pack: Callable[..., Pack]) -> None:
    data = "event,nature,note\n1,A,naïve\n2,A,na".encode() + b"\xefve\n" + "3,A,ñ\n".encode()
    found = list(make_pack(ONE % "").read(data))
    place = f"line 3, byte {data.index(bytes([0xEF, 0x76]))}"
    assert reasons(found) == ["1", ("read.encoding", place), "3"]
    again = list(make_pack(ONE % "").read(b"\xef\xbb\xbf" + data))
    assert reasons(again)[1] == ("read.encoding", f"line 3, byte {data.index(bytes([0xEF, 0x76])) + 3}")


def test_windows_1252_is_declared_never_guessed(make_pack: Callable[..., Pack]) -> None:
    data = "event,nature,note\r\n1,A,“naïve” – €5\r\n".encode("windows-1252") + b"2,A,\x81\r\n3,A,x\r\n"
    found = list(make_pack(ONE % ", encoding: windows-1252").read(data))
    assert isinstance(found[0], Incident)
    assert found[0].narratives[0].text == "“naïve” – €5"
    assert reasons(found)[1:] == [("read.encoding", f"line 3, byte {data.index(0x81)}"), "3"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_as_excel_and_sql_server_write_it(make_pack: Callable[..., Pack], encoding: str) -> None:
    data = "event,nature,note\r\n1,A,“naïve” 🚓\r\n2,A,x\r\n".encode(encoding)
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data
    pack = make_pack(ONE % ", encoding: utf-16")
    one, two = pack.read(data)
    assert isinstance(one, Incident)
    assert isinstance(two, Incident)
    assert (one.narratives[0].text, two.number) == ("“naïve” 🚓", "2")
    assert reasons(list(pack.read(data[:-5]))) == ["1", ("read.encoding", f"line 3, byte {len(data) - 6}")]
    spoilt = data.replace("x".encode(encoding)[-2:], b"\xdc\xdc", 1)  # half of a pair
    assert reasons(list(pack.read(spoilt)))[1] == ("read.encoding", f"line 3, byte {spoilt.index(bytes([0xDC, 0xDC]))}")


def test_header_is_found_in_any_order_and_spelling(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(ONE % ", rename: {Nature_Code: nature}")
    data = b"\xef\xbb\xbfNOTE,nature_code,District,Event \nx,A,9,1\n"
    (made,) = pack.read(data)
    assert isinstance(made, Incident)
    assert (made.number, made.priority.code if made.priority else None) == ("1", "A")
    assert made.narratives[0].text == "x"
    assert made.reading.unused == ("District",)


def test_absent_and_unknown_columns_are_said(make_pack: Callable[..., Pack]) -> None:
    (made,) = make_pack(ONE % "").read(b"event,nature,Jordan 555 @\n1,A,x\n")
    assert isinstance(made, Incident)
    assert made.reading.unused == ("column 3",)  # what is no plain word may be a value: a file without header
    assert [(issue.rule, issue.path) for issue in made.reading.issues] == [("read.no-column", "note")]


@pytest.mark.parametrize("data", [b"7,A,x\n8,B,y\n", b'"event\n1,2,3\n'])
def test_a_file_without_the_header_is_rejected_whole(make_pack: Callable[..., Pack], data: bytes) -> None:
    assert reasons(list(make_pack(ONE % "").read(data))) == [("read.no-header", "line 1")]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"event,nature,note\n", b"\xef\xbb\xbf"])
def test_no_rows_are_no_records(make_pack: Callable[..., Pack], data: bytes) -> None:
    assert list(make_pack(ONE % "").read(data)) == []


def test_json_documents_that_are_none() -> None:
    pack = load_pack("riverton-webhook")
    for data, rule, place in (
        (b'{"data": ', "read.not-json", "line 1, column 10"),
        (b'{"data": {"incident": "\xff"}}', "read.encoding", "byte 23"),
        (b'{"data": {}}', "read.no-rows", "data.incident"),
        (b"[]", "read.no-rows", "data.incident"),
        (b'{"data": {"incident": [7]}}', "read.not-an-object", "[0]"),
    ):
        assert reasons(list(pack.read(data))) == [(rule, place)]
    assert list(pack.read(b'{"data": {"incident": []}}')) == []


NDJSON = "source: {format: ndjson, rows: call}\nincident: {event_number: {from: 'ids[0].value'}, priority: {from: p}}\n"


def test_ndjson_line_by_line(make_pack: Callable[..., Pack]) -> None:
    good = b'{"call": {"ids": [{"value": 7}], "p": "1", "x": {"y": [1, null]}}}'
    data = good + b"\n\n{\n" + b"[]\n" + good.replace(b"7", b'"\xff"') + b"\n" + good
    found = list(make_pack(NDJSON).read(data))
    assert reasons(found) == [
        "7",
        ("read.not-json", "line 3, column 2"),
        ("read.not-an-object", "line 4"),
        ("read.encoding", "line 5, column 30"),
        "7",
    ]
    assert isinstance(found[0], Incident)
    assert found[0].reading.unused == ("x",)


def test_xml_that_is_none() -> None:
    pack = load_pack("riverton-rms")
    head = b'<x:Export xmlns:x="urn:riverton:rms:export:2">'
    bomb = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 20 + b'">]><a>&b;</a>'
    for data, rule in (
        (head + b"<x:Report>", "read.not-xml"),
        (bomb, "read.xml-entities"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "read.encoding"),
        (b"<a/>", "read.no-rows"),
        (b"\xff\xfe", "read.not-xml"),
        (b"", "read.not-xml"),
        (head + b"<x:Report>" + b"<x:a>" * 50 + b"</x:a>" * 50 + b"</x:Report></x:Export>", "read.too-deep"),
        (head + b"<x:Report/></x:Export>", "read.not-an-object"),
    ):
        (found,) = pack.read(data)
        assert isinstance(found, Rejected)
        assert found.issues[0].rule == rule


def test_xml_without_declared_namespaces_reads_local_names(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(
        "source: {format: xml, rows: calls.call}\n"
        "incident: {event_number: {from: '@id'}, priority: {from: p}, place: {from: at}}\n"
    )
    data = b'<calls xmlns="urn:a" day="1"><call id="7"><p u="2">1</p><at>Mill &amp; 3rd<!-- x --></at></call></calls>'
    (made,) = pack.read(data)
    assert isinstance(made, Incident)
    assert (made.number, made.priority.code if made.priority else None) == ("7", "1")
    assert made.place is not None
    assert made.place.text == "Mill & 3rd"
    assert made.reading.unused == ("p.@u", "@day")


# --- any bytes

CELL = st.text(alphabet=st.sampled_from('a1,;"\n\r\t é\x00\u2028€'), max_size=6)
LINES = st.lists(st.lists(CELL, min_size=1, max_size=5).map(",".join), max_size=8).map("\n".join)


@given(LINES)
@example('"\n1,2,3')
@example('a,"b\n"c\n",d,e')
def test_each_line_of_a_csv_is_in_exactly_one_row(text: str) -> None:
    data = text.encode()
    source = Source(format="csv", columns=("a", "b", "c"), headed=False)
    layouts: list[Layout] = []
    rows = list(csv_rows(data, source, layouts.append))
    spans = [len(io.StringIO("".join(row), newline="").readlines()) for row in rows if not isinstance(row, Rejected)]
    lines = [line for line in io.StringIO(text, newline="").readlines() if line.strip("\r\n")]
    # a row spans at least one line; blank lines inside quotes are cells' own
    assert len(rows) <= len(lines) or any("\n" in "".join(row) or "\r" in "".join(row) for row in rows
                                          if not isinstance(row, Rejected))  # fmt: skip
    assert bool(rows) == bool(lines)
    assert len(spans) <= len(rows)


@given(st.lists(st.lists(st.text(max_size=8), min_size=3, max_size=3), max_size=8))
def test_what_a_csv_writer_wrote_is_read_row_for_row(rows: list[list[str]]) -> None:
    # a lone carriage return is a line's end to some writers: csv quotes it
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    source = Source(format="csv", columns=("a", "b", "c"), headed=False)
    data = text.getvalue().encode("utf-8", "surrogatepass")
    got = list(csv_rows(data, source, lambda layout: None))
    assert len(got) == len(rows)
    if data.decode("utf-8", "ignore").encode() == data and not data.startswith(b"\xef\xbb\xbf"):
        assert got == rows


@given(st.lists(st.booleans(), max_size=12), st.data())
def test_rows_in_are_incidents_and_rejected(flags: list[bool], data: st.DataObject) -> None:
    """Good and broken rows in any order: each good one is read, each broken one rejected, in its place."""
    pack = load_pack("seattle-cad")
    width = len(pack.source.columns)
    lines = [",".join(pack.source.columns)]
    for n, good in enumerate(flags):
        count = width if good else data.draw(st.integers(2, 40).filter(lambda c: c != width))
        lines.append(",".join(["x", f"{n}"] + ["y"] * (count - 2)))
    found = list(pack.read("\r\n".join(lines).encode()))
    assert [isinstance(one, Incident) for one in found] == flags
    assert [one.number for one in found if isinstance(one, Incident)] == [str(n) for n, ok in enumerate(flags) if ok]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
WEBHOOK_KEYS = st.sampled_from(
    ["number", "caseNumber", "status", "nature", "times", "location", "units", "persons", "notes", "hazards", "linked"]
)


@settings(max_examples=60)
@given(st.lists(st.dictionaries(WEBHOOK_KEYS | st.text(max_size=3), VALUES, max_size=8) | VALUES, max_size=4))
def test_any_json_is_read_or_rejected(rows: list[Any]) -> None:
    pack = load_pack("riverton-webhook")
    found = list(pack.read(orjson.dumps({"data": {"incident": rows}})))
    assert len(found) == len(rows)
    for index, one in enumerate(found):
        assert isinstance(one, Incident) or one.index == index


@settings(max_examples=60)
@given(st.binary(max_size=200), st.sampled_from(["new-orleans-cad", "seattle-cad", "riverton-webhook", "riverton-rms"]))
def test_any_bytes_are_read_or_rejected(data: bytes, name: str) -> None:
    pack = load_pack(name)
    list(pack.read(data))
    sample = {"csv": ",".join(pack.source.columns).encode() + b"\n", "json": b'{"data": {"incident": ', "xml": b"<a>"}
    for index, one in enumerate(pack.read(sample[pack.source.format] + data)):
        assert isinstance(one, Incident) or one.index == index


SECRET = "Qzx91w"


@pytest.mark.parametrize("name", ["new-orleans-cad", "seattle-cad"])
def test_no_cell_is_repeated_in_an_issue(name: str) -> None:
    pack = load_pack(name)
    columns = pack.source.columns
    rows = [",".join(columns)]
    rows += [",".join(f"{SECRET}{n}" for n in range(len(columns) + extra)) for extra in (0, -1, 1)]
    text = "".join(
        repr(one.issues if isinstance(one, Rejected) else one.reading) for one in pack.read("\n".join(rows).encode())
    )
    assert "read.bad-time" in text
    assert SECRET not in text


def test_no_value_is_repeated_in_an_issue_of_a_document() -> None:
    row = {
        "number": "1", "changedAt": SECRET, "priority": SECRET, "dob": SECRET, "nature": {"final": {"code": SECRET}},
        "times": {"received": SECRET}, "location": {"point": {"lat": SECRET}},
        "units": [{"id": SECRET, "history": [{"status": SECRET, "at": SECRET}]}],
        "persons": [{"ref": "a", "role": SECRET, "dob": SECRET, "age": {"years": SECRET, "estimated": SECRET}}],
        f"{SECRET} {SECRET}": SECRET, "disposition": {"code": SECRET},
    }  # fmt: skip
    (made,) = load_pack("riverton-webhook").read(orjson.dumps({"data": {"incident": [row]}}))
    assert isinstance(made, Incident)
    assert len(made.reading.issues) >= 9
    assert SECRET not in repr(made.reading)
