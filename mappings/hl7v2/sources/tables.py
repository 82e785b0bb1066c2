"""The published HL7 v2-to-FHIR tables as they are packed beside this file, and our overrides of them. Nothing is made
of them here.
"""

from __future__ import annotations

import csv
import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of a table: where it stands, what it says."""

    map: str
    identifier: str
    condition: str
    narrative: str
    attribute: str
    type: str
    make: str
    vocabulary: str
    assignment: str


@dataclass(frozen=True, kw_only=True)
class Override:
    """One row of overrides.csv."""

    map: str
    identifier: str
    attribute: str
    state: str
    rule: str
    vocabulary: str
    why: str


def archive() -> dict[str, str]:
    """The tables' files by their path."""
    with tarfile.open(HERE / "v2-to-fhir.tar.gz") as packed:
        found = {}
        for member in packed.getmembers():
            file = packed.extractfile(member)
            if file is not None:
                found[member.name] = file.read().decode("utf-8-sig")
        return found


def rows_of(text: str) -> Iterator[list[str]]:
    """The rows under the two header rows, each at least 19 wide."""
    for number, row in enumerate(csv.reader(io.StringIO(text))):
        if number >= 2 and any(cell.strip() for cell in row):
            yield [cell.strip() for cell in row] + [""] * (19 - len(row))


def name_of(path: str) -> str:
    return re.sub(r"\A.*?_ (.*?) - [^/]*\.csv\Z", r"\1", path.rsplit("/", 1)[-1])


def lines(files: dict[str, str], folder: str) -> Iterator[Line]:
    """The rows of all segment or datatype maps."""
    for path in sorted(files):
        if path.startswith(folder + "/") and path.endswith(".csv"):
            name = name_of(path)
            for row in rows_of(files[path]):
                yield Line(
                    map=name,
                    identifier=row[1] or name.partition("[")[0],
                    condition=row[6] or row[7],
                    narrative=" ".join(row[8].split()),
                    attribute=row[9],
                    type=row[11],
                    make=row[14],
                    vocabulary=row[15],
                    assignment=row[16],
                )


def overrides() -> list[Override]:
    """Where we differ from the tables, and what we add."""
    with (HERE / "overrides.csv").open(newline="", encoding="utf-8") as file:
        return [Override(**{key: value.strip() for key, value in row.items()}) for row in csv.DictReader(file)]
