"""What was found on the way, said so that the work can go on.

An `Issue` is returned, never raised (raising stops a message: `mappings.errors`). It carries FHIR's own
severity and issue type, a stable rule of ours and the source path, spelled as the source's standard writes it
(`PID-8`, a column's name, a FHIRPath). It never carries a payload value: `text` is fixed wording per rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["fatal", "error", "warning", "information"]

#: CodeSystem of our stable rules, e.g. `translate.unmapped-code`.
RULES = "https://warmhandoff.org/fhir/CodeSystem/issue-rule"


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """One finding: FHIR severity and type (http://hl7.org/fhir/issue-type), our rule, the place, fixed words."""

    severity: Severity
    code: str
    rule: str
    path: str
    text: str

    def to_fhir(self) -> dict[str, Any]:
        """OperationOutcome.issue (R4). The place goes in `expression`, as R4 retired `location`."""
        issue: dict[str, Any] = {
            "severity": self.severity,
            "code": self.code,
            "details": {"coding": [{"system": RULES, "code": self.rule}], "text": self.text},
        }
        if self.path:
            issue["expression"] = [self.path]
        return issue


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome (R4) of these issues; with none, the `informational` all-ok that FHIR asks for."""
    found = [issue.to_fhir() for issue in issues]
    if not found:
        found = [{"severity": "information", "code": "informational", "details": {"text": "All OK"}}]
    return {"resourceType": "OperationOutcome", "issue": found}


def stops(issues: Iterable[Issue]) -> bool:
    """Whether any of them is an error or fatal."""
    return any(issue.severity in ("fatal", "error") for issue in issues)
