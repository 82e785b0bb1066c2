"""The page of a profile or an extension."""

from __future__ import annotations

from typing import Any

import orjson

from profiles.pages.elements import elements
from profiles.pages.frame import Library, page, title
from profiles.pages.markup import Markup, code, facts, join, link, paragraphs, prose, table, tag

Json = dict[str, Any]


def structure_page(library: Library, definition: Json) -> str:
    """What it is, its elements with their sources, its own rules, and one example of a sample."""
    extension = definition["type"] == "Extension"
    return page(
        title(definition),
        "Extension" if extension else f"Profile of {definition['type']}",
        tag("div", paragraphs(str(definition.get("description", ""))), class_="lead"),
        facts(
            [
                ("Canonical url", code(definition["url"])),
                ("Derived from", library.to(definition["baseDefinition"])),
                ("Stands on", ", ".join(each["expression"] for each in definition.get("context", ()))),
                ("Version", f"{definition['version']}, {definition['status']}"),
                ("Used in", _users(library, definition) if extension else ""),
            ]
        ),
        tag("h2", "Element by element"),
        elements(library, definition),
        _rules(definition),
        _example(library, definition),
        part="extensions" if extension else "profiles",
    )


def _users(library: Library, extension: Json) -> Markup:
    """The profiles that name this extension."""
    found = [
        one
        for one in library.of("StructureDefinition")
        if any(
            extension["url"] in kind.get("profile", ())
            for element in one["snapshot"]["element"]
            for kind in element.get("type", ())
        )
    ]
    return join(*(library.to(one["url"]) for one in found), by=", ")


def _rules(definition: Json) -> Markup:
    """The invariants that are ours."""
    rows: list[tuple[str, ...]] = []
    for element in definition["snapshot"]["element"]:
        for constraint in element.get("constraint", ()):
            if constraint["key"].startswith("wh-"):
                rows.append(
                    (
                        code(constraint["key"]),
                        str(element["path"]),
                        str(constraint["severity"]),
                        prose(constraint["human"]),
                        code(constraint.get("expression", "")),
                    )
                )
    if not rows:
        return join()
    head = ("Rule", "On", "Severity", "What it says", "FHIRPath")
    return join(
        tag("h2", "Rules of this profile", id="rules"),
        table(head, rows, caption="Invariants beyond those of FHIR and of the parent", class_="cards"),
    )


def _example(library: Library, definition: Json) -> Markup:
    found = library.shown.get(definition["url"])
    if found is None:
        return join()
    resource, example = found
    return join(
        tag("h2", "Example", id="example"),
        tag("p", f"Of the sample {example.sample}: ", prose(example.shows)),
        tag("p", "It arrives in ", link(example.name, f"{example.name}.html"), "."),
        tag("pre", pretty(resource), tabindex="0", role="region", aria_label="Example as JSON"),
    )


def pretty(resource: Json) -> str:
    """A resource as it is read: JSON, indented by two."""
    return orjson.dumps(resource, option=orjson.OPT_INDENT_2).decode()
