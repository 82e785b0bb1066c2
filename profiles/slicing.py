"""Which slice a value is in: the discriminators of profiles, compiled from the generated table.

Knows what the profiles in the table use: a value, pattern, code of a value set, presence, type of a choice, resource
type, claimed profile, and the type a reference resolves to, at `$this` or elements below it. A condition that needs
what is not at hand (a reference into another Bundle) holds of no value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from profiles.references import Context, points_to
from profiles.value_sets import member_of

Json = dict[str, Any]

#: Whether a value is in the slice.
Match = Callable[[Any, Context], bool]


def slice_of(slices: list[list[Json]]) -> Callable[[Any, Context], int | None]:
    """The number of the slice that a value is in, the first if several; None if it is in none.

    `slices` are the conditions of each (`match` in the table). Those told by one text alone (the url of an extension,
    the system of an identifier) are looked up, not tried one by one.
    """
    texts = [_text(conditions) for conditions in slices]
    names = {name for name, _ in texts}
    if len(names) == 1 and (name := names.pop()):
        numbers = {text: number for number, (_, text) in reversed(list(enumerate(texts)))}

        def looked_up(value: Any, _context: Context) -> int | None:
            text = value.get(name) if isinstance(value, dict) else None
            return numbers.get(text) if isinstance(text, str) else None

        return looked_up
    each = [matches(conditions) for conditions in slices]

    def tried(value: Any, context: Context) -> int | None:
        for number, holds in enumerate(each):
            if holds(value, context):
                return number
        return None

    return tried


def _text(conditions: list[Json]) -> tuple[str, str]:
    """The element and the text that alone tell a slice; empty if it takes more."""
    pattern = conditions[0].get("pattern") if len(conditions) == 1 else None
    path = conditions[0]["path"] if isinstance(pattern, str) else []
    return (path[0][0], str(pattern)) if len(path) == 1 and len(path[0]) == 1 else ("", "")


def matches(conditions: list[Json]) -> Match:
    """Whether a value meets all of these conditions (`match` of a slice in the table)."""
    each = [_condition(condition) for condition in conditions]
    if len(each) == 1:
        return each[0]

    def all_hold(value: Any, context: Context) -> bool:
        for one in each:  # noqa: SIM110 - a loop, as this is hot: a generator costs as much as the conditions
            if not one(value, context):
                return False
        return True

    return all_hold


def _condition(condition: Json) -> Match:
    path: list[list[str]] = condition["path"]
    holds = _test(condition)
    absent = condition.get("exists") is False
    if not path:
        return holds
    if len(path) == 1 and len(path[0]) == 1:
        name = path[0][0]

        def below(value: Any, context: Context) -> bool:
            if not isinstance(value, dict) or name not in value:
                return False
            found = value[name]
            if isinstance(found, list):
                for one in found:  # noqa: SIM110 - a loop, as this is hot
                    if holds(one, context):
                        return True
                return False
            return holds(found, context)

        return _not(below) if absent else below
    anywhere: Match = lambda value, context: any(holds(v, context) for v in at(value, path))  # noqa: E731
    return _not(anywhere) if absent else anywhere


def _not(there: Match) -> Match:
    return lambda value, context: not there(value, context)


def _test(condition: Json) -> Match:
    if "pattern" in condition:
        fits = fits_pattern(condition["pattern"])
        return lambda value, _context: fits(value)
    if "binding" in condition:
        member = member_of(condition["binding"])
        if member is None:  # without codes to compare, no value can be said to be in the slice
            return _never
        return lambda value, _context: (
            (isinstance(value, str) or (isinstance(value, dict) and "extension" not in value)) and member(value)
        )
    if "exists" in condition:
        return lambda _value, _context: True
    if "present" in condition:
        keys = frozenset(condition["present"])
        return lambda value, _context: isinstance(value, dict) and not keys.isdisjoint(value)
    if "resources" in condition:
        types = frozenset(condition["resources"])
        return lambda value, _context: isinstance(value, dict) and value.get("resourceType") in types
    if "claims" in condition:
        urls = frozenset(condition["claims"])
        return lambda value, _context: not urls.isdisjoint(claimed_urls(value))
    targets = frozenset(condition["resolves"])

    def resolves(value: Any, context: Context) -> bool:
        literal = value.get("reference") if isinstance(value, dict) else None
        return isinstance(literal, str) and bool(literal) and points_to(literal, context)[0] in targets

    return resolves


def _never(_value: Any, _context: Context) -> bool:
    return False


def claimed_urls(resource: Any) -> list[str]:
    """The canonical urls that a resource claims, without versions. Passes over what has no shape."""
    meta = resource.get("meta") if isinstance(resource, dict) else None
    urls = meta.get("profile") if isinstance(meta, dict) else None
    return [u.partition("|")[0] for u in urls if isinstance(u, str)] if isinstance(urls, list) else []


def at(value: Any, path: list[list[str]]) -> Iterator[Any]:
    """The values at a path of element names (several for a choice), through arrays."""
    if isinstance(value, list):
        for one in value:
            yield from at(one, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        for name in path[0]:
            if name in value:
                yield from at(value[name], path[1:])


def fits_pattern(pattern: Any) -> Callable[[Any], bool]:
    """Whether a value has at least what the pattern has: of an array, each item in one of its own."""
    if isinstance(pattern, dict):
        parts = [(key, fits_pattern(part)) for key, part in pattern.items()]

        def has_parts(value: Any) -> bool:
            if not isinstance(value, dict):
                return False
            for key, fits in parts:  # noqa: SIM110 - a loop, as this is hot
                if key not in value or not fits(value[key]):
                    return False
            return True

        return has_parts
    if isinstance(pattern, list):
        items = [fits_pattern(item) for item in pattern]
        if len(items) == 1:
            return _one_fits(items[0])
        return lambda value: isinstance(value, list) and all(any(fits(v) for v in value) for fits in items)
    if isinstance(pattern, str):
        return lambda value: bool(value == pattern)
    return lambda value: bool(value == pattern) and isinstance(value, bool) == isinstance(pattern, bool)


def _one_fits(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def one_fits(values: Any) -> bool:
        if isinstance(values, list):
            for value in values:
                if fits(value):
                    return True
        return False

    return one_fits
