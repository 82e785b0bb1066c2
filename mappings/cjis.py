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
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from operator import attrgetter
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
    if not _any_hit(incident):
        return incident, incident.reading.dropped, ()
    sweep = _Sweep(incident)
    changed: dict[str, Any] = {}
    for name in _PLANS[Incident].parts:
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


def _any_hit(value: Any) -> bool:
    """Whether anything in a record hits: most hit nothing, and are then not looked at twice."""
    plans = _PLANS
    # The list grows while it is walked.
    todo = [value]
    for one in todo:
        plan = plans.get(one.__class__)
        if plan is None:
            continue
        if plan.looked_at is not None:
            for text in plan.looked_at(one):
                if text.__class__ is str and criminal_justice_rules(text):
                    return True
        if plan.own is not None and plan.own(one):
            return True
        if plan.records is not None:
            for part in plan.records(one):
                if part.__class__ is tuple:
                    todo += part
                elif part is not None:
                    todo.append(part)
    return False


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
            if _is_criminal_justice_number(value):
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
        for name in plan.texts:
            text = getattr(value, name)
            if type(text) is str and (hits := criminal_justice_rules(text)):
                self._report(self.dropped, f"{path}.{name}", hits)
                changed[name] = None
        for name in plan.parts:
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


def _is_criminal_justice_number(identifier: Identifier) -> bool:
    return identifier.kind is not None and identifier.kind.lower() in IDENTIFIER_KINDS


def _says_so(attachment: Attachment) -> bool:
    return bool(criminal_justice_rules(_attached(attachment)))


_Values = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """How one kind of record is looked at: its free texts, the fields in which records stand, and a test of its own."""

    texts: tuple[str, ...]
    parts: tuple[str, ...]
    looked_at: _Values | None
    records: _Values | None
    own: Callable[[Any], bool] | None


def _values(names: tuple[str, ...]) -> _Values | None:
    """Those fields of a record, as a tuple; None where there are none."""
    if not names:
        return None
    if len(names) == 1:
        name = names[0]
        return lambda value: (getattr(value, name),)
    return attrgetter(*names)


def _plans() -> dict[type, _Plan]:
    """For each kind of record in which a text can stand, however deep, how it is looked at."""
    classes = {name: cls for name, cls in vars(records).items() if isinstance(cls, type) and is_dataclass(cls)}
    inside: dict[type, dict[str, set[type]]] = {}
    todo: list[type] = [Incident]
    while todo:
        cls = todo.pop()
        if cls not in inside:
            inside[cls] = {}
            for each in fields(cls):
                stand = {classes[name] for name in re.findall(r"\w+", str(each.type)) if name in classes}
                if stand and each.name != "reading":
                    inside[cls][each.name] = stand
                    todo.extend(stand)
    looked = {Narrative, Identifier, Attachment}
    before = -1
    while before != len(looked):
        before = len(looked)
        looked |= {cls for cls in inside if FREE_TEXT.get(cls) or any(looked & stand for stand in inside[cls].values())}
    own: dict[type, Callable[[Any], bool]] = {Identifier: _is_criminal_justice_number, Attachment: _says_so}
    found = {}
    for cls in looked:
        texts = FREE_TEXT.get(cls, ())
        parts = tuple(name for name, stand in inside[cls].items() if looked & stand)
        found[cls] = _Plan(
            texts=texts,
            parts=parts,
            looked_at=_values((*texts, "text") if cls is Narrative else texts),
            records=_values(parts),
            own=own.get(cls),
        )
    return found


_PLANS: Final = _plans()
