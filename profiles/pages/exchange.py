"""The pages of what is exchanged how: capability statements, messages, search parameters, operations."""

from __future__ import annotations

from typing import Any

from profiles.pages.frame import Library, page, title
from profiles.pages.markup import Markup, code, facts, join, link, paragraphs, prose, table, tag
from profiles.pages.structure import pretty

Json = dict[str, Any]

_NAMES = {
    "CapabilityStatement": "Capability statement",
    "MessageDefinition": "Message",
    "NamingSystem": "Identifier system",
    "OperationDefinition": "Operation",
    "SearchParameter": "Search parameter",
}


def exchange_page(library: Library, definition: Json) -> str:
    """The page of a definition that is neither a structure nor terminology, with its JSON at the end."""
    return page(
        title(definition),
        kind_of(definition),
        tag("div", paragraphs(str(definition.get("description", ""))), class_="lead"),
        facts(
            [
                ("Canonical url", code(definition["url"]) if "url" in definition else ""),
                ("Version", f"{definition.get('version', '')}, {definition['status']}"),
                *_own(definition),
            ]
        ),
        *(_rest(library, each) for each in definition.get("rest", ())),
        *(_messaging(library, each) for each in definition.get("messaging", ())),
        _focus(library, definition),
        tag("details", tag("summary", "The definition as JSON"), tag("pre", pretty(definition), tabindex="0")),
        part="exchange",
    )


def kind_of(definition: Json) -> str:
    """What a definition is, in words."""
    return _NAMES.get(definition["resourceType"], str(definition["resourceType"]))


def _own(definition: Json) -> list[tuple[str, str]]:
    if definition["resourceType"] == "SearchParameter":
        return [
            ("Search by", code(f"{definition['base'][0]}?{definition['code']}=")),
            ("Type", definition["type"]),
            ("FHIRPath", code(definition.get("expression", ""))),
        ]
    if definition["resourceType"] == "MessageDefinition":
        event = definition.get("eventCoding", {})
        return [("Event", join(code(event.get("code", "")), f" of {event.get('system', '')}"))]
    return []


def _rest(library: Library, rest: Json) -> Markup:
    rows: list[tuple[str, ...]] = []
    for each in rest.get("interaction", ()):
        rows.append(("(system)", code(each["code"]), prose(str(each.get("documentation", ""))), ""))
    for each in rest.get("operation", ()):
        rows.append(
            ("(system)", link(f"${each['name']}", each["definition"]), prose(str(each.get("documentation", ""))), "")
        )
    for resource in rest.get("resource", ()):
        profiles = [*([resource["profile"]] if "profile" in resource else []), *resource.get("supportedProfile", ())]
        shown = join(*(library.to(url) for url in profiles), by=", ")
        for number, each in enumerate(resource.get("interaction", ())):
            told = prose(str(each.get("documentation", "")))
            rows.append((resource["type"], code(each["code"]), told, shown if number == 0 else ""))
    head = ("Resource", "Interaction", "How", "Profiles")
    return join(
        tag("h2", f"REST, as {rest['mode']}"),
        paragraphs(str(rest.get("documentation", ""))),
        paragraphs(str(rest.get("security", {}).get("description", ""))),
        table(head, rows, caption="What is done, and nothing else", class_="cards"),
    )


def _messaging(library: Library, messaging: Json) -> Markup:
    rows: list[tuple[str, ...]] = [
        (library.to(each["definition"]), "sends" if each["mode"] == "sender" else "receives")
        for each in messaging.get("supportedMessage", ())
    ]
    return join(
        tag("h2", "Messages"),
        paragraphs(str(messaging.get("documentation", ""))),
        table(("Message", "The hub"), rows, caption="Messages of this side", class_="cards"),
    )


def _focus(library: Library, definition: Json) -> Markup:
    if definition["resourceType"] != "MessageDefinition":
        return join()
    rows: list[tuple[str, ...]] = [
        (
            each["code"],
            f"{each['min']}..{each.get('max', '*')}",
            library.to(each["profile"]) if "profile" in each else "",
        )
        for each in definition.get("focus", ())
    ]
    answers = [
        tag("p", "Answered by ", library.to(each["message"]), f". {each.get('situation', '')}")
        for each in definition.get("allowedResponse", ())
    ]
    return join(
        tag("h2", "What it is about"),
        table(
            ("Focus", "Count", "Profile"), rows, caption="Resources that MessageHeader.focus points to", class_="cards"
        ),
        *answers,
    )
