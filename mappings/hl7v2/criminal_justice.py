"""The CJIS gate at an HL7 v2 message of a law-enforcement source, before anything of it is translated.

As `mappings.cjis` does with an Incident, it looks at every text by pattern and at identifiers by kind. A note (NTE-3)
or result (OBX-5) that hits is kept back whole for a person (`held`), with the lines of the same note or result that
stand beside it: what is left after cutting a line may still say it. Any other field that hits is removed (`dropped`);
so is a repetition of an identifier that is a criminal justice number by its type or assigner. Segments that nothing
here maps, Z segments too, are looked at alike: their text stands in the message that is kept.

It reads text in base64 that says it is text; an image or a PDF it does not read. Names, addresses and telephone numbers
are no text. Reports say path, rule and count, never content. CJIS Security Policy 4.1.1, 4.2; 28 CFR 20.33.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Final

from mappings.cjis import IDENTIFIER_KINDS
from mappings.cjis_rules import criminal_justice_rules
from mappings.hl7v2.codec import Message
from mappings.hl7v2.delimiters import unescape
from mappings.incident import Gated
from mappings.record import record

_FIELD_CLASS: Final = "cjis.field-class"
#: Identifiers of a person: CX.4 names who gave it, CX.5 of what type it is.
_IDENTIFIERS: Final = frozenset(
    [("PID", 2), ("PID", 3), ("PID", 4), ("PID", 18), *(("MRG", n) for n in (1, 2, 3, 4)), ("NK1", 33)]
)
#: Names, addresses, telephone numbers and who did what (XPN, XAD, XTN, XCN): nobody's text.
_NO_TEXT: Final = frozenset(
    (name, number)
    for name, numbers in {
        "EVN": (5,),
        "PID": (5, 6, 9, 11, 13, 14),
        "MRG": (7,),
        "NK1": (2, 4, 5, 6, 26, 30, 31, 32),
        "PD1": (4,),
        "PV1": (7, 8, 9, 17, 52),
        "PV2": (13,),
        "DG1": (16,),
        "PR1": (8, 11, 12),
        "ORC": (10, 11, 12, 14, 19, 22, 23, 24),
        "OBR": (10, 16, 17, 28),
        "OBX": (16,),
        "TXA": (5, 9, 10, 11, 22),
        "AIP": (3,),
        "ROL": (4, 11, 12),
        "PRD": (2, 3, 5),
        "CTD": (2, 3, 5),
    }.items()
    for number in numbers
)


@record
class Through:
    """A message as the gate lets it through, and what it kept back."""

    message: Message
    dropped: tuple[Gated, ...] = ()
    held: tuple[Gated, ...] = ()


def gate(message: Message) -> Through:
    """The message without criminal justice information: the same one when there is none in it.

    A note or result that is held loses its text, and its segment stays; of a result whose name (OBX-3) hits the whole
    segment goes.
    """
    work = _Work(message)
    for run in _runs(work.rows):
        work.note(run)
    for place, row in enumerate(work.rows[1:], 1):
        for number in range(1, len(row)):
            work.field(place, row, number)
    if not work.dropped and not work.held:
        return Through(message=message)
    mark = message.delimiters.field
    lines = tuple([mark.join(row) for place, row in enumerate(work.rows) if place not in work.gone])
    text = "".join([line + message.separator for line in lines])
    return Through(
        message=Message(
            data=text.encode(message.encoding),
            delimiters=message.delimiters,
            encoding=message.encoding,
            separator=message.separator,
            lines=lines,
            issues=message.issues,
        ),
        dropped=tuple(work.dropped),
        held=tuple(work.held),
    )


def _runs(rows: list[list[str]]) -> Iterator[list[int]]:
    """The places of the notes and results, those of one text together: NTE beside NTE, OBX beside OBX of one name."""
    run: list[int] = []
    for place, row in enumerate(rows):
        name = row[0]
        if run and (rows[run[0]][0], _at(rows[run[0]], 3) if name == "OBX" else "") != (
            name,
            _at(row, 3) if name == "OBX" else "",
        ):
            yield run
            run = []
        if name in ("NTE", "OBX"):
            run.append(place)
    if run:
        yield run


def _at(row: list[str], number: int) -> str:
    return row[number] if number < len(row) else ""


class _Work:
    """One message being looked at: its segments by fields, MSH as it stands."""

    def __init__(self, message: Message) -> None:
        self._marks = message.delimiters
        self._encoding = message.encoding
        self.rows = [line.split(message.delimiters.field) for line in message.lines]
        self._names = [row[0].lstrip("\n") for row in self.rows]
        #: Segments that go whole.
        self.gone: set[int] = set()
        self.dropped: list[Gated] = []
        self.held: list[Gated] = []

    def note(self, run: list[int]) -> None:
        """One text over as many segments as it has, with what a result is called before it."""
        kind = self._names[run[0]]
        number = 5 if kind == "OBX" else 3
        called = self._text(_at(self.rows[run[0]], 3)) if kind == "OBX" else ""
        lines = [self._text(_at(self.rows[place], number)) for place in run]
        hits = criminal_justice_rules("\n".join([*([called + ":"] if called else []), *lines]))
        if not hits or not any(lines):
            return
        self.held += [Gated(path=self._path(run[0], number), rule=rule, count=count) for rule, count in hits]
        for place in run:
            if called and criminal_justice_rules(called):
                self.gone.add(place)
            elif len(self.rows[place]) > number:
                self.rows[place][number] = ""

    def field(self, place: int, row: list[str], number: int) -> None:
        """One field: removed where its text hits, or one of its identifiers is such a number."""
        raw, where = row[number], (self._names[place], number)
        if place in self.gone or len(raw) < 2 or where in _NO_TEXT:
            return
        if where in _IDENTIFIERS:
            mark = self._marks.repetition or "\0"
            kept = [one for one in raw.split(mark) if not self._is_number(one)]
            gone = raw.count(mark) + 1 - len(kept)
            if gone:
                self.dropped.append(Gated(path=self._path(place, number), rule=_FIELD_CLASS, count=gone))
                row[number] = mark.join(kept)
            return
        hits = criminal_justice_rules(self._text(raw))
        if hits:
            self.dropped += [Gated(path=self._path(place, number), rule=rule, count=count) for rule, count in hits]
            row[number] = ""

    def _is_number(self, identifier: str) -> bool:
        parts = identifier.split(self._marks.component or "\0")
        kind = self._text(parts[4]) if len(parts) > 4 else ""
        giver = self._text(parts[3].split(self._marks.subcomponent or "\0", 1)[0]) if len(parts) > 3 else ""
        return kind.lower() in IDENTIFIER_KINDS or giver.lower() in IDENTIFIER_KINDS

    def _text(self, raw: str) -> str:
        """A field as text, its parts apart by spaces; text in base64 (ED) as what it says."""
        marks = self._marks
        if not raw or raw.isdigit():
            return ""
        parts = raw.split(marks.component or "\0")
        if len(parts) > 4 and parts[3].upper() == "BASE64" and "TEXT" in (parts[1] + parts[2]).upper():
            try:
                return b64decode(parts[4]).decode(errors="replace")
            except ValueError:
                return ""
        for mark in (marks.component, marks.repetition, marks.subcomponent):
            if mark:
                raw = raw.replace(mark, " ")
        return unescape(raw, marks, encoding=self._encoding) if marks.escape and marks.escape in raw else raw

    def _path(self, place: int, number: int) -> str:
        """As the standard writes it: `NTE-3`, from the second of its name on `NTE[2]-3`."""
        name = self._names[place]
        turn = self._names[: place + 1].count(name)
        return f"{name}-{number}" if turn == 1 else f"{name}[{turn}]-{number}"
