"""`eido-schema`: our EIDO samples against NENA's published schema, where EIDO_SCHEMA names a folder that holds it.

The schema (NENA-STA-021.1a, `openapi.yaml` and the NIEM components beside it) is not in this repository. It checks
structure only: registries, references between components and times are plain strings to it.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from tests.conformance.outcome import NotRun, Outcome, judged
from tests.conformance.outputs import SAMPLES, Json

_BASE = "file:///eido/"
_DOCUMENT = "openapi.yaml#/components/schemas/EmergencyIncidentDataObjectType"
#: Faults that the schema itself must refuse: a path into a document, and what is put or (None) taken away there.
_CONTROLS: tuple[tuple[str, Any], ...] = (
    ("eidoVersion", None),
    ("agencyComponent", None),
    ("$id", None),
    ("agencyComponent", {}),
    ("incidentComponent", []),
)


def _mended(node: Any) -> Any:
    """The published file writes one `minItems` as the text `1,`, which no validator takes for a number."""
    if isinstance(node, dict):
        return {
            key: int(value.rstrip(",")) if key == "minItems" and isinstance(value, str) else _mended(value)
            for key, value in node.items()
        }
    return [_mended(value) for value in node] if isinstance(node, list) else node


def _validator(folder: Path) -> Draft7Validator:
    def retrieve(uri: str) -> Resource[Any]:
        # One of its references has a double slash.
        relative = uri.removeprefix(_BASE).replace("//", "/")
        path = (folder / relative).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise KeyError(uri)
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        return Resource.from_contents(_mended(loaded), default_specification=DRAFT7)

    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]
    return Draft7Validator({"$ref": urljoin(_BASE, _DOCUMENT)}, registry=registry)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as JSON Schema reads it: dates stay text."""


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def _places(validator: Draft7Validator, document: Any) -> list[str]:
    """Where a document is wrong, and by which keyword; never its values."""
    return [
        f"{'/'.join(str(part) for part in error.absolute_path) or '(document)'}: {error.validator}"
        for error in validator.iter_errors(document)
    ]


def check() -> Outcome:
    """Every EIDO sample is valid, and the schema refuses a sample with a planted fault."""
    told = os.environ.get("EIDO_SCHEMA")
    if not told:
        raise NotRun("EIDO_SCHEMA names no folder with the published schema, which is not ours to copy")
    folder = Path(told)
    if not (folder / "openapi.yaml").is_file():
        raise NotRun("the folder that EIDO_SCHEMA names holds no openapi.yaml")
    validator = _validator(folder)
    problems = []
    samples = sorted((SAMPLES / "eido").glob("*/input.*json"))
    for path in samples:
        # NDJSON has a document a line.
        for text in path.read_text().splitlines() if path.suffix == ".ndjson" else (path.read_text(),):
            problems += [f"{path.parent.name}: {place}" for place in _places(validator, json.loads(text))]
    for key, value in _CONTROLS:
        document: Json = copy.deepcopy(json.loads(samples[0].read_text()))
        if value is None:
            document.pop(key, None)
        else:
            document[key] = value
        if not _places(validator, document):
            problems.append(f"control: a document with a wrong {key} was accepted")
    detail = f"{len(samples)} samples valid; {len(_CONTROLS)} of {len(_CONTROLS)} planted faults found"
    fact = "The schema does not check registry values, references between components, or times; the reader does."
    return judged("eido-schema", detail, problems, (fact,))
