"""`handoff pack`: a mapping pack made, looked at and kept: new, infer, lint, test, coverage, diff, table.

They work inside the caller's custody on the caller's own files. What a sample holds of persons is never printed: codes
are, cells of names, dates of birth, telephones, addresses and texts are not. They need the library only.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO, Annotated, Any, get_args

import orjson
import typer

from hub.cli import pack_report, pack_table
from hub.cli.edge import write
from hub.cli.pack_folder import (
    folder_of,
    is_untouched,
    open_input,
    own_folder,
    refused,
    sample_of,
    settled,
    write_files,
)
from mappings.errors import PackError
from profiles.issue import operation_outcome, stops

Json = Annotated[bool, typer.Option("--json", help="The result as JSON, and errors as an OperationOutcome.")]
PackName = Annotated[str, typer.Argument(metavar="PACK", help="A pack's folder, or a shipped pack's id.")]
Zone = Annotated[str | None, typer.Option("--zone", help="IANA zone of the sample's local times. It is never guessed.")]

Posture = Annotated[str | None, typer.Option("--posture", help="Who the agency is in law, such as law-enforcement.")]

_README = """# {id}

A mapping pack being made. `sample/` holds a file with what the agency sent, persons included: it stays on this machine
(`.gitignore` names it) and is not part of the pack. Examples are of invented people.
"""


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    packs = typer.Typer(help="Mapping packs: make one, look at it, keep it.", no_args_is_help=True)
    packs.command("new")(new)
    packs.command("infer")(infer)
    packs.command("lint")(lint)
    packs.command("test")(test)
    packs.command("coverage")(coverage)
    packs.command("diff")(diff)
    pack_table.register(packs)
    app.add_typer(packs, name="pack")


def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The pack's folder; made if it is not there.")],
    sample: Annotated[
        Path, typer.Argument(metavar="SAMPLE", exists=True, dir_okay=False, help="A file of the source.")
    ],
    agency: Annotated[str | None, typer.Option("--agency", help="The agency's id; the pack's own by default.")] = None,
    zone: Zone = None,
    posture: Posture = None,
    as_json: Json = False,
) -> None:
    """Makes a working folder from a sample file: how the file is written, and nothing mapped. `infer` goes on."""
    from mappings.incident import Role
    from mappings.packs.declaration import IDENTIFIER
    from mappings.packs.draft import skeleton

    name = folder.resolve().name
    if not IDENTIFIER.match(name):
        raise typer.BadParameter(
            "a folder's name of a-z, 0-9 and - is expected: it is the pack's id", param_hint="FOLDER"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise typer.BadParameter("the folder is not empty", param_hint="FOLDER")
    _check_zone(zone)
    if posture is not None and posture not in get_args(Role):
        raise typer.BadParameter("one of: " + ", ".join(get_args(Role)), param_hint="--posture")
    with refused(as_json), open_input(sample) as data:
        form = _form(data)
    (folder / "sample").mkdir(parents=True, exist_ok=True)
    for inner in ("tables", "examples"):
        (folder / inner).mkdir(exist_ok=True)
    kept = folder / "sample" / sample.name
    kept.touch(mode=0o600)
    shutil.copyfile(sample, kept)
    files = {
        "pack.yaml": skeleton(form, pack=name, agency=agency or name, zone=zone, posture=posture),
        "README.md": _README.format(id=name),
        ".gitignore": "sample/\n",
    }
    written = write_files(folder, files)
    if as_json:
        write({"form": form, "written": written})
        return
    typer.echo(pack_report.form(form))
    typer.echo("\n".join(f"look at: {doubt}" for doubt in form.doubts) + ("\n" if form.doubts else ""), nl=False)
    typer.echo(f"written: {', '.join(written)}; {kept} is a copy of the sample")
    typer.echo(f"next: handoff pack infer {folder}")


def infer(
    place: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", exists=True, help="A folder of `new`, or any file.")],
    out: Annotated[
        Path | None, typer.Option("--out", file_okay=False, help="Of a FILE: where to write a draft.")
    ] = None,
    zone: Zone = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what somebody has worked on.")] = False,
    as_json: Json = False,
) -> None:
    """Drafts a pack from a sample: columns, times, codes with suggestions. Nothing in it is active by itself.

    Of a FOLDER its sample is read and its pack.yaml and tables are written; what pack.yaml says under `source` stays,
    so that columns can be named there first. Of a FILE nothing is written without --out. Exit 1 when some of the
    sample's rows cannot be read.
    """
    from mappings.packs.draft import draft
    from mappings.packs.infer import infer as found_in

    _check_zone(zone)
    folder = place if place.is_dir() else out
    with refused(as_json):
        sample = sample_of(place) if place.is_dir() else place
        if folder is not None and not force and not is_untouched(folder):
            expected = "somebody has worked on this pack: --force writes over pack.yaml and its tables"
            raise PackError("pack.file", expected, path=str(folder))
        known = settled(folder) if folder is not None else None
        with open_input(sample) as data:
            found = found_in(data, (known and known.form) or _form(data))
        written: list[str] = []
        if folder is not None and known is not None:
            files = draft(
                found,
                pack=known.pack,
                agency=known.agency,
                zone=zone or known.zone,
                posture=known.posture,
                source=known.source,
            )
            written = write_files(folder, files)
    if as_json:
        write({"inference": found, "written": written})
    else:
        typer.echo(pack_report.inference(found))
        if written and folder is not None:
            typer.echo(f"written: {', '.join(written)}")
            typer.echo(f"next: settle what says CONFIRM in {folder / 'pack.yaml'}, then handoff pack lint {folder}")
    if found.rejected:
        raise typer.Exit(1)


def lint(pack: PackName, as_json: Json = False) -> None:
    """Looks a pack over: every mistake with file, line, key and what is expected. Exit 1 on an error, 0 on warnings."""
    from mappings.packs.lint import lint as found_in

    with refused(as_json):
        found = found_in(folder_of(pack))
    if as_json:
        write(operation_outcome(found))
    else:
        for issue in found:
            typer.echo(f"{issue.severity}: {issue.path}: {issue.text} [{issue.rule}]")
        errors = sum(issue.severity == "error" for issue in found)
        warnings = sum(issue.severity == "warning" for issue in found)
        typer.echo(f"{pack}: {errors} errors, {warnings} warnings")
    if stops(found):
        raise typer.Exit(1)


def test(
    pack: PackName,
    update: Annotated[bool, typer.Option("--update", help="Write what comes out as what is expected.")] = False,
    as_json: Json = False,
) -> None:
    """Runs a pack's examples against what is expected of them. Exit 1 when one differs, or the pack has none."""
    from mappings.packs import compile_pack
    from mappings.packs.compare import differing, outcomes

    with refused(as_json):
        folder = folder_of(pack)
        if update:
            folder = own_folder(pack)
            _expected_files(folder)
        compiled = compile_pack(folder)
        results: list[dict[str, Any]] = []
        for given, expected in compiled.examples:
            with (folder / given).open("rb") as data:
                got = outcomes(compiled, data)
            wanted = orjson.loads((folder / expected).read_bytes() or b"[]")
            paths = [change.path for change in differing(wanted, got)]
            if update and paths:
                assert isinstance(folder, Path)
                option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
                (folder / expected).write_bytes(orjson.dumps(got, option=option))
            rejected = sum("rejected" in one for one in got)
            results.append(
                {"example": given, "expected": expected, "records": len(got), "rejected": rejected, "differs": paths}
            )
    if as_json:
        write({"examples": results, "updated": update})
    else:
        typer.echo(pack_report.examples(pack, results, updated=update))
    if not results or (not update and any(one["differs"] for one in results)):
        raise typer.Exit(1)


def _expected_files(folder: Path) -> None:
    """Make the expected files that examples name and nobody has made yet, empty: --update fills them."""
    from mappings.packs.load import load_yaml, read_text

    root = load_yaml(read_text(folder, "pack.yaml"), "pack.yaml").mapping()
    for spec in root["examples"].items() if "examples" in root else ():
        keys = spec.mapping(("in", "incident"), ("in", "incident"))
        parts = keys["incident"].text().split("/")
        if any(part in ("", ".", "..") for part in parts):
            continue  # compiling says what is wrong with it
        file = folder.joinpath(*parts)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"[]\n")


def coverage(
    pack: PackName,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A file of the source.")],
    top: Annotated[int, typer.Option("--top", min=0, help="How many unmapped codes a table to show.")] = 20,
    as_json: Json = False,
) -> None:
    """Says how much of a file a pack covers: columns used, dropped, unused; rows and codes mapped, table by table.

    Codes are listed; cells of persons, places and texts never are. Exit 1 when some rows were rejected.
    """
    from mappings.packs import compile_pack
    from mappings.packs.coverage import coverage as found_in

    with refused(as_json):
        compiled = compile_pack(folder_of(pack))
        with open_input(file) as data:
            found = found_in(compiled, data)
    if as_json:
        write(pack_report.coverage_json(found))
    else:
        typer.echo(pack_report.coverage(found, top))
    if found.rejected:
        raise typer.Exit(1)


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The pack as it was: a folder, or a shipped pack's id.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The pack as it is to be.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A file of the source.")],
    values: Annotated[
        bool, typer.Option("--values", help="Also the numbers and values, which are of the file: keep them with it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Says what changes in the records of a file from one version of a pack to another, by field and count.

    Exit 0 when nothing does, 1 when something does (also when the two reject different numbers of rows).
    """
    from mappings.packs import compile_pack
    from mappings.packs.compare import compare

    with refused(as_json):
        before, after = (compile_pack(folder_of(name)) for name in (old, new))
        with open_input(file) as first, open_input(file) as second:
            found = compare(before, after, first, second, values=values)
    if as_json:
        write(pack_report.comparison_json(found, values=values))
    else:
        typer.echo(pack_report.comparison(found, values=values))
    if not found.same:
        raise typer.Exit(1)


def _check_zone(zone: str | None) -> None:
    from mappings.times import zone as zone_of

    if zone is not None and zone_of(zone) is None:
        raise typer.BadParameter("not an IANA zone such as America/Denver", param_hint="--zone")


def _form(data: IO[bytes]) -> Any:
    """The form of an open file, which is left at its beginning."""
    from mappings.packs.file_form import HEAD, file_form, workbook_form

    form = file_form(data.read(HEAD))
    data.seek(0)
    if form.source.format == "xlsx":
        form = workbook_form(data)
        data.seek(0)
    return form
