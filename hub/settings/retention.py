"""How long content is kept. Nothing is disposed of unless it is said here."""

from __future__ import annotations

from pydantic import Field

from hub.settings.section import Strict

#: Six years of 365.25 days, rounded up: 45 CFR 164.528(a)(1), 164.316(b)(2)(i); 42 CFR 2.25 asks for three.
SIX_YEARS = 2192


class RetentionSection(Strict):
    """Days after which content goes for good, of what is finished. None: kept. The audit is always kept.

    `messages`: bytes as they came, from when they were worked through. `releases`: bytes as they left, from when the
    delivery ended. `records`: all that is held about a person (or of an incident without one), from the last thing that
    came. `disclosures`: the accounting, from when each was settled.
    """

    messages: int | None = Field(default=None, ge=1)
    releases: int | None = Field(default=None, ge=1)
    records: int | None = Field(default=None, ge=1)
    disclosures: int | None = Field(default=None, ge=SIX_YEARS)
