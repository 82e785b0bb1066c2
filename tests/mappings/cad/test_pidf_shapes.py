"""Geodetic shapes (RFC 5491, section 5.2) as a center and an uncertainty that covers all of the shape."""

from __future__ import annotations

import math
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.cad.shapes import Position, center
from mappings.found import Found

WGS_84 = "urn:ogc:def:crs:EPSG::4326"
METRE = "urn:ogc:def:uom:EPSG::9001"
DEGREE = "urn:ogc:def:uom:EPSG::9102"


def read(name: str, inside: str, crs: str = WGS_84) -> tuple[Position | None, float | None, list[str]]:
    found = Found()
    at, radius = center(
        fromstring(
            f'<{name} xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" '
            f'srsName="{crs}">{inside}</{name}>'
        ),
        "x",
        found,
    )
    return at, radius, [issue.rule for issue in found.issues]


def pos(text: str) -> str:
    return f"<gml:pos>{text}</gml:pos>"


def ring(*corners: Position) -> str:
    inside = "".join(pos(f"{latitude} {longitude}") for latitude, longitude in corners)
    return f"<gml:exterior><gml:LinearRing>{inside}</gml:LinearRing></gml:exterior>"


def measures(unit: str = METRE, **lengths: float) -> str:
    return "".join(
        f'<gs:{name} uom="{DEGREE if name.endswith("Angle") else unit}">{value}</gs:{name}>'
        for name, value in lengths.items()
    )


def distance(a: Position, b: Position) -> float:
    """By the law of cosines on unit vectors: another way than the code's."""

    def vector(p: Position) -> tuple[float, float, float]:
        latitude, longitude = map(math.radians, p)
        flat = math.cos(latitude)
        return flat * math.cos(longitude), flat * math.sin(longitude), math.sin(latitude)

    (ax, ay, az), (bx, by, bz) = vector(a), vector(b)
    cross = math.hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return 6_371_008.8 * math.atan2(cross, ax * bx + ay * by + az * bz)


def test_a_sphere_is_a_circle_and_its_height_is_unused() -> None:
    at, radius, rules = read("gs:Sphere", pos("39.5 -105.25 1600") + measures(radius=850.0), WGS_84[:-4] + "4979")
    assert (at, radius, rules) == ((39.5, -105.25), 850.0, [])


@pytest.mark.parametrize("name", ["gs:Ellipse", "gs:Ellipsoid"])
def test_an_ellipse_has_its_longer_half_axis(name: str) -> None:
    inside = pos("39.5 -105.25") + measures(semiMajorAxis=30.0, semiMinorAxis=20.0, orientation=10.0)
    assert read(name, inside) == ((39.5, -105.25), 30.0, ["pidf.shape-as-circle"])


def test_a_polygon_has_the_circle_around_its_corners() -> None:
    corners = [(39.5, -105.25), (39.5, -105.24), (39.51, -105.24), (39.51, -105.25), (39.5, -105.25)]
    at, radius, rules = read("gml:Polygon", ring(*corners))
    assert at == (39.505, -105.245) and rules == ["pidf.shape-as-circle"]
    assert radius is not None and all(distance(at, corner) <= radius for corner in corners)
    assert radius == pytest.approx(distance(at, corners[0]), rel=0.01)


def test_a_polygon_in_a_list_of_positions() -> None:
    flat = "<gml:exterior><gml:LinearRing><gml:posList>39.5 -105.25 39.5 -105.24 39.51 -105.24 39.5 -105.25"
    at, radius, _ = read("gml:Polygon", flat + "</gml:posList></gml:LinearRing></gml:exterior>")
    assert at == (39.505, -105.245) and radius is not None
    high = flat.replace("<gml:posList>", '<gml:posList srsDimension="3">').replace(" 39", " 7 39") + " 7"
    assert read("gml:Polygon", high + "</gml:posList></gml:LinearRing></gml:exterior>")[:2] == (at, radius)


def test_a_prism_is_its_base() -> None:
    base = f"<gs:base><gml:Polygon>{ring((39.5, -105.25), (39.5, -105.24), (39.51, -105.24))}</gml:Polygon></gs:base>"
    at, radius, _ = read("gs:Prism", base + '<gs:height uom="urn:ogc:def:uom:EPSG::9001">2.4</gs:height>')
    assert at == (39.505, -105.245) and radius is not None


def test_a_polygon_across_the_180th_meridian_is_one_piece() -> None:
    at, radius, _ = read("gml:Polygon", ring((51.0, 179.99), (51.0, -179.99), (51.01, -179.99), (51.01, 179.99)))
    assert at is not None and at[0] == pytest.approx(51.005) and abs(at[1]) == pytest.approx(180.0)
    assert radius is not None and radius < 1500


def band(inner: float, outer: float, start: float, opening: float) -> str:
    return pos("39.5 -105.25") + measures(innerRadius=inner, outerRadius=outer, startAngle=start, openingAngle=opening)


def test_an_arc_band_is_not_where_its_tower_stands() -> None:
    at, radius, rules = read("gs:ArcBand", band(1600, 2400, 60, 120))  # southeast to southwest, as the angles say
    assert at is not None and radius is not None and rules == ["pidf.shape-as-circle"]
    assert at[0] < 39.5 and radius < 2400
    assert read("gs:ArcBand", band(1600, 2400, 60, 200))[:2] == ((39.5, -105.25), 2400)


def end(start: Position, metres: float, bearing: float) -> Position:
    """The point that far along a great circle."""
    latitude, longitude, turn, angle = *map(math.radians, start), math.radians(bearing), metres / 6_371_008.8
    to = math.asin(math.sin(latitude) * math.cos(angle) + math.cos(latitude) * math.sin(angle) * math.cos(turn))
    around = math.atan2(
        math.sin(turn) * math.sin(angle) * math.cos(latitude), math.cos(angle) - math.sin(latitude) * math.sin(to)
    )
    return math.degrees(to), math.degrees(longitude + around)


@given(
    st.floats(0, 50_000),
    st.floats(1, 50_000),
    st.floats(0, 360),
    st.floats(0.1, 360),
    st.floats(0, 1),
    st.floats(0, 1),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_in_an_arc_band_is_in_its_circle(
    inner: float, width: float, start: float, opening: float, along: float, out: float
) -> None:
    at, radius, _ = read("gs:ArcBand", band(inner, inner + width, start, opening))
    assert at is not None and radius is not None
    inside = end((39.5, -105.25), inner + width * out, start + opening * along)
    assert distance(at, inside) <= radius + 1e-6


@given(st.lists(st.tuples(st.floats(-80, 80), st.floats(-180, 180)), min_size=3, max_size=12))
@settings(max_examples=200, deadline=None)
def test_every_corner_of_a_small_polygon_is_in_its_circle(corners: list[tuple[float, float]]) -> None:
    small = [(60 + latitude / 800, -150 + longitude / 900) for latitude, longitude in corners]
    at, radius, _ = read("gml:Polygon", ring(*small))
    assert at is not None and radius is not None
    assert all(distance(at, corner) <= radius for corner in small)


@pytest.mark.parametrize(
    ("name", "inside", "rule"),
    [
        ("gs:Ellipse", pos("39.5 -105.25") + measures(semiMajorAxis=30.0), "pidf.bad-shape"),
        ("gs:Ellipse", pos("39.5 -105.25") + measures("x:9002", semiMajorAxis=3, semiMinorAxis=2), "pidf.bad-shape"),
        ("gs:Ellipse", pos("139.5 -105.25") + measures(semiMajorAxis=3, semiMinorAxis=2), "pidf.bad-position"),
        ("gs:ArcBand", band(2400, 1600, 60, 120), "pidf.bad-shape"),
        ("gs:ArcBand", band(0, 1600, 60, 0), "pidf.bad-shape"),
        ("gs:ArcBand", band(0, 1600, 60, 361), "pidf.bad-shape"),
        ("gs:ArcBand", band(-1, 1600, 60, 90), "pidf.bad-shape"),
        ("gml:Polygon", "", "pidf.bad-position"),
        ("gml:Polygon", ring((39.5, -105.25), (39.5, -105.24)), "pidf.bad-position"),
        ("gml:Polygon", ring((39.5, -105.25), (99.5, -105.24), (39.6, -105.2)), "pidf.bad-position"),
        ("gs:Prism", ring((39.5, -105.25), (39.5, -105.24), (39.6, math.inf)), "pidf.bad-position"),
    ],
)
def test_what_gives_no_circle_gives_no_position(name: str, inside: str, rule: str) -> None:
    assert read(name, inside) == (None, None, [rule])


def test_another_system_anywhere_in_the_shape_is_not_carried() -> None:
    corners = ring((39.5, -105.25), (39.5, -105.24), (39.6, -105.2)).replace("<gml:pos>", '<gml:pos srsName="x:2232">')
    assert read("gml:Polygon", corners) == (None, None, ["pidf.other-crs"])


@given(st.text("0123456789 .-+eE", max_size=30), st.text("0123456789.-e", max_size=6), st.sampled_from(
    ["gs:Ellipse", "gs:ArcBand", "gml:Polygon", "gs:Prism", "gs:Circle", "gml:Point", "gs:Sphere", "gs:Ellipsoid"]
))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_any_numbers_are_read_or_said(numbers: str, length: str, name: str) -> None:
    names = ("radius", "semiMajorAxis", "semiMinorAxis", "innerRadius", "outerRadius", "startAngle", "openingAngle")
    inside = pos(numbers) + "".join(f"<gs:{one}>{length}</gs:{one}>" for one in names)
    at, radius, rules = read(name, inside + f"<gml:exterior>{pos(numbers) * 3}</gml:exterior>")
    assert at is not None or rules
    assert radius is None or (math.isfinite(radius) and radius >= 0)
