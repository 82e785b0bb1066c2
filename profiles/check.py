"""Our own check of FHIR R4 resources, compiled from the generated tables (`profiles.generate`).

`check` says what is wrong with a resource: unknown and missing elements, cardinality, JSON types, formats, dates
that do not exist, required bindings, reference targets, choices, empty values, narratives, the invariants of
`profiles.invariants`, and the profiles that it claims (`profiles.profile_check`). It does not look at bindings that
are not required, or at what the text says, and does not fetch what a reference points to outside the resource and its
Bundle.

Each type is compiled once into closures that return None for what is right and a list of (place, rule) for what is
not; places are put together only on the way out of a fault, so a right resource costs no path.
"""

from __future__ import annotations

import re
from threading import RLock
from typing import Any

from profiles import CANONICAL, element_checks, profile_check, rules
from profiles.definitions import profile_tables, r4, resource_types
from profiles.element_checks import Check, at, hold
from profiles.extensions import as_defined
from profiles.invariants import SQTY_1, Invariant, invariant
from profiles.issue import Issue
from profiles.must_support import absent, absent_by
from profiles.primitives import FORMS, PRIMITIVES, Primitive, wrong_type
from profiles.references import Context, contained_types, entry_types
from profiles.rules import Found, Rule, under

Json = dict[str, Any]

_ELEMENT_NAME = re.compile(r"_?[a-z][A-Za-z0-9]{0,63}")
_lock = RLock()
_types: dict[str, Check] = {}  # also types whose table is still being filled: only under the lock
_resources: dict[str, Check] = {}  # only complete ones


def check(resource: Json, *, must_support: bool = False) -> list[Issue]:
    """What is wrong with this resource, in document order; an empty list if nothing is.

    Takes any resource, with a Bundle's entries checked each in place (`Bundle.entry[3].resource.status`). Each is
    checked against base R4, then against the profiles of its `meta.profile` that are known; of a profile and its parent
    only the one that holds the other's demands. A claim of ours that is not known is an error, another's information.

    Paths are FHIRPath: a choice is written `Observation.value.ofType(Quantity)`. An invariant is evaluated even beside
    other faults, unless those leave it nothing to evaluate. `must_support` adds a warning for each element that a
    claimed profile marks must-support and that is not there (`profiles.must_support`): an unknown fact is no fault, so
    the hub does not ask. Never raises on JSON values, and issues carry none of them.
    """
    try:
        found = _whole(resource, Context({}, None), {})
        if must_support:
            found = [*(found or ()), *absent(resource)]
    except RecursionError:
        found = [("", rules.DEPTH)]
    return [] if found is None else _issues(resource, found)


def profile_issues(resource: Json, canonical: str, *, must_support: bool = False) -> list[Issue]:
    """What is wrong with this resource by one profile, claimed or not, beyond base R4 (`check`).

    The canonical is with or without `|version`. References are followed into a Bundle's entries only. `must_support` as
    for `check`. LookupError if the profile is not known. Never raises on JSON values.
    """
    key = profile_check.known(canonical)
    if key is None:
        raise LookupError("no profile with this canonical is known")
    if not isinstance(resource, dict):
        return _issues(resource, [("", rules.RESOURCE_TYPE)])
    context = _outermost(resource)
    try:
        found = profile_check.by_profile(resource, key, context) or []
        if must_support:
            found = [*found, *absent_by(resource, key, context)]
    except RecursionError:
        found = [("", rules.DEPTH)]
    return _issues(resource, found)


def meets(resource: Json, canonical: str) -> bool:
    """Whether this resource may claim the profile: no error by base R4 or by the profile.

    Does not look at what the resource claims itself. LookupError if the profile is not known.
    """
    if any(issue.severity in ("error", "fatal") for issue in profile_issues(resource, canonical)):
        return False
    one = _resource(resource)
    try:
        found = None if one is None else one(resource, _outermost(resource), resource)
    except RecursionError:
        return False
    return one is not None and not any(rule.severity in ("error", "fatal") for _, rule in found or ())


def _issues(resource: Any, found: Found) -> list[Issue]:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    root = kind if isinstance(kind, str) and kind in resource_types() else "Resource"
    return [
        Issue(severity=rule.severity, code=rule.code, rule=rule.rule, path=root + place, text=rule.text)
        for place, rule in dict.fromkeys(found)  # what R4 and two profiles ask alike is said once
    ]


def _outermost(resource: Json) -> Context:
    """What the references of a resource that stands for itself may resolve to."""
    entries = entry_types(resource) if resource.get("resourceType") == "Bundle" else None
    return Context(contained_types(resource.get("contained")), entries)


def _whole(value: Any, context: Context, _parent: Json) -> Found | None:
    """A resource that stands for itself: the root, a Bundle's entry, a parameter."""
    one = _resource(value)
    if one is None:
        return [("", wrong_type(value) if not isinstance(value, dict) else rules.RESOURCE_TYPE)]
    entries = entry_types(value) if value["resourceType"] == "Bundle" else context.entries
    contained = value.get("contained")
    if contained or entries is not context.entries:
        context = Context(contained_types(contained), entries)
    found = one(value, context, value)
    return _with_claims(value, context, found) if "meta" in value else found


def _inside(value: Any, context: Context, _parent: Json) -> Found | None:
    """A contained resource: its references resolve beside it."""
    one = _resource(value)
    if one is None:
        return [("", wrong_type(value) if not isinstance(value, dict) else rules.RESOURCE_TYPE)]
    found = one(value, context, value)
    return _with_claims(value, context, found) if "meta" in value else found


def _with_claims(value: Json, context: Context, found: Found | None) -> Found | None:
    below = profile_check.claims(value, context)
    return found if below is None else below if found is None else found + below


def _resource(value: Any) -> Check | None:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        return None
    one = _resources.get(kind)
    if one is None and kind in resource_types():
        with _lock:
            try:
                one = _resources[kind] = _complex(kind)
            except BaseException:  # also an interrupt: a table left half filled must not serve the next resource
                _types.clear()
                raise
    return one


# --- one type -----------------------------------------------------------------------------------------------------


def _complex(name: str) -> Check:
    """The check of a datatype, backbone element or resource. Call under the lock; recursion closes on itself."""
    known = _types.get(name)
    if known is not None:
        return known
    structure = r4()["types"][name]
    singles: dict[str, Primitive] = {}  # one primitive, no choice: the commonest element, one call
    others: dict[str, Check] = {}
    steps: dict[str, str] = {}
    required: list[tuple[str, ...]] = []
    held = _invariants(name, structure)
    checked = _object(singles, others, steps, required, held, is_element=structure["kind"] != "resource")
    if name == "Extension":
        checked = _defined(checked)
    _types[name] = checked
    if structure["kind"] == "resource":
        others["resourceType"] = _nothing
        steps["resourceType"] = ".resourceType"
    for element in structure["elements"]:
        _add_element(name, element, singles, others, steps)
        if element["min"]:
            required.append(_keys(element, extended=True))
    return checked


def _object(
    singles: dict[str, Primitive],
    others: dict[str, Check],
    steps: dict[str, str],
    required: list[tuple[str, ...]],
    held: list[Invariant],
    *,
    is_element: bool,
) -> Check:
    single = singles.get
    other = others.get

    def checked(value: Any, context: Context, _parent: Json) -> Found | None:
        if not isinstance(value, dict):
            return [("", wrong_type(value))]
        found: Found | None = None
        for key, item in value.items():
            primitive = single(key)
            if primitive is not None:
                rule = primitive(item)
                if rule is not None:
                    found = under(found, steps[key], [("", rule)])
                continue
            element = other(key)
            if element is None:
                found = under(found, _unknown(key), [("", rules.UNKNOWN_ELEMENT)])
                continue
            below = element(item, context, value)
            if below is not None:
                found = under(found, steps[key], below)
        if is_element and (not value or (len(value) == 1 and "id" in value)):
            return under(found, "", [("", rules.EMPTY)])  # ele-1
        for keys in required:
            if keys[0] not in value and not any(key in value for key in keys):
                found = under(found, steps[keys[0]].partition(".ofType(")[0], [("", rules.MISSING)])
        for each in held:
            found = hold(found, each, value)
        return found

    return checked


def _invariants(place: str, definition: Json) -> list[Invariant]:
    return [i for key in definition.get("constraints", ()) if (i := invariant(place, key)) is not None]


def _unknown(key: Any) -> str:
    """The place of an element that FHIR does not have: by name only if it looks like one, not like a payload."""
    return f".{key}" if isinstance(key, str) and _ELEMENT_NAME.fullmatch(key) else ""


def _nothing(_value: Any, _context: Context, _parent: Json) -> None:
    """resourceType was read on the way here."""


# --- one element of a type ----------------------------------------------------------------------------------------


def _keys(element: Json, *, extended: bool) -> tuple[str, ...]:
    """The JSON properties that may carry an element; `extended` adds those of primitive extensions."""
    name: str = element["name"]
    keys = [name]
    if element.get("choice"):
        keys = [name + t["code"][0].upper() + t["code"][1:] for t in element["types"]]
    if extended:
        keys += [f"_{k}" for k, t in zip(keys, element["types"], strict=True) if t["code"] in PRIMITIVES]
    return tuple(keys)


def _add_element(
    name: str, element: Json, singles: dict[str, Primitive], others: dict[str, Check], steps: dict[str, str]
) -> None:
    many = element.get("max") is None
    choice = element.get("choice", False)
    siblings = frozenset(_keys(element, extended=True)) if choice else frozenset[str]()
    held = _invariants(f"{name}.{element['name']}", element)
    for key, kind in zip(_keys(element, extended=False), element["types"], strict=True):
        code: str = kind["code"]
        steps[key] = f".{element['name']}.ofType({code})" if choice else f".{key}"
        if code not in PRIMITIVES:
            one = element_checks.with_invariants(_one(element, kind), held)
            others[key] = element_checks.alone(element_checks.array(one) if many else one, key, siblings - {key})
            continue
        primitive = _bound(element, PRIMITIVES[code])
        steps[f"_{key}"] = steps[key]
        if many:
            others[key] = element_checks.primitive_array(primitive, f"_{key}", held)
            others[f"_{key}"] = _extension_array(key)
        else:
            others[f"_{key}"] = element_checks.alone(_extension(key), f"_{key}", siblings - {key, f"_{key}"})
            if choice or held:
                others[key] = element_checks.alone(
                    element_checks.with_invariants(element_checks.primitive(primitive), held),
                    key,
                    siblings - {key, f"_{key}"},
                )
            else:
                singles[key] = primitive


def _one(element: Json, kind: Json) -> Check:
    """The check of one value of a complex type where this element stands."""
    code: str = kind["code"]
    if code == "Resource":
        return _inside if element["name"] == "contained" else _whole
    one = _complex(code)
    if code == "Reference":
        one = element_checks.reference(one, frozenset(kind.get("targets", ())))
    if "SimpleQuantity" in kind.get("profile", ()):
        one = element_checks.with_invariants(one, [SQTY_1])
    url = element.get("binding")
    if url in r4()["valuesets"] and code in ("CodeableConcept", "Coding"):
        pairs = frozenset((s, c) for s, codes in r4()["valuesets"][url].items() for c in codes)
        one = element_checks.concept(one, pairs) if code == "CodeableConcept" else element_checks.coding(one, pairs)
    return one


def _bound(element: Json, primitive: Primitive) -> Primitive:
    """A primitive under its required binding, if it has one with codes to list."""
    url = element.get("binding")
    if url is None:
        return primitive
    if url not in r4()["valuesets"]:
        return FORMS.get(url, primitive)
    codes = frozenset(c for listed in r4()["valuesets"][url].values() for c in listed)

    def coded(value: Any) -> Rule | None:
        if not isinstance(value, str):
            return wrong_type(value)
        if value in codes:
            return None
        return rules.CODE if value else rules.EMPTY

    return coded


def _extension(key: str) -> Check:
    """The `_name` beside a primitive: id and extensions of a value that may itself be absent."""
    attached = _attached()

    def extension(value: Any, context: Context, parent: Json) -> Found | None:
        return attached(value, context, {"value": True} if key in parent else {})

    return extension


def _extension_array(key: str) -> Check:
    """The `_name` beside an array of primitives, null where a value has no extension."""
    attached = _attached()

    def extensions(value: Any, context: Context, parent: Json) -> Found | None:
        if not isinstance(value, list):
            return [("", rules.TYPE if value is not None else rules.NULL)]
        if not value:
            return [("", rules.EMPTY)]
        values = parent.get(key)
        found: Found | None = None
        for index, item in enumerate(value):
            valued = at(values, index) is not None
            if item is not None:
                below = attached(item, context, {"value": True} if valued else {})
            elif not valued and not (isinstance(values, list) and index < len(values)):
                below = [("", rules.ALIGNMENT)]  # neither a value nor an extension stands here
            else:
                below = None
            if below is not None:
                found = under(found, f"[{index}]", below)
        return found

    return extensions


def _attached() -> Check:
    """Element's own id and extensions. The parent passed is non-empty if there is a value that they belong to."""
    known = _types.get("Element")
    if known is not None:
        return known
    others: dict[str, Check] = {}
    singles: dict[str, Primitive] = {}
    steps: dict[str, str] = {}
    element_of = _object(singles, others, steps, [], [], is_element=False)

    def attached(value: Any, context: Context, parent: Json) -> Found | None:
        found = element_of(value, context, parent)
        if found is None and (not value or (not parent and "extension" not in value)):
            return [("", rules.EMPTY)]  # ele-1: neither a value nor an extension
        return found

    _types["Element"] = attached
    for element in r4()["types"]["Element"]["elements"]:
        _add_element("Element", element, singles, others, steps)
    return attached


def _defined(base: Check) -> Check:
    """An Extension; one that R4, US Core, Gravity, DS4P or we define, as its definition says."""
    definitions = {**r4()["extensions"], **profile_tables()["extensions"]}
    own = f"{CANONICAL}/StructureDefinition/"

    def extension(value: Any, context: Context, parent: Json) -> Found | None:
        found = base(value, context, parent)
        if found is not None or "url" not in value:
            return found
        url = value["url"]
        definition = definitions.get(url)
        if definition is None:
            return [("", rules.EXTENSION_UNKNOWN)] if url.startswith(own) else None
        return as_defined(value, definition, context)

    return extension
