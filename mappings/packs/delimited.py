"""CSV (RFC 4180 with any delimiter) to rows, a block at a time; a row is a list of cells in the pack's order.

Every line that is not blank is in exactly one row. A quote without end does not swallow the rows that follow: a row
that spans lines and has wrong quotes or the wrong number of cells is rejected by its first line, and reading starts
again on the next.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any

from mappings.found import Rule
from mappings.incident import Rejected
from mappings.packs.lines import Lines
from mappings.packs.source import (
    ENCODING,
    LONG,
    NO_HEADER,
    NOT_CSV,
    SHORT,
    TWICE_HEADER,
    Input,
    Layout,
    Place,
    Row,
    Source,
    rejected,
)

_PLAIN_COLUMN = re.compile(r"[A-Za-z_][\w .:/()#-]{0,63}\Z", re.ASCII)
#: A record over more blocks of lines than this (about 2 MB) is a quote without end.
_MOST_BLOCKS = 8


class _Window:
    """The lines from the record in hand on: csv.reader takes them once, starting again takes them anew."""

    def __init__(self, lines: Lines, source: Source) -> None:
        self.lines = lines
        self.held: list[str] = []
        #: The number of the first line held, and of the record in hand.
        self.first = self.start = 0
        self.ended = False
        self._blocks = lines.blocks()
        self._in_record = 0
        self._sign = {"delimiter": source.delimiter, "quotechar": source.quote}

    def _more(self) -> Iterator[list[str]]:
        for block in self._blocks:
            done = self.start - self.first
            if done:
                del self.held[:done]
                self.first = self.start
                self._in_record = 0
                if self.lines.broken:
                    self.lines.broken = {n: at for n, at in self.lines.broken.items() if n >= self.start}
            self._in_record += 1
            self.held += block
            if self._in_record > _MOST_BLOCKS:
                raise csv.Error
            yield block
        self.ended = True

    def has(self, count: int) -> bool:
        """Whether there are that many lines; they are held."""
        while len(self.held) < count:
            block = next(self._blocks, None)
            if block is None:
                return False
            self.held += block
        return True

    def reader(self, begin: int) -> Any:
        """A csv.reader from line `begin` on. Starting again costs nothing, however much is held."""
        again = map(self.held.__getitem__, range(begin - self.first, len(self.held)))
        return csv.reader(chain(again, chain.from_iterable(self._more())), **self._sign)  # type: ignore[arg-type]

    def is_last(self, end: int) -> bool:
        """Whether the file ends at line `end`, as far as was looked."""
        return self.ended and end == self.first + len(self.held)

    def closed(self, start: int, end: int) -> bool:
        """Whether these lines are whole records. A stray quote inside one line is nobody's loss: it counts as so."""
        lines = self.held[start - self.first : end - self.first]
        try:
            for _ in csv.reader(lines, strict=True, **self._sign):  # type: ignore[arg-type]
                pass
        except csv.Error as error:
            return len(lines) == 1 and "end of data" not in str(error)
        return True


def csv_rows(
    data: Input, source: Source, found: Callable[[Layout], None], place: Place | None = None
) -> Iterator[Row | Rejected]:
    """The rows of a CSV file. `found` is told once what its header has."""
    at = place or Place()
    window = _Window(Lines(data, source.encoding), source)
    if not window.has(source.skip):
        return
    broken = window.lines
    begin, width, order = source.skip, len(source.columns), None
    layout = Layout()
    if source.headed:
        header, begin = _header(window, source)
        if header is None:
            return
        made = layout_of(header, source) if header else NO_HEADER
        if isinstance(made, Rule):
            number = begin + 1 if source.skip else 1
            yield rejected(0, made, f"line {number}", number)
            return
        (layout, order), width = made, len(header)
    found(layout)
    index = -1
    for start, end, cells in _records(window, begin, width):
        index += 1
        if type(cells) is not list:
            yield rejected(index, cells, f"line {start + 1}", start + 1)  # type: ignore[arg-type]
            continue
        if broken.broken:
            wrong = [number for number in range(start, end) if number in broken.broken]
            if wrong:
                byte = broken.broken[wrong[0]]
                yield rejected(index, ENCODING, f"line {wrong[0] + 1}, byte {byte}", wrong[0] + 1)
                continue
        at.line = start + 1
        yield cells if order is None else order(cells)


def _records(window: _Window, begin: int, width: int) -> Iterator[tuple[int, int, list[str] | Rule]]:
    """Each record with the lines it spans (from 0, end not included); a Rule where it is none."""
    start = begin
    while True:
        window.start = base = start
        reader = window.reader(start)
        try:
            for cells in reader:
                end = base + reader.line_num
                if (end - start > 1 or (window.ended and window.is_last(end))) and not window.closed(start, end):
                    # Quotes that only the lenient reader takes: a quote without end that ran on into the next rows.
                    yield start, start + 1, NOT_CSV
                    start += 1
                    break
                if len(cells) == width:
                    yield start, end, cells
                elif cells:
                    yield start, end, SHORT if len(cells) < width else LONG
                    if end - start > 1:
                        start += 1
                        break
                start = window.start = end
            else:
                return
        except csv.Error:
            # A cell that never ends, mostly: one line is given up, not what follows.
            yield start, start + 1, NOT_CSV
            start += 1


def _header(window: _Window, source: Source) -> tuple[list[str] | None, int]:
    """The header's cells and the line after it. No cells: it is not one. None: the file has nothing in it."""
    reader = window.reader(source.skip)
    try:
        for cells in reader:
            if cells:
                return cells, source.skip + reader.line_num
    except csv.Error:
        return [], source.skip
    return None, 0


def layout_of(header: list[str], source: Source) -> tuple[Layout, Callable[[list[str]], Row] | None] | Rule:
    """Where the pack's columns are in this header: exact names first, then without case and spaces around or doubled.

    With the closure that brings a row's cells to the pack's order; None where they are in it.
    """
    loose = {loosely(column): column for column in source.columns}
    renamed = {loosely(given): column for given, column in source.rename.items()}
    places: dict[str, int] = {}
    extra: list[str] = []
    for place, cell in enumerate(header):
        bare = loosely(cell)
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
        return layout, lambda cells: [cells[order[0]]]
    pick = itemgetter(*order)
    if absent:
        return layout, lambda cells: pick([*cells, ""])
    return layout, pick


def loosely(name: str) -> str:
    """A column's name as names are compared: without case, and spaces around it or doubled."""
    return " ".join(name.split()).casefold()
