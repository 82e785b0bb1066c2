"""The canonical record: what a CAD, a police report or a contact form said, in one shape.

Every source is read into `Incident`; one typed path (`mappings.fhir`) turns it into FHIR R4. Nothing here names a
FHIR element, and nothing here decides: a code stays the agency's own beside what a reviewed table maps it to, a
person nobody named stays unknown, a time nobody gave is None.

Times are FHIR dateTime strings (R4 datatypes, dateTime): `2026-01-14T23:02:11-06:00` with its zone, or
`2026-01-14` where only the date is known. None is unknown. `mappings.times` makes and checks them.

The JSON form (`handoff schema incident`) has these names and shapes; a field that is empty is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Literal, TypeAlias

from mappings.record import record
from profiles.issue import Issue

#: A FHIR dateTime with zone, or a date. None stands for unknown, never for midnight.
DateTime: TypeAlias = str

#: A FHIR date: year, year-month or full.
Date: TypeAlias = str

#: Who an organization is in law; declared in settings or an agency file, never inferred (42 CFR 2.11).
Role = Literal[
    "part2-program",
    "covered-entity",
    "business-associate",
    "qso",
    "intermediary",
    "law-enforcement",
    "lawful-holder",
    "other",
]

#: What a person did in the contact. `unknown` is what a source gives when it does not say.
StaffRole = Literal["officer", "clinician", "paramedic", "peer", "case-manager", "dispatcher", "unknown"]

#: What a person is in the incident. Only a `subject` becomes a Patient.
PersonRole = Literal[
    "subject", "caller", "reporting-party", "relative", "victim", "witness", "suspect", "other", "unknown"
]

Urgency = Literal["routine", "urgent", "asap", "stat"]


@record
class Code:
    """A code in a published or an agency's own system (a URI)."""

    system: str
    code: str
    display: str | None = None


@record
class Coded:
    """What the source wrote (its own code and text) beside what a reviewed table maps it to.

    `mapped` empty with `code` or `text` present is an unmapped code: it travels as code and text with an issue.
    """

    code: str | None = None
    system: str | None = None
    text: str | None = None
    mapped: tuple[Code, ...] = ()


@record
class Identifier:
    """A business identifier and who assigned it (`assigner`: an organization's id or a URI)."""

    value: str
    assigner: str | None = None
    kind: str | None = None


@record
class Telecom:
    """A way to reach someone. `value` as the source wrote it."""

    value: str
    system: Literal["phone", "email", "sms", "other"] = "phone"
    use: Literal["home", "work", "mobile"] | None = None


@record
class Place:
    """Where. Coordinates are WGS 84 degrees; `uncertainty_m` in metres. State-plane feet are not coordinates.

    `keep_until`: its maker allows keeping it until then (RFC 4119, retention-expiry); after that it is not translated.
    """

    text: str | None = None
    line: str | None = None
    city: str | None = None
    district: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    uncertainty_m: float | None = None
    cross_street: str | None = None
    beat: str | None = None
    kind: Coded | None = None
    keep_until: DateTime | None = None


@record
class Organization:
    """An agency, a center or an employer, as a directory knows it. `posture` None is undeclared."""

    id: str
    name: str | None = None
    kind: Literal["agency", "center", "other"] = "other"
    posture: Role | None = None
    identifiers: tuple[Identifier, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    address: Place | None = None


@record
class Agency:
    """The agency whose record is read: its zone, its posture and the organizations its records name.

    `zone` is an IANA name; None makes local times dates with an issue. `system` is the base URI of the agency's
    own identifier and code systems; without it one is made of the id. `posture` None is undeclared, and release
    enforces that as Part 2 (design, section 6).
    """

    id: str
    name: str | None = None
    ori: str | None = None
    posture: Role | None = None
    zone: str | None = None
    system: str | None = None
    organizations: tuple[Organization, ...] = ()


@record
class Name:
    """A person's name or alias."""

    family: str | None = None
    given: tuple[str, ...] = ()
    text: str | None = None
    use: Literal["official", "usual", "nickname", "maiden", "anonymous"] | None = None


@record
class Person:
    """A person in the incident. `slot` is the source's own place for them, stable in this incident.

    `unknown` is a person met whose identity nobody learned: `description` says what was seen. No name is invented.
    `birth_date` is a FHIR date (year, year-month or full); `age_years` with `approximate_age` when it was guessed
    on scene. `interpreter` is a language needed.
    """

    slot: str
    roles: tuple[PersonRole, ...] = ("unknown",)
    unknown: bool = False
    names: tuple[Name, ...] = ()
    birth_date: Date | None = None
    age_years: int | None = None
    approximate_age: bool = False
    sex: Coded | None = None
    gender: Coded | None = None
    race: tuple[Coded, ...] = ()
    ethnicity: Coded | None = None
    addresses: tuple[Place, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    languages: tuple[Coded, ...] = ()
    interpreter: Coded | None = None
    relationship: str | None = None
    description: str | None = None


@record
class Staff:
    """An officer, a clinician or another member of a crew. `organization` is the employer's id."""

    id: str | None = None
    name: Name | None = None
    role: StaffRole = "unknown"
    organization: str | None = None
    credential: str | None = None
    identifiers: tuple[Identifier, ...] = ()


@record
class Timeline:
    """Stages of the call. Out of order values are kept as they are, with an issue.

    `occurred` is when it happened, where a report says so: no stage of the call, and often exact to the hour only.
    """

    received: DateTime | None = None
    dispatched: DateTime | None = None
    en_route: DateTime | None = None
    on_scene: DateTime | None = None
    transporting: DateTime | None = None
    cleared: DateTime | None = None
    closed: DateTime | None = None
    occurred: DateTime | None = None


@record
class Unit:
    """A unit on the incident. A co-responder is often known by this id alone, through the agency's unit table.

    `kind` says who rides in it (from the table; `unknown` otherwise), `employer` whose record they write.
    """

    id: str
    name: str | None = None
    kind: Literal["officer", "clinician", "co-responder", "paramedic", "peer", "unknown"] = "unknown"
    type: Coded | None = None
    status: Coded | None = None
    crew: tuple[Staff, ...] = ()
    employer: str | None = None
    timeline: Timeline | None = None
    destination: Place | None = None


@record
class Narrative:
    """Free text and who said it. `organization` None is undeclared provenance: kept, labelled `origin-unknown`.

    `kind`: what sort of text. `media_type`: of `text`; HTML is turned into plain text by the reader.
    """

    text: str
    kind: Literal["cad-note", "police-report", "clinical-note", "contact-note", "other"] = "other"
    title: str | None = None
    author: Staff | None = None
    organization: str | None = None
    time: DateTime | None = None
    id: str | None = None
    person: str | None = None


@record
class Attachment:
    """A scanned or signed document. `data` is base64."""

    media_type: str
    data: str
    title: str | None = None
    created: DateTime | None = None


@record
class Caution:
    """A safety caution. Its text stays with who wrote it; a Flag never carries clinical text."""

    type: Coded
    severity: Literal["high", "medium", "low"] | None = None
    source: str | None = None
    text: str | None = None
    start: DateTime | None = None
    end: DateTime | None = None
    person: str | None = None


@record
class Observed:
    """Something seen or reported on scene: what, by whom, when. Never a diagnosis."""

    what: Coded
    by: Staff | None = None
    reported_by: str | None = None
    time: DateTime | None = None


@record
class Answer:
    """One item of a screening: its code and the answer as given (coded, text, number or yes/no)."""

    item: Coded
    value: Coded | str | bool | int | float | None = None


@record
class Screening:
    """An instrument asked on scene: its items as answered, its score or risk. Item wording is not carried."""

    instrument: Coded
    items: tuple[Answer, ...] = ()
    score: int | None = None
    risk: Coded | None = None
    by: Staff | None = None
    time: DateTime | None = None


@record
class Diagnosis:
    """A clinician's own statement that a condition is there. `by` must be a clinician, else it is not one."""

    condition: Coded
    by: Staff
    time: DateTime | None = None
    onset: DateTime | None = None


@record
class Hold:
    """A person's legal status: the statute, the grounds, from when until when."""

    legal_status: Coded | None = None
    statute: str | None = None
    grounds: tuple[Coded, ...] = ()
    started: DateTime | None = None
    until: DateTime | None = None
    by: Staff | None = None


@record
class Transport:
    """How and where to. `destination` is an organization's id when the source names one of the directory."""

    mode: Coded | None = None
    destination: str | None = None
    destination_text: str | None = None
    unit: str | None = None
    started: DateTime | None = None


@record
class Referral:
    """A person's decision to refer. `number` is the source's own referral id, else its place in the contact.

    `organization` is the id of the center in the directory; None is a hold (routing).
    """

    organization: str | None = None
    number: str | None = None
    service: Coded | None = None
    urgency: Urgency = "routine"
    reasons: tuple[Coded, ...] = ()
    note: str | None = None
    decided_by: Staff | None = None
    decided_at: DateTime | None = None
    respond_by: DateTime | None = None
    follow_up_by: DateTime | None = None


@record
class Recipient:
    """Who a consent lets receive: an organization's id, a name, or a class (42 CFR 2.31(a)(4))."""

    organization: str | None = None
    name: str | None = None
    class_: str | None = None
    intermediary: bool = False
    participants: tuple[str, ...] = ()


@record
class Signature:
    """Who signed, in what capacity, when, how (42 CFR 2.31(a)(8), (9))."""

    by: str | None = None
    capacity: Literal["patient", "representative", "parent", "guardian"] = "patient"
    at: DateTime | None = None
    method: Literal["electronic", "paper", "verbal"] = "paper"


@record
class ConsentForm:
    """A consent as captured: the elements of 42 CFR 2.31, each as the form has it; None is not on the form.

    `decision` permit or deny is the base rule; `excluded` lists sensitivity codes (v3-ActCode) denied inside a
    permit. `disclosers`, `recipients`: whom it names. `purposes`: v3-ActReason codes, or `TPO` for the single
    consent to treatment, payment and health care operations. `witnesses` lists roles: the officer is never the
    only one.
    """

    number: str | None = None
    kind: Literal["part2", "hipaa-authorization", "opt-out"] = "part2"
    status: Literal["active", "revoked", "draft"] = "active"
    decision: Literal["permit", "deny"] = "permit"
    disclosers: tuple[Recipient, ...] = ()
    description: str | None = None
    sensitivities: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    purposes: tuple[str, ...] = ()
    revocation_statement: bool | None = None
    redisclosure_statement: bool | None = None
    refusal_statement: bool | None = None
    hipaa_redisclosure_statement: bool | None = None
    counselling_notes: bool = False
    proceedings: bool = False
    valid_from: DateTime | None = None
    expires: DateTime | None = None
    expiry_event: str | None = None
    signature: Signature | None = None
    #: Who signed beside them, where two must: a minor and who may consent for them (42 CFR 2.14(c)).
    cosignature: Signature | None = None
    witnesses: tuple[StaffRole, ...] = ()
    revoked_at: DateTime | None = None
    scan: Attachment | None = None


@record
class Contact:
    """The team with one person. `person` is that person's slot; None is a contact with nobody identified as such.

    `organization` is whose record this is: the employer of who wrote it (a center's clinician writes a center's
    record). `disposition.mapped` holds a code of our `field-disposition` list.
    """

    person: str | None = None
    organization: str | None = None
    clinician: Staff | None = None
    officer: Staff | None = None
    place: Place | None = None
    mode: Literal["in-person", "home", "phone", "video"] = "in-person"
    start: DateTime | None = None
    end: DateTime | None = None
    concerns: tuple[Coded, ...] = ()
    screenings: tuple[Screening, ...] = ()
    substances: tuple[Observed, ...] = ()
    injuries: tuple[Observed, ...] = ()
    force: tuple[Coded, ...] = ()
    weapons: tuple[Coded, ...] = ()
    de_escalation: tuple[Coded, ...] = ()
    interventions: tuple[Coded, ...] = ()
    capacity: Observed | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    hold: Hold | None = None
    disposition: Coded | None = None
    transport: Transport | None = None
    referrals: tuple[Referral, ...] = ()
    consents: tuple[ConsentForm, ...] = ()
    cautions: tuple[Caution, ...] = ()
    narratives: tuple[Narrative, ...] = ()
    follow_up: str | None = None


@record
class Link:
    """Another incident this one belongs to, replaces or was split from."""

    kind: Literal["replaces", "replaced-by", "split-from", "parent", "child", "related", "unlink"]
    number: str


@record
class Gated:
    """Something the CJIS gate, or a pack's `drop` with a reason, kept back: where, by which rule, how often."""

    path: str
    rule: str
    count: int = 1


@record
class Told:
    """One of the source records that a merged Incident is made of: its reader, numbers and version."""

    reader: str
    number: str | None = None
    case_number: str | None = None
    version: str | None = None
    updated: DateTime | None = None


@record
class Reading:
    """What reading found: each field's source path, issues, source fields nobody reads, and what was gated.

    `source` names the reader or pack with its version. `paths` maps a field of the Incident (`timeline.received`,
    `persons[0].names`) to its source path. It is not part of the record's value or its JSON form.

    Of a merged record (`mappings.merge`), `told` are the records it is made of, and `ids` says what the ids of its
    parts are made of, where that is not their number and place: by path, by `person <slot>`, by `patient <slot>` (one
    whose id is not made of an identifier), or by the empty path for the incident itself.
    """

    source: str = "incident"
    paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    issues: tuple[Issue, ...] = ()
    unused: tuple[str, ...] = ()
    dropped: tuple[Gated, ...] = ()
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    told: tuple[Told, ...] = ()


@record
class Incident:
    """A call for service with what every source said of it.

    `agency` is the id of the agency that owns the record; with `number` (CAD event), else `case_number`, it is the
    key by which reports about the same incident meet. `organization` is whose record this is where that is not the
    agency (a contact form written by a center's clinician). `updated` and `version` order versions.

    `standing` is None as a rule: `withdrawn` when the agency takes back what it reported under this key, `nothing` when
    the record says that there was no incident (a report of none for the month).
    """

    agency: str
    number: str | None = None
    case_number: str | None = None
    numbers: tuple[Identifier, ...] = ()
    organization: str | None = None
    version: str | None = None
    updated: DateTime | None = None
    standing: Literal["withdrawn", "nothing"] | None = None
    status: Coded | None = None
    type_initial: Coded | None = None
    type_final: Coded | None = None
    priority: Coded | None = None
    received_by: Coded | None = None
    place: Place | None = None
    timeline: Timeline = field(default_factory=Timeline)
    units: tuple[Unit, ...] = ()
    persons: tuple[Person, ...] = ()
    contacts: tuple[Contact, ...] = ()
    dispositions: tuple[Coded, ...] = ()
    narratives: tuple[Narrative, ...] = ()
    cautions: tuple[Caution, ...] = ()
    links: tuple[Link, ...] = ()
    organizations: tuple[Organization, ...] = ()
    reading: Reading = field(default_factory=Reading, compare=False)

    @property
    def key(self) -> str | None:
        """What identifies the incident at its agency: the CAD event number, else the case number."""
        return self.number or self.case_number


@record
class Rejected:
    """One input (a row, a document) that could not be read. The rest goes on. `index` counts from 0; no payload.

    `line` is where it begins in its file, from 1 (of a workbook the row's number), where a format has lines.
    """

    index: int
    issues: tuple[Issue, ...]
    line: int | None = None
