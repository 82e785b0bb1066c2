"""The HL7 v2 listener of a hub: its settings put to the MLLP server, its peers' certificates to the pipeline."""

from __future__ import annotations

import asyncio

import structlog

from hub import pipeline, upkeep
from hub.ingest import mllp
from hub.tls import Why, server_context

log = structlog.get_logger("hub.mllp")


async def listen(hub: pipeline.Hub, port: int) -> mllp.Server:
    """Listens at the hub's address; port 0 is a free one. Raises SettingsError `settings.tls`, and OSError where the
    address is taken."""
    section = hub.settings.mllp
    smallest = min(
        (s.mllp.max_message for s in hub.settings.source if s.mllp is not None and s.mllp.max_message is not None),
        default=section.max_message,
    )

    ringing: list[asyncio.Task[None]] = []

    def refused(why: Why) -> None:
        """A handshake that failed, of whom is not known: its certificate was not believed."""
        log.warning("mllp.tls-refused", why=why)
        if why == "expired" and all(task.done() for task in ringing):
            ringing[:] = [asyncio.create_task(upkeep.certificate_expired(hub))]

    return await mllp.serve(
        hub.settings.hub.bind,
        port,
        lambda data, peer: pipeline.receive_v2(hub, data, _came(peer)),
        receive_all=lambda frames, peer: pipeline.receive_all_v2(hub, frames, _came(peer)),
        tls=server_context(section, refused),
        limits=mllp.Limits(
            max_bytes=section.max_message,
            idle=section.idle,
            frame=section.frame,
            in_flight=section.in_flight,
            connections=section.connections,
        ),
        limit_of=lambda head, peer: pipeline.v2_limit(hub, head, _came(peer)),
        ask_at=smallest,
        quarantine=lambda data, peer, why: pipeline.quarantine(hub, data, _came(peer), why),
        now=hub.clock,
    )


def _came(peer: mllp.PeerInfo) -> pipeline.Came:
    return pipeline.Came(subject=peer.subject, push=peer.push)
