"""What `handoff pack` prints: results of `mappings.packs` as lines for people, and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mappings.packs.compare import Comparison
    from mappings.packs.coverage import Coverage, TableCoverage
    from mappings.packs.file_form import FileForm
    from mappings.packs.infer import Inference
    from mappings.packs.table_text import Record, TableText

_SIGNS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def grid(rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> str:
    """Rows in columns as wide as they need; those in `right` end at the same place."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in texts) for place in range(len(texts[0]))] if texts else []
    lines = []
    for row in texts:
        cells = [
            cell.rjust(width) if n in right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def form(found: FileForm) -> str:
    """How a file is written."""
    source = found.source
    parts = [source.format]
    if source.format in ("csv", "json", "ndjson"):
        parts.append(source.encoding)
    if source.format == "csv":
        parts.append(f"delimiter {_SIGNS.get(source.delimiter, source.delimiter)}")
    if source.columns:
        parts.append(f"{len(source.columns)} columns")
        parts.append("with a header line" if source.headed else "without a header line")
    if source.rows:
        parts.append(f"rows at {'.'.join(source.rows)}")
    return ", ".join(parts)


def inference(found: Inference) -> str:
    """The columns with what they seem to be, the tables, and what a person has to look at."""
    rows: list[Sequence[object]] = [("column", "rows", "seems to be", "as")]
    formats = {name: stage for stage in reversed(found.stages) for name in stage.columns}
    for one in found.columns:
        stage = formats.get(one.name)
        how = " or ".join(stage.formats) if stage is not None else ""
        rows.append((one.name, one.filled, one.use or "?", how))
    parts = [f"{found.rows} rows read, {found.rejected} rejected; {form(found.form)}", "", grid(rows, right=(1,))]
    if found.lists:
        parts.append("repeated groups: " + ", ".join(f"{path}[]" for path in found.lists))
    if found.tables:
        parts += ["", "codes, each waiting for review:"]
        lines = []
        for table in found.tables:
            hinted = sum(code.suggestion is not None for code in table.codes)
            to = f", {hinted} with a suggestion" if table.target is not None else ""
            lines.append(f"  {table.name} ({', '.join(table.fields)}): {len(table.codes)}{to}")
        parts += lines
    if found.findings:
        parts += ["", "to look at:"]
        parts += [f"  {one.column}: {one.text}" if one.column else f"  {one.text}" for one in found.findings]
    return "\n".join(parts)


def examples(pack: str, results: Sequence[dict[str, Any]], *, updated: bool) -> str:
    """The examples of a pack, and in which fields one differs."""
    if not results:
        return f"{pack}: no examples: name one under `examples` in pack.yaml"
    lines = []
    for one in results:
        counted = f"{one['records']} records" + (f", {one['rejected']} rejected" if one["rejected"] else "")
        verdict = "as expected" if not one["differs"] else "written" if updated else "differs"
        lines.append(f"{one['example']}: {counted}: {verdict}")
        if one["differs"] and not updated:
            lines += [f"  {path}" for path in one["differs"][:20]]
            if len(one["differs"]) > 20:
                lines.append(f"  and {len(one['differs']) - 20} more")
    return "\n".join(lines)


def coverage(found: Coverage, top: int) -> str:
    """Columns, tables and issues over a file."""
    parts = [f"{found.pack} version {found.version}: {found.rows} rows, {found.incidents} records made"]
    parts += [f"  rejected: {n} by {rule}" for rule, n in found.rejected.items()]
    columns: list[Sequence[object]] = [("column", "is", "rows")]
    columns += [(one.name, one.use + (f" ({one.rule})" if one.rule else ""), one.rows) for one in found.columns]
    parts += ["", grid(columns, right=(2,))]
    if found.tables:
        rows: list[Sequence[object]] = [
            ("table", "codes", "mapped", "known", "unmapped", "rows", "mapped", "known", "")
        ]
        rows += [_table_row(table) for table in found.tables]
        parts += ["", grid(rows, right=(1, 2, 3, 4, 5, 6, 7))]
    for table in found.tables:
        lost = [code for code in table.codes if code.state == "unmapped"]
        if not lost and not table.unlisted:
            continue
        parts.append("")
        parts.append(f"not in the table {table.name}:")
        if lost[:top]:
            parts.append(grid([(f"  {code.code}", code.rows) for code in lost[:top]], right=(1,)))
        more = len(lost) - len(lost[:top])
        if more:
            parts.append(f"  and {more} more")
        if table.unlisted:
            parts.append(f"  and {table.unlisted} that may not be codes: not listed")
    if found.issues:
        parts += ["", grid([("issue", "at", "rows"), *((r, p, n) for (r, p), n in found.issues.items())], right=(2,))]
    parts += ["", "functions: " + (", ".join(found.functions) or "none")]
    return "\n".join(parts)


def _table_row(table: TableCoverage) -> tuple[object, ...]:
    codes = sum(count for count, _ in table.counts.values())
    rows = sum(volume for _, volume in table.counts.values())
    share = f"{100 * (rows - table.counts['unmapped'][1]) / rows:.1f} % in the table" if rows else ""
    different = [table.counts[state][0] for state in ("mapped", "known", "unmapped")]
    volumes = [table.counts[state][1] for state in ("mapped", "known")]
    return (table.name, codes, *different, rows, *volumes, share)


def coverage_json(found: Coverage) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "pack": found.pack,
        "version": found.version,
        "rows": found.rows,
        "incidents": found.incidents,
        "rejected": dict(found.rejected),
        "columns": found.columns,
        "tables": [
            {
                "name": table.name,
                "counts": {s: {"codes": count, "rows": rows} for s, (count, rows) in table.counts.items()},
                "codes": table.codes,
                "unlisted": table.unlisted,
            }
            for table in found.tables
        ],
        "issues": [{"rule": rule, "path": path, "rows": n} for (rule, path), n in found.issues.items()],
        "functions": found.functions,
    }


def comparison(found: Comparison, *, values: bool) -> str:
    """What changes between two versions, by field, and the first records that do."""
    parts = [f"{found.records} records in both, {found.changed} changed"]
    if found.only_old or found.only_new:
        parts.append(f"{found.only_old} only in the old, {found.only_new} only in the new")
    if found.rejected_old or found.rejected_new:
        parts.append(f"rejected rows: {found.rejected_old} before, {found.rejected_new} after")
    if found.paths:
        parts += ["", grid([("field", "records"), *found.paths.items()], right=(1,))]
    if found.issues:
        rows = [(rule, path, f"{n:+}") for (rule, path), n in found.issues.items()]
        parts += ["", grid([("issue", "at", "records"), *rows], right=(2,))]
    if found.changes:
        parts.append("")
        for change in found.changes:
            if not values:
                parts.append(f"row {change.row}: " + ", ".join(one.path for one in change.fields))
                continue
            parts.append(f"row {change.row}, {change.number}:")
            parts += [f"  {one.path}: {_said(one.old)} -> {_said(one.new)}" for one in change.fields]
        if found.changed > len(found.changes):
            parts.append(f"and {found.changed - len(found.changes)} more")
    return "\n".join(parts)


def _said(value: Any) -> str:
    return "(nothing)" if value is None else str(value)


def comparison_json(found: Comparison, *, values: bool) -> dict[str, Any]:
    """The same as JSON."""
    changes = [
        {
            "row": change.row,
            **({"number": change.number} if values else {}),
            "fields": change.fields if values else [one.path for one in change.fields],
        }
        for change in found.changes
    ]
    return {
        "records": found.records,
        "changed": found.changed,
        "only_old": found.only_old,
        "only_new": found.only_new,
        "rejected_old": found.rejected_old,
        "rejected_new": found.rejected_new,
        "paths": dict(found.paths),
        "issues": [{"rule": rule, "path": path, "records": n} for (rule, path), n in found.issues.items()],
        "changes": changes,
    }


def table_row(name: str, file: str, text: TableText) -> dict[str, Any]:
    """A table in figures: its lines, how many say what a code means to us, how many wait."""
    from mappings.packs.table_edit import suggests

    settled = [record for record in text.records if not record.waits]
    return {
        "table": name,
        "file": file,
        "lines": len(text.records),
        "mapped": sum(suggests(text, record) for record in settled),
        "known": sum(not suggests(text, record) for record in settled),
        "waiting": len(text.records) - len(settled),
    }


def table_list(rows: Sequence[dict[str, Any]]) -> str:
    """Tables in figures, a line each."""
    if not rows:
        return "no tables"
    return grid([tuple(rows[0]), *(tuple(row.values()) for row in rows)], right=(2, 3, 4, 5))


def table_lines(text: TableText, records: Sequence[Record]) -> str:
    """The lines of a table, by the columns that any of them fills."""
    columns = [column for column in text.columns if any(record.cells.get(column) for record in records)]
    if not records:
        return "no lines"
    return grid(
        [("line", *columns), *((r.line, *(r.cells[column] for column in columns)) for r in records)], right=(0,)
    )
