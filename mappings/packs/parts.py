"""The parts of a record that are made of several fields: persons, units, narratives, referrals, and what each needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mappings import incident as record
from mappings.found import STAGES, Rule
from mappings.incident import Narrative, Person, Referral, Unit
from mappings.packs import verbs
from mappings.packs.formats import Row
from mappings.packs.load import Spec
from mappings.packs.tables import Miss, Table, UnitTable
from mappings.packs.verbs import Make, Notes, Test, Text, issue
from mappings.shape import Member

INCOMPLETE = Rule(
    "read.incomplete", "warning", "incomplete", "what identifies this part is empty: the part is left out"
)

#: The field that value verbs beside a group's fields fill.
PRINCIPAL: dict[type, str] = {
    record.Caution: "type",
    record.Hold: "legal_status",
    record.Identifier: "value",
    record.Link: "number",
    record.Name: "text",
    record.Narrative: "text",
    record.Observed: "what",
    record.Place: "text",
    record.Referral: "organization",
    record.Staff: "id",
    record.Telecom: "value",
    record.Transport: "mode",
    record.Unit: "id",
}

#: Who said it, where the record has a place for that.
ORIGINS = ("caller", "officer", "clinician", "paramedic", "peer", "case-manager", "dispatcher", "record-system")
_STAFF_ORIGINS = ORIGINS[1:-1]


def from_unit_table(make: Make, table: UnitTable, path: str, own: str, agency: str) -> Make:
    """Who rides in the unit, from its table; a unit that is not there stays unknown, with an issue.

    `own` is the id of the pack's agency: an employer of that id is the agency that is read for.
    """
    misses: dict[Miss, Any] = {
        "unmapped": issue(verbs.UNMAPPED, path),
        "undated": issue(verbs.UNDATED, path),
        "ambiguous": issue(verbs.AMBIGUOUS_CODE, path),
    }

    def described(row: Row, notes: Notes) -> Unit | None:
        unit: Unit | None = make(row, notes)
        if unit is None:
            return None
        found = table.find(unit.id, notes.day)
        if isinstance(found, str):
            if table.queue:
                notes.issues.append(misses[found])
            return unit
        employer = agency if found.employer == own else found.employer
        crew = found.crew
        if crew and crew[0].organization == own != agency:
            crew = tuple(replace(staff, organization=agency) for staff in crew)
        # What the row itself says of the unit stands before the table.
        return replace(
            unit,
            name=unit.name or found.name,
            kind=found.kind if unit.kind == "unknown" else unit.kind,
            employer=unit.employer or employer,
            crew=unit.crew or crew,
        )

    return described


def with_words(make: Make, words: Text, table: Table, test: Test | None) -> Make:
    """A referral whose center the table does not have keeps the source's own words in its note.

    Without them the person who settles the hold would not know where the officer meant to refer. A word that the table
    has without a center (`NONE`) is no referral.
    """
    get = words.get

    def referred(row: Row, notes: Notes) -> Referral | None:
        if test is not None and not test(row):
            return None
        made: Referral | None = make(row, notes)
        if made is not None and made.organization is not None:
            return made
        given = get(row, Notes())
        if given is None:
            return made
        if not isinstance(table.find(given, notes.day), str):
            return None
        if made is None:
            return Referral(note=given)
        return replace(made, note=f"{given}; {made.note}" if made.note else given)

    return referred


#: Keys that a group takes beside the record's own fields.
EXTRA: dict[type, tuple[str, ...]] = {
    Unit: ("table", "stages", *STAGES),
    Narrative: ("origin",),
    record.Caution: ("origin",),
    record.Observed: ("origin",),
}


def origin(cls: type, keys: dict[str, Spec]) -> None:
    """Who said it, put where this part of the record has it."""
    spec = keys.pop("origin")
    place = {Narrative: "author", record.Caution: "source", record.Observed: "reported_by"}[cls]
    said = spec.one_of(_STAFF_ORIGINS if cls is Narrative else ORIGINS)
    if place in keys:
        spec.fail(f"expected no such key beside `{place}`", "pack.unknown-key")
    value = Spec(said, spec.file, spec.line, spec.key)
    keys[place] = Spec({"role": value}, spec.file, spec.line, spec.key) if cls is Narrative else value


def assemble(
    cls: type,
    base: dict[str, Any],
    parts: list[tuple[str, Make]],
    test: verbs.Test | None,
    known: dict[str, Member],
    where: dict[str, str],
    place: int,
) -> Make:
    """A group's closure: its constants, its parts, the condition under which it is made, its place in the pack."""
    required = tuple(
        m.field for m in known.values() if m.required and m.field not in base and (cls, m.field) != (Person, "slot")
    )
    # A text or a value without its time or author is simply not there; a unit's times without its id are lost.
    lossy = cls in (Unit, record.Caution, record.Observed, record.Link)
    lost = issue(INCOMPLETE, where.get(required[0].rstrip("_"), "") if required else "")
    slotted = cls is Person and "slot" not in base

    def assembled(row: Row, notes: Notes) -> Any:
        if test is not None and not test(row):
            return None
        number = notes.place
        found = {}
        for name, make in parts:
            value = make(row, notes)
            if value is not None:
                found[name] = value
        if not found and test is None:
            return None
        for name in required:
            if name not in found:
                if lossy and found:
                    notes.issues.append(lost)
                return None
        notes.filled.append((*found,))
        if slotted and "slot" not in found:
            found["slot"] = f"person-{(number or place) + 1}"
        return cls(**base, **found)

    return assembled
