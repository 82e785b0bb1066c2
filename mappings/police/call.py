"""The call for service behind a report, where an export has NIEM's elements for it: j:ServiceCall and its em: part.

It links the case to the CAD event by number, and has the stages of the call, its type, priority and units. Who called
is not read: a caller's name and number are for calling back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mappings.apco import apco_codes
from mappings.incident import Coded, Place, Timeline, Unit
from mappings.police.element import Element
from mappings.police.parts import Parts, place_of
from mappings.police.rules import UNMAPPED

_CALLS = ("j:ServiceCall", "em:ServiceCall")
_UNITS = ("em:ServiceCallAssignedUnit", "j:ServiceCallAssignedUnit")
_STAGES = {
    "received": "em:CallOpenDate",
    "dispatched": "j:ServiceCallDispatchedDate",
    "on_scene": "j:ServiceCallArrivedDate",
    "cleared": "j:ServiceCallClearedDate",
    "closed": "em:CallCloseDate",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What the call for service says."""

    number: str | None = None
    timeline: Timeline = field(default_factory=Timeline)
    type: Coded | None = None
    priority: Coded | None = None
    received_by: Coded | None = None
    disposition: Coded | None = None
    place: Place | None = None
    units: tuple[Unit, ...] = ()


def call(parts: Parts) -> Call:
    """The report's call for service; empty where it has none."""
    incident = parts.top.first("nc:Incident")
    tops = [parts.top] if incident is None else [parts.top, incident]
    given = next((one for top in tops for one in top.all(*_CALLS)), None)
    if given is None:
        return Call()
    found = parts.found
    more = given.first("em:ServiceCallAugmentation") or given
    number = given.text("nc:ActivityIdentification", "nc:IdentificationID")
    if number is not None:
        found.paths["number"] = f"{given.path}/nc:ActivityIdentification"
    stages = {}
    for stage, name in _STAGES.items():
        date = given.first(name) or more.first(name)
        value = parts.date(date)
        if date is not None and value is not None:
            stages[stage] = value
            found.paths[f"timeline.{stage}"] = date.path
    mechanism = given.text("j:ServiceCallMechanismText") or given.text("j:ServiceCallMechanismCode")
    cleared = given.text("j:ServiceCallClearanceText")
    priority = more.text("em:CallPriorityText")
    location = more.first("em:ServiceCallResponseLocation")
    for part, value, name in (
        ("priority", priority, "em:CallPriorityText"),
        ("received_by", mechanism, "j:ServiceCallMechanismText"),
        ("dispositions", cleared, "j:ServiceCallClearanceText"),
    ):
        if value is not None:
            found.paths[part] = f"{given.path}/{name}"
    return Call(
        number=number,
        timeline=Timeline(**stages),
        type=_type(parts, more),
        priority=Coded(text=priority) if priority is not None else None,
        received_by=Coded(text=mechanism) if mechanism is not None else None,
        disposition=Coded(text=cleared) if cleared is not None else None,
        place=place_of(parts, location) if location is not None else None,
        units=_units(parts, given, more),
    )


def _type(parts: Parts, more: Element) -> Coded | None:
    """The call's type: an APCO code where it is exactly one, else the agency's own, which nobody has mapped."""
    category = more.first("em:CallCategoryText")
    code = category.value if category is not None else None
    detail = more.text("em:CallSubCategoryText")
    if category is None or code is None:
        return Coded(text=detail) if detail is not None else None
    parts.found.paths["type_initial"] = category.path
    mapped = apco_codes(code)
    if not mapped:
        parts.issue(UNMAPPED, category)
    return Coded(code=None if mapped else code, text=detail, mapped=mapped)


def _units(parts: Parts, given: Element, more: Element) -> tuple[Unit, ...]:
    """The units assigned: who rides in them and for whom, only an agency's unit table can say."""
    listed = [*given.all(*_UNITS), *(more.all(*_UNITS) if more is not given else ()), *parts.top.all(*_UNITS)]
    made: list[Unit] = []
    for one in listed:
        name = one.text("nc:OrganizationName")
        unit = one.text("nc:OrganizationIdentification", "nc:IdentificationID") or name
        if unit is None:
            continue
        parts.found.paths[f"units[{len(made)}]"] = one.path
        timeline = Timeline(
            dispatched=parts.date(one.first("em:UnitAssignedDate")),
            cleared=parts.date(one.first("em:UnitUnassignedDate")),
        )
        made.append(
            Unit(
                id=unit,
                name=name if name != unit else None,
                timeline=timeline if timeline != Timeline() else None,
            )
        )
    return tuple(made)
