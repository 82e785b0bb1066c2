"""Places from PIDF-LO (RFC 4119, 5139, 5491): a civic address, a point, or a circle. XML with DTDs and entities off.

Honours `retransmission-allowed`: a place that says no is not carried at all (RFC 4119, section 2.2.2). Says that a
`retention-expiry` is there, but compares no times: there is no clock here. Polygons, ellipses and arc bands are not
carried, nor coordinates in another system than WGS 84.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError, fromstring

from mappings.cad.rules import BAD_PIDF, BAD_POSITION, BAD_RADIUS, EXPIRES, NO_PLACE, OTHER_CRS, OTHER_SHAPE
from mappings.found import Found, under
from mappings.incident import Place

_CIVIC = "{urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr}"
_CIVIC_AT = len(_CIVIC)
_GML = "{http://www.opengis.net/gml}"
_SHAPES = "{http://www.opengis.net/pidflo/1.0}"
_RULES = "{urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy}"
_PIDF = "{urn:ietf:params:xml:ns:pidf}"
_GEOPRIV = "{urn:ietf:params:xml:ns:pidf:geopriv10}"

_POSITIONS = frozenset({f"{_GML}Point", f"{_SHAPES}Circle"})
_POS = f"{_GML}pos"
_RADIUS = f"{_SHAPES}radius"
_RETRANSMISSION = frozenset({f"{_RULES}retransmission-allowed", f"{_GEOPRIV}retransmission-allowed"})
_EXPIRY = frozenset({f"{_RULES}retention-expiry", f"{_GEOPRIV}retention-expiry"})
_NOT_CARRIED = frozenset({f"{_PIDF}note", f"{_RULES}note-well", f"{_GEOPRIV}method", f"{_GEOPRIV}provided-by"})

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
    # No DTD, no entities: with neither, the C parser reads nothing but this text (defusedxml refuses by the same
    # two, in Python, at five times the cost). A str cannot hide one in another encoding.
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        found.issue(BAD_PIDF, path)
        return None
    try:
        root = fromstring(xml)  # noqa: S314  see above
    except (ParseError, ValueError):
        found.issue(BAD_PIDF, path)
        return None
    civic: dict[str, str] = {}
    position: tuple[float, float] | None = None
    radius: float | None = None
    for element in root.iter():
        tag = element.tag
        if tag.startswith(_CIVIC):
            text = element.text
            if text is not None and not text.isspace():
                name = tag[_CIVIC_AT:]
                if name in _MAPPED and name not in civic:
                    civic[name] = text.strip()
                else:
                    found.unused.append(under(path, name))
        elif tag in _POSITIONS:
            if position is None:
                position, radius = _position(element, path, found)
        elif tag in _OTHER_SHAPES:
            found.issue(OTHER_SHAPE, path)
        elif tag in _RETRANSMISSION:
            if (element.text or "").strip().lower() in ("no", "false", "0"):
                found.drop(path, NO_RETRANSMISSION)
                return None
        elif tag in _EXPIRY:
            found.issue(EXPIRES, path)
        elif tag in _NOT_CARRIED:
            found.unused.append(under(path, tag.rpartition("}")[2]))
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


def _place(civic: dict[str, str], position: tuple[float, float] | None, radius: float | None) -> Place:
    get = civic.get
    line = " ".join([civic[name] for name in _LINE if name in civic])
    if "HNS" in civic and "HNO" in civic:
        line = line.replace(f"{civic['HNO']} {civic['HNS']}", civic["HNO"] + civic["HNS"], 1)
    for name, word in _WITHIN:
        if name in civic:
            line = f"{line}, {word}{civic[name]}" if line else word + civic[name]
    return Place(
        text=", ".join([civic[name] for name in _TEXT if name in civic]) or None,
        line=line or None,
        city=get("A3"),
        district=get("A2"),
        state=get("A1"),
        postal_code=get("PC"),
        country=get("country"),
        latitude=position[0] if position else None,
        longitude=position[1] if position else None,
        uncertainty_m=radius,
    )


def _position(shape: Element, path: str, found: Found) -> tuple[tuple[float, float] | None, float | None]:
    pos = shape.find(_POS)
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
    element = shape.find(_RADIUS)
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
