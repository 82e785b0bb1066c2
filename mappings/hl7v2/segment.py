"""A segment of an HL7 v2 message, and the repetitions, components and subcomponents of its fields.

A segment is cut into fields only where it is read, and a field further only where a part of it is. Values are
unescaped on access. `""`, the explicit null that deletes a value (2.5.3, "null"), reads as None like an empty field, so
that no caller takes it for text; `null` tells the two apart.
"""

from __future__ import annotations

from mappings.hl7v2.delimiters import Delimiters, unescape

#: The explicit null as it stands in the message.
NULL = '""'


class Repetition:
    """One repetition of a field: its components and subcomponents, numbered from 1 as the standard does."""

    __slots__ = ("_delimiters", "_encoding", "raw")

    def __init__(self, raw: str, delimiters: Delimiters, encoding: str) -> None:
        #: As it stands in the message, still escaped.
        self.raw = raw
        self._delimiters = delimiters
        self._encoding = encoding

    def _part(self, component: int, subcomponent: int) -> str:
        part = nth(self.raw, self._delimiters.component, component)
        return nth(part, self._delimiters.subcomponent, subcomponent)

    def get(self, component: int = 1, subcomponent: int = 1) -> str | None:
        """The value there, unescaped; None when empty, absent or the explicit null.

        A component read without its subcomponents is the first of them, and a field without components its first:
        the standard's rule for reading a later version's longer types (2.10.2).
        """
        part = self._part(component, subcomponent)
        if not part or part == NULL:
            return None
        return unescape(part, self._delimiters, encoding=self._encoding)

    def null(self, component: int = 1, subcomponent: int = 1) -> bool:
        """Whether the sender says there that the value is to be deleted."""
        return self._part(component, subcomponent) == NULL

    def components(self) -> list[str]:
        """Its components as they stand, still escaped."""
        delimiter = self._delimiters.component
        return self.raw.split(delimiter) if delimiter else [self.raw]

    def subcomponents(self, component: int) -> list[str | None]:
        """The subcomponents of a component, each as `get` gives it."""
        part = nth(self.raw, self._delimiters.component, component)
        delimiter = self._delimiters.subcomponent
        count = part.count(delimiter) + 1 if delimiter else 1
        return [self.get(component, number) for number in range(1, count + 1)]

    @property
    def text(self) -> str | None:
        """The whole repetition as one text, unescaped: for ST, TX and FT, whose senders leave `&` and `^` bare."""
        if not self.raw or self.raw == NULL:
            return None
        return unescape(self.raw, self._delimiters, encoding=self._encoding)


def nth(text: str, delimiter: str, number: int) -> str:
    """The part of that number between delimiters, as it stands; empty when there is none. Raises ValueError below 1."""
    if number < 1:
        raise ValueError("components are numbered from 1")
    if not delimiter or delimiter not in text:
        return text if number == 1 else ""
    parts = text.split(delimiter, number)
    return parts[number - 1] if number <= len(parts) else ""


def segment_name(raw: str, field: str) -> str:
    """What stands before the first field separator."""
    # A lone CRLF among CRs leaves its LF here.
    return raw.split(field, 1)[0].lstrip("\n")


class Segment:
    """One segment. `name` is what stands before the first field separator; `raw` the segment without its end."""

    __slots__ = ("_delimiters", "_encoding", "_fields", "name", "raw")

    def __init__(self, raw: str, delimiters: Delimiters, encoding: str) -> None:
        self.raw = raw
        self.name = segment_name(raw, delimiters.field)
        self._delimiters = delimiters
        self._encoding = encoding
        self._fields: list[str] | None = None

    def field(self, number: int) -> str:
        """The field as it stands in the message, still escaped; empty when absent. In MSH, field 1 is the separator."""
        if number < 1:
            raise ValueError("fields are numbered from 1")
        fields = self._fields
        if fields is None:
            fields = self.raw.split(self._delimiters.field)
            if self.name == "MSH":
                fields.insert(1, self._delimiters.field)
            self._fields = fields
        return fields[number] if number < len(fields) else ""

    def __len__(self) -> int:
        """The number of the last field that stands in the segment."""
        self.field(1)
        assert self._fields is not None
        return len(self._fields) - 1

    def repetitions(self, number: int) -> tuple[Repetition, ...]:
        """The repetitions of a field; none when it is empty. MSH-1 and MSH-2 are never split."""
        raw = self.field(number)
        if not raw:
            return ()
        delimiter = self._delimiters.repetition
        if not delimiter or delimiter not in raw or (self.name == "MSH" and number <= 2):
            return (Repetition(raw, self._delimiters, self._encoding),)
        return tuple(Repetition(part, self._delimiters, self._encoding) for part in raw.split(delimiter))

    def get(self, number: int, component: int = 1, subcomponent: int = 1, *, repetition: int = 1) -> str | None:
        """The value at a place, as `Repetition.get`; None when that repetition is not there."""
        if self.name == "MSH" and number <= 2:
            return self.field(number) or None
        raw = self.field(number)
        if raw:
            raw = nth(raw, self._delimiters.repetition, repetition)
        return Repetition(raw, self._delimiters, self._encoding).get(component, subcomponent)

    def text(self, number: int) -> str | None:
        """The whole field as text; repetitions are lines, as a TX field's are (2.A.79). None when empty or null."""
        lines = [part.text or "" for part in self.repetitions(number)]
        return "\n".join(lines) or None

    def null(self, number: int) -> bool:
        """Whether the whole field is the explicit null."""
        return self.field(number) == NULL
