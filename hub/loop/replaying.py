"""Messages taken in again because something was mended: the code that their source's table did not have."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import StoreError
from hub.loop.context import Hub
from hub.loop.record import audit
from hub.store import messages, unmapped
from hub.store.tx import Tx

#: What cannot be read again: it waits already, or it was repeated, or it is gone.
_NOT = frozenset({"received", "replayed", "expunged"})


def replay_unmapped(
    tx: Tx, hub: Hub, code_ids: Sequence[int] | None, *, source: str | None, by: str
) -> list[tuple[int, int]]:
    """Takes in again every message with any of these unmapped codes (None: with any at all), of one source or of all.

    (old, new) numbers, in the order in which the messages came. They keep their place in time: an old message that is
    read again does not overrule what came after it. Audited under `by`. Raises StoreError `store.not-found` for a code
    that is not in the queue.
    """
    queue = unmapped.listed(tx, source=source, limit=1_000_000)
    wanted = {one.id for one in queue} if code_ids is None else set(code_ids)
    if not wanted <= {one.id for one in queue}:
        raise StoreError("store.not-found", "there is no such unmapped code", code="not-found")
    made = []
    for old in unmapped.messages_of(tx, wanted):
        known = messages.get(tx, old)
        if known is None or known.state in _NOT:
            continue
        new = messages.replay(tx, old)
        made.append((old, new.id))
        audit(
            tx,
            hub,
            who=by,
            action="E",
            kind="message.replayed",
            entity=("message", old),
            custody=new.custody,
            detail=(f"as:{new.id}", "translate.unmapped-code"),
        )
    return made
