"""What R4 requires where: which elements a resource or a part of one cannot be without, from the definitions.

Used to take things out so that what is left is still the resource it says it is. Does not check anything.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from profiles.definitions import r4

Json = dict[str, Any]

#: Elements that R4 lets be absent and that the resource is about. Without its code a Condition says nothing, and
#: that it is there says something.
_CORE: dict[str, frozenset[str]] = {
    "Condition": frozenset({"code", "subject"}),
    "Procedure": frozenset({"code", "subject"}),
    "AllergyIntolerance": frozenset({"code"}),
    "Observation": frozenset({"code", "value", "subject"}),
    "DiagnosticReport": frozenset({"code"}),
    "Medication": frozenset({"code"}),
    "ServiceRequest": frozenset({"code"}),
    "Task": frozenset({"code", "focus", "for"}),
    "Encounter": frozenset({"subject"}),
    "EpisodeOfCare": frozenset({"patient"}),
    "DocumentReference": frozenset({"subject"}),
    "QuestionnaireResponse": frozenset({"subject", "questionnaire"}),
    "Consent": frozenset({"patient", "provision"}),
    "Flag": frozenset({"code"}),
    "MessageHeader": frozenset({"focus"}),
    "Organization": frozenset({"name"}),
    "Location": frozenset(),
}

#: Entries that a referral cannot do without: what is only possible does not take their core away.
_REFERRAL = frozenset({"ServiceRequest", "Task", "Encounter", "Patient"})


@cache
def _elements(kind: str) -> dict[str, tuple[bool, str]]:
    """JSON key -> (required, type of what is in it) for a type or a backbone element."""
    found: dict[str, tuple[bool, str]] = {}
    definition = r4()["types"].get(kind)
    for element in definition["elements"] if definition else ():
        name, required = element["name"], element.get("min", 0) >= 1
        for given in element["types"]:
            code = given["code"]
            key = name + code[0].upper() + code[1:] if element.get("choice") else name
            found[key] = (required, code)
    return found


def required(kind: str, key: str) -> bool:
    """Whether R4 requires this key (a choice counts as required in each of its forms)."""
    return _elements(kind).get(key, (False, ""))[0]


def child_type(kind: str, key: str, value: Any) -> str:
    """The type of what stands at this key; a resource says its own."""
    if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
        return str(value["resourceType"])
    return _elements(kind).get(key, (False, ""))[1]


def is_core(kind: str, key: str, *, certain: bool = True) -> bool:
    """Whether the resource goes with this element. `certain` False: what is only possible takes less with it."""
    if required(kind, key):
        return True
    if not certain and kind in _REFERRAL:
        return False
    core = _CORE.get(kind, frozenset())
    return key in core or any(key.startswith(name) and key[len(name) : len(name) + 1].isupper() for name in core)


def pointless(node: Json, kind: str, key: str) -> bool:
    """Whether the node is nothing without this: an extension's value, an item that was only a pointer, a core."""
    if key.startswith("value") and "url" in node:
        return True
    if "resourceType" in node:
        return is_core(kind, key)
    return not set(node) - {key, "id"}


class Gone:
    """Stands for an element that was removed."""


GONE: Final = Gone()


def put(out: Json | None, node: Json, kind: str, key: str, left: Any) -> Json | Gone:
    """The copy of `node` (`out`, if one was begun) with `left` at the key, or without the key where `left` is GONE;
    GONE where the node cannot be without it, or is nothing without it."""
    made = dict(node) if out is None else out
    if not isinstance(left, Gone):
        made[key] = left
        return made
    if required(kind, key) or pointless(node, kind, key):
        return GONE
    made.pop(key)
    made.pop(f"_{key}", None)
    return made
