"""Acknowledgements (HL7 v2.5.1, 2.9 and 2.15.8): which code, if any, and the ACK itself.

An acknowledgement says what became of a message, never what was in it: MSH echoes, the control id, a code, a place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from mappings.errors import ReadError
from mappings.hl7v2.build import Raw, Value, escape, segment
from mappings.hl7v2.codec import Message, header, python_codec
from mappings.hl7v2.delimiters import STANDARD, Delimiters
from mappings.hl7v2.segment import NULL, Repetition
from mappings.hl7v2.times import written
from mappings.record import record

#: What became of a message: stored; not now (it may be sent again); not as it is.
Outcome = Literal["accept", "error", "reject"]
#: MSA-1, table 0008.
Code = Literal["AA", "AE", "AR", "CA", "CE", "CR"]

_ORIGINAL: Mapping[Outcome, Code] = MappingProxyType({"accept": "AA", "error": "AE", "reject": "AR"})
_ENHANCED: Mapping[Outcome, Code] = MappingProxyType({"accept": "CA", "error": "CE", "reject": "CR"})

#: Who acknowledges a message that was sent to nobody by name.
APPLICATION = "WARMHANDOFF"

#: Table 0357: the conditions an ERR of ours names.
ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "100": "Segment sequence error",
        "101": "Required field missing",
        "102": "Data type error",
        "103": "Table value not found",
        "200": "Unsupported message type",
        "201": "Unsupported event code",
        "202": "Unsupported processing id",
        "203": "Unsupported version id",
        "204": "Unknown key identifier",
        "205": "Duplicate key identifier",
        "206": "Application record locked",
        "207": "Application internal error",
    }
)


def enhanced(message: Message | None) -> bool:
    """Whether the sender speaks enhanced mode: MSH-15 or MSH-16 is there (2.9.3)."""
    if message is None:
        return False
    msh = message.segments[0]
    # most say neither, and every message passes here
    return bool((msh.field(15) or msh.field(16)) and (msh.get(15) or msh.get(16)))


def code_for(message: Message | None, outcome: Outcome) -> Code | None:
    """The code for what became of a message; None when its sender wants no acknowledgement of that.

    Original mode always gets AA, AE or AR. Enhanced mode gets the commit acknowledgement CA, CE or CR when MSH-15
    (table 0155: AL, NE, ER, SU) asks for it; empty beside a MSH-16 is NE. The application's own answer, which MSH-16
    asks for, is a later message.
    """
    if not enhanced(message):
        return _ORIGINAL[outcome]
    assert message is not None
    wanted = message.get("MSH-15") or "NE"
    if wanted == "NE" or (wanted == "ER" and outcome == "accept") or (wanted == "SU" and outcome != "accept"):
        return None
    # A value outside the table is answered like AL: silence would leave the sender waiting.
    return _ENHANCED[outcome]


def acknowledge(
    message: Message | None,
    code: Code,
    *,
    control_id: str,
    now: datetime,
    application: str = APPLICATION,
    facility: str = "",
    error: str | None = None,
    location: str | None = None,
    confirm: bool = False,
) -> bytes:
    """An ACK for `message`, or for bytes that were no message (None: MSA-2 empty).

    It is written in the message's own delimiters, version and character set, back to MSH-3/4 from MSH-5/6; without
    them from `application` and `facility`. `control_id` is its own MSH-10, `now` (zone-aware) its MSH-7. `error` is
    a code of table 0357 and `location` its place (`PID-3`, `RF1`): an ERR from 2.5 on, MSA-6 before. `confirm`, for the
    application's acknowledgement on a connection of its own, asks for a commit acknowledgement of it (MSH-15 AL).
    Raises ValueError when `now` is naive or `error` is none of `ERRORS`.
    """
    if error is not None and error not in ERRORS:
        raise ValueError("not a code of table 0357 that is used here")
    if message is None:
        delimiters, encoding, raw, echo_id = STANDARD, "ascii", ("",) * len(_ECHOED), ""
    else:
        msh = message.segments[0]
        delimiters, encoding = message.delimiters, message.encoding
        raw, echo_id = tuple([msh.field(number) for number in _ECHOED]), msh.field(10)
        if "\n" in msh.raw:
            # a stray LF has glued another segment to it, of which nothing is repeated
            raw, echo_id = tuple([one.split("\n", 1)[0] for one in raw]), echo_id.split("\n", 1)[0]
    # Few senders, each with a few types: what they have in common is written once. A large MSH is nobody's habit.
    make = _head if sum(map(len, raw)) < 1000 else _head.__wrapped__
    head, middle, rest, version = make(raw, delimiters, encoding, confirm, application, facility)
    own = control_id if control_id.isalnum() else _plain(control_id, delimiters)
    text = f"{head}{_plain(_written(now.replace(microsecond=0)), delimiters)}{middle}{own}{rest}"
    msa = f"MSA{delimiters.field}{code}{delimiters.field}{'' if echo_id == NULL else echo_id}".rstrip(delimiters.field)
    if error is not None:
        condition: Value = (error, _plain(ERRORS[error], delimiters), "HL70357")
        if version < "2.5":
            msa = segment("MSA", {1: code, 2: Raw("" if echo_id == NULL else echo_id), 6: condition}, delimiters)
        else:
            msa += "\r" + segment("ERR", {2: _place(location), 3: condition, 4: "E"}, delimiters)
    data = f"{text}\r{msa}\r".encode(encoding)
    if message is not None and not data.isascii() and not _reads(data, raw[-1], delimiters):
        # The MSH was read byte by byte, and what it repeats is not in the set that it declares.
        return acknowledge(
            _undeclared(message),
            code,
            control_id=control_id,
            now=now,
            application=application,
            facility=facility,
            error=error,
            location=location,
            confirm=confirm,
        )
    return data


@record
class Stencil:
    """What the acknowledgements of messages have in common whose MSHs differ in time and control id alone."""

    head: bytes
    middle: bytes
    rest: bytes

    def fill(self, echo_id: bytes, *, control_id: str, now: datetime) -> bytes:
        """The acknowledgement of the message with this MSH-10, as `acknowledge` writes it. Both control ids are
        letters, digits and what else is no delimiter; this is not checked."""
        return b"%b%b%b%b%b%b\r" % (self.head, _stamp(now), self.middle, control_id.encode(), self.rest, echo_id)


@lru_cache(maxsize=64)
def _stamp(now: datetime) -> bytes:
    return _written(now.replace(microsecond=0)).encode()


def stencil(message: Message, code: Code) -> Stencil | None:
    """For messages with an MSH like this one's; None where each must be looked at by itself."""
    delimiters, raw = message.delimiters, tuple([message.segments[0].field(number) for number in _ECHOED])
    head, middle, rest, _ = _head.__wrapped__(raw, delimiters, message.encoding, False, APPLICATION, "")
    rest += f"\rMSA{delimiters.field}{code}{delimiters.field}"
    marks = (delimiters.field, delimiters.component, delimiters.repetition, delimiters.escape, delimiters.subcomponent,
             delimiters.truncation)  # fmt: skip
    if not (head + middle + rest).isascii() or "\n" in message.segments[0].raw or "+" in marks or "-" in marks:
        return None
    return Stencil(head=head.encode(), middle=middle.encode(), rest=rest.encode())


def _undeclared(message: Message) -> Message:
    """The MSH alone, without its MSH-18."""
    msh = message.segments[0]
    fields = msh.raw.split(message.delimiters.field)
    fields[17:18] = [""]
    return Message(
        data=message.data,
        delimiters=message.delimiters,
        encoding=message.encoding,
        separator=message.separator,
        lines=(message.delimiters.field.join(fields),),
        issues=(),
    )


def _reads(data: bytes, charset: str, delimiters: Delimiters) -> bool:
    """Whether bytes beyond ASCII are in the set that an MSH-18 declares; one that declares none takes any."""
    codec = python_codec(charset.split(delimiters.repetition or "\r", 1)[0])
    if not charset or codec is None:
        return True
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _plain(text: str, delimiters: Delimiters) -> Raw:
    """A text of ours; without what would be taken for a delimiter, where these have no escape character."""
    used = (delimiters.field, delimiters.component, delimiters.repetition, delimiters.escape, delimiters.subcomponent,
            delimiters.truncation)  # fmt: skip
    if not any(one and one in text for one in used):
        return Raw(text)
    if delimiters.escape:
        return Raw(escape(text, delimiters))
    return Raw("".join(sign for sign in text if sign not in used))


#: The fields of an MSH on which an acknowledgement's depends, but for its control id.
_ECHOED = (3, 4, 5, 6, 9, 11, 12, 15, 16, 18)

_written = lru_cache(maxsize=64)(written)


@lru_cache(maxsize=512)
def _head(
    raw: tuple[str, ...], delimiters: Delimiters, encoding: str, confirm: bool, application: str, facility: str
) -> tuple[str, str, str, str]:
    """The MSH of an acknowledgement before its time, between that and its control id, and behind; and its version."""

    def first(text: str, component: int = 1) -> str | None:
        return Repetition(text, delimiters, encoding).get(component)

    echo = {number: "" if text == NULL else text for number, text in zip(_ECHOED, raw, strict=True)}
    version = first(echo[12]) or "2.5.1"
    trigger = first(echo[9].split(delimiters.repetition, 1)[0] if delimiters.repetition else echo[9], 2)
    values: dict[int, Value] = {
        2: Raw(delimiters.msh_2),
        3: Raw(echo[5]) or _plain(application, delimiters),
        4: Raw(echo[6]) or _plain(facility, delimiters),
        5: Raw(echo[3]),
        6: Raw(echo[4]),
        9: ("ACK", _plain(trigger, delimiters), "ACK" if version >= "2.4" else None) if trigger else "ACK",
        11: Raw(echo[11]) or "P",
        12: Raw(echo[12]) or _plain(version, delimiters),
        # a set that cannot be read here cannot be written either
        18: Raw(echo[18] if python_codec(echo[18].split(delimiters.repetition or "\r", 1)[0]) else ""),
    }
    if first(echo[15]) or first(echo[16]):
        # 2.9.3.1: an acknowledgement is not itself acknowledged.
        values[15], values[16] = "AL" if confirm else "NE", "NE"
    before = segment("MSH", {k: v for k, v in values.items() if k < 7}, delimiters)
    before += delimiters.field * (7 - _last(before, delimiters))
    middle = segment("X", {1: None, 2: values[9]}, delimiters).removeprefix("X") + delimiters.field
    behind = segment("X", {k - 10: v for k, v in values.items() if k > 10}, delimiters).removeprefix("X")
    return before, middle, behind, version


def _last(written_msh: str, delimiters: Delimiters) -> int:
    """The number of the last field of an MSH that is being written."""
    return written_msh.count(delimiters.field) + 1


#: What the codec refuses, as a condition of table 0357.
_CONDITION: Mapping[str, str] = MappingProxyType(
    {
        "read.no-msh": "100",
        "read.two-messages": "100",
        "read.batch": "200",
        "read.delimiters": "102",
        "read.charset": "102",
        "read.not-an-answer": "200",
    }
)


def condition_of(rule: str) -> str:
    """The condition of table 0357 for a rule by which the codec refuses."""
    return _CONDITION.get(rule, "207")


def refuse(
    data: bytes,
    error: ReadError,
    *,
    control_id: str,
    now: datetime,
    application: str = APPLICATION,
    facility: str = "",
) -> bytes | None:
    """AR (CR in enhanced mode) for bytes that the codec refused: as they are, they must not come again.

    MSA-2 is their control id when they have a usable MSH, else empty. None when their sender wants no answer.
    """
    message = header(data)
    code = code_for(message, "reject")
    if code is None:
        return None
    return acknowledge(
        message,
        code,
        control_id=control_id,
        now=now,
        application=application,
        facility=facility,
        error=condition_of(error.rule),
        location=error.issues[0].path,
    )


def _place(location: str | None) -> tuple[str | None, ...] | None:
    """A place as ERL (2.A.30): segment, its sequence, field. Only a name and a number: no text of the message."""
    if not location:
        return None
    name, _, number = location.partition("-")
    name = name.partition("[")[0]
    if len(name) != 3 or not (name.isascii() and name.isalnum()):
        return None
    field = number.partition(".")[0]
    return (name, "1", field) if field.isascii() and field.isdigit() else (name, "1")
