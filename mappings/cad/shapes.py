"""Geodetic shapes of a PIDF-LO as a center and an uncertainty: all that RFC 5491 has (section 5.2).

A record's place is a point with a radius in metres. A Point has no radius, a Circle and a Sphere have theirs; of every
other shape the circle around it is given, never a smaller one: what is within the shape is within the circle. A
polygon's circle stands on the middle of the box around its corners, an arc band's on its middle line. Heights are
left out: of a shape with a height its outline on the ground is meant.

Only WGS 84 (EPSG 4326 and 4979), latitude first, metres and degrees, as RFC 5491 requires. Distances are those on a
sphere of the earth's mean radius, widened by half a percent, which is more than a sphere can be wrong by.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element

from mappings.cad.rules import AS_CIRCLE, BAD_POSITION, BAD_RADIUS, BAD_SHAPE, OTHER_CRS
from mappings.found import Found

_GML: Final = "{http://www.opengis.net/gml}"
_SHAPES: Final = "{http://www.opengis.net/pidflo/1.0}"

_POS: Final = f"{_GML}pos"
_POS_LIST: Final = f"{_GML}posList"
_RADIUS: Final = f"{_SHAPES}radius"
_POLYGON: Final = f"{_GML}Polygon"

#: Shapes that are a position with or without a radius, and those that become the circle around them.
ROUND: Final = frozenset({f"{_GML}Point", f"{_SHAPES}Circle", f"{_SHAPES}Sphere"})
OTHERS: Final = frozenset(f"{_SHAPES}{name}" for name in ("Ellipse", "ArcBand", "Ellipsoid", "Prism")) | {_POLYGON}

# 4326 is two-dimensional WGS 84, 4979 has the height too; both are latitude first (RFC 5491, section 4).
_WGS_84 = re.compile(r"(?:.*[:#/])?(?:4326|4979)\Z")

_EARTH_M: Final = 6_371_008.8
_WIDER: Final = 1.005
_CORNERS: Final = 10_000

#: Latitude and longitude in degrees.
Position: TypeAlias = tuple[float, float]


def center(shape: Element, path: str, found: Found) -> tuple[Position | None, float | None]:
    """The center of a shape in degrees and its uncertainty in metres; what cannot be read is None, with an issue."""
    if not is_wgs_84(shape):
        found.issue(OTHER_CRS, path)
        return None, None
    if shape.tag in ROUND:
        position = _position(shape, path, found)
        return position, None if position is None else _radius(shape, path, found)
    if shape.tag == _POLYGON or shape.tag == f"{_SHAPES}Prism":
        circle = _around(_corners(shape))
    else:
        position = _position(shape, path, found)
        if position is None:
            return None, None
        circle = _arc_band(shape, position) if shape.tag.endswith("ArcBand") else _ellipse(shape, position)
        if circle is None:
            # The position of these is a center, or the point that a band is drawn around: said with no radius, it
            # would look exact.
            found.issue(BAD_SHAPE, path)
            return None, None
    if circle is None:
        found.issue(BAD_POSITION, path)
        return None, None
    found.issue(AS_CIRCLE, path)
    return circle


def is_wgs_84(shape: Element) -> bool:
    """Whether a shape, and each position in it, is in WGS 84. RFC 5491 requires srsName; without one it is."""
    systems = [element.get("srsName") for element in (shape, *shape.iter(_POS), *shape.iter(_POS_LIST))]
    return all(system is None or _WGS_84.match(system) is not None for system in systems)


def is_metres(measure: Element) -> bool:
    """Whether a measure is in metres (EPSG 9001), the only unit of length that RFC 5491 allows."""
    return (measure.get("uom") or "9001").endswith("9001")


def is_on_earth(numbers: list[float]) -> bool:
    """Whether a latitude and a longitude exist."""
    return abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180


def numbers_of(texts: Iterable[str]) -> list[float] | None:
    """Finite numbers, or None."""
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _position(shape: Element, path: str, found: Found) -> Position | None:
    pos = shape.find(_POS)
    numbers = numbers_of((pos.text or "").split()) if pos is not None else None
    if numbers is None or len(numbers) not in (2, 3) or not is_on_earth(numbers):
        found.issue(BAD_POSITION, path)
        return None
    if len(numbers) == 3:
        found.unused.append(f"{path}.height")
    return numbers[0], numbers[1]


def _radius(shape: Element, path: str, found: Found) -> float | None:
    element = shape.find(_RADIUS)
    if element is None:
        return None
    metres = _measure(shape, "radius")
    if metres is None:
        found.issue(BAD_RADIUS, path)
    return metres


def _measure(shape: Element, name: str) -> float | None:
    """A length in metres, or an angle in degrees (EPSG 9102); None for anything else, and for a length below zero."""
    element = shape.find(f"{_SHAPES}{name}")
    if element is None:
        return None
    numbers = numbers_of([element.text or ""])
    if name.endswith("Angle"):
        return numbers[0] if numbers and (element.get("uom") or "9102").endswith("9102") else None
    return numbers[0] if numbers and is_metres(element) and numbers[0] >= 0 else None


def _corners(shape: Element) -> list[Position] | None:
    """The corners of the outer ring. A position may have a height, which is left out."""
    exterior = next(shape.iter(f"{_GML}exterior"), None)
    if exterior is None:
        return None
    found: list[Position] = []
    for element in exterior.iter(_POS):
        numbers = numbers_of((element.text or "").split())
        if numbers is None or len(numbers) not in (2, 3) or not is_on_earth(numbers):
            return None
        found.append((numbers[0], numbers[1]))
    for element in exterior.iter(_POS_LIST):
        numbers = numbers_of((element.text or "").split())
        size = 3 if element.get("srsDimension") == "3" else 2
        if numbers is None or not numbers or len(numbers) % size:
            return None
        pairs = [(numbers[n], numbers[n + 1]) for n in range(0, len(numbers), size)]
        if not all(is_on_earth(list(pair)) for pair in pairs):
            return None
        found += pairs
    return found if 3 <= len(found) <= _CORNERS else None


def _around(corners: list[Position] | None) -> tuple[Position, float] | None:
    """The circle around these corners, on the middle of the box that bounds them."""
    if corners is None:
        return None
    # Longitudes are counted from the first corner, so that a shape across the 180th meridian is one piece.
    first = corners[0][1]
    offsets = [_turned(longitude - first) for _, longitude in corners]
    latitudes = [latitude for latitude, _ in corners]
    middle = (
        (min(latitudes) + max(latitudes)) / 2,
        _turned(first + (min(offsets) + max(offsets)) / 2),
    )
    return _rounded(middle, max(_metres(middle, corner) for corner in corners))


def _ellipse(shape: Element, position: Position) -> tuple[Position, float] | None:
    """An ellipse's or ellipsoid's circle: its half major axis. Which half is the longer the sender may have wrong."""
    axes = [_measure(shape, name) for name in ("semiMajorAxis", "semiMinorAxis")]
    if axes[0] is None or axes[1] is None:
        return None
    return position, max(axes[0], axes[1])


def _arc_band(shape: Element, position: Position) -> tuple[Position, float] | None:
    """The circle around an arc band: a part of the ring around `position`, from an angle (from north, clockwise)."""
    inner, outer = _measure(shape, "innerRadius"), _measure(shape, "outerRadius")
    start, opening = _measure(shape, "startAngle"), _measure(shape, "openingAngle")
    if inner is None or outer is None or start is None or opening is None or inner > outer or not 0 < opening <= 360:
        return None
    if opening >= 180 or outer > 100_000:
        return position, outer
    half = math.radians(opening / 2)
    # Along its middle line the band goes from the nearer end of the inner arc's corners to the middle of the outer
    # arc; the circle stands half way, and reaches the farthest of what bounds the band.
    at = (inner * math.cos(half) + outer) / 2
    turn = start + opening / 2
    middle = _moved(position, at, turn)
    ends = [_moved(position, metres, turn + side * opening / 2) for metres in (inner, outer) for side in (-1, 1)]
    reach = max(_metres(middle, corner) for corner in (*ends, _moved(position, outer, turn)))
    # The way from the position is on a sphere too: what that is wrong by counts from there.
    return _rounded(middle, reach + (_WIDER - 1) * outer)


def _moved(position: Position, metres: float, bearing: float) -> Position:
    """The point that far from a position along the great circle in that direction (degrees from north)."""
    latitude, longitude, turn = math.radians(position[0]), math.radians(position[1]), math.radians(bearing)
    angle = metres / _EARTH_M
    sine = math.sin(latitude) * math.cos(angle) + math.cos(latitude) * math.sin(angle) * math.cos(turn)
    to = math.asin(max(-1.0, min(1.0, sine)))
    around = math.atan2(
        math.sin(turn) * math.sin(angle) * math.cos(latitude), math.cos(angle) - math.sin(latitude) * math.sin(to)
    )
    return math.degrees(to), _turned(math.degrees(longitude + around))


def _rounded(middle: Position, metres: float) -> tuple[Position, float]:
    # Seven digits are a centimetre; the radius grows by what they leave out.
    return (round(middle[0], 7), round(middle[1], 7)), round(metres * _WIDER + 0.1, 1)


def _turned(longitude: float) -> float:
    return (longitude + 180) % 360 - 180


def _metres(a: Position, b: Position) -> float:
    """The great-circle distance (haversine)."""
    latitudes = math.radians(a[0]), math.radians(b[0])
    of_latitude = math.sin((latitudes[1] - latitudes[0]) / 2) ** 2
    of_longitude = math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    across = of_latitude + math.cos(latitudes[0]) * math.cos(latitudes[1]) * of_longitude
    return 2 * _EARTH_M * math.asin(math.sqrt(min(1.0, across)))
