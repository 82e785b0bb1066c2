"""Expands the value sets of required bindings that profiles make, for `profiles.generate_profiles`.

Unlike R4's own bindings these take from code systems that the sources do not hold whole: of such a system any code
passes, and the system must be named in `OPEN_SYSTEMS`. A value set that is not in the sources must be named in
`NOT_ENUMERABLE`. Anything else fails: a code is never quietly left unchecked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from profiles import generate
from profiles.generate import Terminology

Json = dict[str, Any]

_VSAC = "http://cts.nlm.nih.gov/fhir/ValueSet/"
_GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/ValueSet/"

#: Required bindings without a list of codes in the sources: not checked, and why.
NOT_ENUMERABLE = {
    **generate.NOT_ENUMERABLE,
    "http://terminology.hl7.org/ValueSet/v3-UnitsOfMeasureCaseSensitive": "UCUM is a grammar, not a list",
    f"{_VSAC}2.16.840.1.113883.3.2074.1.1.3": "a VSAC value set, not in the sources",
    f"{_GRAVITY}SDOHCC-ValueSetObservationDataAbsentReason": "not in the package as compiled",
}

#: Code systems that the sources do not hold whole: in a value set that takes from them by a filter or all, any code
#: of the system passes.
OPEN_SYSTEMS = {
    "http://loinc.org": "LOINC, by its own classes",
    "http://snomed.info/sct": "SNOMED CT, by its hierarchy",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD-9-CM, all of it",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM, all of it",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS, all of it",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS, all of it",
    "http://www.ama-assn.org/go/cpt": "CPT, all of it; licensed",
    "http://www.ada.org/cdt": "CDT, all of it; licensed",
}


class Package(NamedTuple):
    """A package: the version its definitions have, and those of packages that its own references mean."""

    name: str
    version: str
    us_core: str


class Expansions:
    """The value sets that profiles bind to, expanded; a version of a package may have its own of the same url."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, list[str] | None]] = {}

    def key(self, url: str, version: str, terminology: Terminology) -> str:
        """The name of this value set in the table."""
        expansion = _expand(url, terminology)
        if self.tables.setdefault(url, expansion) == expansion:
            return url
        self.tables.setdefault(f"{url}|{version}", expansion)
        return f"{url}|{version}"


def _expand(url: str, terminology: Terminology) -> dict[str, list[str] | None]:
    """System to codes; None for a system of which any code passes, as a filter or the system is not in the sources."""
    compose = terminology.value_sets[url]["compose"]
    union: dict[str, set[str] | None] = {}
    for part in compose["include"]:
        for system, codes in _included(part, terminology).items():
            known = union.setdefault(system, set())
            union[system] = None if known is None or codes is None else known | codes
    for part in compose.get("exclude", ()):
        for system, codes in _included(part, terminology).items():
            known = union.get(system)
            if known and codes:
                union[system] = known - codes
    return {system: None if codes is None else sorted(codes) for system, codes in sorted(union.items())}


def _included(part: Json, terminology: Terminology) -> dict[str, set[str] | None]:
    found: dict[str, set[str] | None] = {}
    for imported in part.get("valueSet", ()):
        for system, listed in _expand(imported.partition("|")[0], terminology).items():
            known = found.setdefault(system, set())
            found[system] = None if known is None or listed is None else known | set(listed)
    if "concept" in part:
        found[part["system"]] = {concept["code"] for concept in part["concept"]}
    elif "system" in part:
        code_system = terminology.code_systems.get(part["system"], {})
        whole = "filter" not in part and code_system.get("content") == "complete"
        if not whole and part["system"] not in OPEN_SYSTEMS:
            raise LookupError(f"{part['system']} is not whole in the sources")
        found[part["system"]] = set(_codes(code_system.get("concept", []))) if whole else None
    return found


def _codes(concepts: list[Json]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", []))


class Bound:
    """Names the value sets that profiles bind to, in the terminology of their own package."""

    def __init__(self, terminologies: dict[str, Terminology]) -> None:
        self.expansions = Expansions()
        self.terminologies = terminologies

    def __call__(self, url: str, package: Package) -> str | None:
        """The key of the expansion, or None for what `NOT_ENUMERABLE` names. KeyError for any other unknown."""
        if url in NOT_ENUMERABLE:
            return None
        return self.expansions.key(url, package.version, self.terminologies[package.name])
