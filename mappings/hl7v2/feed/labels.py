"""Marks of a v2 message as security labels on its records (`meta.security`). Labels are only ever added.

What MSH, ARV, PD1 and ZSL say is about every record of the message or of the patient's group; what
PV1, PV2, ORC, TXA and DG1 say is about the record that the segment becomes. The tables are in
`mappings.hl7v2.confidentiality`; the published vocabulary of the tables is not used here, it has faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mappings.hl7v2.confidentiality import marks
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.segment import NULL

#: The fields that hold marks, by segment.
_FIELDS: Final[dict[str, tuple[int, ...]]] = {
    "MSH": (8, 26, 27),
    "PD1": (12,),
    "PV1": (16,),
    "PV2": (22,),
    "ORC": (28,),
    "TXA": (18,),
    "DG1": (18,),
    "ARV": (3, 4, 5, 7, 8),
    "ZSL": (2,),
}
#: How many components of them are read: of a coded field the code, its name and its system; of PV1-16 all, which is
#: the visit's courtesy too.
_COMPONENTS: Final = {
    **dict.fromkeys([("MSH", 26), ("MSH", 27), ("ARV", 3), ("ARV", 4), ("ARV", 7), ("ARV", 8)], 3),
    ("ORC", 28): 6,
    ("PV1", 16): 99,
    ("ZSL", 2): 2,
}
#: About no patient: who works where, and which places there are.
_DIRECTORY: Final = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location"})


def of(row: Row, d: Draft) -> tuple[dict[str, str], ...]:
    """The labels that stand in a segment. What none of the tables has is an issue at its place."""
    fields = row.fields
    count = len(fields)
    standing: list[int] = []
    for number in _FIELDS[row.name]:
        if number < count and fields[number] and fields[number] != NULL:
            standing.append(number)
    if not standing:
        return ()
    found = marks(d.message.segments[d.rows.index(row)])
    for place in found.unread:
        d.issue("translate.label-not-read", place)
    if row.name == "ARV":
        action = d.first(row.peek(2))
        if action in ("A", "D", "U", "X"):
            d.take(row, 2, 3)
        if action == "D":
            return ()  # what it no longer restricts is named by ARV-2's issue, and listed unused
    for number in standing:
        d.take(row, number, _COMPONENTS.get((row.name, number), 1), repeats=True)
    return found.labels


def label(resource: Json, labels: Iterable[dict[str, str]]) -> None:
    """Adds labels to a resource, each once."""
    meta = resource.get("meta")
    if meta is None:
        # `meta` stands before the content wherever it is made; here it is late, and order means nothing.
        meta = resource["meta"] = {}
    security: list[dict[str, str]] = meta.setdefault("security", [])
    for one in labels:
        if one not in security:
            security.append(one)


def label_all(d: Draft, labels: Sequence[dict[str, str]], first: int, end: int) -> None:
    """Adds labels to the records among the entries from `first` to before `end`."""
    if labels:
        for entry in d.entries[first:end]:
            if entry["resource"]["resourceType"] not in _DIRECTORY:
                label(entry["resource"], labels)
