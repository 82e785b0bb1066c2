"""Passphrases and codes: the published vectors, what is refused, and that nothing is good twice."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import IdentityError
from hub.identity import code, passphrase

#: RFC 6238, appendix B: the secret, and codes of SHA-1 (its last six digits of eight).
SECRET = b"12345678901234567890"
VECTORS = [
    (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"),
]  # fmt: skip


@pytest.mark.parametrize(("at", "digits"), VECTORS)
def test_the_codes_are_those_of_the_standard(at: int, digits: str) -> None:
    now = datetime.fromtimestamp(at, UTC)
    assert code.step_of(SECRET, digits, now, 0) == at // 30
    assert code.step_of(SECRET, f"{digits[:3]} {digits[3:]}", now, 0) == at // 30
    assert code.step_of(SECRET, digits, now, at // 30) is None  # used
    for late in (-30, 30) if at > 60 else ():
        assert code.step_of(SECRET, digits, datetime.fromtimestamp(at + late, UTC), 0) == at // 30
    for late in (-61, 61) if at > 60 else ():
        assert code.step_of(SECRET, digits, datetime.fromtimestamp(at + late, UTC), 0) is None


@given(st.text(max_size=12))
@settings(max_examples=100, deadline=None)
def test_anything_else_is_no_code(text: str) -> None:
    now = datetime.fromtimestamp(1111111109, UTC)
    good = {"081804", *(d for a, d in VECTORS if abs(a - 1111111109) <= 60)}
    assert code.step_of(SECRET, text, now, 0) is None or "".join(text.split()) in good


def test_an_authenticator_learns_the_secret() -> None:
    parts = urlsplit(code.address(SECRET, "Quarn Ellery"))
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/Warm%20Handoff%3AQuarn%20Ellery")
    asked = parse_qs(parts.query)
    assert base64.b32decode(asked["secret"][0]) == SECRET
    assert asked["issuer"] == ["Warm Handoff"]
    assert len(code.new_secret()) == 20


@pytest.mark.parametrize(
    "wrong",
    ["", "short one", "aaaaaaaaaaaaaaaaaaaa", "warm handoff is the product", "quarn ellery signs in", "x" * 257],
)
def test_a_poor_passphrase_is_refused_without_being_said(wrong: str) -> None:
    with pytest.raises(IdentityError) as refused:
        passphrase.check(wrong, "Quarn Ellery")
    assert not wrong or wrong not in str(refused.value)


def test_a_passphrase_is_kept_as_a_salted_hash() -> None:
    phrase = "seven lanterns over the weir"
    passphrase.check(phrase, "Quarn Ellery")
    one, two = passphrase.hashed(phrase), passphrase.hashed(phrase)
    assert one != two
    assert phrase.encode() not in one
    assert passphrase.matches(phrase, one)
    assert passphrase.matches(phrase, two)
    assert not passphrase.matches(phrase + "s", one)
    assert not passphrase.matches(phrase, None)
    assert not passphrase.matches("", None)
