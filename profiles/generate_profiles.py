"""Writes the table of profiles that `profiles.profile_check` runs on: what each asks beyond base FHIR R4.

Run as `python -m profiles.generate_profiles`. It reads the snapshots of US Core 6.1.0 and 7.0.0 and Gravity SDOHCC
3.0.0 from `profiles/sources`, and ours from `profiles/package`; what it writes (`profiles/generated/profiles.json.gz`)
is committed and shipped, and a test generates it again and compares.

Only constraints on resources and extensions are taken. What one asks beyond R4 is told by `profiles.difference`, the
value sets that it requires are expanded by `profiles.expansions`.
"""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from profiles import generate
from profiles.compile import PACKAGE
from profiles.definitions import r4
from profiles.difference import STRUCTURE, Difference, target_type
from profiles.expansions import Bound, Package
from profiles.generate import SOURCES, Terminology, packed

GENERATED = Path(__file__).parent / "generated" / "profiles.json.gz"

Json = dict[str, Any]


PACKAGES = (
    Package("us-core-6.1.0.tgz", "6.1.0", "6.1.0"),
    Package("us-core-7.0.0.tgz", "7.0.0", "7.0.0"),
    Package("sdoh-clinicalcare-3.0.0.tgz", "3.0.0", "7.0.0"),
)


def archived(name: str, *kinds: str) -> Iterator[Json]:
    """The resources of these types in a package (.tgz) in `profiles/sources`, without its examples."""
    with tarfile.open(SOURCES / name) as archive:
        for member in archive:
            folder, _, file = member.name.rpartition("/")
            content = archive.extractfile(member)
            if folder == "package" and file.startswith(tuple(f"{kind}-" for kind in kinds)) and content:
                yield orjson.loads(content.read())


def ours(folder: Path, *kinds: str) -> Iterator[Json]:
    """Our own resources of these types, as compiled into the folder."""
    for kind in kinds:
        for file in sorted(folder.glob(f"{kind}-*.json")):
            yield orjson.loads(file.read_bytes())


def _extension_with_snapshot(definition: Json) -> Json:
    """A simple extension that is published as a differential only (DS4P), as its snapshot says it."""
    if "snapshot" in definition:
        return definition
    value = next(e for e in definition["differential"]["element"] if e["id"].startswith("Extension.value"))
    whole = {
        "id": "Extension.value[x]",
        "path": "Extension.value[x]",
        "max": "1",
        **{k: value[k] for k in ("min", "type")},
    }
    return {**definition, "snapshot": {"element": [{"id": "Extension", "path": "Extension"}, whole]}}


def _terminologies(folder: Path) -> dict[str, Terminology]:
    """For each package the value sets and code systems that its bindings mean."""
    core = [
        r
        for name in ("r4-valuesets.json.gz", "r4-v3-codesystems.json.gz", "r4-v2-tables.json.gz")
        for r in packed(name)
    ]
    kinds = ("ValueSet", "CodeSystem")
    found: dict[str, Terminology] = {}
    for package in PACKAGES:
        parts: list[Iterable[Json]] = [core, archived(f"us-core-{package.us_core}.tgz", *kinds)]
        parts.append(archived(package.name, *kinds))
        found[package.name] = Terminology(r for part in parts for r in part)
    gravity = archived("sdoh-clinicalcare-3.0.0.tgz", *kinds)
    mine = [*core, *archived("us-core-6.1.0.tgz", *kinds), *gravity, *archived("ds4p-1.0.0.tgz", *kinds)]
    found[str(folder)] = Terminology([*mine, *ours(folder, *kinds)])
    return found


def tables(folder: Path = PACKAGE) -> Json:
    """Everything that the check knows of profiles, as one JSON value.

    `profiles`: by `url|version`, the resource type, the profiles it derives from, and what it asks (`root`).
    `default`: by url, the version meant without one. `valuesets`: each required value set as system to codes, None
    where any code of the system passes. `extensions`: what ours, DS4P's and Gravity's may hold. `undecided`: slices
    whose discriminator cannot be followed.
    """
    sources: list[tuple[Package, list[Json]]] = [(p, list(archived(p.name, "StructureDefinition"))) for p in PACKAGES]
    published = list(ours(folder, "StructureDefinition"))
    if published:
        sources.append((Package(str(folder), published[0]["version"], "6.1.0"), published))
    kinds = {d["url"]: d["type"] for _, definitions in sources for d in definitions}
    bound = Bound(_terminologies(folder))
    profiles: dict[str, Json] = {}
    default: dict[str, str] = {}
    undecided: dict[str, list[str]] = {}
    extensions: list[Json] = [_extension_with_snapshot(d) for d in archived("ds4p-1.0.0.tgz", "StructureDefinition")]
    for package, definitions in sources:
        parents = {d["url"]: d["baseDefinition"] for d in definitions}
        for definition in sorted(definitions, key=lambda d: str(d["url"])):
            if definition["type"] == "Extension":
                if not package.name.startswith("us-core"):
                    extensions.append(definition)
                continue
            if definition["kind"] != "resource" or definition.get("derivation") != "constraint":
                continue
            key = f"{definition['url']}|{package.version}"
            difference = Difference(definition, package, kinds, bound)
            profiles[key] = {
                "type": definition["type"],
                "derives": _ancestors(definition["url"], parents, package, default),
                "root": difference.root,
            }
            default.setdefault(definition["url"], key)
            if difference.undecided:
                undecided[key] = difference.undecided
    for definition in extensions:
        _retarget(definition, kinds)
    parts = generate.extension_table(extensions)
    for part in parts.values():
        _bind_extension(part, bound, sources[-1][0])
    return {
        "profiles": dict(sorted(profiles.items())),
        "default": dict(sorted(default.items())),
        "extensions": parts,
        "valuesets": dict(sorted(bound.expansions.tables.items())),
        "undecided": dict(sorted(undecided.items())),
    }


def _ancestors(url: str, parents: dict[str, str], package: Package, default: dict[str, str]) -> list[str]:
    """The profiles, by url and version, whose constraints are in this one's snapshot."""
    found: list[str] = []
    while (parent := parents.get(url, "").partition("|")[0]) and parent in parents:
        found.append(f"{parent}|{package.version}")
        url = parent
    if parent.startswith("http://hl7.org/fhir/us/core/"):
        found.append(f"{parent}|{package.us_core}")
    elif parent in default:
        # the snapshot of another package's profile holds its own ancestors too
        found += [default[parent]]
    return found


def _retarget(extension: Json, kinds: dict[str, str]) -> None:
    """Puts the types of resources in place of the profiles that the extension's references may point to."""
    for kind in (t for e in extension["snapshot"]["element"] for t in e.get("type", ())):
        if "targetProfile" in kind:
            kind["targetProfile"] = [f"{STRUCTURE}{target_type(url, kinds)}" for url in kind["targetProfile"]]


def _bind_extension(part: Json, bound: Bound, package: Package) -> None:
    if "binding" in part and part["binding"] not in r4()["valuesets"]:
        key = bound(part["binding"], package)
        if key is None:
            del part["binding"]
        else:
            part["binding"] = key
    for inner in part.get("parts", {}).values():
        _bind_extension(inner, bound, package)


def main() -> None:
    """Writes `profiles/generated/profiles.json.gz`, byte for byte the same for the same definitions and zlib."""
    GENERATED.write_bytes(gzip.compress(orjson.dumps(tables()), 9, mtime=0))


if __name__ == "__main__":
    main()
