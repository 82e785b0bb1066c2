"""The question that `decide` answers: whose entries, to whom, for what, when, and what is shown for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.release.law import Evidence, Law
from hub.release.naming import Party
from mappings.labels.marking import Label

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One resource to decide about, labelled. `labels`: the rows found in it, with paths from `root`.

    `role`: the declared role of the organization whose record it is; None where nobody declared it.
    """

    resource: Json
    role: str | None
    labels: tuple[Label, ...] = ()
    root: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One question about several entries. `at` is zone-aware; `zone` (IANA) is that of date-only periods."""

    discloser: Party
    recipient: Party
    purpose: str
    patient: str | None
    at: datetime
    zone: str = "UTC"
    law: Law | None = None
    entries: tuple[Entry, ...] = ()
    actors: Mapping[str, Json] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    #: Whether the destination's form takes the 2.32 notice and the consent's scope; if not, what needs them is held.
    carries_notice: bool = True
    #: The patient's, as FHIR has it (a year and a month alone are no age); None: not known.
    birth_date: str | None = None
