"""The HL7 v2 messages that a referral can become, and whether a partner's profile can be written at all.

A profile is checked when it is declared: a hub does not start with a message that its version does not have, with a
carrier that its messages have no place for, or with a field that is no field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mappings.hl7v2.codec import python_codec
from mappings.hl7v2.datatypes import Version
from mappings.partner import Partner


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One message type: its structure (MSH-9.3), the versions that have it, what it becomes when it is an update.

    `segments` are the names that it may hold, Z segments aside.
    """

    structure: str
    since: Version
    until: Version = (2, 9)
    update: str | None = None
    segments: frozenset[str]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_REGISTRATION = _names("MSH EVN PID PD1 ARV NK1 PV1 PV2 OBX DG1")
_ORDER = _names("MSH PID PD1 PV1 PV2 ORC OBR NTE DG1 OBX")
#: By MSH-9.1 and MSH-9.2.
FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "REF^I12": Form(
            structure="REF_I12", since=(2, 3, 1), segments=_names("MSH RF1 PRD CTD PID NK1 DG1 OBR OBX NTE PV1 PV2")
        ),
        "RRI^I12": Form(structure="RRI_I12", since=(2, 3, 1), segments=_names("MSH MSA RF1 PRD CTD PID NTE")),
        "OMG^O19": Form(structure="OMG_O19", since=(2, 4), segments=_ORDER | _names("NK1 TQ1")),
        # Withdrawn in 2.7.
        "ORM^O01": Form(structure="ORM_O01", since=(2, 3, 1), until=(2, 6), segments=_ORDER),
        "ADT^A04": Form(structure="ADT_A01", since=(2, 3, 1), update="ADT^A08", segments=_REGISTRATION),
        "ADT^A08": Form(structure="ADT_A01", since=(2, 3, 1), segments=_REGISTRATION),
        "ADT^A28": Form(structure="ADT_A05", since=(2, 4), update="ADT^A31", segments=_REGISTRATION),
        "ADT^A31": Form(structure="ADT_A05", since=(2, 4), segments=_REGISTRATION),
        "MDM^T02": Form(structure="MDM_T02", since=(2, 3, 1), segments=_names("MSH EVN PID PV1 TXA CON OBX NTE")),
    }
)
VERSIONS: Final = ("2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2", "2.9")

_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:-([1-9]\d?))?\Z", re.ASCII)
#: A code of table 0119 or 0038, or of a partner: where it stands, and what.
_ANSWER: Final = re.compile(r"ORC-[15]=[0-9A-Za-z]+\Z")
_Z: Final = re.compile(r"Z[A-Z0-9]{2}\Z", re.ASCII)
#: What makes a message the message it is, and what the writer counts: no profile changes these.
_OURS: Final = frozenset({"MSH-1", "MSH-2", "MSH-7", "MSH-9", "MSH-10", "MSH-12", "MSA-1", "MSA-2"})
_COUNTED: Final = frozenset({"PID", "NK1", "DG1", "OBR", "OBX", "NTE", "PV1", "ARV", "TXA", "TQ1", "CON"})
#: Segments without which the structure is none.
_NEEDED: Final = frozenset({"MSH", "MSA", "RF1", "PRD", "PID", "EVN", "TXA", "ORC", "OBR", "OBX"})
#: The segment that each carrier of labels stands in.
_CARRIER: Final[Mapping[str, str]] = MappingProxyType(
    {"pd1-12": "PD1", "pv1-16": "PV1", "pv2-22": "PV2", "orc-28": "ORC", "txa-18": "TXA", "dg1-18": "DG1"}
)
#: The first version whose structures have the carrier; an earlier one takes it only as an agreed pre-adoption.
_NO_NOTES: Final = frozenset({"ADT^A04", "ADT^A08", "ADT^A28", "ADT^A31"})


def kind_of(message: str) -> str:
    """`REF^I12` of an MSH-9 value."""
    return "^".join(message.split("^")[:2])


def version_of(partner: Partner) -> Version:
    """The partner's version as numbers. Raises ValueError when it is none of `VERSIONS`."""
    if partner.version not in VERSIONS:
        raise ValueError("not a version of HL7 v2 that is written here")
    return tuple(int(part) for part in partner.version.split("."))


def is_supported(kind: str, version: Version) -> bool:
    """Whether a version has a message type: one of `FORMS`, since and until."""
    form = FORMS.get(kind)
    return form is not None and form.since <= version and version[:2] <= form.until[:2]


def as_written(kind: str) -> str:
    """MSH-9 of a message type."""
    return f"{kind}^{FORMS[kind].structure}"


def updated(message: str) -> str:
    """The message that tells of a change where this one told first: A08 for A04, A31 for A28, else the same."""
    update = FORMS[kind_of(message)].update
    return as_written(update) if update else message


def faults(partner: Partner) -> Iterator[tuple[str, str]]:
    """What of a v2 profile cannot be written: the field of `Partner`, and why. Fixed words, no value.

    Labels whose place no message of the profile has are no fault: they go where they fit.
    """
    if partner.version not in VERSIONS:
        yield "version", "not a version of HL7 v2 that is written here"
        return
    version = version_of(partner)
    kinds = [kind_of(message) for message in partner.messages]
    if not kinds:
        yield "messages", "a v2 partner takes at least one message"
    for kind, message in zip(kinds, partner.messages, strict=True):
        if kind not in FORMS:
            yield "messages", "not a message that is written here"
        elif not is_supported(kind, version):
            yield "messages", "the version does not have this message"
        elif message != as_written(kind) and message != kind:
            yield "messages", "the structure is not that of the message"
    if len(set(kinds)) != len(kinds):
        yield "messages", "a message is named twice"
    if len(kinds) > 1 and not set(kinds) <= {"ADT^A04", "ADT^A08", "ADT^A28", "ADT^A31", "MDM^T02"}:
        yield "messages", "only ADT and MDM go together"
    if python_codec(partner.charset) is None:
        yield "charset", "not a character set of table 0211 that can be written"
    if not all(_ANSWER.match(key) for key in partner.answers):
        yield "answers", "not a code of ORC-1 or ORC-5, as ORC-1=OK"
    if not _Z.match(partner.label_segment):
        yield "label_segment", "not the name of a Z segment"
    if partner.notice == "meta":
        yield "notice", "meta is a place in FHIR"
    if partner.scope in ("meta", "consent", "msh-28"):
        yield "scope", "a v2 message has no such place"
    if partner.scope == "con" and ("MDM^T02" not in kinds or version < (2, 7)):
        yield "scope", "CON stands in MDM^T02 from version 2.7 on"
    if partner.notice in ("con", "consent"):
        yield "notice", "a v2 message has no such place"
    yield from _choices(partner)


def _choices(partner: Partner) -> Iterator[tuple[str, str]]:
    known = frozenset().union(*(FORMS[kind].segments for kind in map(kind_of, partner.messages) if kind in FORMS))
    for place in partner.omit:
        match = _PLACE.match(place)
        if match is None or match[1] not in known:
            yield "omit", "not a segment or field of these messages"
        elif place in _OURS or place in _NEEDED or _is_set_id(place):
            yield "omit", "the message is none without it"
    for name, places in (("codes", partner.codes), ("fixed", partner.fixed)):
        for place, value in places.items():
            match = _PLACE.match(place)
            if match is None or match[2] is None:
                yield name, "not a field, as PV1-2 is"
            elif match[1] not in known and not (name == "fixed" and _Z.match(match[1])):
                yield name, "not a field of these messages"
            elif place in _OURS or _is_set_id(place):
                yield name, "the writer alone says what stands there"
            texts = value.values() if isinstance(value, Mapping) else (value,)
            if any(re.search(r"[|\x00-\x1f\x7f]", text) or not text for text in texts):
                yield name, "not the text of a field"


def _is_set_id(place: str) -> bool:
    return place.endswith("-1") and place[:3] in _COUNTED
