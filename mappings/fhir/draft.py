"""The Bundle in the making: its entries with their origins, keyed ids, and what must be said about them.

A resource is a plain dict. `Draft.add` gives it its entry; `Draft.id_of` its id; `Draft.concept` turns a `Coded`
into a CodeableConcept and reports a code that nobody mapped.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from mappings.fhir.systems import OURS, PUBLISHED_SYSTEMS, SID_RESOURCE, SNOMED, url_part
from mappings.ids import Ids
from mappings.incident import Agency, Code, Coded, Identifier, Incident, Place, Reading
from mappings.source_paths import source_path
from mappings.times import instant
from profiles.issue import Issue, Severity

#: One FHIR resource or element as JSON.
Json: TypeAlias = dict[str, Any]

#: Identifier.system of a value that is a URI itself.
_URI = "urn:ietf:rfc:3986"

_PLAIN = re.compile(r"[A-Za-z0-9:/._~-]+\Z", re.ASCII).match
_CONTROL = re.compile(r"[^\S \r\n\t]|[\x00-\x08\x0e-\x1f]+")

#: Severity, FHIR issue type and fixed words of each rule that translation reports.
RULES: Final[dict[str, tuple[Severity, str, str]]] = {
    "translate.agency-differs": ("warning", "conflict", "the record names another agency than the one it was read for"),
    "translate.caution-end-set": ("information", "informational", "the caution had no end; its Flag ends after a year"),
    "translate.caution-text-kept": (
        "information",
        "suppressed",
        "free text of a caution stays with its source; a Flag carries no text",
    ),
    "translate.caution-without-subject": ("warning", "required", "a caution about nobody and no place has no Flag"),
    "translate.diagnosis-without-person": ("warning", "required", "a diagnosis of nobody identified is not carried"),
    "translate.diagnosis-not-by-clinician": (
        "warning",
        "business-rule",
        "not said by a clinician: carried as an observation, not as a Condition",
    ),
    "translate.duplicate-slot": (
        "error",
        "duplicate",
        "two persons of the incident have the same slot; one is left out",
    ),
    "translate.excluded-in-deny": ("information", "informational", "exclusions inside a deny add nothing"),
    "translate.incomplete-position": ("warning", "incomplete", "a position needs both latitude and longitude"),
    "translate.item-wording-not-carried": (
        "information",
        "suppressed",
        "an answered item without a code is named by its place; its wording is not carried",
    ),
    "translate.no-key": ("warning", "required", "the incident has no number; its ids come from its content"),
    "translate.other-person-not-carried": (
        "information",
        "suppressed",
        "a person who is not a subject of the contact is not carried",
    ),
    "translate.period-without-end": (
        "information",
        "informational",
        "times out of order are kept as they are; no period is made of them",
    ),
    "translate.person-not-met": (
        "information",
        "suppressed",
        "nobody was found: the person named is not carried",
    ),
    "translate.referral-declined": ("information", "informational", "the person declined: the referral is revoked"),
    "translate.referral-without-person": ("error", "required", "a referral of nobody identified cannot be made"),
    "translate.same-identifier": ("warning", "conflict", "two persons of the incident carry the same identifier"),
    "translate.unknown-disposition": ("warning", "code-invalid", "not a code of the field-disposition list"),
    "translate.unknown-person": ("warning", "not-found", "the record names a person slot that is not in it"),
    "translate.unmapped-code": ("warning", "not-found", "no mapping for this code; it travels as the source wrote it"),
}


@lru_cache(maxsize=1024)
def _finding(rule: str, path: str) -> Issue:
    """The Issue of a rule at a source path: the same few, row after row."""
    severity, code, text = RULES[rule]
    return Issue(severity=severity, code=code, rule=rule, path=path, text=text)


def clean(text: str | None) -> str | None:
    """`text` as a FHIR string: trimmed, without control characters; None when nothing is left."""
    if not text:
        return None
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    return text.strip() or None


def token(text: str) -> str:
    """`text` as a FHIR code: no white space at its ends and one space at most inside."""
    return text if text.isalnum() else " ".join(text.split())


def ref(url: str) -> Json:
    """A Reference to the entry with that fullUrl."""
    return {"reference": url}


def published(system: str) -> bool:
    """Whether codes of `system` are published ones, which need no mapping."""
    return system.startswith(PUBLISHED_SYSTEMS)


def coding(code: Code) -> Json | None:
    """A Coding. SNOMED displays are left out: their licence does not let them travel with us."""
    name = code.code if code.code.isalnum() else token(code.code)
    if not name:
        return None
    if code.display and code.system != SNOMED and (display := clean(code.display)):
        return {"system": code.system, "code": name, "display": display}
    return {"system": code.system, "code": name}


def codes_in(coded: Coded, system: str) -> list[str]:
    """The codes of a published `system` among what a `Coded` is mapped to, or is itself."""
    found = [code.code for code in coded.mapped if code.system == system]
    if coded.system == system and coded.code:
        found.append(coded.code)
    return found


@lru_cache(maxsize=256)
def agency_base(system: str | None, agency: str) -> str:
    """Base of an agency's own code and identifier systems."""
    return system.rstrip("/") if system else f"{OURS}/agency/{url_part(agency)}"


@lru_cache(maxsize=4096)
def criteria(system: str, value: str) -> str:
    """The search of a conditional create (R4 http, 3.1.0.5.3)."""
    if _PLAIN(system) and _PLAIN(value):
        return f"identifier={system}|{value}"
    return f"identifier={quote(system, safe=':/')}|{quote(value, safe='')}"


class Draft:
    """One translation while it is made. Not shared between translations; holds nothing that outlives one."""

    __slots__ = (
        "_makers",
        "_reported",
        "_used",
        "agency",
        "base",
        "employers",
        "entries",
        "ids",
        "incident",
        "interned",
        "issues",
        "key",
        "namespace_key",
        "now",
        "origins",
        "owner",
        "places",
        "unclaimed",
    )

    def __init__(self, incident: Incident, agency: Agency, now: datetime, key: bytes) -> None:
        self.incident = incident
        self.agency = agency
        self.now = instant(now)
        #: Whose record it is where nothing nearer says so; the custody of its ids.
        self.owner = incident.organization or agency.id
        #: Base of the agency's own code and identifier systems.
        self.base = agency_base(agency.system, agency.id)
        self.entries: list[Json] = []
        self.origins: list[str | None] = []
        self.issues: list[Issue] = []
        #: fullUrl of what was already made, by what it stands for.
        self.interned: dict[Any, str] = {}
        #: Places that have their Location; few, so they are compared, not hashed.
        self.places: list[tuple[Place, str]] = []
        #: fullUrl of what claims no US Core profile: what refers to it where US Core wants one claims none either.
        self.unclaimed: set[str] = set()
        #: ContactPoints of an organization, by its fullUrl: those of a role there, which has no others.
        self.employers: dict[str, list[Json]] = {}
        self.namespace_key = key
        self._makers: dict[str, Ids] = {}
        self._reported: set[tuple[str, str]] | None = None
        self._used: set[str] = set()
        #: Of a merged record, what the ids of its parts are made of, where that is not their number and place.
        self.ids = incident.reading.ids
        self.key = self.ids.get("") or incident.key or self._fingerprint()
        if incident.agency != agency.id:
            self.issue("translate.agency-differs", "agency")

    def _fingerprint(self) -> str:
        if self.incident.standing != "nothing":
            self.issue("translate.no-key", "number")
        return hashlib.sha256(repr(replace(self.incident, reading=Reading())).encode()).hexdigest()

    # --- ids and entries

    def id_of(
        self,
        kind: str,
        value: str,
        *,
        origin: str | None = None,
        assigner: str | None = None,
        recurring: bool = False,
    ) -> str:
        """The keyed id of (kind, assigner, value) in the custody of `origin` (by default the record's owner).

        `recurring`: of something that stands in many records (a member of staff), so remembered.
        """
        custody = origin or self.owner
        maker = self._makers.get(custody)
        if maker is None:
            maker = self._makers[custody] = Ids(self.namespace_key, custody)
        return maker.of(kind, assigner or self.agency.id, value, recurring=recurring)

    def person_key(self, slot: str) -> str:
        """What the ids of the person in that slot are made of."""
        return self.ids.get(f"person {slot}") or f"{self.key}|{slot}"

    def unique(self, key: str) -> str:
        """`key`, with a number behind it when the source used it before (one note id on two notes)."""
        made, turn = key, 1
        while made in self._used:
            turn += 1
            made = f"{key}|{turn}"
        self._used.add(made)
        return made

    def add(self, resource: Json, origin: str | None, system: str | None = None, value: str = "") -> str:
        """Adds a resource that has an id; its fullUrl.

        `system`, `value`: the business identifier under which a receiver creates it once (R4 http, conditional
        create); without one, our resource identifier. A resource type without identifier goes as PUT.
        """
        made: str = resource["id"]
        kind: str = resource["resourceType"]
        url = "urn:uuid:" + made
        search = f"identifier={SID_RESOURCE}|{made}" if system is None else criteria(system, value)
        self.entries.append(
            {
                "fullUrl": url,
                "resource": resource,
                "request": {"method": "POST", "url": kind, "ifNoneExist": search},
            }
        )
        self.origins.append(origin)
        return url

    def put(self, resource: Json, origin: str | None) -> str:
        """Adds a resource whose type has no identifier, under its own id; its fullUrl."""
        made: str = resource["id"]
        kind: str = resource["resourceType"]
        url = "urn:uuid:" + made
        self.entries.append(
            {"fullUrl": url, "resource": resource, "request": {"method": "PUT", "url": f"{kind}/{made}"}}
        )
        self.origins.append(origin)
        return url

    # --- what is said about it

    def issue(self, rule: str, path: str) -> None:
        """Reports `rule` at a field of the Incident, once, by its source path."""
        reading = self.incident.reading
        at = source_path(reading.paths, path)
        reported = self._reported
        if reported is None:
            # A reader that already reported an unmapped code is not repeated.
            reported = self._reported = set()
            for found in reading.issues:
                if found.code == "not-found" or "unmapped" in found.rule:
                    reported.add(("translate.unmapped-code", found.path))
        if (rule, at) not in reported:
            reported.add((rule, at))
            self.issues.append(_finding(rule, at))

    # --- data types that need the agency

    def concept(self, coded: Coded, kind: str, path: str) -> Json | None:
        """A CodeableConcept: what a table maps the code to, then the source's own code, then its text.

        `kind` names the agency's own code system where the source has none. An unmapped code travels as it is,
        with an issue.
        """
        mapped = coded.mapped
        codings: list[Json] = []
        for each in mapped:
            if (made := coding(each)) is not None:
                codings.append(made)
        code = coded.code
        system = coded.system
        if code and (name := code if code.isalnum() else token(code)):
            if not system or ":" not in system or " " in system:
                system = f"{self.base}/CodeSystem/{kind}"
            for made in codings:
                if made["code"] == name and made["system"] == system:
                    break
            else:
                codings.append({"system": system, "code": name})
        text = coded.text
        if text:
            text = clean(text)
        # Words without a code are words: there is nothing that a table could map by.
        if not mapped and code and not (coded.system and published(coded.system)):
            self.issue("translate.unmapped-code", path)
        if codings:
            return {"coding": codings, "text": text} if text else {"coding": codings}
        return {"text": text} if text else None

    def concepts(self, many: tuple[Coded, ...], kind: str, path: str) -> list[Json]:
        """A CodeableConcept for each that says anything."""
        made = (self.concept(coded, kind, f"{path}[{n}]") for n, coded in enumerate(many))
        return [concept for concept in made if concept is not None]

    def base_of(self, organization: str | None) -> str:
        """Base of an organization's own systems: the agency's, or one made of the organization's id."""
        if organization is None or organization == self.agency.id:
            return self.base
        return f"{OURS}/agency/{url_part(organization)}"

    def identifier(self, given: Identifier) -> Json | None:
        """An Identifier. An assigner that is not a URI becomes one with the kind; none means no system.

        A value that is a URN itself has RFC 3986's (R4 datatypes, Identifier).
        """
        value = clean(given.value)
        if value is None:
            return None
        made: Json = {}
        kind = clean(given.kind)
        if kind:
            made["type"] = {"text": kind}
        if given.assigner:
            if ":" in given.assigner and not any(c.isspace() for c in given.assigner):
                made["system"] = given.assigner
            else:
                made["system"] = f"{self.base_of(given.assigner)}/{url_part(kind.lower()) if kind else 'identifier'}"
        elif value.startswith("urn:"):
            made["system"] = _URI
        made["value"] = value
        return made
