"""The audit sent on to a repository, in order, from where it stood; what does not go waits in the chain."""

from __future__ import annotations

import structlog

from hub.audit import atna, chain
from hub.delivery import syslog
from hub.errors import DeliveryError
from hub.loop.context import Hub
from hub.store import marks
from hub.store.tx import Tx

log = structlog.get_logger("hub.audit")

#: Events in one batch, and the mark up to which they went.
BATCH, MARK = 200, "audit.syslog"


async def forward(hub: Hub) -> bool:
    """Sends a batch. True while there is more; False too when it did not go: it is tried again after a pause."""
    section = hub.settings.audit.syslog
    if section is None:
        return False

    def look(tx: Tx) -> list[tuple[int, bytes]]:
        after = int(marks.get(tx, MARK) or 0)
        return [(number, atna.syslog(event, number)) for number, event in chain.events(tx, after=after, limit=BATCH)]

    found = await hub.store.read_async(look)
    if not found:
        return False
    try:
        await syslog.send(section, [message for _, message in found])
    except DeliveryError as error:
        log.error("audit.not-forwarded", rule=error.rule, from_event=found[0][0])
        return False
    last = found[-1][0]
    await hub.store.write_async(lambda tx: marks.put(tx, MARK, last))
    return len(found) == BATCH
