"""FHIR R4 as Warm Handoff uses it: our published artefacts, the check of resources, and issues.

Imports nothing of `mappings` or `hub`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

#: Canonical base of everything we publish.
CANONICAL = "https://warmhandoff.org/fhir"

_FOLDERS = {"CodeSystem": "codesystems"}


def load(canonical: str) -> dict[str, Any]:
    """One of our artefacts by its canonical url, with or without `|version`; the caller's own copy.

    Does not look beyond this package. `LookupError` if we publish no such artefact, or not in this version.
    """
    url, _, version = canonical.partition("|")
    artefact: dict[str, Any] = orjson.loads(_artefact(url))
    if version and artefact["version"] != version:
        raise LookupError(f"{url} is not published in that version")
    return artefact


def canonicals() -> list[str]:
    """The canonical urls of all our artefacts, sorted."""
    return sorted(
        f"{CANONICAL}/{kind}/{file.name.removeprefix(kind + '-').removesuffix('.json')}"
        for kind, folder in _FOLDERS.items()
        for file in files("profiles").joinpath(folder).iterdir()
        if file.name.startswith(f"{kind}-") and file.name.endswith(".json")
    )


@cache
def _artefact(url: str) -> bytes:
    if url not in canonicals():
        raise LookupError("no artefact of ours has this canonical url")
    kind, _, name = url.removeprefix(f"{CANONICAL}/").partition("/")
    return files("profiles").joinpath(_FOLDERS[kind], f"{kind}-{name}.json").read_bytes()
