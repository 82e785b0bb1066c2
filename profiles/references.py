"""What a literal reference points to, as far as the resource and its Bundle tell (hl7.org/fhir/R4/references.html).

Follows `Type/id`, absolute URLs that end so, `#id` of a contained resource, and the fullUrl of a Bundle's entry. Does
not fetch anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from profiles import rules
from profiles.definitions import resource_types
from profiles.invariants import REF_1
from profiles.rules import Rule

Json = dict[str, Any]

_ID = r"[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?"
_RELATIVE = re.compile(rf"([A-Z][A-Za-z]+)(?:/{_ID}|\?.+)")
_ABSOLUTE = re.compile(rf"https?://.+/([A-Z][A-Za-z]+)/{_ID}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.+")


class Context(NamedTuple):
    """What references may resolve to: contained resources by id, entries of the Bundle by fullUrl; to their types."""

    contained: Mapping[str, str]
    entries: Mapping[str, str] | None  # None outside a Bundle


def contained_types(resources: Any) -> dict[str, str]:
    """Contained resources' types by id; an empty type where one does not say. Passes over what has no shape."""
    ids: dict[str, str] = {}
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, dict):
            name, kind = resource.get("id"), resource.get("resourceType")
            if isinstance(name, str):
                ids[name] = kind if isinstance(kind, str) else ""
    return ids


def entry_types(bundle: Json) -> dict[str, str]:
    """The Bundle's entries' types by fullUrl; an empty type where there is no resource."""
    urls: dict[str, str] = {}
    listed = bundle.get("entry")
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict):
            url, resource = entry.get("fullUrl"), entry.get("resource")
            kind = resource.get("resourceType") if isinstance(resource, dict) else ""
            if isinstance(url, str) and isinstance(kind, str):
                urls[url] = kind
    return urls


def points_to(literal: str, context: Context) -> tuple[str | None, Rule | None]:
    """The resource type that a literal reference names, as far as it can be known, or the rule that it breaks."""
    types = resource_types()
    relative = _RELATIVE.fullmatch(literal)
    if relative is not None:
        kind = relative[1]
        return (kind, None) if kind in types else (None, rules.REFERENCE)
    if literal[0] == "#":
        if literal == "#":  # the resource that contains this one
            return None, None
        local = context.contained.get(literal[1:])
        return local, None if local is not None else REF_1
    if context.entries is not None:
        entry = context.entries.get(literal)
        if entry:
            return entry, None
        if literal.startswith("urn:") and literal not in context.entries:
            return None, rules.UNRESOLVED
    absolute = _ABSOLUTE.fullmatch(literal)
    if absolute is not None and absolute[1] in types:
        return absolute[1], None
    return None, None if _SCHEME.fullmatch(literal) else rules.REFERENCE
