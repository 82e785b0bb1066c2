r"""HL7 v2 ER7 messages: bytes in, the same bytes out, every segment kept (HL7 v2.5.1, chapter 2; 2.1 to 2.9 alike).

A message is cut into segments when it is parsed and into fields only where it is read, so that a message that is
stored and acknowledged costs little. Nothing is looked up in a message structure: a segment no version knows (a Z
segment, an ARV from 2.6 in a 2.5.1 message) is a segment like any other.

What stands in a segment is `mappings.hl7v2.segment`'s.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mappings.errors import ReadError
from mappings.hl7v2.delimiters import Delimiters
from mappings.hl7v2.segment import Repetition, Segment, nth, segment_name
from profiles.issue import Issue

#: MSH-18 values (table 0211, and the spellings that senders use) and the Python codec that reads them. Sets whose
#: second bytes can look like delimiters are read as well: the message is decoded before it is split.
_CODECS = {
    "ASCII": "ascii",
    "US-ASCII": "ascii",
    "ISO IR6": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    **{f"8859/{n}": f"iso8859-{n}" for n in (*range(1, 10), 15)},
    **{f"ISO-8859-{n}": f"iso8859-{n}" for n in (*range(1, 10), 15)},
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
}

#: What ends the segments, as bytes.
_ENDS = {"\r": b"\r", "\n": b"\n", "\r\n": b"\r\n"}
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
#: Names that need no second look: those that stand in most messages behind the MSH.
_USUAL = frozenset(["EVN", "PID", "PD1", "NK1", "PV1", "PV2", "AL1", "DG1", "IN1", "NTE", "ORC", "OBR", "OBX", "TXA"])
_ADDRESS = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)])?-(\d+)(?:\[(\d+)])?(?:\.(\d+)(?:\.(\d+))?)?\Z", re.ASCII)


def python_codec(charset: str) -> str | None:
    """The Python codec of an MSH-18 value (table 0211); empty is ASCII; None when the set is not known here."""
    return _CODECS.get(charset.strip().upper() or "ASCII")


@lru_cache(maxsize=1024)
def _address(address: str) -> tuple[str, int, int, int, int, int]:
    match = _ADDRESS.match(address)
    if match is None:
        raise ValueError("an address is like PID-5, PID-5.1, PID-3[2].4.1 or OBX[3]-5")
    name, occurrence, field, repetition, component, subcomponent = match.groups()
    numbers = [int(n) if n else 1 for n in (occurrence, field, repetition, component, subcomponent)]
    if min(numbers) < 1:
        raise ValueError("an address counts from 1")
    return name, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]


@lru_cache(maxsize=256)
def message_type(field: str, delimiters: Delimiters, encoding: str) -> str:
    """MSH-9 as `Message.type`. The same few stand in message after message."""
    first = Repetition(nth(field, delimiters.repetition, 1), delimiters, encoding)
    code, event = first.get(1) or "", first.get(2)
    return f"{code}^{event}" if event else code


class Message:
    """A parsed message. `data` are its exact bytes, `lines` all of its segments as they stand, in their order.

    `encoding` is the Python codec it was read with, `separator` what ended its segments, `issues` what was odd.
    """

    __slots__ = ("_segments", "data", "delimiters", "encoding", "issues", "lines", "separator")

    def __init__(
        self,
        *,
        data: bytes,
        delimiters: Delimiters,
        encoding: str,
        separator: str,
        lines: tuple[str, ...],
        issues: tuple[Issue, ...],
    ) -> None:
        self.data = data
        self.delimiters = delimiters
        self.encoding = encoding
        self.separator = separator
        self.lines = lines
        self.issues = issues
        self._segments: tuple[Segment, ...] | None = None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Its segments, in their order."""
        found = self._segments
        if found is None:
            found = self._segments = tuple([Segment(line, self.delimiters, self.encoding) for line in self.lines])
        return found

    def __repr__(self) -> str:
        # Never a payload value: a message may end in a log through somebody else's repr.
        return f"<Message of {len(self.lines)} segments, {len(self.data)} bytes>"

    def serialize(self) -> bytes:
        """The bytes it was parsed from."""
        return self.data

    def all(self, name: str) -> tuple[Segment, ...]:
        """All segments of that name, in order."""
        return tuple(segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next((segment for segment in self.segments if segment.name == name), None)

    def get(self, address: str) -> str | None:
        """The value at an address: `PID-5.1`, `PID-3[2].4.1` (second repetition), `OBX[3]-5` (third OBX).

        None when empty, absent or the explicit null. Raises ValueError when `address` is not one.
        """
        name, occurrence, field, repetition, component, subcomponent = _address(address)
        segment = self._occurrence(name, occurrence)
        return segment.get(field, component, subcomponent, repetition=repetition) if segment else None

    def null(self, address: str) -> bool:
        """Whether the explicit null `""` stands at an address."""
        name, occurrence, field, repetition, component, subcomponent = _address(address)
        segment = self._occurrence(name, occurrence)
        repetitions = segment.repetitions(field) if segment else ()
        return len(repetitions) >= repetition and repetitions[repetition - 1].null(component, subcomponent)

    def text(self, address: str) -> str | None:
        """A whole field as text (`NTE-3`, `OBX[2]-5`), whatever delimiters its sender left bare in it."""
        name, occurrence, field, _, _, _ = _address(address)
        segment = self._occurrence(name, occurrence)
        return segment.text(field) if segment else None

    def _occurrence(self, name: str, occurrence: int) -> Segment | None:
        seen = 0
        for segment in self.segments:
            if segment.name == name:
                seen += 1
                if seen == occurrence:
                    return segment
        return None

    @property
    def control_id(self) -> str | None:
        """MSH-10."""
        return self.segments[0].get(10)

    @property
    def type(self) -> str:
        """MSH-9 as `REF^I12`: code and trigger event, whatever the message's own component separator."""
        return message_type(self.segments[0].field(9), self.delimiters, self.encoding)

    @property
    def version(self) -> str | None:
        """MSH-12.1."""
        return self.segments[0].get(12)


def parse(data: bytes, *, charset: str = "") -> Message:
    r"""Reads one message. `charset` (as MSH-18 writes it) is what the source agreed on, used where MSH-18 is empty.

    Segments end with CR. A message that ends all of them with LF, or all with CRLF, is read with an issue; a CR
    anywhere makes a bare LF part of a value. Bytes beyond ASCII in a message that declares none are read as
    ISO-8859-1 with an issue. Segments named against the rules are kept with an issue.

    Does not check types, tables or structure. Raises ReadError: `read.no-msh`, `read.delimiters`, `read.charset`
    (MSH-18 is unknown, or the bytes are not in it: no character is ever replaced), `read.two-messages`,
    `read.batch` (FHS or BHS).
    """
    issues: list[Issue] = []
    start = 3 if data.startswith(b"\xef\xbb\xbfMSH") else 0
    if start:
        issues.append(_issue("read.byte-order-mark", "MSH", "a byte order mark stands before the message"))
    separator = _separator(data)
    if separator != "\r":
        issues.append(_issue("read.segment-end", "MSH", "segments do not end with CR alone"))
    delimiters = _delimiters(data, start, separator)
    encoding, text = _decode(data, start, separator, delimiters, charset, issues)
    lines = text.split(separator)
    if not lines[-1]:
        lines.pop()
    if not {line[:4] for line in lines[1:]} <= _usual(delimiters.field):
        lines = _named(lines, delimiters.field, issues)
    return Message(
        data=data,
        delimiters=delimiters,
        encoding=encoding,
        separator=separator,
        lines=tuple(lines),
        issues=tuple(issues),
    )


@lru_cache(maxsize=16)
def _usual(field: str) -> frozenset[str]:
    return frozenset([f"{name}{field}" for name in _USUAL])


def _named(found: list[str], field: str, issues: list[Issue]) -> list[str]:
    """The segments among the lines, each looked at."""
    lines: list[str] = []
    for line in found:
        if not line or line == "\n":
            continue
        name, place = segment_name(line, field), f"segment[{len(lines) + 1}]"
        if not _SEGMENT_NAME.match(name):
            issues.append(_issue("read.segment-name", place, "a segment does not begin with a segment name"))
        if name == "MSH" and lines:
            raise ReadError("read.two-messages", "a second MSH stands in the message", path=place)
        lines.append(line)
    return lines


def glance(data: bytes, *, charset: str = "") -> Message:
    """The MSH of a message that `parse` reads, for whoever stores it and answers by its MSH. Its other segments are
    not cut, and what is odd about it is not said. Raises what `parse` raises."""
    start = 3 if data.startswith(b"\xef\xbb\xbfMSH") else 0
    separator = _separator(data)
    delimiters = _delimiters(data, start, separator)
    encoding, text = _decode(data, start, separator, delimiters, charset, [])
    if f"{separator}MSH" in text or f"{separator}\nMSH" in text:
        parse(data, charset=charset)  # a second MSH, or what only looks like one
    end = text.find(separator)
    line = text if end < 0 else text[:end]
    return Message(data=data, delimiters=delimiters, encoding=encoding, separator=separator, lines=(line,), issues=())


def header(data: bytes) -> Message | None:
    """The MSH alone of bytes that `parse` may refuse, so that a refusal can name the control id it refuses.

    Read as ISO-8859-1, which keeps every byte. None when there is no usable MSH. Nothing else may use it.
    """
    start = 3 if data.startswith(b"\xef\xbb\xbfMSH") else 0
    line = re.split(rb"[\r\n]", data[start : start + 65536], maxsplit=1)[0]
    try:
        delimiters = _delimiters(line, 0, "\r")
    except ReadError:
        return None
    lines = (line.decode("iso8859-1"),)
    return Message(data=line, delimiters=delimiters, encoding="iso8859-1", separator="\r", lines=lines, issues=())


def _issue(rule: str, path: str, text: str) -> Issue:
    return Issue(severity="warning", code="structure", rule=rule, path=path, text=text)


def _separator(data: bytes) -> str:
    """CR, unless every segment end is LF or every one is CRLF (a file or a sender that is wrong throughout)."""
    if b"\n" not in data:
        return "\r"
    if b"\r" not in data:
        return "\n"
    return "\r\n" if data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n") else "\r"


def _delimiters(data: bytes, start: int, separator: str) -> Delimiters:
    head = data[start : start + 16]
    end = head.find(_ENDS[separator])
    return _delimiters_of(head if end < 0 else head[:end])


@lru_cache(maxsize=256)
def _delimiters_of(line: bytes) -> Delimiters:
    """Those of a message whose first line begins so. Few beginnings are met: a partner's are all alike."""
    if line[:3] in (b"FHS", b"BHS"):
        raise ReadError("read.batch", "a batch is not one message", path=line[:3].decode("ascii"))
    if line[:3] != b"MSH":
        raise ReadError("read.no-msh", "the message does not begin with MSH")
    field = line[3:4]
    rest = line[4:].split(field, 1)[0] if field else b""
    marks = [bytes((b,)) for b in rest[:5]]
    used = [field, *marks]
    # Each must be its own printable ASCII character, or what stands in the message cannot be told apart.
    if not field or not marks or len(rest) > 5 or len(set(used)) != len(used):
        raise ReadError("read.delimiters", "MSH-1 and MSH-2 do not give distinct delimiters", path="MSH-2")
    if any(not 0x20 < b[0] < 0x7F or b.isalnum() or b == b'"' for b in used):
        raise ReadError("read.delimiters", "a delimiter is not an ASCII punctuation character", path="MSH-2")
    return Delimiters(field.decode("ascii"), *(mark.decode("ascii") for mark in marks + [b""] * (5 - len(marks))))


@lru_cache(maxsize=256)
def _codec(declared: bytes, repetition: str, charset: str) -> str | None:
    """Of MSH-18, else of what was agreed; None when the set is not known here."""
    if repetition:
        # The first repetition is the set the message begins in; the others are for ISO 2022 switching.
        declared = declared.split(repetition.encode("ascii"), 1)[0]
    return python_codec(declared.decode("ascii", "replace") if declared.strip() not in (b"", b'""') else charset)


def _decode(
    data: bytes, start: int, separator: str, delimiters: Delimiters, charset: str, issues: list[Issue]
) -> tuple[str, str]:
    """The codec and the text. MSH-18 is read from the bytes: every set accepted here has ASCII at its place."""
    body = data[start:] if start else data
    end = body.find(_ENDS[separator])
    fields = (body if end < 0 else body[:end]).split(delimiters.field.encode("ascii"), 18)
    codec = _codec(fields[17] if len(fields) > 17 else b"", delimiters.repetition, charset)
    if codec is None:
        raise ReadError("read.charset", "the character set is not one that can be read", path="MSH-18")
    try:
        return codec, body.decode(codec)
    except UnicodeDecodeError:
        if codec != "ascii":
            raise ReadError("read.charset", "bytes are not in the declared character set", path="MSH-18") from None
    issues.append(_issue("read.charset-fallback", "MSH-18", "bytes beyond ASCII were read as ISO-8859-1"))
    return "iso8859-1", body.decode("iso8859-1")
