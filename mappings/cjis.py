"""The CJIS gate: criminal justice information never enters a health-bound Bundle.

Criminal history record information, returns of NCIC and the Interstate Identification Index (III), and what is kept
of juveniles or under seal are not given to health care (CJIS Security Policy 4.1.1, 4.2; 28 CFR 20.33). The gate
stands inside `translate` and looks at every free text of the Incident by pattern, and at identifiers by kind; what a
source's own field classes dropped is carried along (`Reading.dropped`). A narrative that hits is kept back whole, for
a person to look at (`held`): what is left after cutting a sentence may still say it. A short text is removed
(`dropped`). Reports say path, rule and count, never content.

It does not judge the present event: an arrest made on this call is the police's own fact, and a local narrative is
not CJI by its content; whose record it is, release decides. Patterns err to the side of holding.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from mappings import incident as records
from mappings.cjis_rules import criminal_justice_rules
from mappings.incident import (
    Answer,
    Attachment,
    Caution,
    Coded,
    ConsentForm,
    Contact,
    Gated,
    Hold,
    Identifier,
    Incident,
    Name,
    Narrative,
    Observed,
    Person,
    Place,
    Recipient,
    Referral,
    Staff,
    Transport,
    Unit,
)
from mappings.source_paths import source_path

#: Identifiers that are criminal justice numbers by kind.
IDENTIFIER_KINDS: Final = frozenset(
    {"fbi", "fbi-number", "fbi number", "ucn", "sid", "state-identification-number", "ncic", "nic"}
)

#: The free texts of each record: what a person typed. Codes, ids, times and numbers are not text.
FREE_TEXT: Final[dict[type, tuple[str, ...]]] = {
    Coded: ("text",),
    Name: ("text",),
    Place: ("text", "line", "cross_street"),
    Person: ("relationship", "description"),
    Staff: (),
    Unit: ("name",),
    Narrative: ("title",),
    Attachment: ("title",),
    Caution: ("source", "text"),
    Observed: ("reported_by",),
    Answer: ("value",),
    Hold: ("statute",),
    Transport: ("destination_text",),
    Referral: ("note",),
    Recipient: ("name", "class_"),
    ConsentForm: ("description", "expiry_event"),
    Contact: ("follow_up",),
}


def gate(incident: Incident) -> tuple[Incident, tuple[Gated, ...], tuple[Gated, ...]]:
    """`incident` without criminal justice information, what was dropped, and what is held for a person.

    `dropped` begins with what reading dropped by field class. Paths are the source's where reading knows them.
    """
    if _plainly_clean(incident):
        return incident, incident.reading.dropped, ()
    sweep = _Sweep(incident)
    changed: dict[str, Any] = {}
    for name in _INCIDENT:
        value = getattr(incident, name)
        if value:
            kept = sweep.kept(value, name)
            if kept is not value:
                changed[name] = kept
    return (
        replace(incident, **changed) if changed else incident,
        (*incident.reading.dropped, *sweep.dropped) if sweep.dropped else incident.reading.dropped,
        tuple(sweep.held),
    )


def _plainly_clean(incident: Incident) -> bool:
    """Whether it is a bare call (a row of an export) none of whose few texts hits; else the sweep says what does."""
    if (
        incident.contacts
        or incident.persons
        or incident.narratives
        or incident.units
        or incident.cautions
        or incident.numbers
    ):
        return False
    place = incident.place
    if place is not None:
        if (place.text and criminal_justice_rules(place.text)) or (place.line and criminal_justice_rules(place.line)):
            return False
        if place.cross_street and criminal_justice_rules(place.cross_street):
            return False
        if place.kind is not None and place.kind.text and criminal_justice_rules(place.kind.text):
            return False
    for coded in (
        incident.type_initial,
        incident.type_final,
        incident.priority,
        incident.received_by,
        incident.status,
        *incident.dispositions,
    ):
        if coded is not None and coded.text and criminal_justice_rules(coded.text):
            return False
    return True


_INCIDENT: Final = (
    "numbers",
    "status",
    "type_initial",
    "type_final",
    "priority",
    "received_by",
    "place",
    "units",
    "persons",
    "contacts",
    "dispositions",
    "narratives",
    "cautions",
)


class _Removed:
    """Stands for a value that has to go where the record cannot hold None (a member of a tuple)."""


_REMOVED: Final = _Removed()


class _Sweep:
    """One pass over an Incident."""

    __slots__ = ("_paths", "dropped", "held")

    def __init__(self, incident: Incident) -> None:
        self._paths = incident.reading.paths
        self.dropped: list[Gated] = []
        self.held: list[Gated] = []

    def kept(self, value: Any, path: str) -> Any:
        """`value` without what hits: the same object when nothing did."""
        kind = type(value)
        if kind is tuple:
            kept = [self.kept(item, f"{path}[{n}]") for n, item in enumerate(value)]
            if all(a is b for a, b in zip(kept, value, strict=True)):
                return value
            return tuple(item for item in kept if item is not _REMOVED)
        if kind is Coded:  # by far the most frequent
            if value.text is None or not criminal_justice_rules(value.text):
                return value
            self._report(self.dropped, f"{path}.text", criminal_justice_rules(value.text))
            return replace(value, text=None)
        if kind is Narrative and (hits := criminal_justice_rules(value.text)):
            self._report(self.held, f"{path}.text", hits)
            return _REMOVED
        if kind is Identifier:
            if value.kind is not None and value.kind.lower() in IDENTIFIER_KINDS:
                self._report(self.dropped, path, (("cjis.field-class", 1),))
                return _REMOVED
            return value
        if kind is Attachment and (hits := criminal_justice_rules(_attached(value))):
            self._report(self.held, f"{path}.data", hits)
            return None
        plan = _PLANS.get(kind)
        return value if plan is None else self._fields(value, plan, path)

    def _fields(self, value: Any, plan: _Plan, path: str) -> Any:
        changed: dict[str, Any] = {}
        for name in plan[0]:
            text = getattr(value, name)
            if type(text) is str and (hits := criminal_justice_rules(text)):
                self._report(self.dropped, f"{path}.{name}", hits)
                changed[name] = None
        for name in plan[1]:
            part = getattr(value, name)
            if not part:
                continue
            kept = self.kept(part, f"{path}.{name}")
            if kept is not part:
                changed[name] = kept
        return replace(value, **changed) if changed else value

    def _report(self, where: list[Gated], path: str, hits: tuple[tuple[str, int], ...]) -> None:
        at = source_path(self._paths, path)
        where.extend(Gated(path=at, rule=rule, count=count) for rule, count in hits)


def _attached(attachment: Attachment) -> str:
    """The text of a text attachment; an image or a PDF is not read here (a person signed it)."""
    if not attachment.media_type.startswith("text/"):
        return ""
    try:
        return b64decode(attachment.data).decode(errors="replace")
    except ValueError:
        return ""


_Plan = tuple[tuple[str, ...], tuple[str, ...]]


def _plans() -> dict[type, _Plan]:
    """For each record: its free texts, and the fields in which other records stand."""
    found: dict[type, _Plan] = {}
    inside: dict[tuple[type, str], set[type]] = {}
    todo: list[type] = [Incident]
    classes = {name: cls for name, cls in vars(records).items() if isinstance(cls, type) and is_dataclass(cls)}
    while todo:
        cls = todo.pop()
        if cls in found:
            continue
        parts = []
        for each in fields(cls):
            stand = {classes[name] for name in re.findall(r"\w+", str(each.type)) if name in classes}
            if stand:
                inside[cls, each.name] = stand
                parts.append(each.name)
                todo.extend(stand)
        found[cls] = (FREE_TEXT.get(cls, ()), tuple(parts))
    # A record in which no text can stand, however deep, need not be looked into.
    looked = {Narrative, Identifier, Attachment}
    before = -1
    while before != len(looked):
        before = len(looked)
        looked |= {cls for cls, plan in found.items() if plan[0] or any(looked & inside[cls, name] for name in plan[1])}
    return {
        cls: (plan[0], tuple(name for name in plan[1] if looked & inside[cls, name]))
        for cls, plan in found.items()
        if cls in looked
    }


_PLANS: Final = _plans()
