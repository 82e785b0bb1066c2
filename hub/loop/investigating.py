"""Part 2 records that an agency learns later it received in an investigation (42 CFR 2.3(b), 2.68).

The use stops at once: nothing that its custody has of that person is released, neither what is queued nor what comes,
until somebody has settled it. Each find goes into the annual report, due 60 days after the end of the calendar year.
Does not delete anything: returning or destroying the records is done by order (`expunge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, get_args

from hub.errors import HubError
from hub.loop.context import Hub
from hub.loop.expunging import ORDER
from hub.loop.hold import name_of
from hub.loop.record import audit
from hub.records import InvestigationFind
from hub.store import documents, investigation_finds
from hub.store.tx import Tx

#: How it ended: the court allowed the use (2.66, 2.67), the records went back or were destroyed, or it was none.
Settled = Literal["court-order", "returned", "destroyed", "not-part2"]

#: After the end of the calendar year (42 CFR 2.68(b)).
DUE: Final = timedelta(days=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The finds of one calendar year (UTC) and the day by which they are reported."""

    year: int
    due: date
    finds: tuple[InvestigationFind, ...]


def found(
    tx: Tx, hub: Hub, number: str, *, custody: str, reference: str, by: str, agency: str | None = None
) -> tuple[InvestigationFind, ...]:
    """Stops the use of what `custody` has of everybody in the incident with that CAD event or case number.

    `agency`: whose number it is; None: any that is configured. Raises HubError `investigation.reference`,
    `investigation.custody`, `investigation.not-found` when the custody has nobody under it, `hold.person`.
    """
    person = name_of(by)
    _named(reference)
    if hub.settings.posture(custody) is None:
        raise HubError("investigation.custody", "there is no such organization", code="value")
    agencies = [agency] if agency is not None else [one.id for one in hub.settings.agency]
    people = {
        one.patient_id
        for name in agencies
        for one in documents.by_incident(tx, custody, f"{name}|{number}")
        if one.patient_id is not None
    }
    if not people:
        raise HubError("investigation.not-found", "this custody has nobody under that number", code="not-found")
    made = tuple(
        investigation_finds.note(tx, custody=custody, patient_id=one, reference=reference, by=person)
        for one in sorted(people)
    )
    for one in made:
        _audit(tx, hub, one, person, "found", reference)
    return made


def settle(tx: Tx, hub: Hub, find_id: int, *, how: str, by: str) -> InvestigationFind:
    """Ends one. What it held is decided anew when its hold is released. Raises HubError `investigation.settled`,
    `hold.person`; StoreError `store.not-found`, `store.state`."""
    person = name_of(by)
    if how not in get_args(Settled):
        raise HubError("investigation.settled", f"one of {', '.join(get_args(Settled))}", code="value")
    made = investigation_finds.settle(tx, find_id, by=person, how=how)
    _audit(tx, hub, made, person, "settled", how)
    return made


def report_of(tx: Tx, year: int, *, custody: str | None = None) -> Report:
    """What was found in a calendar year, settled or not."""
    since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    finds = investigation_finds.listed(tx, since=since, until=until, custody=custody)
    return Report(year=year, due=date(year, 12, 31) + DUE, finds=tuple(finds))


def reported(tx: Tx, hub: Hub, year: int, *, custody: str, name: str, by: str) -> Report:
    """Notes that a year's finds went into the report of that name. Raises HubError `investigation.reference`,
    `hold.person`."""
    person = name_of(by)
    _named(name)
    made = report_of(tx, year, custody=custody)
    investigation_finds.report(tx, made.finds, by=person, name=name)
    for one in made.finds:
        _audit(tx, hub, one, person, "reported", name)
    return report_of(tx, year, custody=custody)


def _named(reference: str) -> None:
    if not ORDER.fullmatch(reference):
        raise HubError("investigation.reference", "a paper is named by letters, digits and . _ : / -", code="value")


def _audit(tx: Tx, hub: Hub, one: InvestigationFind, person: str, what: str, detail: str) -> None:
    audit(
        tx,
        hub,
        who=person,
        action="C" if what == "found" else "U",
        kind=f"investigation.{what}",
        entity=("investigation-find", one.id),
        custody=one.custody,
        patient_id=one.patient_id,
        detail=(detail,),
    )
