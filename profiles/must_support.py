"""Elements that a claimed profile marks must-support and that are not there.

All marks of the profile count, its own and inherited: they are one list for whoever sends by it. An element is looked
for in the values of its parent that are there; it is absent if none of them has it, and then named once, at the first.
Below an absent parent nothing is said. Slices count by their own match; one that cannot be decided is passed over.

Ours mean by it: the hub sends the element whenever it knows it (docs/profiles). So an absent one is no fault, only
worth a look.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles import rules
from profiles.definitions import profile_tables
from profiles.profile_check import used
from profiles.references import Context, contained_types, entry_types
from profiles.rules import Found, Rule
from profiles.slicing import matches

Json = dict[str, Any]

#: A value with its place.
_Placed = tuple[str, Any]


def absent(resource: Any, context: Context | None = None) -> Found:
    """A warning for each absent element of each profile that the resource, or an entry of a Bundle, claims."""
    if not isinstance(resource, dict):
        return []
    if context is None or resource.get("resourceType") == "Bundle":
        entries = entry_types(resource) if resource.get("resourceType") == "Bundle" else None
        context = Context(contained_types(resource.get("contained")), entries)
    found: dict[tuple[str, Rule], None] = {}
    for canonical in used(resource):
        found |= dict.fromkeys(absent_by(resource, canonical, context))
    entries_there = resource.get("entry") if resource.get("resourceType") == "Bundle" else None
    for index, entry in enumerate(entries_there if isinstance(entries_there, list) else ()):
        if isinstance(entry, dict):
            for place, rule in absent(entry.get("resource"), context):
                found[f".entry[{index}].resource{place}", rule] = None
    return list(found)


def absent_by(resource: Json, canonical: str, context: Context) -> Found:
    """The same by one profile, as `url|version`, claimed or not; nothing if it is about another type of resource."""
    row = profile_tables()["profiles"][canonical]
    if row["type"] != resource.get("resourceType"):
        return []
    return [(place, rules.MUST_SUPPORT) for place in _absent([("", resource)], row["root"], context)]


def _absent(parents: list[_Placed], spec: Json, context: Context) -> Iterator[str]:
    for element in spec.get("elements", ()):
        values = [v for place, parent in parents for v in _values(place, parent, element)]
        first = next((place for place, parent in parents if isinstance(parent, dict)), "")
        if not values:
            if element.get("ms") and element.get("max") != 0:
                yield f"{first}.{element['name']}"
            continue
        yield from _absent(values, element.get("value", {}), context)
        for part in element.get("slices", ()):
            if "match" in part:
                holds = matches(part["match"])
                inside = [(place, v) for place, v in values if holds(v, context)]
            elif "keys" in part:
                types = [f".ofType({code})" for key, code in element["choice"].items() if key in part["keys"]]
                inside = [(place, v) for place, v in values if place.endswith(tuple(types))]
            else:
                continue
            if inside:
                yield from _absent(inside, part.get("value", {}), context)
            elif part.get("ms") and "match" in part:
                # a type of a choice is one of several: that another one is there is no absence
                yield f"{first}.{element['name']}"


def _values(place: str, parent: Any, element: Json) -> Iterator[_Placed]:
    if not isinstance(parent, dict):
        return
    name = element["name"]
    for key, code in element.get("choice", {name: None}).items():
        step = f"{place}.{name}.ofType({code})" if code else f"{place}.{name}"
        value = parent.get(key, parent.get(f"_{key}"))
        if isinstance(value, list):
            yield from ((f"{step}[{index}]", one) for index, one in enumerate(value))
        elif value is not None:
            yield step, value
