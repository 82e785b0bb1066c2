"""Places from PIDF-LO (RFC 4119, 5139, 5491): a civic address, a shape, or both. XML with DTDs and entities off.

Honours `retransmission-allowed`: a place that says no is not carried at all (RFC 4119, section 2.2.2). A
`retention-expiry` goes along as `Place.keep_until`: there is no clock here, and `translate` leaves out what has
expired. Shapes are `mappings.cad.shapes`; coordinates in another system than WGS 84 are not carried.

A sender writes the same elements around other words each time. So a text is parted into its markup and its words, the
markup is parsed once and remembered as a `Form` (which word is the street, which the position), and the next text with
that markup only has its words put in place. Whatever a form does not fully account for is parsed whole, every time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element, ParseError, fromstring

from mappings.cad.rules import BAD_PIDF, EXPIRES, NO_PLACE, SEVERAL_SHAPES
from mappings.cad.shapes import OTHERS, ROUND, Position, center, is_metres, is_on_earth, is_wgs_84, numbers_of
from mappings.found import Found, under
from mappings.incident import DateTime, Place
from mappings.times import earlier

_CIVIC = "{urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr}"
_CIVIC_AT = len(_CIVIC)
_GML = "{http://www.opengis.net/gml}"
_SHAPES = "{http://www.opengis.net/pidflo/1.0}"
_CONFIDENCE = "{urn:ietf:params:xml:ns:geopriv:conf}confidence"
_RULES = "{urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy}"
_PIDF = "{urn:ietf:params:xml:ns:pidf}"
_GEOPRIV = "{urn:ietf:params:xml:ns:pidf:geopriv10}"

_POS = f"{_GML}pos"
_RADIUS = f"{_SHAPES}radius"
_RETRANSMISSION = frozenset({f"{_RULES}retransmission-allowed", f"{_GEOPRIV}retransmission-allowed"})
_EXPIRY = frozenset({f"{_RULES}retention-expiry", f"{_GEOPRIV}retention-expiry"})
_NOT_CARRIED = frozenset(
    {f"{_PIDF}note", f"{_RULES}note-well", f"{_GEOPRIV}method", f"{_GEOPRIV}provided-by", _CONFIDENCE}
)

# RFC 5139 elements that make the line of a street address, in the order in which one is written.
_LINE = ("HNO", "HNS", "PRD", "PRM", "RD", "STS", "POD", "POM")
_WITHIN = (("BLD", ""), ("FLR", "floor "), ("UNIT", "unit "), ("ROOM", "room "))
_DIRECT = {"A3": "city", "A2": "district", "A1": "state", "PC": "postal_code", "country": "country"}
_TEXT = ("NAM", "LMK", "LOC")
_MAPPED = frozenset((*_LINE, *(name for name, _ in _WITHIN), *_DIRECT, *_TEXT))

#: The rule by which a place is left out because its maker allows no retransmission.
NO_RETRANSMISSION = "pidf.retransmission-not-allowed"


# A word: what stands between a start tag and an end tag, without markup and references; not white space alone.
_WORD = re.compile(r">( *[^<>&\s][^<>&]*)</")
# Identifiers, which differ from text to text and say nothing here. Neither kind of quote may be in one.
_IDS = re.compile(r'( (?:entity|id|gml:id)=")[!#-%(-;=?-~ ]*(?=")')
# Stands for a word in markup: a character of private use, so in no word that is put into a form.
_MARK = "\ue000"
_MARKED = f">{_MARK}</"
# The words that an `itemgetter` picks.
Picked: TypeAlias = Callable[[list[str]], tuple[str, ...]]
# Forms are remembered, so what a sender can make of them is bounded.
_LONGEST = 8192
_NO = frozenset({"no", "false", "0"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """Where a text with a certain markup has what: numbers of its words, and what picks them."""

    fields: tuple[str, ...]
    values: Picked | None
    line: Picked | None
    text: Picked | None
    within: tuple[tuple[str, int], ...]
    position: int | None
    radius: int | None
    retransmission: tuple[int, ...]
    unused: tuple[str, ...]
    expiries: tuple[int, ...]


def pidf_place(xml: str, path: str, found: Found) -> Place | None:
    """The place that a PIDF-LO document gives, or None, with an issue, when it gives none."""
    fields = pidf_fields(xml, path, found)
    return None if fields is None else Place(**fields)


def pidf_fields(xml: str, path: str, found: Found) -> dict[str, Any] | None:
    """The fields of the `Place` that a PIDF-LO document gives, or None, with an issue, when it gives none."""
    if "&" not in xml and len(xml) <= _LONGEST:
        parts = _WORD.split(xml)
        form = _form("".join(_IDS.split(_MARKED.join(parts[::2]))))
        # Words that may hold what XML does not allow (control characters, surrogates) are left to the parser.
        if form is not None and "".join(parts[1::2]).isprintable():
            fields = _filled(form, parts[1::2], path, found)
            if fields is not None:
                return fields
    return _parsed(xml, path, found)


@lru_cache(maxsize=256)
def _form(markup: str) -> Form | None:
    """The form of this markup, or None where the texts with it have to be parsed whole.

    None for anything out of the ordinary: comments, processing instructions, marked sections, a DTD, words outside the
    elements that are known here, more than one position, other shapes and systems, defaults worth an issue.
    """
    if "<!" in markup or "<?" in markup.removeprefix("<?xml ") or "'" in markup:
        return None
    pieces = markup.split(_MARKED)
    if any(_MARK in piece for piece in pieces):
        return None
    # Numbered, each word is found again wherever the parser puts it.
    numbered = [f"{piece}>{_MARK}{number}</" for number, piece in enumerate(pieces[:-1])]
    try:
        root = fromstring("".join((*numbered, pieces[-1])))  # noqa: S314  no DTD, no entities: see `_parsed`
    except (ParseError, ValueError):
        return None
    civic: dict[str, int] = {}
    retransmission: list[int] = []
    unused: list[str] = []
    shapes: list[Element] = []
    expiries: list[int] = []
    for element in root.iter():
        tag = element.tag
        if tag.startswith(_CIVIC):
            if element.text is not None and not element.text.isspace():
                word = _word(element)
                if word is None:
                    return None
                name = tag[_CIVIC_AT:]
                if name in _MAPPED and name not in civic:
                    civic[name] = word
                else:
                    unused.append(name)
        elif tag in ROUND:
            shapes.append(element)
        elif tag in OTHERS:
            return None
        elif tag in _RETRANSMISSION:
            word = _word(element)
            if word is not None:
                retransmission.append(word)
            elif element.text is not None:
                return None
        elif tag in _EXPIRY:
            word = _word(element)
            if word is None:
                return None
            expiries.append(word)
        elif tag in _NOT_CARRIED:
            unused.append(tag.rpartition("}")[2])
    position = radius = None
    if shapes:
        shape, *more = shapes
        pos = shape.find(_POS)
        position = _word(pos) if pos is not None else None
        if more or pos is None or position is None or not is_wgs_84(shape):
            return None
        circle = shape.find(_RADIUS)
        if circle is not None:
            radius = _word(circle)
            if radius is None or not is_metres(circle):
                return None
    elif not civic:
        return None
    if "HNS" in civic:
        return None  # a number and its suffix are one word
    direct = [name for name in _DIRECT if name in civic]
    return Form(
        fields=tuple([_DIRECT[name] for name in direct]),
        values=_picking([civic[name] for name in direct]),
        line=_picking([civic[name] for name in _LINE if name in civic]),
        text=_picking([civic[name] for name in _TEXT if name in civic]),
        within=tuple([(word, civic[name]) for name, word in _WITHIN if name in civic]),
        position=position,
        radius=radius,
        retransmission=tuple(retransmission),
        unused=tuple(unused),
        expiries=tuple(expiries),
    )


def _word(element: Element) -> int | None:
    """The number of the word that is this element's text; None where its text is not one word."""
    text = element.text
    return int(text[1:]) if text is not None and text.startswith(_MARK) else None


def _picking(words: list[int]) -> Picked | None:
    """What picks these words out of all; None for none."""
    if len(words) == 1:
        (one,) = words
        return itemgetter(slice(one, one + 1))  # of one index it would give the word itself
    return itemgetter(*words) if words else None


def _filled(form: Form, words: list[str], path: str, found: Found) -> dict[str, Any] | None:
    """The fields of a text in this form; None, and nothing said, where a word is not what it should be."""
    words = list(map(str.strip, words))
    if form.retransmission and any(words[word].lower() in _NO for word in form.retransmission):
        return None
    fields: dict[str, Any] = dict(zip(form.fields, form.values(words), strict=True)) if form.values else {}
    line = " ".join(form.line(words)) if form.line else ""
    for said, word in form.within:
        line = f"{line}, {said}{words[word]}" if line else said + words[word]
    fields["line"] = line or None
    fields["text"] = ", ".join(form.text(words)) if form.text else None
    if form.position is not None:
        numbers = numbers_of(words[form.position].split())
        if numbers is None or len(numbers) != 2 or not is_on_earth(numbers):
            return None
        fields["latitude"], fields["longitude"] = numbers
        if form.radius is not None:
            numbers = numbers_of([words[form.radius]])
            if numbers is None or numbers[0] < 0:
                return None
            fields["uncertainty_m"] = numbers[0]
    for word in form.expiries:
        _expire(fields, words[word], path, found)
    if form.unused:
        found.unused += [under(path, name) for name in form.unused]
    return fields


def _parsed(xml: str, path: str, found: Found) -> dict[str, Any] | None:
    """The fields, by the XML parser: what every text gives, in a known form or not."""
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
    expiries: list[str] = []
    position: Position | None = None
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
        elif tag in ROUND or tag in OTHERS:
            if position is None:
                position, radius = center(element, path, found)
            else:
                found.issue(SEVERAL_SHAPES, path)
        elif tag in _RETRANSMISSION:
            if (element.text or "").strip().lower() in _NO:
                found.drop(path, NO_RETRANSMISSION)
                return None
        elif tag in _EXPIRY:
            expiries.append((element.text or "").strip())
        elif tag in _NOT_CARRIED:
            found.unused.append(under(path, tag.rpartition("}")[2]))
    if not civic and position is None:
        found.issue(NO_PLACE, path)
        return None
    fields = _fields(civic, position, radius)
    for expiry in expiries:
        _expire(fields, expiry, path, found)
    return fields


def _expire(fields: dict[str, Any], text: str, path: str, found: Found) -> None:
    """Until when the place may be kept: the earliest time that is said. An unreadable one is an issue."""
    until: DateTime | None = found.time(text, path, "retention-expiry")
    if until is None:
        return
    found.issue(EXPIRES, path)
    known = fields.get("keep_until")
    if known is None or earlier(until, known):
        fields["keep_until"] = until


def _fields(civic: dict[str, str], position: tuple[float, float] | None, radius: float | None) -> dict[str, Any]:
    line = " ".join([civic[name] for name in _LINE if name in civic])
    if "HNS" in civic and "HNO" in civic:
        line = line.replace(f"{civic['HNO']} {civic['HNS']}", civic["HNO"] + civic["HNS"], 1)
    for name, word in _WITHIN:
        if name in civic:
            line = f"{line}, {word}{civic[name]}" if line else word + civic[name]
    fields: dict[str, Any] = {field: civic[name] for name, field in _DIRECT.items() if name in civic}
    fields["line"] = line or None
    fields["text"] = ", ".join([civic[name] for name in _TEXT if name in civic]) or None
    if position is not None:
        fields["latitude"], fields["longitude"] = position
    if radius is not None:
        fields["uncertainty_m"] = radius
    return fields
