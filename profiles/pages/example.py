"""The examples: a page of all, and one of each Bundle and audit record."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from profiles.examples import Example
from profiles.pages.frame import Library, page, title
from profiles.pages.markup import Markup, code, facts, join, link, prose, table, tag
from profiles.pages.structure import pretty

Json = dict[str, Any]

_FORMS: Final = {
    "transaction": "transaction",
    "message": "message, referral-submit",
    "update": "message, referral-update",
    "answer": "message, referral-response",
    "audit": "audit record",
}


def examples_page(library: Library) -> str:
    """Every example by the sample that it was made of."""
    by_sample: dict[str, list[Example]] = {}
    for example in library.examples:
        by_sample.setdefault(example.sample, []).append(example)
    rows: list[tuple[str, ...]] = [
        (
            sample,
            prose(found[0].shows),
            join(*(tag("div", link(_FORMS[each.form], f"{each.name}.html")) for each in found)),
        )
        for sample, found in by_sample.items()
    ]
    return page(
        "Examples",
        "",
        tag(
            "div",
            tag(
                "p",
                "What the product makes of every golden sample, as it is sent: labelled, whole, checked. In "
                "the package, each Bundle is a file under example/, and each resource in it is one by itself.",
            ),
            class_="lead",
        ),
        table(("Sample", "What it shows", "Arrives as"), rows, caption=f"{len(rows)} outputs", class_="cards"),
        part="examples",
    )


def example_page(library: Library, example: Example) -> str:
    """One example: what it shows, and each of its resources."""
    resource = example.resource
    entries = [entry["resource"] for entry in resource.get("entry", ())]
    kinds = Counter(entry["resourceType"] for entry in entries)
    told = [
        ("Sample", code(example.sample)),
        ("Form", _FORMS[example.form]),
        ("File", code(f"package/example/{example.name}.json")),
        ("Resources", ", ".join(f"{kind} {count}" if count > 1 else kind for kind, count in kinds.items())),
    ]
    if not entries:
        return page(_name(example), "Example", _shows(example), facts(told), _json(resource), part="examples")
    envelope = {key: value for key, value in resource.items() if key != "entry"}
    return page(
        _name(example),
        "Example",
        _shows(example),
        facts(told),
        tag("details", tag("summary", "The Bundle without its entries"), _json(envelope)),
        *(_entry(library, entry) for entry in entries),
        part="examples",
    )


def _name(example: Example) -> str:
    return f"{example.sample.partition('#')[0].replace('/', ': ').replace('-', ' ')}"


def _shows(example: Example) -> Markup:
    return tag("div", tag("p", prose(example.shows)), class_="lead")


def _entry(library: Library, resource: Json) -> Markup:
    claims = [library.by_url[url] for url in resource.get("meta", {}).get("profile", ()) if url in library.by_url]
    claimed = [tag("span", f" {title(one)}", class_="claim") for one in claims]
    return tag(
        "details",
        tag("summary", tag("strong", resource["resourceType"]), *claimed, " ", code(resource.get("id", ""))),
        _json(resource),
        class_="entry",
    )


def _json(resource: Json) -> Markup:
    return tag("pre", pretty(resource), tabindex="0")
