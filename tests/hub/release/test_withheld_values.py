"""Which strings of a withheld record are looked for, and in what writing they are found, a row each (S21, S31).

What is looked for too narrowly leaks; what is looked for too widely stops a release for FHIR's own words.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest

from hub.release.withheld import Withheld, as_word, beside, forms, found_in, present, union, values

Json = dict[str, Any]

LONG = "Seen at the quarry road. Doses on Tuesdays with counselor Marchetti; is calm then! Nothing more was said."


def kept(part: Any) -> set[str]:
    found = values(part)
    assert not found.words & found.texts
    assert all(len(one) < 12 for one in found.words)
    assert all(len(one) >= 12 for one in found.texts)
    return set(found.words | found.texts)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        # a resource by its name, each id however short, a reference whole and by its end
        ({"resourceType": "Basic", "id": "b-7"}, {"basic/b-7", "b-7"}),
        ({"resourceType": "Basic", "id": 7}, set()),
        ({"resourceType": "Basic"}, set()),
        ({"id": "b7"}, set()),
        ({"fullUrl": "urn:uuid:8c6f3a0e"}, {"urn:uuid:8c6f3a0e", "8c6f3a0e"}),
        ({"subject": {"reference": "https://a.example.org/Basic/b-7"}}, {"https://a.example.org/basic/b-7", "b-7"}),
        ({"subject": {"reference": "urn:uuid:8c6f3a0e"}}, {"urn:uuid:8c6f3a0e"}),
        ({"subject": {"reference": "#a/b-7"}}, {"#a/b-7"}),
        ({"identifier": [{"system": "urn:x", "value": "C-1"}]}, {"c-1"}),
        # a code of a clinical system however short, its display only where it is long enough; not FHIR's own codes
        ({"coding": [{"system": "http://loinc.org", "code": "X-1", "display": "abc"}]}, {"x-1"}),
        ({"coding": [{"system": "http://loinc.org", "code": "X-1", "display": "abcd"}]}, {"x-1", "abcd"}),
        ({"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11", "display": "dependence"}]},
         {"f11", "dependence"}),
        ({"coding": [{"system": "http://hl7.org/fhir/observation-status", "code": "final", "display": "x"}]}, set()),
        ({"coding": [{"system": "http://unitsofmeasure.org", "code": "mg/d", "display": "milligram"}]}, set()),
        ({"code": "urgent"}, set()),
        ({"display": "Sunrise"}, {"sunrise"}),
        ({"coding": [{"system": 7, "code": "urgent", "display": "Urgent"}]}, {"urgent"}),
        # whether it is active is no value, also in words of its own
        ({"clinicalStatus": {"coding": [{"system": "urn:own", "code": "burning"}]}}, set()),
        ({"verificationStatus": {"coding": [{"system": "urn:own", "code": "burning"}], "text": "likely"}}, {"likely"}),
        ({"category": {"coding": [{"system": "urn:own", "code": "burning"}]}}, {"burning"}),
        # times, places that a thousand records share, FHIR's own words
        ({"note": [{"text": "2026-01-02"}]}, set()),
        ({"note": [{"text": "2026-01-02T10:00:00Z"}]}, set()),
        ({"note": [{"text": "2026-01-02 at noon"}]}, {"2026-01-02 at noon"}),
        ({"gender": "female", "birthDate": "1988-04-02", "city": "Anytown"}, set()),
        # texts: as they stand where short, by line and sentence where long
        ({"text": "n/a"}, set()),
        ({"text": "abcdefghijkl"}, {"abcdefghijkl"}),
        ({"text": "5 < 7 &amp; b > 3"}, {"5 < 7 &amp; b > 3"}),
        ({"subject": {"reference": "a/b"}}, {"a/b"}),
        ({"fullUrl": "urn:uuid:abc"}, {"urn:uuid:abc", "abc"}),
        ({"div": "<p>abc</p>"}, set()),
        ({"contentType": "text/plain", "data": "YWJj"}, {"ywjj"}),
        ({"text": "calm"}, {"calm"}),
        ({"text": "calm. Went. Home"}, {"calm. went. home"}),
        ({"text": LONG}, {"seen at the quarry road.", "doses on tuesdays with counselor marchetti;", "is calm then!",
                          "nothing more was said."}),
        ({"text": LONG.replace(". ", "\r\n")}, {"seen at the quarry road", "nothing more was said.", "is calm then!",
                                              "doses on tuesdays with counselor marchetti;"}),
        ({"div": "<div><p>Doses &amp; more</p>calm</div>"}, {"doses & more calm"}),
        # a document by what it says and as it stands
        ({"contentType": "text/plain", "data": "RG9zZXMgb24gVHVlc2RheXM="}, {"doses on tuesdays",
                                                                              "rg9zzxmgb24gvhvlc2rhexm="}),
        ({"contentType": "image/png", "data": f"{'A' * 60}\n{'B' * 60}"}, {f"{'a' * 60} {'b' * 60}"}),
        ({"contentType": "image/png", "data": "YWJ"}, set()),
        ({"text": f"{'x' * 38}. {'y' * 40}"}, {f"{'x' * 38}. {'y' * 40}"}),
        ({"text": f"{'x' * 39}. {'y' * 40}"}, {f"{'x' * 39}.", "y" * 40}),
        ({"text": f"{'x' * 80}\ncalm"}, {"x" * 80, "calm"}),
        # labels tell; what else stands in meta does not
        ({"meta": {"security": [{"code": "42CFRPart2"}, {"code": "HIV"}, {"code": "origin-unknown"}, {"code": "N"}, 7],
                   "source": "urn:source:here", "tag": [{"code": "own-tag", "system": "urn:x"}]}},
         {"42cfrpart2", "hiv", "origin-unknown"}),
        ({"meta": "HIV positive"}, set()),
        ([["calm", 7, None, True]], {"calm"}),
        (7, set()),
    ],
)  # fmt: skip
def test_s21_what_of_a_record_is_looked_for(part: Any, expected: set[str]) -> None:
    assert kept(part) == expected


@pytest.mark.parametrize(
    ("needle", "text", "expected"),
    [
        ("ash", "ash", True),
        ("ash", "an ash.", True),
        ("ash", "washed", False),
        ("ash", "ashen", False),
        ("ash", "wash", False),
        ("ash", "washed by ash", True),
        ("ash", "ashed ash", True),
        ("ash", "ash7", False),
        ("-7", "a-7", True),
        ("-7", "a-78", False),
        ("7-", "7-a", True),
        ("7-", "67-", False),
        ("ash", "none", False),
    ],
)
def test_a_short_value_is_found_as_a_word(needle: str, text: str, expected: bool) -> None:
    assert as_word(needle, text) is expected
    assert (found_in(Withheld(frozenset({needle}), frozenset()), text.encode()) == 1) is expected


SECRET = "qz8817mk-ward"
WITHHELD = Withheld(frozenset(), frozenset({SECRET}))


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


HIDDEN = coded(SECRET)


@pytest.mark.parametrize(
    "text",
    [
        # an encoding inside another, whichever is the outer one
        f"\\u{ord(HIDDEN[0]):04x}{HIDDEN[1:]}",
        f"\\X{ord(HIDDEN[0]):02X}\\{HIDDEN[1:]}",
        f"&#{ord(HIDDEN[0])};{HIDDEN[1:]}",
        f"%{ord(HIDDEN[0]):02X}{HIDDEN[1:]}",
        coded(f"&#{ord(HIDDEN[0])};{HIDDEN[1:]}"),
        SECRET.upper(),
        SECRET.replace("w", "\\u0077"),
        SECRET.replace("-", "\\X2D\\"),
        "qz8817mk\\H\\-ward",
        "qz8817mk-\\N\\ward",
        SECRET.replace("-", "&#45;"),
        "<b>qz8817mk</b>-<i>ward</i>",
        quote(SECRET).replace("-", "%2D"),
        coded(SECRET),
        coded(f"a {SECRET} b").rstrip("="),
        coded(coded(SECRET)),
        coded(quote(SECRET).replace("-", "%2D")),
        base64.urlsafe_b64encode(f"??>>{SECRET}~~".encode()).decode(),
        base64.urlsafe_b64encode(f"??????{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"??????{SECRET}zzzzzzzz".encode()).decode(),
        f"8c6f3a0e-0f6b-4c1f-9a52-{HIDDEN}",
        f"x-{coded(SECRET)}-y",
        f"{coded('z' * 40 + SECRET)[:60]}\n{coded('z' * 40 + SECRET)[60:]}",
        base64.encodebytes(("z" * 44 + SECRET + "z" * 60).encode()).decode(),
        base64.b64encode(SECRET.encode("utf-16")).decode(),
        base64.b64encode(f"{SECRET} é".encode("latin-1")).decode(),
    ],
)
def test_what_is_hidden_is_found(text: str) -> None:
    assert present(WITHHELD, text) == {SECRET}
    assert found_in(WITHHELD, f"a {text} b".encode()) == 1


def test_base64_of_nine_letters_and_base64_that_goes_on_with_another() -> None:
    nine, twelve = Withheld(frozenset({"qz8817mk9"})), Withheld(frozenset(), frozenset({"qz8817mk-war"}))
    assert len(coded("qz8817mk9")) == 12
    assert present(nine, coded("qz8817mk9")) == {"qz8817mk9"}
    assert present(nine, f"a-{coded('qz8817mk9')}") == {"qz8817mk9"}
    assert present(twelve, f"{coded('qz8817mk-war')}x") == {"qz8817mk-war"}


@pytest.mark.parametrize(
    "text", ["qz8817mk ward", "qz8817mk", coded("qz8817mk"), "8c6f3a0e-0f6b-4c1f-9a52-0d7c11f0a001", "%", "\\", "<", ""]
)
def test_what_is_not_there_is_not_found(text: str) -> None:
    assert found_in(WITHHELD, text.encode()) == 0


def test_encodings_are_undone_so_deep_and_no_deeper() -> None:
    text = SECRET
    for _ in range(4):
        text = coded(text)
    assert present(WITHHELD, text) == {SECRET}
    assert present(WITHHELD, coded(text)) == set()
    # An escape of JSON is no encoding of its own where all of it is JSON.
    escaped = f"\\u{ord(text[0]):04x}{text[1:]}"
    assert found_in(WITHHELD, f'{{"a": "{escaped}"}}'.encode()) == 1
    assert list(forms("calm", 0)) == ["calm"]
    assert list(forms("a%20b", 1)) == ["a%20b", "a b"]


@pytest.mark.parametrize(
    ("rendered", "expected"),
    [
        (SECRET.encode("utf-16"), 1),
        (SECRET.encode("utf-16-le"), 1),
        (f"Ж {SECRET}".encode("utf-16"), 1),
        (b"MSH|^~\\&|a|b|c|d|2026||ADT^A01|1|P|2.5.1||||||8859/1\rNTE|1||caf\xe9 " + SECRET.encode(), 1),
        (b"MSH|^~\\&|a|b|c|d|2026||ADT^A01|1|P|2.5.1\rNTE|1||caf\xe9 " + SECRET.encode(), 1),
        (b'{"a": "qz8817mk\\u002dward"}', 1),
        (b'["qz8817mk-ward"]', 1),
        # what an element is called is FHIR's own word, in JSON alone
        (b'{"qz8817mk-ward": 1}', 0),
        (b'{"a": [{"qz8817mk-ward": 1}]}', 0),
        (b'{"qz8817mk-ward": 1', 1),
        (b"", 0),
    ],
)
def test_in_whatever_the_bytes_are(rendered: bytes, expected: int) -> None:
    assert found_in(WITHHELD, rendered) == expected


def test_by_the_character_set_that_a_message_says_it_is_in() -> None:
    withheld = Withheld(frozenset(), frozenset({"dépendance ancienne"}))
    head = "MSH|^~\\&|a|b|c|d|2026||ADT^A01|1|P|2.5.1||||||"
    for declared, codec in (
        ("8859/1", "latin-1"),
        ("", "latin-1"),
        ("UNICODE UTF-8", "utf-8"),
        ("own", "latin-1"),
        ("8859/15", "iso8859-15"),
    ):
        message = f"{head}{declared}\rNTE|1||dépendance ancienne €".encode(codec, errors="replace")
        assert found_in(withheld, message) == 1
    assert found_in(withheld, "MSHé dépendance ancienne".encode("latin-1")) == 1
    assert found_in(withheld, f"XSH{head[3:]}\rNTE|1||dépendance ancienne".encode("latin-1")) == 0


def test_what_may_be_seen_all_the_same_is_not_found() -> None:
    left = Withheld(WITHHELD.words, WITHHELD.texts, remains={"name": SECRET.upper()})
    assert found_in(left, SECRET.encode()) == 0
    # As it can be read there: what is only hidden in it was not meant to stay.
    assert found_in(Withheld(WITHHELD.words, WITHHELD.texts, remains={"data": coded(SECRET)}), SECRET.encode()) == 1
    also = beside(WITHHELD, [{"display": SECRET}])
    assert found_in(also, SECRET.encode()) == 0
    assert found_in(Withheld(frozenset({"null", "none"})), b"null none") == 2
    ash = frozenset({"ash"})
    assert found_in(Withheld(ash), b'{"ash": "washed"}') == 0
    assert found_in(Withheld(ash, remains={"a": "washed"}), b"an ash") == 1
    assert beside(WITHHELD, []) is WITHHELD
    assert found_in(beside(left, [{"display": "x"}]), SECRET.encode()) == 0


def test_what_is_withheld_together() -> None:
    both = union([values({"text": "calm"}), values({"text": "the quarry road"})])
    assert (both.words, both.texts) == ({"calm"}, {"the quarry road"})
    assert (bool(both), bool(Withheld()), bool(Withheld(frozenset({"a"}))), bool(WITHHELD)) == (True, False, True, True)
    rest = both.without({"calm"})
    assert (rest.words, rest.texts) == (frozenset(), {"the quarry road"})
    assert found_in(both, b"calm at the quarry road") == 2
    assert found_in(Withheld(), b"calm") == 0
