"""Settings: `hub.toml` and the environment, read once in `hub.app` and passed down.

`HANDOFF_` variables override the file, nested by `__` (`HANDOFF_HUB__PORT=9000`). A secret is never in the file as
itself: `token_env`, `token_file` or `token_sha256` names it. What the law needs declared has no default: each
organization's posture, the operator's relation to it, the state policy, and what a destination does after a
permanent failure. Unset, the hub refuses to start (part2 P9).
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import tomllib
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self, get_args
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from hub.errors import SettingsError
from mappings.cad.registries import registries_of
from mappings.errors import PolicyError, ReadError
from mappings.incident import Agency, Identifier, Organization, Role, Telecom, Urgency
from mappings.labels import LabelPolicy, TextLabels, load_policy
from mappings.labels.text import SHIPPED
from mappings.labels.vocabulary import SENSITIVITIES
from mappings.partner import Carrier, Partner
from mappings.telling import Kind

ENVIRONMENT = "HANDOFF_"
#: The system of our own organization ids.
SID_ORGANIZATION = "https://warmhandoff.org/fhir/sid/organization"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _iana(zone: str) -> str:
    if zone not in available_timezones():
        raise ValueError("not an IANA zone")
    return zone


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_SELECT = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_NOTHING = hashlib.sha256(b"").hexdigest()


class Secret(_Strict):
    """A bearer token, named but not written down: exactly one of the three."""

    env: str | None = None
    file: Path | None = None
    sha256: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.env, self.file, self.sha256)) != 1:
            raise ValueError("name exactly one of env, file, sha256")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256 is 64 hexadecimal digits")
        if self.sha256 is not None and self.sha256.lower() == _NOTHING:
            # a request without any token has this digest too
            raise ValueError("sha256 is that of an empty token")
        return self

    def reveal(self) -> str:
        """The token, to present it. Raises SettingsError `settings.secret` when only its hash is known."""
        if self.env is not None and os.environ.get(self.env):
            return os.environ[self.env]
        if self.file is not None and self.file.is_file() and (found := self.file.read_text().strip()):
            return found
        raise SettingsError("settings.secret", "the secret named here is not there", path=self.env or "file")

    def under(self, base: Path) -> Secret:
        """The same, with its file beside the settings."""
        return self if self.file is None else self.model_copy(update={"file": base / self.file})

    def digest(self) -> bytes:
        """SHA-256 of the token, to check one that is presented."""
        if self.sha256 is not None:
            return bytes.fromhex(self.sha256)
        return hashlib.sha256(self.reveal().encode()).digest()


class Operator(_Strict):
    """Who runs this hub, and what it is to the organizations whose data it holds (part2 P9)."""

    organization: str
    relation: Literal["self", "business-associate", "qso", "intermediary"]
    agreement: str | None = None

    @model_validator(mode="after")
    def _agreement(self) -> Self:
        if self.relation != "self" and not self.agreement:
            raise ValueError("a relation other than self names its agreement")
        return self


class StatePolicy(_Strict):
    """The state law overlay, reviewed by a person. `none` is a policy too, with its reviewer and date."""

    name: str
    reviewer: str
    reviewed: date


class HubSection(_Strict):
    """The service itself. Times in seconds, sizes in bytes."""

    bind: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    mllp_port: int | None = Field(default=None, ge=0, le=65535)
    database: str = "sqlite:///hub.db"
    keys: Path = Path("hub-keys.json")
    max_body: int = Field(default=64 * 1024 * 1024, gt=0)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    #: Whether this process also reads and sends what it received; else it only receives and answers.
    worker: bool = True
    lease: float = Field(default=30.0, gt=0)
    poll: float = Field(default=0.25, gt=0)
    retry_base: float = Field(default=1.0, gt=0)
    retry_cap: float = Field(default=300.0, gt=0)
    privacy_officer: str = "privacy officer"
    #: The zone of date-only consent periods where the discloser's agency has none.
    zone: str = "UTC"

    @model_validator(mode="after")
    def _loopback(self) -> Self:
        # Without TLS the console and the API would be readable on the wire (design, section 7).
        if self.tls_certificate is None and not is_loopback(self.bind):
            raise ValueError("without TLS the hub binds to loopback only")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("TLS takes a certificate and its key")
        return self

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return _iana(value)


class OrganizationSection(_Strict):
    """An organization and who it is in law. `posture` has no default."""

    id: str
    name: str
    kind: Literal["agency", "center", "other"]
    posture: Role
    identifiers: tuple[dict[str, str], ...] = ()
    telephone: str | None = None

    def organization(self) -> Organization:
        """As the mapping library takes it."""
        return Organization(
            id=self.id,
            name=self.name,
            kind=self.kind,
            posture=self.posture,
            identifiers=tuple(
                Identifier(value=i["value"], assigner=i.get("system"), kind=i.get("kind")) for i in self.identifiers
            ),
            telecoms=(Telecom(value=self.telephone, system="phone", use="work"),) if self.telephone else (),
        )


class AgencySection(_Strict):
    """An agency whose records are read: which organization it is, its zone and identifier base."""

    id: str
    ori: str | None = None
    zone: str
    system: str | None = None

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return _iana(value)


class SqlSection(_Strict):
    """Another system's database whose rows a source takes: one table (or view, `schema.name`) or one SELECT.

    `url` is as SQLAlchemy writes it and has no password in it; `watermark` is the column that grows with every row
    and every change. `overlap` reads that far behind the last value (seconds of a time, units of a number).
    """

    url: str
    password: Secret | None = None
    table: str | None = None
    query: str | None = None
    watermark: str = Field(min_length=1)
    every: float = Field(default=30.0, gt=0)
    batch: int = Field(default=500, ge=1, le=10_000)
    overlap: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("name a table or a query")
        if self.query is not None and (_SELECT.match(self.query) is None or ";" in self.query):
            raise ValueError("a query is one SELECT, without a semicolon")
        try:
            url = make_url(self.url)
        except ArgumentError:
            # its own text repeats the address, and with it what may be a password
            raise ValueError("the url is not a database's") from None
        if url.password is not None:
            raise ValueError("the url has a password in it: name it under password")
        if self.password is not None and self.password.sha256 is not None:
            raise ValueError("a password is presented: name it by env or file")
        return self


class SourceSection(_Strict):
    """A credential bound to one organization. A payload cannot choose its origin; `speaks_for` lists the other
    organizations whose records this source may carry (an employer's app used by a joint team, by agreement).

    `reads`: `eido`, `incident`, `nibrs`, or a pack's id or folder. `folder` watches a directory instead of HTTP,
    `sql` asks another system's database.
    `registry` is a file of EIDO registries (JSON or CSV) that the tokens of an `eido` source are checked against.
    `tells` is what sort of record it sends, by which merging knows whom to believe; None: by what it reads.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    organization: str
    agency: str | None = None
    reads: str
    token: Secret | None = None
    folder: Path | None = None
    pattern: str = "*"
    sql: SqlSection | None = None
    speaks_for: tuple[str, ...] = ()
    registry: Path | None = None
    tells: Kind | None = None

    @model_validator(mode="after")
    def _way_in(self) -> Self:
        if sum(way is not None for way in (self.token, self.folder, self.sql)) != 1:
            raise ValueError("a source has a token, a folder or an sql section, one of them")
        if self.sql is not None and self.reads in ("eido", "incident", "nibrs"):
            raise ValueError("a source with an sql section reads a pack")
        if self.registry is not None and self.reads != "eido":
            raise ValueError("only a source that reads eido has a registry")
        return self


class PartnerSection(_Strict):
    """The partner's form; the fields of `mappings.partner.Partner`."""

    form: Literal["transaction", "message", "hl7v2"] | None = None
    resource_types: tuple[str, ...] = ()
    event: str | None = None
    update_event: str | None = None
    destination_endpoint: str | None = None
    message: str | None = None
    version: str | None = None
    charset: str | None = None
    sending_application: str | None = None
    sending_facility: str | None = None
    receiving_application: str | None = None
    receiving_facility: str | None = None
    acknowledgement: Literal["original", "enhanced"] | None = None
    zone: str | None = None
    notice: Carrier | None = None
    scope: Carrier | None = None
    labels: Carrier | None = None

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return value if value is None else _iana(value)


_FORMS: dict[str, str] = {"fhir-message": "message", "fhir-rest": "transaction", "hl7v2": "hl7v2"}


def _respond_within() -> dict[Urgency, float]:
    return {"stat": 3600.0, "asap": 4 * 3600.0, "urgent": 24 * 3600.0, "routine": 72 * 3600.0}


class DestinationSection(_Strict):
    """A center's system: how it is reached, how it answers, what happens when it does not.

    `on_failure` after a permanent refusal: `block-lane` keeps order until a person acts, `skip-and-park` lets later
    messages pass. No default: somebody must choose. `respond_within` in seconds by urgency; a referral's own
    respond-by time goes before it. `fallback` is what a person does when the alarm rings.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    organization: str
    adapter: Literal["fhir-message", "fhir-rest", "hl7v2"]
    url: str
    token: Secret | None = None
    answer_token: Secret | None = None
    on_failure: Literal["block-lane", "skip-and-park"]
    partner: PartnerSection = PartnerSection()
    poll_every: float | None = Field(default=None, gt=0)
    timeout: float = Field(default=20.0, gt=0)
    respond_within: dict[Urgency, float] = Field(default_factory=_respond_within)
    fallback_telephone: str
    owner: str

    def form(self) -> Partner:
        """The mapping library's Partner: the adapter's form with what this section says over the defaults."""
        given = {key: value for key, value in self.partner.model_dump().items() if value not in (None, ())}
        given.setdefault("form", _FORMS[self.adapter])
        if self.adapter == "hl7v2":
            # What v2 has for the 2.32 notice and the consent's scope: notes.
            given.setdefault("notice", "nte")
            given.setdefault("scope", "nte")
        return Partner(id=self.id, **given)


class RouteSection(_Strict):
    """Which destination takes the referrals to an organization."""

    organization: str
    destination: str
    service: str | None = None


class ExchangeSection(_Strict):
    """A law-enforcement agency's declared exchange policy: what goes to whom for what (part2, section 10)."""

    agency: str
    to: tuple[str, ...]
    purposes: tuple[str, ...] = ("TREAT",)
    reference: str


class LabelsSection(_Strict):
    """How records are labelled: `policy` files over the shipped policy, in order, and names that tell by themselves.

    `programs` and `street_names` lead from a name to its sensitivity codes (`"Larkrise House" = ["SUD"]`).
    """

    policy: tuple[Path, ...] = ()
    programs: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    street_names: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("programs", "street_names")
    @classmethod
    def _codes(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, codes in value.items():
            if not codes or set(codes) - SENSITIVITIES:
                raise ValueError("a name leads to one or more sensitivity codes of v3-ActCode")
            if not any(letter.isalnum() for letter in name):
                raise ValueError("a name has a letter or a digit")
        return value


class AlarmSection(_Strict):
    """Alarms repeat every `every` seconds until a person acknowledges them."""

    every: float = Field(default=900.0, gt=0)


class Settings(_Strict):
    """Everything a hub must be told. `check` has passed: every name refers to something that is there."""

    hub: HubSection = HubSection()
    operator: Operator
    state_policy: StatePolicy
    organization: tuple[OrganizationSection, ...]
    agency: tuple[AgencySection, ...] = ()
    source: tuple[SourceSection, ...] = ()
    destination: tuple[DestinationSection, ...] = ()
    route: tuple[RouteSection, ...] = ()
    exchange: tuple[ExchangeSection, ...] = ()
    alarm: AlarmSection = AlarmSection()
    labels: LabelsSection = LabelsSection()

    @model_validator(mode="after")
    def _names(self) -> Self:
        known = {o.id for o in self.organization}
        agencies = {a.id for a in self.agency}
        destinations = {d.id for d in self.destination}
        for what, wanted, there in (
            ("operator.organization", {self.operator.organization}, known),
            ("agency.id", agencies, known),
            ("source.organization", {s.organization for s in self.source}, known),
            ("source.speaks_for", {o for s in self.source for o in s.speaks_for}, known),
            ("source.agency", {s.agency for s in self.source if s.agency}, agencies),
            ("destination.organization", {d.organization for d in self.destination}, known),
            ("route.organization", {r.organization for r in self.route}, known),
            ("route.destination", {r.destination for r in self.route}, destinations),
            ("exchange.agency", {e.agency for e in self.exchange}, agencies),
            ("exchange.to", {to for e in self.exchange for to in e.to}, known | set(get_args(Role))),
        ):
            if wanted - there:
                raise ValueError(f"{what} names something that is not configured")
        for what, names in (
            ("organization.id", [o.id for o in self.organization]),
            ("agency.id", [a.id for a in self.agency]),
            ("source.name", [s.name for s in self.source]),
            ("destination.id", [d.id for d in self.destination]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{what} is not unique")
        secrets = [(t.env, t.file, t.sha256) for t in self._credentials()]
        if len(set(secrets)) != len(secrets):
            raise ValueError("one token is the credential of two: a credential is bound to one organization")
        return self

    def _credentials(self) -> tuple[Secret, ...]:
        """What others show to this hub."""
        sources = tuple(s.token for s in self.source if s.token is not None)
        return sources + tuple(d.answer_token for d in self.destination if d.answer_token is not None)

    def directory(self) -> tuple[Organization, ...]:
        """Every configured organization."""
        return tuple(section.organization() for section in self.organization)

    def agency_of(self, identifier: str | None) -> Agency | None:
        """The agency of that id with the directory it works in, or None when it is not configured."""
        for section in self.agency:
            if section.id == identifier:
                posture, name = next((o.posture, o.name) for o in self.organization if o.id == section.id)
                return Agency(
                    id=section.id,
                    name=name,
                    ori=section.ori,
                    posture=posture,
                    zone=section.zone,
                    system=section.system,
                    organizations=self.directory(),
                )
        return None

    @property
    def label_policy(self) -> LabelPolicy:
        """The shipped label policy with the configured files over it; each is read once a start."""
        return _policy(self.labels.policy)

    @property
    def label_text(self) -> TextLabels:
        """How texts are read for labels: with this deployment's names."""
        return _text(*(tuple(sorted(names.items())) for names in (self.labels.programs, self.labels.street_names)))

    def postures(self) -> dict[str, Role]:
        """Who each configured organization is in law, by every name that a record may refer to it with."""
        found: dict[str, Role] = {}
        for section in self.organization:
            found[f"Organization/{section.id}"] = section.posture
            found[f"{SID_ORGANIZATION}|{section.id}"] = section.posture
            for identifier in section.identifiers:
                found[f"{identifier.get('system', '')}|{identifier['value']}"] = section.posture
        return found

    def posture(self, organization: str | None) -> Role | None:
        """Who that organization is in law, or None when it is not declared."""
        return next((o.posture for o in self.organization if o.id == organization), None)

    def destination_of(self, identifier: str) -> DestinationSection:
        """The destination of that id. Raises KeyError when a stored delivery names one no longer configured."""
        for section in self.destination:
            if section.id == identifier:
                return section
        raise KeyError(identifier)

    def respond_by(self, destination: DestinationSection, urgency: Urgency) -> timedelta:
        """How long that destination has to decide a referral of that urgency."""
        return timedelta(seconds=destination.respond_within.get(urgency, 72 * 3600.0))


def load(path: Path | None, *, environ: dict[str, str] | None = None) -> Settings:
    """Settings of a TOML file under the environment. Relative paths are relative to the file.

    Raises SettingsError: `settings.missing`, `settings.not-toml`, `settings.environment`, or `settings.invalid` with
    the place of each fault; never a value.
    """
    document: dict[str, Any] = {}
    if path is not None:
        try:
            document = tomllib.loads(path.read_text())
        except FileNotFoundError:
            raise SettingsError("settings.missing", "there is no such file", path="--config") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            raise SettingsError("settings.not-toml", "the file is not TOML", path=path.name) from None
    for name, value in (os.environ if environ is None else environ).items():
        if name.startswith(ENVIRONMENT) and "__" in name:
            section = document
            *parents, leaf = name.removeprefix(ENVIRONMENT).lower().split("__")
            for parent in parents:
                section = section.setdefault(parent, {})
                if not isinstance(section, dict):
                    # what is listed in the file (sources, say) has no names to reach it by
                    raise SettingsError("settings.environment", "this cannot be set from the environment", path=name)
            section[leaf] = value
    return parse(document, base=path.parent if path else Path())


def parse(document: dict[str, Any], *, base: Path) -> Settings:
    """Settings of a document; paths in it are relative to `base`. Raises SettingsError `settings.invalid`."""
    try:
        settings = Settings.model_validate(document)
    except ValidationError as invalid:
        found = invalid.errors(include_input=False, include_url=False, include_context=False)
        places = "; ".join(f"{'.'.join(str(part) for part in e['loc']) or 'settings'}: {e['msg']}" for e in found)
        raise SettingsError("settings.invalid", places, path="hub.toml") from None
    return settings.model_copy(
        update={
            "hub": settings.hub.model_copy(
                update={
                    "keys": base / settings.hub.keys,
                    "database": _beside(settings.hub.database, base),
                    "tls_certificate": _under(base, settings.hub.tls_certificate),
                    "tls_key": _under(base, settings.hub.tls_key),
                }
            ),
            "labels": settings.labels.model_copy(
                update={"policy": _laid_over(tuple(base / path for path in settings.labels.policy))}
            ),
            "source": tuple(
                s.model_copy(
                    update={
                        "folder": _under(base, s.folder),
                        "registry": _readable(_under(base, s.registry), s.name),
                        "sql": _of_database(s.sql, base),
                        "reads": str(base / s.reads) if _is_folder(s.reads) else s.reads,
                        "token": s.token.under(base) if s.token else None,
                    }
                )
                for s in settings.source
            ),
            "destination": tuple(
                d.model_copy(
                    update={
                        "token": d.token.under(base) if d.token else None,
                        "answer_token": d.answer_token.under(base) if d.answer_token else None,
                    }
                )
                for d in settings.destination
            ),
        }
    )


def _of_database(sql: SqlSection | None, base: Path) -> SqlSection | None:
    if sql is None:
        return None
    password = sql.password.under(base) if sql.password else None
    return sql.model_copy(update={"url": _beside(sql.url, base), "password": password})


def _under(base: Path, path: Path | None) -> Path | None:
    return None if path is None else base / path


def _readable(registry: Path | None, source: str) -> Path | None:
    """The file itself, once it is known to be one of registries: a hub does not start with one that is not."""
    if registry is not None:
        try:
            registries_of(registry.read_bytes())
        except (OSError, ReadError) as error:
            why = error.issues[0].text if isinstance(error, ReadError) else "it cannot be read"
            raise SettingsError("settings.registry", f"not a file of EIDO registries: {why}", path=source) from None
    return registry


@lru_cache(maxsize=4)
def _policy(paths: tuple[Path, ...]) -> LabelPolicy:
    return load_policy((path.name, path.read_bytes()) for path in paths)


@lru_cache(maxsize=4)
def _text(
    programs: tuple[tuple[str, tuple[str, ...]], ...], street_names: tuple[tuple[str, tuple[str, ...]], ...]
) -> TextLabels:
    return TextLabels(programs=dict(programs), street_names=dict(street_names)) if programs or street_names else SHIPPED


def _laid_over(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The policy files themselves, once known to make a policy: a hub does not start with one that does not."""
    _policy.cache_clear()
    try:
        _policy(paths)
    except PolicyError as error:
        raise SettingsError("settings.labels", error.issues[0].text, path=error.issues[0].path) from None
    except OSError:
        raise SettingsError("settings.labels", "a label policy file cannot be read", path="labels.policy") from None
    return paths


def _is_folder(reads: str) -> bool:
    """Whether a source's `reads` is a pack's folder: it has a separator or begins with a dot."""
    return "/" in reads or reads.startswith(".")


def _beside(url: str, base: Path) -> str:
    """A relative SQLite path beside the file; any other URL as it is."""
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        return f"{prefix}{(base / url.removeprefix(prefix)).resolve()}"
    return url
