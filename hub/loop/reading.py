"""One received message, read, gated and translated: pure work on bytes that are already durable.

A source's credential says who speaks. What a payload claims to be from another organization is believed only when
the source may carry that organization's records (`speaks_for`); otherwise its origin is undeclared, and release
enforces that as Part 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from hub.loop.context import Hub
from hub.loop.releasing import origin
from hub.settings import SourceSection
from mappings import read, translate
from mappings.cad.registries import Registries, registries_of
from mappings.cad.versions import EidoState, eido_update, read_state, tracking_id
from mappings.cjis import gate
from mappings.errors import WarmHandoffError
from mappings.fhir.referral import Package, referral_packages
from mappings.incident import Agency, Gated, Incident, Rejected
from mappings.incident_json import from_json
from mappings.json_documents import documents
from mappings.labels import label_bundle
from mappings.packs import load_pack
from mappings.translation import Translation
from mappings.unmapped import Unmapped, unmapped
from profiles.check import check
from profiles.issue import Issue


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One record of a message as its source may send it: claims not believed taken back, gated.

    `place` is its number in the message, `doubts` what was not believed, `believed` whether what is left as the
    source's own is its own. `dropped` and `held` are what the CJIS gate kept back; `codes` are those nobody mapped.
    `document` is its source's name for documents that each say a part of it, `joined` all that they said so far.
    """

    place: int
    incident: Incident
    doubts: tuple[Issue, ...]
    believed: bool
    dropped: tuple[Gated, ...]
    held: tuple[Gated, ...]
    codes: tuple[Unmapped, ...]
    document: str | None = None
    joined: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Partial:
    """A document that may say only a part of its incident: read with those that came before, by the same `name`."""

    place: int
    name: str
    document: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a message holds: its records, documents to be joined first, and what could not be read."""

    records: tuple[Record, ...]
    rejected: tuple[Issue, ...]
    partial: tuple[Partial, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One incident of a message as labelled FHIR. `bundle` and `origins` are parallel as in `Translation`."""

    incident: Incident
    bundle: dict[str, Any]
    origins: tuple[str | None, ...]
    packages: tuple[Package, ...]
    translation: Translation
    problems: tuple[Issue, ...]

    @property
    def labels(self) -> dict[str, int]:
        """How often each security label stands on an entry, for the trace."""
        found: dict[str, int] = {}
        for entry in self.bundle["entry"]:
            for coding in entry["resource"].get("meta", {}).get("security", ()):
                found[coding["code"]] = found.get(coding["code"], 0) + 1
        return found


_NOTHING = Issue(severity="error", code="required", rule="read.nothing", path="", text="there is no record in this")


def agency_of(hub: Hub, source: SourceSection) -> Agency | None:
    """The agency a source reads for: configured by its own name, else by its organization."""
    return hub.settings.agency_of(source.agency or source.organization)


def take_apart(hub: Hub, source: SourceSection, body: bytes, now: datetime, *, gated: bool = False) -> Taken:
    """Reads and gates. Raises nothing for bad input: what is wrong is in `rejected`. What the records become, with
    what others told of the same incidents, is for `loop.merging`. `gated`: the body is what the gate let through
    before, and is read as the source `incident`."""
    records: list[Record] = []
    rejected: list[Issue] = []
    partial: list[Partial] = []
    try:
        for place, record in enumerate(_records(source, body, agency_of(hub, source), gated=gated)):
            if isinstance(record, Rejected):
                rejected.extend(record.issues)
            elif isinstance(record, Incident):
                records.append(taken(record, source, place))
            else:
                partial.append(Partial(place=place, name=record[0], document=record[1]))
    except WarmHandoffError as error:
        rejected.extend(error.issues)
    if not records and not rejected and not partial:
        rejected.append(_NOTHING)
    return Taken(records=tuple(records), rejected=tuple(rejected), partial=tuple(partial))


def joined(hub: Hub, source: SourceSection, found: Taken, kept: Mapping[str, bytes]) -> Taken:
    """The documents of `found.partial` joined with what earlier ones said (`kept`, by name), each incident once."""
    agency = agency_of(hub, source)
    states: dict[str, tuple[int, EidoState]] = {}
    records, rejected = list(found.records), list(found.rejected)
    for one in found.partial:
        try:
            state = states[one.name][1] if one.name in states else None
            if state is None and one.name in kept:
                state = EidoState.from_json(kept[one.name])
            states[one.name] = one.place, eido_update(state, one.document, agency)
        except WarmHandoffError as error:
            rejected.extend(error.issues)
    for name, (place, state) in states.items():
        record = read_state(state, agency, _registries(source.registry), index=place)
        if isinstance(record, Rejected):
            rejected.extend(record.issues)
        else:
            records.append(replace(taken(record, source, place), document=name, joined=state.to_json()))
    return Taken(records=tuple(records), rejected=tuple(rejected))


def gated_alone(hub: Hub, source: SourceSection, body: bytes) -> tuple[tuple[Incident, ...], tuple[Gated, ...]]:
    """What the CJIS gate lets through of each record of a message, read by itself, and what it dropped; what cannot be
    read is left out.

    Claims are not judged here: they are when this is read again.
    """
    agency = agency_of(hub, source)
    records: list[Incident] = []
    dropped: list[Gated] = []
    with suppress(WarmHandoffError):
        for place, one in enumerate(_records(source, body, agency, gated=False)):
            found: Incident | Rejected = (
                one
                if isinstance(one, Incident | Rejected)
                else read_state(eido_update(None, one[1], agency), agency, _registries(source.registry), index=place)
            )
            if isinstance(found, Incident):
                through, gone, _ = gate(found)
                records.append(through)
                dropped += gone
    return tuple(records), tuple(dropped)


def taken(read_record: Incident, source: SourceSection, place: int) -> Record:
    """One record as its source may send it. What the gate keeps back is not kept elsewhere either."""
    claimed, doubts, believed = claim(read_record, source)
    incident, dropped, held = gate(claimed)
    return Record(
        place=place,
        incident=incident,
        doubts=doubts,
        believed=believed,
        dropped=dropped,
        held=held,
        codes=tuple(unmapped(incident)),
    )


def _records(
    source: SourceSection, body: bytes, agency: Agency | None, *, gated: bool
) -> Iterator[Incident | Rejected | tuple[str, dict[str, Any]]]:
    if gated:
        # what was read once is taken as it was: it does not have to hold together as a contact form's record does
        return (one if isinstance(one, Rejected) else from_json(one) for one in documents(body))
    if source.sql is not None:
        # rows as `hub.ingest.sql` wrote them, whatever the format of the pack's files
        return load_pack(source.reads)((orjson.loads(line) for line in body.splitlines()), agency)
    if source.reads == "eido":
        return _eido(source, body, agency)
    return read(body, source.reads, agency)


def _eido(
    source: SourceSection, body: bytes, agency: Agency | None
) -> Iterator[Incident | Rejected | tuple[str, dict[str, Any]]]:
    """An EIDO document replaces by component: one that says of which incident it is waits for those before it."""
    for document in documents(body):
        name = None if isinstance(document, Rejected) else tracking_id(document)
        if isinstance(document, Rejected):
            yield document
        elif name is not None and "eidoVersion" in document:
            yield name, document
        else:
            yield from read(orjson.dumps(document), "eido", agency, registries=_registries(source.registry))


@lru_cache(maxsize=16)
def _registries(path: Path | None) -> Registries | None:
    """A source's EIDO registries, read once: a changed file counts from the next start on."""
    return None if path is None else registries_of(path.read_bytes())


def translated(
    hub: Hub, source: SourceSection, incident: Incident, now: datetime, *, believed: bool, records: Sequence[Record]
) -> Part:
    """An incident as labelled FHIR. `records` are those of the message that it is made of: what is found is theirs.

    Raises TranslateError.
    """
    agency = agency_of(hub, source)
    owner = (
        hub.settings.agency_of(incident.agency)
        or (agency if agency is not None and agency.id == incident.agency else None)
        or Agency(id=incident.agency, organizations=hub.settings.directory())
    )
    result = translate(incident, agency=owner, now=now, namespace_key=hub.namespace_key)
    # What a record says in another's name is nobody's: its ids stay in the source's own name space, its origin is none.
    origins = tuple(o if believed or o != source.organization else None for o in result.origins)
    labelled = label_bundle(
        result.bundle,
        [origin(hub.settings, o) for o in origins],
        policy=hub.settings.label_policy,
        text=hub.settings.label_text,
        known=hub.known_labels,
    ).resource
    return Part(
        incident=incident,
        bundle=labelled,
        origins=origins,
        packages=tuple(referral_packages(labelled, origins)),
        translation=replace(
            result,
            dropped=tuple(gated for record in records for gated in record.dropped),
            held=tuple(gated for record in records for gated in record.held),
        ),
        problems=(*(doubt for record in records for doubt in record.doubts), *check(labelled)),
    )


def claim(incident: Incident, source: SourceSection) -> tuple[Incident, tuple[Issue, ...], bool]:
    """The record with only such origins as its source may speak for, an issue for each claim not believed, and
    whether what is left as the source's own is believed to be its own.

    A record that names no organization is its source's. A narrative whose provenance nobody declared stays
    undeclared: the credential says who sent it, not who said it. A record or a contact in the name of another
    organization is undeclared whole: the sender's posture must not stand in for the one that was claimed.
    """
    allowed = {source.organization, *source.speaks_for}
    doubts: list[Issue] = []

    def believed(organization: str | None, path: str) -> str | None:
        if organization is None or organization in allowed:
            return organization
        doubts.append(
            Issue(
                severity="warning",
                code="security",
                rule="read.origin-not-believed",
                path=path,
                text="the source may not speak for this organization; the origin is treated as undeclared",
            )
        )
        return None

    contacts = tuple(
        replace(
            contact,
            organization=believed(contact.organization or source.organization, f"contacts[{index}].organization"),
            narratives=tuple(
                replace(n, organization=believed(n.organization, f"contacts[{index}].narratives[{at}].organization"))
                for at, n in enumerate(contact.narratives)
            ),
        )
        for index, contact in enumerate(incident.contacts)
    )
    narratives = tuple(
        replace(n, organization=believed(n.organization, f"narratives[{at}].organization"))
        for at, n in enumerate(incident.narratives)
    )
    organization = believed(incident.organization, "organization") or source.organization
    own = all(d.path.find("narratives") >= 0 for d in doubts)
    return replace(incident, organization=organization, contacts=contacts, narratives=narratives), tuple(doubts), own
