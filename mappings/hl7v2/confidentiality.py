"""Security labels in HL7 v2 and back: one table for each place that can hold one, read and written from the same rows.

MSH-8, MSH-26..28 (2.9), PD1-12, PV1-16, PV2-22, ORC-28, TXA-18, DG1-18, ARV (2.6) and the agreed Z segment (ZSL).
Reading only ever adds labels: a place that is empty, `N`, `U` or `NO` says nothing and lowers nothing. A value that
none of the tables has still marks its record as restricted (`R`) and is named in `Marks.unread`: a mark that nobody
here can read is no reason to treat a record as unmarked. Content codes never create a law label; a law label is read
only where the sender wrote it out (`42CFRPart2` in MSH-27, ARV-5, ARV-8 or ZSL-2).

None of this decides anything: what may go was decided in FHIR before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mappings.hl7v2.build import Component, Value
from mappings.hl7v2.segment import Segment
from mappings.labels.vocabulary import (
    ACT_CODE,
    ACT_REASON,
    CONFIDENTIALITY,
    LAWS,
    OBLIGATIONS,
    ORDER,
    PURPOSES,
    RANK,
    REFRAINS,
    SENSITIVITIES,
)

#: A FHIR Coding of `meta.security`: `system` and `code`.
Coding = dict[str, str]

#: Table 0177 (ORC-28) to label codes. AID and HIV both say HIV; UWM has no sensitivity code of its own.
TABLE_0177: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "V": ("V",),
        "R": ("R",),
        "U": (),
        "EMP": ("R", "EMP"),
        "UWM": ("R",),
        "VIP": ("R", "VIP"),
        "PSY": ("R", "PSY"),
        "AID": ("R", "HIV"),
        "HIV": ("R", "HIV"),
        "ETH": ("R", "ETH"),
    }
)
#: Table 0272 (TXA-18) to label codes.
TABLE_0272: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"V": ("V",), "R": ("R",), "U": ()})
#: Table 0136 (PD1-12, PV2-22, DG1-18) to label codes: protected is restricted; `N` lowers nothing.
TABLE_0136: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"Y": ("R",), "N": ()})
#: Table 0099 (PV1-16) to label codes: the two values in common use of a table that each site makes for itself. A VIP
#: is no consent and no confidentiality.
TABLE_0099: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"VIP": ("VIP",), "Y": ("VIP",), "N": ()})
#: Table 0717 (ARV-3), what is restricted, to label codes.
TABLE_0717: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ALL": ("R",),
        "DEM": ("R", "DEMO"),
        "DRG": ("R", "ETH"),
        "HIV": ("R", "HIV"),
        "LOC": ("R", "LOCIS"),
        "NO": (),
        "OI": (),
        "OO": ("NOLIST",),
        "PID-7": ("R", "DOB"),
        "PID-17": ("R", "REL"),
        "PSY": ("R", "PSY"),
        "SMD": ("R", "SPI"),
        "STD": ("R", "STD"),
    }
)
#: Table 0719 (ARV-4), why, to label codes. A policy or a regulation that is not named is no law label.
TABLE_0719: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "DIA": ("DIA",),
        "EMP": ("EMP",),
        "ORG": (),
        "PAT": ("PRS",),
        "PHY": ("PHY",),
        "REG": (),
        "VIP": ("VIP",),
    }
)
#: Table 0498 (CON-11) to Consent.status. A bypassed consent was never given: it is no active one.
TABLE_0498: Final[Mapping[str, str]] = MappingProxyType(
    {"A": "active", "L": "active", "P": "proposed", "R": "rejected", "B": "inactive", "X": "inactive"}
)
#: Consent.status to table 0498.
CONSENT_STATUS: Final[Mapping[str, str]] = MappingProxyType(
    {"active": "A", "proposed": "P", "draft": "P", "rejected": "R", "inactive": "X"}
)

#: The names that senders give the code systems of labels in CWE.3.
_SYSTEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("v3-Confidentiality", "HL70952", CONFIDENTIALITY), CONFIDENTIALITY),
        **dict.fromkeys(("v3-ActCode", "HL70953", ACT_CODE), ACT_CODE),
        **dict.fromkeys(("v3-ActReason", ACT_REASON), ACT_REASON),
    }
)
_SHORT: Final = {CONFIDENTIALITY: "v3-Confidentiality", ACT_CODE: "v3-ActCode", ACT_REASON: "v3-ActReason"}

#: Sensitivity codes to table 0717; any other sensitive content is `SMD`. `PSY` is written for PSY alone: said of mental
#: health at large it would be the code of a withheld psychiatric record, which the leak scan stops.
_TO_0717: Final = {
    **dict.fromkeys(("ETH", "SUD", "ETHUD", "OPIOIDUD"), "DRG"),
    "PSY": "PSY",
    "HIV": "HIV",
    "STD": "STD",
    "DEMO": "DEM",
    **dict.fromkeys(("LOCIS", "PATLOC"), "LOC"),
    "DOB": "PID-7",
    "REL": "PID-17",
}
_WORDS_0717: Final = {
    "ALL": "All",
    "DEM": "All demographic data",
    "DRG": "Drug related",
    "HIV": "HIV status and results",
    "LOC": "Patient Location",
    "PID-17": "Religion",
    "PID-7": "Date of Birth",
    "PSY": "Psychiatric Mental health",
    "SMD": "Sensitive medical data",
    "STD": "Sexually transmitted diseases",
}
_WORDS_0177: Final = {"V": "Very restricted", "R": "Restricted"}
#: Why, by label: table 0719. The law label is a regulatory requirement.
_TO_0719: Final = {
    **dict.fromkeys(LAWS, ("REG", "Regulatory Requirement", "HL70719")),
    "PRS": ("PAT", "Patient Request", "HL70719"),
    "PHY": ("PHY", "Physician Request", "HL70719"),
    "EMP": ("EMP", "Employee of this organization", "HL70719"),
    "DIA": ("DIA", "Diagnosis-related", "HL70719"),
    "VIP": ("VIP", "Very important person or celebrity", "HL70719"),
    "CEL": ("VIP", "Very important person or celebrity", "HL70719"),
}
#: What has no place of its own in ARV before 2.9 and is written out as its code in ARV-5.
_WRITTEN_OUT: Final = LAWS | REFRAINS


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """Labels that stand in a segment, and the places (`ARV-3`) whose value is in none of the tables."""

    labels: tuple[Coding, ...] = ()
    unread: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.labels or self.unread)


def coding(code: str) -> Coding | None:
    """A label code with its HL7 system; None for one that is not among the codes we know."""
    if code in RANK:
        return {"system": CONFIDENTIALITY, "code": code}
    if code in PURPOSES:
        return {"system": ACT_REASON, "code": code}
    if code in SENSITIVITIES | LAWS | REFRAINS | OBLIGATIONS:
        return {"system": ACT_CODE, "code": code}
    return None


# ---- v2 to labels


def marks(segment: Segment) -> Marks:
    """The labels in MSH, PD1, PV1, PV2, ORC, TXA, DG1, ARV or ZSL; none for any other segment.

    ARV whose action (ARV-2) is `D` takes a restriction away at the sender: it adds none, and as labels are never
    lowered it removes none; `ARV-2` is then in `unread`.
    """
    match segment.name:
        case "MSH":
            return _gathered(_free(segment, 8), _coded(segment, 26), _coded(segment, 27))
        case "PD1":
            return _tabled(segment, 12, TABLE_0136)
        case "PV1":
            return _tabled(segment, 16, TABLE_0099, restricts=False)
        case "PV2":
            return _tabled(segment, 22, TABLE_0136)
        case "ORC":
            return _gathered(_tabled(segment, 28, TABLE_0177), _tabled(segment, 28, TABLE_0177, component=4))
        case "TXA":
            return _tabled(segment, 18, TABLE_0272)
        case "DG1":
            return _tabled(segment, 18, TABLE_0136)
        case "ARV":
            return _arv(segment)
        case "ZSL":
            return zsl(segment)
    return Marks()


def instructions(msh: Segment) -> str | None:
    """MSH-28, special access restriction instructions: words to be shown (the 2.32 notice), no label."""
    return msh.text(28)


def zsl(segment: Segment) -> Marks:
    """The label of a ZSL: ZSL-2 is `system^code`, kept as its sender wrote it, a code of ours or not."""
    system, code = segment.get(2, 1), segment.get(2, 2)
    if code is None:
        return Marks(unread=("ZSL-2",)) if segment.field(2) else Marks()
    if system is None:
        known = coding(code)
        return Marks(labels=(known,)) if known else Marks(labels=_RESTRICTED, unread=("ZSL-2",))
    return Marks(labels=({"system": system, "code": code},))


def zsl_addresses(segment: Segment) -> tuple[str, ...]:
    """The segments a ZSL is about (`OBX[3]`), as ZSL-3 lists them; none: the whole message."""
    return tuple(value for one in segment.repetitions(3) if (value := one.get(1)))


_RESTRICTED: Final = ({"system": CONFIDENTIALITY, "code": "R"},)


def _labels(codes: Iterable[str]) -> tuple[Coding, ...]:
    return tuple(found for code in codes if (found := coding(code)) is not None)


def _tabled(
    segment: Segment,
    number: int,
    table: Mapping[str, tuple[str, ...]],
    *,
    component: int = 1,
    restricts: bool = True,
) -> Marks:
    """The labels of a field whose table says them; `restricts`: an unknown value restricts its record."""
    found: list[Marks] = []
    for one in segment.repetitions(number):
        value = one.get(component)
        if value is None:
            continue
        codes = table.get(value.strip().upper())
        if codes is None:
            found.append(Marks(labels=_RESTRICTED if restricts else (), unread=(f"{segment.name}-{number}",)))
        else:
            found.append(Marks(labels=_labels(codes)))
    return _gathered(*found)


def _free(segment: Segment, number: int) -> Marks:
    """MSH-8 is free text: a confidentiality code is one, anything else an unread mark."""
    value = segment.get(number)
    if value is None:
        return Marks()
    if value in RANK:
        return Marks(labels=_labels((value,)))
    return Marks(labels=_RESTRICTED, unread=(f"{segment.name}-{number}",))


def _coded(segment: Segment, number: int) -> Marks:
    """Labels as CWE: the code, with the name or URI of its system in CWE.3 or none."""
    found: list[Marks] = []
    for one in segment.repetitions(number):
        code, system = one.get(1), one.get(3)
        if code is None:
            continue
        known = coding(code)
        if known is not None and (system is None or _SYSTEMS.get(system) == known["system"]):
            found.append(Marks(labels=(known,)))
        elif system is not None and ":" in system:
            found.append(Marks(labels=({"system": system, "code": code},)))
        else:
            found.append(Marks(labels=_RESTRICTED, unread=(f"{segment.name}-{number}",)))
    return _gathered(*found)


def _arv(segment: Segment) -> Marks:
    if segment.get(2) == "D":
        return Marks(unread=("ARV-2",))
    return _gathered(
        _tabled(segment, 3, TABLE_0717),
        _tabled(segment, 4, TABLE_0719),
        _written_out(segment),
        _coded(segment, 7),
        _coded(segment, 8),
    )


def _written_out(segment: Segment) -> Marks:
    """ARV-5 is free text; where it is the code of a law or a refrain policy it is that label."""
    found: list[Marks] = []
    for one in segment.repetitions(5):
        text = (one.text or "").strip()
        if text in _WRITTEN_OUT:
            found.append(Marks(labels=_labels((text,))))
        elif text:
            found.append(Marks(unread=("ARV-5",)))
    return _gathered(*found)


def _gathered(*found: Marks) -> Marks:
    """All of them, each label and place once."""
    labels = {(one["system"], one["code"]): one for marks_ in found for one in marks_.labels}
    places = dict.fromkeys(place for marks_ in found for place in marks_.unread)
    return Marks(labels=tuple(labels.values()), unread=tuple(places))


# ---- labels to v2


def codes_of(labels: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """The codes of Codings, whatever their system."""
    return frozenset(one["code"] for one in labels if isinstance(one.get("code"), str))  # type: ignore[misc]


def is_restricted(codes: frozenset[str]) -> bool:
    """Whether labels ask for more than usual care: `R` or `V`, sensitive content, a law, a refrain policy."""
    return bool(codes & ({"R", "V"} | SENSITIVITIES | LAWS | REFRAINS))


def level(codes: frozenset[str]) -> str | None:
    """The most confidential of the confidentiality codes (MSH-8, MSH-26); None when there is none."""
    ranks = [RANK[code] for code in codes if code in RANK]
    return ORDER[max(ranks)] if ranks else None


def indicator(codes: frozenset[str]) -> str | None:
    """PD1-12, PV2-22, DG1-18: `Y`, or nothing. Never `N`: it would say that somebody looked and found no need."""
    return "Y" if is_restricted(codes) else None


def vip(codes: frozenset[str]) -> str | None:
    """PV1-16."""
    return "VIP" if codes & {"VIP", "CEL"} else None


def order_code(codes: frozenset[str]) -> tuple[Component, ...] | None:
    """ORC-28 (table 0177): the level, coarse; sensitivities have other carriers."""
    found = _coarse(codes)
    return (found, _WORDS_0177[found], "HL70177") if found else None


def document_code(codes: frozenset[str]) -> str | None:
    """TXA-18 (table 0272)."""
    return _coarse(codes)


def _coarse(codes: frozenset[str]) -> str | None:
    return "V" if "V" in codes else "R" if is_restricted(codes) else None


def arv(codes: frozenset[str], *, tags: bool = False) -> list[dict[int, Value]]:
    """ARV segments without their set id: one for each value of table 0717. `tags` writes ARV-7 and ARV-8 (2.9)."""
    if not is_restricted(codes):
        return []
    values = dict.fromkeys(_TO_0717.get(code, "SMD") for code in sorted(codes & SENSITIVITIES)) or {"ALL": None}
    reasons = list(dict.fromkeys(_TO_0719[code] for code in sorted(codes) if code in _TO_0719))
    highest = level(codes)
    common: dict[int, Value] = {
        2: ("A", "Add", "HL70206"),
        4: list(reasons),
        5: sorted(codes & _WRITTEN_OUT),
    }
    if tags:
        common[7] = _cwe(highest) if highest else None
        common[8] = handling(codes)
    return [{**common, 3: (value, _WORDS_0717[value], "HL70717")} for value in values]


def handling(codes: frozenset[str]) -> list[str | tuple[Component, ...]]:
    """MSH-27 and ARV-8: law, refrain, obligation and purpose codes."""
    return [_cwe(code) for code in sorted(codes & (LAWS | REFRAINS | OBLIGATIONS | PURPOSES))]


def classification(codes: frozenset[str]) -> tuple[Component, ...] | None:
    """MSH-26 and ARV-7: the confidentiality level."""
    found = level(codes)
    return _cwe(found) if found else None


def _cwe(code: str) -> tuple[Component, ...]:
    known = coding(code)
    return (code, None, _SHORT[known["system"]] if known else None)
