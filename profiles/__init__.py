"""FHIR R4 as Warm Handoff uses it: our published artefacts, the check of resources, and issues.

The artefacts are the compiled package (`package/`, one file each); their sources are FHIR Shorthand (`fsh/`). Imports
nothing of `mappings` or `hub`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import orjson

#: Canonical base of everything we publish.
CANONICAL: Final = "https://warmhandoff.org/fhir"

#: The kinds of artefact that have a canonical url. What else the package holds is an example.
KINDS: Final = (
    "CapabilityStatement",
    "CodeSystem",
    "ConceptMap",
    "MessageDefinition",
    "OperationDefinition",
    "SearchParameter",
    "StructureDefinition",
    "ValueSet",
)


def load(canonical: str) -> dict[str, Any]:
    """One of our artefacts by its canonical url, with or without `|version`; the caller's own copy.

    Does not look beyond this package. `LookupError` if we publish no such artefact, or not in this version.
    """
    url, _, version = canonical.partition("|")
    artefact: dict[str, Any] = orjson.loads(_artefact(url))
    if version and artefact["version"] != version:
        raise LookupError(f"{url} is not published in that version")
    return artefact


def canonicals(kind: str | None = None) -> list[str]:
    """The canonical urls of all our artefacts, or of those of one kind (a FHIR resource type), sorted."""
    under = f"{CANONICAL}/{kind}/" if kind is not None else CANONICAL
    return sorted(url for url in _files() if url.startswith(under))


@cache
def _files() -> Mapping[str, str]:
    """The file of each canonical url. An artefact's url is its kind and id under our base, and so is its file's name:
    nothing has to be opened to know what there is (a test compares names and urls)."""
    found = {}
    for file in files("profiles").joinpath("package").iterdir():
        kind, dash, name = file.name.partition("-")
        if dash and kind in KINDS and name.endswith(".json"):
            found[f"{CANONICAL}/{kind}/{name.removesuffix('.json')}"] = file.name
    return MappingProxyType(found)


@cache
def _artefact(url: str) -> bytes:
    name = _files().get(url)
    if name is None:
        raise LookupError("no artefact of ours has this canonical url")
    return files("profiles").joinpath("package", name).read_bytes()
