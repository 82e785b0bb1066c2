"""Persons of a report and their roles: victims, offenders, arrestees, witnesses.

NIBRS names nobody: a person is a number within the report, an age and three codes. Names and birth dates are read where
an export adds NIEM's elements. Nobody becomes a patient by a role of the law: an offender and an arrestee are suspects
here. What was reported of a person's mind is a narrative, never an observation or a diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mappings.found import BAD_TIME
from mappings.incident import Coded, Name, Narrative, Person, PersonRole
from mappings.police.element import Element
from mappings.police.parts import Parts
from mappings.police.rules import AGE_UNIT, SAME_SEQUENCE, UNKNOWN_CODE
from mappings.police.ucr import ethnicity, is_unknown, race, sex
from mappings.times import is_date_time

# Element of a role -> our role, what a person is called by it, and where its number in the report stands.
_ROLES: dict[str, tuple[PersonRole, str, str]] = {
    "j:Victim": ("victim", "victim", "j:VictimSequenceNumberText"),
    "j:Subject": ("suspect", "offender", "j:SubjectSequenceNumberText"),
    "j:Arrestee": ("suspect", "arrestee", "j:ArrestSequenceID"),
    "j:Witness": ("witness", "witness", "j:WitnessSequenceNumberText"),
}
#: Victims that are persons: an individual, an officer. A business or society is none (NIBRS data element 25).
_PERSONAL = frozenset({"I", "L"})
#: The offender about whom nothing is known (NIBRS data element 36).
_NOBODY = frozenset({"0", "00", "000"})

#: Under a year old, said in words (NIBRS data elements 26, 37, 47); flat files have the codes.
_INFANTS = frozenset({"NEONATAL", "NEWBORN", "BABY", "NN", "NB", "BB"})
_UNKNOWN_AGES = frozenset({"UNKNOWN", "0", "00"})
_OVER_98 = "99"
_YEARS = frozenset({"ANN", "YEAR", "YEARS", "A"})


@dataclass(kw_only=True, slots=True)
class Known:
    """A person of the report: the element that describes them, if any, and the roles they hold there."""

    element: Element | None
    roles: list[Element] = field(default_factory=list)
    slot: str = ""
    index: int = 0

    @property
    def arrested(self) -> bool:
        """Whether an arrest is one of their roles."""
        return any(role.name == "j:Arrestee" for role in self.roles)

    @property
    def nobody(self) -> bool:
        """Whether the report says that nothing is known of them."""
        return any(
            role.name == "j:Subject" and (role.text("j:SubjectSequenceNumberText") or "") in _NOBODY
            for role in self.roles
        )


def known(parts: Parts) -> list[Known]:
    """Everybody in the report, in its order: those it describes, then those it only counts."""
    found = [Known(element=element) for element in parts.top.all("nc:Person")]
    by_element = {id(one.element): one for one in found}
    for role in parts.top.all(*_ROLES):
        described = None
        for pointer in role.all("nc:RoleOfPerson"):
            described = parts.referred(pointer)
            if described is not None:
                break
        if described is None and not _is_person(role):
            continue
        one = by_element.get(id(described)) if described is not None else None
        if one is None:
            one = Known(element=described)
            found.append(one)
            if described is not None:
                by_element[id(described)] = one
        one.roles.append(role)
    taken: set[str] = set()
    for index, one in enumerate(found):
        one.index = index
        one.slot = _slot(parts, one, taken)
        taken.add(one.slot)
    return found


def _is_person(role: Element) -> bool:
    return role.name != "j:Victim" or (role.text("j:VictimCategoryCode") or "") in _PERSONAL


def _slot(parts: Parts, one: Known, taken: set[str]) -> str:
    """`offender-1`: the number that the report counts them by, which a later version of it keeps; else their place."""
    for role in one.roles:
        _, called, number = _ROLES[role.name]
        sequence = role.text(number)
        if sequence is not None:
            slot = f"{called}-{sequence.lstrip('0') or '0'}"
            if slot not in taken:
                return slot
            parts.issue(SAME_SEQUENCE, role)
    return f"person-{one.index + 1}"


def persons(
    parts: Parts, people: list[Known], subjects: frozenset[str], owner: str
) -> tuple[list[Person], list[Narrative]]:
    """The persons, and what was reported of their minds. `subjects`: slots of those whom a contact was with."""
    made: list[Person] = []
    reported: list[Narrative] = []
    for one in people:
        roles: list[PersonRole] = ["subject"] if one.slot in subjects else []
        for role in one.roles:
            role.read = True
            ours = _ROLES[role.name][0]
            if ours not in roles:
                roles.append(ours)
            if role.name == "j:Victim":
                role.text("j:VictimCategoryCode")
        path = f"persons[{one.index}]"
        where = one.element if one.element is not None else one.roles[0]
        parts.found.paths[path] = where.path
        made.append(_person(parts, one, tuple(roles) or ("unknown",), path, reported, owner))
    return made, reported


def _person(
    parts: Parts, one: Known, roles: tuple[PersonRole, ...], path: str, reported: list[Narrative], owner: str
) -> Person:
    element = one.element
    if element is None:
        return Person(slot=one.slot, roles=roles, unknown=True)
    element.read = True
    said: list[str] = []
    names = _names(element)
    if names:
        parts.found.paths[f"{path}.names"] = f"{element.path}/nc:PersonName"
    age = _age(parts, element, said)
    for name in ("nc:PersonPhysicalDescriptionText", "nc:PersonDescriptionText"):
        for text in element.all(name):
            said += filter(None, (text.value,))
    for text in element.all("nc:PersonMentalStateText"):
        value = text.value
        if value is not None:
            parts.found.paths[f"narratives[{len(reported)}]"] = text.path
            reported.append(
                Narrative(
                    text=value,
                    kind="police-report",
                    title="Reported mental state",
                    organization=owner,
                    id=f"{one.slot}#mental-state",
                    person=one.slot,
                )
            )
    races = _coded(parts, element, ("j:PersonRaceNDExCode", "j:PersonRaceCode"), "race")
    return Person(
        slot=one.slot,
        roles=roles,
        unknown=one.nobody and not names,
        names=names,
        birth_date=_birth_date(parts, element, path),
        age_years=age,
        sex=_coded(parts, element, ("j:PersonSexCode",), "sex"),
        race=(races,) if races is not None else (),
        ethnicity=_coded(parts, element, ("j:PersonEthnicityCode",), "ethnicity"),
        description="; ".join(said) or None,
    )


def _names(element: Element) -> tuple[Name, ...]:
    found = []
    for part in element.all("nc:PersonName"):
        family = part.text("nc:PersonSurName")
        given = [text for one in part.all("nc:PersonGivenName", "nc:PersonMiddleName") if (text := one.value)]
        whole = part.text("nc:PersonFullName")
        if family or given or whole:
            found.append(Name(family=family, given=tuple(given), text=None if family and given else whole))
    return tuple(found)


def _birth_date(parts: Parts, element: Element, path: str) -> str | None:
    date = element.first("nc:PersonBirthDate")
    for name in ("nc:Date", "nc:YearMonthDate", "nc:YearDate"):
        text = date.text(name) if date is not None else None
        if date is not None and text is not None:
            if len(text) <= 10 and is_date_time(text):
                parts.found.paths[f"{path}.birth_date"] = f"{date.path}/{name}"
                return text
            parts.found.issue(BAD_TIME, f"{date.path}/{name}")
    return None


def _age(parts: Parts, element: Element, said: list[str]) -> int | None:
    """Years as reported. A range, an age under one year and one over 98 are said in words: no year is chosen."""
    measure = element.first("nc:PersonAgeMeasure")
    if measure is None:
        return None
    unit = next((one for one in measure.children if one.local in ("TimeUnitCode", "MeasureUnitText")), None)
    in_unit = unit.value if unit is not None else None
    if unit is not None and in_unit is not None and in_unit.upper() not in _YEARS:
        parts.issue(AGE_UNIT, unit)
        values = [one.value or "" for one in measure.children if one is not unit and not one.children]
        said.append(" ".join(("age:", *values, in_unit)))
        return None
    span = measure.first("nc:MeasureIntegerRange")
    if span is not None:
        low, high = span.text("nc:RangeMinimumIntegerValue"), span.text("nc:RangeMaximumIntegerValue")
        said.append(f"age: {low or '?'} to {high or '?'}")
    for one in measure.all("nc:MeasureIntegerValue", "nc:MeasureValueText", "nc:MeasureDecimalValue"):
        text = one.value
        if text is None or text.upper() in _UNKNOWN_AGES:
            continue
        if text.upper() in _INFANTS:
            said.append(f"age: {text}")
            return 0
        if text == _OVER_98:
            said.append("age: over 98")
            return None
        if text.isascii() and text.isdigit() and len(text) <= 2:
            return int(text)
        parts.issue(UNKNOWN_CODE, one)
        said.append(f"age: {text}")
    return None


_DEMOGRAPHIC = {"sex": sex, "race": race, "ethnicity": ethnicity}


def _coded(parts: Parts, element: Element, names: tuple[str, ...], kind: str) -> Coded | None:
    """A demographic code; one that NIBRS does not have is kept as the code alone, with an issue."""
    for one in element.all(*names):
        text = one.value
        if text is None:
            continue
        coded = _DEMOGRAPHIC[kind](text)
        if coded is None and not is_unknown(text):
            parts.issue(UNKNOWN_CODE, one)
            return Coded(text=text)
        return coded
    return None
