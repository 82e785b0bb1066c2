"""Which location of an EIDO document is the scene, and what it says.

The scene is the location typed `CurrentIncident`, else `InitialIncident`. A `RoutingLocation` or a `TowerLocation`
says where a call was routed or which antenna took it, and a `Caller` location where the caller is: none of them is
ever the scene. A place given only by URL is not fetched.
"""

from __future__ import annotations

from mappings.cad.components import Component
from mappings.cad.pidf_lo import pidf_fields
from mappings.cad.references import Document
from mappings.cad.registries import LOCATION_TYPE
from mappings.cad.rules import BY_REFERENCE, SEVERAL_PLACES
from mappings.incident import DateTime, Place
from mappings.times import earlier


def check_types(document: Document) -> None:
    """Check the type of each location: a misspelt one may be why there is no scene. Before any of them is read."""
    for one in document.all("locationComponent", read=False):
        token = one.members.get("locationTypeDescriptionRegistryText")
        if type(token) is str:
            one.check((token,), "locationTypeDescriptionRegistryText", LOCATION_TYPE)


def scene(document: Document, referred: list[Component]) -> Component | None:
    """The location of the incident among those it refers to, else among all that the document lists."""
    for locations in (referred, document.all("locationComponent", read=False)):
        current: list[Component] = []
        initial: list[Component] = []
        for one in locations:
            # Looked at, not taken: a location that is not the scene stays unused.
            kind = one.members.get("locationTypeDescriptionRegistryText")
            if kind == "CurrentIncident":
                current.append(one)
            elif kind == "InitialIncident":
                initial.append(one)
        if current or initial:
            return _latest(document, current or initial)
    return None


def _latest(document: Document, locations: list[Component]) -> Component:
    chosen = locations[0]
    if len(locations) > 1:
        document.found.issue(SEVERAL_PLACES, chosen.path)
        for one in locations[1:]:
            if one.updated and (chosen.updated is None or earlier(chosen.updated, one.updated)):
                chosen = one
    return chosen


def place_of(component: Component, beat: str | None = None) -> Place | None:
    """The place that a location component gives, in this beat; None when there is neither."""
    found = component.document.found
    component.read = True
    component.take("locationTypeDescriptionRegistryText")
    by_value = component.text("locationByValue")
    fields = pidf_fields(by_value, component.place("locationByValue"), found) if by_value is not None else None
    if by_value is None and "locationByReferenceUrl" in component.members:
        found.issue(BY_REFERENCE, component.place("locationByReferenceUrl"))
    description = component.text("locationDescriptionText")
    crossing: list[str] = []
    untils: list[DateTime] = []
    for name in ("intersectingStreetByValue", "crossStreetByValue"):
        if name not in component.members:
            continue
        for index, xml in enumerate(component.texts(name)):
            street = pidf_fields(xml, f"{component.place(name)}[{index}]", found)
            if street is None:
                continue
            # The street of a cross street: without number and town.
            if said := street["line"] or street["text"]:
                crossing.append(said)
            # What one part may be kept until, the whole may: a place is one record.
            untils += [street["keep_until"]] if "keep_until" in street else []
    if fields is None:
        if description is None and not crossing and beat is None:
            return None
        fields = {}
    for until in untils:
        if "keep_until" not in fields or earlier(until, fields["keep_until"]):
            fields["keep_until"] = until
    if description is not None:
        text = fields.get("text")
        fields["text"] = f"{text}; {description}" if text else description
    if crossing:
        fields["cross_street"] = " / ".join(dict.fromkeys(crossing)) or None
    return Place(**fields, beat=beat)
