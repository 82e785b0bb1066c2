"""A destination: a center's system, the form it takes, and which referrals go to it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from hub.settings.authorization import ApiKeySection, AuthorizationSection, BasicSection, SmartSection
from hub.settings.mllp import ClientTlsSection, check_mllp
from hub.settings.secret import Secret
from hub.settings.section import Strict, iana
from mappings.hl7v2.forms import faults
from mappings.incident import Urgency
from mappings.partner import Carrier, LabelCarrier, OrderAnswer, Partner


class PartnerSection(Strict):
    """The partner's form; the fields of `mappings.partner.Partner`."""

    form: Literal["transaction", "message", "hl7v2"] | None = None
    resource_types: tuple[str, ...] = ()
    event: str | None = None
    update_event: str | None = None
    destination_endpoint: str | None = None
    messages: tuple[str, ...] = ()
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
    labels: tuple[LabelCarrier, ...] | None = None
    label_segment: str | None = None
    omit: tuple[str, ...] = ()
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    fixed: dict[str, str] = Field(default_factory=dict)
    answers: dict[str, OrderAnswer] = Field(default_factory=dict)

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return value if value is None else iana(value)


_FORMS: dict[str, str] = {"fhir-message": "message", "fhir-rest": "transaction", "hl7v2": "hl7v2"}


def _respond_within() -> dict[Urgency, float]:
    return {"stat": 3600.0, "asap": 4 * 3600.0, "urgent": 24 * 3600.0, "routine": 72 * 3600.0}


class DestinationSection(Strict):
    """A center's system: how it is reached, how it answers, what happens when it does not.

    `token`, `basic`, `api_key` or `smart` says who we are to it; with `tls` a client certificate does, too.
    `on_failure` after a permanent refusal: `block-lane` keeps order until a person acts, `skip-and-park` lets later
    messages pass. No default: somebody must choose. `respond_within` in seconds by urgency; a referral's own
    respond-by time goes before it. `fallback` is what a person does when the alarm rings.
    `tls` is for an `mllps` or `https` address; `subjects` are the certificates by which a v2 center's own messages are
    known.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    organization: str
    adapter: Literal["fhir-message", "fhir-rest", "hl7v2"]
    url: str
    token: Secret | None = None
    basic: BasicSection | None = None
    api_key: ApiKeySection | None = None
    smart: SmartSection | None = None
    answer_token: Secret | None = None
    tls: ClientTlsSection | None = None
    subjects: tuple[str, ...] = ()
    on_failure: Literal["block-lane", "skip-and-park"]
    partner: PartnerSection = PartnerSection()
    poll_every: float | None = Field(default=None, gt=0)
    timeout: float = Field(default=20.0, gt=0)
    #: Lanes that are sent at the same time, over all hubs; failures in a row after which it is tried with one only.
    concurrency: int = Field(default=8, ge=1, le=100)
    breaker_after: int = Field(default=5, ge=1)
    respond_within: dict[Urgency, float] = Field(default_factory=_respond_within)
    fallback_telephone: str
    owner: str
    #: How it is told that a consent is revoked under which it holds copies: by a notice, or by a person's letter.
    revocation: Literal["notice", "letter"] = "letter"

    @model_validator(mode="after")
    def _revocation(self) -> Self:
        if self.revocation == "notice" and self.adapter == "hl7v2":
            raise ValueError("HL7 v2 has no notice of a revocation: a letter goes")
        return self

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.adapter == "hl7v2":
            check_mllp(self.url, self.tls)
            if any((self.token, self.basic, self.api_key, self.smart)):
                raise ValueError("MLLP knows a sender by its certificate: tls, not a token")
            return self
        AuthorizationSection(token=self.token, basic=self.basic, api_key=self.api_key, smart=self.smart)
        if self.subjects or (self.tls is not None and self.tls.subjects):
            raise ValueError("subjects are of the adapter hl7v2")
        if self.tls is not None and not self.url.startswith("https://"):
            raise ValueError("TLS is set for an address without it: write https://")
        return self

    @model_validator(mode="after")
    def _profile(self) -> Self:
        # A profile that cannot be written is found now, and not by the first referral.
        if self.adapter == "hl7v2":
            for place, why in faults(self.form()):
                raise ValueError(f"partner.{place}: {why}")
            if any(message.startswith("RRI") for message in self.partner.messages):
                raise ValueError("partner.messages: RRI answers a referral and is none")
        return self

    def credentials_under(self, base: Path) -> dict[str, object]:
        """What it presents, with its files beside the settings."""
        basic, key = self.basic, self.api_key
        return {
            "token": self.token.under(base) if self.token else None,
            "basic": basic.model_copy(update={"password": basic.password.under(base)}) if basic else None,
            "api_key": key.model_copy(update={"value": key.value.under(base)}) if key else None,
            "smart": self.smart.under(base) if self.smart else None,
        }

    def form(self) -> Partner:
        """The mapping library's Partner: the adapter's form with what this section says over the defaults."""
        given = {key: value for key, value in self.partner.model_dump(exclude_unset=True).items() if value is not None}
        given.setdefault("form", _FORMS[self.adapter])
        if self.adapter == "hl7v2":
            # What v2 has for the 2.32 notice and the consent's scope: notes.
            given.setdefault("notice", "nte")
            given.setdefault("scope", "nte")
        return Partner(id=self.id, **given)


class RouteSection(Strict):
    """Which destination takes the referrals to an organization."""

    organization: str
    destination: str
    service: str | None = None
