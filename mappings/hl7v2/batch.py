"""Batches of HL7 v2 messages (2.10.3): FHS and BHS before, BTS and FTS behind, and the messages between as they came.

[FHS] { [BHS] { [message] } [BTS] } [FTS]. Bytes in, each message's own bytes out. A header or trailer is no message:
what it counts is compared, nothing else of it is read. Several messages one after the other without any of them are
read as a batch too: files are often written so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mappings.errors import ReadError
from mappings.record import record
from profiles.issue import Issue

#: Where a segment begins that is not in a message: at the start, or after any end of a segment.
_OUTSIDE = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|(?<=[\r\n]))(FHS|BHS|MSH|BTS|FTS)(?=[^A-Za-z0-9\r\n])")


@record
class Batch:
    """The messages of a batch in their order; what its counts say otherwise; the headers that were not read."""

    messages: tuple[bytes, ...]
    issues: tuple[Issue, ...] = ()
    unused: tuple[str, ...] = ()


def is_batch(data: bytes) -> bool:
    """Whether bytes begin as a batch does."""
    return data[:3] in (b"FHS", b"BHS") or data[:6] in (b"\xef\xbb\xbfFHS", b"\xef\xbb\xbfBHS")


def messages(data: bytes) -> Batch:
    """The messages of a batch, of a file of messages, or the one message that the bytes are.

    A message keeps its bytes, its own segment ends included. A batch that counts its messages (BTS-1) or a file its
    batches (FTS-1) otherwise than they are has an issue and is read all the same. A trailer that is missing, or out
    of its place, is an issue. Raises ReadError `read.no-msh` when there is no message, `read.batch` when something
    stands between a header and the first message that is neither.
    """
    marks = [(found.start(1), found[1].decode()) for found in _OUTSIDE.finditer(data)]
    if not any(name == "MSH" for _, name in marks):
        if marks and marks[0][1] in ("FHS", "BHS"):
            return Batch(messages=(), issues=_counts(data, marks), unused=_unread(data, marks))
        raise ReadError("read.no-msh", "the message does not begin with MSH")
    if len(marks) == 1:
        return Batch(messages=(data,))
    first = marks[0][0]
    if data[:first].strip(b"\r\n \t\xef\xbb\xbf"):
        raise ReadError("read.no-msh", "the message does not begin with MSH")
    made = []
    for (start, name), (end, _) in zip(marks, [*marks[1:], (len(data), "")], strict=True):
        if name == "MSH":
            made.append(data[start:end])
        elif len(data[start:end].split(b"\r" if b"\r" in data[start:end] else b"\n", 1)[-1].strip(b"\r\n")) and (
            b"\r" in data[start:end].rstrip(b"\r\n") or b"\n" in data[start:end].rstrip(b"\r\n")
        ):
            raise ReadError("read.batch", "a segment of no message stands in the batch", path=name)
    enveloped = any(name != "MSH" for _, name in marks)
    return Batch(
        messages=tuple(made),
        issues=_counts(data, marks) if enveloped else (),
        unused=_unread(data, marks),
    )


def _line(data: bytes, start: int) -> bytes:
    return re.split(rb"[\r\n]", data[start : start + 65536], maxsplit=1)[0]


def _counts(data: bytes, marks: list[tuple[int, str]]) -> tuple[Issue, ...]:
    """What the trailers count otherwise, and which of them is missing."""
    found: list[Issue] = []
    names = [name for _, name in marks]
    for opens, closes in (("FHS", "FTS"), ("BHS", "BTS")):
        if names.count(opens) != names.count(closes):
            found.append(_issue("read.batch-trailer", closes, "a batch and its trailers do not match"))
    inside = batches = 0
    for start, name in marks:
        if name == "BHS":
            batches, inside = batches + 1, 0
        elif name == "MSH":
            inside += 1
        elif name == "BTS":
            found += _compared(_line(data, start), inside, "BTS-1")
            inside = 0
        elif name == "FTS":
            found += _compared(_line(data, start), batches or 1, "FTS-1")
    return tuple(found)


def _compared(line: bytes, number: int, place: str) -> Iterator[Issue]:
    fields = line.split(line[3:4]) if len(line) > 3 else []
    said = fields[1].strip() if len(fields) > 1 else b""
    if said and said != str(number).encode():
        yield _issue("read.batch-count", place, "the trailer counts otherwise than there are")


def _unread(data: bytes, marks: list[tuple[int, str]]) -> tuple[str, ...]:
    """The fields of headers and trailers that hold something, but for the delimiters and the counts."""
    found: dict[str, None] = {}
    for start, name in marks:
        if name != "MSH":
            line = _line(data, start)
            header = name in ("FHS", "BHS")
            for number, field in enumerate(line.split(line[3:4])):
                place = number + 1 if header else number
                if number and field and place > (2 if header else 1):
                    found[f"{name}-{place}"] = None
    return tuple(found)


def _issue(rule: str, path: str, text: str) -> Issue:
    return Issue(severity="warning", code="structure", rule=rule, path=path, text=text)
