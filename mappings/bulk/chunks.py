"""An input cut into chunks of rows or documents, in order. The same input is always cut in the same places.

The rows of a pack are read here, with the reader of their format (a quoted line end, a row that is no row, rows that
are one record together: all is settled before anything is handed on), and made into Incidents elsewhere. JSON
documents are cut where NDJSON has its lines. A JSON array is held whole and cut into its items; an object over several
lines, or a NIBRS submission, is one chunk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any

import orjson

from mappings.bulk.job import Job
from mappings.packs.source import Layout
from mappings.record import record

#: Rows of a chunk.
CHUNK = 500
#: Bytes of documents after which a chunk ends.
_BYTES = 1 << 20

_BOM = b"\xef\xbb\xbf"
#: Between cells that travel as one text: U+001F, which is in hardly any; rows where it is travel one by one.
_SEPARATOR = "\x1f"


@record
class Chunk:
    """Rows or documents to translate. `input` and `number` count from 0: which input, and which chunk of it.

    `indexes` and `lines` stand beside `items`: each one's position in its input from 0, and its line from 1 (0 where
    its format has none). `layout` is that of a pack's file; None: `items` are JSON documents, or a submission.
    `position` is how far the input was read, in bytes.
    """

    input: int
    number: int
    items: list[Any]
    indexes: list[int]
    lines: list[int]
    layout: Layout | None = None
    position: int = 0

    def __reduce__(self) -> tuple[Any, ...]:
        # Rows are many short texts: as one text they cost a third to pickle and to unpickle.
        layout, rows = self.layout, self.items
        if layout is not None and all(type(row) is list for row in rows):
            cells = _SEPARATOR.join(chain.from_iterable(rows))
            width = len(rows[0])
            if cells.count(_SEPARATOR) == len(rows) * width - 1 and all(len(row) == width for row in rows):
                return _unpacked, (self.input, self.number, cells, self.indexes, self.lines, layout, self.position)
        return _made, (self.input, self.number, rows, self.indexes, self.lines, layout, self.position)


def _made(*values: Any) -> Chunk:
    return Chunk(**dict(zip(_FIELDS, values, strict=True)))


def _unpacked(input: int, number: int, packed: str, *rest: Any) -> Chunk:
    cells = packed.split(_SEPARATOR)
    width = len(cells) // len(rest[0])
    return _made(input, number, [cells[at : at + width] for at in range(0, len(cells), width)], *rest)


_FIELDS = ("input", "number", "items", "indexes", "lines", "layout", "position")


def chunks(job: Job, handle: IO[bytes], *, input: int = 0, size: int = CHUNK) -> Iterator[Chunk]:
    """The chunks of a file opened for bytes. Memory does not grow with it, but for JSON that is one value and NIBRS."""
    number = 0
    indexes: list[int] = []
    lines: list[int] = []
    items: list[Any] = []
    held, made = 0, None

    def chunk() -> Chunk:
        nonlocal number, indexes, lines, items, held
        whole = Chunk(
            input=input,
            number=number,
            items=items,
            indexes=indexes,
            lines=lines,
            layout=made,
            position=_position(handle),
        )
        number, held, indexes, lines, items = number + 1, 0, [], [], []
        return whole

    for index, line, layout, item in _given(job, handle):
        if items and (len(items) >= size or held >= _BYTES or layout is not made):
            yield chunk()
        made = layout
        indexes.append(index)
        lines.append(line)
        items.append(item)
        if layout is None:
            held += len(item)
    if items:
        yield chunk()


def _given(job: Job, handle: IO[bytes]) -> Iterable[tuple[int, int, Layout | None, Any]]:
    pack = job.pack()
    if pack is not None:
        return pack.rows(handle)
    return _documents(handle, lines=job.source != "nibrs")


def _documents(handle: IO[bytes], *, lines: bool) -> Iterator[tuple[int, int, None, bytes]]:
    """The lines of NDJSON, or the whole: as `mappings.json_documents` tells them apart, by the first line alone."""
    first = number = 0
    line = b""
    while lines and (line := handle.readline()):
        number += 1
        line = line.removeprefix(_BOM) if number == 1 else line
        if line.strip():
            first = number
            break
    if not lines or not _is_object(line):
        whole = line + handle.read()
        if lines and (several := _array(whole)):
            del whole
            for index, one in enumerate(several):
                yield index, 0, None, orjson.dumps(one)
        elif whole.strip():
            yield 0, 0, None, b"\n" * (first - 1) + whole if first > 1 else whole
        return
    index = 0
    yield index, first, None, line
    for line in handle:
        number += 1
        if line.strip(b" \t\r\n"):
            index += 1
            yield index, number, None, line


def _array(whole: bytes) -> list[Any]:
    """The items of a JSON array, so that many of them are many chunks; none where it is something else, or empty."""
    if not whole.lstrip(b" \t\r\n").startswith(b"["):
        return []
    try:
        value = orjson.loads(whole)
    except orjson.JSONDecodeError:
        return []
    return value if type(value) is list else []


def _is_object(line: bytes) -> bool:
    try:
        return type(orjson.loads(line)) is dict
    except orjson.JSONDecodeError:
        return False


def _position(handle: IO[bytes]) -> int:
    try:
        return handle.tell()
    except (OSError, ValueError):  # a pipe has none
        return 0
