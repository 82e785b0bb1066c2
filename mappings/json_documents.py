"""JSON input as documents one by one: one object, an array of objects, or NDJSON (RFC 8259, one value a line).

Says where the JSON ends to be JSON, by line and column; never what stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from mappings.incident import Rejected
from profiles.issue import Issue

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"


def documents(data: bytes) -> Iterator[dict[str, Any] | Rejected]:
    """Each JSON object in `data`, or in its place why there is none.

    NDJSON is taken where the whole is not one JSON value and some line is an object by itself; blank lines do not
    count. Does not notice a member named twice in one object (the last one is taken, as most readers do).
    """
    if data.startswith(_BOM):
        data = data[3:]
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        # bytes.splitlines also splits at a bare CR; a line of NDJSON ends with LF.
        lines = data.split(b"\n")
        if len(lines) > 1 and any(map(_is_object, lines)):
            yield from _lines(lines)
        else:
            yield _not_json(data, error, 0)
        return
    if type(value) is dict:
        yield value
    elif type(value) is list:
        if not value:
            yield _rejected(0, "read.empty-array", "required", "", "an array without any record")
        for index, item in enumerate(value):
            yield item if type(item) is dict else _not_an_object(index, f"[{index}]")
    else:
        yield _not_an_object(0, "")


def _is_object(line: bytes) -> bool:
    # An indented object is a part of a longer text that is broken somewhere else.
    if not line.startswith(b"{"):
        return False
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _lines(lines: list[bytes]) -> Iterator[dict[str, Any] | Rejected]:
    index = 0
    for number, line in enumerate(lines, 1):
        if not line.strip(_BLANK):
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield _not_json(line, error, index, number)
        else:
            yield value if type(value) is dict else _not_an_object(index, f"line {number}")
        index += 1


def _not_json(data: bytes, error: orjson.JSONDecodeError, index: int, line: int | None = None) -> Rejected:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as broken:
        head = data[: broken.start]
        number = line if line is not None else head.count(b"\n") + 1
        column = broken.start - (head.rfind(b"\n") + 1) + 1
        return _rejected(
            index, "read.not-utf-8", "structure", f"line {number}, column {column}", "the text is not UTF-8"
        )
    place = f"line {line if line is not None else error.lineno}, column {error.colno}"
    return _rejected(index, "read.not-json", "structure", place, "the text is not JSON from here on")


def _not_an_object(index: int, path: str) -> Rejected:
    return _rejected(index, "read.not-an-object", "structure", path, "a JSON object is expected here")


def _rejected(index: int, rule: str, code: str, path: str, text: str) -> Rejected:
    return Rejected(index=index, issues=(Issue(severity="error", code=code, rule=rule, path=path, text=text),))
