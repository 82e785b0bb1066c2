"""Excel workbooks (.xlsx, ECMA-376 SpreadsheetML) to rows: a row is its cells as texts, in the pack's order.

Values only: a formula gives the value last computed, and nothing is executed. A number is text as Excel would show it
unformatted: 15 digits, since it keeps no more, and beyond them the scientific form, which the readers of numbers and
codes report. A format of zeros only (`00000`) is shown as it says. A date or time is ISO 8601 without zone, by the
workbook's own date system (1900 or 1904). Of merged cells the first has the value.

Rows are read one at a time. The workbook's shared texts are held, as the format demands.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from posixpath import join, normpath
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from mappings.found import Rule
from mappings.incident import Rejected
from mappings.packs.delimited import layout_of, loosely
from mappings.packs.excel_dates import clock, from_serial
from mappings.packs.source import (
    LONG,
    NO_SHEET,
    NOT_XLSX,
    TOO_LARGE,
    XML_UNSAFE,
    Input,
    Layout,
    Place,
    Row,
    Source,
    rejected,
)

#: A part that unpacks to more than this many times its size, and this much besides, is made to exhaust its reader.
_RATIO, _SPARE = 250, 1 << 24
#: Shared texts are held in memory.
_MOST_TEXTS = 1 << 30
#: Columns of a sheet (XFD).
_COLUMNS = 16_384

_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ParseError, EOFError, OSError, RuntimeError,
    NotImplementedError, LookupError, ValueError, OverflowError,
)  # fmt: skip
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})\Z", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}\Z", re.ASCII)
_ZEROS = re.compile(r"0{2,15}\Z")
# What in a number format is not a sign for digits: quoted text, escaped signs, colours and conditions, fill.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_BUILT_IN_DATES = frozenset((*range(14, 18), 22, *range(27, 32), 34, 35, 36, *range(50, 59)))
_BUILT_IN_TIMES = frozenset((18, 19, 20, 21, 22, 32, 33, 45, 46, 47))


class _TooLargeError(Exception):
    """A part unpacks to more than a workbook holds."""


class _NoSheetError(Exception):
    """There is no such sheet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Style:
    """What a cell's number is: a date, a time of day, both, or digits with leading zeros."""

    date: bool = False
    time: bool = False
    zeros: int = 0


def xlsx_rows(
    data: Input, source: Source, found: Callable[[Layout], None], place: Place | None = None
) -> Iterator[Row | Rejected]:
    """The rows of one sheet of a workbook. A row that is blank is none; the line is the row's number in the sheet."""
    at = place or Place()
    index = -1
    order = None
    width = 0 if source.headed else len(source.columns)
    if not source.headed:
        found(Layout())
    try:
        for number, cells in _sheet(data, source):
            if number <= source.skip:
                continue
            if cells is None:
                index += 1
                yield rejected(index, NOT_XLSX, f"row {number}", number)
                if not width:
                    return
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if not width:
                made = layout_of(cells, source)
                if isinstance(made, Rule):
                    yield rejected(0, made, f"row {number}", number)
                    return
                (layout, order), width = made, len(cells)
                found(layout)
                continue
            index += 1
            at.line = number
            if len(cells) > width:
                if any(cell.strip() for cell in cells[width:]):
                    yield rejected(index, LONG, f"row {number}", number)
                    continue
                del cells[width:]
            elif len(cells) < width:
                cells += [""] * (width - len(cells))
            yield cells if order is None else order(cells)
    except _TooLargeError:
        yield rejected(index + 1, TOO_LARGE, "")
    except _NoSheetError:
        yield rejected(0, NO_SHEET, "")
    except DefusedXmlException:
        yield rejected(index + 1, XML_UNSAFE, "")
    except _BROKEN:
        yield rejected(index + 1, NOT_XLSX, f"row {at.line + 1}" if at.line else "")


def _sheet(data: Input, source: Source) -> Iterator[tuple[int, list[str] | None]]:
    """The rows of the sheet with their numbers, as texts without trailing empty cells; None is a row that is broken."""
    with zipfile.ZipFile(_seekable(data)) as book:
        workbook = _only(book, "", "officeDocument") or "xl/workbook.xml"
        root = _tree(book, workbook)
        since_1904 = any(
            _local(one.tag) == "workbookPr" and one.get("date1904", "").casefold() in ("1", "true", "on")
            for one in root
        )
        sheets = _related(book, workbook, "worksheet")
        chosen = None
        for one in (item for group in root if _local(group.tag) == "sheets" for item in group):
            target = sheets.get(next((v for k, v in one.attrib.items() if k.startswith("{") and _local(k) == "id"), ""))
            if target is None:  # a chart
                continue
            name = one.get("name", "")
            if source.sheet is None or loosely(name) == loosely(source.sheet):
                chosen = target
                break
        if chosen is None:
            raise _NoSheetError
        texts = _texts(book, _only(book, workbook, "sharedStrings"))
        styles = _styles(book, _only(book, workbook, "styles"))
        number = 0
        for element in _each(book, chosen, "row"):
            given = element.get("r", "")
            number = int(given) if given.isdigit() and len(given) < 8 and int(given) > number else number + 1
            made: list[str] | None
            try:
                made = _cells(element, texts, styles, since_1904)
            except (ValueError, LookupError, OverflowError):
                made = None
            yield number, made


def _seekable(data: Input) -> IO[bytes]:
    if isinstance(data, bytes | bytearray):
        return io.BytesIO(data)
    if not isinstance(data.read(0), bytes):
        raise zipfile.BadZipFile  # opened as text
    return data if data.seekable() else io.BytesIO(data.read())  # type: ignore[return-value, arg-type]


def _open(book: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = book.getinfo(name)
    if info.file_size > _RATIO * info.compress_size + _SPARE:
        raise _TooLargeError
    return book.open(info)


def _tree(book: zipfile.ZipFile, name: str) -> Element:
    with _open(book, name) as part:
        made: Any = defusedxml.ElementTree.parse(part, forbid_dtd=True).getroot()
    return made  # type: ignore[no-any-return]


def _each(book: zipfile.ZipFile, name: str, tag: str) -> Iterator[Element]:
    """Each element of that name in a part, let go of when the next one is asked for."""
    with _open(book, name) as part:
        opened: list[Element] = []
        for event, element in defusedxml.ElementTree.iterparse(part, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                opened.append(element)
                if len(opened) > 100:
                    raise ValueError
                continue
            opened.pop()
            if _local(element.tag) == tag:
                yield element
                element.clear()
                if opened:
                    opened[-1].remove(element)


def _related(book: zipfile.ZipFile, part: str, kind: str) -> dict[str, str]:
    """The parts of a kind that a part names: relationship id -> name (ECMA-376 part 2, 9.3)."""
    folder, _, base = part.rpartition("/")
    name = join(folder, "_rels", f"{base}.rels")
    found = {}
    for one in _tree(book, name):
        if one.get("Type", "").rpartition("/")[2] == kind and one.get("TargetMode") != "External":
            target = one.get("Target", "")
            found[one.get("Id", "")] = target[1:] if target.startswith("/") else normpath(join(folder, target))
    return found


def _only(book: zipfile.ZipFile, part: str, kind: str) -> str | None:
    return next(iter(_related(book, part, kind).values()), None)


def _texts(book: zipfile.ZipFile, part: str | None) -> list[str]:
    if part is None:
        return []
    if book.getinfo(part).file_size > _MOST_TEXTS:
        raise _TooLargeError
    return [_text(element) for element in _each(book, part, "si")]


def _text(element: Element) -> str:
    """The text of a shared or inline string: its runs, without phonetic ones."""
    found = []
    for child in element:
        tag = _local(child.tag)
        if tag == "t":
            found.append(child.text or "")
        elif tag == "r":
            found += [one.text or "" for one in child if _local(one.tag) == "t"]
    return _UNESCAPED.sub(lambda match: chr(int(match[1], 16)), "".join(found))


#: A sign that XML cannot have, as Excel writes it (`_x000D_`); `_x005F_` is the underscore of such a text itself.
_UNESCAPED = re.compile(r"_x((?!D[89A-F])[0-9A-F]{4})_", re.ASCII)


def _styles(book: zipfile.ZipFile, part: str | None) -> list[_Style]:
    if part is None:
        return []
    formats: dict[str, str] = {}
    made: list[_Style] = []
    for group in _tree(book, part):
        tag = _local(group.tag)
        if tag == "numFmts":
            formats = {one.get("numFmtId", ""): one.get("formatCode", "") for one in group}
        elif tag == "cellXfs":
            made = [_style(one.get("numFmtId", "0"), formats) for one in group]
    return made


def _style(number: str, formats: dict[str, str]) -> _Style:
    code = formats.get(number)
    if code is None:
        known = int(number) if number.isdigit() and len(number) < 5 else 0
        return _Style(date=known in _BUILT_IN_DATES, time=known in _BUILT_IN_TIMES)
    first = code.partition(";")[0]
    if _ZEROS.match(first):
        return _Style(zeros=len(first))
    signs = _LITERAL.sub("", first).casefold()
    if signs == "general":
        return _Style()
    time = "h" in signs or "s" in signs
    return _Style(date="y" in signs or "d" in signs or ("m" in signs and not time), time=time)


def _cells(row: Element, texts: list[str], styles: list[_Style], since_1904: bool) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if _local(cell.tag) != "c":
            continue
        where = _PLACE.match(cell.get("r", ""))
        column = _column(where[1]) if where is not None else len(cells)
        if column >= _COLUMNS:
            raise ValueError
        value = _value(cell, texts, styles, since_1904)
        if not value:
            continue
        if column > len(cells):
            cells += [""] * (column - len(cells))
        if column < len(cells):  # told twice, or out of order: the later one stands
            cells[column] = value
        else:
            cells.append(value)
    return cells


def _column(letters: str) -> int:
    made = 0
    for letter in letters:
        made = made * 26 + ord(letter) - 64
    return made - 1


def _value(cell: Element, texts: list[str], styles: list[_Style], since_1904: bool) -> str:
    kind = cell.get("t", "n")
    value = None
    for child in cell:
        tag = _local(child.tag)
        if tag == "v":
            value = child.text
        elif tag == "is" and kind == "inlineStr":
            return _text(child)
    if not value:
        return ""
    if kind == "s":
        place = int(value)
        if place < 0:
            raise ValueError
        return texts[place]
    if kind == "b":
        return "TRUE" if value.strip() == "1" else "FALSE"
    if kind != "n":  # str, e, d: as they are
        return _UNESCAPED.sub(lambda match: chr(int(match[1], 16)), value) if kind == "str" else value
    style = cell.get("s", "")
    place = int(style) if style.isdigit() and len(style) < 7 else 0
    return _number(value.strip(), styles[place] if place < len(styles) else _Style(), since_1904)


def _number(value: str, style: _Style, since_1904: bool) -> str:
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError
    if style.date or style.time:
        if (style.time and 0 <= number < 1) or (style.time and not style.date and number >= 0 and _is_elapsed(number)):
            return clock(number)
        at = from_serial(number, since_1904=since_1904)
        if at is not None:
            if not style.time and at.hour == at.minute == at.second == at.microsecond == 0:
                return at.date().isoformat()
            return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    if _WHOLE.match(value):
        return value.zfill(style.zeros) if style.zeros and not value.startswith("-") else value
    text = f"{number:.15g}"
    if "e" in text and number.is_integer() and abs(number) < 1e15:
        text = str(int(number))
    return text.zfill(style.zeros) if style.zeros and text.isdigit() else text.upper()


def _is_elapsed(number: float) -> bool:
    # A time format over a whole date shows its time only; a length of time is shorter than a year.
    return number < 366


def _local(tag: Any) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
