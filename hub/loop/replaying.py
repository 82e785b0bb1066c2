"""Messages taken in again because a person asks, or something was mended: a code that their source's table lacked."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import StoreError
from hub.loop import v2_arrival
from hub.loop.context import Hub
from hub.loop.record import audit
from hub.records import Message
from hub.store import inputs, messages, unmapped
from hub.store.tx import Tx

#: What cannot be read again: it waits already, or it was repeated, or it is gone.
_NOT = frozenset({"received", "replayed", "expunged"})


#: What can be taken in again by its state.
AGAIN = ("translated", "rejected", "held", "ignored")


def replay(tx: Tx, hub: Hub, message_id: int, *, by: str, why: str | None = None) -> Message:
    """Takes the same bytes in again as a new message with lineage; audited under `by`. Raises StoreError as
    `inputs.replay` does.

    A v2 message that was turned away at the door is looked at there again, as of the sender that it has now: what
    `v2_arrival.take_again` raises.
    """
    old = messages.get(tx, message_id)
    if old is not None and v2_arrival.turned_away(tx, old):
        made = v2_arrival.take_again(tx, hub, old)
    else:
        made = inputs.replay(tx, message_id)
    audit(
        tx,
        hub,
        who=by,
        action="E",
        kind="message.replayed",
        entity=("message", message_id),
        custody=made.custody,
        detail=(f"as:{made.id}",) if why is None else (f"as:{made.id}", why),
    )
    return made


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
        made.append((old, replay(tx, hub, old, by=by, why="translate.unmapped-code").id))
    return made
