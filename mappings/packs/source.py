"""How a pack's input is written (`source:`), and what every reader of a format says and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, TypeAlias

from mappings.found import Rule
from mappings.incident import Rejected
from profiles.issue import Issue

#: A row as the verbs see it: cells in the order of the columns, or an object.
Row: TypeAlias = Any

#: What is read: bytes, or a file opened for bytes or for text.
Input: TypeAlias = "bytes | IO[bytes] | IO[str]"

SHORT = Rule("read.row-short", "error", "structure", "the row has fewer cells than there are columns")
LONG = Rule("read.row-long", "error", "structure", "the row has more cells than there are columns")
NOT_CSV = Rule("read.not-csv", "error", "structure", "the row is not CSV: a quote without end, or a cell too long")
ENCODING = Rule("read.encoding", "error", "structure", "a byte that is not of the encoding that the pack declares")
NO_HEADER = Rule("read.no-header", "error", "structure", "a header line with the pack's columns is expected")
TWICE_HEADER = Rule("read.header-twice", "error", "structure", "the header names one column of the pack twice")
NOT_JSON = Rule("read.not-json", "error", "structure", "the text is not JSON from here on")
NOT_OBJECT = Rule("read.not-an-object", "error", "structure", "an object is expected as row")
NO_ROWS = Rule("read.no-rows", "error", "structure", "nothing stands at the path where the pack expects the rows")
NO_SUCCESS = Rule("read.no-success", "error", "processing", "the envelope says that the request did not succeed")
NOT_XML = Rule("read.not-xml", "error", "structure", "the text is not XML from here on")
XML_UNSAFE = Rule("read.xml-entities", "error", "security", "document types and entities are not read")
TOO_DEEP = Rule("read.too-deep", "error", "structure", "the row is nested deeper than a record is")
NOT_XLSX = Rule("read.not-xlsx", "error", "structure", "the file is not an Excel workbook (.xlsx) from here on")
NO_SHEET = Rule("read.no-sheet", "error", "not-found", "the workbook does not have the sheet that the pack names")
TOO_LARGE = Rule("read.too-large", "error", "too-long", "the workbook unpacks to more than a workbook holds")

#: Nesting beyond this is not a record of an incident.
DEEPEST = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """How a pack's input is written. `columns` are those of a CSV, fixed-width or Excel file in the pack's order;
    `headed` says that a CSV or Excel file has a header line, after `skip` lines of something else.

    `rename` gives other spellings of a column in a file their name in the pack. `spans` are the places of a
    fixed-width file's columns in a line (from 0, end not included; None is the line's end), `trimmed` that spaces at
    the ends of its lines are cut off. `sheet` names a workbook's sheet; None is the first. `rows` is the path to the
    rows of a JSON or XML document, `success` the path to the flag of a JSON envelope. `namespaces`: prefix -> URI.
    `group` is the column whose equal values make several rows one Incident, where they are at most `within` rows
    apart.
    """

    format: str
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    headed: bool = True
    skip: int = 0
    columns: tuple[str, ...] = ()
    rename: dict[str, str] = field(default_factory=dict)
    spans: tuple[tuple[int, int | None], ...] = ()
    trimmed: bool = False
    sheet: str | None = None
    rows: tuple[str, ...] = ()
    success: tuple[str, ...] = ()
    namespaces: dict[str, str] = field(default_factory=dict)
    group: str | None = None
    within: int = 1

    @property
    def tabular(self) -> bool:
        """Whether a row is cells in columns, and not an object."""
        return self.format in TABULAR


#: Formats whose rows are cells in columns.
TABULAR = ("csv", "fixed", "xlsx")


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What a file's header adds: columns that the pack does not know, and those it expects in vain."""

    extra: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


class Place:
    """Where the row in hand begins: its line (or row of a sheet) from 1, or 0 where a format has no lines."""

    __slots__ = ("line",)

    def __init__(self) -> None:
        self.line = 0


#: A format's reader: the input, how it is written, whom to tell what its header adds, and where it has come to.
ReadRows: TypeAlias = Callable[[Input, Source, Callable[[Layout], None], Place], Iterator["Row | Rejected"]]


def rejected(index: int, rule: Rule, path: str, line: int = 0) -> Rejected:
    """A row that could not be read, by one rule at one place."""
    issue = Issue(severity=rule.severity, code=rule.code, rule=rule.rule, path=path, text=rule.text)
    return Rejected(index=index, issues=(issue,), line=line or None)
