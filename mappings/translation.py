"""What `translate` gives: a Bundle, and an account of everything that is not in it."""

from __future__ import annotations

from typing import Any

from mappings.incident import Gated
from mappings.record import record
from profiles.issue import Issue


@record
class Translation:
    """One incident (or one v2 message) as a FHIR R4 transaction Bundle.

    `bundle` entries have `fullUrl` `urn:uuid:<id>` and their resources refer to each other by it. `origins` is
    parallel to `bundle["entry"]`: the id of the organization whose record the entry is (a Provenance says the
    same), or None where nobody declared it. `unused` are source fields that nothing reads; `dropped` what the CJIS
    gate removed and `held` what it keeps back for a person: path, rule and count, never content. `update`: the source
    says that a receiver may have an earlier form of it (render it with `update`). `deleted`: what its sender deletes,
    as fullUrl and element.
    """

    bundle: dict[str, Any]
    origins: tuple[str | None, ...] = ()
    issues: tuple[Issue, ...] = ()
    unused: tuple[str, ...] = ()
    dropped: tuple[Gated, ...] = ()
    held: tuple[Gated, ...] = ()
    update: bool = False
    deleted: tuple[tuple[str, str], ...] = ()

    def account(self) -> dict[str, Any]:
        """The JSON of `--issues FILE` and of a sample's `expected.issues.json`."""
        return {
            "issues": [issue.to_fhir() for issue in self.issues],
            "unused": list(self.unused),
            "dropped": [{"path": g.path, "rule": g.rule, "count": g.count} for g in self.dropped],
            "held": [{"path": g.path, "rule": g.rule, "count": g.count} for g in self.held],
        }

    def models(self) -> Any:
        """The Bundle's resources as `fhir.resources.R4B` objects, one by one (imports pydantic models, slow).

        Raises pydantic's ValidationError, whose text may hold values: for a developer's own use, not for logs.
        """
        from fhir.resources.R4B import get_fhir_model_class

        return [
            get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])
            for entry in self.bundle.get("entry", ())
        ]
