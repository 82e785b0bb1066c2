"""Commands of the database: back it up while the hub runs, check a backup, put one back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.edge import write
from hub.cli.store import HUB_TOML, By, Config, Json, done, opened, plain

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Where backups are kept; not on the hub's own disk.")]
Manifest = Annotated[Path, typer.Argument(metavar="MANIFEST", help="The .json of a backup; its copy is beside it.")]


def back_up(folder: Folder, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Copies the whole database into DIR beside a running hub, reads the copy again and signs what it is of.

    The keys are not in it: keep the key file apart, or nothing in the copy opens.
    """
    from hub.loop.hold import name_of
    from hub.loop.record import audit
    from hub.store import backup

    person = name_of(by)
    with opened(config) as hub:
        section = hub.settings.hub
        cipher = hub.store.keys.database_key() if section.sqlcipher else None
        path, made = backup.make(section.database, folder, hub.store.keys, at=hub.clock(), cipher=cipher)
        hub.store.write(
            lambda tx: audit(tx, hub, who=person, action="E", kind="database.backed-up", entity=("backup", made.sha256))
        )
    record = {"manifest": str(path), "file": made.file, "size": made.size, "sha256": made.sha256}
    done(record, f"{path}: {made.size} bytes, read again and whole.", as_json)


def verify_backup(manifest: Manifest, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Checks that a backup is whole, that this hub's keys signed it, and that they open what is in it."""
    from hub.settings import load
    from hub.store import backup
    from hub.store.keys.opened import key_ring

    made = backup.verify(manifest, key_ring(load(config), os.environ))
    record = {"made_at": made.made_at, "release": made.release, "size": made.size, "custodies": sorted(made.keys)}
    if as_json:
        write(plain(record))
    else:
        typer.echo(f"Whole; made {made.made_at.isoformat()} by release {made.release}; {len(made.keys)} custodies.")


def restore_backup(manifest: Manifest, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Puts a backup where the settings' database is not any more, brings it to this release and tries to open it.

    Every destination is left paused: what was revoked or answered after the backup is not in it. Enter it again, then
    `handoff lanes resume`.
    """
    from hub.audit import chain
    from hub.errors import StoreError
    from hub.loop.hold import name_of
    from hub.loop.record import audit
    from hub.settings import load
    from hub.store import backup, gates
    from hub.store.keys.opened import key_ring
    from hub.store.tx import Tx

    person = name_of(by)
    settings = load(config)
    ring = key_ring(settings, os.environ)
    cipher = ring.database_key() if settings.hub.sqlcipher else None
    made = backup.restore(manifest, settings.hub.database, ring, cipher=cipher)
    with opened(config) as hub:
        broken = hub.store.read(lambda tx: chain.verify(tx, [ring.signing_key()]))
        custodies = hub.store.read(lambda tx: backup.opens(tx.connection, ring))

        def settle(tx: Tx) -> None:
            for destination in settings.destination:
                gates.pause(tx, destination.id, by=person)
            audit(tx, hub, who=person, action="E", kind="database.restored", entity=("backup", made.sha256))

        hub.store.write(settle)
    if broken:
        raise StoreError("store.backup", "the audit chain of the backup does not hold: handoff audit verify")
    record = {"made_at": made.made_at, "custodies": custodies, "paused": [d.id for d in settings.destination]}
    done(
        record,
        f"Restored as of {made.made_at.isoformat()}; {custodies} custodies open. Every destination is paused: enter "
        "the revocations made since, then handoff lanes resume.",
        as_json,
    )
