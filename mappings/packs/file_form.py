"""The form of a file nobody has seen: format, encoding, delimiter, header. A guess from its beginning, to be confirmed.

Nothing is guessed that the bytes do not show: what is neither UTF-8 nor plausible Windows-1252 is said to be neither.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias
from xml.etree.ElementTree import ParseError

import defusedxml.ElementTree
import orjson
from defusedxml import DefusedXmlException

from mappings.errors import ReadError
from mappings.packs.formats import READERS
from mappings.packs.source import Input, Place, Source

#: How much of a file is enough to tell its form.
HEAD = 1 << 18

_DELIMITERS = (",", ";", "\t", "|", "^", "~")
_LINES = 200
# A cell that no header has: a number, a date, a time of day.
_DATUM = re.compile(
    r"[-+]?\d[\d.,]*\Z|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?\Z|\d{1,2}:\d\d(:\d\d)?( ?[AaPp][Mm])?\Z"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileForm:
    """How a file is written, as far as its beginning shows. `source` reads it.

    `named` says that the columns' names are the file's own; otherwise they are `column-1`, … in their order. `doubts`
    name, in fixed words, what a person has to look at.
    """

    source: Source
    named: bool = True
    doubts: tuple[str, ...] = ()


def file_form(head: bytes) -> FileForm:
    """The form of the file that begins so (`HEAD` bytes, or the whole). Raises ReadError `read.unknown-form`."""
    if not head.strip():
        raise ReadError("read.unknown-form", "the file is empty")
    if head.startswith(b"PK\x03\x04"):
        # The cells of a workbook are beyond its first bytes: `workbook_form` looks at them.
        return FileForm(source=Source(format="xlsx"), named=False)
    encoding, doubts = _encoding(head)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start in (b"{", b"["):
        return _json(head, doubts)
    if start == b"<":
        return _xml(head, doubts)
    if b"\x00" in head:
        raise ReadError("read.unknown-form", "bytes of no text: neither CSV, JSON, XML nor an Excel workbook (.xlsx)")
    return _delimited(head, encoding, doubts)


def _encoding(head: bytes) -> tuple[str, list[str]]:
    """UTF-8 where every byte is; else Windows-1252, with a doubt."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The cut at the end of the head may be in the middle of a character.
        if not (len(head) >= HEAD and error.start > len(head) - 4):
            return "windows-1252", ["the encoding is not UTF-8; Windows-1252 is assumed: look at letters with accents"]
    return "utf-8", []


def _json(head: bytes, doubts: list[str]) -> FileForm:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        lines = text.split(b"\n")
        first = lines[0].strip()
        if len(lines) > 1 and _is_object(first):
            return FileForm(source=Source(format="ndjson"), doubts=tuple(doubts))
        where = _rows_in_text(text)
        return FileForm(source=Source(format="json", rows=where), doubts=tuple(doubts))
    if isinstance(document, dict):
        return FileForm(source=Source(format="json", rows=_rows(document)), doubts=tuple(doubts))
    return FileForm(source=Source(format="json"), doubts=tuple(doubts))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _rows(document: dict[str, object], depth: int = 0) -> tuple[str, ...]:
    """Where the rows of a JSON document are: its one list of objects; at the top when the document is one row."""
    lists = [name for name, one in document.items() if isinstance(one, list) and one and isinstance(one[0], dict)]
    scalars = [name for name, one in document.items() if not isinstance(one, dict | list)]
    if len(lists) == 1 and len(scalars) <= 3:
        return (lists[0],)
    inner = [(name, one) for name, one in document.items() if isinstance(one, dict)]
    if depth < 3 and not lists and len(inner) == 1 and len(scalars) <= 3:
        below = _rows(inner[0][1], depth + 1)
        if below:
            return (inner[0][0], *below)
    return ()


_OPENING = re.compile(rb'"([A-Za-z_][\w-]*)"\s*:\s*\[\s*\{')


def _rows_in_text(text: bytes) -> tuple[str, ...]:
    """The same of a document that is longer than the head: the first list of objects near its beginning."""
    found = _OPENING.search(text[:4096]) if text.startswith(b"{") else None
    return (found[1].decode(),) if found is not None else ()


def _xml(head: bytes, doubts: list[str]) -> FileForm:
    """The root and the element that comes in it again and again: the rows. Names are local, without namespaces.

    A root whose children differ is itself the row: one file an event.
    """
    root, below = "", list[str]()
    depth = 0
    try:
        for event, element in defusedxml.ElementTree.iterparse(
            io.BytesIO(head), events=("start", "end"), forbid_dtd=True
        ):
            if event == "end":
                depth -= 1
                continue
            name = element.tag.rpartition("}")[2]
            if depth == 0:
                root = name
            elif depth == 1:
                below.append(name)
            depth += 1
    except (ParseError, ValueError, LookupError):
        pass  # the head may end anywhere; what came before it counts
    except DefusedXmlException:
        raise ReadError("read.unknown-form", "document types and entities are not read") from None
    if not root:
        raise ReadError("read.unknown-form", "no element is there: not XML")
    counted = Counter(below)
    row = max(counted, key=lambda name: counted[name]) if counted else ""
    alone = len(counted) > 1 and counted[row] == 1
    doubts.append("look whether the path to the rows leads to one call")
    return FileForm(
        source=Source(format="xml", rows=(root,) if alone or not row else (root, row)), doubts=tuple(doubts)
    )


#: More columns than a sheet with a header has.
_WIDEST = 512


def workbook_form(data: Input) -> FileForm:
    """The form of an Excel workbook's first sheet, by its first rows. Raises ReadError `read.unknown-form`."""
    wide = Source(format="xlsx", headed=False, columns=tuple(str(place) for place in range(_WIDEST)))
    at = Place()
    rows = [
        (at.line - 1, row[: max(place + 1 for place, cell in enumerate(row) if cell.strip())])
        for row in islice(READERS["xlsx"](data, wide, lambda _: None, at), _LINES)
        if type(row) is list
    ]
    if not rows:
        raise ReadError("read.unknown-form", "no rows are found in the workbook's first sheet")
    # A row's last cells may be empty; a header's are not.
    return _tabled("xlsx", rows, max(len(cells) for _, cells in rows), {}, [])


def _delimited(head: bytes, encoding: str, doubts: list[str]) -> FileForm:
    text = head.removeprefix(b"\xef\xbb\xbf").decode(encoding, "replace")
    lines = io.StringIO(text, newline="").readlines()
    if len(head) >= HEAD and len(lines) > 1:
        lines.pop()
    delimiter, rows = _delimiter(lines[:_LINES])
    width = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
    return _tabled("csv", rows, width, {"encoding": encoding, "delimiter": delimiter}, doubts)


#: A column's name has no more digits than this.
_DIGITS = 4
#: Rows of cells, each with the number of lines before it.
_Rows: TypeAlias = "list[tuple[int, list[str]]]"


def _tabled(form: str, rows: _Rows, width: int, given: dict[str, str], doubts: list[str]) -> FileForm:
    """The form of rows of cells: which of them is the header, if one is."""
    skip, first = next((before, cells) for before, cells in rows if len(cells) == width)
    rest = [cells for before, cells in rows if before > skip and len(cells) == width]
    if any(before < skip for before, _ in rows):
        doubts.append("lines above the header are skipped")
    else:
        skip = 0  # blank lines are skipped without being counted
    named = headed = _is_header(first, rest)
    names = [cell.strip() for cell in first]
    if not headed:
        doubts.append("the file seems to have no header line: the columns are numbered, name them")
        names = [f"column-{number}" for number in range(1, width + 1)]
    elif len(set(names)) < len(names) or not all(names):
        doubts.append("the header names a column twice, or not at all: it is skipped, and the columns are named here")
        names, headed = _named_apart(names), False
        skip = next(before for before, cells in rows if cells is first) + 1
    made = Source(format=form, headed=headed, skip=skip, columns=tuple(names), **given)  # type: ignore[arg-type]
    return FileForm(source=made, named=named, doubts=tuple(doubts))


def _delimiter(lines: list[str]) -> tuple[str, _Rows]:
    """The delimiter that gives most lines one same number of cells, and the records by it."""
    best: tuple[float, int, str, _Rows] | None = None
    for sign in _DELIMITERS:
        reader = csv.reader(lines, delimiter=sign)
        rows: _Rows = []
        before = 0
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    rows.append((before, cells))
                before = reader.line_num
        except csv.Error:
            continue
        if not rows:
            continue
        width, times = Counter(len(cells) for _, cells in rows).most_common(1)[0]
        score = (times / len(rows), width)
        if width > 1 and (best is None or score > best[:2]):
            best = (*score, sign, rows)
    if best is None:
        expected = "no delimiter is found; a fixed-width file needs its columns' places in pack.yaml"
        raise ReadError("read.unknown-form", expected)
    return best[2], best[3]


def _is_header(first: list[str], rest: list[list[str]]) -> bool:
    """Whether the first line names columns: none of its cells is a number, a date, a time of day or a telephone."""
    if any(_DATUM.match(cell.strip()) for cell in first) or not any(cell.strip() for cell in first):
        return False
    if any(sum(sign.isdigit() for sign in cell) > _DIGITS for cell in first):
        return False
    if not rest:
        return True
    # A column whose cells are never spelled as the first is was named by it.
    return any(all(row[place] != cell for row in rest) for place, cell in enumerate(first) if cell.strip())


def _named_apart(names: list[str]) -> list[str]:
    found: list[str] = []
    for place, name in enumerate(names, 1):
        base = name or f"column-{place}"
        made, number = base, 2
        while made in found:
            made, number = f"{base}-{number}", number + 1
        found.append(made)
    return found
