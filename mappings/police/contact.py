"""Whether a report tells of a mental health contact, and with whom.

NIBRS is about crime: a contact shows in it only by an officer's activity 09 (handling persons with mental illness, data
element 25A) or by NIEM's indicator that a crisis response team was activated. The person is the one offender whom the
report joins to that officer, or the only one of a report without an offense. Who was arrested is never taken for the
person, nor is anybody where there is a choice: then the contact is with nobody identified, and an issue says so.
"""

from __future__ import annotations

from mappings.incident import Coded, Contact, DateTime, Staff
from mappings.police.element import Element
from mappings.police.parts import Parts
from mappings.police.persons import Known
from mappings.police.rules import ARRESTEE, WHOM
from mappings.police.ucr import MENTAL_ILLNESS

_CRISIS_TEAM = "j:IncidentCrisisResponseTeamActivatedIndicator"


def contact(parts: Parts, people: list[Known], owner: str, occurred: DateTime | None) -> Contact | None:
    """The contact that the report tells of, or None."""
    officers = [
        one
        for one in parts.top.all("j:EnforcementOfficial")
        if (code := one.first("j:EnforcementOfficialActivityCategoryCode")) is not None
        and "".join(code.parts).strip() == MENTAL_ILLNESS
    ]
    team = _crisis_team(parts)
    if not officers and team is None:
        return None
    where = officers[0] if officers else team
    assert where is not None
    person = _person(parts, people, officers, where)
    concerns: tuple[Coded, ...] = ()
    if officers:
        activity = officers[0].first("j:EnforcementOfficialActivityCategoryCode")
        for one in officers:
            one.text("j:EnforcementOfficialActivityCategoryCode")
        coded = parts.code(activity, "officer-activity")
        concerns = (coded,) if coded is not None else ()
    parts.found.paths["contacts[0]"] = where.path
    return Contact(
        person=person.slot if person is not None else None,
        organization=owner,
        officer=Staff(role="officer", organization=_employer(officers, owner)),
        start=occurred,
        concerns=concerns,
        interventions=(Coded(text="Crisis response team activated"),) if team is not None else (),
    )


def _crisis_team(parts: Parts) -> Element | None:
    for augmentation in (parts.top.first("nc:Incident", "j:IncidentAugmentation"), parts.top.first("nc:Incident")):
        indicator = augmentation.first(_CRISIS_TEAM) if augmentation is not None else None
        if indicator is not None and augmentation is not None and augmentation.flag(_CRISIS_TEAM):
            return indicator
    return None


def _employer(officers: list[Element], owner: str) -> str:
    """The reporting agency, but for an officer of another jurisdiction (data element 25C), whose ORI stands there."""
    names = ("j:EnforcementOfficialUnit", "j:OrganizationAugmentation", "j:OrganizationORIIdentification")
    unit = officers[0].first(*names) if officers else None
    return (unit.text("nc:IdentificationID") if unit is not None else None) or owner


def _person(parts: Parts, people: list[Known], officers: list[Element], where: Element) -> Known | None:
    by_element = {id(one.element): one for one in people if one.element is not None}
    by_role = {id(role): one for one in people for role in one.roles}
    handled = {
        id(target)
        for one in officers
        for pointer in one.all("nc:RoleOfPerson")
        if (target := parts.referred(pointer)) is not None
    }
    hurt = {id(role) for key in handled if key in by_element for role in by_element[key].roles}
    joined: list[Known] = []
    for association in parts.top.all("j:SubjectVictimAssociation"):
        victims = [parts.referred(one) for one in association.all("j:Victim")]
        if not any(victim is not None and id(victim) in hurt for victim in victims):
            continue
        for pointer in association.all("j:Subject"):
            subject = parts.referred(pointer)
            one = by_role.get(id(subject)) if subject is not None else None
            if one is not None and one not in joined:
                joined.append(one)
    if not joined and parts.top.first("j:Offense") is None:
        joined = [one for one in people if any(role.name == "j:Subject" for role in one.roles)]
    if len(joined) != 1 or joined[0].nobody or joined[0].element is None:
        parts.issue(WHOM, where)
        return None
    if joined[0].arrested:
        parts.issue(ARRESTEE, where)
        return None
    return joined[0]
