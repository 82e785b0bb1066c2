r"""A message's delimiters and what its escape sequences stand for (HL7 v2.5.1, 2.5.4 and 2.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delimiters:
    r"""A message's own delimiters, from MSH-1 and MSH-2. An empty one is not used by the message.

    `truncation` is the fifth character of MSH-2 (from 2.7).
    """

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""

    def __hash__(self) -> int:
        # They stand in the keys of memories, and nearly every message has the same.
        return hash(self.component)

    @property
    def msh_2(self) -> str:
        """MSH-2 as it stands in the message."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


#: What we write with, and what the standard recommends (2.5.4).
STANDARD = Delimiters()


def unescape(text: str, delimiters: Delimiters = STANDARD, *, encoding: str = "utf-8") -> str:
    r"""The value that `text` stands for (2.7): \F\ \S\ \T\ \R\ \E\ \P\, \Xdd..\, and of the formatting commands
    \.br\ and \.sp\ (line breaks), \.in\ \.ti\ \.fi\ \.nf\ \H\ \N\ (no text of their own).

    Any other sequence, and an escape character that begins none, stays as it is: nothing is lost.
    """
    escape = delimiters.escape
    if not escape or escape not in text:
        return text
    parts = text.split(escape)
    out = [parts[0]]
    index = 1
    while index < len(parts):
        code = parts[index]
        # A sequence needs its closing escape character, so a piece after it.
        value = _escaped(code, delimiters, encoding) if index + 1 < len(parts) else None
        if value is None:
            out.append(escape + code)
            index += 1
        else:
            out.append(value + parts[index + 1])
            index += 2
    return "".join(out)


def _escaped(code: str, delimiters: Delimiters, encoding: str) -> str | None:
    match code:
        case "F":
            return delimiters.field
        case "S":
            return delimiters.component
        case "T":
            return delimiters.subcomponent
        case "R":
            return delimiters.repetition
        case "E":
            return delimiters.escape
        case "P" if delimiters.truncation:
            return delimiters.truncation
        case "H" | "N" | ".fi" | ".nf":
            return ""
        case ".br" | ".ce":
            return "\n"
    if code[:1] == "X":
        try:
            return bytes.fromhex(code[1:]).decode(encoding) if len(code) > 1 and " " not in code else None
        except ValueError:
            return None
    command, count = code[:3], code[3:].strip()
    if command in (".sp", ".sk", ".in", ".ti") and (not count or re.fullmatch(r"[+-]?\d{1,3}", count, re.ASCII)):
        if command == ".sp":
            return "\n" * max(1, int(count or 1))
        return " " * max(0, int(count or 1)) if command == ".sk" else ""
    return None
