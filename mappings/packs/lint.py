"""What is wrong with a pack, and what a reviewer would ask: every finding with file, line, key and what is expected.

Errors are those of compiling, all of them in one run: a table is read on behind a line that is wrong. Warnings and
notes are about what compiles and may not be meant: a column that nothing reads, a table that nothing uses, lines that
wait for review.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mappings.errors import PackError
from mappings.packs.load import Folder, Spec, load_yaml, read_text
from mappings.packs.pack import Pack
from mappings.packs.table_text import TableText
from mappings.packs.tables import Table
from profiles.issue import Issue, Severity

#: Rounds of reading a table on behind a wrong line. Each round finds one line a table.
_ROUNDS = 500


class Overlaid:
    """A pack's folder with other bytes for some of its files. It has what `compile_pack` asks of a folder."""

    def __init__(self, folder: Any, texts: Mapping[str, bytes], name: str = "") -> None:
        self._folder, self._texts, self._name = folder, texts, name

    def __truediv__(self, part: str) -> Overlaid:
        return Overlaid(self._folder / part, self._texts, f"{self._name}/{part}" if self._name else part)

    def is_dir(self) -> bool:
        return bool(self._folder.is_dir())

    def is_file(self) -> bool:
        return self._name in self._texts or bool(self._folder.is_file())

    def read_bytes(self) -> bytes:
        found = self._texts.get(self._name)
        return bytes(self._folder.read_bytes()) if found is None else found


def lint(folder: Folder, texts: Mapping[str, bytes] | None = None) -> tuple[Issue, ...]:
    """The findings about the pack in this folder, errors first; none is a pack that nobody has a question about.

    Reads the pack's own files as `compile_pack` does, and no data. `texts` are other contents for some of them, such as
    an edit that is not written yet. Raises nothing on a wrong pack.
    """
    if texts:
        folder = Overlaid(folder, texts)  # type: ignore[assignment]
    pack, errors = _compiled(folder)
    found = list(errors)
    try:
        root = load_yaml(read_text(folder, "pack.yaml"), "pack.yaml")
    except PackError:
        return tuple(found)
    found += _waiting(folder, root, {issue.path for issue in errors})
    if pack is not None:
        found += _columns(pack, root)
        found += _tables(pack, root)
        found += _organizations(pack, root)
        found += _declared(pack, root)
    ranks = {"fatal": 0, "error": 0, "warning": 1, "information": 2}
    return tuple(sorted(found, key=lambda issue: ranks[issue.severity]))


def _compiled(folder: Folder) -> tuple[Pack | None, list[Issue]]:
    """The pack without its wrong lines, None where it does not compile even so; and every error."""
    texts: dict[str, bytes] = {}
    errors: dict[Issue, None] = {}
    for _ in range(_ROUNDS):
        try:
            return Pack(Overlaid(folder, texts)), list(errors)  # type: ignore[arg-type]
        except PackError as error:
            new = [issue for issue in error.issues if issue not in errors]
            errors |= dict.fromkeys(error.issues)
            behind = [_without_line(folder, texts, issue) for issue in new]
            if not any(behind):
                break
    return None, list(errors)


def _without_line(folder: Folder, texts: dict[str, bytes], issue: Issue) -> bool:
    """Take a wrong line out of its table, so that the lines behind it are read. False where it is no such line."""
    file, _, rest = issue.path.partition(":")
    line = rest.partition(":")[0]
    if issue.rule != "pack.table" or not file.endswith(".csv") or not line.isdigit() or int(line) < 2:
        return False
    try:
        text = texts[file].decode("utf-8-sig") if file in texts else read_text(folder, file)
        made = TableText.of(text).blanked(int(line))
    except PackError:
        return False
    if made is None:
        return False
    texts[file] = made.encode()
    return True


def _issue(severity: Severity, rule: str, at: Spec | str, text: str, code: str = "business-rule") -> Issue:
    path = at if isinstance(at, str) else f"{at.file}:{at.line}:{at.key}"
    return Issue(severity=severity, code=code, rule=rule, path=path, text=text)


def _waiting(folder: Folder, root: Spec, known: set[str]) -> Iterator[Issue]:
    """Lines of tables that wait for review, and those that could not be taken since their code is there already."""
    for file in _files(root):
        try:
            text = TableText.of(read_text(folder, file))
        except PackError:
            continue
        waiting = [record for record in text.records if record.cells.get("review") == "true"]
        if not waiting:
            continue
        words = f"{len(waiting)} lines wait for review and map nothing until a person takes them"
        yield _issue("information", "pack.waiting", f"{file}:{waiting[0].line}:review", words, "informational")
        taken: dict[str, int] = {}
        lines = {record.line for record in waiting}
        for record in text.records:
            key = record.normal
            if not key:
                continue
            first = taken.setdefault(key, record.line)
            path = f"{file}:{record.line}:{text.key}"
            if first != record.line and (first in lines or record.line in lines) and path not in known:
                expected = (
                    f"expected each {text.key} once (case, punctuation and spaces do not count); line {first} has it"
                )
                yield _issue("warning", "pack.table", path, expected, "duplicate")


def _files(root: Spec) -> Iterator[str]:
    if not root.is_mapping or "tables" not in root.mapping() or not root.mapping()["tables"].is_mapping:
        return
    for table in root.mapping()["tables"].mapping().values():
        if table.is_mapping and "file" in table.mapping() and table.mapping()["file"].is_text:
            yield str(table.mapping()["file"].value)


def columns_read(root: Spec) -> frozenset[str]:
    """The columns and paths that `incident` names, as they are written there."""
    return frozenset(_read(root.mapping()["incident"])) if "incident" in root.mapping() else frozenset()


def _read(spec: Spec, names: bool = False) -> Iterator[str]:
    """Texts under `from` and `text`, and the names under what asks of columns."""
    if spec.is_mapping:
        for key, value in spec.mapping().items():
            if names:
                yield key
            if key in ("from", "text") and not value.is_mapping:
                yield from (str(item.value) for item in value.items() if item.is_text)
            yield from _read(value, key in ("when", "zero_pad", "width"))
    elif spec.is_list:
        for item in spec.items():
            yield from _read(item)


def dropped_columns(root: Spec) -> Mapping[str, str]:
    """The columns under `drop` and `cjis`, each with its rule."""
    found: dict[str, str] = {}
    sections = root.mapping()
    if "drop" in sections:
        found |= dict.fromkeys(sections["drop"].mapping(), "pack.drop")
    if "cjis" in sections:
        for name, columns in sections["cjis"].mapping().items():
            found |= {column.text(): f"cjis.{name}" for column in columns.items()}
    return found


def _columns(pack: Pack, root: Spec) -> Iterator[Issue]:
    """Columns of a table that nothing reads and nothing drops."""
    source = root.mapping()["source"].mapping()
    listed = source.get("columns") or source.get("header")
    if listed is None:
        return
    used = columns_read(root) | dropped_columns(root).keys() | {pack.source.group}
    items = listed.mapping().items() if listed.is_mapping else ((str(one.value), one) for one in listed.items())
    for name, spec in items:
        if name not in used:
            expected = f"nothing reads {name}: map it, or say under `drop` why not"
            yield _issue("warning", "pack.unused-column", spec, expected)


def table_uses(root: Spec) -> Mapping[str, frozenset[str]]:
    """The tables that `incident` names, each with the columns whose cells are looked up in it."""
    found: dict[str, set[str]] = {}

    def walk(spec: Spec, columns: tuple[str, ...]) -> None:
        if spec.is_mapping:
            keys = spec.mapping()
            if "from" in keys and not keys["from"].is_mapping:
                here = tuple(str(item.value) for item in keys["from"].items() if item.is_text)
                columns = columns if here == (".",) else here
            if "table" in keys and keys["table"].is_text:
                found.setdefault(str(keys["table"].value), set()).update(columns)
            for value in keys.values():
                walk(value, columns)
        elif spec.is_list:
            for item in spec.items():
                walk(item, columns)

    if "incident" in root.mapping():
        walk(root.mapping()["incident"], ())
    return {name: frozenset(columns) for name, columns in found.items()}


def _tables(pack: Pack, root: Spec) -> Iterator[Issue]:
    used = table_uses(root)
    declared = root.mapping()["tables"].mapping() if "tables" in root.mapping() else {}
    for name, spec in declared.items():
        if name not in used:
            expected = "no field has `table: " + name + "`: use this table, or take it out"
            yield _issue("warning", "pack.unused-table", spec, expected)
        table = pack.tables.get(name)
        if isinstance(table, Table) and table.system is None and any(entry.mapped for entry in table.entries):
            expected = "expected `system`: without one its codes of different agencies look the same"
            yield _issue("warning", "pack.no-system", spec, expected)


def _organizations(pack: Pack, root: Spec) -> Iterator[Issue]:
    """Organizations that a table names and the pack does not declare, where it declares any."""
    if not pack.agency.organizations:
        return
    known = {pack.agency.id, *(one.id for one in pack.agency.organizations)}
    for table in pack.tables.values():
        for entry in table.entries:
            named = ("refers_to", entry.refers_to) if hasattr(entry, "refers_to") else ("employer", entry.employer)
            if named[1] is not None and named[1] not in known:
                expected = "expected one of `organizations`, or the agency"
                yield _issue("warning", "pack.organization", f"{table.file}:{entry.line}:{named[0]}", expected)


def _declared(pack: Pack, root: Spec) -> Iterator[Issue]:
    """What a pack may leave open, and its users then meet as a hold."""
    agency = root.mapping()["pack"].mapping()["agency"]
    if pack.agency.posture is None:
        expected = "expected `posture`: who the agency is in law; without one every release is held"
        yield _issue("warning", "pack.no-posture", agency, expected)
    told = root.mapping()["incident"].mapping().get("narratives")
    for item in told.items() if told is not None else ():
        one = next((item.mapping()[key] for key in ("for_each", "each_row") if key in item.mapping()), item)
        if one.is_mapping and "organization" not in one.mapping():
            expected = "expected `organization`: a text of undeclared origin is held as if it were under Part 2"
            yield _issue("warning", "pack.narrative-origin", item, expected)
    if not pack.examples:
        expected = "expected `examples`: the pack has no test"
        yield _issue("warning", "pack.no-example", root.mapping()["pack"], expected)
