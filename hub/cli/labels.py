"""`handoff label`: security labels on FHIR, inside the caller's custody. What it writes is not a release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import orjson
import typer

from hub.cli.edge import load_json, read_input, say
from hub.cli.library import Json, Ndjson, each
from mappings.errors import ReadError

if TYPE_CHECKING:
    from mappings.labels import LabelPolicy, Origin


def register(app: typer.Typer) -> None:
    """Adds this command to the command line."""
    app.command()(label)


def label(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A file, or - for standard input.")],
    origin: Annotated[str | None, typer.Option("--origin", help="A role (part2-program, ...) or a JSON file.")] = None,
    policy: Annotated[
        list[Path] | None, typer.Option("--policy", help="A policy file over the shipped policy; may be repeated.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Every label with its grade and reason.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Where to write a label report: .html, .txt, else JSON.")
    ] = None,
    inline: Annotated[bool, typer.Option("--inline", help="Labels on the elements too (inline-sec-label).")] = False,
    ndjson: Ndjson = False,
    as_json: Json = False,
) -> None:
    """Labels a resource or a Bundle by origin, code and text (DS4P). Not a release."""
    from mappings.labels import label as labelled
    from mappings.labels.inline import with_inline
    from mappings.labels.report import as_html, as_text
    from mappings.labels.report import report as reported

    declared, postures = _origin(origin)
    meant = _policy(policy or ())
    reports: list[Any] = []

    def one(resource: Any) -> Any:
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise ReadError("read.no-resource", "not a FHIR resource", path="resourceType")
        done = labelled(resource, origin=declared, policy=meant, postures=postures)
        doubtful = [issue for issue in done.issues if issue.severity != "information"]
        if doubtful:
            say(doubtful, as_json=as_json)
        if report is not None:
            reports.append(reported(done, origin=declared, policy=meant))
        if inline:
            done = with_inline(done, policy=meant)
        return done.to_json() if explain else done.resource

    try:
        each(source, one, ndjson=ndjson, as_json=as_json)
    finally:
        if report is not None:
            if report.suffix == ".html":
                report.write_text(as_html(reports), encoding="utf-8")
            elif report.suffix == ".txt":
                report.write_text(as_text(reports), encoding="utf-8")
            else:
                shown = reports if ndjson or len(reports) != 1 else reports[0]
                report.write_bytes(orjson.dumps(shown, option=orjson.OPT_INDENT_2) + b"\n")


def _policy(files: list[Path] | tuple[()]) -> LabelPolicy:
    """The shipped policy with these files over it. PolicyError for one that is wrong."""
    from mappings.labels import load_policy

    return load_policy((file.name, read_input(str(file))) for file in files)


def _origin(given: str | None) -> tuple[Origin | None, dict[str, Any]]:
    """An Origin, of a role's name or a JSON file `{"reference", "role", "postures"}`, and the postures beside it.

    `postures` leads from an organization's reference or `system|value` to its role, for Provenances.
    """
    from mappings.incident import Role
    from mappings.labels import Origin

    if given is None:
        return None, {}
    roles = get_args(Role)
    if given in roles:
        return Origin(reference=None, role=given), {}  # type: ignore[arg-type]
    if not Path(given).is_file():
        raise typer.BadParameter("neither a role nor a file", param_hint="--origin")
    document = load_json(read_input(given), given)
    if not isinstance(document, dict) or document.get("role") not in (None, *roles):
        raise typer.BadParameter("not an origin", param_hint="--origin")
    postures = document.get("postures", {})
    if not isinstance(postures, dict) or any(role not in roles for role in postures.values()):
        raise typer.BadParameter("postures are roles by reference", param_hint="--origin")
    return Origin(reference=document.get("reference"), role=document.get("role")), postures
