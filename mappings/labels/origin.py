"""Labels by origin: who made or gave the record. The only source of `42CFRPart2` (42 CFR 2.11, 2.12(a)(1))."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.incident import Role
from mappings.labels.vocabulary import ORIGIN_UNKNOWN, PART2


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The organization whose record this is, and its declared role; `role` None is undeclared.

    `reference` as the record's custodian is known here (`Organization/x`, an id). It is not shown in labels.
    """

    reference: str | None = None
    role: Role | None = None


#: What a role says about every record of that origin. A role that is not listed says nothing.
_BY_ROLE: dict[str, tuple[str, str]] = {
    # Any record of a program that identifies the patient, non-SUD codes included (42 CFR 2.11 "records").
    "part2-program": (PART2, "origin: a Part 2 program (42 CFR 2.12(a)(1))"),
    # Received from a program: the restrictions bind who holds it (42 CFR 2.12(d)(2)(i)(C)).
    "lawful-holder": (PART2, "origin: a lawful holder of Part 2 records (42 CFR 2.12(d)(2))"),
    # A qualified service organization keeps the program's own records (42 CFR 2.11, 2.12(c)(4)).
    "qso": (PART2, "origin: a program's qualified service organization (42 CFR 2.12(c)(4))"),
    # An intermediary passes on what others made; whose it was is not said.
    "intermediary": (ORIGIN_UNKNOWN, "origin: an intermediary, whose record it was is not said"),
}


def by_origin(origin: Origin | None, existing: frozenset[str]) -> tuple[str, str] | None:
    """The label code that the origin gives and why; None when it gives none. `existing`: codes already there.

    An unknown origin labels `origin-unknown`, unless the record already says that it is a Part 2 record: that is
    the strictest there is, and knowing it leaves nothing unknown that release would enforce.
    """
    if origin is None or origin.role is None:
        found = (ORIGIN_UNKNOWN, "origin: undeclared")
    else:
        role_found = _BY_ROLE.get(origin.role)
        if role_found is None:
            return None
        found = role_found
    return None if found[0] == ORIGIN_UNKNOWN and PART2 in existing else found
