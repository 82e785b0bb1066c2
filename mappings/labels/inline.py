"""Labels on the elements themselves (DS4P 1.0.0, extension-inline-sec-label), where a system can act on them.

The resource then says PROCESSINLINELABEL, and so does its Bundle. The labels of the whole stay as they are: an inline
label says which element a label is for, never that the rest is free of it.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Final

from mappings.labels.marking import Labelled, high_water, marked_with
from mappings.labels.policy import DEFAULT, LabelPolicy
from mappings.labels.report import record_of, steps
from mappings.labels.vocabulary import DS4P, INLINE, SENSITIVITIES, system_of

Json = dict[str, Any]

_URL: Final = DS4P + "extension-inline-sec-label"
#: Strings that carry no extension of their own in R4: the element around them does.
_BARE: Final = frozenset(["div", "id", "url", "reference"])


def with_inline(labelled: Labelled, *, policy: LabelPolicy = DEFAULT) -> Labelled:
    """The same with each certain sensitivity on the element that it was found at. The input is not changed.

    What is possible is not written on an element: nobody has looked yet. Doing it twice changes nothing.
    """
    resource = copy.deepcopy(labelled.resource)
    records: set[str] = set()
    for row in labelled.labels:
        if row.grade != "certain" or row.code not in SENSITIVITIES or ".meta.security" in row.path:
            continue
        element = _element(resource, row.path)
        if element is not None:
            _label(element, row.code)
            records.add(record_of(row.path))
    for record in sorted(records):
        resource = _said(resource, record, policy)
    if records and resource.get("resourceType") == "Bundle":
        resource = high_water(resource, policy=policy)
    return replace(labelled, resource=resource)


def _element(resource: Json, path: str) -> Json | None:
    """The element at a place that takes an extension: itself, its `_name`, or the one around it; no whole resource."""
    node: Any = resource
    around: list[tuple[Any, str | int]] = []
    for step in steps(path):
        if isinstance(step, int):
            found = node[step] if isinstance(node, list) and step < len(node) else None
        else:
            found = node.get(step) if isinstance(node, dict) else None
        if found is None or (isinstance(found, dict) and found.get("url") == _URL):
            return None
        around.append((node, step))
        node = found
    if isinstance(node, dict):
        return None if "resourceType" in node else node
    while around and not isinstance(around[-1][0], dict):
        around.pop()  # a string in a list: the element that has the list
    if not around:
        return None
    parent, key = around[-1]
    if isinstance(parent[key], str) and key not in _BARE:
        held = parent.setdefault(f"_{key}", {})
        return held if isinstance(held, dict) else None
    return None if "resourceType" in parent else parent


def _label(element: Json, code: str) -> None:
    extensions = element.get("extension")
    held: list[Any] = extensions if isinstance(extensions, list) else []
    for one in held:
        if isinstance(one, dict) and one.get("url") == _URL and (one.get("valueCoding") or {}).get("code") == code:
            return
    element["extension"] = [*held, {"url": _URL, "valueCoding": {"system": system_of(code), "code": code}}]


def _said(resource: Json, record: str, policy: LabelPolicy) -> Json:
    """With PROCESSINLINELABEL on that record of the resource."""
    index = next((step for step in steps(record) if isinstance(step, int)), None)
    if index is None:
        return marked_with(resource, {INLINE: ("inline", "inline label")}, policy)
    entries = list(resource["entry"])
    inner = marked_with(entries[index]["resource"], {INLINE: ("inline", "inline label")}, policy)
    entries[index] = {**entries[index], "resource": inner}
    return {**resource, "entry": entries}
