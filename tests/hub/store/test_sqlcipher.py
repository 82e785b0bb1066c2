"""A database file encrypted as a whole, beside the seal of each document."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.errors import StoreError
from hub.store import KeyRing, Store, inputs, messages, migrate
from tests.hub.approved import needs_sqlcipher

CIPHER, OTHER = b"c" * 32, b"d" * 32


@needs_sqlcipher
def test_not_even_a_clear_column_is_in_the_file(keys: KeyRing, tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    url = f"sqlite:///{file}"
    migrate(url, CIPHER)
    with Store(url, keys, lambda: datetime(2026, 1, 15, tzinfo=UTC), cipher=CIPHER) as store:
        made, _ = store.write(
            lambda tx: inputs.receive(
                tx,
                source="a-telling-name",
                custody="pd",
                organization="pd",
                control_id=None,
                media_type="text/plain",
                body=b"plain",
            )
        )
        assert store.read(lambda tx: messages.body(tx, made.id)) == b"plain"
        files = b"".join(one.read_bytes() for one in tmp_path.glob("hub.db*"))
    assert b"SQLite format 3" not in files
    assert b"a-telling-name" not in files
    for wrong in (OTHER, None):
        with pytest.raises(Exception) as refused:
            Store(url, keys, lambda: datetime(2026, 1, 15, tzinfo=UTC), cipher=wrong)
        assert wrong is None or (isinstance(refused.value, StoreError) and refused.value.rule == "store.sqlcipher")


def test_it_is_for_files_only() -> None:
    with pytest.raises(StoreError, match=r"store\.url"):
        migrate("postgresql://nobody@127.0.0.1:9/none", CIPHER)
