"""A NIBRS submission cut into its reports, one at a time: XML without document types and entities.

A report that is broken is one `Broken` with its line, and reading goes on with the next: the submission's beginning is
parsed again with the rest behind it. Not checked: the FBI's schemas. What a report must have, its reader says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from mappings.found import Rule
from mappings.police.element import Element, prefixed
from mappings.police.rules import NESTED, NO_REPORT, NOT_XML, TOO_DEEP, UNSAFE

REPORT = "nibrs:Report"
METADATA = "cjis:MessageMetadata"
_SUBMISSION = "nibrs:Submission"

#: Nesting beyond this is not a report.
DEEPEST = 40

_CHUNK = 1 << 16
#: A beginning longer than this is not parsed again for each broken report.
_LONGEST_HEAD = 1 << 18
_ANY_REPORT = re.compile(rb"<((?:[\w.-]{1,100}:)?Report)(?=[\s/>])", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One report: its position from 0 and its line, its element, the release of its namespace, the submission's
    metadata, and the paths of what else stands in the submission and nobody reads."""

    index: int
    line: int
    element: Element
    release: str
    metadata: Element | None
    beside: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A report, or a whole submission, that could not be read: why, and at which line. `index` counts reports."""

    index: int
    rule: Rule
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failure:
    """Where the parser stopped: the line and the byte of what it was given."""

    rule: Rule
    line: int
    byte: int


class _StopError(Exception):
    """The report cannot be one; the parser has to stop in the middle."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.rule)
        self.rule = rule


class _Builder:
    """What the parser tells: builds the reports and the metadata, and names what else there is."""

    def __init__(self) -> None:
        self.parser: Any = None
        self.metadata: Element | None = None
        self.made: list[tuple[Element, str, tuple[str, ...]]] = []
        self.beside: dict[str, None] = {}
        #: Byte of the first report's tag, of the tag of the report that is open, and of the last end of one.
        self.first_at: int | None = None
        self.open_at: int | None = None
        self.ended_at = 0
        self._depth = 0
        self._open: Element | None = None
        self._top: Element | None = None
        self._release = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = prefixed(tag)
        if name in (REPORT, METADATA, _SUBMISSION):
            if self.open_at is not None:
                if name == REPORT:
                    raise _StopError(NESTED)
            else:
                # Whatever they stand in, an envelope of a message too, is not kept.
                self._top = self._open = None
                self._depth = 1
                if name == _SUBMISSION:
                    return
                if name == REPORT:
                    self.open_at = self.parser.CurrentByteIndex
                    if self.first_at is None:
                        self.first_at = self.open_at
                    self._release = tag[1:].partition("}")[0].rpartition("/")[2]
        elif self._open is None and self._depth < 2:
            return
        if self._depth > DEEPEST:
            raise _StopError(TOO_DEEP)
        named = {prefixed(key): value for key, value in attributes.items()}
        here = Element(name, named, self.parser.CurrentLineNumber, self._open)
        if self._open is None:
            self._top = here
        else:
            self._open.children.append(here)
        self._open = here

    def end(self, tag: str) -> None:
        self._depth -= 1
        here = self._open
        if here is None:
            return
        self._open = here.parent
        if self._open is not None:
            return
        self._top = None
        self._depth = 1
        if here.name == REPORT:
            self.made.append((here, self._release, tuple(self.beside)))
            self.open_at = None
            self.ended_at = self.parser.CurrentByteIndex
        elif here.name == METADATA:
            self.metadata = here
        elif here.leaves():
            self.beside[here.name] = None

    def data(self, text: str) -> None:
        if self._open is not None:
            self._open.parts.append(text)

    def close(self) -> None:
        return None


def reports(data: bytes) -> Iterator[Report | Broken]:
    """The reports of a submission in order; each that begins is one Report or one Broken. Raises nothing."""
    index = 0
    head, tag = b"", re.compile(b"(?!)")
    begin = 0
    while True:
        builder = _Builder()
        failure: _Failure | None = None
        before = data.count(b"\n", 0, begin) - head.count(b"\n")
        for event in _parsed(builder, head, data, begin):
            if isinstance(event, _Failure):
                failure = event
                break
            element, release, beside = event
            yield Report(
                index=index,
                line=element.line + before,
                element=element,
                release=release,
                metadata=builder.metadata,
                beside=beside,
            )
            index += 1
        if failure is None:
            if index == 0:
                yield Broken(index=0, rule=NO_REPORT, line=1)
            return
        yield Broken(index=index, rule=failure.rule, line=failure.line + before)
        index += 1
        shift = begin - len(head)
        if not head:
            first = builder.first_at
            if first is None:
                guess = _ANY_REPORT.search(data)
                first = None if guess is None or guess.start() > failure.byte else guess.start()
            named = None if first is None else _ANY_REPORT.match(data, first)
            if named is None or named.start() > _LONGEST_HEAD:
                yield from _lost(data, failure, builder, index)
                return
            head = data[: named.start()]
            tag = re.compile(b"<" + re.escape(named[1]) + rb"(?=[\s/>])")
            begin = named.start()
            shift = 0
        # Where the report after the broken one begins, however far the parser ran on.
        after = shift + (builder.open_at if builder.open_at is not None else builder.ended_at)
        found = tag.search(data, max(after, begin) + 1)
        stopped = failure.byte + shift
        if found is not None and builder.open_at is None and found.start() < stopped:
            # The parser fell over this very tag: it is of the report that was broken.
            found = found if b">" in data[found.start() : stopped] else tag.search(data, found.end())
        if found is None:
            return
        begin = found.start()


def _lost(data: bytes, failure: _Failure, builder: _Builder, index: int) -> Iterator[Broken]:
    """The reports that begin behind a beginning that cannot be parsed again."""
    if builder.open_at is not None:
        after = builder.open_at + 1
    else:
        after = builder.ended_at
        if builder.first_at is None:
            index -= 1  # the first of them is the one already told
    starts = [found.start() for found in _ANY_REPORT.finditer(data, after)]
    for n, at in enumerate(starts if builder.first_at is not None else starts[1:]):
        yield Broken(index=index + n + (builder.first_at is None), rule=failure.rule, line=data.count(b"\n", 0, at) + 1)


def _parsed(
    builder: _Builder, head: bytes, data: bytes, begin: int
) -> Iterator[tuple[Element, str, tuple[str, ...]] | _Failure]:
    """What stands in `head` followed by `data` from `begin` on, as far as the parser comes."""
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    expat = builder.parser = parser.parser
    failure = None
    try:
        if head:
            parser.feed(head)
        for at in range(begin, len(data), _CHUNK):
            parser.feed(data[at : at + _CHUNK])
            # The last one waits: what stands behind it belongs to its submission, too.
            while len(builder.made) > 1:
                yield builder.made.pop(0)
        parser.close()
    except ParseError as error:
        failure = _Failure(rule=NOT_XML, line=error.position[0], byte=expat.CurrentByteIndex)
    except DefusedXmlException:
        failure = _Failure(rule=UNSAFE, line=expat.CurrentLineNumber, byte=expat.CurrentByteIndex)
    except _StopError as stop:
        failure = _Failure(rule=stop.rule, line=expat.CurrentLineNumber, byte=expat.CurrentByteIndex)
    except (ValueError, LookupError):  # an encoding that Python does not have
        failure = _Failure(rule=NOT_XML, line=1, byte=0)
    while len(builder.made) > 1:
        yield builder.made.pop(0)
    for element, release, _ in builder.made:
        yield element, release, tuple(builder.beside)
    if failure is not None:
        yield failure
