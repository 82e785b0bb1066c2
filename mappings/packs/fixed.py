"""Fixed-width text to rows: a line a row, its columns by their places in characters.

A line that is blank is no row. One that ends before the last column begins, or has something behind it, is rejected:
it is cut off or another record's. `trimmed: true` takes short lines, of systems that cut spaces off at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mappings.incident import Rejected
from mappings.packs.lines import Lines
from mappings.packs.source import ENCODING, LONG, SHORT, Input, Layout, Place, Row, Source, rejected


def fixed_rows(
    data: Input, source: Source, found: Callable[[Layout], None], place: Place | None = None
) -> Iterator[Row | Rejected]:
    """The rows of a fixed-width file. What stands between the pack's columns is a column of its own that none reads."""
    at = place or Place()
    lines = Lines(data, source.encoding)
    slices = [slice(start, end) for start, end in source.spans]
    least = 0 if source.trimmed else max(start for start, _ in source.spans) + 1
    ends = [end for _, end in source.spans]
    beyond = None if None in ends else max(end for end in ends if end is not None)
    found(Layout())
    index = -1
    for number, line in lines.numbered():
        if number <= source.skip or not line.strip():
            continue
        index += 1
        at.line = number
        if number - 1 in lines.broken:
            byte = lines.broken[number - 1]
            yield rejected(index, ENCODING, f"line {number}, byte {byte}", number)
        elif len(line) < least:
            yield rejected(index, SHORT, f"line {number}", number)
        elif beyond is not None and line[beyond:].strip():
            yield rejected(index, LONG, f"line {number}", number)
        else:
            yield [line[part] for part in slices]
