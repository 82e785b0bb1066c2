"""The decision's commands: `decide`, `release`, `consent check` (design, section 9)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli import consent_kept
from hub.cli.edge import read_input
from hub.cli.library import Json, Ndjson, each
from mappings.errors import ReadError
from profiles.issue import operation_outcome, stops

if TYPE_CHECKING:
    from hub.release import ReleasePolicy

State = Annotated[
    Path | None,
    typer.Option("--state-policy", help="A state's rules to apply, too: TOML (handoff schema state-policy)."),
]
Input = Annotated[str, typer.Argument(metavar="INPUT", help="A file, or - for standard input.")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command()(decide)
    app.command()(release)
    consents = typer.Typer(help="Consents under 42 CFR 2.31.", no_args_is_help=True)
    consents.command("check")(check)
    consent_kept.register(consents)
    app.add_typer(consents, name="consent")


def decide(source: Input, state: State = None, ndjson: Ndjson = False, as_json: Json = False) -> None:
    """Decides, entry by entry, what a recipient may get for a purpose, and says why. Nothing is sent."""
    from hub.release import decide_json

    policy = _policy(state)
    each(source, lambda document: decide_json(_object(document), policy=policy), ndjson=ndjson, as_json=as_json)


def release(source: Input, state: State = None, as_json: Json = False) -> None:
    """Writes what that recipient would get. This is a look: nothing is sent and no disclosure is recorded."""
    from hub.release import release_json

    policy = _policy(state)
    each(source, lambda document: release_json(_object(document), policy=policy), ndjson=False, as_json=as_json)


def _policy(state: Path | None) -> ReleasePolicy:
    """The default policy, with a state's rules over it where a file of them is given. PolicyError for a wrong one."""
    from hub.release import ReleasePolicy, read_overlay

    if state is None:
        return ReleasePolicy()
    return ReleasePolicy(state=read_overlay(read_input(str(state)), file=state.name))


def check(
    source: Input,
    law: Annotated[
        Literal["part2", "hipaa"], typer.Option("--law", help="hipaa: the elements of 45 CFR 164.508(c) instead.")
    ] = "part2",
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Expired or revoked at that FHIR date or dateTime?")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="IANA zone of dates without a time.")] = "UTC",
    signers: Annotated[
        Literal["adult", "minor", "both"] | None,
        typer.Option(
            "--signers", help="Who must have signed by their age (42 CFR 2.14): both is a minor and a parent."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Checks a FHIR Consent for the elements of 42 CFR 2.31: one issue an element that is missing or deficient."""
    from hub.release.consent import check_consent, moment
    from mappings.times import zone as iana

    failed = False
    try:
        when = None if at is None else moment(at)
    except (ValueError, OverflowError):
        raise typer.BadParameter("a FHIR date or dateTime, with its zone", param_hint="--at") from None
    if iana(zone) is None:
        raise typer.BadParameter("an IANA zone", param_hint="--zone")

    def one(document: Any) -> Any:
        nonlocal failed
        found = check_consent(_object(document), at=when, zone=zone, law=law, signers=signers)
        failed = stops(found)
        return operation_outcome(found)

    each(source, one, ndjson=False, as_json=as_json)
    if failed:
        raise typer.Exit(1)


def _object(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ReadError("read.not-object", "a JSON object was expected")
    return document
