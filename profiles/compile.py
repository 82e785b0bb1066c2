"""Compiles `profiles/fsh` (FHIR Shorthand) with SUSHI into the artefacts under `profiles/package`.

Run as `python -m profiles.compile [--out FOLDER]`. A tool of the workshop, not of the running product: it needs Node,
npm and the definitions packed in `profiles/sources`, which stand in for FHIR's package registry. What it writes is
committed and shipped; `SOURCES.sha256` beside it says which Shorthand it was made from, and a test compares.

SUSHI's own warnings about packages that it adds by itself (HL7 tools, terminology, extensions) are expected: none of
them is needed here. Any other warning or error fails the compilation.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import orjson

from profiles.generate import SOURCES, packed

HERE = Path(__file__).parent
SHORTHAND = HERE / "fsh"
PACKAGE = HERE / "package"
DIGEST = "SOURCES.sha256"

#: When this version of the definitions was last changed.
DATE = "2026-11-23"

#: The compiler, as published on npm.
SUSHI = "fsh-sushi@3.21.0"

_R4 = ("profiles-types", "profiles-resources", "extension-definitions", "valuesets", "v3-codesystems", "v2-tables")
_PACKAGES = {
    "hl7.fhir.us.core#6.1.0": "us-core-6.1.0.tgz",
    "hl7.fhir.uv.security-label-ds4p#1.0.0": "ds4p-1.0.0.tgz",
    "hl7.fhir.us.sdoh-clinicalcare#3.0.0": "sdoh-clinicalcare-3.0.0.tgz",
}
_INSTALL_SECONDS, _COMPILE_SECONDS = 150, 180
_SAID = re.compile(r"^(warn|error)\s+(.*)$")
_EXPECTED = ("Failed to load automatically-provided", "The FSHOnly property is set to true")


class CompileError(Exception):
    """SUSHI found fault with the Shorthand, or could not run. The text is what it said."""


def digest() -> str:
    """SHA-256 over names and bytes of everything that the artefacts are made from."""
    total = hashlib.sha256(SUSHI.encode())
    for file in sorted(SHORTHAND.rglob("*")):
        if file.is_file():
            total.update(file.relative_to(SHORTHAND).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def compile_into(folder: Path) -> int:
    """Writes every artefact into `folder`, replacing what was there; how many. Raises CompileError."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        _packages(home / ".fhir" / "packages")
        project = home / "project"
        shutil.copytree(SHORTHAND, project / "input" / "fsh")
        shutil.move(project / "input" / "fsh" / "sushi-config.yaml", project / "sushi-config.yaml")
        done = subprocess.run(
            [str(_sushi()), "build", str(project), "--snapshot"],
            env={**os.environ, "HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMPILE_SECONDS,
        )
        if faults := _faults(done.stdout + done.stderr):
            raise CompileError("\n".join(faults).replace(str(project), "profiles"))
        made = sorted((project / "fsh-generated" / "resources").glob("*.json"))
        if not made:
            raise CompileError("SUSHI wrote nothing")
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*-*.json"):
            old.unlink()
        for file in made:
            (folder / file.name).write_bytes(_artefact(orjson.loads(file.read_bytes())))
        (folder / DIGEST).write_text(digest() + "\n")
    return len(made)


def _artefact(resource: dict[str, Any]) -> bytes:
    """The artefact with what SUSHI leaves to an IG publisher: who publishes it, and when it last changed."""
    if "url" in resource:
        resource = {**resource, "experimental": False, "date": DATE, "publisher": "Warm Handoff"}
    return orjson.dumps(resource, option=orjson.OPT_INDENT_2) + b"\n"


def _faults(said: str) -> list[str]:
    """Each warning and error with the lines that belong to it, but for the expected ones."""
    found: list[str] = []
    taking = False
    for line in said.splitlines():
        if match := _SAID.match(line):
            taking = not match[2].startswith(_EXPECTED)
            if taking:
                found.append(line)
        elif taking and line.startswith("  "):
            found.append(line)
        else:
            taking = False
    return found


def _packages(cache: Path) -> None:
    """Lays the packed definitions out as a FHIR package cache."""
    core = cache / "hl7.fhir.r4.core#4.0.1" / "package"
    core.mkdir(parents=True)
    (core / "package.json").write_bytes(
        orjson.dumps({"name": "hl7.fhir.r4.core", "version": "4.0.1", "fhirVersions": ["4.0.1"]})
    )
    for name in _R4:
        for resource in packed(f"r4-{name}.json.gz"):
            # the packed source holds a few definitions of later versions
            if resource.get("fhirVersion", "4.0.1") == "4.0.1":
                _without_publishers_own(resource)
                (core / f"{resource['resourceType']}-{resource['id']}.json").write_bytes(orjson.dumps(resource))
    for name, file in _PACKAGES.items():
        with gzip.open(SOURCES / file) as unpacked, tarfile.open(fileobj=unpacked) as archive:
            archive.extractall(cache / name, filter="data")


def _without_publishers_own(definition: dict[str, Any]) -> None:
    """Takes out the reference targets that the packed source's publisher added (AuditEvent.source.observer)."""
    for view in ("snapshot", "differential"):
        for element in definition.get(view, {}).get("element", ()):
            for kind in element.get("type", ()):
                if targets := kind.get("targetProfile"):
                    kind["targetProfile"] = [url for url in targets if not url.startswith("https://medplum.com/")]


def _sushi() -> Path:
    """The compiler's command, fetched from npm once into a cache outside the checkout."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warmhandoff" / SUSHI.replace("@", "-")
    command, whole = folder / "node_modules" / ".bin" / "sushi", folder / "installed"
    if whole.exists():
        return command
    npm = shutil.which("npm")
    if npm is None:
        raise CompileError("npm is not on this machine")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true}\n')
        subprocess.run(
            [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", SUSHI],
            cwd=folder,
            capture_output=True,
            check=True,
            timeout=_INSTALL_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        raise CompileError("npm could not fetch SUSHI") from None
    whole.touch()
    return command


def main() -> int:
    """The command: 0 and a count, or 1 and what SUSHI said."""
    parser = argparse.ArgumentParser(prog="python -m profiles.compile")
    parser.add_argument("--out", type=Path, default=PACKAGE)
    try:
        count = compile_into(parser.parse_args().out)
    except CompileError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{count} artefacts")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
