"""CX, EI, EIP, DLN and HD as Identifier (CX[Identifier] and its like): a number, and whose it is.

A component that FHIR has no place for is named in the account.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from mappings.fhir.systems import url_part
from mappings.hl7v2.feed.coded import NPI, OID, REMEMBERED, SSN, URI, Vocabulary
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.values import period

V2_0203: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"


_OIDS: Final = {"2.16.840.1.113883.4.6": NPI, "2.16.840.1.113883.4.1": SSN}


_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


#: Table 0301: what a universal id is. The standards behind the rest of it have no URI of their own.
_UNIVERSAL: Final = frozenset(
    {"", "ISO", "UUID", "GUID", "URI", "DNS", "HL7", "L", "M", "N", "CLIA", "NPI", "X400", "X500"}
)


def assigner(raw: str, d: Draft, place: str) -> tuple[str | None, str | None]:
    """An HD as (system, name): its universal id, else a URI made of its namespace in this custody's own space.

    HD[uri] of the tables takes the namespace for a URI, which it is not.
    """
    found = _ASSIGNERS.get((raw, d.scope))
    return (found[0], found[1]) if found is not None else _assigner(raw, d, place)


#: What was made of an HD by text and scope: the same few in message after message. The third is the name as
#: `Identifier.assigner`; nobody changes it.
_ASSIGNERS: Final[dict[tuple[str, int], tuple[str | None, str | None, Json | None]]] = {}


def _assigner(raw: str, d: Draft, place: str) -> tuple[str | None, str | None]:
    before = len(d.said)
    system, name = _read_assigner(raw, d, place)
    if len(d.said) == before:
        if len(_ASSIGNERS) >= REMEMBERED:
            _ASSIGNERS.clear()
        _ASSIGNERS[raw, d.scope] = (system, name, {"display": name} if name else None)
    return system, name


@lru_cache(maxsize=256)
def _type(code: str) -> Json:
    """Identifier.type; nobody changes it."""
    return {"coding": [{"system": V2_0203, "code": code}]}


def _read_assigner(raw: str, d: Draft, place: str) -> tuple[str | None, str | None]:
    if d.s not in raw:
        name = d.text(raw)
        return (f"{d.base}/assigner/{url_part(name)}", name) if name else (None, None)
    parts = raw.split(d.s)
    name, universal = d.text(parts[0]), d.text(parts[1])
    kind = (d.text(parts[2]) or "").upper() if len(parts) > 2 else ""
    if kind not in _UNIVERSAL or (kind and not universal) or any(parts[3:]):
        d.left(place)
    if universal:
        if universal in _OIDS:
            return _OIDS[universal], name
        if kind == "ISO" or (not kind and OID.match(universal)):
            if OID.match(universal):
                return f"urn:oid:{universal}", name
        elif kind == "UUID" and _UUID.match(universal):
            return f"urn:uuid:{universal.lower()}", name
        elif URI.match(universal):
            return universal, name
        return f"{d.base}/assigner/{url_part(universal)}", name or universal
    return (f"{d.base}/assigner/{url_part(name)}", name) if name else (None, None)


def cx_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """CX[Identifier] (2.A.14). The number's check digit, its departments and jurisdictions have no place."""
    parts = raw.split(d.c)
    value: str | None = parts[0]
    if not parts[0].isalnum():
        value = d.first(parts[0], f"{place}.1")
    if value is None:
        d.rest(parts, place, 2)
        return None
    count = len(parts)
    made: Json = {}
    code = d.first(parts[4]) if count > 4 else None
    if code:
        made["type"] = _type(code)
    system: str | None = None
    name: str | None = None
    shown: Json | None = None
    if count > 3 and parts[3]:
        known = _ASSIGNERS.get((parts[3], d.scope))
        if known is not None:
            system, name, shown = known
        else:
            system, name = _assigner(parts[3], d, f"{place}.4")
    if code == "SS" and (system is None or name):
        system = SSN if system is None or name in ("SSA", "USSSA", "SSN", "USA") else system
    elif code == "NPI":
        system = NPI
    if system:
        made["system"] = system
    made["value"] = value
    if count > 6 and (span := period(d, place, parts[6], parts[7] if count > 7 else "")):
        made["period"] = span
    if name:
        made["assigner"] = shown or {"display": name}
    elif count > 5 and parts[5]:
        facility = assigner(parts[5], d, f"{place}.6")[1]
        if facility:
            made["assigner"] = {"display": facility}
    if count > 1 and (parts[1] or (count > 2 and parts[2])):
        d.rest(parts, place, 2, 3)
    if count > 5:
        if name and parts[5]:
            d.left(f"{place}.6")
        if count > 8:
            d.rest(parts, place, 9)
    return made


def request_id(identifiers: list[Json], d: Draft) -> tuple[str | None, Json | None]:
    """The id of a ServiceRequest by its number, None where it has none; and its identifier that says whose it is."""
    for one in identifiers:
        if "system" in one:
            return d.ids.of("service-request", one["system"], one["value"]), one
    return d.ids.of("service-request", d.custody, identifiers[0]["value"]) if identifiers else None, None


def ei_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """EI[Identifier] (2.A.28): the value, its namespace or universal id as system."""
    parts = raw.split(d.c)
    value = d.first(parts[0], f"{place}.1")
    if value is None:
        d.rest(parts, place, 2)
        return None
    system, name = assigner(d.s.join(parts[1:4]), d, f"{place}.4") if len(parts) > 1 else (None, None)
    made: Json = {"system": system, "value": value} if system else {"value": value}
    if name:
        made["assigner"] = {"display": name}
    if len(parts) > 4:
        d.rest(parts, place, 5)
    return made


def eip_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """EIP[Identifier-PlacerAssignedIdentifier] (2.A.29): the placer's; the filler's when there is no other."""
    parts = raw.split(d.c)
    if len(parts) > 2 and d.s not in raw:
        return ei_identifier(raw, d, place)  # an EI, as up to 2.4
    d.rest(parts, place, 3)
    if len(parts) > 1 and parts[0] and parts[1]:
        d.left(f"{place}.2")
    given = parts[0] or (parts[1] if len(parts) > 1 else "")
    return ei_identifier(given.replace(d.s, d.c), d, place)


def st_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """ST[Identifier]: a value alone."""
    value = d.text(raw)
    return {"value": value} if value else None


def ssn_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """PID-19: a number that the standard calls the SSN, with its system."""
    value = d.text(raw)
    if not value:
        return None
    return {"type": {"coding": [{"system": V2_0203, "code": "SS"}]}, "system": SSN, "value": value}


def dln_identifier(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """DLN[Identifier] (2.A.20): the number, the issuing state's or province's own system, the expiry."""
    parts = raw.split(d.c)
    value = d.text(parts[0])
    if value is None:
        d.rest(parts, place, 2)
        return None
    made: Json = {"type": {"coding": [{"system": V2_0203, "code": "DL"}]}}
    if len(parts) > 1 and (issuer := d.text(parts[1])):
        made["system"] = f"{d.base}/assigner/{url_part(issuer)}"
        made["value"] = value
        made["assigner"] = {"display": issuer}
    else:
        made["value"] = value
    if len(parts) > 2 and (end := d.time(parts[2], place)):
        made["period"] = {"end": end}
    d.rest(parts, place, 4)
    return made
