"""Batches: several messages in one file or frame, between FHS, BHS and BTS, FTS (HL7 v2.5.1, 2.10.3).

The messages come out as the bytes they are, each to be parsed by itself. The headers say nothing that is used here:
each message has an MSH of its own.
"""

from __future__ import annotations

import re
from itertools import pairwise

from mappings.errors import ReadError

_HEADERS = (b"FHS", b"BHS")
_TRAILERS = (b"BTS", b"FTS")
_LINE = re.compile(rb"[^\r\n]*[\r\n]*")


def is_batch(data: bytes) -> bool:
    """Whether the bytes begin as a batch."""
    return data[:3] in _HEADERS


def split(data: bytes) -> tuple[bytes, ...]:
    """The messages of a batch, in their order; each with the segment ends that it came with.

    Raises ReadError `read.batch` where it has no message, something stands between its messages that is part of none,
    or a BTS counts others (BTS-1): then messages are missing or are not this batch's.
    """
    messages: list[bytearray] = []
    counted = 0
    outside = True
    for match in _LINE.finditer(data):
        line = match.group()
        name = line[:3]
        if name == b"MSH":
            messages.append(bytearray(line))
            outside = False
        elif name in _HEADERS or name in _TRAILERS:
            if name == b"BTS":
                _check(line, len(messages) - counted)
            if name in _TRAILERS:
                counted = len(messages)
            outside = True
        elif not outside:
            messages[-1] += line
        elif line.strip():
            raise _wrong("a segment of no message stands in the batch", name)
    if not messages:
        raise _wrong("there is no message in the batch", data[:3])
    return tuple(bytes(one) for one in messages)


def messages_of(data: bytes) -> list[bytes]:
    """Several messages one after the other, as files often have them, without any header: cut before each MSH that
    begins a line. What begins otherwise is one piece, for a reader to refuse."""
    starts = [0, *(match.start() + 1 for match in re.finditer(rb"[\r\n]MSH", data))]
    return [part for begin, end in pairwise((*starts, len(data))) if (part := data[begin:end]).strip()]


def _check(line: bytes, found: int) -> None:
    """BTS-1 against what there is; a BTS without a number says nothing."""
    field = line.rstrip(b"\r\n")[3:]
    given = field[1:].split(field[:1], 1)[0] if field else b""
    if given and not (given.isdigit() and int(given[:9]) == found):
        raise _wrong("BTS-1 counts other messages than there are", b"BTS")


def _wrong(text: str, name: bytes) -> ReadError:
    place = name.decode("ascii") if name.isalnum() and name.isascii() else ""
    return ReadError("read.batch", text, path=place)
