"""The command `handoff`.

Exit codes: 0 all good, 1 some input was rejected (the rest was done), 2 usage. With `--json`, errors are an
OperationOutcome on standard error. No command prints payload text as an error. Imports are made inside the
commands: the library's commands start without the service's packages, and a hub command on the base install
exits 2 and names the extra.
"""

from __future__ import annotations

import sys

import typer

from hub.cli import bulk, consent, definitions, demo, hl7v2, labels, library, pack, service
from hub.cli.edge import explain_missing_extra, fail
from mappings.errors import WarmHandoffError

app = typer.Typer(
    name="handoff",
    help="911 CAD incidents and police reports to FHIR R4 referrals, and the answer back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
library.register(app)
labels.register(app)
bulk.register(app)
consent.register(app)
pack.register(app)
definitions.register(app)
service.register(app)
demo.register(app)
hl7v2.register(app)


def main() -> None:
    """Runs the command line and turns what is raised into an exit code and one clear line."""
    try:
        app()
    except ModuleNotFoundError as missing:
        sys.exit(explain_missing_extra(missing))
    except WarmHandoffError as error:
        sys.exit(fail(error))
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); there is nothing to say and nobody to say it to.
        sys.stderr.close()
        sys.exit(0)
