"""Java and the programs that the checks run on it, built by Maven once into a cache outside the checkout."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.conformance.outcome import NotRun

#: What HAPI FHIR is compiled for.
JAVA = 17
_PROJECTS = Path(__file__).parent
_BUILD_SECONDS = 420
#: Enough for the definitions of one release of US Core and the snapshots made of them.
_HEAP = "-Xmx3g"


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A built Maven project: its classes and the libraries beside them."""

    executable: str
    folder: Path
    version: str

    def command(self, main: str, *arguments: str, **properties: str) -> list[str]:
        """The command line of a main class, with system properties of Java."""
        path = os.pathsep.join((str(self.folder / "target" / "classes"), str(self.folder / "target" / "lib" / "*")))
        told = [f"-D{key}={value}" for key, value in properties.items()]
        return [self.executable, _HEAP, *told, "-cp", path, main, *arguments]

    def run(self, main: str, *arguments: str, seconds: float) -> None:
        """Runs a main class. Raises RuntimeError with the exception that ended it, if one did."""
        command = self.command(main, *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        if done.returncode != 0:
            wrong = [line for line in done.stderr.splitlines() if "Exception" in line or "Error" in line]
            raise RuntimeError(f"{main} ended with {done.returncode}: {(wrong or ['no reason given'])[0]}")

    def library(self, name: str) -> str:
        """The version of a library that Maven resolved. Raises LookupError if it is not there."""
        for file in sorted((self.folder / "target" / "lib").glob(f"{name}-*.jar")):
            if re.fullmatch(r"\d[\w.]*", version := file.stem.removeprefix(f"{name}-")):
                return version
        raise LookupError(name)


@cache
def program(project: str) -> Program:
    """The Maven project in this folder of that name. Raises NotRun when it cannot be built or run here."""
    executable = shutil.which("java")
    version = _version(executable) if executable is not None else ""
    if executable is None or int(version.partition(".")[0] or 0) < JAVA:
        raise NotRun(f"needs Java {JAVA} or newer")
    return Program(executable=executable, folder=_built(_PROJECTS / project), version=version)


def _version(executable: str) -> str:
    try:
        done = subprocess.run([executable, "-version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r'version "([\d.]+)', done.stderr)
    return found.group(1) if found else ""


def _built(project: Path) -> Path:
    """The cache folder with this project built; a half-made one is never taken for whole."""
    files = [file for file in sorted(project.rglob("*")) if file.is_file()]
    content = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
    folder = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warmhandoff" / f"{project.name}-{content}"
    )
    whole = folder / "built"
    if whole.exists():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise NotRun("Maven is not on this machine")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(project, folder)
        subprocess.run(
            [maven, "-B", "-q", "package"], cwd=folder, capture_output=True, check=True, timeout=_BUILD_SECONDS
        )
    except subprocess.SubprocessError:
        raise NotRun(f"Maven could not fetch the libraries of {project.name}, or build it") from None
    except OSError:
        raise NotRun("there is no cache folder to build in") from None
    whole.touch()
    return folder
