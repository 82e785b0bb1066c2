"""XPN[HumanName], XAD[Address], XTN[ContactPoint]: what a person is called, where they live, how to reach them.

A type or use that FHIR has no word for is named in the account.
"""

from __future__ import annotations

from typing import Final

from mappings.hl7v2.feed.coded import Vocabulary
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.values import period

NAME_USE: Final = {
    "L": "official",
    "R": "official",
    "D": "usual",
    "N": "nickname",
    "M": "maiden",
    "S": "anonymous",
    "MSK": "anonymous",
    "BAD": "old",
    "NAV": "temp",
    "TEMP": "temp",
}


def xpn_name(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """XPN[HumanName] (2.A.88). A name type of table 0200 that FHIR has no use for leaves the name without use."""
    parts = raw.split(d.c)
    count = len(parts)
    made: Json = {}
    if count > 6 and (kind := parts[6]):
        use = NAME_USE.get(kind)
        if use:
            made["use"] = use
        else:
            d.left(f"{place}.7")
    family: str | None = parts[0]
    if family and not family.isalnum():
        family = d.first(family)
        if family and d.s in parts[0] and any(parts[0].split(d.s)[1:]):
            d.left(f"{place}.1")
    if family:
        made["family"] = family
    if count > 1:
        one: str | None = parts[1]
        if one and not one.isalnum():
            one = d.text(one)
        two: str | None = parts[2] if count > 2 else None
        if two and not two.isalnum():
            two = d.text(two)
        if one:
            made["given"] = [one, two] if two else [one]
        elif two:
            made["given"] = [two]
    if count > 7 or any(parts[3:6]):
        prefix = d.text(parts[4]) if count > 4 else None
        if prefix:
            made["prefix"] = [prefix]
        suffix = [word for at in (3, 5, 13) if count > at and parts[at] and (word := d.text(parts[at]))]
        if suffix:
            made["suffix"] = suffix
        if count > 7:
            if count > 11 and (parts[11] or (count > 12 and parts[12])):
                span = period(d, place, parts[11], parts[12] if count > 12 else "")
                if span:
                    made["period"] = span
            d.rest(parts, place, 8, 11)
            d.rest(parts, place, 15)
    return made if len(made) > 1 or (made and "use" not in made) else None


_ADDRESS_USE: Final = {
    "H": "home",
    "B": "work",
    "O": "work",
    "C": "temp",
    "BI": "billing",
    "BA": "old",
    "V": "temp",
}


_ADDRESS_TYPE: Final = {"M": "postal", "SH": "postal"}


_ADDRESS_PARTS_USUAL: Final = ((2, "city"), (3, "state"), (4, "postalCode"), (5, "country"))
_ADDRESS_PARTS: Final = ((2, "city"), (8, "district"), *_ADDRESS_PARTS_USUAL[1:])


def xad_address(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """XAD[Address] (2.A.86). A type of table 0190 that FHIR has no word for is named in the account."""
    parts = raw.split(d.c)
    count = len(parts)
    made: Json = {}
    if count > 6 and (kind := parts[6]):
        if kind in _ADDRESS_USE:
            made["use"] = _ADDRESS_USE[kind]
        elif kind in _ADDRESS_TYPE:
            made["type"] = _ADDRESS_TYPE[kind]
        else:
            d.left(f"{place}.7")
    lines: list[str] = []
    if parts[0] and d.s not in parts[0]:
        if street := d.text(parts[0]):
            lines.append(street)
    elif parts[0]:
        # SAD: the street as one, or its name and number.
        whole = parts[0].split(d.s)
        street = d.text(whole[0])
        name = d.text(whole[1]) if len(whole) > 1 else None
        number = d.text(whole[2]) if len(whole) > 2 else None
        if street:
            lines.append(street)
            if name or number:
                d.left(f"{place}.1")
        elif name or number:
            lines.append(" ".join(word for word in (number, name) if word))
    if count > 1 and parts[1] and (line := d.first(parts[1], f"{place}.2")):
        lines.append(line)
    if count > 18 and parts[18] and (line := d.first(parts[18], f"{place}.19")):
        lines.append(line)
    if lines:
        made["line"] = lines
    for at, element in _ADDRESS_PARTS if count > 8 else _ADDRESS_PARTS_USUAL:
        if count > at and (part := parts[at]):
            word = part if part.isalnum() else d.first(part, f"{place}.{at + 1}")
            if word:
                made[element] = word
    if count > 7:
        d.rest(parts, place, 8, 8)
        if count > 12 and (span := period(d, place, parts[12], parts[13] if count > 13 else "")):
            made["period"] = span
        d.rest(parts, place, 10, 12)
        if count > 14:
            d.rest(parts, place, 15, 18)
            d.rest(parts, place, 20)
    return made if len(made) > 2 or made.keys() - {"use", "type"} else None


_PHONE_USE: Final = {"PRN": "home", "WPN": "work", "PRS": "mobile"}


_PHONE_SYSTEM: Final = {
    "PH": "phone",
    "FX": "fax",
    "BP": "pager",
    "CP": "phone",
    "MD": "other",
    "SAT": "phone",
    "TDD": "other",
    "TTY": "other",
    "Internet": "email",
    "X.400": "email",
}


def xtn_contact(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """XTN[ContactPoint] (2.A.89): the number as its sender wrote it (XTN.12, XTN.1), else put together from its parts.

    A number whose equipment is not said is a telephone's where it stands in a telephone field; FHIR needs a system.
    """
    parts = raw.split(d.c)
    count = len(parts)
    use = parts[1] if count > 1 else ""
    kind = parts[2] if count > 2 else ""
    mail = d.text(parts[3]) if count > 3 and parts[3] else None
    system = _PHONE_SYSTEM.get(kind)
    number = d.text(parts[11]) if count > 11 and parts[11] else None
    if number is None and count > 6 and parts[6]:
        country: str | None = parts[4]
        area: str | None = parts[5]
        number = parts[6]
        if not (parts[4] + parts[5] + number).isalnum():
            country, area, number = d.text(parts[4]), d.text(parts[5]), d.text(number)
        if area:
            number = f"{area} {number}" if number else area
        if country:
            number = f"+{country} {number}" if number else f"+{country}"
        if count > 7 and (extension := d.text(parts[7])):
            number = f"{number} X{extension}" if number else f"X{extension}"
    if number is None and parts[0]:
        number = d.text(parts[0])
    if mail is not None and (system == "email" or number is None or use == "NET"):
        value, system = mail, "email"
        if number is not None and number != mail:
            d.left(f"{place}.1")
    else:
        value = number or ""
        if mail is not None:
            d.left(f"{place}.4")
    if not value:
        d.rest(parts, place, 1)
        return None
    made: Json = {"system": system or "phone", "value": value}
    if kind == "CP" or use == "PRS":
        made["use"] = "mobile"
    elif use in _PHONE_USE:
        made["use"] = _PHONE_USE[use]
    elif use and use != "NET":
        d.left(f"{place}.2")
    if kind and kind not in _PHONE_SYSTEM:
        d.left(f"{place}.3")
    if count > 8:
        if parts[8]:
            d.left(f"{place}.9")
        d.rest(parts, place, 10, 11)
        if count > 12:
            span = period(d, place, parts[12], parts[13] if count > 13 else "")
            if span:
                made["period"] = span
            d.rest(parts, place, 15)
    return made
