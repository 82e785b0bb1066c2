"""The Python FHIR clients that the hub is tried with, in an environment of their own outside the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.conformance.outcome import NotRun

PACKAGES = {"fhirpy": "fhirpy==2.3.1", "fhirclient": "fhirclient==4.4.0"}
_SECONDS = 300


def scripts() -> Path:
    """The environment's folder. Raises NotRun when pip cannot fetch them."""
    named = sha256(" ".join([*PACKAGES.values(), sys.version]).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warmhandoff"
    folder = cache / f"clients-{named}"
    whole = folder / "installed"
    if whole.exists():
        return folder
    try:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, check=True, timeout=_SECONDS)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES.values()]
        subprocess.run(pip, capture_output=True, check=True, timeout=_SECONDS)
    except subprocess.SubprocessError:
        raise NotRun("pip could not fetch fhirpy and fhirclient") from None
    except OSError:
        raise NotRun("there is no cache folder to install Python clients in") from None
    whole.touch()
    return folder
