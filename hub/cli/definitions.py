"""The package's commands: `profiles build` and `profiles check`. They need the library only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Definitions = Annotated[
    Path | None,
    typer.Option(
        "--definitions", exists=True, file_okay=False, help="Compiled definitions, in the place of those shipped."
    ),
]

#: Faults of one kind that are printed; the rest is counted.
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    profiles = typer.Typer(help="The FHIR package: profiles, terminology, examples.", no_args_is_help=True)
    profiles.command("build")(build)
    profiles.command("check")(check)
    app.add_typer(profiles, name="profiles")


def build(
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="Where to write; made if it is not there.")],
    pages: Annotated[bool, typer.Option("--pages/--no-pages", help="Also the pages to read, in DIR/pages.")] = True,
    definitions: Definitions = None,
) -> None:
    """Writes the installable package (.tgz), and pages that show it element by element. The same bytes each time."""
    from profiles import package_file
    from profiles.examples import each_once, examples

    artefacts = package_file.artefacts(definitions)
    out.mkdir(parents=True, exist_ok=True)
    file = out / package_file.FILE
    singles = each_once(examples())
    file.write_bytes(package_file.package(artefacts, singles))
    typer.echo(f"{file}: {len(artefacts)} definitions, {len(singles)} examples")
    if pages:
        from profiles.pages import pages as made_of

        made = made_of(artefacts, examples())
        folder = out / "pages"
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.html"):
            if old.name not in made:
                old.unlink()
        for name, content in made.items():
            (folder / name).write_text(content, encoding="utf-8", newline="\n")
        typer.echo(f"{folder / 'index.html'}: {len(made)} pages")


def check(definitions: Definitions = None) -> None:
    """The package checks itself: FHIR R4, names, references, codes, sources, examples. Exit 1 on a fault."""
    from profiles import package_file
    from profiles.examples import examples
    from profiles.self_check import self_check

    rows = self_check(package_file.artefacts(definitions), examples())
    width = max(len(row.name) for row in rows)
    for row in rows:
        verdict = f"{len(row.faults)} faults" if row.faults else "ok"
        typer.echo(f"{row.name:<{width}}  {row.count:>5}  {verdict}")
    for row in rows:
        for fault in row.faults[:_SHOWN]:
            typer.echo(f"fault: {fault}", err=True)
        if len(row.faults) > _SHOWN:
            typer.echo(f"fault: {row.name}: {len(row.faults) - _SHOWN} more", err=True)
    if any(row.faults for row in rows):
        raise typer.Exit(1)
