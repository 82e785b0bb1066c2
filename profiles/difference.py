"""What one profile asks beyond base FHIR R4, told from its snapshot, for `profiles.generate_profiles`.

An element is in the difference only where it says more than R4's own: cardinality, fixed value or pattern, required
binding, types and targets, slices, constraints, must-support. A slice's discriminators become conditions on a value;
one that cannot be followed (by the profile of what a reference resolves to) leaves the slice without its match, and is
listed in `undecided`. A reference to an unknown profile must be named in `ELSEWHERE`, otherwise generation fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from profiles.definitions import r4
from profiles.expansions import Bound, Package
from profiles.invariants import IN_PASSING
from profiles.primitives import PRIMITIVES

Json = dict[str, Any]

STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_PACKER = "https://medplum.com/"

#: Targets and profiles that no package here defines: the type of resource that they constrain.
ELSEWHERE = {
    "http://hl7.org/fhir/StructureDefinition/vitalsigns": "Observation",
    "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaireresponse": "QuestionnaireResponse",
    "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire": "Questionnaire",
}

_SLICE = re.compile(r"[^:]+:(.+)")
_EXTENSION_CALL = re.compile(r"extension\('([^']+)'\)")


@dataclass(slots=True)
class _Node:
    """An element of a snapshot with what stands below it."""

    element: Json
    children: dict[str, _Node] = field(default_factory=dict)
    slices: list[tuple[str, _Node]] = field(default_factory=list)


def _tree(definition: Json) -> _Node:
    nodes: dict[str, _Node] = {}
    for element in definition["snapshot"]["element"]:
        name: str = element["id"]
        node = nodes[name] = _Node(element)
        parent, _, last = name.rpartition(".")
        if match := _SLICE.fullmatch(last):
            nodes[name.removesuffix(f":{match[1]}")].slices.append((match[1], node))
        elif parent:
            nodes[parent].children[last.removesuffix("[x]")] = node
    return nodes[definition["type"]]


class Difference:
    """What one profile asks beyond base R4, as the nested JSON that `profiles.profile_check` compiles."""

    def __init__(self, definition: Json, package: Package, kinds: dict[str, str], bound: Bound) -> None:
        self.kinds = kinds
        self.package = package
        self.bound = bound
        self.undecided: list[str] = []
        self.type: str = definition["type"]
        self.root = self.node(_tree(definition), self.type, {"types": [{"code": self.type}]})
        while _prune(self.root, self.root):
            pass

    # --- a value ----------------------------------------------------------------------------------------------

    def node(self, node: _Node, kind: str, base: Json) -> Json:
        """What a value of this type must be, where this element stands. Empty if no more than R4 says."""
        element = node.element
        found: Json = {}
        for key, value in element.items():
            name = "fixed" if key.startswith("fixed") else "pattern" if key.startswith("pattern") else None
            if name and base.get(name) != value:
                found[name] = value
        if (binding := self.binding(element, base)) is not None:
            found["binding"] = binding
        found |= self._types(element, base)
        keys = [c["key"] for c in element.get("constraint", ()) if c["key"] not in _known_constraints()]
        if keys:
            found["constraints"] = [[element["path"], key] for key in keys]
        elements = [e for name, child in node.children.items() if (e := self.element(name, child, kind)) is not None]
        if elements:
            found["elements"] = elements
        return found

    def binding(self, element: Json, base: Json) -> str | None:
        """The value set of a required binding that R4 does not have here, if its codes can be listed."""
        binding = element.get("binding", {})
        if binding.get("strength") != "required" or "valueSet" not in binding:
            return None
        url = binding["valueSet"].partition("|")[0]
        return None if url == base.get("binding") else self.bound(url, self.package)

    def _types(self, element: Json, base: Json) -> Json:
        """Narrower targets of a Reference, and the resource or its profile where R4 takes any resource."""
        found: Json = {}
        for kind in element.get("type", ()):
            based = next((t for t in base["types"] if t["code"] == kind["code"]), None)
            if kind["code"] == "Reference" and kind.get("targetProfile"):
                # the packed R4 adds two targets of its publisher's own to AuditEvent.source.observer
                targets = {target_type(url, self.kinds) for url in kind["targetProfile"] if not url.startswith(_PACKER)}
                allowed = set(based.get("targets", ())) if based else set()
                if "Resource" not in targets and targets != allowed:
                    found["targets"] = sorted(targets)
            elif [t["code"] for t in base["types"]] == ["Resource"] and kind["code"] != "Resource":
                found.setdefault("resources", []).append(kind["code"])
                found.setdefault("profiles", []).extend(p.partition("|")[0] for p in kind.get("profile", ()))
        if not found.get("profiles", True):
            del found["profiles"]
        return found

    # --- an element -------------------------------------------------------------------------------------------

    def element(self, name: str, node: _Node, parent: str) -> Json | None:
        """How often the element stands in its parent, what its values and slices must be; None if as R4 says."""
        base = _base(parent, name)
        if base is None:  # `value` of a primitive
            return None
        said: Json = {"min": node.element["min"]} if node.element["min"] > base["min"] else {}
        most = node.element["max"]
        if most != "*" and (base.get("max") is None or int(most) < base["max"]):
            said["max"] = int(most)
        if node.element.get("mustSupport"):
            said["ms"] = True
        codes = [t["code"] for t in base["types"]]
        declared = [_code(t, codes) for t in node.element.get("type", ())]
        if base.get("choice") and declared and set(declared) < set(codes):
            said["types"] = sorted(_json_key(name, code) for code in declared)
        kind = self._kind(declared or codes, node)
        if "contentReference" in node.element:
            # the profile's own demands on the element referred to hold here as well
            said["same"] = node.element["contentReference"].partition("#")[2].partition(".")[2]
        elif value := self.node(node, kind, base):
            said["value"] = value
        slices = [self.slice(of, name, each, node, base) for of, each in node.slices]
        if slices:
            said["slices"] = slices
            if node.element.get("slicing", {}).get("rules") == "closed":
                said["closed"] = True
        if not said:
            return None
        place: Json = {"name": name}
        if base.get("max") is None:
            place["many"] = True
        if base.get("choice"):
            place["choice"] = {_json_key(name, code): code for code in codes}
        if not base.get("choice") and codes[0] in PRIMITIVES:
            place["primitive"] = True
        return place | said

    def _kind(self, codes: list[str], node: _Node) -> str:
        """The type whose elements stand below, of several the first that has them all."""
        for code in codes:
            if all(_base(code, name) is not None for name in node.children):
                return code
        return codes[0]

    def slice(self, of: str, name: str, node: _Node, whole: _Node, base: Json) -> Json:
        """One slice: which values are in it, how many there may be, and what they must be."""
        element = node.element
        said: Json = {"name": of}
        if element["min"]:
            said["min"] = element["min"]
        if element["max"] != "*" and (whole.element["max"] == "*" or int(element["max"]) < int(whole.element["max"])):
            said["max"] = int(element["max"])
        if element.get("mustSupport"):
            said["ms"] = True
        codes = [t["code"] for t in base["types"]]
        declared = [_code(t, codes) for t in element.get("type", ())] or codes
        match: list[Json] | None = []
        discriminators = whole.element["slicing"].get("discriminator", [])
        if codes == ["Extension"]:
            match = [{"path": [["url"]], "pattern": _extension_url(node)}]
        elif base.get("choice"):
            said["keys"] = sorted(_json_key(name, code) for code in declared)
            match = None
        else:
            for discriminator in discriminators or [{"type": "none", "path": ""}]:
                conditions = self.conditions(discriminator, node, base)
                match = None if conditions is None or match is None else match + conditions
        if match is not None:
            said["match"] = match
        elif "keys" not in said:
            self.undecided.append(element["id"])
        own_profile = any(t["code"] == "Extension" and t.get("profile") for t in element.get("type", ()))
        value = {} if own_profile else self.node(node, self._kind(declared, node), base)
        if value := _less(_less_matched(value, match or ()), self.node(whole, self._kind(declared, whole), base)):
            said["value"] = value
        return said

    # --- discriminators ---------------------------------------------------------------------------------------

    def conditions(self, discriminator: Json, node: _Node, base: Json) -> list[Json] | None:
        """What a value must show to be in the slice; None if that cannot be told without fetching or guessing."""
        kind, path = discriminator["type"], discriminator["path"]
        if match := _EXTENSION_CALL.fullmatch(path):
            return [{"path": [["extension"]], "pattern": {"url": match[1]}}] if kind == "exists" else None
        resolved = path == "resolve()" or path.endswith(".resolve()")
        names = [] if path in ("$this", "resolve()", "$this.resolve()") else path.removesuffix(".resolve()").split(".")
        at, keys, parent, held = node, list[list[str]](), base, None
        for index, name in enumerate(names):
            held = held if held is not None else _projected(at.element, names[index:])
            entry = _base_of(parent, at, name)
            if entry is None:
                return None
            codes = [t["code"] for t in entry["types"]]
            keys.append([_json_key(name, code) for code in codes] if entry.get("choice") else [name])
            if name in at.children:
                at = at.children[name]
            elif held is None:
                return None
            parent = entry
        if kind in ("value", "pattern"):
            if held is not None:
                return [{"path": keys, "pattern": held}]
            return list(self._values(at, keys, parent)) or None
        if kind == "exists":
            return [{"path": keys, "exists": at.element["max"] != "0"}]
        if kind == "type":
            return self._type(at, keys, names, resolved=resolved)
        if kind == "profile" and not resolved:
            profiles = [p.partition("|")[0] for t in at.element.get("type", ()) for p in t.get("profile", ())]
            return [{"path": keys, "claims": profiles}] if profiles else None
        return None

    def _type(self, at: _Node, keys: list[list[str]], names: list[str], *, resolved: bool) -> list[Json] | None:
        types = at.element.get("type", ())
        if resolved:
            targets = sorted({target_type(u, self.kinds) for t in types for u in t.get("targetProfile", ())})
            return [{"path": keys, "resolves": targets}] if targets else None
        if len(keys) and len(keys[-1]) > 1:  # a choice: the JSON name says the type
            present = [_json_key(names[-1], t["code"]) for t in types]
            return [{"path": keys[:-1], "present": present}]
        return [{"path": keys, "resources": [t["code"] for t in types]}]

    def _values(self, at: _Node, keys: list[list[str]], base: Json) -> Iterator[Json]:
        """Fixed values, patterns and required codes of the element, or else of those below it."""
        for key, value in at.element.items():
            if key.startswith(("fixed", "pattern")):
                yield {"path": keys, "pattern": value}
                return
        if (binding := self.binding(at.element, {})) is not None and at.element["binding"] != base.get("binding"):
            yield {"path": keys, "binding": binding}
            return
        for name, child in at.children.items():
            entry = _base_of(base, at, name)
            if entry is not None and not entry.get("choice"):
                yield from self._values(child, [*keys, [name]], entry)


def _less(value: Json, whole: Json) -> Json:
    """What is asked of the values of a slice, without what is asked of all values of the element."""
    rest: Json = {}
    for key, asked in value.items():
        if key in ("constraints", "elements"):
            asked = [one for one in asked if one not in whole.get(key, ())]
        elif whole.get(key) == asked:
            continue
        if asked != []:
            rest[key] = asked
    return rest


def _less_matched(value: Json, match: Iterable[Json]) -> Json:
    """The same without what put the value into the slice: a value, pattern or code that it is known to have."""
    for condition in match:
        at = value
        for names in condition["path"]:
            # through an array only one of the values is known to have it
            below = [e for e in at.get("elements", ()) if [e["name"]] == names and "many" not in e]
            at = below[0].get("value", {}) if below else {}
        for key in ("pattern", "binding"):
            known = condition.get(key)
            if known is not None and at.get(key) == known:
                del at[key]
        if isinstance(condition.get("pattern"), str) and at.get("fixed") == condition["pattern"]:
            del at["fixed"]
    return value


def _prune(root: Json, spec: Json) -> bool:
    """Takes out contentReferences to elements of which nothing is asked; whether there was one."""
    pruned = False
    for element in list(spec.get("elements", ())):
        if (
            "same" in element
            and not (set(element) & {"min", "max", "ms", "slices"})
            and not _asked(root, element["same"])
        ):
            spec["elements"].remove(element)
            pruned = True
        for part in (element, *element.get("slices", ())):
            if "value" in part:
                pruned |= _prune(root, part["value"])
                if not part["value"]:
                    del part["value"]
        if set(element) <= {"name", "many", "choice", "primitive"} and element in spec["elements"]:
            spec["elements"].remove(element)
            pruned = True
    if "elements" in spec and not spec["elements"]:
        del spec["elements"]
    return pruned


def _asked(root: Json, name: str) -> bool:
    """Whether anything is asked of the values of the element with this dotted name, but for itself again."""
    spec: Json = {"value": root}
    for step in name.split("."):
        found = (e for e in spec.get("value", {}).get("elements", ()) if e["name"] == step)
        spec = next(found, {})
    value = spec.get("value", {})
    return any(key != "elements" or any(set(e) - {"name", "many", "same"} for e in value[key]) for key in value)


def target_type(canonical: str, kinds: dict[str, str]) -> str:
    """The type of resource that a target profile is about. `kinds`: those of the known profiles, by url."""
    url = canonical.partition("|")[0]
    name = url.removeprefix(STRUCTURE)
    return name if name in r4()["types"] else kinds.get(url) or ELSEWHERE[url]


@cache
def _known_constraints() -> frozenset[str]:
    """The keys that R4 itself has: `profiles.check` holds them, whatever profile repeats them."""
    places = [part for structure in r4()["types"].values() for part in (structure, *structure["elements"])]
    return frozenset(IN_PASSING).union(*(part.get("constraints", ()) for part in places))


def _code(declared: Json, codes: list[str]) -> str:
    """The type's code as the R4 table has it: backbone elements go by their path."""
    code: str = declared["code"]
    if code.startswith("http://hl7.org/fhirpath/") or code in ("BackboneElement", "Element"):
        return codes[0]
    return code


def _json_key(name: str, code: str) -> str:
    return name + code[0].upper() + code[1:]


def _base(kind: str, name: str) -> Json | None:
    """R4's own element of this name in a type; of a primitive its extensions."""
    structure = r4()["types"].get("Element" if kind in PRIMITIVES else kind)
    elements: list[Json] = structure["elements"] if structure else []
    return next((e for e in elements if e["name"] == name), None)


def _base_of(base: Json, node: _Node, name: str) -> Json | None:
    codes = [t["code"] for t in base["types"]]
    declared = [_code(t, codes) for t in node.element.get("type", ())]
    return next((e for code in declared or codes if (e := _base(code, name)) is not None), None)


def _projected(element: Json, names: list[str]) -> Any:
    """What the element's own fixed value or pattern says of the element below, None if nothing."""
    for key, value in element.items():
        if key.startswith(("fixed", "pattern")):
            for name in names:
                value = value[0] if isinstance(value, list) and value else value
                value = value.get(name) if isinstance(value, dict) else None
            return value[0] if isinstance(value, list) and len(value) == 1 else value
    return None


def _extension_url(node: _Node) -> str:
    """The url of an extension slice: its profile's, or that fixed in it."""
    for kind in node.element.get("type", ()):
        for profile in kind.get("profile", ()):
            url: str = profile.partition("|")[0]
            return url
    fixed: str = node.children["url"].element["fixedUri"]
    return fixed
