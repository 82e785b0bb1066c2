"""Builders of consents, entries and questions for the release tests. Invented people only."""

from __future__ import annotations

from typing import Any

import pytest

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
ELEMENTS = "https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements"

STATEMENTS = {
    "revocationStatement": True,
    "redisclosureStatement": True,
    "refusalStatement": True,
    "hipaaRedisclosureStatement": True,
}


class Build:
    """What a test says, in the fewest words."""

    OTP = "Organization/otp"
    MHC = "Organization/mhc"
    PD = "Organization/pd"

    def labels(self, *codes: str) -> list[dict[str, Any]]:
        return [{"system": ACT, "code": code} for code in codes]

    def purposes(self, *codes: str) -> list[dict[str, Any]]:
        return [{"system": REASON if code.isupper() else None, "code": code} for code in codes]

    def to(self, *references: str) -> list[dict[str, Any]]:
        role = {"coding": [{"code": "IRCP"}]}
        return [{"role": role, "reference": {"reference": reference}} for reference in references]

    def elements(self, **values: Any) -> list[dict[str, Any]]:
        def kind(value: Any) -> str:
            return "valueBoolean" if isinstance(value, bool) else "valueString"

        found = [{"url": url, kind(value): value} for url, value in values.items() if value is not None]
        return [{"url": ELEMENTS, "extension": found}]

    def intermediary(self, *parts: tuple[str, Any]) -> dict[str, Any]:
        """The part of our extension for an intermediary: (url, text, Reference or Identifier)."""

        def kind(value: Any) -> str:
            if isinstance(value, str):
                return "valueString"
            return "valueIdentifier" if "value" in value else "valueReference"

        return {"url": "intermediary", "extension": [{"url": url, kind(value): value} for url, value in parts]}

    def consent(
        self, identity: str = "c1", *, elements: dict[str, Any] | None = None, provision: Any = None, **more: Any
    ) -> dict[str, Any]:
        """A Part 2 consent to treatment, payment and operations, complete, from the OTP to the center."""
        made: dict[str, Any] = {
            "resourceType": "Consent",
            "id": identity,
            "status": "active",
            "scope": {"coding": [{"code": "patient-privacy"}]},
            "category": [{"coding": self.labels("42CFRPart2CD")}],
            "patient": {"reference": "Patient/p-1"},
            "dateTime": "2026-01-02T10:00:00-06:00",
            "performer": [{"reference": "Patient/p-1"}],
            "organization": [{"reference": self.OTP}],
            "extension": self.elements(**{**STATEMENTS, **(elements or {})}),
            "provision": {
                "type": "permit",
                "period": {"start": "2026-01-02", "end": "2026-12-31"},
                "actor": self.to(self.MHC),
                "securityLabel": self.labels("42CFRPart2"),
                "purpose": self.purposes("TREAT", "HPAYMT", "HOPERAT"),
                **(provision or {}),
            },
            **more,
        }
        made["provision"] = {key: value for key, value in made["provision"].items() if value is not None}
        return {key: value for key, value in made.items() if value is not None}

    def patient(self, **more: Any) -> dict[str, Any]:
        return {
            "resourceType": "Patient",
            "id": "p-1",
            "name": [{"family": "Ostravelle", "given": ["Imre"]}],
            "birthDate": "1988-04-02",
            "telecom": [{"system": "phone", "value": "555-0148-221"}],
            "address": [{"line": ["18 Tamsin Row"]}],
            **more,
        }

    def condition(self, code: str = "F11.20", identity: str = "cond-1", **more: Any) -> dict[str, Any]:
        return {
            "resourceType": "Condition",
            "id": identity,
            "subject": {"reference": "Patient/p-1"},
            "code": {"coding": [{"system": ICD, "code": code}]},
            **more,
        }

    def ask(self, entries: list[dict[str, Any]], consents: Any = (), *, origin: str | None = None, **more: Any) -> Any:
        """The document of design section 9. `origin`: the role of the organization whose records they all are."""
        request: dict[str, Any] = {
            "discloser": {"reference": self.OTP, "role": origin or "part2-program"},
            "recipient": {"reference": self.MHC, "role": "covered-entity"},
            "purpose": "TREAT",
            "patient": "Patient/p-1",
            "at": "2026-06-01T12:00:00Z",
            "entries": entries,
        }
        if origin is not None:
            request["origins"] = [self.OTP] * len(entries)
            request["postures"] = {self.OTP: origin}
        request.update(more)
        return {"consents": list(consents), "request": request}

    def police(self, reference: str = "Organization/pd", **more: Any) -> dict[str, Any]:
        return {"reference": reference, "role": "law-enforcement", **more}


@pytest.fixture
def build() -> Build:
    return Build()
