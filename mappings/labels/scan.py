"""Find what tells in a resource, wherever it stands: codes, words, attachments, inline labels, addresses, references.

Everything below a node is looked at: contained resources, extensions at any depth, primitives' extensions, displays,
identifiers, `meta.tag`, narrative with its attributes, query strings, text attachments with the FHIR, CDA or HL7 v2 in
them. Attachments that are no text are not read: they are labelled by origin alone (S18). Ids and FHIR's own codes are
no text. Reports, and decides nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mappings.labels.codes import Finding, by_address, by_code, code_words, codes_in, known_system
from mappings.labels.folding import fold, plain
from mappings.labels.lexicon import words
from mappings.labels.text import KEY_WORDS, SHIPPED, TextLabels
from mappings.labels.vocabulary import DS4P, INLINE, REFLECTED, codes

Json = dict[str, Any]

#: Keys whose strings are never prose: addresses, ids, times and codes of FHIR itself. Everything else is read as text.
NOT_TEXT: Final = frozenset(
    [
        "resourceType", "id", "url", "system", "reference", "fullUrl", "versionId", "lastUpdated", "profile",
        "contentType", "data", "intent", "status", "priority", "mode", "use", "type", "ifNoneExist", "method", "hash",
        "language", "source", "implicitRules", "birthDate", "gender", "family", "given",
        "start", "end", "date", "authoredOn", "issued", "recorded", "created", "lastModified", "occurredDateTime",
        "effectiveDateTime", "onsetDateTime", "recordedDate", "dateTime", "timestamp",
    ]
)  # fmt: skip
_INLINE_URL: Final = DS4P + "extension-inline-sec-label"

#: Tags inside a word do not end it; all others do.
_INLINE_TAGS = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|small|big|sub|sup|span|font|tt|mark|wbr)(?:\s[^<>]*)?/?>|<!--.*?-->", re.I | re.S
)
_TAGS = re.compile(r"<[^>]*>")
_IN_TAGS = re.compile(r"=\s*(?:\"([^\"]*)\"|'([^']*)')|<!--(.*?)-->", re.S).findall
_CODED_TAGS = re.compile(r"<[^<>]*\bcodeSystem\s*=[^<>]*>").findall
_ATTRIBUTE = re.compile(r"\b(code|codeSystem)\s*=\s*[\"']([^\"']*)[\"']").findall
_V2_CODED = re.compile(r"([^|^~&\r\n]+)\^[^|^~\r\n]*\^([^|^~&\r\n]+)").findall
_RTF = re.compile(r"\\'[0-9a-f]{2}|\\[a-z]+-?\d* ?|[{}]")
_TEXT_TYPES = ("text/", "application/xhtml", "application/xml", "application/json", "application/rtf")
_TEXT_PARTS = ("+json", "+xml", "hl7-v2", "hl7v2")
#: What begins so is no text, whatever it says it is.
_BINARY = (
    b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x1f\x8b", b"II*\x00", b"MM\x00*", b"RIFF",
    b"\xd0\xcf\x11\xe0",
)  # fmt: skip
#: Nothing in the string but what the quick look sees: no markup, entity, address, wide letter or broken word.
_PLAIN = re.compile(r"(?:[ -%'-,./-;=@-{}~\r\n\t]|(?<![A-Za-z])-|-(?![A-Za-z]|[ \t]*\r?\n))*\Z").match
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]").search

#: A place as (parent, key) pairs, written out only when something is found there.
Place = Any
#: (label code, what told it, by which means, where)
Report = Callable[[str, Finding, str, Place], None]


class Reader:
    """How texts are read in a scan: for what they tell, or (`mentions`) for what they only mention.

    `once`: each text is read once as long as this lasts, for looking at a record and at what remains of it.
    """

    __slots__ = ("quick", "silent", "tell")

    def __init__(self, text: TextLabels = SHIPPED, *, mentions: bool = False, once: bool = False) -> None:
        self.tell: Callable[[str], tuple[Finding, ...]] = text.by_mention if mentions else text.by_text
        if once:
            self.tell = _remembered(self.tell)
        self.silent: Callable[[str], bool] = text.silent
        #: One of these words is in every plain text that tells; None where a deployment's own names or readers count.
        self.quick: frozenset[str] | None = _QUICK if text is SHIPPED else None

    def passes(self, value: str) -> bool:
        """The quick no: a plain string without any word that tells something, nor a code or an address in it.

        Never of a long one: reading it for what it tells looks at its words once too, and that look is cheaper.
        """
        quick = self.quick
        return (
            quick is not None
            and len(value) < _LONG
            and quick.isdisjoint(words(value))
            and _PLAIN(value) is not None
            and value[:4] != "http"
        )


def _remembered(tell: Callable[[str], tuple[Finding, ...]]) -> Callable[[str], tuple[Finding, ...]]:
    known: dict[str, tuple[Finding, ...]] = {}

    def told(value: str) -> tuple[Finding, ...]:
        if value not in known:
            known[value] = tell(value)
        return known[value]

    return told


#: What entries tell that others refer to: findings by every name of such an entry.
Telling = Mapping[str, Sequence[tuple[str, Finding]]]

#: From this length on a string is read without the quick look, which would cost as much as reading it.
_LONG: Final = 256
_CODES: Final = code_words()
#: Every code that is known by its shape has a digit; a text without one has none of them.
_DIGIT: Final = re.compile("[0-9]").search
_QUICK: Final = KEY_WORDS | _CODES
_INLINE_FOUND: Final = Finding((), "certain", "inline label", "inline label")
_CONTAINED_FOUND: Final = Finding((), "certain", "label of a contained resource", "label of a contained resource")


def scan(node: Json, place: Place, report: Report, reader: Reader, telling: Telling | None = None) -> None:
    """Reports what tells in this node and below it. `reader` reads the texts; `telling` is what references lead to."""
    if telling and ("reference" in node or "identifier" in node):
        _reference(node, place, report, telling)
    for key, value in node.items():
        kind = value.__class__
        if kind is str:
            if key in NOT_TEXT:
                if key == "data":
                    _attachment(node, value, (place, key), report, reader)
                elif "|" in value or "?" in value:
                    _address(value, (place, key), report)
                elif key == "url":
                    _url(node, value, place, report, reader)
            elif key == "code":
                _code(node, value, place, report, reader)
            elif key == "value":
                _value(node, value, place, report, reader)
            else:
                if not reader.passes(value):
                    _string(value, (place, key), report, reader)
                if key == "linkId":
                    _lone_code(value, (place, key), report)
        elif kind is dict:
            if key == "meta":
                _meta(value, (place, key), report, reader)
            else:
                scan(value, (place, key), report, reader, telling)
                if key == "resource":
                    _labels_of(value, (place, key), report)
        elif kind is list:
            for index, item in enumerate(value):
                if item.__class__ is dict:
                    at = ((place, key), index)
                    scan(item, at, report, reader, telling)
                    if key == "contained":
                        _labels_of(item, at, report)
                elif item.__class__ is str and key not in NOT_TEXT and not reader.passes(item):
                    _string(item, ((place, key), index), report, reader)


def _code(node: Json, code: str, place: Place, report: Report, reader: Reader) -> None:
    system = node.get("system")
    if system is None or system.__class__ is str:
        found = by_code(system, code)
        if found is not None:
            for name in found.labels:
                report(name, found, "code", place)
        if not reader.passes(code) and (system is None or not known_system(system)):
            _string(code, (place, "code"), report, reader)


def _url(node: Json, url: str, place: Place, report: Report, reader: Reader) -> None:
    """An inline label's extension, or an attachment in its own address."""
    if url == _INLINE_URL:
        inline = node.get("valueCoding")
        if isinstance(inline, dict) and isinstance(inline.get("code"), str) and inline["code"] in REFLECTED:
            report(inline["code"], _INLINE_FOUND, "inline", place)
        report(INLINE, _INLINE_FOUND, "inline", place)
    elif url.startswith("data:"):
        kind, _, data = url[5:].partition(",")
        _attachment({"contentType": kind.partition(";")[0]}, data, (place, "url"), report, reader)


def _labels_of(resource: Json, place: Place, report: Report) -> None:
    """The labels that a resource inside this one came with."""
    for name in codes(resource):
        if name in REFLECTED:
            report(name, _CONTAINED_FOUND, "contained", place)


def _reference(node: Json, place: Place, report: Report, telling: Telling) -> None:
    """What the entry tells that this node refers to, by address or by business identifier."""
    names = [target] if isinstance(target := node.get("reference"), str) else []
    identifier = node.get("identifier")
    if isinstance(identifier, dict) and isinstance(identifier.get("value"), str) and "resourceType" not in node:
        names.append(f"{identifier.get('system', '')}|{identifier['value']}")
    for name in names:
        bare = name.partition("/_history/")[0]
        for code, found in telling.get(bare) or telling.get("/".join(bare.split("/")[-2:])) or ():
            report(code, found, "reference", place)


def _value(node: Json, value: str, place: Place, report: Report, reader: Reader) -> None:
    """An identifier's or a contact's value; of a code system it is a code."""
    system = node.get("system")
    if isinstance(system, str) and known_system(system):
        found = by_code(system, value)
        for name in found.labels if found is not None else ():
            report(name, found, "code", place)  # type: ignore[arg-type]
        return
    if not reader.passes(value):
        _string(value, (place, "value"), report, reader)


def _address(value: str, place: Place, report: Report) -> None:
    found = by_address(value)
    if found is not None:
        for name in found.labels:
            report(name, found, "code", place)


def _meta(meta: Json, place: Place, report: Report, reader: Reader) -> None:
    """Meta holds labels, whose displays would be read as what they name; its tags and extensions are read.

    What a profile or a source is called is a hint only.
    """
    for key in ("extension", "tag"):
        found = meta.get(key)
        for index, one in enumerate(found if isinstance(found, list) else ()):
            # What DS4P says about labels (the notice, the consent) is not about the patient's condition.
            if isinstance(one, dict) and not str(one.get("url", "")).startswith(DS4P):
                scan(one, ((place, key), index), report, reader)
    named = meta.get("profile")
    for name in [*(named if isinstance(named, list) else ()), meta.get("source")]:
        if isinstance(name, str) and not reader.silent(last := name.rpartition("/")[2]):
            for told in reader.tell(last):
                for code in told.labels:
                    report(code, told._replace(grade="possible"), "text", (place, "profile"))


def _string(value: str, place: Place, report: Report, reader: Reader) -> None:
    """Prose or markup, told in words; and codes in it."""
    if "|" in value or value[:4] == "http":
        _address(value, place, report)
    texts = [value]
    if "<" in value:
        # What stands in attributes and comments is not shown, and is there.
        inside = [part for found in _IN_TAGS(value) for part in found if part]
        texts = [_TAGS.sub(" ", _INLINE_TAGS.sub("", value)), *inside]
    for text in texts:
        for found in reader.tell(text):
            for name in found.labels:
                report(name, found, "text", place)
        if _DIGIT(text) is None and plain(text):
            continue
        folded = fold(text).text
        if not _CODES.isdisjoint(words(folded)):
            for found in codes_in(folded):
                for name in found.labels:
                    report(name, found, "code", place)


def _lone_code(value: str, place: Place, report: Report) -> None:
    found = by_code(None, value)
    if found is not None:
        for name in found.labels:
            report(name, found, "code", place)


def _attachment(node: Json, data: str, place: Place, report: Report, reader: Reader) -> None:
    """The text of a base64 attachment; what is coded in it if it is JSON, CDA or HL7 v2."""
    text = decoded_text(node, data)
    if text is None:
        return
    start = text.lstrip("\ufeff \r\n\t")[:5]
    if start[:1] in ("{", "[") and start != "{\\rtf":
        try:
            held = json.loads(text)
        except (ValueError, RecursionError):
            held = None
        if isinstance(held, (dict, list)):
            scan({"data": held} if isinstance(held, list) else held, place, report, reader)
            if isinstance(held, dict):
                _labels_of(held, place, report)
            return
    elif start == "{\\rtf":
        text = _RTF.sub("", text)
    elif "<" in text:
        for tag in _CODED_TAGS(text):
            said = dict(_ATTRIBUTE(tag))
            _coded(said.get("codeSystem", ""), said.get("code", ""), place, report)
    elif start[:4] == "MSH|":
        for code, system in _V2_CODED(text):
            _coded(system, code, place, report)
    _string(text, place, report, reader)


def _coded(system: str, code: str, place: Place, report: Report) -> None:
    found = by_code(system, code) if system and code else None
    if found is not None:
        for name in found.labels:
            report(name, found, "code", place)


def decoded_text(attachment: Json, data: str) -> str | None:
    """The text of a base64 attachment, else None. UTF-8, UTF-16 with its mark, else Latin-1 if a text is declared.

    A type that says it is no text is believed only if the bytes are none.
    """
    media_type = attachment.get("contentType")
    kind = media_type.lower() if isinstance(media_type, str) else ""
    declared = kind.startswith(_TEXT_TYPES) or any(part in kind for part in _TEXT_PARTS)
    try:
        if not declared and base64.b64decode(data[:16], validate=False).startswith(_BINARY):
            return None
        raw = base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        return None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1") if declared else None
    return text if declared or not _CONTROLS(text) else None


def path_of(place: Place) -> str:
    """A place as a FHIRPath."""
    parts: list[str] = []
    while place is not None:
        place, key = place
        parts.append(f"[{key}]" if isinstance(key, int) else f".{key}")
    return "".join(reversed(parts))[1:]
