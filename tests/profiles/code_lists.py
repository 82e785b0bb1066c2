"""The codes that a code system has, for the tests of value sets and ConceptMaps: ours, HL7's as packed, and others'.

For LOINC and SNOMED CT no list can be packed: there the check digit stands in, which finds a mistyped code.
"""

from __future__ import annotations

import csv
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson

import profiles
from profiles.generate import SOURCES, packed

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
PACKS = "https://warmhandoff.org/packs/"
PACK_FOLDER = Path(profiles.__file__).parent.parent / "mappings" / "packs"
OMB = "urn:oid:2.16.840.1.113883.6.238"

#: Codes of guides that are not packed here, as their definitions list them.
ELSEWHERE = {
    # Colorado BHA FHIR guide 0.2.0 (CC BY 4.0); 08 is in it with a question mark and is not used
    "http://bha.colorado.gov/fhir/bha-ig/CodeSystem/bha-legal-status": frozenset(
        ("01", "02", "03", "04", "05", "06", "09", "10", "11", "12", "13", "14")
    ),
    "http://bha.colorado.gov/fhir/bha-ig/CodeSystem/bha-involuntary-commitment-reason": frozenset(("1", "2", "3")),
    # BSeR 2.0.0-ballot (HL7, CC0)
    "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS": frozenset(
        ("2.0", "3.0", "4.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.2", "6.0", "7.0")
    ),
}


def has(system: str, code: str) -> bool:
    """Whether the system has this code. KeyError for a system that nothing is known of."""
    if system == LOINC:
        return _luhn(code)
    if system == SNOMED:
        return _verhoeff(code)
    found = codes(system)
    return found is None or code in found


@cache
def codes(system: str) -> frozenset[str] | None:
    """All codes of a system; None where its definition lists none. KeyError for one that nothing is known of."""
    if system in ELSEWHERE:
        return ELSEWHERE[system]
    if system.startswith(PACKS):
        tables = PACK_FOLDER.joinpath(system.removeprefix(PACKS).partition("/")[0], "tables").glob("*.csv")
        return frozenset(row["code"] for table in tables for row in csv.DictReader(table.read_text().splitlines()))
    if system.startswith(profiles.CANONICAL):
        ours = profiles.load(system)
        return None if ours["content"] == "not-present" else frozenset(_concepts(ours))
    return frozenset(_concepts(_hl7()[system]))


def _concepts(parent: dict[str, Any]) -> Iterator[str]:
    for concept in parent.get("concept", ()):
        yield concept["code"]
        yield from _concepts(concept)


@cache
def _hl7() -> dict[str, dict[str, Any]]:
    """HL7's code systems of R4 by url; and the OMB categories, which have no code system but Gravity's value sets."""
    found = {
        r["url"]: r
        for name in ("r4-valuesets.json.gz", "r4-v3-codesystems.json.gz", "r4-v2-tables.json.gz")
        for r in packed(name)
        if r["resourceType"] == "CodeSystem"
    }
    omb: list[dict[str, Any]] = []
    with tarfile.open(SOURCES / "sdoh-clinicalcare-3.0.0.tgz") as archive:
        for name in ("OMBRaceCategories", "OMBEthnicityCategories"):
            content = archive.extractfile(f"package/ValueSet-SDOHCC-ValueSet{name}.json")
            assert content is not None
            for include in orjson.loads(content.read())["compose"]["include"]:
                omb += include["concept"] if include.get("system") == OMB else []
    found[OMB] = {"concept": omb}
    return found


def _luhn(code: str) -> bool:
    """LOINC: a number, a hyphen, and its check digit (mod 10)."""
    number, hyphen, check = code.partition("-")
    if not (hyphen and number.isdigit() and check.isdigit() and len(check) == 1):
        return False
    doubled = [int(digit) * 2 if place % 2 == 0 else int(digit) for place, digit in enumerate(reversed(number))]
    return (sum(d - 9 if d > 9 else d for d in doubled) + int(check)) % 10 == 0


_D5 = "0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210"
_PERMUTED = "0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258"


def _verhoeff(code: str) -> bool:
    """SNOMED CT: a concept identifier, 6 to 18 digits with a Verhoeff check digit, partition 00 or 10."""
    if not (code.isdigit() and 6 <= len(code) <= 18 and code[-3:-1] in ("00", "10")):
        return False
    table, permuted = _D5.split(), _PERMUTED.split()
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = int(table[check][int(permuted[place % 8][int(digit)])])
    return check == 0
