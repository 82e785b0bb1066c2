"""Writes the tables that `profiles.check` runs on, from the definitions packed in `profiles/sources`.

Run as `python -m profiles.generate`. It needs the sources, which are in the repository and not in the wheel; what
it writes (`profiles/generated/r4.json.gz`) is committed and shipped, and a test generates it again and compares.

Only FHIR R4 4.0.1 definitions are taken: a definition that the source marks with another `fhirVersion` is left
out. A required binding whose value set cannot be expanded from the sources must be named in `NOT_ENUMERABLE`
with its reason, otherwise generation fails; a code is never quietly left unchecked.
"""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

SOURCES = Path(__file__).parent / "sources"
GENERATED = Path(__file__).parent / "generated" / "r4.json.gz"

Json = dict[str, Any]

_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_SYSTEM_TYPE = "http://hl7.org/fhirpath/System."
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_REGEX = "http://hl7.org/fhir/StructureDefinition/regex"

_US_CORE = "http://hl7.org/fhir/us/core/ValueSet/"
_VSAC = "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113762.1.4."

#: Required bindings without a list of codes in the sources, and what is checked instead.
NOT_ENUMERABLE = {
    "http://hl7.org/fhir/ValueSet/mimetypes": "BCP 13 is open-ended; check.py tests the form type/subtype",
    "http://hl7.org/fhir/ValueSet/currencies": "ISO 4217 is not in the sources; check.py tests the form of 3 letters",
    "http://hl7.org/fhir/ValueSet/ucum-units": "UCUM is a grammar, not a list; not checked",
    "http://loinc.org/vs/LL379-9": "a LOINC answer list, not in the sources; not checked",
    "http://hl7.org/fhir/ValueSet/timezones": "IANA zones change; not checked",
    "http://hl7.org/fhir/ValueSet/parent-relationship-codes": "a filter, in a genetics extension; not checked",
    "http://hl7.org/fhir/ValueSet/sibling-relationship-codes": "a filter, in a genetics extension; not checked",
    f"{_US_CORE}omb-race-category": "made of VSAC value sets, which are not in the sources; not checked",
    f"{_US_CORE}omb-ethnicity-category": "made of VSAC value sets, which are not in the sources; not checked",
    f"{_US_CORE}detailed-race": "made of VSAC value sets, which are not in the sources; not checked",
    f"{_US_CORE}detailed-ethnicity": "made of VSAC value sets, which are not in the sources; not checked",
    f"{_VSAC}1021.24": "a VSAC value set of US Core birthsex, not in the sources; not checked",
    "http://hl7.org/fhir/ValueSet/characteristic-combination": "an R5 value set in EvidenceVariable; not checked",
}


def packed(name: str) -> list[Json]:
    """The resources of one packed Bundle in `profiles/sources`."""
    bundle = orjson.loads(gzip.decompress((SOURCES / name).read_bytes()))
    return [entry["resource"] for entry in bundle["entry"]]


class Terminology:
    """The value sets and code systems of the sources, to expand required bindings.

    Expands whole code systems and listed concepts; does not evaluate filters, which no required binding of R4 uses.
    """

    def __init__(self, resources: Iterable[Json]) -> None:
        self.value_sets: dict[str, Json] = {}
        self.code_systems: dict[str, Json] = {}
        for resource in resources:
            if resource["resourceType"] == "ValueSet":
                self.value_sets[resource["url"]] = resource
            elif resource["resourceType"] == "CodeSystem":
                self.code_systems[resource["url"]] = resource

    def expand(self, url: str) -> dict[str, list[str]]:
        """System to sorted codes. `LookupError` if the value set cannot be expanded from the sources."""
        compose = self.value_sets[url]["compose"]
        expansion = self._union(compose["include"])
        for system, codes in self._union(compose.get("exclude", [])).items():
            expansion[system] = expansion.get(system, set()) - codes
        return {system: sorted(codes) for system, codes in sorted(expansion.items())}

    def _union(self, parts: list[Json]) -> dict[str, set[str]]:
        union: dict[str, set[str]] = {}
        for part in parts:
            if "filter" in part:
                raise LookupError("a filter")
            for imported in part.get("valueSet", []):
                for system, codes in self.expand(imported.split("|")[0]).items():
                    union.setdefault(system, set()).update(codes)
            if "concept" in part:
                union.setdefault(part["system"], set()).update(c["code"] for c in part["concept"])
            elif "system" in part:
                code_system = self.code_systems[part["system"]]
                if code_system.get("content") != "complete":
                    raise LookupError("an incomplete code system")
                union.setdefault(part["system"], set()).update(_codes(code_system.get("concept", [])))
        return union


def _codes(concepts: list[Json]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", []))


def _extension(element: Json, url: str) -> str | None:
    for extension in element.get("extension", []):
        if extension["url"] == url:
            value: str = extension.get("valueUrl") or extension.get("valueString")
            return value
    return None


def _types(element: Json, path: str, kind: str) -> list[Json]:
    """The element's types: `code`, and for a Reference its `targets` (none listed means any resource)."""
    types: list[Json] = []
    for declared in element["type"]:
        code: str = declared["code"]
        if code.startswith(_SYSTEM_TYPE):
            code = _extension(declared, _FHIR_TYPE) or "string"
            if path.endswith(".id"):
                # Resource.id has the format of `id`; Element.id is any string without spaces
                code = "id" if kind == "resource" and path.count(".") == 1 else "element-id"
        if code in ("BackboneElement", "Element"):
            code = path
        described: Json = {"code": code}
        # the packed source adds two targets of its publisher's own to AuditEvent.source.observer
        targets = [t.removeprefix(_STRUCTURE) for t in declared.get("targetProfile", []) if t.startswith(_STRUCTURE)]
        if code == "Reference" and targets and "Resource" not in targets:
            described["targets"] = sorted(targets)
        if declared.get("profile"):
            described["profile"] = [p.removeprefix(_STRUCTURE) for p in declared["profile"]]
        types.append(described)
    return types


def _own_constraints(element: Json, *, root: bool) -> list[str]:
    """Constraint keys said here. Those repeated from the element's type (ele-1, ext-1) stand with the type."""
    return [c["key"] for c in element.get("constraint", []) if root or "source" not in c]


def _structure(definition: Json, bound: set[str]) -> Iterator[tuple[str, Json]]:
    """A type and its backbone types: `(path, {kind, elements, constraints})`."""
    name = definition["type"]
    elements: list[Json] = definition["snapshot"]["element"]
    kind = {"resource": "resource", "complex-type": "type"}[definition["kind"]]
    structures: dict[str, Json] = {name: {"kind": kind, "elements": []}}
    if keys := _own_constraints(elements[0], root=True):
        structures[name]["constraints"] = keys
    for element in elements[1:]:
        path: str = element["path"]
        parent, _, last = path.rpartition(".")
        entry: Json = {"name": last.removesuffix("[x]"), "min": element["min"]}
        if element["max"] != "*":
            entry["max"] = int(element["max"])
        if last.endswith("[x]"):
            entry["choice"] = True
        if "contentReference" in element:
            entry["types"] = [{"code": element["contentReference"].rpartition("#")[2]}]
        else:
            entry["types"] = _types(element, path, kind)
        keys = _own_constraints(element, root=False)
        if entry["types"][0]["code"] == path:
            structures[path] = {"kind": "backbone", "elements": []}
            if keys:
                structures[path]["constraints"] = keys
        elif keys:
            entry["constraints"] = keys
        binding = element.get("binding", {})
        if binding.get("strength") == "required" and "valueSet" in binding:
            entry["binding"] = binding["valueSet"].split("|")[0]
            bound.add(entry["binding"])
        for key, value in element.items():
            if key.startswith("fixed"):
                entry["fixed"] = value
            elif key.startswith("pattern"):
                entry["pattern"] = value
        structures[parent]["elements"].append(entry)
    yield from structures.items()


def _extension_part(elements: dict[str, Json], at: str) -> Json:
    """What one extension may hold: `types` of its value (`value` is the least number of them), or `parts` by url."""
    part: Json = {}
    value = elements.get(f"{at}.value[x]")
    if value is not None and value["max"] != "0":
        part["types"] = [
            {"code": t["code"]} | ({"targets": t["targets"]} if "targets" in t else {})
            for t in _types(value, value["path"], "type")
        ]
        part["value"] = value["min"]
        binding = value.get("binding", {})
        if binding.get("strength") == "required":
            part["binding"] = binding["valueSet"].split("|")[0]
        return part
    part["parts"] = {}
    for name, element in elements.items():
        parent, _, slice_name = name.rpartition(":")
        if parent == f"{at}.extension" and slice_name and "." not in slice_name:
            inner = _extension_part(elements, name)
            inner["min"] = element["min"]
            if element["max"] != "*":
                inner["max"] = int(element["max"])
            part["parts"][elements[f"{name}.url"]["fixedUri"]] = inner
    return part


def extension_table(definitions: Iterable[Json]) -> dict[str, Json]:
    """Extension definitions by url. Of several versions the last one counts, with the value types of all."""
    found: dict[str, Json] = {}
    for definition in definitions:
        elements = {e["id"]: e for e in definition["snapshot"]["element"]}
        part = _extension_part(elements, "Extension")
        earlier = found.get(definition["url"], {})
        for kind in earlier.get("types", ()) if "types" in part else ():
            if kind["code"] not in [t["code"] for t in part["types"]]:
                part["types"].append(kind)
        found[definition["url"]] = part
    return dict(sorted(found.items()))


def _bindings(part: Json) -> Iterator[str]:
    if "binding" in part:
        yield part["binding"]
    for inner in part.get("parts", {}).values():
        yield from _bindings(inner)


def published(name: str) -> Iterator[Json]:
    """The StructureDefinitions of a published package (.tgz) in `profiles/sources`."""
    with tarfile.open(SOURCES / name) as archive:
        for member in archive:
            folder, _, file = member.name.rpartition("/")
            content = archive.extractfile(member)
            if folder == "package" and file.startswith("StructureDefinition-") and content:
                yield orjson.loads(content.read())


def tables() -> Json:
    """Everything that `profiles.check` knows of FHIR R4, as one JSON value.

    `types`: each resource, datatype and backbone element with its elements (min, max unless unbounded, types,
    reference targets, required binding, constraint keys). `primitives`: the regular expression that R4 gives each.
    `valuesets`: each required value set as system to codes. `extensions`: what the extensions that R4 and US Core
    define may hold.
    """
    us_core = [r for name in ("us-core-6.1.0.tgz", "us-core-7.0.0.tgz") for r in published(name)]
    definitions = [
        d
        for name in ("r4-profiles-types.json.gz", "r4-profiles-resources.json.gz")
        for d in packed(name)
        if d["resourceType"] == "StructureDefinition" and d.get("fhirVersion") == "4.0.1"
    ]
    terminology = Terminology(
        r
        for name in ("r4-valuesets.json.gz", "r4-v3-codesystems.json.gz", "r4-v2-tables.json.gz")
        for r in packed(name)
    )
    types: dict[str, Json] = {}
    primitives: dict[str, str] = {}
    bound: set[str] = set()
    for definition in definitions:
        if definition["kind"] == "primitive-type":
            value = next(e for e in definition["snapshot"]["element"] if e["path"].endswith(".value"))
            primitives[definition["type"]] = _extension(value["type"][0], _REGEX) or ""
        elif definition["kind"] != "logical" and definition.get("derivation") != "constraint":
            types.update(_structure(definition, bound))
    extensions = extension_table(
        r
        for r in (*packed("r4-extension-definitions.json.gz"), *us_core)
        if r["resourceType"] == "StructureDefinition" and r["type"] == "Extension"
    )
    for part in extensions.values():
        bound.update(_bindings(part))
    return {
        "fhirVersion": "4.0.1",
        "extensions": extensions,
        "primitives": dict(sorted(primitives.items())),
        "types": dict(sorted(types.items())),
        "valuesets": {url: terminology.expand(url) for url in sorted(bound) if url not in NOT_ENUMERABLE},
    }


def main() -> None:
    """Writes `profiles/generated/r4.json.gz`, byte for byte the same for the same sources and zlib."""
    GENERATED.parent.mkdir(exist_ok=True)
    GENERATED.write_bytes(gzip.compress(orjson.dumps(tables()), 9, mtime=0))


if __name__ == "__main__":
    main()
