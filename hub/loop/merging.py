"""The records of a message, brought together with what others of the same custody told of the same incidents.

`bring_together` reads the store and plans; `note` writes, and makes sure that what was read still holds: two hubs may
be told of one incident at once. What custodies share is the incident's number alone: each keeps its own resources.
The rules are in `mappings.merge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from hub.errors import StoreError
from hub.loop.context import Hub
from hub.loop.reading import Part, Record, Taken, joined, translated
from hub.records import KeptTelling, Message
from hub.settings import SourceSection
from hub.store import documents, messages, referrals, tellings, unmapped
from hub.store.tx import Tx
from mappings.errors import WarmHandoffError
from mappings.incident import Incident
from mappings.incident_json import from_json, to_json
from mappings.merge import Merged, merge, sort_out
from mappings.telling import Kind, Telling
from profiles.issue import Issue

_Keys = tuple[bytes | None, bytes | None]

EXPUNGED = Issue(
    severity="error",
    code="suppressed",
    rule="incident.expunged",
    path="",
    text="this incident was expunged by order: the record is not kept as FHIR, and a person must look",
)

_BY_ITSELF = Issue(
    severity="warning",
    code="incomplete",
    rule="merge.by-itself",
    path="",
    text="something in this record has no name or number of its own: it is not merged with others",
)

#: What an incident may have made under another form of itself, and has no more. What others may refer to (staff,
#: organizations, places), what a person decided (consents, referrals) and the history of the record stay.
_WITHDRAWN = frozenset(
    {
        "Encounter",
        "Patient",
        "RelatedPerson",
        "Observation",
        "QuestionnaireResponse",
        "Condition",
        "DocumentReference",
        "Flag",
    }
)


class Overtaken(StoreError):
    """Somebody else told of the same incident meanwhile: read again."""

    def __init__(self) -> None:
        super().__init__("store.overtaken", "another record of the same incident came meanwhile", code="conflict")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fresh:
    """A record of the message as a telling. `keys`: its numbers' blind indexes; `body`: how it is kept."""

    record: Record
    telling: Telling
    keys: _Keys
    body: bytes
    document_key: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """One incident with all that its custody was told of it: as FHIR, of which tellings, and which of them stand."""

    part: Part
    records: tuple[Record, ...] = ()
    fresh: tuple[tuple[Fresh, bool], ...] = ()
    kept: tuple[tuple[KeptTelling, bool], ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """What a message becomes. `seen` are the tellings that were there; `again` the messages that this one repeats;
    `contained` the tellings of documents that were joined with this message's."""

    wholes: tuple[Whole, ...]
    rejected: tuple[Issue, ...]
    taken: Taken
    keys: tuple[_Keys, ...] = ()
    seen: frozenset[tuple[int, str]] = frozenset()
    related: tuple[KeptTelling, ...] = ()
    again: tuple[int, ...] = ()
    contained: tuple[KeptTelling, ...] = ()
    document_keys: tuple[bytes, ...] = ()
    first_id: int = 0
    expunged: tuple[tuple[Record, _Keys], ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The incidents as FHIR."""
        return tuple(whole.part for whole in self.wholes)


def kind_of(source: SourceSection, incident: Incident) -> Kind:
    """What sort of record this is: as the settings say, else by what the source reads; of a pack's, one with a
    narrative of the police or with contacts is a report."""
    if source.tells is not None:
        return source.tells
    if source.reads in _READS:
        return _READS[source.reads]
    if incident.contacts or any(narrative.kind == "police-report" for narrative in incident.narratives):
        return "report"
    return "cad"


_READS: dict[str, Kind] = {"eido": "cad", "nibrs": "report", "incident": "contact"}


def bring_together(hub: Hub, source: SourceSection, message: Message, found: Taken, now: datetime) -> Together:
    """Merges and translates. Reads the store only. What cannot be translated is in `rejected`."""
    custody = source.organization

    def look(
        tx: Tx,
    ) -> tuple[Taken, int, list[int], list[Fresh], list[KeptTelling], list[KeptTelling], dict[int, bytes]]:
        first, again = tellings.lineage(tx, message.id)
        names = {tellings.document_key_of(tx, custody, source.name, one.name): one.name for one in found.partial}
        contained = tellings.of_documents(tx, names)
        states = {one.id: body for one in contained if (body := tellings.joined(tx, one.id)) is not None}
        said = {
            names[one.document_key]: states[one.id]
            for one in contained
            if one.document_key is not None and one.id in states
        }
        whole = joined(hub, source, found, said)
        tried = (_fresh(tx, source, message, first, record) for record in whole.records if _joins(record))
        fresh = [one for one in tried if one is not None]
        known = {one.document_key for one in fresh}
        contained = [one for one in contained if one.document_key in known]
        related = _related(tx, [one.keys for one in fresh], contained)
        # Where what its documents said was not to be kept (`loop.gating`), a telling is merged by its numbers.
        contained = [one for one in contained if one.id in states]
        within = {one.id for one in contained}
        bodies = {
            one.id: tellings.body(tx, one.id)
            for one in related
            if one.state == "standing" and one.message_id not in again and one.id not in within
        }
        return whole, first, again, fresh, related, contained, bodies

    taken, first, again, fresh, related, contained, bodies = hub.store.read(look)
    gone = [one for one in fresh if any(_same(one, kept) for kept in related if kept.state == "expunged")]
    fresh = [one for one in fresh if one not in gone]
    here = {one.id: one for one in related}
    known = {row: _opened(body, here[row]) for row, body in bodies.items()}
    wholes: list[Whole] = []
    rejected = [*taken.rejected, *(EXPUNGED for _ in gone)]
    met = {one.record.place for one in (*fresh, *gone)}
    for record in taken.records:
        if record.place not in met:
            alone = (_BY_ITSELF,) if _joins(record) else ()
            _add(wholes, rejected, hub, source, (record,), record.incident, now, doubts=alone)
    sets = sort_out([*(one.telling for one in fresh), *known.values()])
    doubts = {id(telling): issue for telling, issue in sets.doubts}
    by_telling = {id(one.telling): one for one in fresh}
    rows = {id(telling): here[row] for row, telling in known.items()}
    for telling_set in sets.sets:
        merged = merge(telling_set)
        stood = {id(telling) for telling in merged.stood}
        mine = [by_telling[id(telling)] for telling in telling_set if id(telling) in by_telling]
        records = tuple(one.record for one in mine)
        issues = tuple(doubts[id(one.telling)] for one in mine if id(one.telling) in doubts)
        _add(
            wholes,
            rejected,
            hub,
            source,
            records,
            merged.incident,
            now,
            merged=merged,
            fresh=tuple((one, id(one.telling) in stood) for one in mine),
            kept=tuple((rows[id(t)], id(t) in stood) for t in telling_set if id(t) in rows),
            doubts=issues,
        )
    return Together(
        wholes=tuple(wholes),
        rejected=tuple(rejected),
        taken=taken,
        keys=tuple(one.keys for one in (*fresh, *gone)),
        seen=frozenset((one.id, one.state) for one in related),
        related=tuple(related),
        again=tuple(again),
        contained=tuple(one for one in contained if one.state == "standing"),
        document_keys=tuple(one.document_key for one in (*fresh, *gone) if one.document_key is not None),
        first_id=first,
        expunged=tuple((one.record, one.keys) for one in gone),
    )


def _add(
    wholes: list[Whole],
    rejected: list[Issue],
    hub: Hub,
    source: SourceSection,
    records: tuple[Record, ...],
    incident: Incident,
    now: datetime,
    *,
    merged: Merged | None = None,
    fresh: tuple[tuple[Fresh, bool], ...] = (),
    kept: tuple[tuple[KeptTelling, bool], ...] = (),
    doubts: tuple[Issue, ...] = (),
) -> None:
    believed = all(record.believed for record in records)
    try:
        part = translated(hub, source, incident, now, believed=believed, records=records)
    except WarmHandoffError as error:
        rejected.extend(error.issues)
        return
    issues = (*_findings(part, source, merged), *doubts, *part.problems) if records else ()
    wholes.append(Whole(part=part, records=records, fresh=fresh, kept=kept, issues=issues))


def _findings(part: Part, source: SourceSection, merged: Merged | None) -> tuple[Issue, ...]:
    """What translation found, for the sender of this message: of other sources' records only where they conflict."""
    found = part.translation.issues
    if merged is None or len(merged.stood) < 2:
        return found
    mine = f"{source.name}: "
    others = tuple(f"{one.source}: " for one in merged.stood if one.source != source.name)
    return tuple(
        replace(issue, path=issue.path.removeprefix(mine)) if not issue.rule.startswith("merge.") else issue
        for issue in found
        if issue.rule.startswith("merge.") or not issue.path.startswith(others)
    )


def _joins(record: Record) -> bool:
    """Whether a record may meet others: by a number, and believed to be whose it says. A claim joins nothing."""
    return record.believed and record.incident.key is not None and record.incident.standing != "nothing"


def _fresh(tx: Tx, source: SourceSection, message: Message, first: int, record: Record) -> Fresh | None:
    """A record as a telling; None for one that would not come back as it is (a person without a slot, say)."""
    incident = record.incident
    kept = to_json(incident)
    try:
        again = from_json(kept)
    except WarmHandoffError:
        return None
    if (again.agency, again.key) != (incident.agency, incident.key):
        return None
    telling = Telling(
        incident=incident,
        kind=kind_of(source, incident),
        source=source.name,
        arrived=(first, message.id, record.place),
    )
    return Fresh(
        record=record,
        telling=telling,
        keys=tellings.keys_of(
            tx, source.organization, telling.owner, incident.agency, incident.number, incident.case_number
        ),
        body=orjson.dumps({"reader": incident.reading.source, "record": kept}),
        document_key=None
        if record.document is None
        else tellings.document_key_of(tx, source.organization, source.name, record.document),
    )


def _related(tx: Tx, keys: Iterable[_Keys], contained: Sequence[KeptTelling]) -> list[KeptTelling]:
    found = {one.id: one for one in (*contained, *tellings.related(tx, keys))}
    return [found[row] for row in sorted(found)]


def _opened(body: bytes, kept: KeptTelling) -> Telling:
    document = orjson.loads(body)
    return Telling(
        incident=from_json(document["record"], reader=document["reader"]),
        kind=kept.kind,
        source=kept.source,
        arrived=(kept.first_id, kept.message_id, kept.place),
    )


def _same(one: Fresh, kept: KeptTelling) -> bool:
    """Whether a record is of the incident of a telling: by its source's name for it, by its number, or by its case if
    either has no number."""
    if one.document_key is not None and one.document_key == kept.document_key:
        return True
    number, case = one.keys
    if number is not None and kept.number_key is not None:
        return number == kept.number_key
    return case is not None and case == kept.case_key


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def note(tx: Tx, source: SourceSection, message: Message, made: Together) -> None:
    """Keeps the tellings and the unmapped codes. Raises Overtaken."""
    tellings.lock(tx, made.keys)
    related = _related(tx, made.keys, tellings.of_documents(tx, made.document_keys))
    if {(one.id, one.state) for one in related} != made.seen:
        raise Overtaken
    custody = source.organization
    tellings.forget(tx, made.again)
    first = messages.get(tx, made.first_id) if made.first_id != message.id else message
    unmapped.note(
        tx,
        custody=custody,
        source=source.name,
        message_id=message.id,
        found=[code for record in made.taken.records for code in record.codes],
        seen_at=first.received_at if first is not None else message.received_at,
    )
    unmapped.forget(tx, made.again)
    for whole in made.wholes:
        _note(tx, source, message, made, whole)
    for one in made.contained:
        if one.message_id not in made.again:
            tellings.replace(tx, one.id)
    for record, keys in made.expunged:
        tellings.put(
            tx,
            custody=custody,
            source=source.name,
            kind=kind_of(source, record.incident),
            keys=keys,
            message_id=message.id,
            place=record.place,
            first_id=made.first_id,
            body=None,
            made=(),
        )


def _note(tx: Tx, source: SourceSection, message: Message, made: Together, whole: Whole) -> None:
    # All that it ever made, so that an order finds it too.
    mine = [one for one, _ in whole.fresh]
    before = [kept for kept, _ in whole.kept]
    before += [old for old in made.related if old.message_id in made.again and any(_same(one, old) for one in mine)]
    names = {one.document_key for one, _ in whole.fresh} - {None}
    before += [old for old in made.contained if old.document_key in names and old not in before]
    resources = list(dict.fromkeys([*_resources(whole.part), *(pair for old in before for pair in old.made)]))
    for one, stands in whole.fresh:
        tellings.put(
            tx,
            custody=source.organization,
            source=source.name,
            kind=one.telling.kind,
            keys=one.keys,
            message_id=message.id,
            place=one.record.place,
            first_id=made.first_id,
            body=one.body if stands else None,
            made=resources,
            document_key=one.document_key,
            joined=one.record.joined,
        )
    for kept, stands in whole.kept:
        if kept.message_id in made.again:
            continue
        if not stands:
            tellings.replace(tx, kept.id)
    tellings.made(tx, [kept.id for kept, stands in whole.kept if stands], resources)


def _resources(part: Part) -> list[tuple[str, str]]:
    return [(entry["resource"]["resourceType"], entry["resource"]["id"]) for entry in part.bundle["entry"]]


def withdraw(tx: Tx, source: SourceSection, message: Message, made: Together) -> None:
    """Withdraws what these incidents made before and have no more: to be called when what they have is kept."""
    if len(made.rejected) > len(made.taken.rejected):
        return  # something was not translated: what it made before is not known to be wrong
    now = {pair for whole in made.wholes for pair in _resources(whole.part)}
    before = dict.fromkeys(pair for one in made.related for pair in one.made)
    gone = [pair for pair in before if pair not in now and pair[0] in _WITHDRAWN]
    for kind, name in sorted(gone, key=lambda pair: pair[0] == "Patient"):  # what is about a patient first
        found = documents.current(tx, kind, name)
        if found is None or found.deleted or found.custody != source.organization:
            continue
        if kind != "Patient" or not in_use(tx, name):
            documents.delete(tx, kind, name, message_id=message.id)


def in_use(tx: Tx, patient_id: str, besides: Iterable[tuple[str, str]] = ()) -> bool:
    """Whether anything but the Patient itself is about a patient: another incident's record, or a referral."""
    apart = set(besides) | {("Patient", patient_id)}
    if any((one.resource_type, one.resource_id) not in apart for one in documents.by_patient(tx, patient_id)):
        return True
    return any(("Task", one.task_id) not in apart for one in referrals.by_patient(tx, patient_id))
