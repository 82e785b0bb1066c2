"""A code table as the text it is: its records with their lines, so that one can be changed and every other byte stays.

Order, blank lines, quotes, ends of lines and a byte order mark stay as the coordinator's spreadsheet wrote them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from mappings.errors import PackError
from mappings.packs.tables import normal


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A line of a table, or several where a cell has line ends: its first line from 1, how many, and its cells."""

    line: int
    lines: int
    cells: Mapping[str, str]

    @property
    def code(self) -> str:
        """The code, or the unit's id or pattern."""
        return self.cells.get("code") or self.cells.get("id") or self.cells.get("pattern") or ""

    @property
    def normal(self) -> str:
        """The form in which codes are compared."""
        return normal(self.code) if self.code else ""

    @property
    def waits(self) -> bool:
        """Whether it is a suggestion that nobody has taken."""
        return self.cells.get("review") == "true"


@dataclass(frozen=True, kw_only=True, slots=True)
class TableText:
    """The text of a table in lines, its columns in their order, its records."""

    lines: tuple[str, ...]
    header_lines: int
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    mark: str = ""

    @property
    def key(self) -> str:
        """The column of the code: `code`, or `id` of a table of units."""
        return "code" if "code" in self.columns else "id"

    @classmethod
    def of(cls, text: str) -> TableText:
        """The table of this text. PackError `pack.table` where it is not CSV with a header."""
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        text = text[len(mark) :]
        lines = tuple(io.StringIO(text, newline="").readlines())
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, None)
            if not header:
                raise PackError("pack.table", "expected a header line")
            columns = tuple(cell.strip() for cell in header)
            header_lines = reader.line_num
            records = []
            start = header_lines
            for row in reader:
                if len(row) == len(columns) and any(cell.strip() for cell in row):
                    cells = {column: cell.strip() for column, cell in zip(columns, row, strict=True)}
                    records.append(Record(line=start + 1, lines=reader.line_num - start, cells=cells))
                start = reader.line_num
        except csv.Error:
            raise PackError("pack.table", "expected CSV; a quote is wrong here", path=f"{reader.line_num}") from None
        return cls(lines=lines, header_lines=header_lines, columns=columns, records=tuple(records), mark=mark)

    def __str__(self) -> str:
        return self.mark + "".join(self.lines)

    @property
    def _end(self) -> str:
        """How this file ends its lines."""
        first = self.lines[0] if self.lines else "\n"
        return first[len(first.rstrip("\r\n")) :] or "\n"

    def _written(self, cells: Mapping[str, str]) -> str:
        return ",".join(_quoted(cells.get(column, "")) for column in self.columns) + self._end

    def blanked(self, line: int) -> str | None:
        """The text without what begins at this line, which stays as empty lines; None where there is no such line."""
        if not self.header_lines < line <= len(self.lines):
            return None
        size = next((record.lines for record in self.records if record.line == line), 1)
        lines = list(self.lines)
        lines[line - 1 : line - 1 + size] = [self._end] * size
        return self.mark + "".join(lines)

    def find(self, code: str) -> tuple[Record, ...]:
        """The records of this code, in any spelling that a look-up takes for it."""
        key = normal(code)
        return tuple(record for record in self.records if record.normal == key)

    def with_columns(self, names: tuple[str, ...]) -> TableText:
        """The table with these columns, those that it lacks at the end of every record."""
        new = tuple(name for name in names if name not in self.columns)
        if not new:
            return self
        lines = list(self.lines)
        for at, size in ((1, self.header_lines), *((record.line, record.lines) for record in self.records)):
            last = lines[at + size - 2]
            body = last.rstrip("\r\n")
            added = "," + ",".join(new) if at == 1 else "," * len(new)
            lines[at + size - 2] = body + added + last[len(body) :]
        return TableText.of(self.mark + "".join(lines))

    def changed(self, record: Record, changes: Mapping[str, str]) -> TableText:
        """The table with other cells in this record; no other byte changes."""
        lines = list(self.lines)
        begin = record.line - 1
        end_of_file = begin + record.lines == len(lines) and not lines[-1].endswith(("\n", "\r"))
        written = self._written({**record.cells, **changes})
        if end_of_file:
            written = written.removesuffix(self._end)
        lines[begin : begin + record.lines] = [written]
        return TableText.of(self.mark + "".join(lines))

    def added(self, cells: Mapping[str, str]) -> TableText:
        """The table with a record more, at its end."""
        lines = list(self.lines)
        if lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += self._end
        return TableText.of(self.mark + "".join((*lines, self._written(cells))))


def _quoted(cell: str) -> str:
    """A cell as CSV; quoted where it has to be (RFC 4180, 2.6), a lone carriage return included."""
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',"\r\n') else cell
