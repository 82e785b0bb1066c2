"""The end of a run in one table: artefacts, examples, validators, errors, warnings explained, what was not run."""

from __future__ import annotations

from collections.abc import Sequence

from profiles.examples import each_once, examples
from tests.conformance.corpus import faults
from tests.conformance.definitions import artefact_counts
from tests.conformance.outcome import Outcome


def summary(outcomes: Sequence[Outcome]) -> str:
    """Markdown, for docs/conformance.md and for the terminal. Counts nothing that did not run."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(artefact_counts().items()))
    rows = [
        ("artefacts", f"{artefact_counts().total()}", kinds),
        ("examples", f"{len(each_once(examples()))}", f"in {len(examples())} samples, messages and records"),
        ("planted faults", f"{len(faults())}", "the corpus; validators.md says which validator finds which"),
    ]
    text = "| | count | |\n|---|---|---|\n" + "".join(f"| {what} | {count} | {said} |\n" for what, count, said in rows)
    text += "\n| validator | checked | errors | warnings | of them explained |\n|---|---|---|---|---|\n"
    for tally in (tally for one in outcomes for tally in one.tallies):
        explained = "" if tally.explained is None else str(tally.explained)
        text += f"| {tally.validator} | {tally.checked} | {tally.errors} | {tally.warnings} | {explained} |\n"
    not_run = [f"{one.name} ({one.detail})" for one in outcomes if one.status == "not run"]
    not_run += [f"of {one.name}, {part}" for one in outcomes for part in one.not_run]
    failed = [one.name for one in outcomes if one.status == "failed"]
    text += (
        "\nNot run: nothing was left out.\n"
        if not not_run
        else "\nNot run:\n\n" + "".join(f"- {one}\n" for one in not_run)
    )
    return text + f"\nFailed: {', '.join(failed) or 'none'}.\n"
