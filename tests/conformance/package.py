"""`package`: our definitions and their examples, by our own check, by the package's check of itself, and by a reader.

fhir.resources (R4B) reads every resource that the product makes: it knows no profile, and stands for the receivers
that parse before anything else.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from profiles.check import check as our_check
from profiles.examples import each_once, examples
from profiles.r4b import parse
from profiles.rules import MUST_SUPPORT
from tests.conformance.definitions import artefact_counts
from tests.conformance.medplum import items
from tests.conformance.outcome import Outcome, Tally, judged
from tests.conformance.outputs import ROOT

_COMMAND = (str(Path(sys.executable).with_name("handoff")), "profiles", "check")


def check() -> Outcome:
    """Fails on an error of ours or of the reader in what the product makes, and on a fault of `profiles check`."""
    ours: list[str] = []
    read: list[str] = []
    warnings: Counter[str] = Counter()
    not_sent = 0
    for name, resource in items():
        for issue in our_check(resource, must_support=True):
            if issue.rule == MUST_SUPPORT.rule:
                not_sent += 1
            elif issue.severity == "warning":
                warnings[issue.rule] += 1
            elif issue.severity != "information":
                ours.append(f"{name}: {issue.path}: {issue.rule}")
        read += [f"{name}: {issue.path}: {issue.text}" for issue in parse(resource)]
    done = subprocess.run(_COMMAND, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    itself = [f"handoff profiles check: {line}" for line in done.stderr.splitlines()]
    if done.returncode != 0 and not itself:
        itself = ["handoff profiles check could not run"]
    singles = each_once(examples())
    detail = (
        f"{artefact_counts().total()} definitions and {len(singles)} examples; {len(items())} resources and Bundles "
        f"without an error of profiles.check or fhir.resources; `handoff profiles check` finds no fault"
    )
    kinds = Counter(resource["resourceType"] for resource in singles.values())
    facts = (
        "Definitions: " + ", ".join(f"{kind} {count}" for kind, count in sorted(artefact_counts().items())) + ".",
        "Examples: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) + ".",
        "Warnings of ours: " + (", ".join(f"{rule} {n}" for rule, n in sorted(warnings.items())) or "none") + ".",
        f"Must-support elements that a sample's source does not give, and that are therefore not sent: {not_sent}.",
        "`handoff profiles check`: "
        + "; ".join(" ".join(line.split()) for line in done.stdout.splitlines() if line.strip())
        + ".",
    )
    tallies = (
        Tally(validator="profiles.check (ours)", checked=len(items()), errors=len(ours), warnings=warnings.total()),
        Tally(validator="fhir.resources R4B", checked=len(items()), errors=len(read)),
    )
    return judged("package", detail, list(dict.fromkeys([*itself, *ours, *read])), facts, tallies)
