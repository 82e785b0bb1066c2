"""The parts that the check of a type is put together from: arrays, primitives, choices, invariants, references, codes.

Each function makes a `Check`; none knows a type or a definition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from profiles import rules
from profiles.definitions import resource_types
from profiles.invariants import Invariant
from profiles.primitives import Primitive
from profiles.references import Context, points_to
from profiles.rules import Found, under

Json = dict[str, Any]

#: A check of one element: its value, the context, and the object it stands in (for primitive extensions).
Check = Callable[[Any, Context, Json], Found | None]

_TYPE_NAME = "http://hl7.org/fhir/StructureDefinition/"


def hold(found: Found | None, held: Invariant, value: Any) -> Found | None:
    """What was found, and the invariant's rule if the value breaks it."""
    try:
        if held.holds(value):
            return found
    except (TypeError, ValueError, AttributeError, KeyError, IndexError):
        # on a value of the wrong shape, already reported, there is nothing to evaluate
        if found is None:
            raise
        return found
    return under(found, "", [("", held.rule)])


def primitive(rule_of: Primitive) -> Check:
    """A value of a primitive type."""

    def one(value: Any, _context: Context, _parent: Json) -> Found | None:
        rule = rule_of(value)
        return None if rule is None else [("", rule)]

    return one


def with_invariants(one: Check, held: list[Invariant]) -> Check:
    """The check, and then the invariants that this place adds to its type."""
    if not held:
        return one

    def and_held(value: Any, context: Context, parent: Json) -> Found | None:
        found = one(value, context, parent)
        for each in held:
            found = hold(found, each, value)
        return found

    return and_held


def alone(one: Check, key: str, siblings: frozenset[str]) -> Check:
    """The check, and that no other type of the same choice element is present."""
    if not siblings:
        return one

    def chosen(value: Any, context: Context, parent: Json) -> Found | None:
        found = one(value, context, parent)
        if siblings.isdisjoint(parent):
            return found
        # said once, at the first of the types present
        if next(k for k in parent if k in siblings or k == key) != key:
            return found
        return under(found, "", [("", rules.CHOICE)])

    return chosen


def array(one: Check) -> Check:
    """An array of what `one` checks."""

    def items(value: Any, context: Context, parent: Json) -> Found | None:
        if not isinstance(value, list):
            return [("", rules.TYPE if value is not None else rules.NULL)]
        if not value:
            return [("", rules.EMPTY)]
        found: Found | None = None
        for index, item in enumerate(value):
            below = one(item, context, parent)
            if below is not None:
                found = under(found, f"[{index}]", below)
        return found

    return items


def primitive_array(rule_of: Primitive, extensions: str, held: list[Invariant]) -> Check:
    """An array of primitives; `extensions`: the property beside it, whose extension may stand for a value."""

    def values(value: Any, _context: Context, parent: Json) -> Found | None:
        if not isinstance(value, list):
            return [("", rules.TYPE if value is not None else rules.NULL)]
        if not value:
            return [("", rules.EMPTY)]
        found: Found | None = None
        for index, item in enumerate(value):
            rule = rule_of(item)
            if rule is not None and not (item is None and at(parent.get(extensions), index)):
                found = under(found, f"[{index}]", [("", rule)])
            for each in held:
                found = hold(found, each, item)
        return found

    return values


def at(values: Any, index: int) -> Any:
    """The value at the index, None past the end or where there is no array."""
    return values[index] if isinstance(values, list) and index < len(values) else None


def reference(base: Check, targets: frozenset[str]) -> Check:
    """A Reference whose literal, and whose `type`, must be one of the targets (none: any resource)."""
    types = resource_types()

    def pointing(value: Any, context: Context, parent: Json) -> Found | None:
        found = base(value, context, parent)
        if found is not None:
            return found
        kind: str | None = None
        literal = value.get("reference")
        if literal is not None:
            kind, broken = points_to(literal, context)
            if broken is not None:
                return [("", broken)]
            if kind and targets and kind not in targets:
                return [("", rules.TARGET)]
        declared = value.get("type")
        if declared is not None:
            declared = declared.removeprefix(_TYPE_NAME)
            if declared in types and ((targets and declared not in targets) or (kind and kind != declared)):
                return [("", rules.TARGET)]
        return None

    return pointing


def concept(base: Check, pairs: frozenset[tuple[str, str]]) -> Check:
    """A CodeableConcept of which one coding must be in the value set, unless an extension says why there is none."""

    def coded(value: Any, context: Context, parent: Json) -> Found | None:
        found = base(value, context, parent)
        if found is None and "extension" not in value:
            codings = value.get("coding", ())
            if not any((c.get("system"), c.get("code")) in pairs for c in codings):
                return [("", rules.CODE)]
        return found

    return coded


def coding(base: Check, pairs: frozenset[tuple[str, str]]) -> Check:
    """A Coding that must be in the value set."""

    def coded(value: Any, context: Context, parent: Json) -> Found | None:
        found = base(value, context, parent)
        if found is None and (value.get("system"), value.get("code")) not in pairs and "extension" not in value:
            return [("", rules.CODE)]
        return found

    return coded
