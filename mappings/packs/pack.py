"""A mapping pack: one folder (pack.yaml, code tables as CSV, examples) that turns a source's rows into Incidents.

    pack = load_pack("new-orleans-cad")        # a shipped one
    pack = load_pack(Path("my-pack"))          # a folder of your own
    for incident in pack.read(data): ...

A pack ends at the Incident: it never names a FHIR element, so it cannot break conformance. It is compiled once to
closures and holds no state of what it read but look-ups it remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from mappings.errors import PackError
from mappings.incident import Agency, Incident, Rejected
from mappings.packs.code_verbs import Tables
from mappings.packs.declaration import IDENTIFIER, all_of, collecting, example, functions, head, source
from mappings.packs.formats import READERS, Layout, Row, Source
from mappings.packs.load import Folder, load_yaml, read_text
from mappings.packs.reading import Reader
from mappings.packs.tables import load_table


class Pack:
    """A compiled pack. Call it on a row, or `read` a file with it; both may be used from several threads.

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

    def read(self, data: bytes, agency: Agency | None = None) -> Iterator[Incident | Rejected]:
        """The Incidents in `data`, in order; a row that cannot be read is Rejected in its place.

        Rows in = Incidents + Rejected. `agency` reads for another agency than the pack's own: its id and its zone.
        Raises nothing on any bytes.
        """
        reader = self._reader(self.agency if agency is None else agency)
        layouts: list[Layout] = []
        make: Callable[[int, Row], Incident | Rejected] | None = None
        for index, row in enumerate(READERS[self.source.format](data, self.source, layouts.append)):
            if type(row) is Rejected:
                yield row
                continue
            if make is None:
                make = reader.of(layouts[-1])
            yield make(index, row)

    def __call__(self, row: Mapping[str, Any]) -> Incident | Rejected:
        """One row as a mapping of column (or member) to value, as an Incident; Rejected when it has no number."""
        reader = self._reader(self.agency)
        if self.source.format != "csv":
            return reader.of(Layout())(0, row if type(row) is dict else dict(row))
        given = {self.source.rename.get(name, name): value for name, value in row.items()}
        columns = self.source.columns
        layout = Layout(
            extra=tuple(name for name in given if name not in columns),
            absent=tuple(column for column in columns if column not in given),
        )
        return reader.of(layout)(0, [_as_cell(given.get(column)) for column in columns])

    def _reader(self, agency: Agency, errors: list[PackError] | None = None) -> Reader:
        cache = self.__dict__.setdefault("_readers", {})
        found: Reader | None = cache.get(agency)
        if found is None:
            made = Reader(
                self._root.mapping(),
                source=f"{self.id}@{self.version}",
                own=self.agency.id,
                agency=agency,
                columns=self.source.columns if self.source.format == "csv" else None,
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
    # NaN is what data frames write for nothing.
    return "" if value is None or value != value else str(value)


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

    Raises PackError `pack.unknown` when there is neither, and with file, line and key when the pack is wrong.
    """
    if isinstance(name_or_folder, str):
        found = _shipped(name_or_folder) if IDENTIFIER.match(name_or_folder) else None
        if found is not None:
            return found
        name_or_folder = Path(name_or_folder)
    return compile_pack(name_or_folder)
