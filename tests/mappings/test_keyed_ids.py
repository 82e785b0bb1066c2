"""Keyed ids: UUIDv8 of HMAC-SHA-256, the same as the standard library's HMAC gives."""

from __future__ import annotations

import hmac
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.errors import TranslateError
from mappings.ids import PUBLISHED, Ids, keyed_uuid

PARTS = st.tuples(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=40))


@given(key=st.binary(min_size=1, max_size=130), parts=PARTS)
def test_the_id_is_a_uuid8_of_the_hmac(key: bytes, parts: tuple[str, str, str, str]) -> None:
    made = UUID(keyed_uuid(key, *parts))
    digest = int.from_bytes(hmac.digest(key, "\x1f".join(parts).encode(), "sha256")[:16], "big")
    fixed = (0xF << 76) | (0x3 << 62)
    assert made.version == 8
    assert made.variant == "specified in RFC 4122"
    assert made.int & ~fixed == digest & ~fixed


def test_parts_do_not_run_together() -> None:
    assert keyed_uuid(PUBLISHED, "a", "bc", "d", "e") != keyed_uuid(PUBLISHED, "ab", "c", "d", "e")


def test_custody_and_key_part_the_ids() -> None:
    made = {keyed_uuid(key, custody, "patient", "pd", "1") for key in (b"one", b"two") for custody in ("pd", "center")}
    assert len(made) == 4


def test_a_collision_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = Ids(PUBLISHED, "pd")
    first = ids.of("patient", "pd", "1")
    assert ids.of("patient", "pd", "1") == first
    monkeypatch.setattr("mappings.ids._uuid8", lambda *_: first)
    with pytest.raises(TranslateError) as caught:
        ids.of("patient", "pd", "2")
    assert caught.value.rule == "translate.id-collision"


@pytest.mark.parametrize("key", [b"one key", b"another key"])
@pytest.mark.parametrize("custody", ["riverton", "lakeshore"])
def test_remembered_id_is_the_keyed_id(key: bytes, custody: str) -> None:
    right = keyed_uuid(key, custody, "practitioner", "riverton", "4411")
    for _ in range(2):
        assert Ids(key, custody).of("practitioner", "riverton", "4411", recurring=True) == right
    assert Ids(key, custody).of("practitioner", "riverton", "4411") == right
