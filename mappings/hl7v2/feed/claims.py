"""Which US Core profiles a feed's resources claim: those that they meet as they were built, and no other.

Decided once, at the end, when everything stands in a resource. What a profile asks for beyond R4 is looked at here for
the few that feeds can meet; the rest claim none. A test compares every claim with the whole check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from mappings.fhir.systems import SNOMED
from mappings.hl7v2.feed.coded import NPI
from mappings.hl7v2.feed.draft import Json

_US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_CLIA: Final = "urn:oid:2.16.840.1.113883.4.7"
#: The systems of US Core's value set for Encounter.type. It has a code for what table 0007 (PV1-4) tells apart, and
#: the binding is extensible: a type that is of that table alone does not meet it.
_ENCOUNTER_TYPES: Final = frozenset({SNOMED, "http://www.ama-assn.org/go/cpt"})


def _identified(resource: Json) -> bool:
    identifiers: list[Json] = resource["identifier"]
    for one in identifiers:
        system: str | None = one.get("system")
        if system is None or system == _CLIA or (system == NPI and not valid_npi(one["value"])):
            return False
    return True


@lru_cache(maxsize=4096)
def valid_npi(number: str) -> bool:
    """Whether a National Provider Identifier has ten digits and its check digit (Luhn over 80840 and the number)."""
    if len(number) != 10 or not (number.isascii() and number.isdigit()):
        return False
    total = 24  # of the prefix 80840
    for at, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _assigned(resource: Json) -> bool:
    """Whether each of its numbers says whose it is."""
    identifiers: list[Json] = resource["identifier"]
    return all("system" in one for one in identifiers)


def _patient(resource: Json) -> bool:
    if "gender" not in resource:
        return False
    names: list[Json] | None = resource.get("name")
    if not names:
        return False
    for one in names:
        if "family" not in one and "given" not in one:
            return False
    return _assigned(resource)


def _practitioner(resource: Json) -> bool:
    names: list[Json] | None = resource.get("name")
    if not names:
        return False
    for one in names:
        if "family" not in one:
            return False
    return _identified(resource)


def _organization(resource: Json) -> bool:
    return "name" in resource and _identified(resource)


def _encounter(resource: Json) -> bool:
    types: list[Json] | None = resource.get("type")
    if not types:
        return False
    for one in types:
        codings: list[Json] = one.get("coding", [])
        for coding in codings:
            if coding.get("system") in _ENCOUNTER_TYPES:
                break
        else:
            return False
    return _assigned(resource)


#: By resource type: the profile, and whether a resource meets it.
_CLAIMS: Final[dict[str, tuple[str, Callable[[Json], bool]]]] = {
    "Patient": (_US_CORE + "patient", _patient),
    "Practitioner": (_US_CORE + "practitioner", _practitioner),
    "Organization": (_US_CORE + "organization", _organization),
    "Encounter": (_US_CORE + "encounter", _encounter),
}


def claim(entries: Iterable[Json]) -> None:
    """Adds `meta.profile` to each resource that meets a profile of those known here.

    An Encounter comes last: US Core asks the same of the people and organizations that it refers to.
    """
    claiming: set[str] = set()
    of_kinds: set[str] = set()
    encounters: list[Json] = []
    for entry in entries:
        resource: Json = entry["resource"]
        found = _CLAIMS.get(resource["resourceType"])
        if found is None:
            continue
        url: str = entry["fullUrl"]
        of_kinds.add(url)
        profile, meets = found
        if not meets(resource):
            continue
        if meets is _encounter:
            encounters.append(resource)
            continue
        claiming.add(url)
        _claim(resource, profile)
    for encounter in encounters:
        if not (_about(encounter) & of_kinds) - claiming:
            _claim(encounter, _CLAIMS["Encounter"][0])


def _claim(resource: Json, profile: str) -> None:
    meta: Json | None = resource.get("meta")
    if meta is None:
        resource["meta"] = {"profile": [profile]}
    else:
        meta["profile"] = [profile]


def _about(encounter: Json) -> set[str]:
    """What an Encounter refers to for which US Core has a profile of its own."""
    participants: list[Json] = encounter.get("participant", [])
    named: list[Json | None] = [encounter.get("subject"), encounter.get("serviceProvider")]
    named += [one.get("individual") for one in participants]
    return {one["reference"] for one in named if one is not None and "reference" in one}
