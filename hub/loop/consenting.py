"""Consents taken and taken back by people at this hub: kept as those of a contact form are, and decided upon at once.

A captured form is built, labelled and kept as one that came in a contact form, and whatever waits for it is decided
again in the same commit (`loop.revoking.consents_changed`). A revocation ends a consent from the moment on: waiting
deliveries are decided again before they are sent, whoever asks next gets nothing by it, who holds copies is told, and
what went before stays accounted for.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from hub.errors import HubError
from hub.loop import consent_steps, package
from hub.loop.context import Hub
from hub.loop.hold import name_of
from hub.loop.record import audit
from hub.loop.releasing import origin
from hub.loop.revoking import consents_changed
from hub.records import AuditAction
from hub.release import check_consent
from hub.release.age import Signers, signers
from hub.release.elements import elements
from hub.release.kind import kind_of
from hub.release.policy import ReleasePolicy
from hub.store import documents
from hub.store.tx import Tx
from mappings.fhir.captured_consent import captured_consent
from mappings.fhir.consent import PART2_ELEMENTS
from mappings.fhir.profile import claim
from mappings.incident import Agency, Attachment, ConsentForm
from mappings.labels import label_bundle
from mappings.times import instant
from profiles.check import check
from profiles.issue import Issue

Json = dict[str, Any]

#: How a revocation reached us. Said is enough to stop (2.31(a)(6) asks for writing; part2 guide, section 2).
Method = Literal["electronic", "paper", "verbal"]
#: In what capacity somebody revoked: they who might have signed.
Capacity = Literal["patient", "representative", "parent", "guardian"]

_METHODS = ("electronic", "paper", "verbal")
_CAPACITIES = ("patient", "representative", "parent", "guardian")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody of this custody, as forms name them. `birth_date` as FHIR has it; empty words where not known. `claims`:
    whether their Patient claims US Core's profile."""

    id: str
    name: str
    birth_date: str
    claims: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A captured consent. `issues`: what it lacks to be relied on; it is kept all the same, and releases nothing."""

    consent_id: str
    issues: tuple[Issue, ...]


def person(tx: Tx, patient_id: str, custody: str) -> Person | None:
    """The person of that id, if they are of this custody."""
    found = documents.current(tx, "Patient", patient_id)
    if found is None or found.resource is None or found.custody != custody:
        return None
    name: Json = next((one for one in found.resource.get("name", ()) if "family" in one or "text" in one), {})
    words = name.get("text") or " ".join([*name.get("given", ()), *([name["family"]] if "family" in name else [])])
    claims = not set(claim("coresponse-patient")["profile"]).isdisjoint(
        found.resource.get("meta", {}).get("profile", ())
    )
    return Person(id=patient_id, name=words, birth_date=str(found.resource.get("birthDate", "")), claims=claims)


def birth_date(hub: Hub, patient_id: str) -> str | None:
    """The birth date of a person of any custody, for the hub's own judging; it is shown to nobody."""
    found = hub.store.read(lambda tx: documents.current(tx, "Patient", patient_id))
    value = found.resource.get("birthDate") if found is not None and found.resource is not None else None
    return value if isinstance(value, str) else None


def held(tx: Tx, patient_id: str, custody: str) -> list[Json]:
    """The consents of a person that this custody holds, the last signed first."""
    found = [d.resource for d in documents.by_patient(tx, patient_id, "Consent") if d.custody == custody and d.resource]
    return sorted(found, key=lambda one: str(one.get("dateTime", "")), reverse=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A kept consent as a person reads it. `lacks`: codes of why nothing rests on it now; none is in force.

    `ends`: the date, or the event that somebody has to watch for. `document`: whether its signed form is kept.
    `steps`: what was done with it here, the first first.
    """

    id: str
    kind: str
    status: str
    signed: str
    capacities: tuple[str, ...]
    recipients: tuple[str, ...]
    purposes: tuple[str, ...]
    description: str
    ends: str
    event: bool
    lacks: tuple[str, ...]
    revoked: str
    document: bool
    steps: tuple[consent_steps.Step, ...] = ()


def standing(
    hub: Hub, consent: Json, *, birth_date: str | None, steps: tuple[consent_steps.Step, ...] = ()
) -> Standing:
    """How a consent stands now, by the law of its kind."""
    extra = elements(consent)
    provision: Json = consent.get("provision", {})
    kind = kind_of(consent) or "part2"
    now = hub.clock()
    lacks: tuple[str, ...] = ()
    if kind != "opt-out":
        issues = check_consent(
            consent,
            at=now,
            zone=hub.settings.hub.zone,
            law="hipaa" if kind == "hipaa" else "part2",
            signers=who_signs(hub, birth_date, now),
        )
        lacks = _rules(issues)
    names = [_name(actor.get("reference", {})) for actor in provision.get("actor", ())]
    end_date = provision.get("period", {}).get("end")
    return Standing(
        id=str(consent["id"]),
        kind=kind,
        status=str(consent.get("status", "")),
        signed=str(consent.get("dateTime", "")),
        capacities=extra.capacities,
        recipients=(*(name for name in names if name), *extra.recipient_classes),
        purposes=tuple(str(one.get("code")) for one in provision.get("purpose", ())),
        description=extra.description or "",
        ends=str(end_date or extra.expiry_event or ""),
        event=end_date is None and (extra.expiry_event or "none").strip().lower() != "none",
        lacks=lacks,
        revoked=extra.revoked_at or "",
        document="sourceReference" in consent,
        steps=steps,
    )


def _name(reference: Json) -> str:
    return str(
        reference.get("display") or reference.get("identifier", {}).get("value") or reference.get("reference", "")
    )


def new_number() -> str:
    """A number for a form that is about to be signed: it tells a person's forms apart, and nothing else."""
    return secrets.token_hex(8)


def form_faults(hub: Hub, form: ConsentForm, *, custody: str, subject: Person, now: datetime) -> list[Issue]:
    """What the form would lack, were it signed as it is. Keeps nothing. Raises TranslateError."""
    made = _made(hub, form, custody=custody, subject=subject, encounter_id=None, now=now)
    return _faults(hub, made[0], form, birth_date=subject.birth_date or None, now=now)


def keep(hub: Hub, form: ConsentForm, *, custody: str, patient_id: str, by: str) -> Taken:
    """Keeps a signed form and decides again what waits for it. `by` is who took it.

    Raises HubError `consent.no-person`, `hold.person`, and TranslateError `translate.consent-gated`.
    """
    who, now = name_of(by), hub.clock()

    def look(tx: Tx) -> tuple[Person | None, str | None]:
        visits = [d for d in documents.by_patient(tx, patient_id, "Encounter") if d.custody == custody]
        return person(tx, patient_id, custody), visits[-1].resource_id if visits else None

    subject, encounter_id = hub.store.read(look)
    if subject is None:
        raise HubError("consent.no-person", "there is no such person in this custody", code="not-found")
    made, entries = _made(hub, form, custody=custody, subject=subject, encounter_id=encounter_id, now=now)
    faults = _faults(hub, made, form, birth_date=subject.birth_date or None, now=now)

    def work(tx: Tx) -> None:
        for resource, whose in entries:
            if resource["resourceType"] == "Organization" and documents.current(tx, "Organization", resource["id"]):
                continue  # what messages tell of an organization is more than a form knows
            documents.put(tx, resource, custody=custody, origin=whose, patient_id=package.about(resource))
        document = next((one for one, _ in entries if one["resourceType"] == "DocumentReference"), None)
        consent_steps.captured(tx, hub, made, document, form, custody=custody, patient_id=patient_id, by=who)
        _audit(tx, hub, who, "C", "captured", made, custody, patient_id, (form.kind, *_rules(faults)))
        consents_changed(tx, hub, patient_id)

    hub.store.write(work)
    return Taken(consent_id=str(made["id"]), issues=tuple(faults))


def revoke(
    hub: Hub,
    consent_id: str,
    *,
    custody: str | None,
    by: str,
    method: str,
    capacity: str = "patient",
    at: datetime | None = None,
    scan: Attachment | None = None,
) -> Json:
    """Takes a consent back from `at` on (now): written or said, by the person or who may act for them.

    What was said is not kept: that it was, how, in what capacity, when, and who took it. `scan` is the paper of a
    written one, kept in the custody with its digest. `custody` None: the hub's operator. Raises HubError
    `consent.not-found`, `consent.not-active`, `consent.method`, `consent.capacity`, `consent.scan` (there is none of
    what was not on paper), `consent.time` (a revocation is not dated ahead), `hold.person`.
    """
    if method not in _METHODS:
        raise HubError("consent.method", "electronic, paper or verbal", path="method", code="value")
    if capacity not in _CAPACITIES:
        raise HubError("consent.capacity", "patient, representative, parent or guardian", path="capacity", code="value")
    if scan is not None and method != "paper":
        raise HubError("consent.scan", "only what was written on paper has a scan", path="scan", code="value")
    who, when = name_of(by), _when(hub, at)

    def ended(consent: Json) -> Json:
        parts = [
            {"url": "revokedAt", "valueDateTime": instant(when)},
            {"url": "revokedAs", "valueCode": capacity},
            {"url": "revocationMethod", "valueCode": method},
            {"url": "revocationTakenBy", "valueString": who},
        ]
        return {**_with_parts(consent, parts), "status": "inactive"}

    return _end(hub, consent_id, custody, who, "revoked", ended, (method, capacity), when=when, scan=scan)


def end(hub: Hub, consent_id: str, *, custody: str | None, by: str, at: datetime | None = None) -> Json:
    """Notes that the event came with which a consent ends (42 CFR 2.31(a)(7)): it is expired from `at` on (now).

    Raises HubError as `revoke` does, and `consent.no-event` for one that ends on a date.
    """
    who, when = name_of(by), _when(hub, at)

    def ended(consent: Json) -> Json:
        if not any(part["url"] == "expiryEvent" for part in _parts(consent)):
            raise HubError("consent.no-event", "this consent ends with no event", code="conflict")
        provision: Json = consent.get("provision", {})
        period = {**provision.get("period", {}), "end": instant(when)}
        parts = [
            {"url": "endedAt", "valueDateTime": instant(when)},
            {"url": "revocationTakenBy", "valueString": who},
        ]
        return {**_with_parts(consent, parts), "provision": {**provision, "period": period}}

    return _end(hub, consent_id, custody, who, "ended", ended, (), when=when)


def _end(
    hub: Hub,
    consent_id: str,
    custody: str | None,
    who: str,
    done: str,
    ended: Callable[[Json], Json],
    detail: tuple[str, ...],
    *,
    when: datetime,
    scan: Attachment | None = None,
) -> Json:
    """Writes the consent's last version and where it comes from, decides again and tells who holds copies, all in one
    commit."""

    def work(tx: Tx) -> Json:
        found = documents.current(tx, "Consent", consent_id)
        if found is None or found.resource is None or (custody is not None and found.custody != custody):
            raise HubError("consent.not-found", "there is no such consent in this custody", code="not-found")
        if found.resource.get("status") != "active" or package.taken_back(found.resource) is not None:
            raise HubError("consent.not-active", "this consent is not in force any more", code="conflict")
        made = ended(found.resource)
        documents.put(tx, made, custody=found.custody, origin=found.origin, patient_id=found.patient_id)
        consent_steps.ended(tx, hub, found, made, what=done, by=who, when=when, scan=scan)
        _audit(tx, hub, who, "U", done, made, found.custody, found.patient_id, detail)
        if found.patient_id is not None:
            consents_changed(tx, hub, found.patient_id)
        return made

    return hub.store.write(work)


def _made(
    hub: Hub, form: ConsentForm, *, custody: str, subject: Person, encounter_id: str | None, now: datetime
) -> tuple[Json, list[tuple[Json, str | None]]]:
    settings = hub.settings
    agency = settings.agency_of(custody) or Agency(id=custody, organizations=settings.directory())
    captured = captured_consent(
        form,
        agency=agency,
        organization=custody,
        patient_id=subject.id,
        patient_claims=subject.claims,
        encounter_id=encounter_id,
        now=now,
        namespace_key=hub.namespace_key,
    )
    labelled = label_bundle(
        captured.bundle,
        [origin(settings, one) for one in captured.origins],
        policy=settings.label_policy,
        text=settings.label_text,
    ).resource
    entries = [(entry["resource"], whose) for entry, whose in zip(labelled["entry"], captured.origins, strict=True)]
    made = next(resource for resource, _ in entries if resource["id"] == captured.consent_id)
    return made, entries


def _faults(hub: Hub, made: Json, form: ConsentForm, *, birth_date: str | None, now: datetime) -> list[Issue]:
    """Why nothing could rest on it, in the words of the law that its kind is of; an opt-out needs to be read only."""
    found = [issue for issue in check(made) if issue.severity in ("error", "fatal")]
    if form.kind == "opt-out":
        return found
    zone = hub.settings.hub.zone
    law = "part2" if form.kind == "part2" else "hipaa"
    return [*check_consent(made, at=now, zone=zone, law=law, signers=who_signs(hub, birth_date, now)), *found]


def who_signs(hub: Hub, birth_date: str | None, now: datetime) -> Signers | None:
    """Who must sign for a person born then, by the state's declared ages; None where none are declared."""
    state = hub.settings.state_policy
    ages = ReleasePolicy(minor_alone_from=state.minor_alone_from, majority=state.majority)
    return signers(birth_date, at=now, zone=hub.settings.hub.zone, policy=ages)


def _parts(consent: Json) -> list[Json]:
    return [
        part
        for extension in consent.get("extension", ())
        if extension.get("url") == PART2_ELEMENTS
        for part in extension.get("extension", ())
    ]


def _with_parts(consent: Json, parts: list[Json]) -> Json:
    """The consent with these parts of our extension in the place of any of the same name."""
    named = {part["url"] for part in parts}
    kept = [part for part in _parts(consent) if part["url"] not in named]
    others = [one for one in consent.get("extension", ()) if one.get("url") != PART2_ELEMENTS]
    return {**consent, "extension": [*others, {"url": PART2_ELEMENTS, "extension": [*kept, *parts]}]}


def _when(hub: Hub, at: datetime | None) -> datetime:
    now = hub.clock()
    if at is None:
        return now
    if at.tzinfo is None or at > now:
        raise HubError("consent.time", "a time with its zone, not ahead of now", path="at", code="value")
    return at


def _rules(faults: list[Issue]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(issue.rule for issue in faults))


def _audit(
    tx: Tx,
    hub: Hub,
    who: str,
    action: AuditAction,
    done: str,
    made: Json,
    custody: str,
    patient_id: str | None,
    detail: tuple[str, ...],
) -> None:
    audit(
        tx,
        hub,
        who=who,
        action=action,
        kind=f"consent.{done}",
        entity=("Consent", str(made["id"])),
        custody=custody,
        patient_id=patient_id,
        detail=detail,
    )
