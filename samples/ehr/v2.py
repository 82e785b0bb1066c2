"""HL7 v2.5.1 text: REF^I12, OMG^O19, ORM^O01, ADT and MDM^T02 taken apart by position; ACK, RRI^I12 and SIU^S12 put
together.

A minimal reader of its own: no schema, no data types beyond component and subcomponent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

CHARSETS = {"": "ascii", "ASCII": "ascii", "8859/1": "latin-1", "UNICODE UTF-8": "utf-8"}
URGENCIES = {"S": "stat", "A": "asap", "R": "routine"}  # HL7 table 0280
#: RF1-1, HL7 table 0283. It has no code for a completed service: A stays, and the NTE says it.
RF1_STATUS = {
    "accept": "A^Accepted^HL70283",
    "complete": "A^Accepted^HL70283",
    "reject": "R^Rejected^HL70283",
    "pend": "P^Pending^HL70283",
}
COMMENTS = {"accept": "Accepted.", "complete": "Service completed.", "pend": "Seen, not yet decided."}


class Malformed(Exception):
    """The message cannot be taken; carries the code of HL7 table 0357 and what could be read of it."""

    def __init__(self, code: str, text: str, message: Message | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Segments as lists of raw fields, so that field n is `[n]` (for MSH too)."""

    separators: str
    segments: tuple[tuple[str, ...], ...]

    def all(self, name: str) -> list[tuple[str, ...]]:
        """Every segment of that name."""
        return [segment for segment in self.segments if segment[0] == name]

    def raw(self, name: str, field: int) -> str:
        """A field of the first such segment as it stands, empty when absent."""
        for segment in self.segments:
            if segment[0] == name:
                return segment[field] if field < len(segment) else ""
        return ""

    def value(self, name: str, field: int, component: int = 1) -> str:
        """A component's first subcomponent of the field's first repetition, unescaped."""
        _, component_sep, repetition, _, subcomponent = self.separators
        parts = self.raw(name, field).split(repetition)[0].split(component_sep)
        text = parts[component - 1] if component <= len(parts) else ""
        return unescape(text.split(subcomponent)[0], self.separators)


def parse(raw: bytes) -> Message:
    """Take one message apart.

    Raises Malformed: not HL7, two MSH, line feeds, an unknown or violated character set, no MSH-10.
    """
    if not raw.startswith(b"MSH") or len(raw) < 9:
        raise Malformed("100", "no MSH segment")
    head = raw.split(b"\r", 1)[0].decode("latin-1")
    encoding = head[4:].split(head[3], 1)[0]
    separators = head[3] + encoding[:4]  # a fifth (truncation, v2.7) is allowed and not used
    if len(encoding) not in (4, 5) or len(set(separators)) != 5 or any(c.isalnum() for c in separators):
        raise Malformed("100", "MSH-1 and MSH-2 are not five distinct separators")
    header = Message(separators=separators, segments=(_segment(head, separators[0]),))
    if b"\n" in raw:
        raise Malformed("100", "segments end with a line feed", header)
    charset = CHARSETS.get(header.raw("MSH", 18).split(separators[2])[0])
    if charset is None:
        raise Malformed("103", "MSH-18 names a character set that is not taken", header)
    try:
        text = raw.decode(charset)
    except UnicodeDecodeError:
        raise Malformed("103", "bytes outside the character set that MSH-18 names", header) from None
    segments = tuple(_segment(line, separators[0]) for line in text.split("\r") if line)
    message = Message(separators=separators, segments=segments)
    if len(message.all("MSH")) != 1:
        raise Malformed("100", "more than one MSH in the frame", header)
    if not message.value("MSH", 10):
        raise Malformed("101", "MSH-10 is empty", message)
    return message


#: By MSH-9.1: the events that are taken, the segments without which nothing can be done, where the referral's number
#: stands. A registration has none, and a document may have none.
TAKEN: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, int] | None]] = {
    "REF": (("I12",), ("RF1", "PRD", "PID"), ("RF1", 6)),
    "OMG": (("O19",), ("PID", "ORC", "OBR"), ("ORC", 2)),
    "ORM": (("O01",), ("PID", "ORC", "OBR"), ("ORC", 2)),
    "ADT": (("A04", "A08", "A28", "A31"), ("EVN", "PID", "PV1"), None),
    "MDM": (("T02",), ("EVN", "PID", "PV1", "TXA", "OBX"), None),
}
#: OBX-3 of a document that is the referral itself (LOINC, referral note).
LETTER = "57133-1"


def parse_referral(raw: bytes) -> Message:
    """`parse`, and the message is one of `TAKEN` with what a referral desk cannot do without.

    Raises Malformed with the codes 200 (type), 201 (event), 203 (version), 100 or 101.
    """
    message = parse(raw)
    if message.value("MSH", 9) not in TAKEN:
        raise Malformed("200", "a message of this type is not taken here", message)
    events, needed, number = TAKEN[message.value("MSH", 9)]
    if message.value("MSH", 9, 2) not in events:
        raise Malformed("201", "this event is not taken here", message)
    if not message.value("MSH", 12).startswith("2."):
        raise Malformed("203", "MSH-12 is not a version 2", message)
    for name in needed:
        if not message.all(name):
            raise Malformed("100", f"no {name} segment", message)
    if number is not None and not message.value(*number):
        raise Malformed("101", f"{number[0]}-{number[1]} is empty", message)
    return message


def _segment(line: str, separator: str) -> tuple[str, ...]:
    fields = line.split(separator)
    return (fields[0], separator, *fields[1:]) if fields[0] == "MSH" else tuple(fields)


def unescape(text: str, separators: str) -> str:
    """Resolve the escape sequences F, S, T, R, E, X.. and .br (v2.5.1 chapter 2.7)."""
    field, component, repetition, escape, subcomponent = separators
    known = {"F": field, "S": component, "T": subcomponent, "R": repetition, "E": escape, ".br": "\n"}

    def resolve(match: re.Match[str]) -> str:
        code = match.group(1)
        if code in known:
            return known[code]
        if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
            return bytes.fromhex(code[1:]).decode("latin-1")
        return match.group(0)

    mark = re.escape(escape)
    return re.sub(f"{mark}([^{mark}]*){mark}", resolve, text)


def escape(text: str, separators: str) -> str:
    """Text safe inside a field."""
    table = dict(zip(separators, "FSRET", strict=True))
    mark = separators[3]
    out = "".join(f"{mark}{table[c]}{mark}" if c in table else c for c in text)
    return out.replace("\r\n", f"{mark}.br{mark}").replace("\n", f"{mark}.br{mark}").replace("\r", "")


def referrals(message: Message) -> list[dict[str, Any]]:
    """The referral in a message of `TAKEN`: none in a registration, nor in a document that is not the referral."""
    if message.value("MSH", 9) == "ADT":
        return []
    if message.value("MSH", 9) == "MDM":
        lines = _letter(message)
        number = message.raw("TXA", 14)
        if lines is None or not number:
            return []
        about = {key: lines.get(key.capitalize(), "") for key in ("service", "urgency", "reason")}
        return [_facts(message, number, **about)]
    if message.value("MSH", 9) == "REF":
        urgency = message.value("RF1", 2)
        return [
            _facts(
                message,
                message.raw("RF1", 6),
                service=message.value("RF1", 3, 2) or message.value("RF1", 3),
                urgency=URGENCIES.get(urgency, urgency),
                reason=message.value("RF1", 10, 2) or message.value("RF1", 10),
            )
        ]
    urgency = message.value("TQ1", 9) or message.value("OBR", 27, 6)
    return [
        _facts(
            message,
            message.raw("ORC", 2),
            service=message.value("OBR", 4, 2) or message.value("OBR", 4),
            urgency=URGENCIES.get(urgency, urgency),
            reason=message.value("OBR", 31, 2) or message.value("OBR", 31),
            cancelled=message.value("ORC", 1) == "CA",
        )
    ]


def _letter(message: Message) -> dict[str, str] | None:
    """The lines `Name: what it says` of the referral's own document, the first of each name."""
    for obx in message.all("OBX"):
        code = _field(obx, 3).split(message.separators[1])[0]
        if code == LETTER:
            found: dict[str, str] = {}
            for line in unescape(_field(obx, 5), message.separators).splitlines():
                name, _, said = line.partition(": ")
                found.setdefault(name, said)
            return found
    return None


def _facts(
    message: Message, number: str, *, service: str, urgency: str, reason: str, cancelled: bool = False
) -> dict[str, Any]:
    """What the desk shows of a referral, and what its answers must echo."""
    name = " ".join(part for part in (message.value("PID", 5, 2), message.value("PID", 5, 1)) if part)
    rf1 = message.all("RF1")
    return {
        "patient": name or "Unknown person",
        "service": service,
        "urgency": urgency,
        "reason": reason,
        "cancelled": cancelled,
        "keys": [f"rf1:{number}"],
        "hub_ref": {
            "message": message.value("MSH", 10),
            "referral": number,
            "separators": message.separators,
            "MSH": message.all("MSH")[0],
            # An answer repeats the number it was asked under; an order and a document have no RF1 of their own.
            "RF1": rf1[0] if rf1 else ("RF1", *[""] * 5, number),
            "PRD": message.all("PRD"),
            "PID": message.all("PID")[0],
        },
    }


def stamp(at: datetime) -> str:
    """A time as v2 writes it, with its zone: YYYYMMDDHHMMSS±ZZZZ."""
    return at.strftime("%Y%m%d%H%M%S%z")


def acknowledgement(
    message: Message | None, code: str, *, name: str, at: datetime, control_id: str, error: str = ""
) -> bytes:
    """ACK with MSA-1 = code; with `error`, an ERR whose ERR-3 is from table 0357. Never payload text."""
    if message is None:
        separators, receiver, processing, version, original, event = "|^~\\&", ("", ""), "P", "2.5.1", "", ""
    else:
        separators = message.separators
        receiver = (message.raw("MSH", 3), message.raw("MSH", 4))
        processing, version = message.raw("MSH", 11) or "P", message.raw("MSH", 12) or "2.5.1"
        original, event = message.raw("MSH", 10), message.value("MSH", 9, 2)
    field, component, *_ = separators
    kind = component.join(("ACK", escape(event, separators), "ACK")) if event else "ACK"
    sender = (escape(name, separators), message.raw("MSH", 6) if message else "")
    charset = "" if "".join((*sender, *receiver)).isascii() else "UNICODE UTF-8"
    header = _header(separators, sender, receiver, at, kind, control_id, processing, version, charset)
    lines = [header, field.join(("MSA", code, original))]
    if error:
        lines.append(field.join(("ERR", "", "", error, "E")))
    return _encode(lines)


def wanted_acknowledgement(message: Message | None, *, taken: bool) -> str | None:
    """The code to answer with, or None for silence (v2.5.1 section 2.9, MSH-15 and MSH-16)."""
    commit, application = (message.value("MSH", 15), message.value("MSH", 16)) if message else ("", "")
    if not commit and not application:
        return "AA" if taken else "AR"
    if commit == "AL" or commit == ("SU" if taken else "ER"):
        return "CA" if taken else "CR"
    # Commit acknowledgement not wanted. A decision comes later as RRI^I12; what can be said now is that
    # the message was taken or not.
    if application == "AL" or application == ("SU" if taken else "ER"):
        return "AA" if taken else "AR"
    return None


def referral_answer(
    hub_ref: dict[str, Any], decision: dict[str, Any], *, name: str, number: int, control_id: str
) -> bytes:
    """RRI^I12: RF1-1 carries the decision, RF1-6 their number, RF1-11 ours."""
    separators = hub_ref["separators"]
    rf1 = [*hub_ref["RF1"], *[""] * 12][:12]
    rf1[1] = RF1_STATUS[decision["do"]].replace("^", separators[1])
    rf1[9] = stamp(decision["at"])
    rf1[10] = ""
    rf1[11] = escape(f"EHR-{number}", separators) + separators[1] + escape(name, separators)
    field = separators[0]
    comment = decision["reason"] or COMMENTS.get(decision["do"], "")
    lines = [
        _answer_header(hub_ref, "RRI^I12^RRI_I12", decision["at"], name, control_id),
        field.join(("MSA", "AA", _field(hub_ref["MSH"], 10))),
        field.join(rf1),
        *(field.join(prd) for prd in hub_ref["PRD"] or [("PRD", separators[1].join(("RT", "", "HL70286")))]),
        field.join(hub_ref["PID"]),
        field.join(("NTE", "1", "", escape(comment, separators))),
    ]
    return _encode(lines)


def appointment_notice(
    hub_ref: dict[str, Any], decision: dict[str, Any], *, name: str, number: int, control_id: str
) -> bytes:
    """SIU^S12: SCH-1 carries the referral's number (RF1-6), SCH-2 ours, SCH-11.4 and .5 start and end."""
    separators = hub_ref["separators"]
    field, component, *_ = separators
    own = escape(f"EHR-{number}", separators) + component + escape(name, separators)
    start, end = decision["start"], decision["end"]
    sch = ["SCH", *[""] * 25]
    sch[1] = hub_ref["referral"]
    sch[2] = own
    sch[6] = component.join(("REFERRAL", "Referral", "L"))
    sch[9] = str(int((end - start).total_seconds() // 60))
    sch[10] = "min"
    sch[11] = component.join(("", "", "", stamp(start), stamp(end)))
    sch[16] = sch[20] = component.join(("", "INTAKE"))
    sch[25] = component.join(("Booked", "Booked", "HL70278"))
    lines = [
        _answer_header(hub_ref, "SIU^S12^SIU_S12", decision["at"], name, control_id),
        field.join(sch),
        *([field.join(("NTE", "1", "", escape(decision["reason"], separators)))] if decision["reason"] else []),
        field.join(hub_ref["PID"]),
        field.join(("RGS", "1", "A")),
    ]
    return _encode(lines)


def is_acknowledgement_of(control_id: str, raw: bytes) -> str | None:
    """MSA-1 of an acknowledgement of that message, else None."""
    try:
        message = parse(raw)
    except Malformed:
        return None
    return message.value("MSA", 1) if message.value("MSA", 2) == control_id else None


def _answer_header(hub_ref: dict[str, Any], kind: str, at: datetime, name: str, control_id: str) -> str:
    separators, msh = hub_ref["separators"], hub_ref["MSH"]
    own = escape(name, separators)
    sender = (own, _field(msh, 6) or own)
    receiver = (_field(msh, 3), _field(msh, 4))
    kind = kind.replace("^", separators[1])
    processing, version = _field(msh, 11) or "P", _field(msh, 12) or "2.5.1"
    return _header(separators, sender, receiver, at, kind, control_id, processing, version, "UNICODE UTF-8")


def _header(
    separators: str,
    sender: tuple[str, str],
    receiver: tuple[str, str],
    at: datetime,
    kind: str,
    control_id: str,
    processing: str,
    version: str,
    charset: str,
) -> str:
    field = separators[0]
    fields = ["MSH", separators[1:], *sender, *receiver, stamp(at), "", kind, control_id, processing, version]
    if charset:
        fields += ["", "", "", "", "", charset]  # MSH-13 to MSH-18
    return field.join(fields)


def _field(segment: Any, number: int) -> str:
    return segment[number] if number < len(segment) else ""


def _encode(lines: list[str]) -> bytes:
    return ("\r".join(lines) + "\r").encode("utf-8")
