"""Our own check of each v2 message before it is sealed: stricter than a parser's, and of what we write alone.

Structure (the order of segments), required fields, values of HL7's own tables, dates that exist, lengths of data
types (2.A of version 2.5.1; to 2.6, as 2.7 took them back), set ids that count from 1 without a gap. It does not check
user-defined tables, nor what a partner's profile declared as its own (`codes`, `fixed`): that is the partner's word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from mappings.errors import RenderError
from mappings.hl7v2.codec import Message, parse
from mappings.hl7v2.forms import kind_of
from mappings.hl7v2.segment import Repetition, Segment
from mappings.hl7v2.times import date_time
from mappings.partner import Partner
from profiles.issue import Issue

_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "render.v2-structure": "the segments are not in the order of the message's structure",
        "render.v2-required": "a required field is empty",
        "render.v2-table": "the value is not in HL7's table",
        "render.v2-time": "this is not a time that exists",
        "render.v2-length": "the value is longer than its data type",
        "render.v2-set-id": "the set ids do not count from 1 without a gap",
    }
)

_RESULTS: Final = "(?:OBX (?:NTE )*)*"
_VISIT: Final = "(?:PV1 (?:PV2 )?)?"
_TAIL: Final = "(?:Z.. )*"
#: The structures as we write them; ARV where 2.9 has it (after MSH) or 2.6 does (after PID and PD1).
_STRUCTURES: Final = {
    kind: re.compile(f"{pattern}{_TAIL}\\Z")
    for kind, pattern in {
        "REF^I12": (f"MSH (?:ARV )*RF1 (?:PRD (?:CTD )*)+PID (?:NK1 )*(?:DG1 )*(?:OBR {_RESULTS})*{_VISIT}(?:NTE )*"),
        "RRI^I12": "MSH (?:ARV )*(?:MSA )?RF1 (?:PRD (?:CTD )*)+PID (?:NTE )*",
        "OMG^O19": (f"MSH PID (?:PD1 )?(?:ARV )*(?:NK1 )*{_VISIT}ORC (?:TQ1 )?OBR (?:NTE )*(?:DG1 )*{_RESULTS}"),
        "ORM^O01": f"MSH PID (?:PD1 )?(?:ARV )*{_VISIT}ORC OBR (?:NTE )*(?:DG1 )*{_RESULTS}",
        **dict.fromkeys(
            ("ADT^A04", "ADT^A08", "ADT^A28", "ADT^A31"),
            "MSH EVN PID (?:PD1 )?(?:ARV )*(?:NK1 )*PV1 (?:PV2 )?(?:OBX )*(?:DG1 )*",
        ),
        "MDM^T02": "MSH EVN PID PV1 TXA (?:CON )*(?:OBX (?:NTE )*)+",
    }.items()
}

_REQUIRED: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "MSH": (3, 7, 9, 10, 11, 12),
        "MSA": (1, 2),
        "EVN": (2,),
        "RF1": (6,),
        "PRD": (1,),
        "CTD": (1,),
        "PID": (3, 5),
        "NK1": (1,),
        "PV1": (2,),
        "ORC": (1, 2),
        "TQ1": (1,),
        "OBR": (1, 4),
        "OBX": (1, 3, 11),
        "NTE": (1, 3),
        "DG1": (1, 3, 6),
        "TXA": (1, 2, 12, 17),
        "CON": (1, 11, 24, 25),
        "ARV": (1, 2, 3),
    }
)


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_0136: Final = _codes("Y N")
#: HL7's own tables where a field is one of their codes, by field.
_FIELDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "MSH-11": _codes("D P T"),  # 0103
        "MSH-15": _codes("AL NE ER SU"),  # 0155
        "MSH-16": _codes("AL NE ER SU"),
        "MSA-1": _codes("AA AE AR CA CE CR"),  # 0008
        "PID-8": _codes("F M O U A N"),  # 0001
        "PID-30": _0136,
        "PID-31": _0136,
        "PD1-12": _0136,
        "PV1-2": _codes("E I O P R B C N U"),  # 0004
        "PV2-22": _0136,
        "DG1-6": _codes("A W F"),  # 0052
        "DG1-18": _0136,
        "ORC-1": _codes("NW XO CA"),  # 0119, those of a placer that we use
        "OBR-25": _codes("O I S A P C R F X Y Z"),  # 0123
        "OBX-2": _codes("AD CE CF CK CN CP CWE CX DT DTM ED FT MO NM PN RP SN ST TM TN TS TX XAD XCN XON XPN XTN"),
        "OBX-11": _codes("C D F I N O P R S X U W"),  # 0085
        "TXA-3": _codes("AP AU FT IM multipart NS SD SI TEXT TX"),  # 0191
        "TXA-17": _codes("AU DI DO IN IP LA PA"),  # 0271
        "TXA-18": _codes("R U V"),  # 0272
        "TXA-19": _codes("AV CA OB UN"),  # 0273
    }
)
#: Tables that a coded value names in its coding system (`HL70280`).
_TABLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "HL70136": _0136,
        "HL70177": _codes("V R U EMP UWM VIP PSY AID HIV ETH"),
        "HL70206": _codes("A D U X"),
        "HL70280": _codes("S A R"),
        "HL70283": _codes("A P R E"),
        "HL70286": _codes("RP PP CP RT"),
        "HL70485": _codes("S A R P C T TS"),
        "HL70498": _codes("A L P R B X"),
        "HL70548": _codes("1 2 3 4 5 6 7"),
        "HL70717": _codes("ALL DEM DRG HIV LOC NO OI OO PID-7 PID-17 PSY SMD STD"),
        "HL70719": _codes("DIA EMP ORG PAT PHY REG VIP"),
    }
)
#: Types of a component that HL7's own tables close: name type, address type, telecommunication use and equipment.
_COMPONENTS: Final[Mapping[str, tuple[int, frozenset[str]]]] = MappingProxyType(
    {
        **dict.fromkeys(("PID-5", "NK1-2", "PRD-2", "CTD-2", "CON-24"), (7, _codes("A B C D I L M N P R S T U"))),
        **dict.fromkeys(("PID-11", "NK1-4", "PRD-3", "CTD-3", "ORC-22", "ORC-24"), (
            7, _codes("BA BDL BI BR RH B C F H L M N O P S V TM")
        )),
        **dict.fromkeys(("PID-13", "PID-14", "NK1-5", "PRD-5", "CTD-5", "ORC-14", "ORC-23"), (
            3, _codes("BP CP FX Internet MD PH SAT TDD TTY X.400")
        )),
    }
)  # fmt: skip
_TIMES: Final = _codes(
    "MSH-7 EVN-2 RF1-7 RF1-8 RF1-9 PID-7 PID-29 NK1-16 PV1-44 PV1-45 DG1-5 OBR-7 OBX-14 ORC-9 TQ1-7 TQ1-8 TXA-4 TXA-6 "
    "CON-13 CON-14 CON-15"
)
#: The longest that a data type may be (2.A), by field; lengths of a whole repetition.
_CX, _EI, _XPN, _XAD, _XTN, _CE, _CWE, _XCN, _TEXT = 1913, 427, 1103, 631, 850, 483, 705, 3002, 65536
_LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "MSH-10": 20,
        "MSH-8": 40,
        **dict.fromkeys(("PID-3", "NK1-33", "PV1-19", "PV1-50"), _CX),
        **dict.fromkeys(("RF1-6", "RF1-11", "ORC-2", "OBR-2", "TXA-12", "TXA-14", "CON-4"), _EI),
        **dict.fromkeys(("PID-5", "NK1-2", "PRD-2", "CTD-2", "CON-24"), _XPN),
        **dict.fromkeys(("PID-11", "NK1-4", "PRD-3", "CTD-3", "ORC-22", "ORC-24"), _XAD),
        **dict.fromkeys(("PID-13", "PID-14", "NK1-5", "PRD-5", "CTD-5", "ORC-14", "ORC-23"), _XTN),
        **dict.fromkeys(("RF1-2", "RF1-3", "RF1-10", "DG1-3", "OBR-4", "OBR-31", "OBX-3", "PV2-3"), _CE),
        **dict.fromkeys(("ORC-28", "TQ1-9", "ARV-3", "ARV-4"), _CWE),
        **dict.fromkeys(("ORC-12", "OBR-16", "OBX-16", "DG1-16", "TXA-5", "TXA-9", "PV1-8"), _XCN),
        **dict.fromkeys(("NTE-3", "CON-9"), _TEXT),
        "PV1-3": 1230,
        "ORC-21": 567,
        "TXA-2": 30,
    }
)
#: Lengths of OBX-5 by OBX-2.
_OBX_5: Final[Mapping[str, int]] = MappingProxyType(
    {"ST": 199, "NM": 16, "SN": 36, "TS": 26, "DTM": 24, "TM": 16, "CE": _CE, "CWE": _CWE, "FT": _TEXT, "TX": _TEXT}
)
#: Segments with a set id, and those that begin their counting anew.
_COUNTED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "NK1": (),
        "DG1": (),
        "ARV": (),
        "CON": (),
        "OBR": (),
        "TQ1": ("OBR",),
        "OBX": ("OBR",),
        "NTE": ("OBX", "OBR", "PV1", "PV2", "PID"),
    }
)


def check(data: bytes, partner: Partner) -> None:
    """Raises RenderError with an issue for each fault, at its place (`OBX[3]-5`); never a value."""
    message = parse(data)
    issues = tuple(_faults(message, partner))
    if issues:
        error = RenderError(issues[0].rule, issues[0].text, path=issues[0].path, code=issues[0].code)
        error.issues = issues
        raise error


def _faults(message: Message, partner: Partner) -> Iterator[Issue]:
    names = "".join(f"{segment.name} " for segment in message.segments)
    if not _STRUCTURES[kind_of(message.type)].match(names):
        yield _issue("render.v2-structure", "MSH-9")
    yield from _counts(message)
    agreed = {*partner.codes, *partner.fixed, *partner.omit}
    short = (message.version or "") < "2.7"
    seen: dict[str, int] = {}
    for segment in message.segments:
        seen[segment.name] = seen.get(segment.name, 0) + 1
        at = f"{segment.name}[{seen[segment.name]}]"
        for number in _REQUIRED.get(segment.name, ()):
            if not segment.field(number) and f"{segment.name}-{number}" not in agreed:
                yield _issue("render.v2-required", f"{at}-{number}")
        for number in range(1, len(segment) + 1):
            place = f"{segment.name}-{number}"
            if place not in agreed and segment.field(number):
                yield from _field(segment, number, place, f"{at}-{number}", short=short)


def _field(segment: Segment, number: int, place: str, at: str, *, short: bool) -> Iterator[Issue]:
    allowed, component = _FIELDS.get(place), _COMPONENTS.get(place)
    longest = _OBX_5.get(segment.get(2) or "") if place == "OBX-5" else _LENGTHS.get(place)
    if place == "OBX-5" and segment.get(2) in ("TS", "DTM"):
        allowed, is_time = None, True
    else:
        is_time = place in _TIMES
    if segment.name == "MSH" and number <= 2:
        return
    for one in segment.repetitions(number):
        value = one.get(1)
        if allowed is not None and value not in allowed:
            yield _issue("render.v2-table", at)
        if component is not None and (kind := one.get(component[0])) is not None and kind not in component[1]:
            yield _issue("render.v2-table", at)
        if _names_a_table_it_is_not_in(one):
            yield _issue("render.v2-table", at)
        if is_time and date_time(value, place, None)[0] is None:
            yield _issue("render.v2-time", at)
        if short and longest is not None and len(one.raw) > longest:
            yield _issue("render.v2-length", at)


def _names_a_table_it_is_not_in(one: Repetition) -> bool:
    """Whether a coded value's system is a table of HL7's that does not hold its code."""
    table = _TABLES.get(one.get(3) or "")
    return table is not None and one.get(1) not in table


def _counts(message: Message) -> Iterator[Issue]:
    """Set ids: each the next after the last of its name in the same group."""
    last: dict[str, int] = {}
    seen: dict[str, int] = {}
    before = ""
    for segment in message.segments:
        name = segment.name
        seen[name] = seen.get(name, 0) + 1
        for counted, anew in _COUNTED.items():
            if name in anew and name != counted:
                last.pop(counted, None)
        if name == "NTE" and before != "NTE":
            last.pop("NTE", None)
        if name in _COUNTED:
            last[name] = last.get(name, 0) + 1
            if name == "NTE" and segment.get(1) == "1":
                last[name] = 1  # notes of the message may follow those of its last result at once
            if segment.get(1) != str(last[name]):
                yield _issue("render.v2-set-id", f"{name}[{seen[name]}]-1")
        before = name


def _issue(rule: str, path: str) -> Issue:
    return Issue(severity="error", code="structure" if rule == "render.v2-structure" else "value", rule=rule,
                 path=path, text=_TEXTS[rule])  # fmt: skip
