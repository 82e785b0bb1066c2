"""A pack is called on a row, on rows, on bytes or on a file; what comes back is the same, and memory stays flat."""

from __future__ import annotations

import io
import pickle
import tracemalloc
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest

from mappings.incident import Agency, Incident, Rejected
from mappings.packs import Pack, load_pack

COLUMNS = "event,nature,note"
CSV = "source: {format: csv, columns: [event, nature, note], rename: {type_: nature}}\n"
FIXED = """source:
  format: fixed
  columns: {event: {start: 1, length: 8}, nature: {start: 9, length: 4}, note: {start: 13}}
"""
NDJSON = "source: {format: ndjson}\n"
XML = "source: {format: xml, rows: calls.call}\n"
INCIDENT = """incident:
  event_number: {from: event}
  priority: {from: nature}
  narratives: [{from: note, kind: cad-note, organization: test-pd}]
"""


def numbers(found: Iterator[Incident | Rejected]) -> list[str | None]:
    return [one.number if isinstance(one, Incident) else None for one in found]


def test_a_row_rows_bytes_and_files_are_read_alike(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(CSV + INCIDENT)
    text = COLUMNS + "\n26-1,A,said\n,B,\n26-3,C,\n"
    rows: list[dict[str, Any]] = [
        {"event": "26-1", "nature": "A", "note": "said"},
        {"event": None, "nature": "B", "note": float("nan")},
        {"event": "26-3", "nature": "C", "note": ""},
    ]
    expected = list(pack.read(text.encode()))
    assert numbers(iter(expected)) == ["26-1", None, "26-3"]
    assert list(pack(text.encode())) == expected
    assert list(pack(io.BytesIO(text.encode()))) == expected
    assert list(pack(io.StringIO("\ufeff" + text))) == expected
    assert [one for one in pack(iter(rows)) if isinstance(one, Incident)] == [expected[0], expected[2]]
    assert pack(rows[0]) == expected[0]
    keyless = pack(rows[1])
    assert isinstance(keyless, Rejected)
    assert (keyless.line, keyless.issues[0].path) == (None, "row 1, event")
    assert isinstance(expected[1], Rejected)
    assert (expected[1].line, expected[1].issues[0].path) == (3, "line 3, event")


def test_rows_have_their_columns_found_as_a_header_has(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(CSV + INCIDENT)
    one, two = pack([{"EVENT ": 7, "Type_": "A", "more": 1}, {"event": 8, "note": True}], Agency(id="other-pd"))
    assert isinstance(one, Incident)
    assert isinstance(two, Incident)
    assert (one.agency, one.number, one.priority.code if one.priority else None) == ("other-pd", "7", "A")
    assert one.reading.unused == ("more",)
    assert [(issue.rule, issue.path) for issue in one.reading.issues] == [("read.no-column", "note")]
    assert two.narratives[0].text == "true"


def test_a_text_is_no_input(make_pack: Callable[..., Pack]) -> None:
    with pytest.raises(TypeError, match="open file"):
        make_pack(CSV + INCIDENT)("calls.csv")  # type: ignore[call-overload]


def test_a_pack_goes_to_another_process() -> None:
    pack = pickle.loads(pickle.dumps(load_pack("seattle-cad")))
    assert isinstance(pack({"cad_event_number": "1"}), Incident)


class Stream(io.RawIOBase):
    """A file that is made while it is read, and cannot be gone back in."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = piece
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size


def stream(head: bytes, row: Callable[[int], bytes], tail: bytes, count: int) -> IO[bytes]:
    def pieces() -> Iterator[bytes]:
        yield head
        for n in range(count):
            yield row(n)
        yield tail

    return io.BufferedReader(Stream(pieces()))


FORMATS = {
    "csv": (CSV, COLUMNS.encode() + b"\n", lambda n: b'%08d,A,"said\n%s"\n' % (n, b"x" * 400), b""),
    "fixed": (FIXED, b"", lambda n: b"%08dA   %s\n" % (n, b"x" * 400), b""),
    "ndjson": (NDJSON, b"", lambda n: b'{"event":"%08d","nature":"A","note":"%s"}\n' % (n, b"x" * 400), b""),
    "xml": (
        XML,
        b"<calls><head>" + b"<a/>" * 10 + b"</head>",
        lambda n: b"<call><event>%08d</event><nature>A</nature><note>%s</note></call>\n" % (n, b"x" * 400),
        b"<count>many</count></calls>",
    ),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.proof
def test_memory_does_not_grow_with_a_file(make_pack: Callable[..., Pack], name: str) -> None:
    source, head, row, tail = FORMATS[name]
    pack = make_pack(source + INCIDENT)
    peaks = []
    for count in (2000, 10_000):
        found = pack(stream(head, row, tail, count))
        tracemalloc.start()
        seen = 0
        for seen, made in enumerate(found, 1):  # noqa: B007
            assert type(made) is Incident
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seen == count
    assert peaks[1] < 1.1 * peaks[0] + 100_000


def test_what_stands_beside_the_rows_is_told(make_pack: Callable[..., Pack]) -> None:
    """The last row waits for the document's end."""
    source, head, row, tail = FORMATS["xml"]
    found = list(make_pack(source + INCIDENT).read(head + row(1) + row(2) + tail))
    assert [one.reading.unused for one in found if isinstance(one, Incident)] == [("head",), ("head", "count")]


def test_a_document_cut_off_gives_the_rows_before(make_pack: Callable[..., Pack]) -> None:
    source, head, row, _ = FORMATS["xml"]
    found = list(make_pack(source + INCIDENT).read(head + row(1) + row(2) + b"<call><event>3</event></calls>"))
    assert numbers(iter(found)) == ["00000001", "00000002", None]
    last = found[-1]
    assert isinstance(last, Rejected)
    assert (last.issues[0].rule, last.index, last.line) == ("read.not-xml", 2, 3)


ENVELOPE = "source: {format: json, rows: 'agencies[].calls', success: meta.ok}\n" + INCIDENT


def test_an_envelope_with_lists_on_the_way(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(ENVELOPE)
    data = (
        b'{"meta": {"ok": true}, "page": 1, "agencies": [{"name": "x", "calls": [{"event": 1}, 7]},'
        b' {"calls": {"event": 2}}, {}]}'
    )
    one, broken, two = pack.read(data)
    assert isinstance(one, Incident)
    assert isinstance(two, Incident)
    assert (one.number, two.number) == ("1", "2")
    assert one.reading.unused == ("page", "name")
    assert isinstance(broken, Rejected)
    assert list(pack.read(b'{"meta": {"ok": "True"}, "agencies": []}')) == []


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b'{"meta": {"ok": false}, "agencies": [], "error": "no"}', "read.no-success"),
        (b'{"agencies": []}', "read.no-success"),
        (b'{"meta": {"ok": true}, "error": "no"}', "read.no-rows"),
        (b"[]", "read.no-success"),
    ],
)
def test_an_envelope_without_success_has_no_rows(make_pack: Callable[..., Pack], data: bytes, rule: str) -> None:
    (found,) = make_pack(ENVELOPE).read(data)
    assert isinstance(found, Rejected)
    assert found.issues[0].rule == rule


def test_titles_above_the_header_and_names_of_other_years(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(CSV.replace("rename", "skip: 2, rename") + INCIDENT)
    data = b'Calls for service, "January"\n"printed\n Event  ,TYPE_,note \n26-1,A,x\n'
    (made,) = pack.read(data)
    assert isinstance(made, Incident)
    assert (made.number, made.priority.code if made.priority else None) == ("26-1", "A")
    assert list(pack.read(b"Calls\n")) == []
