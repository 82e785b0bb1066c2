"""A row becomes an Incident: the compiled fields, the timeline, what is gated, and the account of all of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from mappings.errors import PackError
from mappings.found import STAGES, Rule
from mappings.incident import Agency, Contact, Gated, Incident, Reading, Referral, Rejected, Timeline
from mappings.packs import paths
from mappings.packs.code_verbs import Tables
from mappings.packs.declaration import collecting
from mappings.packs.fields import Build, Field
from mappings.packs.load import Spec
from mappings.packs.source import Layout, Place, Row, Source
from mappings.packs.stages import compile_stages
from mappings.packs.verbs import Make, Notes, Scope, issue
from mappings.shape import members
from mappings.times import zone

NO_KEY = Rule("read.no-key", "error", "required", "the row has neither an event number nor a case number")
ABSENT = Rule("read.no-column", "warning", "not-found", "a column of the pack that this file does not have")
NO_SLOT = Rule("read.no-such-person", "warning", "not-found", "no person of this record has this slot")

#: Field classes that never enter an Incident (CJIS Security Policy; 28 CFR 20.33); their cells are only counted.
CJIS_CLASSES = ("criminal-history", "ncic", "iii", "fbi-number", "juvenile", "sealed")

#: The pack's words for fields of the Incident that have another name there.
_WORDS = {"number": "event_number", "dispositions": "disposition"}
#: What stands under `incident`, but the stages.
TOP = {
    _WORDS.get(member.name, member.name): member
    for member in members(Incident, frozenset({"agency", "timeline", "organizations", "reading"}))
}
#: How many different shapes of rows keep their account of paths.
_SHAPES = 4096
_REL = re.compile(r"([a-z_]+)(\[\d*\])?")


class Reader:
    """A pack's `incident`, `drop` and `cjis` compiled for one agency. `of` gives the closure for a file's layout."""

    def __init__(
        self,
        sections: Mapping[str, Spec],
        *,
        source: str,
        own: str,
        agency: Agency,
        form: Source,
        empty: frozenset[str],
        tables: Tables,
        errors: list[PackError],
    ) -> None:
        self._known = paths.Known()
        #: What is read of each row of a group.
        self._of_rows = paths.Known()
        self._columns = columns = form.columns if form.tabular else None
        self._group = form.group
        each_row = self._of_rows if form.group is not None else None
        scope = Scope(columns=columns, known=self._known, empty=empty, each_row=each_row)
        build = Build(tables, agency, own, zone(agency.zone) if agency.zone else None)
        keys = sections["incident"].mapping((*TOP, *STAGES, "stages", "occurred"))
        build.stages = STAGES if "stages" in keys else tuple(stage for stage in STAGES if stage in keys)
        if "event_number" not in keys and "case_number" not in keys:
            sections["incident"].fail("expected event_number or case_number", "pack.missing-key")
        self._fields: list[tuple[str, Make]] = []
        self._where: dict[str, Field] = {}
        self._base: dict[str, Any] = {"agency": agency.id}
        for name, spec in keys.items():
            if name not in TOP:
                continue
            with collecting(errors):
                made = build.field(Incident, TOP[name], spec, scope, top=True)
                if made.constant is not None and name in ("event_number", "case_number"):
                    spec.fail("expected `{from: <column>}`: a number is never constant")
                field = TOP[name].field
                if made.constant is not None:
                    self._base[field] = made.constant
                else:
                    self._fields.append((field, made.make))
                self._where[field] = made
        self._stages: Callable[[Row, Notes], dict[str, Any]] = lambda row, notes: {}
        self._stage_paths: dict[str, str] = {}
        with collecting(errors):
            self._stages, self._stage_paths = compile_stages(keys, scope, build)
        with collecting(errors):
            self._check_key(sections["source"], keys)
        self._gates: list[tuple[Callable[[Row], int], str, str]] = []
        with collecting(errors):
            self._gate(sections)
        self._slots = "persons" in self._where or "contacts" in self._where
        self._shapes: dict[Any, Mapping[str, str]] = {}
        self._source = source

    def _check_key(self, source: Spec, keys: Mapping[str, Spec]) -> None:
        key = source.mapping().get("key")
        if key is None:
            return
        numbers = [keys[name] for name in ("event_number", "case_number") if name in keys]
        read = [one.value for spec in numbers if spec.is_mapping for one in (spec.mapping().get("from", spec)).items()]
        if key.text() not in read:
            key.fail("expected the column that event_number or case_number is from")

    def _gate(self, sections: Mapping[str, Spec]) -> None:
        """`drop` and `cjis`: columns that are counted where they hold something, and read by nothing."""
        gated: list[tuple[Spec, str, str]] = []
        if "drop" in sections:
            for column, reason in sections["drop"].mapping().items():
                reason.text()
                gated.append((reason, column, "pack.drop"))
        if "cjis" in sections:
            for name, columns in sections["cjis"].mapping(CJIS_CLASSES).items():
                gated += [(spec, spec.text(), f"cjis.{name}") for spec in columns.items()]
        seen: set[str] = set()
        for spec, column, rule in gated:
            if column in seen:
                spec.fail("expected each column once under drop and cjis")
            seen.add(column)
            if self._columns is not None:
                if column not in self._columns:
                    spec.fail("unknown column; expected one of: " + ", ".join(self._columns), "pack.column")
                if column in self._known.kids or column in self._of_rows.kids:
                    spec.fail("expected a column that no field reads: this one is read above")
                filled = _filled if self._group is None else _filled_rows
                self._of_rows.add((column,), whole=True)
                self._gates.append((filled(self._columns.index(column)), column, rule))
                continue
            steps = paths.parse(column, lists=True)
            if not steps:
                spec.fail("expected a path such as a.b[].c", "pack.column")
            if _is_read(self._known, steps):
                spec.fail("expected a path that no field reads: this one is read above")
            self._known.add(steps, whole=True)
            self._gates.append((_counter(steps), column, rule))

    def shared(self) -> tuple[tuple[int, str], ...]:
        """Places and names of the columns that tell of the incident, where a pack makes one of several rows."""
        assert self._columns is not None
        return tuple((n, column) for n, column in enumerate(self._columns) if column in self._known.kids)

    def of(self, layout: Layout, at: Place) -> Callable[[int, Row], Incident | Rejected]:
        """The closure for a file of this layout: the row's index and the row -> Incident. `at` is where it begins."""
        base, fields, stages = self._base, self._fields, self._stages
        columns = self._columns
        known = self._known
        is_grouped = self._group is not None
        gates = self._gates
        gated = self._gated()
        shapes = self._shapes
        source = self._source
        path_of = self._paths
        finish = self._finish if self._slots else None
        idle: tuple[str, ...] = ()
        numbers = [self._where[name].paths.get("", "") for name in ("number", "case_number") if name in self._where]
        numbered = " or ".join(numbers)
        if columns is not None:
            read = known.kids.keys() | self._of_rows.kids.keys()
            idle = (*(column for column in columns if column not in read and column not in layout.absent),)
        extra = (*idle, *layout.extra)
        absent = tuple(issue(ABSENT, column) for column in layout.absent)

        def incident(index: int, row: Row) -> Incident | Rejected:
            notes = Notes()
            if is_grouped:
                notes.issues += row.issues
            times = notes.times = stages(row, notes)
            for day in times.values():
                notes.day = day[:10]
                break
            found = dict(base)
            for name, make in fields:
                value = make(row, notes)
                if value is not None:
                    found[name] = value
            if "number" not in found and "case_number" not in found:
                where_from = f"line {at.line}" if at.line else f"row {index + 1}"
                why = [one for one in notes.issues if one.path in numbers]
                return Rejected(
                    index=index, issues=(issue(NO_KEY, f"{where_from}, {numbered}"), *why), line=at.line or None
                )
            shape = (*found, *times, *notes.shape, *notes.filled)
            where = shapes.get(shape)
            if where is None:
                if len(shapes) > _SHAPES:
                    shapes.clear()
                where = shapes[shape] = path_of(found, times, notes)
            if times:
                found["timeline"] = Timeline(**times)
            if notes.refers:
                _refer(found, notes)
            if finish is not None:
                finish(found, notes)
            found["reading"] = Reading(
                source=source,
                paths=where,
                # two fields of one column say the same of it once
                issues=(*absent, *(dict.fromkeys(notes.issues) if len(notes.issues) > 1 else notes.issues)),
                unused=extra if columns is not None else (*paths.unused(row, known), *extra),
                dropped=gated(row) if gates else (),
            )
            return Incident(**found)

        return incident

    def _gated(self) -> Callable[[Row], tuple[Gated, ...]]:
        """What is kept back in a row: each gate that holds something. Rows alike share the answer."""
        counts = tuple(count for count, _, _ in self._gates)
        cells: list[int] = []
        if self._columns is not None and self._group is None:
            cells = [self._columns.index(path) for _, path, _ in self._gates]
        known: dict[tuple[int, ...], tuple[Gated, ...]] = {}

        def gated(row: Row) -> tuple[Gated, ...]:
            key = tuple([1 if row[n].strip() else 0 for n in cells] if cells else [count(row) for count in counts])
            found = known.get(key)
            if found is None:
                if len(known) > _SHAPES:
                    known.clear()
                found = known[key] = tuple(
                    Gated(path=path, rule=rule, count=n)
                    for n, (_, path, rule) in zip(key, self._gates, strict=True)
                    if n
                )
            return found

        return gated

    def _paths(self, found: Mapping[str, Any], times: Mapping[str, Any], notes: Notes) -> Mapping[str, str]:
        """Each field that this shape of row fills, with its source path."""
        where = {f"timeline.{stage}": self._stage_paths[stage] for stage in times}
        places = dict(notes.shape)
        for name in found:
            made = self._where.get(name)
            if made is None or made.constant is not None:
                continue
            if not made.repeated:
                for rel, path in made.paths.items():
                    if _has(found[name], rel):
                        where[f"{name}.{rel}" if rel else name] = path
                continue
            for position, place in enumerate(places.get(name, ())):
                each = made.each[place] if len(made.each) > place and len(made.each) > 1 else made.each[0]
                for rel, path in each.items():
                    if not _has(found[name][position], rel):
                        continue
                    at = path.replace("[]", f"[{place}]", 1)
                    where[f"{name}[{position}].{rel}" if rel else f"{name}[{position}]"] = at
        return MappingProxyType(where)

    def _finish(self, found: dict[str, Any], notes: Notes) -> None:
        """Parts that name a person name one who is there; the others keep no dangling name."""
        slots = {person.slot for person in found.get("persons", ())}
        for name in ("contacts", "narratives", "cautions"):
            parts = found.get(name)
            if parts and any(part.person is not None and part.person not in slots for part in parts):
                notes.issues.append(issue(NO_SLOT, name))
                found[name] = tuple(
                    replace(part, person=None) if part.person is not None and part.person not in slots else part
                    for part in parts
                )


def _has(value: Any, rel: str) -> bool:
    """Whether this part of the record (`names[0].family`) holds something. `[]` is any item."""
    for name, index in _REL.findall(rel):
        value = getattr(value, name) if name else value
        if index:
            place = int(index[1:-1] or 0)
            if not isinstance(value, tuple) or place >= len(value):
                return False
            value = value[place]
        if value is None or value == ():
            return False
    return True


def _filled(place: int) -> Callable[[Row], int]:
    return lambda row: 1 if row[place].strip() else 0


def _filled_rows(place: int) -> Callable[[Row], int]:
    return lambda row: sum(1 for one in row.rows if one[place].strip())


def _counter(steps: tuple[paths.Step, ...]) -> Callable[[Row], int]:
    return lambda row: paths.count(row, steps)


def _is_read(known: paths.Known, steps: tuple[paths.Step, ...]) -> bool:
    """Whether a field reads this path or something below it."""
    at = known
    for step in steps:
        below = at.kids.get(step) or (at.kids.get(paths.ANY) if type(step) is int else None)
        if below is None:
            return False
        at = below
    return True


def _refer(found: dict[str, Any], notes: Notes) -> None:
    """A disposition that the agency's table maps to `referred` and that names a center is a decision to refer."""
    contacts: tuple[Contact, ...] = found.get("contacts", ())
    for entry in notes.refers:
        if any(referral.organization == entry.refers_to for one in contacts for referral in one.referrals):
            continue
        referral = Referral(organization=entry.refers_to)
        if contacts:
            contacts = (replace(contacts[0], referrals=(*contacts[0].referrals, referral)), *contacts[1:])
            continue
        # Only a person whom the source calls the subject, and one alone, is surely who was referred.
        subjects = [person.slot for person in found.get("persons", ()) if "subject" in person.roles]
        disposition = next(
            (one for one in found.get("dispositions", ()) if any(code.code == "referred" for code in one.mapped)), None
        )
        contacts = (
            Contact(
                person=subjects[0] if len(subjects) == 1 else None,
                organization=found["agency"],
                disposition=disposition,
                referrals=(referral,),
            ),
        )
    if contacts:
        found["contacts"] = contacts
