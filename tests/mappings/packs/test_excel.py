"""Excel workbooks: written by another library (openpyxl), read by ours; broken ones; dates in both systems."""

# ruff: noqa: DTZ001  Excel's times have no zone

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904, from_excel

from mappings.incident import Incident, Rejected
from mappings.packs import Pack
from mappings.packs.excel import xlsx_rows
from mappings.packs.excel_dates import from_serial
from mappings.packs.source import Layout, Source

COLUMNS = ("event", "nature", "at", "note")
PACK = """source: {format: xlsx, columns: [event, nature, at, note]%s}
incident:
  event_number: {from: event}
  priority: {from: nature}
  received: {from: at, datetime: iso}
  narratives: [{from: note, kind: cad-note, organization: test-pd}]
"""


def book(*rows: list[Any], title: list[Any] | None = None, epoch: Any = None, formats: dict[str, str] | None = None,
         shared: bool = True) -> bytes:  # fmt: skip
    """A workbook with these rows under a header."""
    made = Workbook(write_only=not shared)
    if epoch is not None:
        made.epoch = epoch
    sheet = made.create_sheet("Calls", 0) if shared else made.create_sheet("Calls")
    for row in [*([title] if title else []), list(COLUMNS), *rows]:
        sheet.append(row)
    for place, form in (formats or {}).items():
        sheet[place].number_format = form
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def cells(data: bytes, **source: Any) -> list[Any]:
    return list(xlsx_rows(data, Source(format="xlsx", columns=COLUMNS, **source), lambda layout: None))


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        ("0017", None, "0017"),
        (17, None, "17"),
        (17, "00000", "00017"),  # as the cell shows it
        (26000117, None, "26000117"),
        (0.1, None, "0.1"),
        (3671800.25, None, "3671800.25"),
        (260001170001234567, None, "2.60001170001235E+17"),  # Excel keeps 15 digits: no number to be trusted
        (True, None, "TRUE"),
        ("#N/A", None, "#N/A"),
        ("a\nb & <c>", None, "a\nb & <c>"),
        ("a_x000D_b_x005F_x000A_", None, "a\rb_x000A_"),  # how Excel writes what XML cannot have
        (datetime(2026, 1, 14, 23, 2), None, "2026-01-14T23:02:00"),
        (datetime(2026, 1, 14, 23, 2, 59), "m/d/yyyy h:mm AM/PM", "2026-01-14T23:02:59"),
        (date(2026, 1, 14), None, "2026-01-14"),
        (datetime(2026, 1, 14), "[$-409]d-mmm-yy;@", "2026-01-14"),
        (datetime(2026, 1, 14), "m/d/yyyy h:mm", "2026-01-14T00:00:00"),
        (time(23, 2), None, "23:02:00"),
        (timedelta(hours=26, minutes=3), "[h]:mm:ss", "26:03:00"),
        (0, "m/d/yyyy", "0"),  # Excel shows 1/0/1900, which is no day
        (60, "m/d/yyyy", "60"),
        (12.5, '0.0 "days"', "12.5"),
        (9.01, "[Red]0.00", "9.01"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("epoch", [None, CALENDAR_MAC_1904])
def test_cell(value: Any, form: str | None, expected: str, epoch: Any) -> None:
    if epoch is not None and value in (0, 60) and form == "m/d/yyyy":
        expected = "1904-01-01" if value == 0 else "1904-03-01"
    data = book(["1", value, None, "x"], epoch=epoch, formats={"B2": form} if form else None)
    assert cells(data) == [["1", expected, "", "x"]]


@given(st.floats(0, 2_900_000, allow_nan=False), st.booleans())
def test_serial_numbers_are_as_another_library_has_them(serial: float, since_1904: bool) -> None:
    made = from_serial(serial, since_1904=since_1904)
    if serial < 1 or (60 <= serial < 61 and not since_1904) or made is None:
        return
    other = from_excel(serial, CALENDAR_MAC_1904) if since_1904 else from_excel(serial)
    assert isinstance(other, datetime)
    assert abs(made - other) < timedelta(milliseconds=2)


def test_a_pack_reads_a_workbook(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(PACK % ", sheet: calls, skip: 1")
    data = book(
        ["26-1", "EDP", datetime(2026, 1, 14, 23, 2), "on the porch"],
        [None, None, None, None],
        ["26-2", None, date(2026, 1, 15), None],
        [None, "EDP", None, "no number"],
        ["26-3", "EDP", None, "x", "beyond"],
        title=["Calls of January", None, None, None],
    )
    one, two, keyless, long = pack(io.BytesIO(data))
    assert isinstance(one, Incident)
    assert isinstance(two, Incident)
    assert one.timeline.received == "2026-01-14T23:02:00-07:00"
    assert one.narratives[0].text == "on the porch"
    assert two.timeline.received == "2026-01-15"
    assert isinstance(keyless, Rejected)
    assert (keyless.issues[0].path, keyless.line) == ("line 6, event", 6)
    assert isinstance(long, Rejected)
    assert (long.issues[0].rule, long.issues[0].path) == ("read.row-long", "row 7")


def test_a_workbook_without_header_and_texts_inline(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack((PACK % "").replace("columns", "header"))
    found = list(pack.read(book(["26-1", "EDP", None, "x"], shared=False)))
    assert [one.number for one in found if isinstance(one, Incident)] == ["event", "26-1"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "read.not-xlsx"),
        (b"event,nature\n1,2\n", "read.not-xlsx"),
        (b"PK\x03\x04" + b"\x00" * 60, "read.not-xlsx"),
        (book(["1", "2", "3", "4"])[:-80], "read.not-xlsx"),
    ],
)
def test_what_is_no_workbook_is_rejected(make_pack: Callable[..., Pack], data: bytes, rule: str) -> None:
    (found,) = make_pack(PACK % "").read(data)
    assert isinstance(found, Rejected)
    assert found.issues[0].rule == rule


def test_a_sheet_that_is_not_there(make_pack: Callable[..., Pack]) -> None:
    (found,) = make_pack(PACK % ", sheet: Summary").read(book(["1", "2", "3", "4"]))
    assert isinstance(found, Rejected)
    assert found.issues[0].rule == "read.no-sheet"
    (found,) = make_pack(PACK % "").read(book(["1"])[:0] + _renamed(book(["1"]), COLUMNS, ("a", "b", "c", "d")))
    assert isinstance(found, Rejected)
    assert found.issues[0].rule == "read.no-header"


def _changed(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as book_, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as to:
        for name in book_.namelist():
            to.writestr(name, change(name, book_.read(name)))
    return out.getvalue()


def _renamed(data: bytes, old: tuple[str, ...], new: tuple[str, ...]) -> bytes:
    def change(name: str, part: bytes) -> bytes:
        for before, after in zip(old, new, strict=True):
            part = part.replace(f"<t>{before}</t>".encode(), f"<t>{after}</t>".encode())
        return part

    return _changed(data, change)


def test_a_workbook_made_to_exhaust_is_not_unpacked() -> None:
    zeros = b" " * 100_000_000
    bomb = _changed(book(["1"]), lambda name, part: part + zeros if name.endswith("sheet1.xml") else part)
    (found,) = cells(bomb)
    assert found.issues[0].rule == "read.too-large"


# As Excel itself writes one: prefixed or not, shared texts with runs and phonetic signs, a relative target.
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_BY_HAND = {
    "_rels/.rels": f'<Relationships xmlns="{_RELS}"><Relationship Id="a" Type="{_OFFICE}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<x:workbook xmlns:x="{_MAIN}" xmlns:r="{_OFFICE}"><x:workbookPr/><x:sheets>'
    '<x:sheet name="Chart" sheetId="1" r:id="c"/><x:sheet name="Calls" sheetId="2" r:id="s"/></x:sheets></x:workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELS}">'
    f'<Relationship Id="c" Type="{_OFFICE}/chartsheet" Target="chartsheets/sheet1.xml"/>'
    f'<Relationship Id="s" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"><si><t>event</t></si><si><t>nature</t></si><si><t>at</t></si>'
    "<si><t>note</t></si><si><r><t>E</t></r><r><t>DP</t></r><rPh><t>x</t></rPh></si></sst>",
    "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>'
    '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c t="s"><v>3</v></c></row>'
    '<row r="3"><c r="A3"><v>7</v></c><c r="B3" t="s"><v>4</v></c><c r="D3" t="str"><f>A3</f><v>said</v></c></row>'
    '<row r="4"><c r="A4"><v>8</v></c><c r="B4" t="s"><v>9</v></c></row>'
    '<row r="5"><c r="A5"><v>9</v></c></row></sheetData></worksheet>',
}


def test_a_workbook_as_excel_writes_it() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as to:
        for name, part in _BY_HAND.items():
            to.writestr(name, part)
    good, broken, next_ = cells(out.getvalue())
    assert (good, next_) == (["7", "EDP", "", "said"], ["9", "", "", ""])
    assert (broken.issues[0].rule, broken.issues[0].path) == ("read.not-xlsx", "row 4")  # a text that is not there


def test_entities_of_a_workbook_are_refused() -> None:
    doctype = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x">]>'
    data = _changed(
        book(["1"]), lambda name, part: doctype + part.split(b"?>", 1)[-1] if name.endswith("workbook.xml") else part
    )
    (found,) = cells(data)
    assert found.issues[0].rule == "read.xml-entities"


def test_a_row_far_down_and_a_wrong_dimension_cost_nothing() -> None:
    def change(name: str, part: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return part
        return part.replace(b'<row r="2"', b'<row r="1048576"').replace(b'ref="A1:D2"', b'ref="A1"')

    assert cells(_changed(book(["1", "2", "3", "4"]), change)) == [["1", "2", "3", "4"]]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r", min_codepoint=32, exclude_categories=["Cs"]),
                max_size=6)  # fmt: skip


@given(st.lists(st.lists(TEXTS, min_size=4, max_size=4), max_size=5))
def test_each_row_of_texts_comes_back(rows: list[list[str]]) -> None:
    data = book(*[[cell if not cell.startswith("=") else "x" for cell in row] for row in rows])
    expected = [["x" if cell.startswith("=") else cell for cell in row] for row in rows]
    expected = [row for row in expected if any(cell.strip() for cell in row)]
    assert cells(data) == expected


PARTS = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "_rels/.rels",
         "xl/_rels/workbook.xml.rels"]  # fmt: skip
WHOLE = book(["26-1", 7, datetime(2026, 1, 14), "x"], ["26-2", 1.5, None, "y"])


@given(st.sampled_from(PARTS), st.data())
def test_any_damage_to_a_part_is_rejected_or_read(part: str, data: st.DataObject) -> None:
    """No crash, and no row lost unseen: the rows before the damage, and one rejection for what is behind it."""

    def change(name: str, given_: bytes) -> bytes:
        if name != part:
            return given_
        start = data.draw(st.integers(0, len(given_)))
        length = data.draw(st.integers(0, 30))
        return given_[:start] + data.draw(st.binary(max_size=12)) + given_[start + length :]

    layouts: list[Layout] = []
    found = list(xlsx_rows(_changed(WHOLE, change), Source(format="xlsx", columns=COLUMNS), layouts.append))
    assert all(isinstance(one, list | tuple | Rejected) for one in found)


@given(st.integers(0, len(WHOLE)), st.binary(max_size=8))
def test_any_damage_to_the_file_is_rejected_or_read(at: int, noise: bytes) -> None:
    cells(WHOLE[:at] + noise + WHOLE[at + len(noise) :])


@pytest.mark.proof
def test_memory_does_not_grow_with_a_sheet() -> None:
    peaks = []
    for count in (500, 4000):
        data = io.BytesIO(book(*([f"26-{n}", "EDP", n * 1.5, "x" * 100] for n in range(count)), shared=False))
        tracemalloc.start()
        source = Source(format="xlsx", columns=COLUMNS)
        assert sum(1 for _ in xlsx_rows(data, source, lambda layout: None)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] + 100_000
