"""JSON, NDJSON and XML to rows: a row is an object; its members and attributes are reached by paths."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
import orjson
from defusedxml import DefusedXmlException

from mappings.found import under
from mappings.incident import Rejected
from mappings.packs.source import (
    DEEPEST,
    ENCODING,
    NO_ROWS,
    NO_SUCCESS,
    NOT_JSON,
    NOT_OBJECT,
    NOT_XML,
    TOO_DEEP,
    XML_UNSAFE,
    Input,
    Layout,
    Place,
    Row,
    Source,
    rejected,
)

_BOM = b"\xef\xbb\xbf"
#: In `rows`: every item of a list on the way (`agencies[].calls`).
_EACH = "[]"


def json_rows(
    data: Input, source: Source, found: Callable[[Layout], None], place: Place | None = None
) -> Iterator[Row | Rejected]:
    """The rows of a JSON document: at the `rows` path, else the array's items, else the object itself.

    The document is read whole. An envelope whose `success` is not true has no rows: it is rejected.
    """
    raw = data if isinstance(data, bytes | bytearray) else data.read()
    try:
        value = orjson.loads(_decoded(raw, source))
    except UnicodeDecodeError as error:
        yield rejected(0, ENCODING, f"byte {error.start}")
        return
    except orjson.JSONDecodeError as error:
        yield rejected(0, NOT_JSON, f"line {error.lineno}, column {error.colno}", error.lineno)
        return
    if source.success and not _is_true(value, source.success):
        yield rejected(0, NO_SUCCESS, ".".join(source.success))
        return
    beside: dict[str, None] = {}
    level = [value]
    for step in source.rows:
        if not level:  # an empty list on the way
            break
        level = _below(level, step, beside, source)
        if not level and step != _EACH:
            yield rejected(0, NO_ROWS, ".".join(source.rows).replace(".[]", "[]"))
            return
    found(Layout(extra=tuple(beside)))
    rows = [row for one in level for row in (one if type(one) is list else [one])]
    for index, row in enumerate(rows):
        yield row if type(row) is dict else rejected(index, NOT_OBJECT, f"[{index}]")


def _below(level: list[Any], step: str, beside: dict[str, None], source: Source) -> list[Any]:
    """What stands one step further, of each value; the members passed by are told to `beside`."""
    if step == _EACH:
        return [item for one in level for item in (one if type(one) is list else [one])]
    made = []
    for one in level:
        if type(one) is dict:
            for name in one:
                if name != step and name != (source.success[0] if source.success else None):
                    beside[under("", name)] = None
            if step in one:
                made.append(one[step])
    return made


def _is_true(value: Any, steps: tuple[str, ...]) -> bool:
    for step in steps:
        value = value.get(step) if type(value) is dict else None
    return value is True or (type(value) is str and value.casefold() == "true")


def ndjson_rows(
    data: Input, source: Source, found: Callable[[Layout], None], place: Place | None = None
) -> Iterator[Row | Rejected]:
    """The rows of an NDJSON file: a JSON object a line; blank lines do not count. `rows` is taken in each."""
    at = place or Place()
    found(Layout())
    index = -1
    handle: Any = io.BytesIO(data) if isinstance(data, bytes | bytearray) else data
    line: bytes | str
    for number, line in enumerate(handle, 1):
        if number == 1:
            line = line.removeprefix("\ufeff") if isinstance(line, str) else line.removeprefix(_BOM)
        if not line.strip():
            continue
        index += 1
        at.line = number
        try:
            # Without the line's end: an error's column is then in this line.
            value = orjson.loads(_decoded(line.rstrip(), source))
        except UnicodeDecodeError as error:
            yield rejected(index, ENCODING, f"line {number}, column {error.start + 1}", number)
            continue
        except orjson.JSONDecodeError as error:
            yield rejected(index, NOT_JSON, f"line {number}, column {error.colno}", number)
            continue
        for step in source.rows:
            value = value.get(step) if type(value) is dict else None
        yield value if type(value) is dict else rejected(index, NOT_OBJECT, f"line {number}", number)


def _decoded(data: bytes | str, source: Source) -> bytes | str:
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    if source.encoding == "utf-8":
        data = data.removeprefix(_BOM)
        data.decode()  # orjson says where JSON breaks off, not which byte is not UTF-8
        return data
    return data.decode(source.encoding)


def xml_rows(
    data: Input, source: Source, found: Callable[[Layout], None], place: Place | None = None
) -> Iterator[Row | Rejected]:
    """The elements at the `rows` path as objects, one at a time; entities and document types are refused.

    An attribute is `@name`, the text beside attributes or children `#text`, a repeated child a list. The document
    names its own encoding (XML 1.0, 4.3.3). What stands beside the rows is told with the row that follows it, and with
    the last one.
    """
    handle = io.BytesIO(data) if isinstance(data, bytes | bytearray) else data
    walk = _Walk(source)
    index = -1
    held: Element | None = None
    broken = None

    def row(element: Element, number: int) -> Row | Rejected:
        found(Layout(extra=tuple(walk.beside)))
        if walk.is_deep(element):
            return rejected(number, TOO_DEEP, f"{source.rows[-1]}[{number}]")
        made = walk.value(element)
        return made if type(made) is dict else rejected(number, NOT_OBJECT, f"{source.rows[-1]}[{number}]")

    try:
        events = defusedxml.ElementTree.iterparse(handle, events=("start", "end"), forbid_dtd=True)
        for event, element in events:
            ended = walk.step(event, element)
            if ended is None:
                continue
            # One row is held back: what follows the last row is told with it.
            if held is not None:
                yield row(held, index)
            held, index = ended, index + 1
    except _TooDeepError:
        broken = rejected(index + 1, TOO_DEEP, source.rows[-1])
    except ParseError as error:
        line, column = error.position
        broken = rejected(index + 1, NOT_XML, f"line {line}, column {column + 1}", line)
    except DefusedXmlException:
        broken = rejected(index + 1, XML_UNSAFE, "")
    except (ValueError, LookupError):  # an encoding that Python does not have
        broken = rejected(index + 1, ENCODING, "line 1", 1)
    if held is not None:
        yield row(held, index)
    if broken is not None:
        yield broken
    elif not walk.reached:
        yield rejected(0, NO_ROWS, ".".join(source.rows))


class _TooDeepError(Exception):
    """The document is nested so deep that even passing it by costs."""


class _Walk:
    """Follows a document's elements down to its rows, and lets go of every other one when it ends."""

    def __init__(self, source: Source) -> None:
        self._steps = source.rows
        self._prefixes = {uri: prefix for prefix, uri in source.namespaces.items()}
        self._open: list[Element] = []
        #: How many of the open elements are on the path.
        self._on = 0
        self._deep = 0
        self._depths: dict[int, int] = {}
        self.reached = False
        #: What stands beside the path.
        self.beside: dict[str, None] = {}

    def step(self, event: str, element: Element) -> Element | None:
        """Follows one event; the row that ends with it, or None."""
        depth = len(self._open)
        if event == "start":
            if depth > 50 * DEEPEST:
                raise _TooDeepError
            self._open.append(element)
            if self._on == len(self._steps):  # inside a row
                self._deep = max(self._deep, depth - self._on + 1)
            elif self._on == depth:
                name = self.name(element.tag)
                if name == self._steps[depth]:
                    self._on += 1
                    if self._on == len(self._steps):
                        self.reached = True
                        self._deep = 0
                    else:
                        self.beside |= {under("", f"@{self.name(key)}"): None for key in element.attrib}
                elif depth:
                    self.beside[under("", name)] = None
            return None
        self._open.pop()
        depth -= 1
        if self._on == len(self._steps):
            if depth >= self._on:  # below a row, to which it stays attached unless the row is too deep
                if self._deep > DEEPEST:
                    element.clear()
                return None
            self._on -= 1
            if self._deep > DEEPEST:
                element.set(_DEEP, "")
            self._let_go(element)
            return element
        self._on = min(self._on, depth)
        self._let_go(element)
        return None

    def _let_go(self, element: Element) -> None:
        if self._open:
            self._open[-1].remove(element)

    def is_deep(self, element: Element) -> bool:
        """Whether the row is nested deeper than a record is."""
        return _DEEP in element.attrib

    def name(self, tag: str) -> str:
        """A tag or attribute as paths spell it: its prefix is the pack's; without namespaces the local name."""
        if not tag.startswith("{"):
            return tag
        uri, _, local = tag[1:].partition("}")
        if not self._prefixes:
            return local
        return f"{self._prefixes[uri]}:{local}" if uri in self._prefixes else tag

    def value(self, element: Element) -> Any:
        """An element as text or object."""
        if not len(element) and not element.attrib:
            return element.text or ""
        made: dict[str, Any] = {f"@{self.name(key)}": text for key, text in element.attrib.items()}
        texts = [element.text]
        for child in element:
            tag = self.name(child.tag)
            got = self.value(child)
            if tag not in made:
                made[tag] = got
            elif type(made[tag]) is list:
                made[tag].append(got)
            else:
                made[tag] = [made[tag], got]
            texts.append(child.tail)
        text = " ".join(part.strip() for part in texts if part and part.strip())
        if text:
            made["#text"] = text
        return made


#: Marks a row that is too deep; no attribute can have a space in its name.
_DEEP = "too deep"
