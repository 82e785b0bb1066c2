"""The pages of code systems, value sets and concept maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.pages.frame import Library, page, title
from profiles.pages.markup import Markup, code, facts, join, paragraphs, prose, table, tag

Json = dict[str, Any]


def code_system_page(library: Library, system: Json) -> str:
    """Every concept: code, display, definition, and its properties."""
    properties = [each["code"] for each in system.get("property", ())]
    rows = [
        (
            _code(concept, depth),
            str(concept.get("display", "")),
            prose(str(concept.get("definition", ""))),
            *(_property(concept, name) for name in properties),
        )
        for concept, depth in concepts(system)
    ]
    return page(
        title(system),
        "Code system",
        tag("div", paragraphs(str(system.get("description", ""))), class_="lead"),
        facts([*_identity(system), ("Content", system["content"]), ("Bound in", _bound(library, system["url"]))]),
        table(("Code", "Display", "Definition", *properties), rows, caption=f"{len(rows)} concepts", class_="cards"),
        part="terminology",
    )


def concepts(system: Json, depth: int = 0) -> Iterator[tuple[Json, int]]:
    """Each concept of a code system, with how deep it stands."""
    for concept in system.get("concept", ()):
        yield concept, depth
        yield from concepts(concept, depth + 1)


def value_set_page(library: Library, value_set: Json) -> str:
    """What it includes and excludes, and which elements are bound to it."""
    compose = value_set.get("compose", {})
    parts = [_part(library, each, "Includes") for each in compose.get("include", ())]
    parts += [_part(library, each, "Excludes") for each in compose.get("exclude", ())]
    return page(
        title(value_set),
        "Value set",
        tag("div", paragraphs(str(value_set.get("description", ""))), class_="lead"),
        facts([*_identity(value_set), ("Bound in", _bound(library, value_set["url"]))]),
        *parts,
        part="terminology",
    )


def concept_map_page(library: Library, concept_map: Json) -> str:
    """Each mapping with its equivalence and comment."""
    groups = []
    for group in concept_map.get("group", ()):
        rows: list[tuple[str, ...]] = [
            (
                join(code(element["code"]), f" {element.get('display', '')}"),
                join(code(target.get("code", "none")), f" {target.get('display', '')}"),
                str(target.get("equivalence", "")),
                prose(str(target.get("comment", ""))),
            )
            for element in group["element"]
            for target in element.get("target", ({"equivalence": "unmatched"},))
        ]
        head = ("Source code", "Target code", "Equivalence", "Comment")
        groups.append(
            join(
                tag("h2", "From ", library.to(group["source"]), " to ", library.to(group.get("target", ""))),
                table(head, rows, caption=f"{len(rows)} mappings", class_="cards"),
            )
        )
    return page(
        title(concept_map),
        "Concept map",
        tag("div", paragraphs(str(concept_map.get("description", ""))), class_="lead"),
        facts(_identity(concept_map)),
        *groups,
        part="terminology",
    )


def _identity(definition: Json) -> list[tuple[str, str]]:
    return [
        ("Canonical url", code(definition["url"])),
        ("Version", f"{definition['version']}, {definition['status']}"),
        ("Copyright", str(definition.get("copyright", ""))),
    ]


def _code(concept: Json, depth: int) -> Markup:
    return join("\u2003" * depth, code(concept["code"]))


def _property(concept: Json, name: str) -> str:
    for each in concept.get("property", ()):
        if each["code"] == name:
            value = next((value for key, value in each.items() if key.startswith("value")), "")
            return str(value.get("code", "")) if isinstance(value, dict) else str(value)
    return ""


def _part(library: Library, part: Json, verb: str) -> Markup:
    made: list[str] = []
    if "system" in part:
        whole = "" if "concept" in part or "filter" in part else "every code of "
        made.append(tag("h2", f"{verb} {whole}", library.to(part["system"])))
    for url in part.get("valueSet", ()):
        made.append(tag("p", f"{verb} the codes of ", library.to(url), "."))
    for each in part.get("filter", ()):
        made.append(tag("p", f"Where {each['property']} {each['op']} ", code(each["value"]), "."))
    listed = part.get("concept")
    if listed is None and "filter" not in part and part.get("system") in library.by_url:
        listed = [concept for concept, _ in concepts(library.by_url[part["system"]])]
    if listed:
        rows: list[tuple[str, ...]] = [(code(one["code"]), _display(library, part["system"], one)) for one in listed]
        made.append(table(("Code", "Display"), rows, caption=f"{len(rows)} codes", class_="cards"))
    return join(*made)


def _display(library: Library, system: str, concept: Json) -> str:
    """The display a value set gives, else that of our own code system; others' are theirs to say."""
    if "display" in concept:
        return str(concept["display"])
    ours = library.by_url.get(system, {})
    return next((str(c.get("display", "")) for c, _ in concepts(ours) if c["code"] == concept["code"]), "")


def _bound(library: Library, url: str) -> Markup:
    """The profiles and extensions with an element bound to this, directly or by a value set that includes it."""
    sets = {url} | {
        one["url"]
        for one in library.of("ValueSet")
        if any(each.get("system") == url for each in one.get("compose", {}).get("include", ()))
    }
    found = [
        one
        for one in library.of("StructureDefinition")
        if any(
            element.get("binding", {}).get("valueSet", "").partition("|")[0] in sets
            for element in one["snapshot"]["element"]
        )
    ]
    return join(*(library.to(one["url"]) for one in found), by=", ")
