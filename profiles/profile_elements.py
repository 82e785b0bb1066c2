"""The checks of elements and values that `profiles.profile_check` puts together for a profile.

Each function takes a part of the generated table and gives a closure that returns None for what is right and a list of
(place, rule) for what is not. Values of the wrong shape are passed over: the base check reports them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from profiles import rules
from profiles.references import Context, points_to
from profiles.rules import Found, Rule, under
from profiles.slicing import fits_pattern, slice_of
from profiles.value_sets import member_of

Json = dict[str, Any]

#: What a profile finds in a value, and in an element of an object.
Value = Callable[[Any, Context], Found | None]
Element = Callable[[Json, Context], Found | None]
#: What slices find among the values of an element; places begin with the index.
Sliced = Callable[[list[Any], Context], Found | None]
#: The rule that a value breaks, by itself.
Test = Callable[[Any, Context], Rule | None]


def each_of(elements: list[Element]) -> Value:
    """All of these elements in an object; nothing in any other value."""

    def value(item: Any, context: Context) -> Found | None:
        if not isinstance(item, dict):
            return None
        found: Found | None = None
        for element in elements:
            below = element(item, context)
            if below is not None:
                found = under(found, "", below)
        return found

    return value


def single(spec: Json, value: Value | None, attached: Value | None) -> Element:
    """An element with at most one value; `attached` is asked of the `_name` beside a primitive."""
    name = spec["name"]
    step, extensions = f".{name}", f"_{name}"
    missing = [(step, rules.PROFILE_MISSING)] if spec.get("min") else None
    if spec.get("max") == 0:
        found_there = [(step, rules.PROFILE_PROHIBITED)]
        return lambda parent, _context: found_there if name in parent or extensions in parent else None
    if value is None and attached is None:
        return lambda parent, _context: None if name in parent or extensions in parent else missing

    def element(parent: Json, context: Context) -> Found | None:
        item = parent.get(name)
        if item is None:
            if extensions not in parent:
                return missing
            below = None
        else:
            below = value(item, context) if value is not None else None
        if attached is not None:
            more = attached(parent.get(extensions, {}), context)
            below = more if below is None else below if more is None else below + more
        return None if below is None else under(None, step, below)

    return element


def array(spec: Json, value: Value | None, attached: Value | None, slices: Sliced | None) -> Element:
    """An element that is an array: how many, each of them, and their slices."""
    name = spec["name"]
    step, extensions = f".{name}", f"_{name}"
    least, most = spec.get("min", 0), spec.get("max")
    needed = bool(least) or any(part.get("min") for part in spec.get("slices", ()))

    def element(parent: Json, context: Context) -> Found | None:
        items = parent.get(name)
        if items is None:
            if not needed and extensions not in parent:
                return None
            items = parent.get(extensions)
            if items is None:
                if least:
                    return [(step, rules.PROFILE_MISSING)]
                items = []
            elif isinstance(items, list):
                items = [None] * len(items)
        if not isinstance(items, list):
            return None
        found: Found | None = None
        if most is not None and len(items) > most:
            place = f"{step}[{most}]" if most else step
            found = [(place, rules.PROFILE_TOO_MANY if most else rules.PROFILE_PROHIBITED)]
        if len(items) < least:
            found = under(found, step, [("", rules.PROFILE_MISSING)])
        if value is not None:
            for index, item in enumerate(items):
                below = value(item, context) if item is not None else None
                if below is not None:
                    found = under(found, f"{step}[{index}]", below)
        if attached is not None:
            beside = parent.get(extensions)
            for index in range(len(items)):
                there = isinstance(beside, list) and index < len(beside) and isinstance(beside[index], dict)
                below = attached(beside[index] if there and beside is not None else {}, context)
                if below is not None:
                    found = under(found, f"{step}[{index}]", below)
        if slices is not None:
            below = slices(items, context)
            if below is not None:
                found = under(found, step, below)
        return found

    return element


def sliced(parts: list[tuple[Json, Value | None]], *, closed: bool) -> Sliced:
    """The slices among an array's values: each value counts in the first that it fits, and must be as that one says."""
    which = slice_of([spec["match"] for spec, _ in parts])
    values = [value for _, value in parts]
    least = [spec.get("min", 0) for spec, _ in parts]
    most = [spec.get("max") for spec, _ in parts]

    def slices(items: list[Any], context: Context) -> Found | None:
        found: Found | None = None
        counts = [0] * len(values)
        for index, item in enumerate(items):
            number = which(item, context)
            if number is None:
                if closed:
                    found = under(found, f"[{index}]", [("", rules.SLICE_CLOSED)])
                continue
            counts[number] += 1
            if counts[number] - 1 == most[number]:
                found = under(found, f"[{index}]", [("", rules.SLICE_TOO_MANY)])
            value = values[number]
            below = value(item, context) if value is not None else None
            if below is not None:
                found = under(found, f"[{index}]", below)
        for count, needed in zip(counts, least, strict=True):
            if count < needed:
                found = under(found, "", [("", rules.SLICE_MISSING)])
        return found

    return slices


def tests_of(spec: Json) -> list[Test]:
    """What can be said of a value without looking below it."""
    tests: list[Test] = []
    if "fixed" in spec:
        fixed = spec["fixed"]
        tests.append(lambda value, _context: None if value == fixed else rules.PROFILE_VALUE)
    if "pattern" in spec:
        fits = fits_pattern(spec["pattern"])
        tests.append(lambda value, _context: None if fits(value) else rules.PROFILE_VALUE)
    if "binding" in spec and (member := member_of(spec["binding"])) is not None:
        tests.append(lambda value, _context: None if member(value) else rules.PROFILE_CODE)
    if "targets" in spec:
        tests.append(_targets(frozenset(spec["targets"])))
    if "resources" in spec:
        types = frozenset(spec["resources"])
        tests.append(
            lambda value, _context: (
                rules.PROFILE_TYPE if isinstance(value, dict) and value.get("resourceType") not in types else None
            )
        )
    return tests


def _targets(types: frozenset[str]) -> Test:
    def target(value: Any, context: Context) -> Rule | None:
        literal = value.get("reference") if isinstance(value, dict) else None
        if not isinstance(literal, str) or not literal:
            return None
        kind, _ = points_to(literal, context)
        return rules.PROFILE_TARGET if kind and kind not in types else None

    return target
