"""Places from PIDF-LO (RFC 4119, 5139, 5491): a civic address, a point, or a circle. XML with DTDs and entities off.

Honours `retransmission-allowed`: a place that says no is not carried at all (RFC 4119, section 2.2.2). Says that a
`retention-expiry` is there, but compares no times: there is no clock here. Polygons, ellipses and arc bands are not
carried, nor coordinates in another system than WGS 84.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import DefusedXMLParser

from mappings.cad.rules import BAD_PIDF, BAD_POSITION, BAD_RADIUS, EXPIRES, NO_PLACE, OTHER_CRS, OTHER_SHAPE
from mappings.found import Found
from mappings.incident import Place

_CIVIC = "{urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr}"
_GML = "{http://www.opengis.net/gml}"
_SHAPES = "{http://www.opengis.net/pidflo/1.0}"
_RULES = "{urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy}"
_PIDF = "{urn:ietf:params:xml:ns:pidf}"
_GEOPRIV = "{urn:ietf:params:xml:ns:pidf:geopriv10}"

# 4326 is two-dimensional WGS 84, 4979 has the height too; both are latitude first (RFC 5491, section 4).
_WGS_84 = re.compile(r"(?:.*[:#/])?(?:4326|4979)\Z")
_OTHER_SHAPES = frozenset(f"{_SHAPES}{name}" for name in ("Ellipse", "ArcBand", "Sphere", "Ellipsoid", "Prism")) | {
    f"{_GML}Polygon"
}

# RFC 5139 elements that make the line of a street address, in the order in which one is written.
_LINE = ("HNO", "HNS", "PRD", "PRM", "RD", "STS", "POD", "POM")
_WITHIN = (("BLD", ""), ("FLR", "floor "), ("UNIT", "unit "), ("ROOM", "room "))
_DIRECT = ("country", "A1", "A2", "A3", "PC")
_TEXT = ("NAM", "LMK", "LOC")
_MAPPED = frozenset((*_LINE, *(name for name, _ in _WITHIN), *_DIRECT, *_TEXT))

#: The rule by which a place is left out because its maker allows no retransmission.
NO_RETRANSMISSION = "pidf.retransmission-not-allowed"


def pidf_place(xml: str, path: str, found: Found) -> Place | None:
    """The place that a PIDF-LO document gives, or None, with an issue, when it gives none."""
    try:
        parser = DefusedXMLParser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
        parser.feed(xml)
        root: Element = parser.close()
    except (ParseError, ValueError):  # defusedxml's refusals are ValueErrors
        found.issue(BAD_PIDF, path)
        return None
    civic: dict[str, str] = {}
    position: tuple[float, float] | None = None
    radius: float | None = None
    for element in root.iter():
        tag = element.tag
        if type(tag) is not str:
            continue
        if tag.startswith(_CIVIC):
            _civic(tag[len(_CIVIC) :], element, civic, path, found)
        elif tag in (f"{_GML}Point", f"{_SHAPES}Circle"):
            if position is None:
                position, radius = _position(element, path, found)
        elif tag in _OTHER_SHAPES:
            found.issue(OTHER_SHAPE, path)
        elif tag == f"{_RULES}retransmission-allowed" or tag == f"{_GEOPRIV}retransmission-allowed":
            if (element.text or "").strip().lower() in ("no", "false", "0"):
                found.drop(path, NO_RETRANSMISSION)
                return None
        elif tag in (f"{_RULES}retention-expiry", f"{_GEOPRIV}retention-expiry"):
            found.issue(EXPIRES, path)
        elif tag in (f"{_PIDF}note", f"{_RULES}note-well", f"{_GEOPRIV}method", f"{_GEOPRIV}provided-by"):
            found.unused.append(f"{path}.{tag.rpartition('}')[2]}")
    if not civic and position is None:
        found.issue(NO_PLACE, path)
        return None
    return _place(civic, position, radius)


def pidf_street(xml: str, path: str, found: Found) -> str | None:
    """The street of a place, for a cross street: its name, without number and town."""
    place = pidf_place(xml, path, found)
    if place is None:
        return None
    return place.line or place.text


def _civic(name: str, element: Element, civic: dict[str, str], path: str, found: Found) -> None:
    text = (element.text or "").strip()
    if not text:
        return
    if name in _MAPPED and name not in civic:
        civic[name] = text
    else:
        found.unused.append(f"{path}.{name}" if name.isalnum() else f"{path}.*")


def _place(civic: dict[str, str], position: tuple[float, float] | None, radius: float | None) -> Place:
    parts = [civic[name] for name in _LINE if name in civic]
    if "HNS" in civic and "HNO" in civic:
        parts[:2] = [civic["HNO"] + civic["HNS"]]
    line = " ".join(parts)
    within = [word + civic[name] for name, word in _WITHIN if name in civic]
    return Place(
        text=", ".join(civic[name] for name in _TEXT if name in civic) or None,
        line=", ".join(filter(None, (line, *within))) or None,
        city=civic.get("A3"),
        district=civic.get("A2"),
        state=civic.get("A1"),
        postal_code=civic.get("PC"),
        country=civic.get("country"),
        latitude=position[0] if position else None,
        longitude=position[1] if position else None,
        uncertainty_m=radius,
    )


def _position(shape: Element, path: str, found: Found) -> tuple[tuple[float, float] | None, float | None]:
    pos = shape.find(f".//{_GML}pos")
    system = shape.get("srsName") or (pos.get("srsName") if pos is not None else None)
    # RFC 5491 requires srsName; an absent one is read as its default for PIDF-LO, WGS 84.
    if system is not None and _WGS_84.match(system) is None:
        found.issue(OTHER_CRS, path)
        return None, None
    numbers = _numbers((pos.text or "").split()) if pos is not None else None
    if numbers is None or len(numbers) not in (2, 3) or not (abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180):
        found.issue(BAD_POSITION, path)
        return None, None
    if len(numbers) == 3:
        found.unused.append(f"{path}.height")
    return (numbers[0], numbers[1]), _radius(shape, path, found)


def _radius(shape: Element, path: str, found: Found) -> float | None:
    element = shape.find(f"{_SHAPES}radius")
    if element is None:
        return None
    # EPSG 9001 is the metre, the only unit that RFC 5491 allows here.
    numbers = _numbers([element.text or ""]) if (element.get("uom") or "9001").endswith("9001") else None
    if numbers and numbers[0] >= 0:
        return numbers[0]
    found.issue(BAD_RADIUS, path)
    return None


def _numbers(texts: Iterable[str]) -> list[float] | None:
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None
