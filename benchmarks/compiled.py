"""The wheel with the compiled modules, unpacked: for the benchmark and the proof that run them.

It is built as `make compiled` builds it, which takes a minute, and kept under `~/.cache/warmhandoff` until the source
changes. Where there is no C compiler, or no header of this Python, there is none.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _digest() -> str:
    """Of everything that goes into the wheel, and the Python that it is for."""
    made = hashlib.sha256(sys.version.encode())
    paths = [ROOT / "pyproject.toml", ROOT / "hatch_build.py"]
    for package in ("hub", "mappings", "profiles"):
        paths += sorted(path for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix != ".pyc")
    for path in paths:
        made.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return made.hexdigest()[:16]


def compiled_site() -> Path | None:
    """The folder to put first among those that modules are imported from; None where nothing can be compiled.

    Raises RuntimeError, with the end of what the build said, where it can and does not.
    """
    compiler = any(shutil.which(name) for name in (os.environ.get("CC", "cc"), "gcc", "clang"))
    if not compiler or not Path(sysconfig.get_path("include"), "Python.h").exists():
        return None
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warmhandoff"
    site = kept / f"compiled-{_digest()}"
    if site.is_dir():
        return site
    kept.mkdir(parents=True, exist_ok=True)
    for old in kept.glob("compiled-*"):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix="building-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        environment = {**os.environ, "HATCH_BUILD_HOOK_ENABLE_CUSTOM": "true"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the modules do not compile: {(done.stdout + done.stderr)[-4000:]}")
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            wheel.extractall(folder / "site")
        (folder / "site").rename(site)
    return site


def environment(site: Path, *more: Path) -> dict[str, str]:
    """That of a process which imports the compiled modules, and from `more` what is not in the wheel."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (site, *more))), "PYTHONSAFEPATH": "1"}
