"""A resource against the profiles it claims, compiled from the generated table (`profiles.generate_profiles`).

Each profile is compiled once, on first use, into closures over what it asks beyond base R4: cardinality, fixed values
and patterns, required bindings, types and targets, slices, prohibited elements, and the invariants of
`profiles.profile_invariants`. Base R4 is `profiles.check`; values of the wrong shape are its business and are passed
over here. Does not look at must-support (`profiles.must_support`), does not ask whether what a reference points to
meets its target profile (only its type), and takes a slice that it cannot decide (`undecided` in the table) as absent.

Of a profile and another that derives from it only the derived one is checked: its snapshot holds the other's.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple

from profiles import CANONICAL, rules
from profiles.definitions import profile_tables
from profiles.primitives import PRIMITIVES
from profiles.profile_elements import Element, Sliced, Value, array, each_of, single, sliced, tests_of
from profiles.profile_invariants import ProfileInvariant, profile_invariant
from profiles.references import Context
from profiles.rules import Found, under
from profiles.slicing import claimed_urls

Json = dict[str, Any]


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
        tests = tests_of(spec)
        elements = [] if primitive else self.elements(spec)
        held = [i for place, key in spec.get("constraints", ()) if (i := profile_invariant(place, key)) is not None]
        if not tests and not held:
            return each_of(elements) if elements else None

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
            attached = each_of(extended)
        slices = self._slices(spec)
        if value is None and attached is None and slices is None and "min" not in spec and "max" not in spec:
            return None
        if "many" in spec:
            return array(spec, value, attached, slices)
        return single(spec, value, attached)

    def _slices(self, spec: Json) -> Sliced | None:
        """The check of an array's slices; None if none of them asks anything."""
        parts = [(s, self.value(s.get("value"))) for s in spec.get("slices", ()) if "match" in s]
        closed = spec.get("closed", False)
        if not closed and not any(value or "min" in s or "max" in s for s, value in parts):
            return None
        return sliced(parts, closed=closed)

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
