"""Compile the hot modules into the wheel (mypyc), for an installation that reads many v2 messages.

Only where `HATCH_BUILD_HOOK_ENABLE_CUSTOM=true` asks for it, as `make compiled` does; any other wheel is plain Python
of the same source. It needs a C compiler. Which modules: pyproject.toml. They stand beside their source in the wheel,
never in the checkout, where an edited source would not be what runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

#: The C library that all compiled modules share, by its name in the wheel.
GROUP = "mappings.hl7v2.feed"
#: What mypy is told of packages that a build environment has not: they are not compiled.
_MYPY = ["--config-file=", "--ignore-missing-imports", "--disable-error-code=import-untyped"]


def compiled(root: Path, modules: list[str], into: Path) -> list[Path]:
    """Compiles the modules (paths or globs below `root`) in the folder `into`; the made files, by their place there.

    Raises subprocess.CalledProcessError when something does not compile.
    """
    for package in ("mappings", "profiles"):
        shutil.copytree(root / package, into / package, ignore=lambda _, names: [n for n in names if _other(n)])
    paths = sorted(str(path.relative_to(into)) for each in modules for path in into.glob(each))
    command = [sys.executable, str(Path(__file__).resolve()), *(path for path in paths if "__init__" not in path)]
    subprocess.run(command, cwd=into, check=True, env={**os.environ, "PYTHONPATH": ""})  # noqa: S603 - this file
    return sorted(path.relative_to(into) for kind in ("*.so", "*.pyd") for path in (into / "mappings").rglob(kind))


def _other(name: str) -> bool:
    """Whether a name in a package's folder is neither a module's nor a folder's that may hold some."""
    return name in ("__pycache__", "sources", "fsh", "generated", "package") or Path(name).suffix not in ("", ".py")


def _compile(paths: list[str]) -> None:
    """In a process and a folder of its own: mypyc and setuptools work on the folder that they stand in."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    parts = mypycify([*_MYPY, *paths], opt_level="3", debug_level="0", group_name=GROUP)
    if sys.platform != "win32":
        for part in parts:
            part.extra_compile_args.append("-g0")
    made = Distribution({"name": "warmhandoff", "ext_modules": parts})
    command: Any = made.get_command_obj("build_ext")
    command.inplace = True
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    _compile(sys.argv[1:])
else:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class CompiledModules(BuildHookInterface):  # type: ignore[type-arg]
        """Puts the compiled modules into a wheel, which is of this Python and machine alone then."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Before the wheel is put together. An editable installation stays plain."""
            if version == "editable":
                return
            self.made = tempfile.TemporaryDirectory()
            folder = Path(self.made.name)
            for path in compiled(Path(self.root), self.config["modules"], folder):
                build_data["force_include"][str(folder / path)] = str(path)
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

        def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
            """After it."""
            if version != "editable":
                self.made.cleanup()
