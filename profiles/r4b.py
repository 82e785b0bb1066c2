"""fhir.resources R4B over a resource: for `handoff validate` and for FHIR received from outside, never for our own.

R4B serves as R4 for the types in use (same top-level elements). Resources are parsed one by one, a Bundle by its
entries, as parsing a Bundle whole costs three times as much. What it does not check (bindings, targets,
invariants) is `profiles.check`. An element that is missing is found only where nothing beside it is wrong.
"""

from __future__ import annotations

from typing import Any

from profiles.definitions import resource_types
from profiles.issue import Issue


def parse(resource: Any, path: str = "") -> list[Issue]:
    """What fhir.resources finds wrong, with places and pydantic's error type, never a value. Does not raise."""
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str):
        return [_issue(path, "not a FHIR resource", "structure")]
    # A resourceType that R4 does not have is the sender's own word: it is not repeated.
    here = path or (kind if kind in resource_types() else "Resource")
    found: list[Issue] = []
    if kind == "Bundle":
        entries = resource.get("entry")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            inner = entry.get("resource") if isinstance(entry, dict) else None
            if inner is not None:
                found.extend(parse(inner, f"{here}.entry[{index}].resource"))
        if isinstance(entries, list):
            # What stands around a resource is checked with the Bundle.
            resource = {**resource, "entry": [_without_resource(entry) for entry in entries]}
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as invalid:
        for error in invalid.errors(include_input=False, include_url=False, include_context=False):
            # The name of an element that R4 does not have is the sender's own word: its parent is named.
            loc = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
            place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
            found.append(_issue(here + place, f"fhir.resources R4B: {error['type']}", "structure"))
    except (KeyError, LookupError, TypeError, ValueError):
        # An unknown resourceType, on its own or contained, comes as a bare KeyError or ValueError.
        found.append(_issue(here, "not a resource type of R4", "structure"))
    except RecursionError:
        found.append(_issue(here, "nested deeper than can be read", "structure"))
    return found


def _without_resource(entry: Any) -> Any:
    return {key: value for key, value in entry.items() if key != "resource"} if isinstance(entry, dict) else entry


def _issue(path: str, text: str, code: str) -> Issue:
    return Issue(severity="error", code=code, rule="validate.structure", path=path, text=text)
