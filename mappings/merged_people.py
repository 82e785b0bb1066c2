"""Which persons of several records are one, and which contacts with them: by evidence, never by likeness.

What counts as evidence, and where it does not suffice, is written in `mappings.merge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from mappings.incident import ConsentForm, Contact, Person, Signature
from mappings.joining import Conflict, Said, joined, name_key, person_facts, union
from mappings.record import record
from mappings.telling import Telling, inside, place

#: Reports a rule at a place.
Report = Callable[[str, str], None]

#: A person within one source: the same slot of the same source is the same person in all its records.
_Node = tuple[str, str]


#: Kinds of identifier of which no id is made (`mappings.fhir.patient`).
_SSN = frozenset({"ssn", "ss"})


@record
class PersonMap:
    """The persons of a merge. `keys`: what the ids of the one with that slot are made of; `places`: parallel to
    `persons`, where each comes from. `by_slot`: those whose own record has no identifier to make the Patient's id of;
    one that another record brings does not change it."""

    persons: tuple[Person, ...]
    places: tuple[str, ...]
    keys: Mapping[str, str]
    slots: Mapping[_Node, str]
    by_slot: frozenset[str]

    def slot(self, telling: Telling, slot: str | None) -> str | None:
        """The slot here of a person of a telling. One that is not in the record stays as it is named, with whom."""
        if slot is None:
            return None
        return self.slots.get((telling.source, slot), f"{telling.source}/{slot}")


@record
class _Kept:
    """A contact that stands: from where, with whom (the slot in the merge), and what its ids are made of alone."""

    contact: Contact
    telling: Telling
    at: str
    key: str


def people_of(stood: Sequence[Telling], report: Report, conflict: Conflict) -> PersonMap:
    """The persons of the tellings (the most believed first), those shown to be one joined."""
    said: dict[_Node, list[tuple[Telling, int, Person]]] = {}
    for one in stood:
        for n, person in enumerate(one.incident.persons):
            found = said.setdefault((one.source, person.slot), [])
            if all(telling is not one for telling, _, _ in found):  # a slot twice in one record: the first
                found.append((one, n, person))
    refers = _referring(stood)
    groups = _groups(said, refers, report)
    slots: dict[_Node, str] = {}
    keys: dict[str, str] = {}
    persons: list[Person] = []
    places: list[str] = []
    by_slot: set[str] = set()
    for group in groups:
        own = group[0][1]
        slot = own if own not in keys else f"{group[0][0]}/{own}"
        lead = next((node for node in group if node in refers), group[0])
        key = f"{said[lead][0][0].key}|{lead[1]}"
        keys[slot] = key
        slots |= dict.fromkeys(group, slot)
        told = [_said(entry) for node in group for entry in said[node]]
        own_identifiers = tuple(i for _, _, p in said[lead][:1] for i in p.identifiers)
        made: Person = replace(person_facts(told, conflict), slot=slot)
        if any(i.assigner and (i.kind or "").lower() not in _SSN for i in own_identifiers):
            made = replace(made, identifiers=union([own_identifiers, made.identifiers]))
        else:
            by_slot.add(slot)
        persons.append(made)
        first, n, _ = said[group[0]][0]
        places.append(place(first)(f"persons[{n}]"))
    lead_first = sorted(groups, key=lambda group: all(node not in refers for node in group))
    return PersonMap(
        persons=tuple(persons),
        places=tuple(places),
        keys=_apart({slots[group[0]]: (keys[slots[group[0]]], group[0][0]) for group in lead_first}),
        slots=slots,
        by_slot=frozenset(by_slot),
    )


def contacts_of(
    stood: Sequence[Telling], people: PersonMap, report: Report, conflict: Conflict
) -> list[tuple[Contact, str, str]]:
    """The contacts that stand, each with its place and what its ids are made of; those that are one joined."""
    together: dict[tuple[str, ...], list[_Kept]] = {}
    for turn, kept in enumerate(_contacts(stood)):
        slot = people.slot(kept.telling, kept.contact.person)
        contact = _renamed(kept.contact, kept.telling, people)
        whose = kept.contact.organization or kept.telling.owner
        group = ("alone", str(turn)) if slot is None else ("with", slot, whose)
        together.setdefault(group, []).append(replace(kept, contact=contact))
    found: list[list[_Kept]] = []
    for several in together.values():
        sources = [kept.telling.source for kept in several]
        if len(set(sources)) > 1 and not _one_contact(several):
            report("merge.contacts-apart", f"{several[0].at} / {several[1].at}")
            found.extend([kept] for kept in several)
        elif len(set(sources)) > 1:
            found.append(several)
        else:
            found.extend([kept] for kept in several)
    made = []
    for one in found:
        lead = next((kept for kept in one if kept.contact.referrals), one[0])
        told = [Said(value=kept.contact, at=_inside(kept.at)) for kept in one]
        whole: Contact = joined(told, conflict, leave=frozenset({"person", "organization"}))
        made.append((whole, one[0].at, lead.key, lead.telling.source, bool(lead.contact.referrals)))
    order = sorted(range(len(made)), key=lambda n: not made[n][4])
    keys = _apart({str(n): (made[n][2], made[n][3]) for n in order})
    return [(contact, at, keys[str(n)]) for n, (contact, at, _, _, _) in enumerate(made)]


def _one_contact(several: list[_Kept]) -> bool:
    sources = [kept.telling.source for kept in several]
    return len(set(sources)) == len(sources) and sum(bool(kept.contact.referrals) for kept in several) <= 1


def _contacts(stood: Sequence[Telling]) -> Iterator[_Kept]:
    """The contacts of all tellings but those with a person of whom a later one of the same source tells."""
    named: set[_Node] = set()
    for one in stood:
        turns: dict[str, int] = {}
        mine: set[_Node] = set()
        for n, contact in enumerate(one.incident.contacts):
            slot = contact.person or ""
            turns[slot] = turns.get(slot, 0) + 1
            mine.add((one.source, slot))
            if (one.source, slot) not in named:
                key = f"{one.key}|{slot}|{turns[slot]}"
                yield _Kept(contact=contact, telling=one, at=place(one)(f"contacts[{n}]"), key=key)
        named |= mine


def _referring(stood: Sequence[Telling]) -> set[_Node]:
    """Who is referred: the persons whose ids a center may hold."""
    kept = _contacts(stood)
    return {(one.telling.source, one.contact.person) for one in kept if one.contact.referrals and one.contact.person}


def _apart(keys: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Two sources may use one slot for two persons: the first keeps the key, the other's has its source's name too."""
    taken: set[str] = set()
    made: dict[str, str] = {}
    for name, (key, source) in keys.items():
        turn, own = 1, key
        while own in taken:
            own = f"{key}|{source}" if turn == 1 else f"{key}|{source}|{turn}"
            turn += 1
        taken.add(own)
        made[name] = own
    return made


def _groups(
    said: Mapping[_Node, list[tuple[Telling, int, Person]]], refers: set[_Node], report: Report
) -> list[list[_Node]]:
    nodes = list(said)
    of = {node: {node} for node in nodes}
    for one, other in combinations(nodes, 2):
        if one[0] != other[0] and _evidence(said[one], said[other]) and of[one] is not of[other]:
            whole = of[one] | of[other]
            for node in whole:
                of[node] = whole
    done: set[_Node] = set()
    found: list[list[_Node]] = []
    for node in nodes:
        if node in done:
            continue
        group = [each for each in nodes if each in of[node]]
        done |= of[node]
        why = _why_not(group, said, refers)
        if why is not None:
            report(why, f"{_at(said, group[0])} / {_at(said, group[1])}")
            found.extend([each] for each in group)
        else:
            found.append(group)
    _unmatched(found, said, report)
    return sorted(found, key=lambda group: nodes.index(group[0]))


def _why_not(
    group: list[_Node], said: Mapping[_Node, list[tuple[Telling, int, Person]]], refers: set[_Node]
) -> str | None:
    """Why persons whom evidence joins stay apart after all; None: they are one."""
    born = {p.birth_date for node in group for _, _, p in said[node][:1] if p.birth_date and len(p.birth_date) == 10}
    if len({source for source, _ in group}) < len(group) or len(born) > 1:
        return "merge.person-ambiguous"
    return "merge.persons-apart" if sum(node in refers for node in group) > 1 else None


def _unmatched(
    found: list[list[_Node]], said: Mapping[_Node, list[tuple[Telling, int, Person]]], report: Report
) -> None:
    """Says of each subject of one source alone that nothing shows who of another source's subjects it is."""
    subjects = [group for group in found if any("subject" in p.roles for node in group for _, _, p in said[node])]
    for one, other in combinations(subjects, 2):
        if {source for source, _ in one}.isdisjoint({source for source, _ in other}):
            report("merge.persons-apart", f"{_at(said, one[0])} / {_at(said, other[0])}")


def _evidence(one: list[tuple[Telling, int, Person]], other: list[tuple[Telling, int, Person]]) -> bool:
    """Whether two sources show that they speak of one person."""
    return any(_same_person(a, b) for _, _, a in one for _, _, b in other)


def _same_person(one: Person, other: Person) -> bool:
    held = {(given.assigner, given.kind, given.value) for given in one.identifiers if given.assigner}
    if any((given.assigner, given.kind, given.value) in held for given in other.identifiers):
        return True
    if not (one.birth_date and one.birth_date == other.birth_date and len(one.birth_date) == 10):
        return False
    names = {key for name in one.names if (key := name_key(name)) is not None}
    return any(name_key(name) in names for name in other.names)


def _renamed(contact: Contact, telling: Telling, people: PersonMap) -> Contact:
    """The contact with the merge's slots for its persons."""

    def form(given: ConsentForm) -> ConsentForm:
        return replace(given, signature=signed(given.signature), cosignature=signed(given.cosignature))

    def signed(given: Signature | None) -> Signature | None:
        if given is None or (telling.source, given.by or "") not in people.slots:
            return given
        return replace(given, by=people.slot(telling, given.by))

    return replace(
        contact,
        person=people.slot(telling, contact.person),
        consents=tuple(form(each) for each in contact.consents),
        cautions=tuple(replace(each, person=people.slot(telling, each.person)) for each in contact.cautions),
        narratives=tuple(replace(each, person=people.slot(telling, each.person)) for each in contact.narratives),
    )


def _said(entry: tuple[Telling, int, Person]) -> Said:
    telling, n, person = entry
    return Said(value=person, at=inside(telling, f"persons[{n}]"))


def _inside(at: str) -> Callable[[str], str]:
    return lambda name: f"{at}.{name}"


def _at(said: Mapping[_Node, list[tuple[Telling, int, Person]]], node: _Node) -> str:
    telling, n, _ = said[node][0]
    return place(telling)(f"persons[{n}]")
