"""The folder of a pack as files: where it is, its sample, what a draft may write over; and what stops a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer

from hub.cli.edge import say
from mappings.errors import PackError, WarmHandoffError

if TYPE_CHECKING:
    from mappings.packs.file_form import FileForm
    from mappings.packs.load import Spec


def folder_of(name: str) -> Path | Traversable:
    """The folder of a pack: a shipped pack's by its id, else the path. PackError `pack.unknown` for neither."""
    from mappings.packs import shipped_packs

    if name in shipped_packs():
        return resources.files("mappings.packs") / name
    folder = Path(name)
    if not folder.is_dir():
        expected = "expected a folder with pack.yaml, or a shipped pack: " + ", ".join(shipped_packs())
        raise PackError("pack.unknown", expected)
    return folder


def own_folder(name: str) -> Path:
    """The same of a pack that is written to. A shipped one is not."""
    from mappings.packs import shipped_packs

    if name in shipped_packs():
        raise PackError("pack.file", "expected a folder of your own: a shipped pack is not written to")
    folder = folder_of(name)
    assert isinstance(folder, Path)
    return folder


def open_input(file: Path) -> IO[bytes]:
    """A file opened for its bytes. ReadError with the reason when it cannot be."""
    try:
        return file.open("rb")
    except OSError as error:
        raise WarmHandoffError("read.no-file", error.strerror or "the file cannot be read", path=str(file)) from None


def sample_of(folder: Path) -> Path:
    """The one file in the folder's `sample`."""
    found = sorted(one for one in (folder / "sample").glob("*") if one.is_file())
    if len(found) != 1:
        raise PackError("pack.file", "expected one file in the folder `sample`", path=str(folder / "sample"))
    return found[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What a pack.yaml already says of whose it is and how its input is written; else what the folder's name gives."""

    pack: str
    agency: str
    zone: str | None
    posture: str | None
    form: FileForm | None = None
    source: str | None = None


def settled(folder: Path) -> Settled:
    """What the folder's pack.yaml says of the pack, its agency and its source, as far as it can be read."""
    from mappings.packs.load import load_yaml, read_text
    from mappings.times import zone

    name = folder.resolve().name
    try:
        text = read_text(folder, "pack.yaml")
        root = load_yaml(text, "pack.yaml").mapping()
        head = root["pack"].mapping()
        agency = head["agency"].mapping()
        tz = agency["tz"].text() if "tz" in agency else None
        known = tz if tz is not None and zone(tz) is not None else None
        posture = agency["posture"].text() if "posture" in agency else None
        form, source = _source(text, root["source"])
        return Settled(
            pack=head["id"].text(),
            agency=agency["id"].text(),
            zone=known,
            posture=posture,
            form=form,
            source=source,
        )
    except (PackError, KeyError):
        return Settled(pack=name, agency=name, zone=None, posture=None)


def _source(text: str, spec: Spec) -> tuple[FileForm | None, str | None]:
    """The form that a `source` section describes, where it names the columns or says where the rows are."""
    from mappings.packs.declaration import source
    from mappings.packs.draft import source_text
    from mappings.packs.file_form import FileForm

    try:
        made, _, _ = source(spec)
    except PackError:
        return None, None
    if not (made.columns or made.rows or made.format == "ndjson"):
        return None, None
    named = not any(column.startswith("column-") for column in made.columns)
    return FileForm(source=made, named=named), source_text(text)


def is_untouched(folder: Path) -> bool:
    """Whether a draft may write over pack.yaml and the tables: nobody has worked on them."""
    from mappings.packs.draft import MARK
    from mappings.packs.table_text import TableText

    file = folder / "pack.yaml"
    if file.exists() and not file.read_text("utf-8-sig").startswith(MARK):
        return False
    for table in (folder / "tables").glob("*.csv"):
        try:
            records = TableText.of(table.read_text("utf-8-sig")).records
        except PackError:
            return False
        if any(not record.waits for record in records):
            return False
    return True


def write_files(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write texts to the folder, each whole or not at all. Gives the paths."""
    written = []
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, text)
        written.append(str(file))
    return written


def replace_file(file: Path, text: str) -> None:
    """Write a text in the file's place: a reader sees the old or the new one, never half of it."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(text.encode())
    beside.replace(file)


class refused:
    """What is raised of ours in the block becomes one clear line, or an OperationOutcome, and exit 2."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, WarmHandoffError):
            say(error.issues, as_json=self._as_json)
            raise typer.Exit(2) from None
