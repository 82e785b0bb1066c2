"""Records about one incident, from several sources of one custody, as one record.

A CAD record, a police report and a contact form tell of the same night. `sort_out` says which belong together,
`merge` makes one Incident of them. Both see the whole set at once and order it themselves, so that any order of
arrival gives the same.

**Which belong together.** Records of one agency and one record owner with the same CAD event number. A record that has
a case number only belongs to the event that has this case, where there is one; where several have it, it stays by
itself (`merge.several-incidents`). Two CAD events are never joined through a case. Records of different custodies or
owners are never joined: each keeps its own, and the hub files all under the incident's number.

**Who is believed.** Times, units, call types, priority, status and place: CAD, then report, then contact form. Case
number and narratives: report, CAD, form. Persons and contacts, as the team asserts them: form, report, CAD. Of two
sources of one kind, the one whose name comes first. What a record does not know never replaces what another knows. Of
two known values that differ the believed one stays, and `merge.conflict` names both places.

**Versions.** A later record of a source (by `updated`, else by a numeric `version`, else by arrival) replaces its
earlier one. An earlier one that tells of a contact or of a narrative (by id) which no later one names stands beside
it: a second form about a second person takes nothing away. A record that its source withdraws is gone.

**Persons** are one person by evidence alone: the same slot of the same source, an identifier of the same assigner, or
the same family and given names with the same whole birth date. Else they stay two (`merge.persons-apart`), also when
the evidence fits more than one (`merge.person-ambiguous`), or when both have been referred: what a center holds keeps
its person. Contacts are one where person and organization are the same, each record has one, and one of them at most
refers (`merge.contacts-apart` otherwise).

**Ids** are those that the record would have alone (`Reading.ids`): a contact's is that of the record it comes from, a
joined person's that of the record that refers them, else of the most believed. So a late record changes no id that a
center may hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Any, Final

from mappings.incident import DateTime, Incident, Narrative, Reading, Told
from mappings.joining import Said, chosen, joined, union, unit_said
from mappings.merged_people import PersonMap, contacts_of, people_of
from mappings.record import record
from mappings.telling import Kind, Telling, inside, place
from profiles.issue import Issue, Severity

CAD_FIRST: Final[tuple[Kind, ...]] = ("cad", "report", "contact")
REPORT_FIRST: Final[tuple[Kind, ...]] = ("report", "cad", "contact")
CONTACT_FIRST: Final[tuple[Kind, ...]] = ("contact", "report", "cad")

#: Severity, FHIR issue type and fixed words of each rule of merging.
RULES: Final[dict[str, tuple[Severity, str, str]]] = {
    "merge.conflict": ("warning", "conflict", "two records of the incident differ here; the first named is believed"),
    "merge.several-incidents": (
        "warning",
        "multiple-matches",
        "several incidents have this case number; the record stays by itself",
    ),
    "merge.persons-apart": (
        "information",
        "informational",
        "nothing shows that these are one person; they stay two",
    ),
    "merge.person-ambiguous": (
        "warning",
        "multiple-matches",
        "the evidence fits more than one person; they stay apart",
    ),
    "merge.contacts-apart": ("information", "informational", "two contacts with one person are kept as two"),
}


@record
class Merged:
    """One Incident of several tellings. `incident.reading` has their findings (paths begin with the source's name,
    where there is more than one), `issues` those of merging alone, which are among them. `stood` are the tellings that
    it is made of: those not replaced by a later one of their source."""

    incident: Incident
    issues: tuple[Issue, ...] = ()
    stood: tuple[Telling, ...] = ()


@record
class SortedOut:
    """Tellings by incident, and those of whom no incident could be said."""

    sets: tuple[tuple[Telling, ...], ...]
    doubts: tuple[tuple[Telling, Issue], ...] = field(default=())


def issue(rule: str, path: str) -> Issue:
    """The Issue of a rule of merging."""
    severity, code, text = RULES[rule]
    return Issue(severity=severity, code=code, rule=rule, path=path, text=text)


def sort_out(tellings: Iterable[Telling]) -> SortedOut:
    """The tellings of each incident together. One without any number is by itself. Does not look at custody: give it
    the tellings of one."""
    sets: dict[tuple[str, ...], list[Telling]] = {}
    cases: dict[tuple[str, str, str], set[str]] = {}
    waiting: list[Telling] = []
    for one in tellings:
        incident = one.incident
        if incident.number:
            sets.setdefault((incident.agency, one.owner, "number", incident.number), []).append(one)
            if incident.case_number:
                cases.setdefault((incident.agency, one.owner, incident.case_number), set()).add(incident.number)
        else:
            waiting.append(one)
    doubts: list[tuple[Telling, Issue]] = []
    for turn, one in enumerate(waiting):
        case, at = one.incident.case_number, (one.incident.agency, one.owner)
        numbers = cases.get((*at, case), set()) if case else set()
        if case is None or not case:
            sets[(*at, "none", str(turn))] = [one]
        elif len(numbers) == 1:
            sets[(*at, "number", next(iter(numbers)))].append(one)
        else:
            sets.setdefault((*at, "case", case), []).append(one)
            if numbers:
                doubts.append((one, issue("merge.several-incidents", place(one)("case_number"))))
    return SortedOut(sets=tuple(tuple(sets[key]) for key in sorted(sets)), doubts=tuple(doubts))


def merge(tellings: Sequence[Telling]) -> Merged:
    """One Incident of the tellings of one incident (`sort_out`). One alone is that Incident, unchanged.

    Pure, and the same for any order of `tellings`. Nothing is translated, gated or labelled here: narratives keep the
    organization that said them, contacts theirs. Raises ValueError for no tellings, or for those of several agencies
    or owners: what is somebody else's record is not merged.
    """
    if not tellings:
        raise ValueError("nothing to merge")
    if len({(one.incident.agency, one.owner) for one in tellings}) > 1:
        raise ValueError("records of different owners are not merged")
    stood = standing(tellings)
    if len(stood) == 1:
        return Merged(incident=stood[0].incident, stood=stood)
    return _Merge(stood).made()


def standing(tellings: Iterable[Telling]) -> tuple[Telling, ...]:
    """The tellings that no later one of their source replaces, the most believed first (form, report, CAD).

    A record that its source has withdrawn takes its earlier ones along, and is itself left only where nothing else is.
    """
    by_source: dict[str, list[Telling]] = {}
    for one in tellings:
        by_source.setdefault(one.source, []).append(one)
    found: list[tuple[tuple[Any, ...], Telling]] = []
    for source, versions in by_source.items():
        named: set[str] = set()
        for turn, one in enumerate(_latest_first(versions)):
            tells = set(_tells(one.incident))
            if turn and tells <= named:
                continue
            found.append(((CONTACT_FIRST.index(one.kind), source, turn), one))
            if one.incident.standing == "withdrawn":
                break
            named |= tells
    stood = tuple(one for _, one in sorted(found, key=lambda pair: pair[0]))
    return tuple(one for one in stood if one.incident.standing != "withdrawn") or stood[:1]


def _latest_first(versions: list[Telling]) -> list[Telling]:
    times = [_when(one.incident.updated) for one in versions]
    numbers = [_number(one.incident.version) for one in versions]
    keys: list[tuple[Any, ...]] = [(repr(one.incident),) for one in versions]
    keys = [(one.arrived, *key) for one, key in zip(versions, keys, strict=True)]
    if all(number is not None for number in numbers):
        keys = [(number, *key) for number, key in zip(numbers, keys, strict=True)]
    if all(time is not None for time in times):
        keys = [(time, *key) for time, key in zip(times, keys, strict=True)]
    order = sorted(range(len(versions)), key=lambda n: keys[n], reverse=True)
    return [versions[n] for n in order]


def _when(updated: DateTime | None) -> datetime | None:
    if updated is None or len(updated) < 10:
        return None
    made = datetime.fromisoformat(updated)
    return made if made.tzinfo is not None else made.replace(tzinfo=UTC)


def _number(version: str | None) -> int | None:
    return int(version) if version and version.isascii() and version.isdigit() else None


def _tells(incident: Incident) -> Iterator[str]:
    """What a later version must name too, if it is to replace this one."""
    for contact in incident.contacts:
        yield f"contact {contact.person or ''}"
    for narrative in _narratives(incident):
        if narrative.id:
            yield f"narrative {narrative.id}"


def _narratives(incident: Incident) -> Iterator[Narrative]:
    yield from incident.narratives
    for contact in incident.contacts:
        yield from contact.narratives


class _Merge:
    """One merge while it is made."""

    def __init__(self, stood: tuple[Telling, ...]) -> None:
        self.stood = stood
        self.issues: list[Issue] = []
        self.paths: dict[str, str] = {}
        self.ids: dict[str, str] = {}

    def made(self) -> Merged:
        believed = self.stood[0].incident
        people = people_of(self.stood, self._issue, self._conflict)
        contacts = contacts_of(self.stood, people, self._issue, self._conflict)
        self._numbered("contacts", [(at, key) for _, at, key in contacts])
        for slot, key in people.keys.items():
            self.ids[f"person {slot}"] = key
            if slot in people.by_slot:
                self.ids[f"patient {slot}"] = key
        self._numbered("persons", [(at, None) for at in people.places])
        narratives = self._narratives(people)
        cautions = self._cautions(people)
        refers = next((one for one in self.stood if any(c.referrals for c in one.incident.contacts)), self.stood[0])
        self.ids[""] = refers.key
        first = {name: self._first(CAD_FIRST, name) for name in ("status", "type_initial", "type_final", "priority")}
        first |= {name: self._first(CAD_FIRST, name) for name in ("received_by", "place", "number")}
        incident = Incident(
            agency=believed.agency,
            organization=believed.organization,
            case_number=self._first(REPORT_FIRST, "case_number"),
            numbers=self._union(CAD_FIRST, "numbers"),
            updated=self._updated(),
            timeline=joined(self._said(CAD_FIRST, "timeline"), self._conflict),
            units=self._units(),
            persons=people.persons,
            contacts=tuple(contact for contact, _, _ in contacts),
            dispositions=self._union(CAD_FIRST, "dispositions"),
            narratives=narratives,
            cautions=cautions,
            links=self._union(CAD_FIRST, "links"),
            organizations=self._organizations(),
            **first,
        )
        return Merged(incident=replace(incident, reading=self._reading()), issues=tuple(self.issues), stood=self.stood)

    # --- findings

    def _issue(self, rule: str, path: str) -> None:
        made = issue(rule, path)
        if made not in self.issues:
            self.issues.append(made)

    def _conflict(self, kept: str, other: str) -> None:
        self._issue("merge.conflict", f"{kept} / {other}")

    def _reading(self) -> Reading:
        readings = [(one, one.incident.reading) for one in self.stood]
        return Reading(
            source=readings[0][1].source,
            paths=self.paths,
            issues=(
                *(replace(i, path=f"{one.source}: {i.path}") for one, reading in readings for i in reading.issues),
                *self.issues,
            ),
            unused=tuple(f"{one.source}: {path}" for one, reading in readings for path in reading.unused),
            dropped=tuple(
                replace(gated, path=f"{one.source}: {gated.path}")
                for one, reading in readings
                for gated in reading.dropped
            ),
            ids=self.ids,
            told=tuple(
                Told(
                    reader=one.incident.reading.source,
                    number=one.incident.number,
                    case_number=one.incident.case_number,
                    version=one.incident.version,
                    updated=one.incident.updated,
                )
                for one in self.stood
            ),
        )

    def _numbered(self, name: str, given: Sequence[tuple[str, str | None]]) -> None:
        for n, (at, key) in enumerate(given):
            self.paths[f"{name}[{n}]"] = at
            if key is not None:
                self.ids[f"{name}[{n}]"] = key

    # --- facts

    def _in(self, order: tuple[Kind, ...]) -> list[Telling]:
        return sorted(self.stood, key=lambda one: order.index(one.kind))  # stable: by name inside a kind

    def _said(self, order: tuple[Kind, ...], name: str) -> list[Said]:
        found = [Said(value=getattr(one.incident, name), at=inside(one, name)) for one in self._in(order)]
        self.paths[name] = self._in(order)[0].source + ": " + name
        return found

    def _first(self, order: tuple[Kind, ...], name: str) -> Any:
        known = [
            (value, place(one)(name)) for one in self._in(order) if (value := getattr(one.incident, name)) is not None
        ]
        if not known:
            return None
        self.paths[name] = known[0][1]
        return chosen(known, self._conflict)

    def _union(self, order: tuple[Kind, ...], name: str) -> tuple[Any, ...]:
        given = [(one, getattr(one.incident, name)) for one in self._in(order)]
        found = union(values for _, values in given)
        for n, value in enumerate(found):
            one, values = next((one, values) for one, values in given if value in values)
            self.paths[f"{name}[{n}]"] = place(one)(f"{name}[{values.index(value)}]")
        return found

    def _updated(self) -> DateTime | None:
        times = [(when, one.incident.updated) for one in self.stood if (when := _when(one.incident.updated))]
        return max(times, key=lambda pair: pair[0])[1] if times else None

    def _units(self) -> tuple[Any, ...]:
        found: dict[str, list[Said]] = {}
        for one in self._in(CAD_FIRST):
            for n, unit in enumerate(one.incident.units):
                found.setdefault(unit_said(unit), []).append(Said(value=unit, at=inside(one, f"units[{n}]")))
        for n, told in enumerate(found.values()):
            self.paths[f"units[{n}]"] = told[0].at("id")
        return tuple(joined(said, self._conflict, leave=frozenset({"id"})) for said in found.values())

    def _organizations(self) -> tuple[Any, ...]:
        found: dict[str, list[Said]] = {}
        for one in self._in(CAD_FIRST):
            for n, each in enumerate(one.incident.organizations):
                found.setdefault(each.id, []).append(Said(value=each, at=inside(one, f"organizations[{n}]")))
        return tuple(joined(said, self._conflict, leave=frozenset({"id"})) for said in found.values())

    def _narratives(self, people: PersonMap) -> tuple[Narrative, ...]:
        """Each text once, under the id that it has in its own record. The later of two with one id of one source."""
        found: list[Narrative] = []
        places: list[tuple[str, str | None]] = []
        taken: set[tuple[str, str]] = set()
        for one in self._in(REPORT_FIRST):
            for n, narrative in enumerate(one.incident.narratives):
                if narrative.id:
                    if (one.source, narrative.id) in taken:
                        continue
                    taken.add((one.source, narrative.id))
                made = replace(narrative, person=people.slot(one, narrative.person))
                if len(union([tuple(found), (made,)])) == len(found):
                    continue
                found.append(made)
                places.append((place(one)(f"narratives[{n}]"), f"{one.key}|narrative|{n}"))
        self._numbered("narratives", places)
        return tuple(found)

    def _cautions(self, people: PersonMap) -> tuple[Any, ...]:
        found: list[Any] = []
        places: list[tuple[str, str | None]] = []
        for one in self._in(CAD_FIRST):
            for n, caution in enumerate(one.incident.cautions):
                made = replace(caution, person=people.slot(one, caution.person))
                if made in found:
                    continue
                found.append(made)
                places.append((place(one)(f"cautions[{n}]"), f"{one.key}|caution|{n}"))
        self._numbered("cautions", places)
        return tuple(found)
