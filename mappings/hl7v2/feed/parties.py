"""Who and where of a v2 message as resources of their own: XCN[Practitioner], XON[Organization], PL[Location].

Somebody with a number becomes a resource, once a message; somebody who is only named becomes a reference that says
the name: without a number nobody can tell two people of one name apart.
"""

from __future__ import annotations

from typing import Any, Final

from mappings.fhir.systems import SID_RESOURCE, url_part
from mappings.hl7v2.feed.coded import NPI, REMEMBERED, Make, Memory, Vocabulary, cwe_concept
from mappings.hl7v2.feed.draft import Draft, Json, Listed, sought
from mappings.hl7v2.feed.identifiers import V2_0203, assigner
from mappings.hl7v2.feed.names import NAME_USE

_PHYSICAL: Final = "http://terminology.hl7.org/CodeSystem/location-physical-type"


def xcn_practitioner(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """XCN[Practitioner] (2.A.87) as a Reference."""
    found = _STAFF.of(raw, d, place, None)
    if found is None:
        return None
    identifier, name = found
    if identifier is None:
        return dict(name)
    return {"reference": _practitioner(raw, d, identifier, name, place)}


def _staff(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> tuple[Json | None, Json] | None:
    """Number and name; without a number None and a Reference that says the name."""
    parts = raw.split(d.c)
    count = len(parts)
    number = d.first(parts[0], f"{place}.1")
    name: Json = {}
    if count > 9 and parts[9] in NAME_USE:
        name["use"] = NAME_USE[parts[9]]
    if count > 1 and (family := d.first(parts[1], f"{place}.2")):
        name["family"] = family
    given = [word for at in (2, 3) if count > at and parts[at] and (word := d.text(parts[at]))]
    if given:
        name["given"] = given
    prefix = d.text(parts[5]) if count > 5 and parts[5] else None
    if prefix:
        name["prefix"] = [prefix]
    # XCN.7 (degree) stood beside a suffix until 2.7; both are letters behind a name.
    suffix = [
        word for at in (4, 6, 20) if count > at and parts[at] and (word := d.first(parts[at], f"{place}.{at + 1}"))
    ]
    if suffix:
        name["suffix"] = suffix
    if count > 9:
        if parts[9] and parts[9] not in NAME_USE:
            d.left(f"{place}.10")
        d.rest(parts, place, 11, 12)
        d.rest(parts, place, 14, 20)
        d.rest(parts, place, 22)
    if count > 7 and parts[7]:
        d.left(f"{place}.8")
    if number is None:
        words = " ".join(word for word in (prefix, *given, name.get("family"), *suffix) if isinstance(word, str))
        if not words:
            d.rest(parts, place, 9)
            return None
        return None, {"display": words}
    kind = d.first(parts[12]) if count > 12 else None
    system = assigner(parts[8], d, f"{place}.9")[0] if count > 8 and parts[8] else None
    if kind == "NPI":
        system = NPI
    identifier: Json = {"type": {"coding": [{"system": V2_0203, "code": kind}]}} if kind else {}
    if system:
        identifier["system"] = system
    # A number without its assigner is this sender's own; which of its lists it is from stands in the field.
    identifier["value"] = number
    return identifier, name


_STAFF: Final = Memory(_staff)


#: Who and what stand in message after message, as they were first made, by scope and by what they were made of.
_DIRECTORY: Final[dict[tuple[Any, ...], Listed]] = {}


def _list(about: tuple[Any, ...], resource: Json, system: str | None, value: str) -> Listed:
    """Remembers a resource of the directory."""
    made = resource["id"]
    if len(_DIRECTORY) >= REMEMBERED:
        _DIRECTORY.clear()
    listed = _DIRECTORY[about] = (resource, system, value, f"urn:uuid:{made}", sought(made, system, value))
    return listed


def _practitioner(raw: str, d: Draft, identifier: Json, name: Json, place: str) -> str:
    """Adds the Practitioner of an XCN, or finds the one of that number; its fullUrl."""
    system, value = identifier.get("system"), identifier["value"]
    key = ("practitioner", system, value)
    known = d.interned.get(key)
    if known is not None:
        url, before = known
        if name and name != before:
            d.left(place)  # the same number under another name
        return str(url)
    about = ("practitioner", d.scope, raw)
    listed = _DIRECTORY.get(about)
    if listed is None:
        made = d.ids.of("practitioner", system or d.custody, value, recurring=True)
        resource: Json = {"resourceType": "Practitioner", "id": made, "identifier": [identifier]}
        if name:
            resource["name"] = [name]
        if system is None:
            resource["identifier"].append({"system": SID_RESOURCE, "value": made})
        listed = _list(about, resource, system, value)
    url = d.enter(listed)
    d.interned[key] = (url, name)
    return str(url)


def organization(d: Draft, name: str | None, system: str | None, value: str | None, kind: str | None = None) -> str:
    """Adds an Organization, or finds the one of that number or name; its fullUrl."""
    key = ("organization", system, value or name)
    known = d.interned.get(key)
    if known is not None:
        return str(known)
    about = (d.scope, name, system, value, kind)
    listed = _DIRECTORY.get(about)
    if listed is None:
        listed = _list(about, _organization(d, name, system, value, kind), system if value else None, value or "")
    url = d.interned[key] = d.enter(listed)
    return url


def _organization(d: Draft, name: str | None, system: str | None, value: str | None, kind: str | None) -> Json:
    made = d.ids.of("organization", system or d.custody, value or name or "", recurring=True)
    identifiers: list[Json] = []
    if value:
        identifier: Json = {"type": {"coding": [{"system": V2_0203, "code": kind}]}} if kind else {}
        if system:
            identifier["system"] = system
        identifier["value"] = value
        identifiers.append(identifier)
    if not (value and system):
        identifiers.append({"system": SID_RESOURCE, "value": made})
    resource: Json = {"resourceType": "Organization", "id": made, "identifier": identifiers, "active": True}
    if name:
        resource["name"] = name
    return resource


def xon_organization(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """XON[Organization] (2.A.90) as a Reference."""
    found = _XON.of(raw, d, place, None)
    return {"reference": organization(d, *found)} if found is not None else None


def _xon(
    raw: str, d: Draft, place: str, _: Vocabulary | None = None
) -> tuple[str | None, str | None, str | None, str | None] | None:
    """Name, system and number, and the number's type."""
    parts = raw.split(d.c)
    count = len(parts)
    name = d.first(parts[0], f"{place}.1")
    value = d.first(parts[9], f"{place}.10") if count > 9 and parts[9] else None
    if value is None and count > 2 and parts[2]:
        value = d.first(parts[2], f"{place}.3")
    elif count > 2 and parts[2]:
        d.left(f"{place}.3")
    system = assigner(parts[5], d, f"{place}.6")[0] if count > 5 and parts[5] else None
    kind = d.first(parts[6]) if count > 6 else None
    if kind == "NPI":
        system = NPI
    d.rest(parts, place, 2, 2)
    d.rest(parts, place, 4, 5)
    d.rest(parts, place, 8, 9)
    d.rest(parts, place, 11)
    return (name, system, value, kind) if name is not None or value is not None else None


_XON: Final = Memory(_xon)


def hd_organization(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """HD[Organization] (2.A.33) as a Reference: a sending or last updating facility."""
    system, name = assigner(raw.replace(d.c, d.s), d, place)
    if system is None:
        return None
    return {"reference": organization(d, name, None, None)} if name else None


def pl_location(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """PL[Location] (2.A.53) as a Reference: one Location, named and identified by its whole path.

    The tables make one Location for each level, up to six for a bed; ours is the innermost, whose identifier holds
    the path to it.
    """
    found = _PLACE.of(raw, d, place, None)
    if found is None:
        return None
    path, resource, about = found
    if path is None:
        return {"display": about}
    key = ("location", path)
    known = d.interned.get(key)
    if known is None:
        which = ("location", d.scope, raw)
        listed = _DIRECTORY.get(which)
        if listed is None:
            system = f"{d.base}/location"
            made = d.ids.of("location", system, path, recurring=True)
            own = {
                "resourceType": "Location",
                "id": made,
                "identifier": [{"system": system, "value": path}],
                **resource,
            }
            listed = _list(which, own, system, path)
        known = d.interned[key] = d.enter(listed)
    elif about:
        d.left(f"{place}.9")
    return {"reference": str(known)}


def _place(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> tuple[str | None, Json, str | None] | None:
    """A place's path, what its Location says beside it, and its description; without a path the description alone."""
    parts = raw.split(d.c)
    count = len(parts)
    levels = [
        d.first(parts[at], f"{place}.{at + 1}") if count > at and parts[at] else None for at in (3, 6, 7, 0, 1, 2)
    ]
    d.rest(parts, place, 5, 6)
    d.rest(parts, place, 10)
    named = [level for level in levels if level]
    about = d.text(parts[8]) if count > 8 and parts[8] else None
    if not named:
        return (None, {}, about) if about else None
    resource: Json = {
        "name": " ".join(named[1:] if levels[0] and len(named) > 1 else named),
        "mode": "instance",
    }
    if about:
        resource["description"] = about
    code = ("si", "bu", "lvl", None, "ro", "bd")[max(at for at, level in enumerate(levels) if level)]
    if code:
        resource["physicalType"] = {"coding": [{"system": _PHYSICAL, "code": code}]}
    return "/".join(named), resource, about


_PLACE: Final = Memory(_place)


def concept_location(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """A place that is only coded or named (AIG-3, DLD.1) as a Reference that says its name."""
    concept = cwe_concept(raw, d, place)
    if concept is None:
        return None
    words = concept.get("text") or concept["coding"][0].get("display") or concept["coding"][0]["code"]
    codings = concept.get("coding")
    if codings:
        if len(codings) > 1:
            d.left(f"{place}.4")
        return {"identifier": {"system": codings[0]["system"], "value": codings[0]["code"]}, "display": words}
    return {"display": words}


def person_name(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """XPN as one text (XPN[string]): given names, then family."""
    parts = raw.split(d.c)
    words = [d.first(part, place) for part in (*parts[1:3], parts[0])]
    d.rest(parts, place, 4)
    return " ".join(word for word in words if word) or None


def organization_name(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> str | None:
    """XON[string]: its name."""
    parts = raw.split(d.c)
    d.rest(parts, place, 2)
    return d.first(parts[0], place)


#: By the name of the map.
REFER: Final[dict[str, Make]] = {
    "XCN[Practitioner]": xcn_practitioner,
    "XON[Organization]": xon_organization,
    "HD[Organization]": hd_organization,
    "PL[Location]": pl_location,
    "CWE[Location]": concept_location,
    "XPN[string]": person_name,
    "XON[string]": organization_name,
}

__all__ = ["REFER", "organization", "url_part"]
