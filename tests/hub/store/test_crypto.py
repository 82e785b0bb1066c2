"""The envelope and the key ring."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import KeyringError
from hub.store import EnvKeys, FileKeys, KeyRing, Store, Tx, crypto, inputs, messages, vault
from hub.store.tables import sealed

NOW = datetime(2026, 1, 15, tzinfo=UTC)
KEK, OTHER = bytes(range(32)), bytes(range(1, 33))
CAD = {"source": "cad", "organization": "pd", "media_type": "application/json"}


def environment(active: str = "a", kids: str = "a") -> dict[str, str]:
    keys = {kid: base64.b64encode(kid.encode() * 32).decode() for kid in kids}
    return {"HANDOFF_KEYS": json.dumps({"active": active, "keys": keys, "root": base64.b64encode(b"r" * 32).decode()})}


@given(st.binary(max_size=2000), st.text(max_size=40), st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True))
def test_round_trip(plain: bytes, label: str, kid: str) -> None:
    aad = crypto.associated("message", "1", "body", "pd", label)
    blob = crypto.seal(KEK, kid, plain, aad)
    assert crypto.kid_of(blob) == kid
    assert crypto.unseal(KEK, blob, aad) == plain
    assert crypto.seal(KEK, kid, plain, aad) != blob
    if len(plain) > 8:
        assert plain not in blob


@given(st.data())
def test_any_changed_byte_is_found(data: Any) -> None:
    aad = crypto.associated("message", "1", "body", "pd", "")
    blob = bytearray(crypto.seal(KEK, "k1", b"a document", aad))
    at = data.draw(st.integers(min_value=4, max_value=len(blob) - 1))  # past version, length and kid
    blob[at] ^= data.draw(st.integers(min_value=1, max_value=255))
    with pytest.raises(KeyringError, match=r"keys\.tampered"):
        crypto.unseal(KEK, bytes(blob), aad)


@pytest.mark.parametrize(
    "blob", [b"", b"\x02", b"\x01" + bytes(100), b"\x02\xff" + bytes(110), b"\x02\x02k1" + bytes(80)]
)
def test_what_is_no_envelope_says_so(blob: bytes) -> None:
    with pytest.raises(KeyringError, match=r"keys\.format"):
        crypto.unseal(KEK, blob, b"")


def test_rewrap_moves_the_key_and_not_the_ciphertext() -> None:
    aad = crypto.associated("message", "1", "body", "pd", "")
    blob = crypto.seal(KEK, "k1", b"a document", aad)
    moved = crypto.rewrap(KEK, OTHER, "k2", blob)
    assert crypto.kid_of(moved) == "k2"
    assert moved[-38:] == blob[-38:]  # nonce, ciphertext and tag
    assert crypto.unseal(OTHER, moved, aad) == b"a document"
    with pytest.raises(KeyringError, match=r"keys\.tampered"):
        crypto.unseal(KEK, moved, aad)
    with pytest.raises(KeyringError, match=r"keys\.tampered"):
        crypto.rewrap(OTHER, KEK, "k3", blob)


def test_parts_of_the_associated_data_do_not_run_together() -> None:
    assert crypto.associated("a", "b", "c", "d", "e") != crypto.associated("a", "bc", "", "d", "e")


def receive(custody: str, body: bytes) -> Callable[[Tx], int]:
    return lambda tx: inputs.receive(tx, control_id=None, custody=custody, body=body, **CAD)[0].id


def test_swapped_rows_do_not_open(store: Store) -> None:
    one, two = store.write(receive("pd", b"one")), store.write(receive("pd", b"two"))

    def swap(tx: Tx) -> None:
        first, second = (
            tx.connection.execute(sealed.select().where(sealed.c.noun_id == which)).one() for which in (one, two)
        )
        for which, row in ((one, second), (two, first)):
            tx.connection.execute(sealed.update().where(sealed.c.noun_id == which).values(blob=row.blob, kid=row.kid))

    store.write(swap)
    for which in (one, two):
        with pytest.raises(KeyringError, match=r"keys\.tampered"):
            store.read(lambda tx, which=which: messages.body(tx, which))


@pytest.mark.parametrize("column", ["custody", "label", "part", "noun"])
def test_what_it_is_stored_as_is_bound_in(store: Store, column: str) -> None:
    store.write(receive("other", b"so that the other custody has a key"))
    made = store.write(lambda tx: vault.put(tx, "note", 1, "text", b"plain", custody="pd", label="42CFRPart2") or 1)
    store.write(
        lambda tx: tx.connection.execute(sealed.update().where(sealed.c.noun == "note").values({column: "other"}))
    )
    noun, part = ("other" if column == "noun" else "note"), ("other" if column == "part" else "text")
    with pytest.raises(KeyringError, match=r"keys\.(tampered|unknown)"):
        store.read(lambda tx: vault.get(tx, noun, made, part))


def test_one_custody_does_not_open_anothers(keys: KeyRing) -> None:
    _, blob = keys.seal("police", b"raw", b"aad")
    keys.seal("health", b"raw", b"aad")
    with pytest.raises(KeyringError, match=r"keys\.unknown"):
        keys.unseal("health", blob, b"aad")


def test_rotation_goes_on_while_the_store_is_used(store: Store, keys: KeyRing, tmp_path: Path) -> None:
    old = [store.write(receive("pd", b"%d" % number)) for number in range(7)]
    other = store.write(receive("center", b"other"))
    first, _ = keys.active("pd")
    second = keys.rotate("pd", NOW)
    assert first != second
    new = store.write(receive("pd", b"new"))
    counts = []
    while not counts or counts[-1]:
        counts.append(store.write(lambda tx: vault.rewrap(tx, "pd", limit=3)))
    assert counts == [3, 3, 1, 0]
    rows = store.read(lambda tx: tx.connection.execute(sealed.select()).all())
    assert {row.kid for row in rows if row.custody == "pd"} == {second}
    for row in rows:
        assert crypto.kid_of(row.blob) == row.kid
    bodies = store.read(lambda tx: [messages.body(tx, made) for made in (*old, new, other)])
    assert bodies == [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"new", b"other"]


def test_keys_of_the_file_are_for_its_owner_and_survive(tmp_path: Path) -> None:
    path = tmp_path / "ring" / "keys.json"
    ring = KeyRing(FileKeys(path))
    kid, blob = ring.seal("pd", b"plain", b"aad")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = KeyRing(FileKeys(path))
    assert again.unseal("pd", blob, b"aad") == b"plain"
    assert again.namespace_key == ring.namespace_key
    assert again.blind("pd", "mrn", "1") == ring.blind("pd", "mrn", "1")
    assert kid == again.active("pd")[0]
    path.chmod(0o640)
    with pytest.raises(KeyringError, match=r"keys\.file"):
        FileKeys(path)
    path.chmod(0o600)
    path.write_text("{}")
    with pytest.raises(KeyringError, match=r"keys\.file"):
        FileKeys(path)


def test_two_processes_share_the_file(tmp_path: Path) -> None:
    one, two = (KeyRing(FileKeys(tmp_path / "keys.json")) for _ in range(2))
    _, blob = one.seal("pd", b"plain", b"aad")
    assert two.unseal("pd", blob, b"aad") == b"plain"
    one.rotate("pd", NOW)
    _, blob = one.seal("pd", b"later", b"aad")
    assert two.unseal("pd", blob, b"aad") == b"later"


def test_rotation_keeps_ids_and_indexes(keys: KeyRing) -> None:
    before = keys.namespace_key, keys.blind("pd", "mrn", "1"), keys.signing_key().kid
    keys.rotate("pd", NOW)
    assert before == (
        keys.namespace_key,
        keys.blind("pd", "mrn", "1"),
        keys.signing_key().kid,
    )


def test_blind_indexes_differ_by_custody_and_field(keys: KeyRing) -> None:
    places = [("pd", "mrn"), ("pd", "phone"), ("center", "mrn"), ("pd\x1fmrn", "")]
    assert len({keys.blind(custody, field, "1") for custody, field in places}) == 4
    assert keys.blind("pd", "mrn", b"1") == keys.blind("pd", "mrn", "1")


def test_keys_of_the_environment_rotate_by_the_variable() -> None:
    old = KeyRing(EnvKeys(environment()))
    _, blob = old.seal("pd", b"plain", b"aad")
    new = KeyRing(EnvKeys(environment(active="b", kids="ab")))
    assert new.unseal("pd", blob, b"aad") == b"plain"
    kid, moved = new.rewrap("pd", blob)
    assert (kid, new.unseal("pd", moved, b"aad")) == ("b", b"plain")
    assert new.namespace_key == old.namespace_key
    with pytest.raises(KeyringError, match=r"keys\.unknown"):
        old.unseal("pd", moved, b"aad")
    with pytest.raises(KeyringError, match=r"keys\.environment"):
        new.rotate("pd", NOW)


@pytest.mark.parametrize(
    "value",
    [None, "", "[]", "{}", environment(active="z")["HANDOFF_KEYS"], '{"active":"a","keys":{"a":"AA=="},"root":"AA=="}'],
)
def test_a_wrong_variable_is_refused_without_being_shown(value: str | None) -> None:
    with pytest.raises(KeyringError) as found:
        EnvKeys({} if value is None else {"HANDOFF_KEYS": value})
    assert found.value.rule == "keys.environment"
    assert "AA==" not in str(found.value)
