"""A clock that is set back: what was put off until a time that was never real is due now.

On PostgreSQL it is the database's clock, on SQLite this machine's. A clock that jumps ahead needs nothing: leases end
early, so what is being sent may be sent again, with the same bytes under the same ids; what was put off goes sooner.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from hub.loop.context import Hub
from hub.store import alarms, claims, gates
from hub.store.tx import Tx

log = structlog.get_logger("hub.clock")

#: Seconds by which a clock may be corrected without anybody needing to know.
SLACK = 5.0


def went_back(tx: Tx, hub: Hub) -> bool:
    """Whether the clock is behind the time that this process saw last; then what lay in the future is due."""
    if tx.now.timestamp() >= hub.due.get(SEEN, 0.0) - SLACK:
        return False
    longest = max(hub.settings.hub.lease, hub.settings.hub.retry_cap)
    moved = claims.clock_went_back(tx, longest_seconds=longest)
    gates.clock_went_back(tx)
    alarms.clock_went_back(tx, longest_seconds=hub.settings.alarm.every)
    log.warning("clock.back", moved=moved)
    return True


def note(hub: Hub, now: datetime, *, back: bool) -> None:
    """Remembers the time for the next look. Regular work, whose times were of the other clock, is due at once."""
    if back:
        hub.due.clear()
    hub.due[SEEN] = now.timestamp()


#: In `Hub.due`: the time seen last.
SEEN = "clock"
