"""What became of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class NotRun(Exception):
    """A check that this machine cannot run; its text is the reason. Never a way to pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What one validator said of how much. `explained`: warnings with a listed reason; None where none are listed."""

    validator: str
    checked: int
    errors: int
    warnings: int = 0
    explained: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One row of the table. `facts` go to docs/conformance.md as they are; `problems` only to the terminal.

    `not_run`: what of a check that ran cannot be run, each with its reason; it counts as nothing else.
    """

    name: str
    status: Literal["passed", "failed", "not run"]
    detail: str
    facts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    tallies: tuple[Tally, ...] = ()
    not_run: tuple[str, ...] = ()

    def to_json(self) -> dict[str, str]:
        """The row that CONFORMANCE_JSON holds."""
        return {"name": self.name, "status": self.status, "detail": self.detail}


def judged(
    name: str,
    detail: str,
    problems: list[str],
    facts: tuple[str, ...] = (),
    tallies: tuple[Tally, ...] = (),
    not_run: tuple[str, ...] = (),
) -> Outcome:
    """Passed when nothing is wrong; else failed, saying how much is and the first of it."""
    if not problems:
        return Outcome(name=name, status="passed", detail=detail, facts=facts, tallies=tallies, not_run=not_run)
    said = f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}, first: {problems[0]}"
    return Outcome(
        name=name, status="failed", detail=said, facts=facts, problems=tuple(problems), tallies=tallies, not_run=not_run
    )
