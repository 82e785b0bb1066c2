"""One segment of a message that is read: its fields as they stand, which of them were read, and which were not."""

from __future__ import annotations

from typing import Final

from mappings.hl7v2.segment import NULL

#: By the number of a segment's fields and which of them were read: the others. A partner's are read alike.
_OPEN: Final[dict[tuple[int, int], list[int]]] = {}
_REMEMBERED: Final = 4096


def _open(count: int, used: int) -> list[int]:
    if len(_OPEN) >= _REMEMBERED:
        _OPEN.clear()
    made = _OPEN[count, used] = [number for number in range(1, count) if not used >> number & 1]
    return made


class Row:
    """One segment: its fields as they stand (MSH numbered like the others), and which of them were read."""

    __slots__ = ("fields", "name", "used")

    def __init__(self, fields: list[str]) -> None:
        name = fields[0]
        # A lone CRLF among CRs leaves its LF here.
        self.name = name.lstrip("\n") if name[:1] == "\n" else name
        self.fields = fields
        #: Bit n for field n.
        self.used = 0

    def raw(self, number: int) -> str:
        """A field as it stands, marked as read; empty when absent or the explicit null."""
        fields = self.fields
        if number >= len(fields):
            return ""
        self.used |= 1 << number
        raw = fields[number]
        return "" if raw == NULL else raw

    def set_id(self) -> None:
        """Marks field 1, where it is the number that only orders segments of one name."""
        if len(self.fields) > 1 and self.fields[1].isdigit():
            self.used |= 2

    def peek(self, number: int) -> str:
        """A field as it stands, without saying that it was read."""
        return self.fields[number] if number < len(self.fields) else ""

    def unread(self, into: dict[str, None]) -> None:
        """Names what of it holds something and was not read: `PID-32`, or `ZPD` where nothing was read of it."""
        if not self.used:
            into[self.name] = None
            return
        fields = self.fields
        numbers = _OPEN.get((len(fields), self.used))
        for number in numbers if numbers is not None else _open(len(fields), self.used):
            if fields[number]:
                into[f"{self.name}-{number}"] = None
