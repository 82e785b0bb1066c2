"""Security label codes (HL7 Terminology, v3-ActCode and v3-Confidentiality) and what we hold about them.

Content gives sensitivity; origin gives the law label; confidentiality follows by policy. The order of
confidentiality is total: U < L < M < N < R < V (HL7 DS4P 1.0.0, high-water mark).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
#: Our own label codes: `origin-unknown` and `family-sensitive`.
LABEL: Final = "https://warmhandoff.org/fhir/CodeSystem/label"
#: How a label was found, for extension-sec-label-basis where no law is the reason.
BASIS: Final = "https://warmhandoff.org/fhir/CodeSystem/label-basis"
DS4P: Final = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/"

PART2: Final = "42CFRPart2"
ORIGIN_UNKNOWN: Final = "origin-unknown"
FAMILY_SENSITIVE: Final = "family-sensitive"
INLINE: Final = "PROCESSINLINELABEL"

#: Least to most confidential.
ORDER: Final = ("U", "L", "M", "N", "R", "V")
RANK: Final = {code: rank for rank, code in enumerate(ORDER)}

#: Sensitivity codes and what each one includes. The tree of v3-ActCode, with one edge of policy: ETH is not SUD's
#: parent in the code system (they are siblings), and a directive about ETH means substance use all the same.
CHILDREN: Final[dict[str, tuple[str, ...]]] = {
    "ETH": ("SUD",),
    "SPI": ("BH", "MH", "PSY", "PSYTHPN", "SUD"),
    "BH": ("COGN", "DVD", "EMOTDIS", "MH", "PSY", "PSYTHPN", "SUD"),
    "SUD": ("ETHUD", "OPIOIDUD"),
}

SENSITIVITIES: Final = frozenset(
    [
        "ETH",
        "SPI",
        "BH",
        "COGN",
        "DVD",
        "EMOTDIS",
        "MH",
        "PSY",
        "PSYTHPN",
        "SUD",
        "ETHUD",
        "OPIOIDUD",
        "HIV",
        "STD",
        "SEX",
        "PREGNANT",
        "SDV",
        "VIO",
        "GDIS",
        "MST",
        "TBOO",
        "SCA",
        "IDS",
        "PATLOC",
        "LOCIS",
        "SSP",
        "PDS",
        "PRS",
        "PHY",
        "EMP",
        "EMPL",
        "DIA",
        "DRGIS",
        "DEMO",
        "DOB",
        "GENDER",
        "LIVARG",
        "MARST",
        "RACE",
        "REL",
        "B",
        "VIP",
        "CEL",
        "ADOL",
    ]
)

LAWS: Final = frozenset(
    [
        "42CFRPart2",
        "HIPAAConsent",
        "HIPAAAuth",
        "HIPAANOPP",
        "HIPAAPsyNotes",
        "HIPAAROA",
        "HIPAASelfPay",
        "Title38Section7332",
        "CommonRule",
    ]
)

#: Handling instructions: what not to do, what to do, what for (v3-ActCode, v3-ActReason).
REFRAINS: Final = frozenset(
    [
        "NODSCLCD",
        "NODSCLCDS",
        "NORDSCLCD",
        "NORDSCLCDS",
        "NORDSCLW",
        "NOAUTH",
        "NOLIST",
        "NOREUSE",
        "NOINTEGRATE",
        "NOMOU",
        "NOORGPOL",
        "NOPAT",
        "NOPERSISTP",
        "NOVIP",
        "ORCON",
        "NOCOLLECT",
    ]
)
OBLIGATIONS: Final = frozenset(
    [
        "REDACT",
        "MASK",
        "AOD",
        "AUDIT",
        "ENCRYPT",
        "ENCRYPTR",
        "ENCRYPTT",
        "ENCRYPTU",
        "MINEC",
        "PERSISTLABEL",
        "PRIVMARK",
        "CPLYCD",
        "CPLYJPP",
        "CPLYOPP",
        "CPLYOSP",
        "CPLYPOL",
        "DEID",
        "DELAU",
        "HUAPRV",
        "PSEUD",
    ]
)
PURPOSES: Final = frozenset(
    [
        "TREAT",
        "COC",
        "ETREAT",
        "BTG",
        "ERTREAT",
        "HPAYMT",
        "HOPERAT",
        "CAREMGT",
        "HLEGAL",
        "HCOMPL",
        "PUBHLTH",
        "THREAT",
        "DISASTER",
        "HRESCH",
        "PATRQT",
    ]
)

#: What a label of a part says of the whole: an element's inline label, a contained resource's, an entry's. Not what
#: says how good a part is (integrity), nor that something was taken out of it.
REFLECTED: Final = (
    SENSITIVITIES | LAWS | REFRAINS | OBLIGATIONS | PURPOSES | RANK.keys() | {ORIGIN_UNKNOWN, FAMILY_SENSITIVE, INLINE}
) - {"REDACT", "MASK"}

#: Codes that labels were given and that are none: retired, or never in HL7 Terminology. What is meant, if one can say.
NO_CODES: Final[dict[str, str | None]] = {"NORDSLCD": "NORDSCLCD", "NOREDISCLOSE": None, "NOREDISCLOSEWOCON": None}


def expand(codes: Iterable[str]) -> frozenset[str]:
    """These sensitivity codes with everything they include (policy table above, not the code system alone)."""
    found: set[str] = set()
    todo = list(codes)
    while todo:
        code = todo.pop()
        if code not in found:
            found.add(code)
            todo.extend(CHILDREN.get(code, ()))
    return frozenset(found)


def system_of(code: str) -> str:
    """The code system a label code of ours belongs to."""
    if code in RANK:
        return CONFIDENTIALITY
    if code in PURPOSES:
        return ACT_REASON
    return LABEL if code in (ORIGIN_UNKNOWN, FAMILY_SENSITIVE) else ACT_CODE


#: The labels of what has none.
_NONE: Final[frozenset[str]] = frozenset()


def security(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """`meta.security` of a resource as a list of Codings; empty where it is absent or not a list."""
    meta = resource.get("meta")
    found = meta.get("security") if isinstance(meta, dict) else None
    if not isinstance(found, list):
        return []
    # What has no code that could be one is no label.
    return [coding for coding in found if isinstance(coding, dict) and coding.get("code", "").__class__ is str]


def codes(resource: dict[str, Any]) -> frozenset[str]:
    """The codes in `meta.security`, whatever their system."""
    found = security(resource)
    return frozenset([code for coding in found if (code := coding.get("code")).__class__ is str]) if found else _NONE


def highest(found: Iterable[str], default: str = "N") -> str:
    """The most confidential of the confidentiality codes among `found`; `default` when there is none."""
    rank = max((RANK[code] for code in found if code in RANK), default=-1)
    return ORDER[rank] if rank >= 0 else default
