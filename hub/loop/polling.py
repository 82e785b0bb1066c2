"""The destinations that do not call: the Task of each open referral is read from their server in its turn."""

from __future__ import annotations

import asyncio

import orjson
import structlog

from hub.delivery import fhir_rest
from hub.errors import DeliveryError, ReceiveError, SettingsError
from hub.loop.answer import take
from hub.loop.context import Hub
from hub.loop.reply import FINAL, from_own_task
from hub.settings import DestinationSection
from hub.store import referrals

log = structlog.get_logger("hub.polling")

#: What a Task says before the center has said anything.
_UNDECIDED = ("requested", "received", "ready", "draft")


async def poll(hub: Hub) -> None:
    """Asks every polled destination whose turn has come. A destination that fails is asked again at its next turn."""
    now = hub.clock()
    for destination in hub.settings.destination:
        if destination.poll_every is None or destination.adapter != "fhir-rest":
            continue
        due = hub.due.get(destination.id)
        if due is not None and now.timestamp() < due:
            continue
        hub.due[destination.id] = now.timestamp() + destination.poll_every
        await _ask(hub, destination)


async def _ask(hub: Hub, destination: DestinationSection) -> None:
    waiting = await asyncio.to_thread(
        hub.store.read,
        lambda tx: [r for r in referrals.listed(tx, destination=destination.id) if r.status not in FINAL],
    )
    try:
        token = destination.token.reveal() if destination.token else None
    except SettingsError as error:
        log.error("poll.failed", destination=destination.id, rule=error.rule)
        return
    for referral in waiting:
        if referral.remote_id is None:
            continue
        try:
            task = await fhir_rest.read_task(
                hub.transport,
                destination.url,
                remote_task=referral.remote_id,
                token=token,
                timeout=destination.timeout,
                now=hub.clock().timestamp(),
            )
        except DeliveryError as error:
            log.info("poll.failed", destination=destination.id, rule=error.rule)
            return
        if task is None or task.get("status") in _UNDECIDED:
            continue
        try:
            reply = from_own_task(task, referral.task_id)
        except ReceiveError as error:
            log.warning("poll.unreadable", destination=destination.id, rule=error.rule)
            continue
        body = orjson.dumps(task, option=orjson.OPT_SORT_KEYS)
        await hub.store.write_async(
            lambda tx, reply=reply, body=body: take(  # type: ignore[misc]
                tx, hub, destination, reply, body=body, media_type="application/fhir+json", control_id=None
            )
        )
