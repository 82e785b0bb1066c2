"""Location: where it happened, as exactly as the source said and no more.

Coordinates are WGS 84 degrees (Location.position). A place of which nothing is known makes no Location. Its name is
what people call it, else its street address; a point or a beat alone has none, which is said, as US Core's Location
asks for a name; such a Location claims no profile.
"""

from __future__ import annotations

from mappings.fhir.datatypes import address, extension, metres, unknown
from mappings.fhir.draft import Draft, Json, ref
from mappings.fhir.profile import claim
from mappings.fhir.systems import SID_RESOURCE
from mappings.incident import Place


def location_reference(draft: Draft, place: Place | None, origin: str | None, path: str) -> Json | None:
    """A Reference to the Location of `place`, one for each place of the incident; None when it says nothing."""
    if place is None:
        return None
    for known, made in draft.places:
        if known is place or known == place:
            return {"reference": made}
    where = address(place)
    extensions = where.pop("extension", None) if where else None
    kind = draft.concept(place.kind, "place-kind", f"{path}.kind") if place.kind is not None else None
    latitude, longitude = place.latitude, place.longitude
    if (latitude is None) != (longitude is None):
        draft.issue("translate.incomplete-position", f"{path}.latitude")
    located = latitude is not None and longitude is not None
    if not where and not extensions and kind is None and not located:
        return None
    number = draft.id_of("location", f"{draft.key}|{path}", origin=origin)
    resource: Json = {
        "resourceType": "Location",
        "id": number,
        "identifier": [{"system": SID_RESOURCE, "value": number}],
        "mode": "instance",
    }
    if place.uncertainty_m is not None:
        extensions = [*(extensions or ()), extension("location-uncertainty", "Quantity", metres(place.uncertainty_m))]
    if extensions:
        resource["extension"] = extensions
    if kind is not None:
        resource["type"] = [kind]
    name = where.get("text") if where else None
    if name is None and where and "line" in where:
        name = where["line"][0]
    if name is not None:
        resource["meta"] = claim("coresponse-location")
        resource["name"] = name
    else:
        resource["_name"] = unknown()
    if where:
        resource["address"] = where
    if located:
        resource["position"] = {"longitude": longitude, "latitude": latitude}
    url = draft.add(resource, origin)
    draft.places.append((place, url))
    return ref(url)
