"""The destinations that do not call: the Task of each open referral is read from their server in its turn.

A version that was read once is not read again, whether it could be used or not.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import orjson
import structlog

from hub.delivery import fhir_rest
from hub.errors import DeliveryError, ReceiveError
from hub.loop import foreign
from hub.loop.answer import keep_unread, take
from hub.loop.context import Hub
from hub.loop.reply import FINAL, Reply, from_own_task
from hub.records import Referral
from hub.settings import DestinationSection
from hub.store import referrals
from hub.store.tx import Tx

log = structlog.get_logger("hub.polling")

MEDIA_TYPE = "application/fhir+json"
#: What a Task says before the center has said anything.
_UNDECIDED = ("requested", "received", "ready", "draft")
#: What may be wrong with one Task only; on anything else the server is not asked for the next one.
_OF_ONE = frozenset({"deliver.not-json", "deliver.answer-too-large"})


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
    polled = hub.polled.setdefault(destination.id, {})
    for closed in polled.keys() - {referral.task_id for referral in waiting}:
        del polled[closed]
    for referral in waiting:
        if referral.remote_id is None:
            continue
        try:
            found = await fhir_rest.read_task(
                hub.ways.to(destination),
                destination.url,
                remote_task=referral.remote_id,
                timeout=destination.timeout,
                now=hub.clock().timestamp(),
            )
        except DeliveryError as error:
            log.info("poll.failed", destination=destination.id, rule=error.rule)
            if error.rule in _OF_ONE:
                continue
            return
        if found is not None:
            await _read(hub, destination, referral, *found)


async def _read(
    hub: Hub, destination: DestinationSection, referral: Referral, task: dict[str, Any], raw: bytes
) -> None:
    """Takes what the Task says; what cannot be read is kept as it came, and rings."""
    if task.get("status") in _UNDECIDED:
        return
    polled = hub.polled[destination.id]
    body = _same_for_same(task, raw)
    digest = hashlib.sha256(body).digest()
    if polled.get(referral.task_id) == digest:
        return
    try:
        reply = await asyncio.to_thread(_checked, task, referral.task_id)
    except ReceiveError as error:
        rule = error.rule

        def keep(tx: Tx) -> None:
            keep_unread(tx, hub, destination, body=raw, media_type=MEDIA_TYPE, rule=rule)

        await hub.store.write_async(keep)
        log.warning("poll.unreadable", destination=destination.id, rule=rule, places=len(error.issues))
    else:
        await hub.store.write_async(
            lambda tx: take(tx, hub, destination, reply, body=body, media_type=MEDIA_TYPE, control_id=None)
        )
    polled[referral.task_id] = digest


def _checked(task: dict[str, Any], task_id: str) -> Reply:
    foreign.check(task)
    return from_own_task(task, task_id)


def _same_for_same(task: dict[str, Any], raw: bytes) -> bytes:
    """The same bytes for the same Task, in whatever order its server writes the elements."""
    try:
        return orjson.dumps(task, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # nested deeper than is written
        return raw
