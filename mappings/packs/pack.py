"""A mapping pack: one folder (pack.yaml, code tables as CSV, examples) that turns a source's rows into Incidents.

    pack = load_pack("new-orleans-cad")        # a shipped one
    pack = load_pack(Path("my-pack"))          # a folder of your own
    for incident in pack(file): ...            # or of bytes; pack(row) of one mapping; pack(rows) of several

A pack ends at the Incident: it never names a FHIR element, so it cannot break conformance. It is compiled once to
closures and holds no state of what it read but look-ups it remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias, overload

from mappings.errors import PackError
from mappings.found import said
from mappings.incident import Agency, Incident, Rejected
from mappings.packs.code_verbs import Tables
from mappings.packs.declaration import IDENTIFIER, all_of, collecting, example, functions, head, source
from mappings.packs.delimited import loosely
from mappings.packs.formats import READERS
from mappings.packs.groups import grouped
from mappings.packs.load import Folder, load_yaml, read_text
from mappings.packs.reading import Reader
from mappings.packs.source import Input, Layout, Place, Row, Source
from mappings.packs.tables import load_table

#: A row as it was read: its position from 0, its line (0 where a format has none), its file's layout, and itself.
Given: TypeAlias = "tuple[int, int, Layout, Row | Rejected]"


class Pack:
    """A compiled pack. Call it on a row, an iterable of rows or a file; it may be used from several threads.

    `id`, `version`; `agency` as the pack declares it; `functions` the registered Python functions it uses;
    `examples` the names of its example inputs and of the Incidents expected of them.
    """

    def __init__(self, folder: Folder) -> None:
        text = read_text(folder, "pack.yaml")
        root = load_yaml(text, "pack.yaml")
        self._folder = folder
        self._root = root
        sections = root.mapping(
            ("pack", "source", "organizations", "tables", "incident", "drop", "cjis", "examples"),
            ("pack", "source", "incident"),
        )
        errors: list[PackError] = []
        self.id, self.version, self.agency = "", "", Agency(id="")
        self.source = Source(format="")
        self.tables: Tables = {}
        # Each part that stands alone is compiled, so that one run names every mistake.
        with collecting(errors):
            self.id, self.version, self.agency = head(sections["pack"], sections.get("organizations"))
        with collecting(errors):
            self.source, self._empty, self._key = source(sections["source"])
        if "tables" in sections:
            for name, spec in sections["tables"].mapping().items():
                with collecting(errors):
                    self.tables[name] = load_table(spec, name, folder)
        if not errors:
            with collecting(errors):
                self._reader(self.agency, errors)
        self.examples: tuple[tuple[str, str], ...] = ()
        if "examples" in sections:
            with collecting(errors):
                self.examples = tuple(example(spec, folder) for spec in sections["examples"].items())
        if errors:
            raise all_of(errors)
        self.functions = tuple(sorted(set(functions(sections["incident"]))))

    def __reduce__(self) -> tuple[Callable[[str], Pack], tuple[str]]:
        # Closures cannot be pickled; another process compiles its own.
        return load_pack, (self.id if not isinstance(self._folder, Path) else str(self._folder),)

    def __repr__(self) -> str:
        return f"Pack({self.id!r}, version {self.version})"

    def read(self, data: Input, agency: Agency | None = None) -> Iterator[Incident | Rejected]:
        """The Incidents in `data`, in order; a row that cannot be read is Rejected in its place.

        `data` is bytes, or a file opened for bytes or text; a file is read a part at a time (JSON whole), so memory
        does not grow with it. Rows in = Incidents + Rejected; of a pack with `group` the rows of one Incident count
        once. `agency` reads for another agency than the pack's own: its id and its zone. Raises nothing on any bytes,
        and what the file itself raises on reading.
        """
        # What `rows` and `maker` do, in one place: every row of every file comes by here.
        reader = self._reader(self.agency if agency is None else agency)
        at = Place()
        make: Callable[[int, Row], Incident | Rejected] | None = None
        latest = Layout()

        def found(layout: Layout) -> None:
            # A document's layout grows with what stands beside its rows.
            nonlocal make, latest
            if make is None or layout != latest:
                make, latest = reader.of(layout, at), layout

        rows = enumerate(READERS[self.source.format](data, self.source, found, at))
        for index, row in rows if self.source.group is None else self._groups(rows, reader, at):
            if type(row) is Rejected:
                yield row
            else:
                assert make is not None
                yield make(index, row)

    def rows(self, data: Input) -> Iterator[Given]:
        """The rows in `data` before anything is made of them: (index, line, layout, row), the row perhaps Rejected.

        What `read` makes Incidents of with `maker`; a row may be handed to another process in between. Of a pack with
        `group` a row is a group.
        """
        latest = Layout()

        def found(layout: Layout) -> None:
            nonlocal latest
            if layout != latest:
                latest = layout

        at = Place()
        rows = enumerate(READERS[self.source.format](data, self.source, found, at))
        if self.source.group is not None:
            rows = self._groups(rows, self._reader(self.agency), at)  # type: ignore[assignment]
        for index, row in rows:
            yield index, at.line, latest, row

    def maker(self, layout: Layout, agency: Agency | None = None) -> Callable[[int, int, Row], Incident | Rejected]:
        """The closure that makes (index, line, row) of a file of this layout an Incident, or Rejected."""
        at = Place()
        of = self._reader(self.agency if agency is None else agency).of(layout, at)

        def make(index: int, line: int, row: Row) -> Incident | Rejected:
            at.line = line
            return of(index, row)

        return make

    @overload
    def __call__(self, rows: Mapping[str, Any], agency: Agency | None = None) -> Incident | Rejected: ...

    @overload
    def __call__(
        self, rows: Input | Iterable[Mapping[str, Any]], agency: Agency | None = None
    ) -> Iterator[Incident | Rejected]: ...

    def __call__(
        self, rows: Mapping[str, Any] | Input | Iterable[Mapping[str, Any]], agency: Agency | None = None
    ) -> Incident | Rejected | Iterator[Incident | Rejected]:
        """One row as a mapping of column (or member) to value, as an Incident, or Rejected.

        Of an iterable of such rows, or of bytes or an open file (`read`), an iterator of both. None and NaN are empty
        cells. Columns are found as in a header: in any case and order, by their other names under `rename`.
        """
        if isinstance(rows, Mapping):
            return next(self._of_mappings((rows,), agency))
        if isinstance(rows, bytes | bytearray) or hasattr(rows, "read"):
            return self.read(rows, agency)  # type: ignore[arg-type]
        if isinstance(rows, str):
            raise TypeError("a row, an iterable of rows, bytes or an open file is expected, not a text")
        return self._of_mappings(rows, agency)

    def _of_mappings(self, rows: Iterable[Mapping[str, Any]], agency: Agency | None) -> Iterator[Incident | Rejected]:
        reader = self._reader(self.agency if agency is None else agency)
        at = Place()
        make = reader.of(Layout(), at)
        if not self.source.tabular:
            for index, one in enumerate(rows):
                yield make(index, one if type(one) is dict else dict(one))
            return
        # Rows of one query or frame have the same names: what they mean is worked out once.
        known: dict[tuple[str, ...], tuple[Callable[[int, Row], Incident | Rejected], tuple[str | None, ...]]] = {}

        def cells() -> Iterator[tuple[int, Row]]:
            nonlocal make
            for index, row in enumerate(rows):
                names = tuple(row)
                if names not in known:
                    if len(known) > 100:
                        known.clear()
                    layout, order = self._named(names)
                    known[names] = (reader.of(layout, at), order)
                make, order = known[names]
                yield index, [_as_cell(row[name]) if name is not None else "" for name in order]

        found = cells()
        for index, row in found if self.source.group is None else self._groups(found, reader, at):
            yield make(index, row)

    def _named(self, names: tuple[str, ...]) -> tuple[Layout, tuple[str | None, ...]]:
        """What a row with these names has beside the pack's columns and lacks of them, and where each column is."""
        loose = {loosely(column): column for column in self.source.columns}
        loose |= {loosely(other): column for other, column in self.source.rename.items()}
        where: dict[str, str] = {name: name for name in names if name in self.source.columns}
        extra = []
        for name in names:
            column = name if name in where else loose.get(loosely(str(name)))
            if column is None or where.setdefault(column, name) != name:
                extra.append(said(str(name)))
        absent = tuple(column for column in self.source.columns if column not in where)
        return Layout(extra=tuple(extra), absent=absent), tuple(where.get(column) for column in self.source.columns)

    def _groups(
        self, rows: Iterable[tuple[int, Row | Rejected]], reader: Reader, at: Place
    ) -> Iterator[tuple[int, Row | Rejected]]:
        assert self.source.group is not None
        key = self.source.columns.index(self.source.group)
        return grouped(rows, key, self.source.within, reader.shared(), at)

    def _reader(self, agency: Agency, errors: list[PackError] | None = None) -> Reader:
        cache = self.__dict__.setdefault("_readers", {})
        found: Reader | None = cache.get(agency)
        if found is None:
            made = Reader(
                self._root.mapping(),
                source=f"{self.id}@{self.version}",
                own=self.agency.id,
                agency=agency,
                form=self.source,
                empty=self._empty,
                tables=self.tables,
                errors=[] if errors is None else errors,
            )
            if errors:
                return made
            if len(cache) > 8:
                cache.clear()
            found = cache[agency] = made
        return found


def _as_cell(value: Any) -> str:
    # NaN (and NaT) is what data frames write for nothing.
    if value is None or value != value:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return ("true" if value else "false") if type(value) is bool else str(value)


def compile_pack(folder: Folder) -> Pack:
    """The pack in this folder. PackError names file, line, key and what was expected, for every mistake found."""
    if not folder.is_dir():
        raise PackError("pack.unknown", "expected a folder with pack.yaml, or the id of a shipped pack")
    return Pack(folder)


@lru_cache(maxsize=64)
def _shipped(name: str) -> Pack | None:
    folder = resources.files("mappings.packs") / name
    return Pack(folder) if IDENTIFIER.match(name) and (folder / "pack.yaml").is_file() else None


def shipped_packs() -> tuple[str, ...]:
    """The ids of the packs that come with the library."""
    folder = resources.files("mappings.packs")
    return tuple(sorted(one.name for one in folder.iterdir() if one.is_dir() and (one / "pack.yaml").is_file()))


def load_pack(name_or_folder: str | Path) -> Pack:
    """A shipped pack by its id, or the pack in a folder (a Path, or a text with a slash or of no shipped pack).

    A folder is compiled once, and again when a file in it has changed. Raises PackError `pack.unknown` when there is
    neither, and with file, line and key when the pack is wrong.
    """
    if isinstance(name_or_folder, str):
        found = _shipped(name_or_folder) if IDENTIFIER.match(name_or_folder) else None
        if found is not None:
            return found
        name_or_folder = Path(name_or_folder)
    if not (name_or_folder / "pack.yaml").is_file():
        return compile_pack(name_or_folder)
    try:
        files = sorted((str(file), (at := file.stat()).st_mtime_ns, at.st_size) for file in name_or_folder.rglob("*"))
    except OSError:
        return compile_pack(name_or_folder)
    return _of_folder(name_or_folder, tuple(files))


@lru_cache(maxsize=16)
def _of_folder(folder: Path, files: tuple[tuple[str, int, int], ...]) -> Pack:
    # `files` makes a pack that was edited another one: it is compiled again.
    return compile_pack(folder)
