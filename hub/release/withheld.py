"""What was withheld, as values to look for, and the search for them in bytes of any form.

Values live in memory for one release and are never logged, stored or put in an error. A value counts as withheld only
if it does not also stand in what remains: a first name that two entries share tells nothing about the other.

The search decodes the haystack instead of encoding the needle: JSON escapes, XML entities, HL7 v2 escapes, percent
and base64, one inside the other, and letter case and white space do not matter.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from mappings.labels.marking import decoded_text
from mappings.labels.vocabulary import LAWS, ORIGIN_UNKNOWN, SENSITIVITIES

Json = dict[str, Any]

#: Below this length an id or a code stands in every text by chance; its reference is looked for all the same.
_SHORT_CODE: Final = 3
#: Below this length a free text or a display is no evidence of anything ("no", "n/a").
_SHORT_TEXT: Final = 4
#: From this length a value is looked for anywhere; a shorter one only as a word of its own.
_ANYWHERE: Final = 12
#: How deep encodings are undone (a base64 document in a JSON string in an XML element).
_DEPTH: Final = 4

#: Systems whose codes say what kind of record it is (active, final, encounter-diagnosis), not what is in it.
_STRUCTURAL = (
    "http://terminology.hl7.org/",
    "http://hl7.org/fhir/",
    "urn:ietf:",
    "urn:iso:",
    "http://unitsofmeasure.org",
)
_CLINICAL = ("http://hl7.org/fhir/sid/",)

#: Strings that are FHIR's own words, or times and amounts that a thousand records share.
_NOT_VALUES: Final = frozenset(
    [
        *(
            "resourceType",
            "system",
            "url",
            "status",
            "use",
            "type",
            "contentType",
            "lastUpdated",
            "versionId",
            "profile",
        ),
        *("intent", "priority", "mode", "language", "gender", "birthDate", "unit", "comparator"),
        *("implicitRules", "relation", "start", "end", "authoredOn", "recorded", "date", "issued", "created"),
        *(
            "effectiveDateTime",
            "onsetDateTime",
            "recordedDate",
            "time",
            "dateTime",
            "country",
            "state",
            "city",
            "district",
        ),
        *("postalCode", "source", "meaning", "kind", "linkId", "hash", "path"),
    ]
)
_DATE = re.compile(r"\d{4}(-\d\d){0,2}(T[\d:.+\-Z]*)?\Z")


@dataclass(frozen=True, slots=True)
class Withheld:
    """Values withheld, normalised: `words` are looked for as whole words, `texts` anywhere."""

    words: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """How many, never which."""
        return f"Withheld({len(self.words)} words, {len(self.texts)} texts)"

    def __bool__(self) -> bool:
        return bool(self.words or self.texts)


_SPACE = re.compile(r"\s+")


def normal(text: str) -> str:
    """Case-folded, white space as single blanks."""
    return _SPACE.sub(" ", text.casefold()).strip()


def values(part: Any) -> Withheld:
    """Every value of a resource (or an element of one) that would tell of it: ids, identifiers, codes, names, texts."""
    words: set[str] = set()
    texts: set[str] = set()
    for text, always in _values(part, "", None):
        found = normal(text)
        if len(found) >= (_SHORT_CODE if always else _SHORT_TEXT):
            (texts if len(found) >= _ANYWHERE else words).add(found)
    words.discard("")
    return Withheld(frozenset(words), frozenset(texts))


def _values(part: Any, key: str, system: str | None) -> Iterator[tuple[str, bool]]:
    """Strings of a part and whether each counts however short it is (an id, a code)."""
    if isinstance(part, dict):
        given = part.get("system")
        own = given if isinstance(given, str) else None
        if isinstance(part.get("resourceType"), str) and isinstance(part.get("id"), str):
            yield f"{part['resourceType']}/{part['id']}", True
        text = decoded_text(part, part["data"]) if isinstance(part.get("data"), str) else None
        if text is not None:
            yield from ((line, False) for line in _lines(text))
        for name, value in part.items():
            if name == "meta":
                yield from _labels(value)
            elif not (name == "coding" and key in ("clinicalStatus", "verificationStatus")):
                yield from _values(value, name, own)
    elif isinstance(part, list):
        for item in part:
            yield from _values(item, key, system)
    elif isinstance(part, str):
        yield from _string(part, key, system)


def _string(text: str, key: str, system: str | None) -> Iterator[tuple[str, bool]]:
    if key in _NOT_VALUES or _DATE.match(text):
        return
    if key in ("code", "display") and system is not None:
        if system.startswith(_STRUCTURAL) and not system.startswith(_CLINICAL):
            return
        yield text, key == "code"
    elif key == "code":
        return  # a `code` datatype: FHIR's own words
    elif key == "reference":
        yield text, True
        if "/" in text and not text.startswith("#"):
            yield text.rpartition("/")[2], True
    elif key in ("id", "value"):
        yield text, True
    elif key == "fullUrl":
        yield text, True
        yield text.removeprefix("urn:uuid:"), True
    elif key == "div":
        yield from ((line, False) for line in _lines(html.unescape(re.sub(r"<[^>]*>", "\n", text))))
    elif key == "data":
        yield text, False
    else:
        yield from ((line, False) for line in _lines(text))


def _lines(text: str) -> Iterator[str]:
    """A long text line by line and sentence by sentence, so that a quoted part of it is found too."""
    if len(text) <= 80:
        yield text
        return
    for line in re.split(r"[\r\n]+|(?<=[.!?;])\s+", text):
        if len(line) >= _SHORT_TEXT:
            yield line


def _labels(meta: Any) -> Iterator[tuple[str, bool]]:
    """Labels tell: `42CFRPart2` on what remains says what was taken (S31)."""
    for coding in meta.get("security", ()) if isinstance(meta, dict) else ():
        code = coding.get("code") if isinstance(coding, dict) else None
        if code in SENSITIVITIES or code in LAWS or code == ORIGIN_UNKNOWN:
            yield code, True


def union(parts: list[Withheld]) -> Withheld:
    """All of them together."""
    return Withheld(
        frozenset[str]().union(*(part.words for part in parts)), frozenset[str]().union(*(part.texts for part in parts))
    )


def without_what_remains(withheld: Withheld, remaining: Json) -> Withheld:
    """Only the values that stand nowhere in what remains."""
    if not withheld:
        return withheld
    words, texts = _present(withheld, json.dumps(remaining, ensure_ascii=False))
    return Withheld(withheld.words - words, withheld.texts - texts)


def found_in(withheld: Withheld, rendered: bytes) -> int:
    """How many of the withheld values are in these bytes, in any encoding we know. The values are not returned."""
    if not withheld:
        return 0
    words, texts = _present(withheld, rendered.decode("utf-8", errors="replace"))
    if b"\x00" in rendered[:4] or rendered[:2] in (b"\xff\xfe", b"\xfe\xff"):
        more, longer = _present(withheld, rendered.decode("utf-16", errors="replace"))
        words, texts = words | more, texts | longer
    return len(words) + len(texts)


def _present(withheld: Withheld, haystack: str) -> tuple[set[str], set[str]]:
    words: set[str] = set()
    texts: set[str] = set()
    for form in forms(haystack):
        text = normal(form)
        texts |= {needle for needle in withheld.texts - texts if needle in text}
        words |= {needle for needle in withheld.words - words if as_word(needle, text)}
        if len(texts) == len(withheld.texts) and len(words) == len(withheld.words):
            break
    return words, texts


def as_word(needle: str, text: str) -> bool:
    """Whether the needle stands in the text and is not part of a longer word. Both are normal()."""
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        if (at == 0 or not (text[at - 1].isalnum() and needle[0].isalnum())) and (
            end == len(text) or not (text[end].isalnum() and needle[-1].isalnum())
        ):
            return True
        at = text.find(needle, at + 1)
    return False


_JSON_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_JSON_PLAIN = {'"': '"', "\\": "\\", "/": "/", "b": " ", "f": " ", "n": "\n", "r": "\n", "t": " "}
_V2_ESCAPE = re.compile(r"\\(?:X([0-9A-Fa-f]+)|([FSTREHN])|\.[a-zA-Z]{2}[+\-0-9]*)\\")
_V2_PLAIN = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", "H": "", "N": ""}
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{12,}={0,2}")
#: Base64 in lines (MIME) goes on where the next line begins.
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/]{60})[\r\n]+[ \t]*(?=[A-Za-z0-9+/=])")
_MARKUP = re.compile(r"<[^<>]*>")


def forms(text: str, depth: int = _DEPTH) -> Iterator[str]:
    """The text and what it becomes when each encoding in it is undone, and theirs in turn."""
    seen: set[str] = set()
    todo = [(text, depth)]
    while todo:
        form, left = todo.pop()
        if form in seen:
            continue
        seen.add(form)
        yield form
        if left == 0:
            continue
        if "\\" in form:
            todo.append((_JSON_ESCAPE.sub(_json_plain, form), left - 1))
            todo.append((_V2_ESCAPE.sub(_v2_plain, form), left - 1))
        if "&" in form:
            todo.append((html.unescape(form), left - 1))
        if "<" in form:
            todo.append((_MARKUP.sub("", form), left - 1))
        if "%" in form:
            todo.append((unquote_plus(form), left - 1))
        decoded = "\n".join(_decoded(form))
        if decoded:
            todo.append((decoded, left - 1))


def _json_plain(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _JSON_PLAIN[match[2]]


def _v2_plain(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1][: len(match[1]) // 2 * 2]).decode("utf-8", errors="replace")
    return _V2_PLAIN[match[2]] if match[2] else " "


def _decoded(text: str) -> Iterator[str]:
    """What base64 runs in the text hold, where it is text. Words and ids are such runs too, and hold none."""
    for match in _BASE64.finditer(_WRAPPED.sub("", text)):
        run = match[0].rstrip("=")
        pieces = [run]
        if "-" in run or "_" in run:  # of the URL alphabet, or what joins a run to the word before it
            pieces += [piece for piece in re.split(r"[-_]", run) if len(piece) >= 12]
        for piece in pieces:
            letters = piece.replace("-", "+").replace("_", "/")
            if len(letters) % 4 == 1:
                letters = letters[:-1]
            try:
                raw = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
            except (binascii.Error, ValueError):
                continue
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError:
                if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    yield raw.decode("utf-16", errors="replace")
                elif sum(32 <= byte < 127 or byte in (9, 10, 13) for byte in raw) > len(raw) * 0.9:
                    yield raw.decode("latin-1")
