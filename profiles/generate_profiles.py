"""Writes the table of profiles that `profiles.profile_check` runs on: what each asks beyond base FHIR R4.

Run as `python -m profiles.generate_profiles`. It reads the snapshots of US Core 6.1.0 and 7.0.0 and Gravity SDOHCC
3.0.0 from `profiles/sources`, and ours from `profiles/package`; what it writes (`profiles/generated/profiles.json.gz`)
is committed and shipped, and a test generates it again and compares.

Only constraints on resources and extensions are taken. A required binding to codes that the sources do not list must
be named in `NOT_ENUMERABLE`, a reference to an unknown profile in `ELSEWHERE`, otherwise generation fails; a slice
whose discriminator the check cannot follow is kept without its match, and listed in `undecided`.
"""

from __future__ import annotations

import gzip
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from profiles import generate
from profiles.compile import PACKAGE
from profiles.definitions import r4
from profiles.generate import SOURCES, Terminology, packed
from profiles.invariants import IN_PASSING
from profiles.primitives import PRIMITIVES

GENERATED = Path(__file__).parent / "generated" / "profiles.json.gz"

Json = dict[str, Any]

_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_PACKER = "https://medplum.com/"
_VSAC = "http://cts.nlm.nih.gov/fhir/ValueSet/"
_GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/ValueSet/"

#: Required bindings without a list of codes in the sources: not checked, and why.
NOT_ENUMERABLE = {
    **generate.NOT_ENUMERABLE,
    "http://terminology.hl7.org/ValueSet/v3-UnitsOfMeasureCaseSensitive": "UCUM is a grammar, not a list",
    f"{_VSAC}2.16.840.1.113883.3.2074.1.1.3": "a VSAC value set, not in the sources",
    f"{_GRAVITY}SDOHCC-ValueSetObservationDataAbsentReason": "not in the package as compiled",
}

#: Code systems that the sources do not hold whole: in a value set that takes from them by a filter or all, any code
#: of the system passes.
OPEN_SYSTEMS = {
    "http://loinc.org": "LOINC, by its own classes",
    "http://snomed.info/sct": "SNOMED CT, by its hierarchy",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD-9-CM, all of it",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM, all of it",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS, all of it",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS, all of it",
    "http://www.ama-assn.org/go/cpt": "CPT, all of it; licensed",
    "http://www.ada.org/cdt": "CDT, all of it; licensed",
}

#: Targets and profiles that no package here defines: the type of resource that they constrain.
ELSEWHERE = {
    "http://hl7.org/fhir/StructureDefinition/vitalsigns": "Observation",
    "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaireresponse": "QuestionnaireResponse",
    "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire": "Questionnaire",
}

_SLICE = re.compile(r"[^:]+:(.+)")
_EXTENSION_CALL = re.compile(r"extension\('([^']+)'\)")


class Package(NamedTuple):
    """A package: the version its definitions have, and those of packages that its own references mean."""

    name: str
    version: str
    us_core: str


PACKAGES = (
    Package("us-core-6.1.0.tgz", "6.1.0", "6.1.0"),
    Package("us-core-7.0.0.tgz", "7.0.0", "7.0.0"),
    Package("sdoh-clinicalcare-3.0.0.tgz", "3.0.0", "7.0.0"),
)


def archived(name: str, *kinds: str) -> Iterator[Json]:
    """The resources of these types in a package (.tgz) in `profiles/sources`, without its examples."""
    with tarfile.open(SOURCES / name) as archive:
        for member in archive:
            folder, _, file = member.name.rpartition("/")
            content = archive.extractfile(member)
            if folder == "package" and file.startswith(tuple(f"{kind}-" for kind in kinds)) and content:
                yield orjson.loads(content.read())


def ours(folder: Path, *kinds: str) -> Iterator[Json]:
    """Our own resources of these types, as compiled into the folder."""
    for kind in kinds:
        for file in sorted(folder.glob(f"{kind}-*.json")):
            yield orjson.loads(file.read_bytes())


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


class Expansions:
    """The value sets that profiles bind to, expanded; a version of a package may have its own of the same url."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, list[str] | None]] = {}

    def key(self, url: str, version: str, terminology: Terminology) -> str:
        """The name of this value set in the table."""
        expansion = _expand(url, terminology)
        if self.tables.setdefault(url, expansion) == expansion:
            return url
        self.tables.setdefault(f"{url}|{version}", expansion)
        return f"{url}|{version}"


def _expand(url: str, terminology: Terminology) -> dict[str, list[str] | None]:
    """System to codes; None for a system of which any code passes, as a filter or the system is not in the sources."""
    compose = terminology.value_sets[url]["compose"]
    union: dict[str, set[str] | None] = {}
    for part in compose["include"]:
        for system, codes in _included(part, terminology).items():
            known = union.setdefault(system, set())
            union[system] = None if known is None or codes is None else known | codes
    for part in compose.get("exclude", ()):
        for system, codes in _included(part, terminology).items():
            known = union.get(system)
            if known and codes:
                union[system] = known - codes
    return {system: None if codes is None else sorted(codes) for system, codes in sorted(union.items())}


def _included(part: Json, terminology: Terminology) -> dict[str, set[str] | None]:
    found: dict[str, set[str] | None] = {}
    for imported in part.get("valueSet", ()):
        for system, listed in _expand(imported.partition("|")[0], terminology).items():
            known = found.setdefault(system, set())
            found[system] = None if known is None or listed is None else known | set(listed)
    if "concept" in part:
        found[part["system"]] = {concept["code"] for concept in part["concept"]}
    elif "system" in part:
        code_system = terminology.code_systems.get(part["system"], {})
        whole = "filter" not in part and code_system.get("content") == "complete"
        if not whole and part["system"] not in OPEN_SYSTEMS:
            raise LookupError(f"{part['system']} is not whole in the sources")
        found[part["system"]] = set(_codes(code_system.get("concept", []))) if whole else None
    return found


def _codes(concepts: list[Json]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", []))


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
                targets = {self.target(url) for url in kind["targetProfile"] if not url.startswith(_PACKER)}
                allowed = set(based.get("targets", ())) if based else set()
                if "Resource" not in targets and targets != allowed:
                    found["targets"] = sorted(targets)
            elif [t["code"] for t in base["types"]] == ["Resource"] and kind["code"] != "Resource":
                found.setdefault("resources", []).append(kind["code"])
                found.setdefault("profiles", []).extend(p.partition("|")[0] for p in kind.get("profile", ()))
        if not found.get("profiles", True):
            del found["profiles"]
        return found

    def target(self, canonical: str) -> str:
        """The type of resource that a target profile is about."""
        url = canonical.partition("|")[0]
        name = url.removeprefix(_STRUCTURE)
        return name if name in r4()["types"] else self.kinds.get(url) or ELSEWHERE[url]

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
            targets = sorted({self.target(u) for t in types for u in t.get("targetProfile", ())})
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


class Bound:
    """Names the value sets that profiles bind to, in the terminology of their own package."""

    def __init__(self, terminologies: dict[str, Terminology]) -> None:
        self.expansions = Expansions()
        self.terminologies = terminologies

    def __call__(self, url: str, package: Package) -> str | None:
        """The key of the expansion, or None for what `NOT_ENUMERABLE` names. KeyError for any other unknown."""
        if url in NOT_ENUMERABLE:
            return None
        return self.expansions.key(url, package.version, self.terminologies[package.name])


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


def _extension_with_snapshot(definition: Json) -> Json:
    """A simple extension that is published as a differential only (DS4P), as its snapshot says it."""
    if "snapshot" in definition:
        return definition
    value = next(e for e in definition["differential"]["element"] if e["id"].startswith("Extension.value"))
    whole = {
        "id": "Extension.value[x]",
        "path": "Extension.value[x]",
        "max": "1",
        **{k: value[k] for k in ("min", "type")},
    }
    return {**definition, "snapshot": {"element": [{"id": "Extension", "path": "Extension"}, whole]}}


def _terminologies(folder: Path) -> dict[str, Terminology]:
    """For each package the value sets and code systems that its bindings mean."""
    core = [
        r
        for name in ("r4-valuesets.json.gz", "r4-v3-codesystems.json.gz", "r4-v2-tables.json.gz")
        for r in packed(name)
    ]
    kinds = ("ValueSet", "CodeSystem")
    found: dict[str, Terminology] = {}
    for package in PACKAGES:
        parts: list[Iterable[Json]] = [core, archived(f"us-core-{package.us_core}.tgz", *kinds)]
        parts.append(archived(package.name, *kinds))
        found[package.name] = Terminology(r for part in parts for r in part)
    gravity = archived("sdoh-clinicalcare-3.0.0.tgz", *kinds)
    mine = [*core, *archived("us-core-6.1.0.tgz", *kinds), *gravity, *archived("ds4p-1.0.0.tgz", *kinds)]
    found[str(folder)] = Terminology([*mine, *ours(folder, *kinds)])
    return found


def tables(folder: Path = PACKAGE) -> Json:
    """Everything that the check knows of profiles, as one JSON value.

    `profiles`: by `url|version`, the resource type, the profiles it derives from, and what it asks (`root`).
    `default`: by url, the version meant without one. `valuesets`: each required value set as system to codes, None
    where any code of the system passes. `extensions`: what ours, DS4P's and Gravity's may hold. `undecided`: slices
    whose discriminator cannot be followed.
    """
    sources: list[tuple[Package, list[Json]]] = [(p, list(archived(p.name, "StructureDefinition"))) for p in PACKAGES]
    published = list(ours(folder, "StructureDefinition"))
    if published:
        sources.append((Package(str(folder), published[0]["version"], "6.1.0"), published))
    kinds = {d["url"]: d["type"] for _, definitions in sources for d in definitions}
    bound = Bound(_terminologies(folder))
    profiles: dict[str, Json] = {}
    default: dict[str, str] = {}
    undecided: dict[str, list[str]] = {}
    extensions: list[Json] = [_extension_with_snapshot(d) for d in archived("ds4p-1.0.0.tgz", "StructureDefinition")]
    for package, definitions in sources:
        parents = {d["url"]: d["baseDefinition"] for d in definitions}
        for definition in sorted(definitions, key=lambda d: str(d["url"])):
            if definition["type"] == "Extension":
                if not package.name.startswith("us-core"):
                    extensions.append(definition)
                continue
            if definition["kind"] != "resource" or definition.get("derivation") != "constraint":
                continue
            key = f"{definition['url']}|{package.version}"
            difference = Difference(definition, package, kinds, bound)
            profiles[key] = {
                "type": definition["type"],
                "derives": _ancestors(definition["url"], parents, package, default),
                "root": difference.root,
            }
            default.setdefault(definition["url"], key)
            if difference.undecided:
                undecided[key] = difference.undecided
    parts = generate.extension_table(extensions)
    for part in parts.values():
        _bind_extension(part, bound, sources[-1][0])
    return {
        "profiles": dict(sorted(profiles.items())),
        "default": dict(sorted(default.items())),
        "extensions": parts,
        "valuesets": dict(sorted(bound.expansions.tables.items())),
        "undecided": dict(sorted(undecided.items())),
    }


def _ancestors(url: str, parents: dict[str, str], package: Package, default: dict[str, str]) -> list[str]:
    """The profiles, by url and version, whose constraints are in this one's snapshot."""
    found: list[str] = []
    while (parent := parents.get(url, "").partition("|")[0]) and parent in parents:
        found.append(f"{parent}|{package.version}")
        url = parent
    if parent.startswith("http://hl7.org/fhir/us/core/"):
        found.append(f"{parent}|{package.us_core}")
    elif parent in default:
        # the snapshot of another package's profile holds its own ancestors too
        found += [default[parent]]
    return found


def _bind_extension(part: Json, bound: Bound, package: Package) -> None:
    if "binding" in part and part["binding"] not in r4()["valuesets"]:
        key = bound(part["binding"], package)
        if key is None:
            del part["binding"]
        else:
            part["binding"] = key
    for inner in part.get("parts", {}).values():
        _bind_extension(inner, bound, package)


def main() -> None:
    """Writes `profiles/generated/profiles.json.gz`, byte for byte the same for the same definitions and zlib."""
    GENERATED.write_bytes(gzip.compress(orjson.dumps(tables()), 9, mtime=0))


if __name__ == "__main__":
    main()
