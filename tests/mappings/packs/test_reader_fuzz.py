"""Any bytes to each format's reader: no crash, no hang, no lost row. Rows in = rows out + rejected."""

from __future__ import annotations

import io
from typing import Any
from xml.sax.saxutils import escape

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mappings.incident import Rejected
from mappings.packs import lines
from mappings.packs.formats import READERS
from mappings.packs.source import Layout, Place, Source

SOURCES = {
    "csv": Source(format="csv", columns=("a", "b", "c"), headed=False),
    "csv with header": Source(format="csv", columns=("a", "b", "c")),
    "csv of windows": Source(format="csv", columns=("a", "b"), delimiter=";", quote="'", encoding="windows-1252"),
    "csv of sql server": Source(format="csv", columns=("a", "b", "c"), encoding="utf-16"),
    "fixed": Source(format="fixed", columns=("a", "b"), spans=((0, 2), (2, 4))),
    "fixed and trimmed": Source(format="fixed", columns=("a", "b"), spans=((0, 2), (3, None)), trimmed=True, skip=1),
    "xlsx": Source(format="xlsx", columns=("a", "b")),
    "json": Source(format="json", rows=("data", "[]", "rows"), success=("ok",)),
    "ndjson": Source(format="ndjson", rows=("call",)),
    "xml": Source(format="xml", rows=("calls", "call"), namespaces={"x": "urn:x"}),
}
BITS = st.sampled_from(
    [b"a", b"b,", b"c", b"1", b'"', b"'", b";", b"\n", b"\r", b"\r\n", b"\t", b" ", b"\x00", b"\xff", b"\x81",
     "é".encode(), "\u2028".encode(), b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b":", b"<", b">", b"/", b"calls",
     b"call", b"<call>", b"</call>", b"<calls>", b"</calls>", b"<call a='1'/>", b'{"call": {}}', b"&amp;", b"&b;",
     b"<!DOCTYPE a>", b"<?xml version='1.0' encoding='utf-16'?>", b"PK\x03\x04", b"a,b,c\n", b"abcd\n"]
)  # fmt: skip
ANY = st.lists(BITS, max_size=40).map(b"".join) | st.binary(max_size=120)


def read(name: str, data: Any) -> tuple[list[Any], list[Layout], list[int]]:
    source = SOURCES[name]
    layouts: list[Layout] = []
    place = Place()
    found, at = [], []
    for row in READERS[source.format](data, source, layouts.append, place):
        found.append(row)
        at.append(place.line)
    return found, layouts, at


@pytest.mark.parametrize("name", SOURCES)
@given(data=ANY)
def test_any_bytes_are_rows_or_rejected(name: str, data: bytes) -> None:
    found, layouts, _ = read(name, data)
    assert all(isinstance(row, list | tuple | dict | Rejected) for row in found)
    assert layouts or all(isinstance(row, Rejected) for row in found)
    rejected = [row for row in found if isinstance(row, Rejected)]
    assert all(0 <= row.index <= len(found) and row.issues for row in rejected)
    width = len(SOURCES[name].columns)
    assert all(len(row) == width for row in found if isinstance(row, list | tuple))


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.startswith("xlsx")])
@pytest.mark.parametrize("block", [1, 7])
@given(data=ANY)
@example(data=b'a,b,c\r\n1,2,3\r\n\r\n4,"5\r\n",6')
@example(data=b"\xef\xbb\xbfa\rb\r\n")
def test_a_part_at_a_time_is_the_same_as_whole(name: str, block: int, data: bytes) -> None:
    whole = read(name, data)
    before, lines._BLOCK = lines._BLOCK, block
    try:
        assert read(name, io.BytesIO(data)) == whole
    finally:
        lines._BLOCK = before


@pytest.mark.parametrize("name", ["csv", "csv with header", "fixed", "ndjson", "json", "xml"])
@given(text=st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('a,"\n{}<>'), max_size=60))
def test_a_text_handle_is_the_same_as_its_bytes(name: str, text: str) -> None:
    if "encoding" in text:  # an XML declaration speaks of bytes
        return
    rows = [row for row in read(name, io.StringIO(text, newline=""))[0] if not isinstance(row, Rejected)]
    assert rows == [row for row in read(name, text.encode())[0] if not isinstance(row, Rejected)]


@given(st.lists(st.sampled_from([b"abcd", b"ab", b"abcdef", b"abcd  ", b"\xff\xfeab", b"  ", b""]), max_size=12))
def test_each_line_of_a_fixed_file_is_a_row(rows: list[bytes]) -> None:
    found, _, at = read("fixed", b"\n".join(rows))
    wanted = [(n, row) for n, row in enumerate(rows, 1) if row.strip()]
    assert [row == ["ab", "cd"] for row in found] == [row in (b"abcd", b"abcd  ") for _, row in wanted]
    assert at == [n for n, _ in wanted]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
JUNK = st.sampled_from([b"{", b"[]", b"7", b"\xff", b'{"call": 7}', b'{"call": {}', b"null"])


@given(st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=3) | JUNK, max_size=8))
def test_each_line_of_ndjson_is_a_row(rows: list[Any]) -> None:
    data = b"\n".join(row if isinstance(row, bytes) else orjson.dumps({"call": row}) for row in rows)
    found, _, at = read("ndjson", data)
    assert [row if isinstance(row, dict) else None for row in found] == [
        row if isinstance(row, dict) else None for row in rows
    ]
    assert at == list(range(1, len(rows) + 1))


ELEMENT = st.recursive(
    st.text(st.characters(min_codepoint=32, max_codepoint=0xFFFD, exclude_categories=["Cs"]), max_size=5).map(escape),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: "".join(f"<a b='1'>{part}</a>" for part in parts)),
    max_leaves=8,
)


@given(st.lists(ELEMENT, max_size=6), st.sampled_from(["", "<call>", "</calls>", "<call><a>"]))
def test_each_element_of_a_document_is_a_row(rows: list[str], cut: str) -> None:
    body = "".join(f"<other/><call n='{n}'>{row}</call>" for n, row in enumerate(rows))
    found, _, _ = read("xml", f"<calls>{body}{cut}</calls>".encode())
    whole = [row for row in found if isinstance(row, dict)]
    assert [row["@n"] for row in whole] == [str(n) for n in range(len(rows))]
    assert len(found) - len(whole) == (1 if cut or not rows else 0)


@given(st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=3) | VALUES, max_size=6))
def test_each_item_of_an_envelope_is_a_row(rows: list[Any]) -> None:
    found, _, _ = read("json", orjson.dumps({"ok": True, "data": [{"rows": rows[:2]}, {"rows": rows[2:]}]}))
    assert [row if isinstance(row, dict) else None for row in found] == [
        row if isinstance(row, dict) else None for row in rows
    ]


def test_a_document_nested_without_end_is_left() -> None:
    (found,), _, _ = read("xml", b"<calls><call>" + b"<a>" * 100_000)
    assert isinstance(found, Rejected)
    assert found.issues[0].rule == "read.too-deep"


def test_a_quote_that_never_ends_costs_one_line_and_little_time() -> None:
    lines_ = [f"{n},x,y" for n in range(60_000)]
    lines_[5] = '5,"x,y'
    found, _, _ = read("csv", "\n".join(lines_).encode())
    assert len(found) == len(lines_)
    assert [row.index for row in found if isinstance(row, Rejected)] == [5]
