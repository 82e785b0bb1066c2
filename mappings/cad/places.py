"""Which location of an EIDO document is the scene, and what it says.

The scene is the location typed `CurrentIncident`, else `InitialIncident`. A `RoutingLocation` or a `TowerLocation`
says where a call was routed or which antenna took it, and a `Caller` location where the caller is: none of them is
ever the scene. A place given only by URL is not fetched.
"""

from __future__ import annotations

from mappings.cad.pidf_lo import pidf_fields, pidf_street
from mappings.cad.references import Component, Document
from mappings.cad.rules import BY_REFERENCE, SEVERAL_PLACES
from mappings.incident import Place
from mappings.times import earlier


def scene(document: Document, referred: list[Component]) -> Component | None:
    """The location of the incident among those it refers to, else among all that the document lists."""
    for locations in (referred, document.all("locationComponent", read=False)):
        for wanted in ("CurrentIncident", "InitialIncident"):
            # Looked at, not taken: a location that is not the scene stays unused.
            fitting = [one for one in locations if one.members.get("locationTypeDescriptionRegistryText") == wanted]
            if fitting:
                return _latest(document, fitting)
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
    crossing = [
        street
        for name in ("intersectingStreetByValue", "crossStreetByValue")
        if name in component.members
        for index, xml in enumerate(component.texts(name))
        if (street := pidf_street(xml, f"{component.place(name)}[{index}]", found)) is not None
    ]
    if fields is None:
        if description is None and not crossing and beat is None:
            return None
        fields = {}
    if description is not None:
        text = fields.get("text")
        fields["text"] = f"{text}; {description}" if text else description
    if crossing:
        fields["cross_street"] = " / ".join(dict.fromkeys(crossing)) or None
    return Place(**fields, beat=beat)
