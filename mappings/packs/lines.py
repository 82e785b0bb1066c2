"""The lines of a file, some at a time, decoded: memory does not grow with the file.

A line ends at `\\n`, `\\r\\n` or a lone `\\r` and nowhere else. A byte that is not of the encoding spoils its line, not
the file: the line is remembered in `broken` with the byte's offset.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import IO

from mappings.packs.source import Input

_BOM = b"\xef\xbb\xbf"
#: How much is read at a time.
_BLOCK = 1 << 18
_UNDECODED = re.compile(r"[\ud800-\udfff]")
#: What stands for wrong bytes of UTF-16, which have no form of their own.
_REPLACED = re.compile(r"[\ud800-\udfff\ufffd]")


class Lines:
    """The lines of an input. `blocks` may be taken once; `broken` has the lines of what was taken (from 0)."""

    def __init__(self, data: Input, encoding: str) -> None:
        self._handle: IO[bytes] | IO[str] = io.BytesIO(data) if isinstance(data, bytes | bytearray) else data
        self._encoding = encoding
        self._wrong = _REPLACED if encoding == "utf-16" else _UNDECODED
        #: Line (from 0) -> offset of the first byte in it that is not of the encoding.
        self.broken: dict[int, int] = {}

    def blocks(self) -> Iterator[list[str]]:
        """Lists of whole lines with their ends, in order."""
        number = at = 0
        for raw in self._raw():
            if isinstance(raw, str):
                text = raw.removeprefix("\ufeff") if number == 0 else raw
                at += self._length(raw[: len(raw) - len(text)])
                wrong = self._wrong.search(text) is not None
            else:
                skipped = 3 if at == 0 and self._encoding == "utf-8" and raw.startswith(_BOM) else 0
                at += skipped
                try:
                    text, wrong = raw[skipped:].decode(self._encoding), False
                except UnicodeDecodeError:
                    text, wrong = raw[skipped:].decode(self._encoding, "surrogateescape"), True
            lines = io.StringIO(text, newline="").readlines()
            if wrong:
                self._note(lines, number, at)
            at += self._length(text) if isinstance(raw, str) else len(raw) - skipped
            number += len(lines)
            yield lines

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Each line without its end, with its number from 1."""
        number = 0
        for block in self.blocks():
            for line in block:
                number += 1
                yield number, line.rstrip("\r\n")
            self.broken.clear()

    def _raw(self) -> Iterator[bytes | str]:
        """What is read, cut at the ends of lines. Memory is bounded by the longest line."""
        held: list[bytes | str] = []
        for block in self._decoded() if self._encoding == "utf-16" else self._read():
            cut = _last_end(block)
            if cut:
                yield _joined([*held, block[:cut]])
                held = [block[cut:]] if cut < len(block) else []
            else:
                held.append(block)
        if held:
            yield _joined(held)

    def _read(self) -> Iterator[bytes | str]:
        while block := self._handle.read(_BLOCK):
            yield block

    def _decoded(self) -> Iterator[bytes | str]:
        """UTF-16 as text: no byte of it is a line's end by itself. Without byte order mark it is as Windows has it."""
        decoder: codecs.IncrementalDecoder | None = None
        for block in self._read():
            if isinstance(block, str):
                yield block
                continue
            if decoder is None:
                order = "utf-16-be" if block.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
                decoder = codecs.getincrementaldecoder(order)("replace")
            if text := decoder.decode(block):
                yield text
        if decoder is not None and (text := decoder.decode(b"", True)):
            yield text

    def _note(self, lines: list[str], number: int, at: int) -> None:
        for place, line in enumerate(lines, number):
            match = self._wrong.search(line)
            if match is not None:
                self.broken[place] = at + self._length(line[: match.start()])
            at += self._length(line)

    def _length(self, text: str) -> int:
        try:
            return len(text.encode("utf-16-le" if self._encoding == "utf-16" else self._encoding, "surrogateescape"))
        except UnicodeEncodeError:  # a text handle: its own encoding is not known here
            return len(text)


def _last_end(block: bytes | str) -> int:
    """Where the last whole line of the block ends; 0 when none does."""
    if isinstance(block, str):
        return block.rfind("\n") + 1 or block.rfind("\r", 0, -1) + 1
    # A carriage return at the very end may be half of a line's end.
    return block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, -1) + 1


def _joined(parts: list[bytes | str]) -> bytes | str:
    first = parts[0]
    if len(parts) == 1:
        return first
    return "".join(parts) if isinstance(first, str) else b"".join(parts)  # type: ignore[arg-type]
