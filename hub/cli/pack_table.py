"""`handoff pack table`: a pack's code tables listed, shown, edited, reviewed, and exported as ConceptMap.

An edit keeps the file as it is but for the line it is about, says who made it and when, and is refused when it would
make the pack wrong.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from hub.cli import pack_report
from hub.cli.edge import say, write
from hub.cli.pack_folder import folder_of, own_folder, refused, replace_file
from mappings.errors import PackError

if TYPE_CHECKING:
    from mappings.packs.table_edit import Reviewer, Verdict
    from mappings.packs.table_text import TableText

Json = Annotated[bool, typer.Option("--json", help="The result as JSON, and errors as an OperationOutcome.")]
PackName = Annotated[str, typer.Argument(metavar="PACK", help="A pack's folder, or a shipped pack's id.")]
TableName = Annotated[str, typer.Argument(metavar="TABLE", help="A table of the pack, as pack.yaml names it.")]
By = Annotated[str, typer.Option("--by", help="Who decides: the name that is written beside it.")]
On = Annotated[str | None, typer.Option("--on", help="The day of the decision, YYYY-MM-DD; today by default.")]


def register(packs: typer.Typer) -> None:
    """Adds these commands to `handoff pack`."""
    tables = typer.Typer(help="Code tables: list, show, edit, review, export.", no_args_is_help=True)
    tables.command("list")(list_tables)
    tables.command("show")(show)
    tables.command("set")(set_code)
    tables.command("review")(review)
    tables.command("export")(export)
    packs.add_typer(tables, name="table")


def list_tables(pack: PackName, as_json: Json = False) -> None:
    """Lists a pack's tables: their files, how many codes are mapped, and how many lines wait for review."""
    rows = []
    with refused(as_json):
        folder = folder_of(pack)
        for name, file in _declared(folder).items():
            rows.append(pack_report.table_row(name, file, _text(folder, file)))
    if as_json:
        write({"tables": rows})
    else:
        typer.echo(pack_report.table_list(rows))


def show(
    pack: PackName,
    table: TableName,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only the lines that wait for review.")] = False,
    as_json: Json = False,
) -> None:
    """Shows a table's lines."""
    with refused(as_json):
        folder = folder_of(pack)
        text = _text(folder, _file(folder, table))
    records = [record for record in text.records if record.waits or not waiting]
    if as_json:
        write({"table": table, "lines": [{"line": record.line, **record.cells} for record in records]})
    else:
        typer.echo(pack_report.table_lines(text, records))


def set_code(
    pack: PackName,
    table: TableName,
    code: Annotated[str, typer.Argument(metavar="CODE", help="The agency's code, or a unit's id.")],
    cells: Annotated[list[str], typer.Argument(metavar="COLUMN=VALUE...", help="What to write beside it.")],
    by: By,
    on: On = None,
    as_json: Json = False,
) -> None:
    """Writes what a code means, in the line it has or in a new one. The line is reviewed by that."""
    from mappings.packs import table_edit

    changes: dict[str, str] = {}
    for cell in cells:
        column, equals, value = cell.partition("=")
        if not equals:
            raise typer.BadParameter("COLUMN=VALUE is expected", param_hint="COLUMN=VALUE")
        changes[column.strip()] = value.strip()
    reviewer = _reviewer(by, on)
    _edit(pack, table, lambda text: table_edit.set_code(text, code, changes, reviewer), as_json)


def review(
    pack: PackName,
    table: TableName,
    by: By,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="CODE", help="Take what is suggested. Repeatable.")
    ] = None,
    clear: Annotated[
        list[str] | None, typer.Option("--clear", metavar="CODE", help="A known code, mapped to nothing. Repeatable.")
    ] = None,
    rest: Annotated[
        bool, typer.Option("--rest", help="Also every other waiting code that nothing is suggested for, as --clear.")
    ] = False,
    on: On = None,
    as_json: Json = False,
) -> None:
    """Decides lines that wait for review. A suggestion is taken by naming its code, never all at once."""
    from mappings.packs import table_edit

    verdicts: dict[str, Verdict] = dict.fromkeys(accept or (), "accept")
    verdicts |= dict.fromkeys(clear or (), "clear")
    if not verdicts and not rest:
        raise typer.BadParameter("--accept, --clear or --rest is expected")
    if set(accept or ()) & set(clear or ()):
        raise typer.BadParameter("a code is either accepted or cleared")
    reviewer = _reviewer(by, on)

    def decided(text: TableText) -> TableText:
        found = table_edit.review(text, verdicts, reviewer)
        if rest:
            left = [r for r in table_edit.waiting(found) if not table_edit.suggests(found, r)]
            found = table_edit.review(found, {record.code: "clear" for record in left}, reviewer)
        return found

    _edit(pack, table, decided, as_json)


def export(
    pack: PackName,
    table: TableName,
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="A file; else standard output.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="The ConceptMap's canonical url.")] = None,
    as_json: Json = False,
) -> None:
    """Writes a table of codes as a FHIR R4 ConceptMap. Lines that wait for review are not in it."""
    from mappings.packs import compile_pack
    from mappings.packs.table_edit import concept_map
    from mappings.packs.tables import Table

    with refused(as_json):
        compiled = compile_pack(folder_of(pack))
        found = compiled.tables.get(table)
        if not isinstance(found, Table):
            names = ", ".join(name for name, one in compiled.tables.items() if isinstance(one, Table))
            raise PackError("pack.no-table", "expected a table of codes: " + (names or "(none)"))
        canonical = url or f"{found.system or 'urn'}/ConceptMap/{compiled.id}-{table}"
        made = concept_map(found, pack=compiled.id, version=compiled.version, url=canonical)
    if out is None:
        write(made, pretty=True)
    else:
        replace_file(out, orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def _reviewer(by: str, on: str | None) -> Reviewer:
    from mappings.packs.table_edit import Reviewer

    if not by.strip():
        raise typer.BadParameter("a name is expected", param_hint="--by")
    day = on or datetime.now(UTC).date().isoformat()
    try:
        right = date.fromisoformat(day).isoformat() == day
    except ValueError:
        right = False
    if not right:
        raise typer.BadParameter("a date as YYYY-MM-DD is expected", param_hint="--on")
    return Reviewer(by=by.strip(), on=day)


def _declared(folder: Any) -> dict[str, str]:
    """The tables that pack.yaml names, with their files; the pack need not compile."""
    from mappings.packs.load import load_yaml, read_text

    root = load_yaml(read_text(folder, "pack.yaml"), "pack.yaml").mapping()
    tables = root["tables"].mapping() if "tables" in root else {}
    return {name: spec.mapping(required=("file",))["file"].text() for name, spec in tables.items()}


def _file(folder: Any, table: str) -> str:
    declared = _declared(folder)
    if table not in declared:
        raise PackError("pack.no-table", "expected a table of the pack: " + (", ".join(declared) or "(none)"))
    return declared[table]


def _text(folder: Any, file: str) -> TableText:
    from mappings.packs.load import read_text
    from mappings.packs.table_text import TableText

    return TableText.of(read_text(folder, file))


def _edit(pack: str, table: str, change: Any, as_json: bool) -> None:
    """Write a changed table, where the pack has no mistake by it that it had not before."""
    from mappings.packs.lint import lint
    from mappings.packs.load import read_text
    from mappings.packs.table_text import TableText

    with refused(as_json):
        folder = own_folder(pack)
        file = _file(folder, table)
        read_text(folder, file)  # a file of the pack, in UTF-8
        with (folder / file).open(encoding="utf-8", newline="") as given:
            before = TableText.of(given.read())
        after = change(before)
        known = {issue.text for issue in lint(folder) if issue.path.startswith(f"{file}:")}
        wrong = [
            issue
            for issue in lint(folder, {file: str(after).encode()})
            if issue.severity == "error" and issue.path.startswith(f"{file}:") and issue.text not in known
        ]
        if wrong:
            say(wrong, as_json=as_json)
            raise typer.Exit(2)
        replace_file(folder / file, str(after))
    row = pack_report.table_row(table, file, after)
    if as_json:
        write(row)
    else:
        typer.echo(pack_report.table_list([row]))
