"""`make conformance`: what independent validators, servers, clients and readers say of what this product makes.

Prints a table; CONFORMANCE_JSON=FILE writes it; docs/conformance.md is the evidence of the last whole run. Names
after the command select: `python -m tests.conformance hl7v2`. Exits 1 only when something failed: what is not built
or cannot run here is `not run` with its reason.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.conformance import (
    clients,
    eido_schema,
    hapi_server,
    hl7_validator,
    hl7v2,
    medplum,
    medplum_server,
    official,
    package,
    validators,
)
from tests.conformance.outcome import NotRun, Outcome
from tests.conformance.page import write
from tests.conformance.summary import summary

CHECKS: dict[str, Callable[[], Outcome]] = {
    "package": package.check,
    "medplum": medplum.check,
    "faults": validators.check,
    "official-examples": official.check,
    "medplum-server": medplum_server.check,
    "hl7-validator": hl7_validator.check,
    "clients": clients.check,
    "hl7v2": hl7v2.check,
    "hapi-server": hapi_server.check,
    "eido-schema": eido_schema.check,
}
_COLOUR = {"passed": "green", "failed": "red", "not run": "yellow"}


def outcome(name: str) -> Outcome:
    """What became of one check; one that breaks has failed."""
    try:
        return CHECKS[name]()
    except NotRun as reason:
        return Outcome(name=name, status="not run", detail=str(reason))
    except Exception as error:  # noqa: BLE001 - a check that breaks is a row of the table, and the others go on
        return Outcome(name=name, status="failed", detail=f"the check broke: {type(error).__name__}: {error}")


def main(names: list[str]) -> int:
    """Runs the checks and tells; 1 when one failed, 2 when a name is unknown."""
    unknown = set(names) - set(CHECKS)
    if unknown:
        sys.stderr.write(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}\n")
        return 2
    console = Console(highlight=False, soft_wrap=True)
    made = []
    for name in names or CHECKS:
        one = outcome(name)
        made.append(one)
        console.print(f"{one.name:<19}[{_COLOUR[one.status]}]{one.status:<9}[/] ", end="")
        console.print(one.detail, markup=False)
        for part in one.not_run:
            console.print(f"{'':<19}[{_COLOUR['not run']}]not run  [/] ", end="")
            console.print(part, markup=False)
        for problem in one.problems[1:20]:
            console.print(f"{'':<29}{problem}", markup=False)
        if len(one.problems) > 20:
            console.print(f"{'':<29}and {len(one.problems) - 20} more")
    if os.environ.get("CONFORMANCE_JSON"):
        Path(os.environ["CONFORMANCE_JSON"]).write_text(json.dumps([one.to_json() for one in made], indent=2) + "\n")
    if not names:
        write(made)
        console.print(f"\n{summary(made)}", markup=False)
    return 1 if any(one.status == "failed" for one in made) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
