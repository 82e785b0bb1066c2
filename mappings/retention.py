"""Places that their maker no longer allows to be kept are not translated (RFC 4119, section 2.2.2, retention-expiry).

What was translated or received before that time is not looked for here: raw bytes and resources that a hub holds are
under its own retention.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from mappings.incident import Gated, Incident, Place
from mappings.source_paths import source_path
from mappings.times import earlier, instant

#: The rule by which a place is left out.
RETENTION_EXPIRED = "translate.retention-expired"


def without_expired(incident: Incident, now: datetime) -> tuple[Incident, tuple[Gated, ...]]:
    """`incident` without the places whose `keep_until` is before `now`, and where they were.

    Looks at the incident's place, its units' destinations, its contacts' places, and its persons' and organizations'
    addresses. A date has passed when its day has. Raises ValueError for a `now` without zone.
    """
    if not _any_until(incident):
        return incident, ()
    changed: dict[str, Any] = {}
    gone: list[str] = []
    if incident.place is not None and _expired(incident.place, now):
        gone.append("place")
        # The beat is the incident's, not the place's.
        changed["place"] = Place(beat=incident.place.beat) if incident.place.beat is not None else None
    for many, name in (("units", "destination"), ("contacts", "place"), ("organizations", "address")):
        records = getattr(incident, many)
        kept = None
        for n, one in enumerate(records):
            place = getattr(one, name)
            if place is not None and _expired(place, now):
                gone.append(f"{many}[{n}].{name}")
                kept = kept or list(records)
                kept[n] = replace(one, **{name: None})
        if kept is not None:
            changed[many] = tuple(kept)
    persons = None
    for n, person in enumerate(incident.persons):
        left = [place for place in person.addresses if not _expired(place, now)] if person.addresses else []
        if len(left) < len(person.addresses):
            gone += [f"persons[{n}].addresses[{m}]" for m, p in enumerate(person.addresses) if _expired(p, now)]
            persons = persons or list(incident.persons)
            persons[n] = replace(person, addresses=tuple(left))
    if persons is not None:
        changed["persons"] = tuple(persons)
    if not gone:
        return incident, ()
    paths = incident.reading.paths
    return replace(incident, **changed), tuple(
        Gated(path=source_path(paths, path), rule=RETENTION_EXPIRED) for path in gone
    )


def _any_until(incident: Incident) -> bool:
    """Whether any place has an end: most records have none, and are not looked at twice."""
    place = incident.place
    if place is not None and place.keep_until is not None:
        return True
    for unit in incident.units:
        if unit.destination is not None and unit.destination.keep_until is not None:
            return True
    for contact in incident.contacts:
        if contact.place is not None and contact.place.keep_until is not None:
            return True
    for organization in incident.organizations:
        if organization.address is not None and organization.address.keep_until is not None:
            return True
    for person in incident.persons:
        for place in person.addresses:
            if place.keep_until is not None:
                return True
    return False


def _expired(place: Place, now: datetime) -> bool:
    until = place.keep_until
    return until is not None and earlier(until, instant(now))
