"""The organizations a hub knows: who each is in law, which are agencies, what an agency exchanges with whom."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import field_validator, model_validator

from hub.settings.section import Strict, iana
from mappings.incident import Identifier, Organization, Role, Telecom
from mappings.labels.vocabulary import SENSITIVITIES
from profiles.definitions import resource_types

#: The system of our own organization ids.
SID_ORGANIZATION = "https://warmhandoff.org/fhir/sid/organization"


class OrganizationSection(Strict):
    """An organization and who it is in law. `posture` has no default.

    `health_plan`: whether it is a health plan (45 CFR 160.103); none: not said, and a restriction toward health plans
    holds toward it. `address`: where it is, as one line, for the accounting of disclosures (45 CFR 164.528(b)(2)(ii)).
    """

    id: str
    name: str
    kind: Literal["agency", "center", "other"]
    posture: Role
    identifiers: tuple[dict[str, str], ...] = ()
    telephone: str | None = None
    address: str | None = None
    health_plan: bool | None = None

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


class AgencySection(Strict):
    """An agency whose records are read: which organization it is, its zone and identifier base."""

    id: str
    ori: str | None = None
    zone: str
    system: str | None = None

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return iana(value)


class ExchangeSection(Strict):
    """A line of a law-enforcement agency's declared exchange policy: what goes to whom for what (part2, section 10).

    `types`: resource types that it is about; empty is all. `classes`: of these, only those with one of the codes
    (`Type|system|code`) as category, type, class or code; a type that no class names is not narrowed. `without`:
    sensitivities that the line does not give.
    """

    agency: str
    to: tuple[str, ...]
    purposes: tuple[str, ...] = ("TREAT",)
    types: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    reference: str

    @field_validator("types")
    @classmethod
    def _types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if set(value) - resource_types():
            raise ValueError("types are resource types of FHIR R4")
        return value

    @field_validator("classes")
    @classmethod
    def _classes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            parts = one.split("|")
            if len(parts) != 3 or parts[0] not in resource_types() or not parts[2]:
                raise ValueError("a class is Type|system|code")
        return value

    @field_validator("without")
    @classmethod
    def _without(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if set(value) - SENSITIVITIES:
            raise ValueError("without has sensitivity codes of v3-ActCode")
        return value

    @model_validator(mode="after")
    def _classes_of_types(self) -> Self:
        if self.types and {one.split("|")[0] for one in self.classes} - set(self.types):
            raise ValueError("classes are of types that the line gives")
        return self


class AffiliationSection(Strict):
    """Who takes part in an exchange: a consent to its participants who treat reaches these (42 CFR 2.31(a)(4)(ii))."""

    intermediary: str
    participants: tuple[str, ...]
    reference: str
