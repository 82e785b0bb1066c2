"""Errors that stop one input.

    WarmHandoffError
    ├── ReadError          read.*       the bytes are not what the source says they are
    ├── PackError          pack.*       a mapping pack is wrong: file, line, key and what was expected
    ├── TranslateError     translate.*  a record cannot become FHIR (an id collision, say)
    ├── PolicyError        label.*      a label policy is wrong: file, line, key and what was expected
    └── RenderError        render.*     a partner's form cannot carry this Bundle

Each class carries issues with stable codes and the place; none carries a payload value. What can go on is an
`Issue` in the result instead.
"""

from __future__ import annotations

from typing import Any

from profiles.issue import Issue, operation_outcome


class WarmHandoffError(Exception):
    """This message cannot go on."""

    #: FHIR issue type when none is given.
    code = "exception"

    def __init__(self, rule: str, text: str, *, path: str = "", code: str | None = None) -> None:
        self.issues: tuple[Issue, ...] = (
            Issue(severity="error", code=code or self.code, rule=rule, path=path, text=text),
        )
        super().__init__(f"{rule} at {path}: {text}" if path else f"{rule}: {text}")

    @property
    def rule(self) -> str:
        """The stable code of the first issue."""
        return self.issues[0].rule

    def outcome(self) -> dict[str, Any]:
        """This error as an OperationOutcome (R4)."""
        return operation_outcome(self.issues)


class ReadError(WarmHandoffError):
    """The input is not what its source says it is."""

    code = "structure"


class PackError(WarmHandoffError):
    """A mapping pack is not usable."""

    code = "invalid"


class PolicyError(WarmHandoffError):
    """A label policy is not usable."""

    code = "invalid"


class TranslateError(WarmHandoffError):
    """A record cannot become FHIR."""

    code = "processing"


class RenderError(WarmHandoffError):
    """A partner's form cannot carry this Bundle."""

    code = "not-supported"
