"""Bytes -> rows: CSV, JSON, NDJSON and XML. A row that cannot be read is `Rejected` in its place; the rest goes on.

A CSV row is a list of cells in the order of the pack's columns; a JSON or XML row is an object. Cells stay text: `09`
is not 9. Reasons name a line, a column or a byte, never what stands there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeAlias
from xml.etree.ElementTree import ParseError

import defusedxml.ElementTree
import orjson
from defusedxml import DefusedXmlException

from mappings.found import Rule, under
from mappings.incident import Rejected
from profiles.issue import Issue

#: A row as the verbs see it: cells in the order of the columns, or an object.
Row: TypeAlias = Any

SHORT = Rule("read.row-short", "error", "structure", "the row has fewer cells than there are columns")
LONG = Rule("read.row-long", "error", "structure", "the row has more cells than there are columns")
NOT_CSV = Rule("read.not-csv", "error", "structure", "the row is not CSV: a quote without end, or a cell too long")
ENCODING = Rule("read.encoding", "error", "structure", "a byte that is not of the encoding that the pack declares")
NO_HEADER = Rule("read.no-header", "error", "structure", "a header line with the pack's columns is expected")
TWICE_HEADER = Rule("read.header-twice", "error", "structure", "the header names one column of the pack twice")
NOT_JSON = Rule("read.not-json", "error", "structure", "the text is not JSON from here on")
NOT_OBJECT = Rule("read.not-an-object", "error", "structure", "an object is expected as row")
NO_ROWS = Rule("read.no-rows", "error", "structure", "nothing stands at the path where the pack expects the rows")
NOT_XML = Rule("read.not-xml", "error", "structure", "the text is not XML from here on")
XML_UNSAFE = Rule("read.xml-entities", "error", "security", "document types and entities are not read")
TOO_DEEP = Rule("read.too-deep", "error", "structure", "the row is nested deeper than a record is")

#: Nesting beyond this is not a record of an incident.
DEEPEST = 40
_BOM = b"\xef\xbb\xbf"
_PLAIN_COLUMN = re.compile(r"[A-Za-z_][\w .:/()#-]{0,63}\Z", re.ASCII)
_UNDECODED = re.compile(r"[\udc80-\udcff]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """How a pack's input is written. `columns` are the CSV's in the pack's order; `headed` says it has a header line.

    `rename` gives other spellings of a column in a file their name in the pack. `rows` is the path to the rows of a
    JSON or XML document. `namespaces`: prefix -> URI.
    """

    format: str
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    headed: bool = True
    columns: tuple[str, ...] = ()
    rename: dict[str, str] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    namespaces: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What a file's header adds: columns that the pack does not know, and those it expects in vain."""

    extra: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def rejected(index: int, rule: Rule, path: str) -> Rejected:
    """A row that could not be read, by one rule at one place."""
    issue = Issue(severity=rule.severity, code=rule.code, rule=rule.rule, path=path, text=rule.text)
    return Rejected(index=index, issues=(issue,))


def csv_rows(data: bytes, source: Source, found: Callable[[Layout], None]) -> Iterator[Row | Rejected]:
    """The rows of a CSV file (RFC 4180 with any delimiter). `found` is told once what its header has.

    Every line that is not blank is in exactly one row. A quote without end does not swallow the rows that follow: a
    row that spans lines and has wrong quotes or the wrong number of cells is rejected by its first line, and reading
    starts again on the next.
    """
    before = 3 if data.startswith(_BOM) and source.encoding == "utf-8" else 0
    broken: dict[int, int] = {}
    try:
        text = data[before:].decode(source.encoding)
    except UnicodeDecodeError:
        text = data[before:].decode(source.encoding, "surrogateescape")
        broken = _broken_lines(text, source.encoding, before)
    lines = io.StringIO(text, newline="").readlines()
    begin, width, order = 0, len(source.columns), None
    layout = Layout()
    if source.headed:
        header, begin = _header(lines, source)
        if not header and begin >= len(lines):
            return
        made = NO_HEADER if not header else _layout(header, source)
        if isinstance(made, Rule):
            yield rejected(0, made, "line 1")
            return
        (layout, order), width = made, len(header)
    found(layout)
    index = -1
    for start, end, cells in _records(lines, source, begin, width):
        index += 1
        if isinstance(cells, Rule):
            yield rejected(index, cells, f"line {start + 1}")
            continue
        if broken:
            wrong = [number for number in range(start, end) if number in broken]
            if wrong:
                yield rejected(index, ENCODING, f"line {wrong[0] + 1}, byte {broken[wrong[0]]}")
                continue
        yield cells if order is None else order(cells)


def _reader(lines: list[str], begin: int, source: Source) -> Any:
    # `map` over the list, not a slice of it: starting again costs nothing however long the file is.
    return csv.reader(
        map(lines.__getitem__, range(begin, len(lines))), delimiter=source.delimiter, quotechar=source.quote
    )


def _records(lines: list[str], source: Source, begin: int, width: int) -> Iterator[tuple[int, int, list[str] | Rule]]:
    """Each record with the lines it spans (from 0, end not included); a Rule where it is none."""
    base = start = begin
    reader = _reader(lines, begin, source)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # A cell that never ends, mostly: one line is given up, not what follows.
            yield start, start + 1, NOT_CSV
            start = base = start + 1
            reader = _reader(lines, start, source)
            continue
        end = base + reader.line_num
        if (end - start > 1 or end == len(lines)) and not _closed(lines[start:end], source):
            # Quotes that only the lenient reader takes: a quote without end that ran on into the next rows.
            end = base = start + 1
            reader = _reader(lines, end, source)
            yield start, end, NOT_CSV
        elif len(cells) == width:
            yield start, end, cells
        elif cells:
            if end - start > 1:
                end = base = start + 1
                reader = _reader(lines, end, source)
            yield start, end, SHORT if len(cells) < width else LONG
        start = end


def _closed(lines: list[str], source: Source) -> bool:
    """Whether these lines are whole records. A stray quote inside one line is nobody's loss and counts as closed."""
    try:
        for _ in csv.reader(lines, delimiter=source.delimiter, quotechar=source.quote, strict=True):
            pass
    except csv.Error as error:
        return len(lines) == 1 and "end of data" not in str(error)
    return True


def _broken_lines(text: str, encoding: str, before: int) -> dict[int, int]:
    """Line (from 0) -> offset of the first byte in it that is not of the encoding."""
    found: dict[int, int] = {}
    at = before
    for number, line in enumerate(io.StringIO(text, newline="")):
        match = _UNDECODED.search(line)
        if match is not None:
            found[number] = at + len(line[: match.start()].encode(encoding, "surrogateescape"))
        at += len(line.encode(encoding, "surrogateescape"))
    return found


def _header(lines: list[str], source: Source) -> tuple[list[str], int]:
    reader = _reader(lines, 0, source)
    try:
        for cells in reader:
            if cells:
                return cells, reader.line_num
    except csv.Error:
        return [], 0
    return [], len(lines)


def _layout(header: list[str], source: Source) -> tuple[Layout, Callable[[list[str]], Row] | None] | Rule:
    """Where the pack's columns are in this header: exact names first, then without case and outer spaces."""
    loose = {column.strip().casefold(): column for column in source.columns}
    renamed = {given.strip().casefold(): column for given, column in source.rename.items()}
    places: dict[str, int] = {}
    extra: list[str] = []
    for place, cell in enumerate(header):
        bare = cell.strip().casefold()
        column = cell if cell in source.columns else renamed.get(bare) or loose.get(bare)
        if column is None:
            # A file without header has data here: only a plain word is repeated.
            extra.append(cell.strip() if _PLAIN_COLUMN.match(cell.strip()) else f"column {place + 1}")
        elif column in places:
            return TWICE_HEADER
        else:
            places[column] = place
    if 2 * len(places) < len(source.columns):
        return NO_HEADER
    absent = tuple(column for column in source.columns if column not in places)
    layout = Layout(extra=tuple(extra), absent=absent)
    order = [places.get(column, len(header)) for column in source.columns]
    if order == list(range(len(header))):
        return layout, None
    if len(order) == 1:
        return layout, lambda cells: (cells[order[0]],)
    pick = itemgetter(*order)
    if absent:
        return layout, lambda cells: pick([*cells, ""])
    return layout, pick


def json_rows(data: bytes, source: Source, found: Callable[[Layout], None]) -> Iterator[Row | Rejected]:
    """The rows of a JSON document: at the `rows` path, else the array's items, else the object itself."""
    try:
        value = orjson.loads(_decoded(data, source))
    except UnicodeDecodeError as error:
        yield rejected(0, ENCODING, f"byte {error.start}")
        return
    except orjson.JSONDecodeError as error:
        yield rejected(0, NOT_JSON, f"line {error.lineno}, column {error.colno}")
        return
    beside: list[str] = []
    for step in source.rows:
        if type(value) is not dict or step not in value:
            yield rejected(0, NO_ROWS, ".".join(source.rows))
            return
        beside += [under("", name) for name in value if name != step]
        value = value[step]
    found(Layout(extra=tuple(beside)))
    for index, row in enumerate(value if type(value) is list else [value]):
        yield row if type(row) is dict else rejected(index, NOT_OBJECT, f"[{index}]")


def ndjson_rows(data: bytes, source: Source, found: Callable[[Layout], None]) -> Iterator[Row | Rejected]:
    """The rows of an NDJSON file: a JSON object a line; blank lines do not count. `rows` is taken in each."""
    found(Layout())
    index = -1
    for number, line in enumerate(data.removeprefix(_BOM).split(b"\n"), 1):
        if not line.strip():
            continue
        index += 1
        try:
            value = orjson.loads(_decoded(line, source))
        except UnicodeDecodeError as error:
            yield rejected(index, ENCODING, f"line {number}, column {error.start + 1}")
            continue
        except orjson.JSONDecodeError as error:
            yield rejected(index, NOT_JSON, f"line {number}, column {error.colno}")
            continue
        for step in source.rows:
            value = value.get(step) if type(value) is dict else None
        yield value if type(value) is dict else rejected(index, NOT_OBJECT, f"line {number}")


def _decoded(data: bytes, source: Source) -> bytes | str:
    if source.encoding == "utf-8":
        data = data.removeprefix(_BOM)
        data.decode()  # orjson says where JSON breaks off, not which byte is not UTF-8
        return data
    return data.decode(source.encoding)


class _TooDeepError(Exception):
    """The element is nested too deep to be a record."""


def xml_rows(data: bytes, source: Source, found: Callable[[Layout], None]) -> Iterator[Row | Rejected]:
    """The elements at the `rows` path as objects; entities and document types are refused.

    An attribute is `@name`, the text beside attributes or children `#text`, a repeated child a list. The document
    names its own encoding (XML 1.0, 4.3.3).
    """
    try:
        root = defusedxml.ElementTree.fromstring(data, forbid_dtd=True)
    except ParseError as error:
        line, column = error.position
        yield rejected(0, NOT_XML, f"line {line}, column {column + 1}")
        return
    except DefusedXmlException:
        yield rejected(0, XML_UNSAFE, "")
        return
    except (ValueError, LookupError):  # an encoding that Python does not have
        yield rejected(0, ENCODING, "line 1")
        return
    prefixes = {uri: prefix for prefix, uri in source.namespaces.items()}

    def name(tag: str) -> str:
        if not tag.startswith("{"):
            return tag
        uri, _, local = tag[1:].partition("}")
        if not prefixes:
            return local
        return f"{prefixes[uri]}:{local}" if uri in prefixes else tag

    def value(element: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise _TooDeepError
        if not len(element) and not element.attrib:
            return element.text or ""
        made: dict[str, Any] = {f"@{name(key)}": text for key, text in element.attrib.items()}
        texts = [element.text]
        for child in element:
            tag = name(child.tag)
            got = value(child, depth + 1)
            if tag not in made:
                made[tag] = got
            elif type(made[tag]) is list:
                made[tag].append(got)
            else:
                made[tag] = [made[tag], got]
            texts.append(child.tail)
        text = " ".join(part.strip() for part in texts if part and part.strip())
        if text:
            made["#text"] = text
        return made

    level = [root] if name(root.tag) == source.rows[0] else []
    beside = []
    for step in source.rows[1:]:
        beside += [under("", f"@{name(key)}") for element in level for key in element.attrib]
        beside += [under("", name(child.tag)) for element in level for child in element if name(child.tag) != step]
        level = [child for element in level for child in element if name(child.tag) == step]
    if not level:
        yield rejected(0, NO_ROWS, ".".join(source.rows))
        return
    found(Layout(extra=tuple(dict.fromkeys(beside))))
    for index, element in enumerate(level):
        try:
            row = value(element, 0)
        except _TooDeepError:
            yield rejected(index, TOO_DEEP, f"{source.rows[-1]}[{index}]")
            continue
        yield row if type(row) is dict else rejected(index, NOT_OBJECT, f"{source.rows[-1]}[{index}]")


#: Format name -> its reader.
READERS: dict[str, Callable[[bytes, Source, Callable[[Layout], None]], Iterator[Row | Rejected]]] = {
    "csv": csv_rows,
    "json": json_rows,
    "ndjson": ndjson_rows,
    "xml": xml_rows,
}
