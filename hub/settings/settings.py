"""Everything a hub must be told, as one value."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self, get_args

from pydantic import model_validator

from hub.settings.alarm import AlarmSection
from hub.settings.audit import AuditSection
from hub.settings.consent import ConsentSection, forms_of
from hub.settings.destination import DestinationSection, RouteSection
from hub.settings.keys import KeysSection
from hub.settings.labels import LabelsSection, policy_of, text_of
from hub.settings.metrics import MetricsSection
from hub.settings.mllp import MllpSection
from hub.settings.organization import (
    SID_ORGANIZATION,
    AffiliationSection,
    AgencySection,
    ExchangeSection,
    OrganizationSection,
)
from hub.settings.retention import RetentionSection
from hub.settings.secret import Secret
from hub.settings.section import Strict, is_loopback
from hub.settings.service import HubSection, Operator
from hub.settings.source import SourceSection
from hub.settings.state_policy import StatePolicy
from mappings.consent_form import Template
from mappings.incident import Agency, Organization, Role, Urgency
from mappings.labels import LabelPolicy, TextLabels


class Settings(Strict):
    """Everything a hub must be told. `check` has passed: every name refers to something that is there."""

    hub: HubSection = HubSection()
    keys: KeysSection = KeysSection()
    mllp: MllpSection = MllpSection()
    operator: Operator
    state_policy: StatePolicy
    organization: tuple[OrganizationSection, ...]
    agency: tuple[AgencySection, ...] = ()
    source: tuple[SourceSection, ...] = ()
    destination: tuple[DestinationSection, ...] = ()
    route: tuple[RouteSection, ...] = ()
    exchange: tuple[ExchangeSection, ...] = ()
    affiliation: tuple[AffiliationSection, ...] = ()
    alarm: AlarmSection = AlarmSection()
    labels: LabelsSection = LabelsSection()
    retention: RetentionSection = RetentionSection()
    audit: AuditSection = AuditSection()
    metrics: MetricsSection = MetricsSection()
    consent: ConsentSection = ConsentSection()

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
            ("affiliation.intermediary", {a.intermediary for a in self.affiliation}, known),
            ("affiliation.participants", {o for a in self.affiliation for o in a.participants}, known),
            ("exchange.agency", {e.agency for e in self.exchange}, agencies),
            ("exchange.to", {to for e in self.exchange for to in e.to}, known | set(get_args(Role))),
        ):
            if wanted - there:
                raise ValueError(f"{what} names something that is not configured")
        if {self.posture(d.organization) for d in self.destination} & {"law-enforcement"}:
            # P21: what goes towards officers is asked for, item by item (`/outcomes`); nothing is written into CAD.
            raise ValueError("destination.organization is law enforcement: nothing is sent there")
        for what, names in (
            ("organization.id", [o.id for o in self.organization]),
            ("agency.id", [a.id for a in self.agency]),
            ("source.name", [s.name for s in self.source]),
            ("destination.id", [d.id for d in self.destination]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{what} is not unique")
        signers = [(s.client_jwt.issuer, s.client_jwt.tenant) for s in self.source if s.client_jwt is not None]
        if len(set(signers)) != len(signers) or any((issuer, None) in signers for issuer, tenant in signers if tenant):
            raise ValueError("source.client_jwt: one issuer and tenant is the client of two")
        secrets = [(t.env, t.file, t.sha256) for t in self._credentials()]
        if len(set(secrets)) != len(secrets):
            raise ValueError("one token is the credential of two: a credential is bound to one organization")
        return self

    @model_validator(mode="after")
    def _v2_peers(self) -> Self:
        feeds = [s.mllp for s in self.source if s.mllp is not None]
        centers = [d for d in self.destination if d.adapter == "hl7v2"]
        if self.hub.mllp_port is not None and self.mllp.client_ca is None and not is_loopback(self.hub.bind):
            # MSH-3 and MSH-4 are only words (design, section 7: every endpoint authenticates).
            raise ValueError("without mllp.client_ca HL7 v2 is taken on loopback only")
        if self.mllp.client_ca is None and (any(f.subjects for f in feeds) or any(c.subjects for c in centers)):
            raise ValueError("subjects are of certificates: set mllp.client_ca")
        if self.mllp.client_ca is not None and not all(feed.subjects for feed in feeds):
            raise ValueError("with mllp.client_ca each source.mllp names its subjects")
        if feeds and self.hub.mllp_port is None:
            raise ValueError("a source.mllp needs hub.mllp_port")
        names = [(feed.application, feed.facility) for feed in feeds]
        if len(set(names)) != len(names):
            raise ValueError("source.mllp: two sources have one application and facility")
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
        return policy_of(self.labels.policy)

    @property
    def consent_forms(self) -> tuple[Template, ...]:
        """The forms that may be signed at this hub."""
        return forms_of(self.consent.forms)

    @property
    def label_text(self) -> TextLabels:
        """How texts are read for labels: with this deployment's names and readers. Raises SettingsError."""
        programs, street_names = (
            tuple(sorted(names.items())) for names in (self.labels.programs, self.labels.street_names)
        )
        return text_of(programs, street_names, self.labels.readers)

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

    def raw_of(self, source: SourceSection) -> Literal["kept", "gated"]:
        """How a source's bytes are kept: as it says, else `gated` for law enforcement where no validated module seals
        them (CJIS Security Policy SC-13, SC-28)."""
        if source.raw is not None:
            return source.raw
        police = self.posture(source.organization) == "law-enforcement"
        return "gated" if police and self.hub.crypto_mode == "standard" else "kept"

    def destination_of(self, identifier: str) -> DestinationSection:
        """The destination of that id. Raises KeyError when a stored delivery names one no longer configured."""
        for section in self.destination:
            if section.id == identifier:
                return section
        raise KeyError(identifier)

    def respond_by(self, destination: DestinationSection, urgency: Urgency) -> timedelta:
        """How long that destination has to decide a referral of that urgency."""
        return timedelta(seconds=destination.respond_within.get(urgency, 72 * 3600.0))
