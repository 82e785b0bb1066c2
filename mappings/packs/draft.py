"""A draft of a pack, from what a file seems to hold: pack.yaml and code tables, for a person to confirm.

Each guess that is less than plain has `CONFIRM` beside it. The zone is never guessed: without one the draft does not
compile, and says where it wants it. Suggested codes stand in lines with `review: true`, which map nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Iterable, Mapping

from mappings.packs.file_form import FileForm
from mappings.packs.infer import CodeFound, CodesFound, Inference
from mappings.packs.stage_guess import StageGuess
from mappings.packs.tables import REVIEW_COLUMNS

#: The first line of a pack.yaml that may be written over, since nobody has worked on it.
MARK = "# A draft, from a sample file. What says CONFIRM needs a person; delete this line when you begin."

_PLAIN = re.compile(r"[A-Za-z_](?:[\w ./-]{0,78}[\w./-])?\Z", re.ASCII)
#: What YAML does not take as it is (YAML 1.1, 5.1).
_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LINE = 110
_ZONE = "CONFIRM"
_SINGLE = ("event_number", "case_number")
_CODED = ("type_initial", "type_final", "priority", "received_by")
_PLACE = ("text", "city", "state", "postal_code", "cross_street", "beat", "latitude", "longitude")
_TABLE_OF = {"type_initial": "type", "type_final": "type", "received_by": "received-by"}


def word(text: str) -> str:
    """A text as a YAML scalar, quoted where it has to be."""
    if _PLAIN.match(text) and text.casefold() != "null":
        return text
    return _UNPRINTED.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))


def skeleton(form: FileForm, *, pack: str, agency: str, zone: str | None, posture: str | None = None) -> str:
    """A pack.yaml with the source as it seems to be written, and nothing mapped yet."""
    number = "incident:\n  event_number: {from: CONFIRM}  # the column of the event number\n"
    return "\n".join((MARK, _head(pack, agency, zone, posture), _source(form, None), number))


def draft(
    found: Inference,
    *,
    pack: str,
    agency: str,
    zone: str | None,
    posture: str | None = None,
    source: str | None = None,
) -> Mapping[str, str]:
    """The files of the draft, by their names in the pack's folder: pack.yaml and tables/*.csv.

    `source` is the text of a `source:` section that a person has settled; it stays, and gets a `key` if it has none.
    """
    key = found.column("event_number") or found.column("case_number")
    if source is None:
        written = _source(found.form, key)
    else:
        written = source.rstrip() + "\n"
        if key is not None and written.startswith("source:\n") and not re.search(r"^ +key:", written, re.MULTILINE):
            written += f"  key: {word(key)}\n"
    parts = [MARK, _head(pack, agency, zone, posture), written, _tables(found, agency), _incident(found)]
    parts += [_cjis(found), _rest(found), _EXAMPLES]
    files = {"pack.yaml": "\n".join(part for part in parts if part)}
    for table in found.tables:
        files[f"tables/{table.name}.csv"] = _table(table)
    return files


def source_text(text: str) -> str | None:
    """The `source:` section of a pack.yaml as it is written, comments in it included; None where there is none."""
    found = re.search(
        r"^source:.*\n(?:[ \t#].*\n|\n(?=[ \t]))*", text if text.endswith("\n") else text + "\n", re.MULTILINE
    )
    return found.group() if found is not None else None


_EXAMPLES = """\
# Once it compiles, add an example of invented people and run `handoff pack test --update`:
# examples:
#   - {in: examples/calls.csv, incident: examples/calls.incident.json}
"""


def _head(pack: str, agency: str, zone: str | None, posture: str | None) -> str:
    lines = ["pack:", f"  id: {word(pack)}", "  version: 1", "  agency:", f"    id: {word(agency)}"]
    if zone is None:
        lines.append(
            f"    tz: {_ZONE}  # the IANA zone of the local times, such as America/Denver; it is never guessed"
        )
    else:
        lines.append(f"    tz: {word(zone)}")
    if posture is None:
        lines.append("    # posture: law-enforcement  # CONFIRM: who the agency is in law")
    else:
        lines.append(f"    posture: {posture}")
    return "\n".join(lines) + "\n"


def _source(form: FileForm, key: str | None) -> str:
    source = form.source
    lines = ["source:", f"  format: {source.format}"]
    if source.encoding != "utf-8":
        lines.append(f"  encoding: {source.encoding}  # CONFIRM: look at letters with accents")
    if source.format == "csv" and source.delimiter != ",":
        lines.append(f"  delimiter: {'tab' if source.delimiter == chr(9) else word(source.delimiter)}")
    if source.skip:
        lines.append(f"  skip: {source.skip}")
    if source.columns:
        name = "columns" if source.headed else "header"
        lines.append(_listed(f"  {name}: ", source.columns))
    if source.rows:
        lines.append(f"  rows: {word('.'.join(source.rows))}  # CONFIRM: the path to one call")
    if source.namespaces:
        spaces = ", ".join(f"{word(prefix)}: {word(uri)}" for prefix, uri in source.namespaces.items())
        lines.append(f"  namespaces: {{{spaces}}}")
    if key is not None:
        lines.append(f"  key: {word(key)}")
    return "\n".join(lines) + "\n"


def _listed(start: str, items: Iterable[str]) -> str:
    """A list in brackets, over several lines where it is long. A name is never broken."""
    lines: list[str] = []
    line = start + "["
    inner = " " * len(line)
    for item in items:
        piece = word(item) + ", "
        if len(line) + len(piece) > _LINE and line.strip() != "[":
            lines.append(line.rstrip())
            line = inner
        line += piece
    return "\n".join((*lines, line.removesuffix(", ") + "]"))


def _tables(found: Inference, agency: str) -> str:
    if not found.tables:
        return ""
    lines = ["tables:"]
    for table in found.tables:
        system = "" if table.name == "unit" else f', system: "urn:{agency}:{table.name}"'
        lines.append(f"  {table.name}: {{file: tables/{table.name}.csv{system}}}")
    return "\n".join(lines) + "\n"


def _incident(found: Inference) -> str:
    lines = ["incident:"]
    tabled = {name: table.name for table in found.tables for name in table.fields}
    if found.column("event_number") is None and found.column("case_number") is None:
        lines.append("  event_number: {from: CONFIRM}  # no column has the name of a number")
    for use in _SINGLE:
        column = found.column(use)
        if column is not None:
            lines.append(f"  {use}: {{from: {word(column)}}}{_doubt(found, use)}")
    for use in (*_CODED, "disposition"):
        column = found.column(use)
        if column is not None:
            lines.append(f"  {use}: {_coded(found, use, column, tabled.get(use))}{_doubt(found, use)}")
    for stage in found.stages:
        lines += _stage(stage)
    column = found.column("units")
    if column is not None and "units" in tabled:
        lines.append(f'  units: {{from: {word(column)}, split: [",", ";"], for_each: {{table: unit}}}}')
    place = [
        f"    {part}: {{from: {word(name)}}}" for part in _PLACE if (name := found.column(f"place.{part}")) is not None
    ]
    if place:
        lines += ["  place:", *place]
    told = [one.name for one in found.columns if one.use == "narrative"]
    if told:
        lines.append("  narratives:  # CONFIRM who wrote them: add organization, and origin: dispatcher or officer")
        lines += [f"    - {{from: {word(name)}, kind: cad-note}}" for name in told]
    return "\n".join(lines) + "\n"


def _coded(found: Inference, use: str, column: str, table: str | None) -> str:
    words = found.column(f"{use}.text")
    inner = [f"from: {word(column)}"]
    if words is not None:
        inner.append(f"text: {word(words)}")
    if table is not None:
        inner.append(f"table: {table}")
    return "{" + ", ".join(inner) + "}"


def _doubt(found: Inference, use: str) -> str:
    one = next((column for column in found.columns if column.use == use), None)
    unsure = one is None or one.role is None or one.role.confidence < 0.8
    return "  # CONFIRM" if unsure else ""


def _stage(stage: StageGuess) -> list[str]:
    several = len(stage.columns) > 1
    columns = "[" + ", ".join(map(word, stage.columns)) + "]" if several else word(stage.columns[0])
    formats = [word(text) for text in stage.formats]
    inner = [f"from: {columns}"]
    if several:
        inner.append('join: " "')
    inner.append(f"datetime: {formats[0] if len(formats) == 1 else '[' + ', '.join(formats) + ']'}")
    if stage.zero_pad is not None:
        inner.append(f"zero_pad: {{{word(stage.zero_pad[0])}: {stage.zero_pad[1]}}}")
    if stage.unknown_time is not None:
        inner.append(f"unknown_time: {word(stage.unknown_time)}")
    if stage.unknown_date is not None:
        inner.append(f"unknown_date: {word(stage.unknown_date)}")
    comments = [f"  # CONFIRM: {doubt}" for doubt in stage.doubts]
    line = f"  {stage.stage}: {{{', '.join(inner)}}}"
    if len(line) <= _LINE:
        return [*comments, line]
    return [*comments, f"  {stage.stage}:", *(f"    {one}" for one in inner)]


def _cjis(found: Inference) -> str:
    gated: dict[str, list[str]] = {}
    for one in found.columns:
        if one.use.startswith("cjis."):
            gated.setdefault(one.use.removeprefix("cjis."), []).append(one.name)
    if not gated:
        return ""
    lines = ["# Criminal justice information: counted, never read.", "cjis:"]
    lines += [_listed(f"  {name}: ", columns) for name, columns in gated.items()]
    return "\n".join(lines) + "\n"


def _rest(found: Inference) -> str:
    """The columns that the draft does not read, each with what it may be."""
    why = {one.column: one.text for one in found.findings}
    lines = []
    for one in found.columns:
        if one.use == "person":
            lines.append(f"#   {word(one.name)}: of a person: say under `persons` who it is (subject, caller, ...)")
        elif one.use == "derived":
            lines.append(
                f"#   {word(one.name)}: seems to be a length of time or a place on a map: made from other facts"
            )
        elif one.use == "" or (one.use == "units" and not any(table.name == "unit" for table in found.tables)):
            lines.append(f"#   {word(one.name)}" + (f": {why[one.name]}" if one.name in why else ""))
    lines += [f"#   {word(path)}[]: a repeated group; `for_each` maps its items" for path in found.lists]
    if not lines:
        return ""
    head = "# Not read by this draft. Map each, or name it under `drop:` with the reason:"
    return "\n".join((head, *(line for one in lines for line in _wrapped(one)))) + "\n"


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, 116, subsequent_indent="#     ", break_long_words=False) or [line]


def _table(table: CodesFound) -> str:
    """The table's CSV: every code in a line of its own that waits for review."""
    target: list[str] = [table.target] if table.target is not None else []
    if table.target == "field_disposition":
        target.append("refers_to")
    header = ["id", "kind", "role", "employer"] if table.name == "unit" else ["code", "text", *target]
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow([*header, *REVIEW_COLUMNS, "note"])
    for code in table.codes:
        cells = [code.code, *([""] * (len(header) - 1))]
        if table.name != "unit":
            cells[1] = code.text or ""
        if code.suggestion is not None:
            cells[2] = code.suggestion.code
        writer.writerow([*cells, "true", "", "", _note(code)])
    return made.getvalue()


def _note(code: CodeFound) -> str:
    rows = f"on {code.rows} row{'s' if code.rows != 1 else ''}"
    if code.suggestion is None:
        return rows
    return f"{rows}; suggested with {code.suggestion.confidence:.2f}: {code.suggestion.because}"
