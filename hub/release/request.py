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
class Context:
    """Who discloses to whom, about whom, for what, when.

    `at` is zone-aware; `zone` (IANA) is that of date-only periods.
    """

    discloser: Party
    recipient: Party
    purpose: str
    patient: str | None
    at: datetime
    zone: str = "UTC"
    law: Law | None = None
    actors: Mapping[str, Json] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    #: The patient's, as FHIR has it (a year and a month alone are no age). None: that of the Patient in the Bundle
    #: that is released, if it is there; to `decide`, not known.
    birth_date: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request(Context):
    """One question about several entries."""

    entries: tuple[Entry, ...] = ()
    #: Whether the destination's form takes the 2.32 notice and the consent's scope; if not, what needs them is held.
    carries_notice: bool = True
