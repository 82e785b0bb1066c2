"""The state policy of this deployment: which overlay is in force, in which file its rules stand, who answers for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from hub.settings.section import Strict


class StatePolicy(Strict):
    """The state law overlay, reviewed by a person. `none` is a policy too, with its reviewer and date.

    Any other name has its rules in `file` (`handoff schema state-policy`), which says the same name.
    """

    name: str
    file: Path | None = None
    reviewer: str
    reviewed: date
    #: From which age, in years, a minor may alone apply for substance use treatment (42 CFR 2.14(b)), and from which
    #: nobody is a minor. Both or neither; without them whose signature counts is not asked by age.
    minor_alone_from: int | None = Field(default=None, ge=0, le=21)
    majority: int | None = Field(default=None, ge=16, le=21)

    @model_validator(mode="after")
    def _ages(self) -> Self:
        if (self.minor_alone_from is None) != (self.majority is None):
            raise ValueError("minor_alone_from and majority are declared together")
        if self.minor_alone_from is not None and self.majority is not None and self.minor_alone_from > self.majority:
            raise ValueError("minor_alone_from is not above majority")
        return self

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if (self.name == "none") != (self.file is None):
            raise ValueError("none has no file, and any other policy has its rules in one")
        return self

    def under(self, base: Path) -> StatePolicy:
        """The same with its file, which is relative to `base`."""
        return self if self.file is None else self.model_copy(update={"file": base / self.file})
