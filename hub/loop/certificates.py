"""Certificates that end: one of ours that is over or nearly so rings, and so does a partner's that had to be refused.

Which one is said by the setting that names it, never by what stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub.errors import SettingsError
from hub.loop.context import Hub
from hub.loop.fault import ENGINEER
from hub.settings import Settings
from hub.store import alarms
from hub.store.tx import Tx
from hub.tls import ends_soon, read_certificate

#: Seconds between two looks at the files.
EVERY = 6 * 3600.0
_KIND = "Certificate"


def of_settings(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Every certificate that this hub shows, by the setting that names its file."""
    if settings.hub.tls_certificate is not None:
        yield "hub.tls_certificate", settings.hub.tls_certificate
    if settings.mllp.tls_certificate is not None:
        yield "mllp.tls_certificate", settings.mllp.tls_certificate
    for destination in settings.destination:
        if destination.tls is not None and destination.tls.certificate is not None:
            yield f"destination {destination.id}", destination.tls.certificate
    for source in settings.source:
        back = source.mllp.application_ack if source.mllp is not None else None
        if back is not None and back.tls is not None and back.tls.certificate is not None:
            yield f"source {source.name}", back.tls.certificate


def look(tx: Tx, hub: Hub) -> None:
    """Rings for each that is over or ends within `tls.SOON` days, and stops ringing for one that was renewed."""
    for name, path in of_settings(hub.settings):
        try:
            left = ends_soon(read_certificate(path), tx.now)
        except SettingsError:
            left = -1  # it was there when the hub started
        if left is not None:
            _sound(tx, hub, name, {"days_left": left, "page": "/docs/operators.md#certificates"})
        else:
            alarms.clear(tx, kind="certificate", subject_type=_KIND, subject_id=name[:64])


def refused(tx: Tx, hub: Hub) -> None:
    """A partner's certificate that has expired rings until somebody has taken it. Whose it is, is not known: it was
    not believed."""
    _sound(tx, hub, "of a partner, shown to mllp", {"days_left": -1, "page": "/docs/operators.md#certificates"})


def _sound(tx: Tx, hub: Hub, name: str, fallback: dict[str, object]) -> None:
    alarms.sound(
        tx,
        kind="certificate",
        subject_type=_KIND,
        subject_id=name[:64],
        custody=hub.settings.operator.organization,
        owner=ENGINEER,
        repeat_seconds=0.0,  # `ring` rings it at once, and says so
        fallback=fallback,
    )
