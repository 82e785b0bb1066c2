"""What of the machine a hub needs: room on its disk, and a clock that is right."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.finding import Finding
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.settings import Settings

#: Bytes below which a disk is said to be filling up.
ROOM = 2 * 1024**3
#: Seconds by which a clock may differ from the database's, and be behind what was received last.
DRIFT = 5.0


def machine(settings: Settings) -> Iterator[Finding]:
    """Room for the database, and the clock. Changes nothing."""
    from hub.store.engine import sqlite_file

    file = sqlite_file(settings.hub.database)
    if file is not None:
        yield _disk(file)
    yield _clock(settings, file)


def _disk(file: Path) -> Finding:
    folder = next((one for one in file.absolute().parents if one.exists()), Path("/"))
    free = shutil.disk_usage(folder).free
    ok = free >= ROOM
    detail = f"{free / 1024**3:.1f} GiB free where the database is"
    return Finding(name="disk", ok=ok, detail=detail, todo="" if ok else "Make room: a full disk stops all receiving")


def _clock(settings: Settings, file: Path | None) -> Finding:
    """Compared with the database server's, or with what was received last: nothing comes from the future."""
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from hub.store.engine import reader_engine
    from hub.store.keys.opened import key_ring
    from hub.store.tables import message

    name, now = "clock", datetime.now(UTC)
    if file is not None and not file.exists():
        return Finding(name=name, ok=True, detail=f"{now:%Y-%m-%d %H:%M} UTC")
    wanted = select(func.max(message.c.received_at)) if file is not None else select(func.clock_timestamp())
    try:
        cipher = key_ring(settings, os.environ).database_key() if settings.hub.sqlcipher else None
        engine = reader_engine(settings.hub.database, cipher)
        try:
            with engine.connect() as connection:
                other = connection.execute(wanted).scalar_one()
        finally:
            engine.dispose()
    except (HubError, SQLAlchemyError):
        return Finding(name=name, ok=True, detail=f"{now:%Y-%m-%d %H:%M} UTC; the database could not be asked")
    behind = 0.0 if other is None else (other - now).total_seconds()
    ok = behind <= DRIFT if file is not None else abs(behind) <= DRIFT
    detail = f"{now:%Y-%m-%d %H:%M} UTC" + ("" if ok else f", {behind:+.0f} seconds off")
    return Finding(name=name, ok=ok, detail=detail, todo="" if ok else "Set the clock (NTP): consents end by it")
