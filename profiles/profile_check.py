"""A resource against the profiles it claims, compiled from the generated table (`profiles.generate_profiles`).

Each profile is compiled once, on first use, into closures over what it asks beyond base R4: cardinality, fixed values
and patterns, required bindings, types and targets, slices, prohibited elements, and the invariants of
`profiles.profile_invariants`. Base R4 is `profiles.check`; values of the wrong shape are its business and are passed
over here. Does not look at must-support (`profiles.must_support`), does not ask whether what a reference points to
meets its target profile (only its type), and takes a slice that it cannot decide (`undecided` in the table) as absent.

Of a profile and another that derives from it only the derived one is checked: its snapshot holds the other's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, NamedTuple

from profiles import CANONICAL, rules
from profiles.definitions import profile_tables
from profiles.primitives import PRIMITIVES
from profiles.profile_invariants import ProfileInvariant, profile_invariant
from profiles.references import Context, points_to
from profiles.rules import Found, Rule, under
from profiles.slicing import claimed_urls, fits_pattern, slice_of
from profiles.value_sets import member_of

Json = dict[str, Any]

#: What a profile finds in a value, and in an element of an object.
Value = Callable[[Any, Context], Found | None]
Element = Callable[[Json, Context], Found | None]
_Test = Callable[[Any, Context], Rule | None]


class Profile(NamedTuple):
    """A profile that the check knows. `derives`: those whose demands its own include, by canonical with version."""

    canonical: str
    type: str
    derives: frozenset[str]
    asks: Value


def known(canonical: str) -> str | None:
    """The profile meant, as `url|version`; None if the check does not know it, or not in that version."""
    if "|" in canonical:
        return canonical if canonical in profile_tables()["profiles"] else None
    meant: str | None = profile_tables()["default"].get(canonical)
    return meant


@cache
def profile(canonical: str) -> Profile:
    """The compiled profile of a canonical that `known` gave. KeyError for any other."""
    row = profile_tables()["profiles"][canonical]
    asks = _Compiling(row["root"]).value(row["root"]) or _nothing
    return Profile(canonical, row["type"], frozenset(row["derives"]), asks)


def claims(resource: Json, context: Context) -> Found | None:
    """What is wrong with a resource by the profiles in its `meta.profile`, and which of those are not known."""
    meta = resource.get("meta")
    listed = meta.get("profile") if isinstance(meta, dict) else None
    if not isinstance(listed, list):
        return None
    try:
        unknown, each = _claimed(tuple(listed))
    except TypeError:  # not texts, which the base check reports
        unknown, each = _claimed(tuple(c for c in listed if isinstance(c, str)))
    found: Found | None = list(unknown) if unknown else None
    for one in each:
        below = _against(resource, one, context)
        if below is not None:
            found = below if found is None else found + below
    return found


@lru_cache(maxsize=256)
def _claimed(listed: tuple[Any, ...]) -> tuple[Found, tuple[Profile, ...]]:
    """What a list of claims comes to: those not known, and the profiles to check, each once."""
    unknown: Found = []
    keys: list[str] = []
    for index, canonical in enumerate(listed):
        if isinstance(canonical, str) and canonical:
            key = known(canonical)
            if key is not None:
                keys.append(key)
            else:
                own = canonical.startswith(f"{CANONICAL}/")
                rule = rules.PROFILE_UNKNOWN if own else rules.PROFILE_FOREIGN
                unknown.append((f".meta.profile[{index}]", rule))
    each = [profile(key) for key in dict.fromkeys(keys)]
    # a profile whose demands another one holds is not checked again
    covered = frozenset[str]().union(*(one.derives for one in each))
    return unknown, tuple(one for one in each if one.canonical not in covered)


def used(resource: Any) -> list[str]:
    """The profiles that a resource claims and the check knows, as `url|version`, each once, as claimed."""
    meta = resource.get("meta") if isinstance(resource, dict) else None
    listed = meta.get("profile") if isinstance(meta, dict) else None
    keys = [known(c) for c in listed if isinstance(c, str)] if isinstance(listed, list) else []
    return list(dict.fromkeys(key for key in keys if key is not None))


def by_profile(resource: Json, canonical: str, context: Context) -> Found | None:
    """What is wrong with a resource by one profile, whether claimed or not. LookupError if the profile is not known."""
    key = known(canonical)
    if key is None:
        raise LookupError("no profile with this canonical is known")
    return _against(resource, profile(key), context)


def _against(resource: Json, one: Profile, context: Context) -> Found | None:
    if resource.get("resourceType") != one.type:
        return [("", rules.PROFILE_OTHER)]
    return one.asks(resource, context)


def _nothing(_value: Any, _context: Context) -> None:
    """A profile that asks no more than base R4."""


# --- compiling ----------------------------------------------------------------------------------------------------


class _Compiling:
    """One profile's table on its way to closures; recursion by contentReference closes on itself."""

    def __init__(self, root: Json) -> None:
        self.root = root
        self.referred: dict[str, list[Value | None]] = {}

    def value(self, spec: Json | None, *, primitive: bool = False) -> Value | None:
        """The check of a value; of a primitive without what is asked of its extensions. None if nothing is asked."""
        if not spec:
            return None
        tests = _tests(spec)
        elements = [] if primitive else self.elements(spec)
        held = [i for place, key in spec.get("constraints", ()) if (i := profile_invariant(place, key)) is not None]
        if not tests and not held:
            return _elements(elements) if elements else None

        def value(item: Any, context: Context) -> Found | None:
            found: Found | None = None
            for test in tests:
                rule = test(item, context)
                if rule is not None:
                    found = under(found, "", [("", rule)])
            if isinstance(item, dict):
                for element in elements:
                    below = element(item, context)
                    if below is not None:
                        found = under(found, "", below)
            for each in held:
                if not _holds(each, item, context):
                    found = under(found, "", [("", each.rule)])
            return found

        if "profiles" in spec:
            return _conforming(value, tuple(spec["profiles"]))
        return value

    def elements(self, spec: Json) -> list[Element]:
        """The checks of the elements of which anything is asked."""
        return [each for e in spec.get("elements", ()) if (each := self.element(e)) is not None]

    def element(self, spec: Json) -> Element | None:
        """The check of an element in its parent; None if nothing is asked but support."""
        if "choice" in spec:
            return self._choice(spec)
        if "same" in spec:
            value: Value | None = self._referred(spec["same"])
        else:
            value = self.value(spec.get("value"), primitive="primitive" in spec)
        attached = None
        if "primitive" in spec and (extended := self.elements(spec.get("value", {}))):
            attached = _elements(extended)
        slices = self._slices(spec)
        if value is None and attached is None and slices is None and "min" not in spec and "max" not in spec:
            return None
        if "many" in spec:
            return _array(spec, value, attached, slices)
        return _single(spec, value, attached)

    def _slices(self, spec: Json) -> _Sliced | None:
        """The check of an array's slices; None if none of them asks anything."""
        parts = [(s, self.value(s.get("value"))) for s in spec.get("slices", ()) if "match" in s]
        closed = spec.get("closed", False)
        if not closed and not any(value or "min" in s or "max" in s for s, value in parts):
            return None
        return _slices(parts, closed=closed)

    def _referred(self, name: str) -> Value:
        """What another element of the profile asks of its values, by its dotted name: compiled when first needed."""
        holder = self.referred.setdefault(name, [])

        def value(item: Any, context: Context) -> Found | None:
            if not holder:
                spec: Json | None = {"value": self.root}
                for step in name.split("."):
                    below = (spec or {}).get("value", {}).get("elements", ())
                    spec = next((e for e in below if e["name"] == step), None)
                holder.append(self.value(spec.get("value") if spec else None))
            return holder[0](item, context) if holder[0] is not None else None

        return value

    def _choice(self, spec: Json) -> Element | None:
        name, choice = spec["name"], spec["choice"]
        step = f".{name}"
        required, prohibited = spec.get("min", 0) > 0, spec.get("max") == 0
        allowed: frozenset[str] = frozenset(spec.get("types") or choice)
        whole = {key: self.value(spec.get("value"), primitive=code in PRIMITIVES) for key, code in choice.items()}
        slices = [(frozenset(s["keys"]), s) for s in spec.get("slices", ()) if "keys" in s]
        parts = {
            key: self.value(s.get("value"), primitive=choice[key] in PRIMITIVES) for keys, s in slices for key in keys
        }
        needed = [keys for keys, s in slices if s.get("min")]
        if slices and spec.get("closed"):
            allowed &= frozenset(key for keys, _ in slices for key in keys)

        if not (required or prohibited or needed or "types" in spec or spec.get("closed")) and not any(
            (*whole.values(), *parts.values())
        ):
            return None

        def element(parent: Json, context: Context) -> Found | None:
            key = next((k for k in choice if k in parent or f"_{k}" in parent), None)
            if key is None:
                return [(step, rules.PROFILE_MISSING)] if required or needed else None
            place = f"{step}.ofType({choice[key]})"
            if prohibited:
                return [(place, rules.PROFILE_PROHIBITED)]
            if key not in allowed or any(key not in keys for keys in needed):
                return [(place, rules.PROFILE_TYPE)]
            found: Found | None = None
            for value in (whole[key], parts.get(key)):
                below = value(parent[key], context) if value is not None and key in parent else None
                if below is not None:
                    found = under(found, place, below)
            return found

        return element


def _elements(elements: list[Element]) -> Value:
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


def _holds(held: ProfileInvariant, value: Any, context: Context) -> bool:
    try:
        return held.holds(value, context)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError):
        return True  # of the wrong shape, which the base check reports: nothing to evaluate


def _conforming(value: Value, canonicals: tuple[str, ...]) -> Value:
    """A resource that must also meet one of these profiles. One that it claims itself is checked with the claim."""

    def conforming(item: Any, context: Context) -> Found | None:
        found = value(item, context)
        if found is not None or not isinstance(item, dict) or not set(canonicals).isdisjoint(claimed_urls(item)):
            return found
        first: Found | None = None
        for canonical in canonicals:
            key = known(canonical)
            below = None if key is None else _against(item, profile(key), context)
            if below is None:
                return None
            first = first or below
        return first

    return conforming


# --- one element --------------------------------------------------------------------------------------------------


def _single(spec: Json, value: Value | None, attached: Value | None) -> Element:
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


#: What slices find among the values of an element; places begin with the index.
_Sliced = Callable[[list[Any], Context], Found | None]


def _array(spec: Json, value: Value | None, attached: Value | None, slices: _Sliced | None) -> Element:
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


def _slices(parts: list[tuple[Json, Value | None]], *, closed: bool) -> _Sliced:
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


# --- one value ----------------------------------------------------------------------------------------------------


def _tests(spec: Json) -> list[_Test]:
    """What can be said of a value without looking below it."""
    tests: list[_Test] = []
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


def _targets(types: frozenset[str]) -> _Test:
    def target(value: Any, context: Context) -> Rule | None:
        literal = value.get("reference") if isinstance(value, dict) else None
        if not isinstance(literal, str) or not literal:
            return None
        kind, _ = points_to(literal, context)
        return rules.PROFILE_TARGET if kind and kind not in types else None

    return target
