"""PIDF-LO: what is a place, what is refused, what is not carried."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.cad import pidf_lo
from mappings.cad.pidf_lo import pidf_place
from mappings.found import Found
from mappings.incident import Place

CIVIC = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"
GEOPRIV = "urn:ietf:params:xml:ns:pidf:geopriv10"


def pidf(inside: str, rules: str = "") -> str:
    return (
        f'<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="{GEOPRIV}" xmlns:c="{CIVIC}" '
        f'xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"><tuple id="t"><status>'
        f"<gp:geopriv><gp:location-info>{inside}</gp:location-info><gp:usage-rules>{rules}</gp:usage-rules>"
        f"</gp:geopriv></status></tuple></presence>"
    )


def read(xml: str) -> tuple[Place | None, Found]:
    found = Found()
    return pidf_place(xml, "x", found), found


def civic(**parts: str) -> str:
    return (
        "<c:civicAddress>"
        + "".join(f"<c:{name}>{text}</c:{name}>" for name, text in parts.items())
        + "</c:civicAddress>"
    )


def point(pos: str, crs: str | None = "urn:ogc:def:crs:EPSG::4326") -> str:
    return (
        f'<gml:Point srsName="{crs}"><gml:pos>{pos}</gml:pos></gml:Point>'
        if crs
        else f"<gml:Point><gml:pos>{pos}</gml:pos></gml:Point>"
    )


def shape(name: str, inside: str = "") -> str:
    return f'<gs:{name} srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>39.5 -105.25</gml:pos>{inside}</gs:{name}>'


def radius(unit: str) -> str:
    return f'<gs:radius uom="urn:ogc:def:uom:EPSG::{unit}">30</gs:radius>'


@pytest.mark.parametrize(
    ("parts", "line", "text"),
    [
        ({"HNO": "12", "RD": "Elm", "STS": "St"}, "12 Elm St", None),
        ({"RD": "Elm", "HNO": "12", "HNS": "A", "PRD": "N", "POD": "W", "STS": "St"}, "12A N Elm St W", None),
        ({"RD": "Elm", "UNIT": "4", "FLR": "2", "BLD": "Annex"}, "Elm, Annex, floor 2, unit 4", None),
        ({"UNIT": "4"}, "unit 4", None),
        ({"NAM": "Library", "LMK": "Clock"}, None, "Library, Clock"),
    ],
)
def test_civic_lines(parts: dict[str, str], line: str | None, text: str | None) -> None:
    place, found = read(pidf(civic(**parts)))
    assert place is not None and (place.line, place.text) == (line, text)
    assert not found.issues and not found.unused


def test_civic_parts_and_what_is_not_carried() -> None:
    place, found = read(
        pidf(civic(country="US", A1="CO", A2="Alder", A3="Riverton", PC="80000", PCN="Riverton", A6="x"))
    )
    assert place == Place(country="US", state="CO", district="Alder", city="Riverton", postal_code="80000")
    assert found.unused == ["x.PCN", "x.A6"]


@pytest.mark.parametrize(
    ("inside", "latitude", "uncertainty", "rule"),
    [
        (point("39.5 -105.25"), 39.5, None, None),
        (point("39.5 -105.25 1600", "urn:ogc:def:crs:EPSG::4979"), 39.5, None, None),
        (point("39.5 -105.25", None), 39.5, None, None),
        (point("39.5 -105.25", "urn:ogc:def:crs:EPSG::2232"), None, None, "pidf.other-crs"),
        (point("139.5 -105.25"), None, None, "pidf.bad-position"),
        (point("39.5"), None, None, "pidf.bad-position"),
        (point("nan nan"), None, None, "pidf.bad-position"),
        (point("here there"), None, None, "pidf.bad-position"),
        (shape("Circle", radius("9001")), 39.5, 30.0, None),
        (shape("Circle", radius("9002")), 39.5, None, "pidf.bad-radius"),
        (shape("Ellipse"), None, None, "pidf.bad-shape"),
        (shape("Circle", radius("9001")) + point("39.6 -105.25"), 39.5, 30.0, "pidf.several-shapes"),
        ("", None, None, "pidf.no-place"),
    ],
)  # fmt: skip
def test_shapes(inside: str, latitude: float | None, uncertainty: float | None, rule: str | None) -> None:
    place, found = read(pidf(inside))
    assert (place.latitude if place else None) == latitude
    assert (place.uncertainty_m if place else None) == uncertainty
    assert (rule in {issue.rule for issue in found.issues}) if rule else not found.issues


@pytest.mark.parametrize("answer", ["no", "false", "NO", "0"])
def test_a_place_that_may_not_be_passed_on_is_not_carried(answer: str) -> None:
    rules = f"<gp:retransmission-allowed>{answer}</gp:retransmission-allowed>"
    place, found = read(pidf(civic(RD="Elm"), rules))
    assert place is None
    assert [(g.path, g.rule) for g in found.dropped] == [("x", "pidf.retransmission-not-allowed")]


def until(*times: str) -> str:
    return "".join(f"<gp:retention-expiry>{time}</gp:retention-expiry>" for time in times)


def test_retention_goes_along() -> None:
    place, found = read(pidf(civic(RD="Elm"), until("2026-01-15T00:00:00Z")))
    assert place is not None and place.keep_until == "2026-01-15T00:00:00Z"
    assert [issue.rule for issue in found.issues] == ["pidf.retention-expiry"]


def test_the_earliest_expiry_counts_and_an_unreadable_one_is_said() -> None:
    place, found = read(pidf(civic(RD="Elm"), until("2026-01-15T00:00:00Z", "soon", "2026-01-14T18:00:00-07:00")))
    assert place is not None and place.keep_until == "2026-01-15T00:00:00Z"
    assert ("read.bad-time", "x.retention-expiry") in [(issue.rule, issue.path) for issue in found.issues]


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "12 Elm Street",
        "<presence>",
        '<!DOCTYPE presence [<!ENTITY e SYSTEM "file:///etc/hostname">]><presence>&e;</presence>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
        '<!DOCTYPE x SYSTEM "http://x.example/x.dtd"><x/>',
        "<x>&undefined;</x>",
        '<?xml version="1.0" encoding="utf-16"?><x>\x00</x>',
        "<x>\ud800</x>",
    ],
)
def test_what_cannot_be_read_safely_is_an_issue(xml: str) -> None:
    place, found = read(xml)
    assert place is None and [issue.rule for issue in found.issues] == ["pidf.not-read"]


@given(st.text(max_size=80) | st.builds(pidf, st.text(max_size=60), st.text(max_size=20)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_said(xml: str) -> None:
    place, found = read(xml)
    assert place is not None or found.issues or found.dropped


# A text with known markup is read without the parser: it has to say what the parser says, whatever the text.

_BLOCK = pidf(
    civic(country="US", A1="CO", RD="Elm", HNO="12", UNIT="4", NAM="Inn", PCN="z") + shape("Circle", radius("9001")),
    "<gp:retransmission-allowed>yes</gp:retransmission-allowed><gp:retention-expiry>2026</gp:retention-expiry>",
)
_PIECES = st.sampled_from(
    [
        "<", ">", "/", "&", "&amp;", "&lt;", '"', "'", " ", "\n", "\x00", "\u00a0", "\ue000", "\ue0001", "\ud800",
        "\ufffe", "]]>", "<!-- x -->", "<!--", "-->", "<![CDATA[x]]>", "<?x y?>", "<!DOCTYPE x>", "no", "false", "0",
        "<c:RD>Oak</c:RD>", "<c:RD> Oak </c:RD>", "<c:RD/>", "</c:RD>", '<gml:Point srsName="x"><gml:pos>1 2</gml:pos>',
        "</gml:Point>", "<gs:Ellipse/>", "<gp:method>x</gp:method>", ' id="q"', ' entity="', " xmlns:c='urn:x'", "1 2",
        ' id="a" id="b"', "\u00e9", "Sm\u00f8rrebr\u00f8d", ">x</", ">\ue000</", "1e400", "-3", "1_0", "12 13 14",
    ]
)  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, len(_BLOCK)), st.integers(0, 4), _PIECES | st.text(max_size=3)), max_size=4),
)
@settings(max_examples=600, deadline=None)
def test_known_markup_is_read_as_the_parser_reads_it(edits: list[tuple[int, int, str]]) -> None:
    xml = _BLOCK
    for at, gone, put in edits:
        xml = xml[:at] + put + xml[at + gone :]
    by_form, by_parser = Found(), Found()
    fields = pidf_lo.pidf_fields(xml, "x", by_form)
    assert fields == pidf_lo._parsed(xml, "x", by_parser)
    assert (by_form.issues, by_form.unused, by_form.dropped) == (by_parser.issues, by_parser.unused, by_parser.dropped)


@given(st.from_regex(r"[^<>&]{1,12}", fullmatch=True), st.from_regex(r"[-+0-9. e]{1,12}", fullmatch=True))
@settings(max_examples=400, deadline=None)
def test_any_words_in_known_markup_are_read_as_the_parser_reads_them(street: str, numbers: str) -> None:
    xml = _BLOCK.replace(">Elm<", f">{street}<").replace(">39.5 -105.25<", f">{numbers}<")
    by_form, by_parser = Found(), Found()
    assert pidf_lo.pidf_fields(xml, "x", by_form) == pidf_lo._parsed(xml, "x", by_parser)
    assert (by_form.issues, by_form.unused, by_form.dropped) == (by_parser.issues, by_parser.unused, by_parser.dropped)


def test_the_next_text_with_the_same_markup_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    read(_BLOCK)
    monkeypatch.setattr(pidf_lo, "_parsed", None)
    place, _ = read(_BLOCK.replace(">Elm<", ">Oak<").replace('id="t"', 'id="another"'))
    assert place is not None and place.line == "12 Oak, unit 4"
