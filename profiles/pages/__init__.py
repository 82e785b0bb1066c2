"""The package as pages to read: a static site without scripts, fonts or anything else from elsewhere.

For the analyst of a receiving system, who asks element by element what will arrive and where it comes from. Pure:
definitions and examples in, pages out.
"""

from __future__ import annotations

from typing import Any

from profiles.examples import Example, single
from profiles.pages.example import example_page, examples_page
from profiles.pages.exchange import exchange_page
from profiles.pages.frame import Library, file_of
from profiles.pages.front import front_page
from profiles.pages.structure import structure_page
from profiles.pages.terminology import code_system_page, concept_map_page, value_set_page

Json = dict[str, Any]

_PAGES = {
    "StructureDefinition": structure_page,
    "CodeSystem": code_system_page,
    "ValueSet": value_set_page,
    "ConceptMap": concept_map_page,
}


def pages(definitions: dict[str, Json], examples: tuple[Example, ...]) -> dict[str, str]:
    """Every page by its file name: the index, one a definition, one an example. The same input gives the same pages."""
    library = Library(
        definitions=definitions,
        examples=examples,
        by_url={one["url"]: one for one in definitions.values() if "url" in one},
        shown=_shown(examples),
    )
    made = {"index.html": front_page(library), "examples.html": examples_page(library)}
    for definition in definitions.values():
        made[file_of(definition)] = _PAGES.get(definition["resourceType"], exchange_page)(library, definition)
    for example in examples:
        made[f"{example.name}.html"] = example_page(library, example)
    return made


def _shown(examples: tuple[Example, ...]) -> dict[str, tuple[Json, Example]]:
    """For each profile, the resource that claims it and says most, with the example it is in; for each extension, the
    one that carries it."""
    found: dict[str, tuple[int, Json, Example]] = {}
    for example in examples:
        resource = example.resource
        inside = list(single(resource)) if resource["resourceType"] == "Bundle" else []
        for one in (resource, *inside):
            size = 0 if one["resourceType"] == "Bundle" else len(str(one))
            for url in (*one.get("meta", {}).get("profile", ()), *_extensions(one)):
                known = found.get(url)
                if known is None or size > known[0]:
                    found[url] = (size, one, example)
    return {url: (one, example) for url, (_, one, example) in found.items()}


def _extensions(value: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(value, dict):
        if value.get("resourceType") == "Bundle":
            return found
        for key, item in value.items():
            if key in ("extension", "modifierExtension"):
                found.update(each["url"] for each in item)
            found |= _extensions(item)
    elif isinstance(value, list):
        for item in value:
            found |= _extensions(item)
    return found
