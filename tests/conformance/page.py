"""docs/conformance.md: one page of evidence, written by the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.conformance.outcome import Outcome
from tests.conformance.outputs import ROOT, outputs
from tests.conformance.summary import summary

FILE = ROOT / "docs" / "conformance.md"

_HEAD = """# Conformance

Written by `make conformance` on {date}; do not edit. Independent validators, servers and readers take what this
version makes of its {samples} sample incidents ({referrals} referrals). `not run` is never `passed`: the reason says
what is missing.

| check | status | detail |
|---|---|---|
"""


def write(outcomes: Sequence[Outcome]) -> None:
    """Writes the page anew."""
    made = outputs()
    text = _HEAD.format(
        date=datetime.now(UTC).date().isoformat(),
        samples=len(made),
        referrals=sum(len(one.referrals) for one in made),
    )
    for one in outcomes:
        text += f"| {one.name} | {one.status} | {one.detail.replace('|', chr(92) + '|')} |\n"
    text += f"\n## In one table\n\n{summary(outcomes)}"
    for one in outcomes:
        if one.facts:
            text += f"\n## {one.name}\n\n" + "".join(f"- {fact}\n" for fact in one.facts)
    FILE.write_text(text)
