"""References between the entries of a Bundle: found, rewritten, and taken away when what they point to goes.

A reference in an optional element goes with that element. One in a required element cannot go alone: the caller
decides what then happens to the resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mappings.fhir.draft import Json

#: Elements that R4 makes 1..1 (or that the referral loop stands on), by resource type.
REQUIRED: Final[dict[str, frozenset[str]]] = {
    "ServiceRequest": frozenset({"subject"}),
    "Task": frozenset({"focus", "for"}),
    "Condition": frozenset({"subject"}),
    "Flag": frozenset({"subject"}),
    "RelatedPerson": frozenset({"patient"}),
    "Provenance": frozenset({"target", "agent"}),
}

#: Backbone elements whose own reference is 1..1: without it the whole element goes.
_CARRIERS: Final = frozenset(
    {
        ("location", "location"),  # Encounter.location.location
        ("actor", "reference"),  # Consent.provision.actor.reference
        ("agent", "who"),  # Provenance.agent.who
        ("entity", "what"),  # Provenance.entity.what
        ("data", "reference"),  # Consent.provision.data.reference
        ("extension", "valueReference"),
        ("relatesTo", "target"),  # DocumentReference.relatesTo.target
    }
)


def references(node: Any) -> Iterator[str]:
    """Every literal reference in `node`, in order."""
    if isinstance(node, dict):
        found = node.get("reference")
        if isinstance(found, str):
            yield found
        for value in node.values():
            if type(value) is dict or type(value) is list:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def addresses(entries: list[Json]) -> dict[str, str]:
    """Every way to name an entry (its fullUrl, `Type/id`, `urn:uuid:id`) to its fullUrl."""
    found: dict[str, str] = {}
    for entry in entries:
        resource = entry["resource"]
        number = resource.get("id")
        url = entry.get("fullUrl") or f"urn:uuid:{number}"
        found[url] = url
        if number:
            found[f"{resource['resourceType']}/{number}"] = url
            found[f"urn:uuid:{number}"] = url
    return found


def rewritten(node: Any, to: dict[str, str], gone: frozenset[str], name: str = "") -> Any:
    """A copy of `node` whose references are those of `to`, without the elements that point to what is `gone`.

    None when nothing of it is left, or when it loses a reference that it cannot be without.
    """
    if type(node) is dict:
        target = node.get("reference")
        if isinstance(target, str):
            if target in gone or to.get(target) in gone:
                return None
            if target in to and to[target] != target:
                node = {**node, "reference": to[target]}
        made: Json = {}
        for key, value in node.items():
            if type(value) is dict or type(value) is list:
                kept = rewritten(value, to, gone, key)
                if kept is None:
                    if (name, key) in _CARRIERS:
                        return None
                    continue
                made[key] = kept
            else:
                made[key] = value
        if not made or (name == "extension" and made.keys() == {"url"}):
            return None
        return made
    if type(node) is list:
        many = [kept for value in node if (kept := rewritten(value, to, gone, name)) is not None]
        return many or None
    return node


def lost(before: Json, after: Json | None) -> str | None:
    """The required element that rewriting took from a resource, if it took one."""
    kind = before["resourceType"]
    for element in sorted(REQUIRED.get(kind, ())):
        if element in before and (after is None or element not in after):
            return f"{kind}.{element}"
    return None
