"""The FBI's code lists of police reports (Uniform Crime Reporting, NIBRS 4.2) and what their demographic codes mean.

Offenses, kinds of places, officers' activities and exceptional clearances have their published names. Nothing is
mapped to a health code: that an offense is about mental health is said by no code. Sex, race and ethnicity map to
FHIR's and OMB's codes only where the FBI's definition is the same.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from mappings.incident import Code, Coded

#: Code systems of the FBI's lists. Ours: they have no canonical FHIR URI known to us.
SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "offense": "https://warmhandoff.org/fhir/CodeSystem/ucr-offense",
        "location": "https://warmhandoff.org/fhir/CodeSystem/ucr-location",
        "officer-activity": "https://warmhandoff.org/fhir/CodeSystem/ucr-officer-activity",
        "exceptional-clearance": "https://warmhandoff.org/fhir/CodeSystem/ucr-exceptional-clearance",
    }
)

#: Officer activity (NIBRS data element 25A): handling persons with mental illness.
MENTAL_ILLNESS = "09"

SEX = "https://warmhandoff.org/fhir/CodeSystem/ncic-sex"
RACE = "https://warmhandoff.org/fhir/CodeSystem/ncic-race"
ETHNICITY = "https://warmhandoff.org/fhir/CodeSystem/ucr-ethnicity"

_OMB = "urn:oid:2.16.840.1.113883.6.238"
_GENDER = "http://hl7.org/fhir/administrative-gender"
_SEXES = {
    "M": (Code(system=_GENDER, code="male", display="Male"),),
    "F": (Code(system=_GENDER, code="female", display="Female"),),
    "U": (Code(system=_GENDER, code="unknown", display="Unknown"),),
}
# Unlike NCIC, NIBRS has A and P apart, defined as OMB defines its categories (NIBRS data elements 28, 39, 49).
_RACES = {
    "A": (Code(system=_OMB, code="2028-9", display="Asian"),),
    "B": (Code(system=_OMB, code="2054-5", display="Black or African American"),),
    "I": (Code(system=_OMB, code="1002-5", display="American Indian or Alaska Native"),),
    "P": (Code(system=_OMB, code="2076-8", display="Native Hawaiian or Other Pacific Islander"),),
    "W": (Code(system=_OMB, code="2106-3", display="White"),),
}
_ETHNICITIES = {
    "H": (Code(system=_OMB, code="2135-2", display="Hispanic or Latino"),),
    "N": (Code(system=_OMB, code="2186-5", display="Not Hispanic or Latino"),),
}
_UNKNOWN = "U"


@lru_cache(maxsize=1)
def ucr_codes() -> Mapping[tuple[str, str], str]:
    """The name of every code of the lists in `SYSTEMS`, by list and code."""
    text = resources.files("mappings").joinpath("data/ucr_codes.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType({(row["list"], row["code"]): row["name"] for row in rows})


@lru_cache(maxsize=512)
def ucr(of: str, code: str) -> Coded | None:
    """A code of one list; None when the list does not have it."""
    name = ucr_codes().get((of, code))
    return None if name is None else Coded(mapped=(Code(system=SYSTEMS[of], code=code, display=name),))


def sex(code: str) -> Coded | None:
    """NIBRS data elements 27, 38, 48; None for no code of theirs."""
    return Coded(code=code, system=SEX, mapped=_SEXES[code]) if code in _SEXES else None


def race(code: str) -> Coded | None:
    """NIBRS data elements 28, 39, 49; None for no code of theirs, and for unknown, which says nothing."""
    return Coded(code=code, system=RACE, mapped=_RACES[code]) if code in _RACES else None


def ethnicity(code: str) -> Coded | None:
    """NIBRS data elements 29, 39A, 50; None for no code of theirs, and for unknown, which says nothing."""
    return Coded(code=code, system=ETHNICITY, mapped=_ETHNICITIES[code]) if code in _ETHNICITIES else None


def is_unknown(code: str) -> bool:
    """Whether a demographic code says that nothing is known."""
    return code == _UNKNOWN
