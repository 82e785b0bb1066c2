"""What a filler says of an order of ours: ORC-1 and ORC-5 (HL7 v2.5.1, 4.5.1, tables 0119 and 0038).

`OK` and `IP` in the answer to an order (ORR, ORG, ORL) are what a filler's system says of every order that it could
file: a receipt, and no acceptance. Both together in an unsolicited status (OSU) are one. What a code means for certain
is in the tables here; what a partner means by one, its profile says (`Partner.answers`); any other decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mappings.partner import OrderAnswer

#: ORC-1 that says by itself what became of the order.
_CONTROL: Final[Mapping[str, OrderAnswer]] = {
    "UA": "rejected",  # unable to accept
    "CR": "cancelled",  # cancelled as requested
    "OC": "cancelled",
    "DR": "cancelled",  # discontinued as requested
    "OD": "cancelled",
    "HR": "on-hold",  # on hold as requested
    "OH": "on-hold",
}
#: ORC-5, beside an ORC-1 that does not.
_STATUS: Final[Mapping[str, OrderAnswer]] = {
    "A": "in-progress",  # some results are there
    "IP": "in-progress",
    "SC": "scheduled",
    "HD": "on-hold",
    "CA": "cancelled",
    "DC": "cancelled",
    "CM": "completed",
}
#: ORC-1 beside which ORC-5 says how the order stands: an accepted or changed order, results, a status.
_WITH_STATUS: Final = frozenset({"", "DC", "NA", "OE", "OK", "OR", "RE", "SC", "SR", "XR", "XX"})


def outcome(
    control: str | None, status: str | None, *, unsolicited: bool, agreed: Mapping[str, OrderAnswer]
) -> OrderAnswer | None:
    """What became of the order; None when these codes do not say. `agreed` is by `ORC-1=OK` and the like, ORC-1 first,
    and goes before the standard's meaning; `unsolicited` is of OSU."""
    for key in (f"ORC-1={control}", f"ORC-5={status}"):
        if key in agreed:
            return agreed[key]
    by_control = _CONTROL.get(control or "")
    if by_control is not None:
        return by_control
    if control == "OK" and status == "IP" and unsolicited:
        return "accepted"
    if (status == "IP" and not unsolicited) or (control == "OK" and not status):
        return "received"
    return _STATUS.get(status or "") if (control or "") in _WITH_STATUS else None
