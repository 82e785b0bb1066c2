"""The organizations a hub knows: who each is in law, which are agencies, what an agency exchanges with whom."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from hub.settings.section import Strict, iana
from mappings.incident import Identifier, Organization, Role, Telecom

#: The system of our own organization ids.
SID_ORGANIZATION = "https://warmhandoff.org/fhir/sid/organization"


class OrganizationSection(Strict):
    """An organization and who it is in law. `posture` has no default.

    `address`: where it is, as one line, for the accounting of disclosures (45 CFR 164.528(b)(2)(ii)).
    """

    id: str
    name: str
    kind: Literal["agency", "center", "other"]
    posture: Role
    identifiers: tuple[dict[str, str], ...] = ()
    telephone: str | None = None
    address: str | None = None

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
    """A law-enforcement agency's declared exchange policy: what goes to whom for what (part2, section 10)."""

    agency: str
    to: tuple[str, ...]
    purposes: tuple[str, ...] = ("TREAT",)
    reference: str
