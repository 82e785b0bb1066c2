"""Alarms told to people who do not look at the page; a notice that does not go is tried again within a minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from hub.delivery import notify
from hub.errors import DeliveryError
from hub.loop.context import Hub
from hub.records import Alarm
from hub.settings import WebhookSection
from hub.store import alarms

log = structlog.get_logger("hub.notify")

#: After how many seconds an alarm rings again of which a notice did not go.
AGAIN = 60.0


async def tell(hub: Hub, rung: list[Alarm]) -> None:
    """Sends a notice of each alarm that rang, by every way that is configured."""
    ways = _ways(hub)
    for alarm in rung if ways else ():
        notice = notify.Notice(
            number=alarm.id,
            kind=alarm.kind,
            owner=alarm.owner,
            raised_at=alarm.raised_at,
            times=alarm.repeats,
            page=hub.settings.alarm.page,
        )
        failed = False
        for name, way in ways:
            try:
                await way(notice)
            except DeliveryError as error:
                failed = True
                log.error("notice.failed", way=name, number=alarm.id, rule=error.rule)
        if failed:
            await hub.store.write_async(partial(alarms.sooner, alarm_id=alarm.id, seconds=AGAIN))


Way = Callable[[notify.Notice], Awaitable[None]]


def _ways(hub: Hub) -> list[tuple[str, Way]]:
    section = hub.settings.alarm
    found: list[tuple[str, Way]] = []
    if section.email is not None:
        found.append(("email", partial(notify.by_email, section.email)))
    found += [("webhook", _hook(hub, one)) for one in section.webhook]
    return found


def _hook(hub: Hub, section: WebhookSection) -> Way:
    async def post(notice: notify.Notice) -> None:
        await notify.by_webhook(hub.ways.common, section, notice, hub.clock().timestamp())

    return post
