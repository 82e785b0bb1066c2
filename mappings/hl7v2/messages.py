"""A referral Bundle as the HL7 v2 messages that a partner takes: one, or a registration and its documents.

Several stand one after the other in the bytes of one release, in the order in which they are to be sent, each with a
control id of its own. All come from the one redacted Bundle: what is withheld is in none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mappings.errors import RenderError
from mappings.hl7v2.carried import left_behind
from mappings.hl7v2.case import Case
from mappings.hl7v2.check import check
from mappings.hl7v2.codec import header
from mappings.hl7v2.datatypes import Json
from mappings.hl7v2.document import documents
from mappings.hl7v2.forms import faults, kind_of, updated
from mappings.hl7v2.order import order
from mappings.hl7v2.referral import ref_i12, rri_i12
from mappings.hl7v2.registration import registration
from mappings.hl7v2.writing import Writing
from mappings.partner import Partner

#: A value never holds a CR, so that one before MSH is the end of a message.
_BETWEEN = re.compile(rb"(?<=\r)(?=MSH)")


def v2_messages(bundle: Json, partner: Partner, *, update: bool = False) -> tuple[bytes, ...]:
    """The messages of `bundle` for `partner`, in the order to send them. `update`: the partner has an earlier form of
    this referral (A08 for A04, A31 for A28, ORC-1 `XO`).

    The same Bundle gives the same bytes, control ids included. Each has passed `mappings.hl7v2.check`. Raises
    RenderError: `render.message` for a profile that cannot be written, `render.v2-…` for a message that breaks the
    standard, and what the messages raise.
    """
    made = []
    for out in _written(Case(bundle), _usable(partner), update=update):
        data = out.bytes()
        check(data, partner)
        made.append(data)
    return tuple(made)


def not_carried(bundle: Json, partner: Partner, *, update: bool = False) -> tuple[str, ...]:
    """What of the Bundle is in none of the messages: element paths and resource types, and the v2 places that the
    partner's profile leaves out (`PID-10`). Sorted, each once; no values. Raises as `v2_messages`."""
    case = Case(bundle)
    dropped: set[str] = set()
    for out in _written(case, _usable(partner), update=update):
        out.bytes()
        dropped |= out.choices.dropped
    return tuple(sorted({*left_behind(case, partner), *dropped}))


def split(payload: bytes) -> tuple[bytes, ...]:
    """The messages of one release, apart again. Bytes that are one message come back as they are."""
    return tuple(part for part in _BETWEEN.split(payload) if part)


def control_ids(payload: bytes) -> tuple[str, ...]:
    """MSH-10 of each message of one release."""
    found = (header(part) for part in split(payload))
    return tuple(one.control_id or "" for one in found if one is not None)


def _usable(partner: Partner) -> Partner:
    for field, _ in faults(partner):
        if field in ("notice", "scope", "charset"):
            continue  # these are only wrong when something needs them, and then refused by name
        raise RenderError("render.message", "the partner's v2 profile cannot be written", path=field)
    return partner


def _written(case: Case, partner: Partner, *, update: bool) -> Iterator[Writing]:
    number = 0
    for message in partner.messages:
        kind = kind_of(updated(message) if update else message)
        made: Iterator[Writing]
        if kind == "MDM^T02":
            made = documents(case, partner, number)
        elif kind.startswith("ADT"):
            made = iter([registration(case, partner, kind, number)])
        elif kind == "REF^I12":
            made = iter([ref_i12(case, partner, number)])
        elif kind == "RRI^I12":
            made = iter([rri_i12(case, partner, number)])
        else:
            made = iter([order(case, partner, kind, number, update=update)])
        for out in made:
            number += 1
            yield out
