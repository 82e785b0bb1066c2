"""An HL7 v2 feed: a message read straight into resources, labelled, and kept in its source's custody.

A feed says something about a person again and again, each time a part. What it says now goes over what was kept of the
same resource; what it does not say stays; what it deletes (the explicit null) goes. Labels are only added. A merge
(A40) keeps both records with their lineage: `Patient.link`, and a Provenance that says which message it was; with it
their lanes are joined (`joining`), and what is told of the one is filed with the other (`refiling`).

Nothing is sent on by a feed: it makes records, not referrals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from hub.loop import gating, joining, package, refiling, v2_gating
from hub.loop.context import Hub
from hub.loop.reading import agency_of
from hub.loop.record import settle_message, trace
from hub.loop.releasing import origin
from hub.loop.v2_gating import READS
from hub.records import Message
from hub.settings import SourceSection
from hub.store import documents, referrals
from hub.store.tx import Tx
from mappings.errors import WarmHandoffError
from mappings.fhir.profile import still_claiming
from mappings.hl7v2 import batch
from mappings.hl7v2.codec import parse
from mappings.hl7v2.feed import translate_message
from mappings.labels import label_bundle
from mappings.partner import Partner
from mappings.times import zone
from mappings.translation import Translation
from profiles.check import check
from profiles.issue import Issue

Json = dict[str, Any]

#: Records that stand over time, of which a message says a part; what other messages say is one thing, told whole.
_STANDING: Final = frozenset(
    {
        "Appointment",
        "Encounter",
        "Location",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "RelatedPerson",
        "ServiceRequest",
        "Task",
    }
)
#: Elements of which R4 takes one at a time: the one said now takes the place of the other.
_CHOICES: Final = (
    ("deceasedBoolean", "deceasedDateTime"),
    ("multipleBirthBoolean", "multipleBirthInteger"),
    ("occurrenceDateTime", "occurrencePeriod"),
    ("birthDate", "_birthDate"),
    ("start", "_start"),
    ("end", "_end"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fed:
    """One v2 message as labelled FHIR, with its account. `bundle` and `origins` are parallel as in `Translation`."""

    bundle: Json
    origins: tuple[str | None, ...]
    translation: Translation
    problems: tuple[Issue, ...]


def fed(hub: Hub, source: SourceSection, body: bytes, now: datetime) -> tuple[tuple[Fed, ...], tuple[Issue, ...]]:
    """The messages in what was received, and what could not be read. Raises nothing for bad input."""
    try:
        split = batch.messages(body)
    except WarmHandoffError as error:
        return (), error.issues
    made: list[Fed] = []
    found: list[Issue] = [*split.issues]
    agency = agency_of(hub, source)
    local = zone(agency.zone) if agency is not None and agency.zone else None
    charset = source.mllp.charset if source.mllp is not None else ""
    for data in split.messages:
        try:
            passed = v2_gating.through(hub, source, parse(data, charset=charset))
            result = translate_message(
                passed.message,
                partner=Partner(id=source.organization),
                zone=local,
                now=now,
                namespace_key=hub.namespace_key,
            )
        except WarmHandoffError as error:
            found.extend(error.issues)
            continue
        if passed.dropped or passed.held:
            result = replace(result, dropped=passed.dropped, held=passed.held)
        labelled = label_bundle(
            result.bundle,
            [origin(hub.settings, one) for one in result.origins],
            policy=hub.settings.label_policy,
            text=hub.settings.label_text,
        ).resource
        made.append(Fed(bundle=labelled, origins=result.origins, translation=result, problems=tuple(check(labelled))))
    return tuple(made), tuple(found)


def keep(
    tx: Tx, hub: Hub, message: Message, source: SourceSection, made: tuple[Fed, ...], found: tuple[Issue, ...]
) -> None:
    """Writes what a feed's message became and settles it. Raises LeaseLost when another worker has it by now."""
    trace(tx, message.id, "receive", "received", at=message.received_at, source=source.name, size=message.size)
    trace(tx, message.id, "read", "read" if made else "rejected", reads=READS, messages=len(made), rejected=len(found))
    issues = [*found]
    for one in made:
        kinds = _keep(tx, hub, message, source, one)
        account = one.translation
        issues += [*account.issues, *one.problems]
        trace(
            tx,
            message.id,
            "translate",
            "translated",
            resources=kinds,
            findings=len(account.issues) + len(one.problems),
            unused=len(account.unused),
            dropped=sum(one.count for one in account.dropped),
            held=sum(one.count for one in account.held),
        )
        trace(tx, message.id, "label", "labelled", labels=_labels(one.bundle))
    gating.hold(tx, hub, message, source, [gated for one in made for gated in one.translation.held])
    gating.settle_feed(tx, hub, message, source, [one.translation for one in made], whole=not found)
    settle_message(tx, hub, message, read=bool(made), issues=issues)


def _keep(tx: Tx, hub: Hub, message: Message, source: SourceSection, one: Fed) -> dict[str, int]:
    kinds: dict[str, int] = {}
    gone: dict[str, list[str]] = {}
    for url, element in one.translation.deleted:
        gone.setdefault(url, []).append(element)
    entries = one.bundle.get("entry", ())
    wanted = [(entry["resource"]["resourceType"], entry["resource"]["id"]) for entry in entries]
    mine = {
        key: known.resource
        for key, known in documents.current_all(tx, wanted).items()
        if known.resource is not None and known.custody == source.organization
    }
    known = {number: one for (kind, number), one in mine.items() if kind == "Patient"}
    moved = refiling.survivors(tx, source.organization, known)
    found: list[documents.New] = []
    for entry, whose in zip(entries, one.origins, strict=True):
        resource = entry["resource"]
        kind = resource["resourceType"]
        kinds[kind] = kinds.get(kind, 0) + 1
        if kind == "Task" and referrals.find_by_task(tx, resource["id"]) is not None:
            continue  # the hub's own Task, as answers moved it, is the one that stands
        if kind == "Consent" and package.stays_ended(tx, resource):
            continue  # what was revoked here is not given anew by the form's being sent again
        if (before := mine.get((kind, resource["id"]))) is not None:
            resource = over(before, resource, gone.get(entry["fullUrl"], ()))
        resource = refiling.refiled(resource, moved)
        mine[kind, resource["id"]] = resource
        found.append(
            documents.New(
                resource=resource,
                custody=source.organization,
                origin=whose,
                patient_id=package.about(resource),
                message_id=message.id,
            )
        )
    documents.put_all(tx, found)
    for new in found:
        if new.resource["resourceType"] == "Patient" and "link" in new.resource:
            joining.follow(tx, hub, new.resource)
            refiling.follow(tx, new.resource, custody=source.organization, message_id=message.id)
    return kinds


def over(before: Json, now: Json, gone: tuple[str, ...] | list[str] = ()) -> Json:
    """What is said now over what was kept; without the elements of `gone` that nothing is said of now.

    Labels are the union of both; so are the links of a merged person. What claims a profile still meets it.
    """
    made = dict(now)
    if now["resourceType"] in _STANDING:
        made = {key: value for key, value in before.items() if key not in gone or key in now}
        for choice in _CHOICES:
            if any(key in now for key in choice):
                for key in choice:
                    made.pop(key, None)
        made.update(now)
        if "link" in before and "link" in now:
            made["link"] = [*before["link"], *(link for link in now["link"] if link not in before["link"])]
    meta = _meta(before.get("meta") or {}, now.get("meta") or {})
    made.pop("meta", None)
    if meta:
        made["meta"] = meta
    return still_claiming(made)


def _meta(before: Json, now: Json) -> Json:
    made = {key: value for key, value in now.items() if key != "security"}
    if "profile" in before and "profile" in made:
        made["profile"] = [*made["profile"], *(one for one in before["profile"] if one not in made["profile"])]
    named = {(one.get("system"), one.get("code")) for one in now.get("security", ())}
    kept = [one for one in before.get("security", ()) if (one.get("system"), one.get("code")) not in named]
    if security := [*now.get("security", ()), *kept]:
        made["security"] = security
    return made


def _labels(bundle: Json) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in bundle.get("entry", ()):
        for coding in entry["resource"].get("meta", {}).get("security", ()):
            found[coding["code"]] = found.get(coding["code"], 0) + 1
    return found
