"""What other systems ask of a hub about their own records: labels, and whether a release may be made.

Nothing is kept but the audit, which is on the disk before an answer leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from hub.errors import ReceiveError, ReleaseError
from hub.loop import (
    client_jwts,
    deciding,
    labelling,
)
from hub.loop.context import Hub
from hub.settings import SourceSection


async def signed_by(hub: Hub, token: str) -> SourceSection | None:
    """The source whose CDS client signed this token; None for anything else.

    Raises DeliveryError when that client's keys cannot be had now, StoreError.
    """
    return await client_jwts.source_of(hub, token) if token.count(".") == 2 else None


async def label_for(hub: Hub, source: SourceSection, body: bytes) -> dict[str, Any]:
    """Another system's records, labelled as that source's own; nothing is kept but the audit. Raises ReceiveError."""
    try:
        found = await asyncio.to_thread(labelling.labelled, hub, source, body)
    except Exception as raised:  # whatever broke, it was asked for
        refused = (raised.rule if isinstance(raised, ReceiveError) else "hub.failed",)
        await hub.store.write_async(lambda tx: labelling.note(tx, hub, source, refused, refused=True))
        raise
    rules = tuple(sorted({issue.rule for issue in found.issues}))
    # Who asked is on the disk before the answer leaves, as with every other request that opens a record.
    await hub.store.write_async(lambda tx: labelling.note(tx, hub, source, rules, refused=False))
    return labelling.answer(found)


async def decide_for(hub: Hub, source: SourceSection, body: bytes) -> dict[str, Any]:
    """Whether another system's records may go, entry by entry; nothing is kept but the audit.

    Raises ReceiveError, ReleaseError.
    """
    return await _decided(hub, source, partial(deciding.by_parameters, hub, source, body))


async def consult_for(hub: Hub, source: SourceSection, body: bytes) -> dict[str, Any]:
    """The same over CDS Hooks. Raises ReceiveError, ReleaseError."""
    return await _decided(hub, source, partial(deciding.by_hook, hub, source, body))


async def _decided(hub: Hub, source: SourceSection, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        found = await asyncio.to_thread(ask)
    except Exception as raised:  # whatever broke, it was asked
        rule = raised.rule if isinstance(raised, ReceiveError | ReleaseError) else "hub.failed"
        await hub.store.write_async(lambda tx: deciding.note(tx, hub, source, rule, refused=True))
        raise
    said = found["cards"][0]["summary"] if "cards" in found else found["parameter"][0]["valueCode"]
    await hub.store.write_async(lambda tx: deciding.note(tx, hub, source, said, refused=False))
    return found
