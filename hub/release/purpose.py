"""Purposes of use: v3-ActReason as a tree, and the local codes where HL7 has none.

No HL7 code means law enforcement. HLEGAL is not one: it is under HOPERAT and would pass a consent to operations.
"""

from __future__ import annotations

from typing import Final

ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
#: Ours (CodeSystem-police-purpose-of-use), with the duty to monitor of 42 CFR 2.35 beside it.
PURPOSE: Final = "https://warmhandoff.org/fhir/CodeSystem/police-purpose-of-use"

LOCAL: Final = frozenset(
    {
        "scene-safety",
        "follow-up",
        "outcome-feedback",
        "imminent-threat",
        "locate-person",
        "crime-on-premises",
        "custody-care",
        "investigation",
        "proceedings",
        "statistics",
        "justice-monitoring",
    }
)

#: v3-ActReason 4.0.0 (HL7 Terminology, CC0): parent, then its children. PurposeOfUse is the root of all.
_TREE: Final[dict[str, str]] = {
    "PurposeOfUse": "HMARKT HOPERAT HPAYMT HRESCH PATRQT PUBHLTH TREAT",
    "HOPERAT": "CAREMGT DONAT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP HSYSADMIN "
    "MEMADMIN MILCDM PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV TRAIN",
    "HSYSADMIN": "LABELING METAMGT",
    "SYSDEV": "HTEST",
    "TRAIN": "MLTRAINING",
    "HPAYMT": "CLMATTCH COVAUTH COVERAGE REMITADV PMTDS",
    "COVERAGE": "ELIGDTRM ELIGVER ENROLLM MILDCRG",
    "HRESCH": "BIORCH CLINTRCH DSRCH POARCH TRANSRCH",
    "CLINTRCH": "CLINTRCHNPC CLINTRCHPC PRECLINTRCH",
    "PATRQT": "FAMRQT PWATRNY SUPNWK",
    "PUBHLTH": "DISASTER THREAT",
    "TREAT": "CLINTRL COC ETREAT POPHLTH TREATDS",
    "ETREAT": "BTG ERTREAT",
}
_PARENT: Final = {child: parent for parent, children in _TREE.items() for child in children.split()}

#: Treatment, payment, health care operations (42 CFR 2.31(a)(4)(i), 45 CFR 164.506).
TPO: Final = ("TREAT", "HPAYMT", "HOPERAT")


def canonical(purpose: str) -> str | None:
    """The code of a known purpose written `code` or `system|code`; None when it is unknown (then: deny)."""
    system, bar, code = purpose.rpartition("|")
    if code in _PARENT or code == "PurposeOfUse":
        return code if not bar or system == ACT_REASON or system.endswith("2.16.840.1.113883.5.8") else None
    if code in LOCAL:
        return code if not bar or system == PURPOSE else None
    return None


def subsumes(given: str, asked: str) -> bool:
    """Whether a permission for `given` covers `asked`: the same code or one below it. Not the other way round."""
    code: str | None = asked
    while code is not None:
        if code == given:
            return True
        code = _PARENT.get(code)
    return False


def within(purpose: str, *roots: str) -> bool:
    """Whether the purpose is one of these or below one of them."""
    return any(subsumes(root, purpose) for root in roots)
