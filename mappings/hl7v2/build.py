r"""Writing HL7 v2 segments: escaping, trimming, set ids, the character set (HL7 v2.5.1, chapter 2).

A field's value is text; a tuple of components, each text or a tuple of subcomponents; a list of repetitions; or
`Raw`, which a partner's settings give as it is to stand in the message. Text is always escaped, so that no value
can become a delimiter, end a segment or end an MLLP frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from mappings.errors import RenderError
from mappings.hl7v2.codec import python_codec
from mappings.hl7v2.delimiters import STANDARD, Delimiters


class Raw(str):
    """ER7 text taken as it is: MSH-3..6 of a partner's settings, a field echoed in an acknowledgement."""

    __slots__ = ()


Component: TypeAlias = "str | tuple[str | None, ...] | None"
Value: TypeAlias = "str | tuple[Component, ...] | list[str | tuple[Component, ...]] | None"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def escape(text: str, delimiters: Delimiters = STANDARD) -> str:
    r"""`text` as a value may stand in a message: delimiters as \F\ \S\ \T\ \R\ \E\, a line break as \.br\, every
    other control character as \Xdd\. A text that is the explicit null `""` is written so that it stays text.

    `unescape` gives the same text back. Raises ValueError when the text needs an escape character and there is none.
    """
    mark = delimiters.escape
    # a message may do without some of them
    marks = ((mark, "E"), (delimiters.field, "F"), (delimiters.component, "S"), (delimiters.repetition, "R"),
             (delimiters.subcomponent, "T"), (delimiters.truncation, "P"), ("\n", ".br"))  # fmt: skip
    if not mark:
        if text == '""' or _CONTROL.search(text) or any(one and one in text for one, _ in marks):
            raise ValueError("these delimiters have no escape character")
        return text
    table = {ord(one): f"{mark}{name}{mark}" for one, name in marks if one}
    if text == '""':
        return f'{mark}X22{mark}"'
    return _CONTROL.sub(lambda found: f"{mark}X{ord(found[0]):02X}{mark}", text.translate(table))


def _join(parts: Iterable[str], delimiter: str) -> str:
    return delimiter.join(parts).rstrip(delimiter)


def _component(value: Component, delimiters: Delimiters) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value if isinstance(value, Raw) else escape(value, delimiters)
    return _join(("" if part is None else _component(part, delimiters) for part in value), delimiters.subcomponent)


def field(value: Value, delimiters: Delimiters = STANDARD) -> str:
    """One field as ER7. Trailing empty components and subcomponents are left out."""
    if isinstance(value, list):
        return _join((field(part, delimiters) for part in value), delimiters.repetition)
    if isinstance(value, tuple):
        return _join((_component(part, delimiters) for part in value), delimiters.component)
    return _component(value, delimiters)


def is_empty(value: Value) -> bool:
    """Whether the field would be written as nothing."""
    return not field(value)


def segment(name: str, fields: Mapping[int, Value], delimiters: Delimiters = STANDARD) -> str:
    """One segment without its end. `fields` by their number; trailing empty ones are left out."""
    written = [name] + [field(fields.get(number), delimiters) for number in range(1, max(fields, default=0) + 1)]
    if name == "MSH":
        # MSH-1 is the separator itself and MSH-2 is never escaped.
        written[1:3] = [delimiters.msh_2]
    return _join(written, delimiters.field)


class Draft:
    """A message being written, segment by segment in the order of its structure."""

    def __init__(self, charset: str = "UNICODE UTF-8", delimiters: Delimiters = STANDARD) -> None:
        """`charset` as MSH-18 writes it; raises RenderError `render.charset` when it is not one we can write."""
        codec = python_codec(charset)
        if codec is None:
            raise RenderError("render.charset", "the partner's character set is not one that can be written")
        self._codec = codec
        self._delimiters = delimiters
        self._segments: list[bytes] = []
        self._set_ids: dict[str, int] = {}
        self._count: dict[str, int] = {}

    def add(self, name: str, fields: Mapping[int, Value], *, set_id: bool = False) -> str:
        """Writes one segment and gives its address among those of its name (`OBX[3]`).

        With `set_id`, field 1 is the next number of this name since the last `restart`: no gaps.
        Raises RenderError `render.charset` with the field, when the character set cannot write a value.
        """
        if set_id:
            self._set_ids[name] = self._set_ids.get(name, 0) + 1
            fields = {1: str(self._set_ids[name]), **fields}
        self._segments.append(self._encode(name, fields))
        self._count[name] = self._count.get(name, 0) + 1
        return f"{name}[{self._count[name]}]"

    def restart(self, *names: str) -> None:
        """Begins a new group: the next segment of these names has set id 1."""
        for name in names:
            self._set_ids.pop(name, None)

    def _encode(self, name: str, fields: Mapping[int, Value]) -> bytes:
        try:
            return segment(name, fields, self._delimiters).encode(self._codec)
        except UnicodeEncodeError:
            pass
        number = next((one for one, value in fields.items() if not self._writable(value)), 0)
        # Never replaced, never dropped: a changed name is another person's.
        raise RenderError("render.charset", "the partner's character set cannot write a value", path=f"{name}-{number}")

    def _writable(self, value: Value) -> bool:
        try:
            field(value, self._delimiters).encode(self._codec)
        except UnicodeEncodeError:
            return False
        return True

    def bytes(self) -> bytes:
        """The message: each segment ended with CR."""
        return b"".join(written + b"\r" for written in self._segments)
