"""HL7 v2 messages that came together: those of one source are stored in one commit and answered in one write.

A feed's messages are alike in all of their MSH but time, sequence and control id. What there is to do with such
messages (whose they are, whether they are taken, how they are acknowledged) is worked out from the first; the others
are looked at no further than that they are whole, of their character set, and one message. What that does not tell
apart goes message by message through `v2_arrival`, and comes out the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

import structlog

from hub.loop.context import Hub
from hub.loop.v2_arrival import Came, Looked, by_mllp, known_sender, look, of_source
from hub.loop.v2_sender import Alike
from hub.settings import SourceSection
from mappings.errors import ReadError
from mappings.hl7v2.acknowledgement import acknowledge, code_for, stencil
from mappings.hl7v2.codec import glance, header
from mappings.hl7v2.first_line import first_line

log = structlog.get_logger("hub.mllp")

#: Kinds of MSH that are remembered; past it they are forgotten all at once.
KINDS = 1000


async def all_by_mllp(hub: Hub, frames: Sequence[bytes], came: Came) -> tuple[bytes, ...]:
    """What several frames held that came together, as `by_mllp`, in their order: those of one source in one commit.

    What is not stored gets AE or CE here, and may come again; what stood before and behind it is answered as it is.
    """
    answers: list[bytes] = []
    waiting: list[Looked] = []
    of: SourceSection | None = None
    for data in frames:
        found = _like_others(hub, data, came) or _by_itself(hub, data, came)
        if of is not None and (found is None or found[0] is not of):
            answers += await _all_of(hub, of, waiting, came)
            of, waiting = None, []
        if found is not None:
            of = found[0]
            waiting.append(found[1])
        else:
            answers += await _tried(hub, [data], by_mllp(hub, data, came))
    if of is not None:
        answers += await _all_of(hub, of, waiting, came)
    return tuple(answers)


def _like_others(hub: Hub, data: bytes, came: Came) -> tuple[SourceSection, Looked] | None:
    """A message whose MSH is like others that came, with its source; None for all that needs another look."""
    line = first_line(data)
    if line is None:
        return None
    common, control_id = line
    key = (id(hub.settings), came.subject, common)
    try:
        alike = hub.v2_alike[key]
    except KeyError:
        alike = _alike(hub, data, came)
        if len(hub.v2_alike) >= KINDS:
            hub.v2_alike.clear()
        hub.v2_alike[key] = alike
    if alike is None:
        return None
    return alike.source, Looked(data=data, control_id=control_id, asked=alike.asked, wrong=alike.wrong, alike=alike)


def _alike(hub: Hub, data: bytes, came: Came) -> Alike | None:
    found = _by_itself(hub, data, came)
    if found is None or found[1].message is None:
        return None
    source, looked = found
    assert looked.message is not None
    code = code_for(looked.message, "accept")
    return Alike(
        source=source,
        asked=looked.asked,
        wrong=looked.wrong,
        code=code,
        stencil=stencil(looked.message, code) if code is not None else None,
    )


def _by_itself(hub: Hub, data: bytes, came: Came) -> tuple[SourceSection, Looked] | None:
    """A message that can be stored as it is, with its source; None for all that needs another look."""
    try:
        message = glance(data)
    except ReadError:
        return None
    source = known_sender(hub, message, came).source
    if source is None or source.mllp is None or source.mllp.charset or source.mllp.max_message is not None:
        return None
    return source, look(source, message)


async def _all_of(hub: Hub, source: SourceSection, found: list[Looked], came: Came) -> tuple[bytes, ...]:
    return await _tried(hub, [one.data for one in found], of_source(hub, source, found, came))


async def _tried(hub: Hub, frames: list[bytes], taking: Awaitable[tuple[bytes, ...]]) -> tuple[bytes, ...]:
    try:
        return await taking
    except Exception as error:  # noqa: BLE001 - whatever it is, each sender must hear that its message is not stored
        # Its text may hold a payload value; its type does not.
        log.error("mllp.not-taken", error=type(error).__name__, messages=len(frames))
        answers = []
        for data in frames:
            message = header(data)
            code = code_for(message, "error")
            if code is not None:
                number = hub.store.keys.blind("hub", "ack", data).hex()[:20]
                answers.append(acknowledge(message, code, control_id=number, now=hub.clock(), error="207"))
        return tuple(answers)
