"""The seal: found in every encoding, only its own way to a Release, no value in any error."""

from __future__ import annotations

import ast
import base64
import copy
import html
import json
import pickle
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from hub.errors import ReleaseError
from hub.release import Leak, Release, Withheld, seal
from hub.release.decide import Decision, EntryDecision
from hub.release.withheld import found_in, values

GOES = Decision(
    decision="permit",
    entries=(EntryDecision(index=0, decision="permit", because=()),),
    conflicts=(),
    digest="0" * 64,
)
TEXT = 'Thornquist & Sons <Opioid> "dépendance" ward|7^B\\C'


def v2(text: str) -> str:
    table = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
    return "".join(table.get(letter, letter) for letter in text)


def hexed(text: str) -> str:
    return "\\X" + text.encode().hex().upper() + "\\"


def wrapped(text: str) -> str:
    return base64.encodebytes(("x" * 70 + text + "y" * 70).encode()).decode()


ENCODINGS: dict[str, Any] = {
    "plain": lambda t: t,
    "upper": str.upper,
    "json": json.dumps,
    "json_utf8": lambda t: json.dumps(t, ensure_ascii=False),
    "json_twice": lambda t: json.dumps(json.dumps(t)),
    "xml": html.escape,
    "xml_numeric": lambda t: "".join(f"&#{ord(letter)};" for letter in t),
    "xml_in_json": lambda t: json.dumps(html.escape(t)),
    "v2": v2,
    "v2_hex": hexed,
    "url": quote,
    "url_plus": quote_plus,
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "base64_inside": lambda t: base64.b64encode(f"before {t} after".encode()).decode(),
    "base64_url": lambda t: base64.urlsafe_b64encode(t.encode()).decode(),
    "base64_unpadded": lambda t: base64.b64encode(t.encode()).decode().rstrip("="),
    "base64_wrapped": wrapped,
    "base64_of_json": lambda t: base64.b64encode(json.dumps({"a": t}).encode()).decode(),
    "base64_in_json_slashes": lambda t: json.dumps(base64.b64encode(t.encode()).decode()).replace("/", "\\/"),
    "base64_utf16": lambda t: base64.b64encode(t.encode("utf-16")).decode(),
    "spaced": lambda t: t.replace(" ", "\n   "),
    "tagged": lambda t: html.escape(t).replace(" ", "<br/> "),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_leak_is_found_in(name: str) -> None:
    withheld = values({"note": [{"text": TEXT}]})
    rendered = f'{{"x": "{ENCODINGS[name](TEXT)}"}}'.encode()
    with pytest.raises(Leak) as caught:
        seal(rendered, recipient="r", purpose="TREAT", media_type="x", withheld=withheld, decision=GOES)
    assert "Thornquist" not in str(caught.value) + repr(caught.value) + str(caught.value.outcome())


@pytest.mark.parametrize(
    ("part", "text", "found"),
    [
        ({"coding": [{"system": "http://loinc.org", "code": "F11.20"}]}, "DG1|1||F11.20^x", 1),
        ({"coding": [{"system": "http://loinc.org", "code": "F11.20"}]}, "AF11.205", 0),
        ({"id": "abc-7"}, "Task/abc-7", 1),
        ({"id": "abc-7"}, "xabc-77", 0),
        ({"name": [{"family": "Brightmoor"}]}, "PID|||||BRIGHTMOOR^A", 1),
        ({"name": [{"family": "Ash"}]}, "washed", 0),
        ({"status": "active", "recorded": "2026-01-01"}, "active 2026-01-01", 0),
        ({"meta": {"security": [{"code": "OPIOIDUD"}]}}, "opioidud", 1),
        ({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/x", "code": "active"}]}, "active", 0),
    ],
)
def test_what_counts(part: dict[str, Any], text: str, found: int) -> None:
    assert found_in(values(part), text.encode()) == found


def test_what_remains_is_not_withheld() -> None:
    withheld = values({"name": [{"family": "Brightmoor", "given": ["Elspeth"]}]})
    left = Withheld(withheld.words, withheld.texts, remains={"name": [{"given": ["Elspeth"]}]})
    assert found_in(left, b"Elspeth") == 0
    assert found_in(left, b"Brightmoor") == 1


def test_sealed_release_carries_what_it_says() -> None:
    made = seal(
        b"abc", recipient="Organization/x", purpose="TREAT", media_type="text/plain", withheld=Withheld(), decision=GOES
    )
    assert (made.bytes, made.recipient, made.decision_digest) == (b"abc", "Organization/x", "0" * 64)
    assert "abc" not in repr(made)


def test_only_seal_makes_a_release() -> None:
    made = seal(b"abc", recipient="x", purpose="TREAT", media_type="t", withheld=Withheld(), decision=GOES)
    with pytest.raises(ReleaseError):
        Release(
            recipient="x", purpose="TREAT", bytes=b"", media_type="t", decision_digest="", obligations=(), key=object()
        )
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(ReleaseError):
            attempt(made)


def test_nothing_goes_that_no_decision_lets_go() -> None:
    nothing = Decision(
        decision="deny",
        entries=(EntryDecision(index=0, decision="deny", because=()),),
        conflicts=(),
        digest="",
    )
    with pytest.raises(ReleaseError) as caught:
        seal(b"abc", recipient="x", purpose="TREAT", media_type="t", withheld=Withheld(), decision=nothing)
    assert caught.value.rule == "release.not-permitted"


def test_no_other_code_constructs_a_release() -> None:
    root = Path(__file__).parents[3]
    places = [path for package in ("hub", "mappings", "profiles") for path in (root / package).rglob("*.py")]
    calls: list[str] = []
    for path in places:
        text = path.read_text(encoding="utf-8")
        if "Release" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name == "Release":
                    calls.append(path.relative_to(root).as_posix())
            if isinstance(node, ast.Attribute | ast.Name) and getattr(node, "id", getattr(node, "attr", "")) == "_SEAL":
                assert path.name == "seal.py"
    assert calls == ["hub/release/seal.py"]


def test_values_do_not_show() -> None:
    assert "Thornquist" not in repr(values({"note": [{"text": TEXT}]}))
