"""Our definitions as an installable FHIR package: an npm-style `.tgz` (FHIR package specification).

The same definitions and examples give the same bytes (for one zlib): no clock, no user, names in order.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import orjson

from profiles import CANONICAL
from profiles.examples import file_stem

Json = dict[str, Any]

NAME: Final = "warmhandoff.coresponse"
VERSION: Final = "0.1.0"
FILE: Final = f"{NAME}-{VERSION}.tgz"

#: When this version was last changed: nothing in the package tells when it was built.
DATE: Final = "20261123000000"

#: What the definitions are derived from, as `fsh/sushi-config.yaml` says; a test compares.
DEPENDENCIES: Final = {
    "hl7.fhir.r4.core": "4.0.1",
    "hl7.fhir.us.core": "6.1.0",
    "hl7.fhir.uv.security-label-ds4p": "1.0.0",
    "hl7.fhir.us.sdoh-clinicalcare": "3.0.0",
}

#: What `.index.json` repeats of a resource.
_INDEXED = ("id", "url", "version", "kind", "type")


def artefacts(folder: Path | None = None) -> dict[str, Json]:
    """Our definitions by `Type-id`, in order: those shipped, or those compiled into `folder`."""
    return _read(folder) if folder is not None else _shipped()


@cache
def _shipped() -> dict[str, Json]:
    return _read(files("profiles").joinpath("package"))


def _read(folder: Traversable | Path) -> dict[str, Json]:
    names = sorted(file.name for file in folder.iterdir() if "-" in file.name and file.name.endswith(".json"))
    return {name.removesuffix(".json"): orjson.loads(folder.joinpath(name).read_bytes()) for name in names}


def package(definitions: dict[str, Json], examples: dict[str, Json]) -> bytes:
    """The bytes of the package's `.tgz`: `package/package.json`, the definitions, `package/example/`, and an index of
    each of the two folders."""
    content = {"package/package.json": _pretty(manifest())}
    for folder, resources in (("package", definitions), ("package/example", examples)):
        content[f"{folder}/.index.json"] = _pretty(index(resources.values()))
        for name, resource in resources.items():
            content[f"{folder}/{name}.json"] = _pretty(resource)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(content.items(), key=_manifest_first):
            entry = tarfile.TarInfo(name)  # no owner, time 0, mode 644
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), 9, mtime=0)


def manifest() -> Json:
    """`package.json`."""
    return {
        "name": NAME,
        "version": VERSION,
        "tools-version": 3,
        "type": "Conformance",
        "date": DATE,
        "license": "Apache-2.0",
        "canonical": CANONICAL,
        "title": "Warm Handoff co-response profiles",
        "description": "Profiles, extensions, terminology and examples for the contact of a police and mental health "
        "co-response team, its referral to a mental health center, and the answer back.",
        "author": "Warm Handoff",
        "keywords": ["co-response", "crisis", "referral", "911", "CAD", "42 CFR Part 2"],
        "fhirVersions": ["4.0.1"],
        "dependencies": DEPENDENCIES,
        "directories": {"lib": "package", "example": "example"},
    }


def index(resources: Iterable[Json]) -> Json:
    """`.index.json` of a folder, so that a reader finds a definition without opening each file."""
    rows = [
        {"filename": f"{file_stem(resource)}.json", "resourceType": resource["resourceType"]}
        # an example's `type` may be any datatype; a definition's is a name
        | {key: resource[key] for key in _INDEXED if isinstance(resource.get(key), str)}
        for resource in resources
    ]
    return {"index-version": 2, "files": rows}


def _manifest_first(item: tuple[str, bytes]) -> tuple[bool, str]:
    return item[0] != "package/package.json", item[0]


def _pretty(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
