"""The package checks itself: what it is made of is right FHIR, whole, and true of its examples.

Needs nothing but the package and the tables of `profiles.check`: it runs from an installed wheel. That every canonical
of others which we name is really there is checked with the sources, by a test; here it is held to a list of who
publishes it, and to R4's own types and extensions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from profiles import CANONICAL, KINDS
from profiles.check import check
from profiles.definitions import r4
from profiles.examples import Example, each_once, file_stem
from profiles.issue import stops
from profiles.package_file import VERSION

Json = dict[str, Any]

#: Where an element comes from: the identities of our ElementDefinition.mapping.
SOURCES: Final = frozenset({"incident", "cad", "eido", "hl7v2"})

#: Who publishes what we refer to and do not define.
OTHERS: Final = (
    "http://hl7.org/fhir/",
    "http://terminology.hl7.org/",
    "http://loinc.org",
    "http://snomed.info/sct",
    "http://unitsofmeasure.org",
    "http://dicom.nema.org/",
    "http://nucc.org/",
    "http://bha.colorado.gov/fhir/bha-ig/",
    "http://cts.nlm.nih.gov/fhir/ValueSet/",
    "http://hl7.org/fhirpath/",
    "urn:",
    # the code systems of agencies, as their mapping packs name them: an agency publishes its own
    "https://warmhandoff.org/packs/",
)
#: Properties of a definition that hold a canonical url.
_CANONICAL: Final = frozenset(
    {"baseDefinition", "definition", "derivedFrom", "message", "profile", "replaces", "supplements", "supportedProfile"}
    | {"source", "sourceCanonical", "sourceUri", "system", "target", "targetCanonical", "targetProfile", "targetUri"}
    | {"valueSet"}
)
#: Profiles of what comes from no source: what a center writes, and the hub's own records. So do labels and notices,
#: in `meta`, which come from a rule.
_NO_SOURCE: Final = frozenset({"answer-message", "hub-audit-event", "disclosure-audit-event"})
_R4_STRUCTURE: Final = "http://hl7.org/fhir/StructureDefinition/"
#: R4's profiles of its own types, which the tables do not list as types.
_R4_PROFILES: Final = frozenset({"SimpleQuantity", "MoneyQuantity"})
_OURS: Final = re.compile(rf"{re.escape(CANONICAL)}/({'|'.join(KINDS)})/([A-Za-z0-9.-]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """One thing that was looked at: in how many places, and what is wrong, a line each."""

    name: str
    count: int
    faults: tuple[str, ...]


def self_check(definitions: dict[str, Json], examples: tuple[Example, ...]) -> tuple[Checked, ...]:
    """What the package says of itself, in the order in which a fault should be mended. `definitions` by `Type-id`."""
    by_url = {one["url"]: one for one in definitions.values() if "url" in one}
    codes = {url: frozenset(_codes(one)) for url, one in by_url.items() if one.get("content") == "complete"}
    single = {name: one for name, one in each_once(examples).items() if one["resourceType"] != "Bundle"}
    named = {example.name: _envelope(example.resource) for example in examples} | single
    structures = [one for one in definitions.values() if one["resourceType"] == "StructureDefinition"]
    profiles = [one for one in structures if one["type"] != "Extension"]
    return (
        _looked("definitions are right FHIR R4", definitions.items(), _not_right),
        _looked("files, ids and urls agree", definitions.items(), _named),
        _looked("what is referred to is there", definitions.items(), lambda one: _unresolved(one, by_url)),
        _looked("codes of ours exist", definitions.items(), lambda one: _no_such_code(one, codes)),
        _looked("must-support elements have a source", ((file_stem(p), p) for p in profiles), _without_source),
        _looked("examples hold what they claim", ((e.name, e.resource) for e in examples), _not_right),
        _looked("examples by themselves hold it too", single.items(), _not_right),
        _looked("examples name what is there", named.items(), lambda one: _not_ours(one, by_url, codes)),
        _looked("profiles have an example", ((file_stem(p), p) for p in profiles), _claimed(examples)),
    )


def _looked(name: str, things: Iterable[tuple[str, Json]], faults: Callable[[Json], Iterable[str]]) -> Checked:
    found: list[str] = []
    count = 0
    for place, one in things:
        count += 1
        found.extend(f"{place}: {fault}" for fault in faults(one))
    return Checked(name=name, count=count, faults=tuple(found))


def _not_right(one: Json) -> Iterator[str]:
    for issue in check(one):
        if stops([issue]):
            yield f"{issue.path}: {issue.text} [{issue.rule}]"


def _named(one: Json) -> Iterator[str]:
    if one.get("url") != f"{CANONICAL}/{one['resourceType']}/{one['id']}":
        yield "its url is not its type and id under our base"
    if one.get("version") != VERSION:
        yield f"its version is not {VERSION}"
    for key in ("name", "title", "description"):
        # R4's CapabilityStatement and SearchParameter need none, or have none
        if not one.get(key) and not (key == "title" and one["resourceType"] == "SearchParameter"):
            yield f"it has no {key}"


def _unresolved(one: Json, by_url: dict[str, Json]) -> Iterator[str]:
    """Canonicals of ours anywhere in it, also inside expressions; those of others where a canonical stands."""
    said = _differential(one)
    seen: set[str] = set()
    for key, value in _strings(said):
        for match in _OURS.finditer(value):
            if match[0].rstrip(".") not in by_url:
                seen.add(match[0])
        if key in _CANONICAL and value.startswith(("http", "urn:")) and not value.startswith(f"{CANONICAL}/"):
            url = value.partition("|")[0]
            if not url.startswith(OTHERS) or (url.startswith(_R4_STRUCTURE) and not _in_r4(url)):
                seen.add(url)
    yield from (f"nobody publishes {url}" for url in sorted(seen))


def _in_r4(url: str) -> bool:
    name = url.removeprefix(_R4_STRUCTURE)
    tables = r4()
    return (
        name in tables["types"] or name in tables["primitives"] or url in tables["extensions"] or name in _R4_PROFILES
    )


def _no_such_code(one: Json, codes: dict[str, frozenset[str]]) -> Iterator[str]:
    """Codings, value sets and concept maps in a definition that name a code which our code system has not."""
    yield from _codings(_differential(one), codes)
    if (
        one["resourceType"] == "CodeSystem"
        and one.get("content") == "complete"
        and "count" in one
        and one["count"] != len(list(_codes(one)))
    ):
        yield "its count is not that of its concepts"
    compose = one.get("compose", {})
    for part in (*compose.get("include", ()), *compose.get("exclude", ())):
        yield from _missing(part.get("system"), (concept["code"] for concept in part.get("concept", ())), codes)
    for group in one.get("group", ()) if one["resourceType"] == "ConceptMap" else ():
        yield from _missing(group.get("source"), (element["code"] for element in group["element"]), codes)
        targets = (t["code"] for element in group["element"] for t in element.get("target", ()) if "code" in t)
        yield from _missing(group.get("target"), targets, codes)


def _codings(value: Any, codes: dict[str, frozenset[str]]) -> Iterator[str]:
    if isinstance(value, dict):
        system, code = value.get("system"), value.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield from _missing(system, (code,), codes)
        for item in value.values():
            yield from _codings(item, codes)
    elif isinstance(value, list):
        for item in value:
            yield from _codings(item, codes)


def _missing(system: str | None, named: Iterable[str], codes: dict[str, frozenset[str]]) -> Iterator[str]:
    there = codes.get(system or "")
    if there is not None:
        yield from (f"{system} has no code {code}" for code in named if code not in there)


def _without_source(profile: Json) -> Iterator[str]:
    """Must-support elements that the profile itself marks and that no source is named for: at the element, at what it
    is a slice of, or at what it stands in."""
    if profile["id"] in _NO_SOURCE:
        return
    mapped = {
        element["id"]
        for element in profile["snapshot"]["element"]
        if "." in element["id"] and any(each["identity"] in SOURCES for each in element.get("mapping", ()))
    }
    for element in profile["differential"]["element"]:
        place = element["id"]
        if element.get("mustSupport") and place.split(".")[1:2] != ["meta"] and mapped.isdisjoint(_around(place)):
            yield f"{place} has no source"


def _around(place: str) -> Iterator[str]:
    """An element's id, that of what it is a slice of, and of each that it stands in."""
    while place:
        yield place
        parent, _, last = place.rpartition(".")
        name, colon, _ = last.partition(":")
        if colon:
            yield f"{parent}.{name}"
        place = parent


def _not_ours(one: Json, by_url: dict[str, Json], codes: dict[str, frozenset[str]]) -> Iterator[str]:
    """Definitions of ours that an example names and that are not there; codes that they have not."""
    named = {
        match[0]
        for key, value in _strings(one)
        if key in ("url", "system", "profile")
        for match in [_OURS.fullmatch(value)]
        if match
    }
    yield from (f"there is no {url}" for url in sorted(named - by_url.keys()))
    yield from _codings(one, codes)


def _envelope(one: Json) -> Json:
    """An example without the entries of a Bundle, which stand by themselves."""
    return {key: value for key, value in one.items() if key != "entry"}


def _claimed(examples: tuple[Example, ...]) -> Callable[[Json], Iterator[str]]:
    """Whether some example claims a profile. An abstract one is claimed by none."""
    claimed: set[str] = set()
    for example in examples:
        inside = [entry["resource"] for entry in example.resource.get("entry", ())]
        for one in (example.resource, *inside):
            claimed.update(one.get("meta", {}).get("profile", ()))

    def faults(profile: Json) -> Iterator[str]:
        if not profile.get("abstract") and profile["url"] not in claimed:
            yield "no example claims it"

    return faults


def _codes(system: Json) -> Iterator[str]:
    for concept in system.get("concept", ()):
        yield concept["code"]
        yield from _codes(concept)


def _differential(one: Json) -> Json:
    """What we say ourselves: a snapshot repeats what the parents say, and refers to what they refer to."""
    return {key: value for key, value in one.items() if key != "snapshot"}


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string with the property it stands in."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _strings(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, key)
    elif isinstance(value, str):
        yield key, value
