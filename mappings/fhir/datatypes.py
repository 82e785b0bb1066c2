"""Data types that a source's values become: HumanName, ContactPoint, Address, Period, extensions.

Each gives None or an empty list where there is nothing to say; no element is ever empty.
"""

from __future__ import annotations

from typing import Any

from mappings.fhir.draft import Draft, Json, clean
from mappings.fhir.systems import DATA_ABSENT, EXTENSION, GEOLOCATION, UCUM
from mappings.incident import DateTime, Name, Place, Telecom
from mappings.times import earlier


def extension(name: str, kind: str, value: Any) -> Json:
    """One extension of ours: `extension("police-beat", "String", "4")` has `valueString`."""
    return {"url": EXTENSION + name, "value" + kind: value}


def human_name(name: Name) -> Json | None:
    """A HumanName of what is known of a name."""
    made: Json = {}
    if name.use:
        made["use"] = name.use
    if text := clean(name.text):
        made["text"] = text
    if family := clean(name.family):
        made["family"] = family
    if given := [part for part in map(clean, name.given) if part]:
        made["given"] = given
    return made if made and list(made) != ["use"] else None


def unknown() -> Json:
    """What stands in place of a required value that the source does not give (US Core, missing data)."""
    return {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}


def human_names(names: tuple[Name, ...]) -> list[Json]:
    """A HumanName for each that says anything. One that is text alone says that its family name is not known apart."""
    found = [made for made in map(human_name, names) if made is not None]
    for made in found:
        if "family" not in made and "given" not in made:  # us-core-6
            made["_family"] = unknown()
    return found


def contact_points(telecoms: tuple[Telecom, ...]) -> list[Json]:
    """ContactPoints. A fax or a number of unknown sort stays `other` (cpt-2 wants a system with each value)."""
    found = []
    for telecom in telecoms:
        if value := clean(telecom.value):
            made = {"system": telecom.system, "value": value}
            if telecom.use:
                made["use"] = telecom.use
            found.append(made)
    return found


def address(place: Place, *, position: bool = False) -> Json | None:
    """An Address with what the source gave. `position` puts coordinates in it (geolocation extension)."""
    made: Json = {}
    beat, cross = clean(place.beat), clean(place.cross_street)
    position = position and place.latitude is not None and place.longitude is not None
    if beat or cross or position:
        extensions: list[Json] = []
        if beat:
            extensions.append(extension("police-beat", "String", beat))
        if cross:
            extensions.append(extension("cross-street", "String", cross))
        if position:
            sides = (("latitude", place.latitude), ("longitude", place.longitude))
            extensions.append(
                {"url": GEOLOCATION, "extension": [{"url": side, "valueDecimal": value} for side, value in sides]}
            )
        made["extension"] = extensions
    if place.text and (text := clean(place.text)):
        made["text"] = text
    if place.line and (line := clean(place.line)):
        made["line"] = [line]
    if place.city and (city := clean(place.city)):
        made["city"] = city
    if place.district and (district := clean(place.district)):
        made["district"] = district
    if place.state and (state := clean(place.state)):
        made["state"] = state
    if place.postal_code and (postal := clean(place.postal_code)):
        made["postalCode"] = postal
    if place.country and (country := clean(place.country)):
        made["country"] = country
    return made or None


def period(draft: Draft, start: DateTime | None, end: DateTime | None, path: str) -> Json | None:
    """A Period; one that ends before it starts (per-1) keeps its start alone, with an issue at `path`.

    Where one of the two is a time and the other its day, both are the day: of a day and a time in it FHIRPath cannot
    tell the order, and per-1 asks for it.
    """
    if start is None:
        return None if end is None else {"end": end}
    if end is None:
        return {"start": start}
    # With the same offset (or both dates) the order of the texts is the order of the times.
    if end < start if len(start) == len(end) and start[19:] == end[19:] else earlier(end, start):
        draft.issue("translate.period-without-end", path)
        return {"start": start}
    shared = min(len(start), len(end))
    if shared <= 10 and start[:shared] == end[:shared]:
        return {"start": start[:shared], "end": end[:shared]}
    return {"start": start, "end": end}


def age_years(years: int) -> Json:
    """An Age in years. An infant is under one: age-1 has no zero, and wants UCUM."""
    under_one: Json = {"comparator": "<"} if years < 1 else {}
    return {"value": max(years, 1), **under_one, "unit": "years", "system": UCUM, "code": "a"}


def metres(value: float) -> Json:
    """A Quantity in metres."""
    return {"value": value, "unit": "m", "system": UCUM, "code": "m"}
