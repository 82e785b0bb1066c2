"""The primitive types of FHIR R4 in JSON: right JSON type, right format (hl7.org/fhir/R4/datatypes.html).

Each function takes a value and returns the rule it breaks, or None. None of them keeps the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

from profiles import rules
from profiles.dates import is_date, is_datetime, is_instant, is_time
from profiles.rules import Rule
from profiles.xhtml import is_narrative

Primitive = Callable[[Any], Rule | None]

_LONGEST = 1024 * 1024

_CODE = re.compile(r"[^\s\ud800-\udfff]+(?:\s[^\s\ud800-\udfff]+)*")
_NO_SPACE = re.compile(r"[^\s\ud800-\udfff]+")
#: What FHIR strings must not hold: characters below 32 except tab, line feed and carriage return; lone surrogates,
#: which JSON escapes can spell and no encoding can carry.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
#: More than any quantity needs; Python refuses to write an int of more than 4300 digits.
_LARGEST_BITS = 4096
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: Groups of four with spaces anywhere between them, as R4 writes it, without its costly backtracking.
_BASE64 = re.compile(r"[0-9A-Za-z+/=\s]+")
_BASE64_FILL = re.compile(r"[^=]*={0,2}")
#: A MIME type, or the short names that FHIR itself uses for its formats.
_MIME = re.compile(r"xml|json|ttl|[A-Za-z0-9!#$&^_.+\-]+/[A-Za-z0-9!#$&^_.+*\-]+(?:\s*;.*)?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def wrong_type(value: Any) -> Rule:
    """Which rule a value breaks that does not have its element's JSON type."""
    if value is None:
        return rules.NULL
    if isinstance(value, list):
        return rules.TOO_MANY if value else rules.EMPTY
    return rules.TYPE


def string(value: Any) -> Rule | None:
    """string and markdown: any characters but control ones, not empty, up to 1 MB."""
    if not isinstance(value, str):
        return wrong_type(value)
    if not value or value.isspace():
        return rules.EMPTY
    if not value.isprintable() and _CONTROL.search(value):
        return rules.FORMAT
    return rules.LENGTH if len(value) > _LONGEST else None


def code(value: Any) -> Rule | None:
    """code: no space at the ends, single spaces inside."""
    if not isinstance(value, str):
        return wrong_type(value)
    if value.isprintable() and " " not in value and value:
        return None
    return None if _CODE.fullmatch(value) else rules.FORMAT if value else rules.EMPTY


def uri(value: Any) -> Rule | None:
    """uri, url, canonical: no spaces. Does not parse the scheme, as R4 does not."""
    if not isinstance(value, str):
        return wrong_type(value)
    if value.isprintable() and " " not in value and value:
        return None
    return None if _NO_SPACE.fullmatch(value) else rules.FORMAT if value else rules.EMPTY


def boolean(value: Any) -> Rule | None:
    """boolean: a JSON true or false."""
    return None if value is True or value is False else wrong_type(value)


def _whole(least: int) -> Primitive:
    def whole(value: Any) -> Rule | None:
        if type(value) is not int:
            return wrong_type(value)
        return None if least <= value <= 2147483647 else rules.FORMAT

    return whole


def decimal(value: Any) -> Rule | None:
    """decimal: a JSON number (int, float or Decimal), finite."""
    if type(value) is int:
        return None if value.bit_length() <= _LARGEST_BITS else rules.FORMAT
    if isinstance(value, float):
        return None if isfinite(value) else rules.FORMAT
    if isinstance(value, Decimal):
        return None if value.is_finite() else rules.FORMAT
    return wrong_type(value)


def _formatted(fits: Callable[[str], Any], broken: Rule) -> Primitive:
    def formatted(value: Any) -> Rule | None:
        if not isinstance(value, str):
            return wrong_type(value)
        if fits(value):
            return None
        return broken if value else rules.EMPTY

    return formatted


def _temporal(fits: Callable[[str], bool]) -> Primitive:
    def temporal(value: Any) -> Rule | None:
        if not isinstance(value, str):
            return wrong_type(value)
        if fits(value):
            return None
        if not value:
            return rules.EMPTY
        # 2024-05-01T10:00:00 is the commonest fault of a local clock: say what it lacks
        return (
            rules.ZONE
            if value[10:11] == "T" and (is_instant(value + "Z") or is_instant(value + ":00Z"))
            else rules.DATE
        )

    return temporal


def _is_base64(value: str) -> bool:
    if not _BASE64.fullmatch(value):
        return False
    packed = "".join(value.split())
    return len(packed) % 4 == 0 and _BASE64_FILL.fullmatch(packed) is not None


PRIMITIVES: dict[str, Primitive] = {
    "base64Binary": _formatted(_is_base64, rules.FORMAT),
    "boolean": boolean,
    "canonical": uri,
    "code": code,
    "date": _temporal(is_date),
    "dateTime": _temporal(is_datetime),
    "decimal": decimal,
    "element-id": _formatted(_NO_SPACE.fullmatch, rules.FORMAT),
    "id": _formatted(_ID.fullmatch, rules.FORMAT),
    "instant": _temporal(is_instant),
    "integer": _whole(-2147483648),
    "markdown": string,
    "oid": _formatted(_OID.fullmatch, rules.FORMAT),
    "positiveInt": _whole(1),
    "string": string,
    "time": _temporal(is_time),
    "unsignedInt": _whole(0),
    "uri": uri,
    "url": uri,
    "uuid": _formatted(_UUID.fullmatch, rules.FORMAT),
    "xhtml": _formatted(is_narrative, rules.XHTML),
}

#: Open-ended required value sets (`profiles.generate.NOT_ENUMERABLE`): the form of a code where codes cannot be listed.
FORMS: dict[str, Primitive] = {
    "http://hl7.org/fhir/ValueSet/mimetypes": _formatted(_MIME.fullmatch, rules.CODE),
    "http://hl7.org/fhir/ValueSet/currencies": _formatted(_CURRENCY.fullmatch, rules.CODE),
}
