"""What was withheld, as values to look for, and the search for them in bytes of any form.

Values live in memory for one release and are never logged, stored or put in an error. A value counts as withheld only
if it does not also stand in what remains: a first name that two entries share tells nothing about the other.

The search decodes the haystack instead of encoding the needle: JSON escapes, XML entities, HL7 v2 escapes, percent
and base64, one inside the other, and letter case and white space do not matter.
"""

from __future__ import annotations

import html
import re
from binascii import Error, a2b_base64
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

import orjson

from mappings.hl7v2.codec import header, python_codec
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
        # Codes of FHIR where they are strings: "source" of a Provenance is also what every MessageHeader has.
        *("role", "category", "severity", "criticality", "docStatus", "lifecycleStatus", "method", "participantStatus"),
        *("when", "dayOfWeek", "daysOfWeek", "periodUnit", "durationUnit", "operationalStatus"),
    ]
)
_DATE = re.compile(r"\d{4}(-\d\d){0,2}(T[\d:.+\-Z]*)?\Z")


@dataclass(frozen=True, slots=True)
class Withheld:
    """Values withheld, normalised: `words` are looked for as whole words, `texts` anywhere.

    `remains` is what may be seen all the same: a value that stands there too does not count as found.
    """

    words: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    remains: Any = None

    def __repr__(self) -> str:
        """How many, never which."""
        return f"Withheld({len(self.words)} words, {len(self.texts)} texts)"

    def __bool__(self) -> bool:
        return bool(self.words or self.texts)

    def without(self, values: Set[str]) -> Withheld:
        """All but these (normal) values."""
        return Withheld(self.words - values, self.texts - values, self.remains)


def beside(withheld: Withheld, known: Sequence[Any]) -> Withheld:
    """The same, where the recipient may also know these: the consents that what it gets rests on (42 CFR 2.32(b)).

    A refusal of the same form names the same organizations; that is no leak of it.
    """
    return Withheld(withheld.words, withheld.texts, [withheld.remains, *known]) if known else withheld


def normal(text: str) -> str:
    """Case-folded, white space as single blanks."""
    return " ".join(text.casefold().split())


def values(part: Any) -> Withheld:
    """Every value of a resource (or an element of one) that would tell of it: ids, identifiers, codes, names, texts."""
    words: set[str] = set()
    texts: set[str] = set()
    for text, always in _values(part, "", None):
        found = normal(text)
        if len(found) >= (_SHORT_CODE if always else _SHORT_TEXT):
            (texts if len(found) >= _ANYWHERE else words).add(found)
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


def union(parts: Sequence[Withheld]) -> Withheld:
    """All of them together."""
    return Withheld(
        frozenset[str]().union(*(part.words for part in parts)), frozenset[str]().union(*(part.texts for part in parts))
    )


def found_in(withheld: Withheld, rendered: bytes) -> int:
    """How many of the withheld values are in these bytes, in any encoding we know. The values are not returned."""
    if not withheld:
        return 0
    text = rendered.decode("utf-8", errors="replace")
    if "\\" in text and _document(rendered) is not None:
        # In JSON an escape is only an escape: with all undone nothing is lost.
        text = _JSON_ESCAPE.sub(_json_plain, text)
    found = present(withheld, text)
    if b"\x00" in rendered[:4] or rendered[:2] in (b"\xff\xfe", b"\xfe\xff"):
        found |= present(withheld, rendered.decode("utf-16", errors="replace"))
    if rendered.startswith(b"MSH") and "\ufffd" in text:
        found |= present(withheld, rendered.decode(_declared(rendered), errors="replace"))
    if found and (document := _document(rendered)) is not None:
        # What an element is called is FHIR's own word.
        found = present(_only(withheld, found), "\n".join(_leaves(document)))
    if found and withheld.remains is not None:
        # As it can be read there: what is only hidden in it was not meant to stay.
        plain = "\n".join((orjson.dumps(withheld.remains).decode(), *_leaves(withheld.remains)))
        found -= plainly(_only(withheld, found), normal(plain))
    return len(found)


def _only(withheld: Withheld, some: Set[str]) -> Withheld:
    return Withheld(withheld.words & some, withheld.texts & some)


def _leaves(part: Any) -> Iterator[str]:
    """What a JSON value holds, without the names of its elements."""
    if isinstance(part, dict):
        for value in part.values():
            yield from _leaves(value)
    elif isinstance(part, list):
        for value in part:
            yield from _leaves(value)
    else:
        yield str(part)


def _declared(message: bytes) -> str:
    """The character set that an HL7 v2 message says it is in (MSH-18); without one ISO-8859-1, which has every byte."""
    head = header(message)
    return python_codec((head.get("MSH-18") if head else None) or "8859/1") or "iso8859-1"


def _document(rendered: bytes) -> Any:
    """The object or array that the bytes are as JSON; None: they are none."""
    if rendered.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return orjson.loads(rendered)
    except orjson.JSONDecodeError:
        return None


def present(withheld: Withheld, haystack: str) -> set[str]:
    """Those of the withheld values that are in the text, in any encoding."""
    found: set[str] = set()
    for form in forms(haystack):
        found |= plainly(withheld, normal(form))
    return found


def plainly(withheld: Withheld, text: str) -> set[str]:
    """Those that are in a normal text as it stands."""
    found = {needle for needle in withheld.texts if needle in text}
    found |= {needle for needle in withheld.words if needle in text and as_word(needle, text)}
    return found


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
_MARKUP = re.compile(r"<[^<>]*>")
#: Base64 in lines (MIME) goes on where the next line begins.
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/]{60})[\r\n]+[ \t]*(?=[A-Za-z0-9+/=])")
#: Both alphabets of base64; all else parts one run from the next.
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_RUNS = bytes(byte if byte in _LETTERS else 32 for byte in range(256))
#: A shorter run holds less than nine letters.
_RUN = 12
_PRINTABLE = bytes(byte for byte in range(256) if 32 <= byte < 127 or byte in (9, 10, 13))


def forms(text: str, depth: int = _DEPTH) -> Iterator[str]:
    """The text and what it becomes when each encoding in it is undone, and theirs in turn."""
    seen: set[str] = set()
    todo = [(text, depth, True)]
    while todo:
        form, left, runs = todo.pop()
        if form in seen:
            continue
        seen.add(form)
        yield form
        if left == 0:
            continue
        if "\\" in form:
            todo.append((_JSON_ESCAPE.sub(_json_plain, form), left - 1, True))
            if _V2_ESCAPE.search(form):
                todo.append((_V2_ESCAPE.sub(_v2_plain, form), left - 1, True))
        if "&" in form:
            todo.append((html.unescape(form), left - 1, True))
        if "<" in form:
            # Only what stands between tags changes.
            about = form[max(0, form.find("<") - 300) : form.rfind(">") + 300]
            todo.append((_MARKUP.sub("", about), left - 1, False))
        if "%" in form:
            todo.append((unquote_plus(form), left - 1, True))
        if runs and (decoded := "\n".join(_decoded(form))):
            todo.append((decoded, left - 1, True))


def _json_plain(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _JSON_PLAIN[match[2]]


def _v2_plain(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1][: len(match[1]) // 2 * 2]).decode("utf-8", errors="replace")
    return _V2_PLAIN[match[2]] if match[2] else " "


def _decoded(text: str) -> Iterator[str]:
    """What base64 runs in the text hold, where it is text. Words and ids are such runs too, and hold none."""
    runs = _runs(text)
    if "\n" in text and any(len(run) >= 60 for run in runs):
        runs = _runs(_WRAPPED.sub("", text))
    for run in runs:
        if b"-" in run or b"_" in run:
            if len(run) == 36 and run[8::5][:4] == b"----":
                continue  # a UUID
            yield from _read(run.replace(b"-", b"+").replace(b"_", b"/"))
            for piece in run.replace(b"_", b"-").split(b"-"):
                if len(piece) >= _RUN:
                    yield from _read(piece)
        else:
            yield from _read(run)


def _runs(text: str) -> list[bytes]:
    """The runs that are long enough, each once: a Bundle has the same urls in every entry."""
    runs = text.encode("utf-8", errors="replace").translate(_RUNS).split()
    return sorted({run for run in runs if len(run) >= _RUN})


def _read(letters: bytes) -> Iterator[str]:
    over = len(letters) % 4
    try:
        raw = a2b_base64(letters[:-1] if over == 1 else letters + b"=" * (-over % 4))
    except Error:
        return
    try:
        yield raw.decode()
    except UnicodeDecodeError:
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            yield raw.decode("utf-16", errors="replace")
        elif len(raw.translate(None, _PRINTABLE)) * 10 < len(raw):
            yield raw.decode("latin-1")
