"""`handoff bulk`: millions of rows to FHIR NDJSON by resource type (FHIR Bulk Data layout), resumable."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import orjson
import typer

from hub.cli.edge import read_input


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(bulk)


def bulk(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, or - for standard input.")],
    source: Annotated[str, typer.Option("--source", help="eido, incident, nibrs, a pack's id or folder.")],
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="A new folder, or one to go on with.")],
    engine: Annotated[str, typer.Option("--engine", help="processes, dask or spark.")] = "processes",
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="A Dask scheduler's or Spark master's address.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Worker processes; default: the cores.")
    ] = None,
    request: Annotated[
        Path | None, typer.Option("--request", help="A release request: write what that recipient would get.")
    ] = None,
    agency: Annotated[Path | None, typer.Option("--agency", help="The agency: JSON.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="IANA zone of local times; over the agency's.")] = None,
    now: Annotated[str | None, typer.Option("--now", help="The time to record, as FHIR instant.")] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="A file with the secret that ids are made with; else a published one.")
    ] = None,
    base: Annotated[str, typer.Option("--base", help="The URL where the files will be served, for the manifest.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="The counts as JSON; errors as an OperationOutcome; no progress.")
    ] = False,
) -> None:
    """Translates files of any size to FHIR R4 NDJSON, one file a resource type, with a Bulk Data manifest.

    A run that was stopped goes on when the same command is given again. Rejected rows stand in rejected.ndjson by
    line, field and reason. The result stays in the caller's custody: it is not a release, but with --request.
    """
    from hub.bulk.asked import asked
    from hub.bulk.engines import ENGINES, NEEDS
    from hub.bulk.progress import progress
    from hub.bulk.run import Bulk, run
    from mappings.bulk import job_for
    from mappings.ids import PUBLISHED
    from mappings.incident_json import agency_from_json
    from mappings.times import is_date_time, is_instant
    from mappings.times import zone as zone_of

    if engine not in ENGINES:
        raise typer.BadParameter(", ".join(ENGINES), param_hint="--engine")
    if engine in NEEDS and find_spec(NEEDS[engine]) is None:
        sys.stderr.write(f"--engine {engine} needs an extra: pip install 'warmhandoff[{engine}]'\n")
        raise typer.Exit(2)
    if scheduler is not None and engine not in NEEDS:
        raise typer.BadParameter("only with --engine dask or spark", param_hint="--scheduler")
    if zone is not None and zone_of(zone) is None:
        raise typer.BadParameter("not an IANA zone", param_hint="--zone")
    if now is not None and not (is_date_time(now) and is_instant(now)):
        raise typer.BadParameter("not an instant with its zone", param_hint="--now")
    if out.exists() and not out.is_dir():
        raise typer.BadParameter("not a folder", param_hint="--out")
    for name in inputs:
        if name != "-" and not Path(name).is_file():
            sys.stderr.write(f"{name}: not a file\n")
            raise typer.Exit(2)
    secret = PUBLISHED if key is None else read_input(str(key)).strip()
    if len(secret) < 32:
        raise typer.BadParameter("32 bytes or more", param_hint="--key")
    what = Bulk(
        job=job_for(
            source,
            agency=None if agency is None else agency_from_json(read_input(str(agency))),
            zone=zone,
            now=datetime.fromisoformat(now) if now else datetime.now(UTC),
            namespace_key=secret,
        ),
        inputs=tuple(inputs),
        folder=out,
        request=None if request is None else asked(read_input(str(request))),
        engine=engine,
        workers=workers or os.cpu_count() or 1,
        address=scheduler,
        base=f"{base.rstrip('/')}/" if base else "",
        now_given=now is not None,
    )
    counts = run(what, progress(quiet=as_json))
    if as_json:
        names = ("rows", "translated", "rejected", "issues", "resources", "resumed")
        sys.stdout.buffer.write(orjson.dumps({name: getattr(counts, name) for name in names}) + b"\n")
    else:
        typer.echo(
            f"rows in {counts.rows} = translated {counts.translated} + rejected {counts.rejected}"
            f"; {counts.resources} resources, {counts.issues} issues"
            + (f"; {counts.resumed} rows were done before" if counts.resumed else "")
        )
        typer.echo(
            "For that recipient: everything but custody/, which stays with you."
            if request is not None
            else "In your custody: this is not a release."
        )
    if counts.rejected:
        raise typer.Exit(1)
